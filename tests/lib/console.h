/* SPDX-License-Identifier: MIT */
/* Polled output to COM1; the directives of printf are those of lib/printf.h. */
#ifndef TESTS_LIB_CONSOLE_H
#define TESTS_LIB_CONSOLE_H

#include "lib/printf.h"

void console_init(void);
void putchar_com1(char c);
void printf(const char *fmt, ...) __printf_like(1, 2);
void vprintf(const char *fmt, va_list ap);

#endif
