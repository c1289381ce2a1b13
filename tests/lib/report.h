/* SPDX-License-Identifier: MIT */
/*
 * The four verdicts. The most severe sticks: Success < Skip < Error (bug in the test) < Failure
 * (bug in the subject). A payload that returns without one is an Error. Checks return whether
 * they held.
 */
#ifndef TESTS_LIB_REPORT_H
#define TESTS_LIB_REPORT_H

#include "tests/lib/exinfo.h"

void report_success(void);
void report_skip(const char *fmt, ...) __printf_like(1, 2);
void report_error(const char *fmt, ...) __printf_like(1, 2);
void report_failure(const char *fmt, ...) __printf_like(1, 2);

/* A note under the verdict of the payload; deterministic text only. */
#define report_note(...) printf(__VA_ARGS__)

bool check(bool ok, const char *fmt, ...) __printf_like(2, 3);

/* Says that a check is left out, and why: for what the machine itself does wrong. */
void check_skip(const char *fmt, ...) __printf_like(1, 2);
bool check_eq(const char *what, u64 got, u64 want);
bool check_ex(const char *what, exinfo_t got, exinfo_t want);

/* "none", "#GP(0x0)", ...; a static buffer for each of two calls in one expression. */
const char *exinfo_text(exinfo_t ex);

/* Prints the verdict line, tells the machine through port 0xf4, and never returns. */
void __noreturn report_exit(void);

#endif
