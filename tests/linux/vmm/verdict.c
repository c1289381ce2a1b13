/* SPDX-License-Identifier: MIT */
/*
 * Runs a case in a child process and hears its verdict through a pipe: one letter and a reason.
 * A child that says nothing is judged by how it ended. Knows nothing of KVM.
 */
#include "tests/linux/vmm/verdict.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	GRACE_SECONDS = 5, /* from SIGALRM in the child to SIGKILL */
};

static int verdict_pipe = -1;
static atomic_flag spoken = ATOMIC_FLAG_INIT;

/* The first thread that speaks decides; later ones wait for the end that it brings. */
static __noreturn void speak(char letter, const char *format, va_list args)
{
	char line[WHY_SIZE];

	if (atomic_flag_test_and_set(&spoken)) {
		for (;;) {
			pause();
		}
	}
	line[0] = letter;
	vsnprintf(line + 1, sizeof(line) - 1, format, args);
	if (verdict_pipe < 0) {
		fprintf(stderr, "vmm: %s\n", line + 1);
		_exit(2);
	}
	if (write(verdict_pipe, line, strlen(line)) < 0) {
		_exit(2);
	}
	_exit(0);
}

void case_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	speak('F', format, args);
}

void case_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	speak('S', format, args);
}

static __noreturn void child(void (*run)(void), unsigned int seconds, int fd)
{
	verdict_pipe = fd;
	alarm(seconds);
	run();
	if (write(fd, "P", 1) != 1) {
		_exit(2);
	}
	_exit(0);
}

static s64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (s64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the child has closed its end, or the time is over; returns the length. */
static size_t hear(int fd, char *line, size_t size, unsigned int seconds)
{
	s64 end = now_ms() + (s64)(seconds + GRACE_SECONDS) * 1000;
	size_t length = 0;

	while (length + 1 < size) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		s64 left = end - now_ms();
		ssize_t got;

		if (left <= 0) {
			break;
		}
		if (poll(&ready, 1, (int)left) <= 0) {
			continue;
		}
		got = read(fd, line + length, size - 1 - length);
		if (got <= 0) {
			break;
		}
		length += (size_t)got;
	}
	line[length] = '\0';
	return length;
}

static enum verdict judge(const char *line, bool killed, int status, unsigned int seconds,
			  char *why)
{
	if (line[0] == 'P') {
		why[0] = '\0';
		return VERDICT_PASSED;
	}
	if (line[0] == 'F' || line[0] == 'S') {
		snprintf(why, WHY_SIZE, "%s", line + 1);
		return line[0] == 'S' ? VERDICT_SKIPPED : VERDICT_FAILED;
	}
	if (killed) {
		snprintf(why, WHY_SIZE, "no end within %u s", seconds + GRACE_SECONDS);
	} else if (WIFSIGNALED(status)) {
		snprintf(why, WHY_SIZE, "the VMM was ended by signal %d", WTERMSIG(status));
	} else {
		snprintf(why, WHY_SIZE, "the VMM ended early with status %d", WEXITSTATUS(status));
	}
	return VERDICT_FAILED;
}

enum verdict case_run(void (*run)(void), unsigned int seconds, char *why)
{
	char line[WHY_SIZE];
	bool killed;
	int status = 0;
	int ends[2];
	pid_t pid;

	fflush(NULL);
	if (pipe(ends) != 0) {
		snprintf(why, WHY_SIZE, "no pipe: %s", strerror(errno));
		return VERDICT_FAILED;
	}
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		snprintf(why, WHY_SIZE, "no process: %s", strerror(errno));
		return VERDICT_FAILED;
	}
	if (pid == 0) {
		close(ends[0]);
		child(run, seconds, ends[1]);
	}
	close(ends[1]);
	killed = hear(ends[0], line, sizeof(line), seconds) == 0 &&
		 waitpid(pid, &status, WNOHANG) == 0;
	if (killed) {
		/* It may just be on its way out: one look more before the kill. */
		usleep(100000);
		killed = waitpid(pid, &status, WNOHANG) == 0;
	}
	if (killed) {
		kill(pid, SIGKILL);
	}
	close(ends[0]);
	waitpid(pid, &status, 0);
	return judge(line, killed, status, seconds, why);
}
