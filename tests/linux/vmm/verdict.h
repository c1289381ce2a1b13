/* SPDX-License-Identifier: MIT */
/*
 * The verdict of one case. A case runs in a process of its own: it passes by returning, and ends
 * at once by case_fail() or case_skip(), from any of its threads. Outside a case they print the
 * reason and end the program with status 2. Knows nothing of KVM.
 */
#ifndef TESTS_LINUX_VMM_VERDICT_H
#define TESTS_LINUX_VMM_VERDICT_H

#include "lib/types.h"

enum verdict {
	VERDICT_PASSED,
	VERDICT_FAILED,
	VERDICT_SKIPPED,
	VERDICTS
};

enum {
	WHY_SIZE = 400
};

__noreturn __printf_like(1, 2) void case_fail(const char *format, ...);
__noreturn __printf_like(1, 2) void case_skip(const char *format, ...);

#define CHECK(condition, ...)                   \
	do {                                    \
		if (!(condition)) {             \
			case_fail(__VA_ARGS__); \
		}                               \
	} while (0)

/*
 * Runs a case in a child process, for at most `seconds`; why[WHY_SIZE] says what ended it early.
 * At the limit the child gets SIGALRM first, and says where its guest is; then it is killed.
 */
enum verdict case_run(void (*run)(void), unsigned int seconds, char *why);

#endif
