/* SPDX-License-Identifier: MIT */
/*
 * Keeps the verdict of the payload and prints it. The text after the verdict is the first reason of
 * the most severe kind; further failures are printed as they come, up to a limit.
 */
#include "tests/lib/report.h"

#include "tests/lib/console.h"
#include "tests/lib/payload.h"
#include "tests/lib/x86.h"

#define EXIT_PORT      0xf4
#define PRINTED_MAX    16
#define NAME_OF_LENGTH 24

enum verdict {
	VERDICT_NONE,
	VERDICT_SUCCESS,
	VERDICT_SKIP,
	VERDICT_ERROR,
	VERDICT_FAILURE
};

static const char *const verdict_text[] = { "ERROR", "SUCCESS", "SKIP", "ERROR", "FAILURE" };
static const u8 verdict_status[] = { 2, 0, 0, 2, 1 };

static enum verdict verdict;
static char reason[200];
static unsigned int printed;
static u32 passed, failed, skipped; /* checks; other CPUs count too */

static void report(enum verdict v, const char *fmt, va_list ap)
{
	char text[200];

	fmt_vstr(text, sizeof(text), fmt, ap);
	if (v > verdict) {
		verdict = v;
		fmt_str(reason, sizeof(reason), "%s", text);
	}
	if (v >= VERDICT_ERROR && printed < PRINTED_MAX) {
		printed++;
		printf("  %s: %s\n", v == VERDICT_ERROR ? "error" : "failure", text);
	}
}

void report_success(void)
{
	if (verdict < VERDICT_SUCCESS) {
		verdict = VERDICT_SUCCESS;
	}
}

#define DEFINE_REPORT(name, v)                   \
	void report_##name(const char *fmt, ...) \
	{                                        \
		va_list ap;                      \
		va_start(ap, fmt);               \
		report(v, fmt, ap);              \
		va_end(ap);                      \
	}
DEFINE_REPORT(skip, VERDICT_SKIP)
DEFINE_REPORT(error, VERDICT_ERROR)
DEFINE_REPORT(failure, VERDICT_FAILURE)

bool check(bool ok, const char *fmt, ...)
{
	va_list ap;

	__atomic_fetch_add(ok ? &passed : &failed, 1, __ATOMIC_RELAXED);
	if (!ok) {
		va_start(ap, fmt);
		report(VERDICT_FAILURE, fmt, ap);
		va_end(ap);
	}
	return ok;
}

void check_skip(const char *fmt, ...)
{
	static char last[200];
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	fmt_vstr(text, sizeof(text), fmt, ap);
	va_end(ap);
	__atomic_fetch_add(&skipped, 1, __ATOMIC_RELAXED);
	if (strcmp(text, last) != 0) { /* in a loop, once is enough */
		printf("  skip: %s\n", text);
		memcpy(last, text, sizeof(last));
	}
}

bool check_eq(const char *what, u64 got, u64 want)
{
	return check(got == want, "%s: got 0x%lx, want 0x%lx", what, got, want);
}

bool check_ex(const char *what, exinfo_t got, exinfo_t want)
{
	return check(got == want, "%s: got %s, want %s", what, exinfo_text(got), exinfo_text(want));
}

const char *exinfo_text(exinfo_t ex)
{
	static const char *const names[32] = {
		"DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "9",  "TS",
		"NP", "SS", "GP",  "PF", "15", "MF", "AC", "MC", "XM", "VE", "CP",
		"22", "23", "24",  "25", "26", "27", "HV", "VC", "SX", "31",
	};
	static char text[2][NAME_OF_LENGTH];
	static unsigned int turn;
	char *t = text[turn++ & 1];

	if (ex == EXINFO_NONE) {
		return "none";
	}
	if (ex == VMFAIL_INVALID) {
		return "VMfailInvalid";
	}
	if (!(ex & EXINFO_VALID)) {
		fmt_str(t, NAME_OF_LENGTH, ex & VMFAIL_VALID(0) ? "VMfailValid(%u)" : "flags 0x%x",
			exinfo_error_code(ex));
		return t;
	}
	fmt_str(t, NAME_OF_LENGTH, "#%s(0x%x)", names[exinfo_vector(ex) & 31],
		exinfo_error_code(ex));
	return t;
}

void __noreturn report_exit(void)
{
	if (verdict == VERDICT_NONE) {
		fmt_str(reason, sizeof(reason), "no verdict");
	}
	if (printed == PRINTED_MAX) {
		printf("  (further ones not printed)\n");
	}
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	printf("PAYLOAD %s: %s%s%s\n", test_name, verdict_text[verdict], reason[0] ? " " : "",
	       reason);
	outb(EXIT_PORT, verdict_status[verdict]);
	for (;;) {
		irq_disable();
		cpu_halt();
	}
}
