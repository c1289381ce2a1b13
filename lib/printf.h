/* SPDX-License-Identifier: MIT */
/*
 * Formatting into a buffer; where the text goes is the caller's business.
 *
 * Directives: %d %i %u %x %X %p %s %c %%, with the flags 0 and -, a width, a precision (the most
 * characters of %s, the fewest digits of a number), either of them as *, and the lengths l, ll and
 * z. Anything else is copied as it stands and takes no argument. Floating point does not exist.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include "lib/types.h"

/*
 * Writes at most size bytes with the terminator, which is there whenever size > 0. Returns the
 * length that the whole text has: a value >= size means that it was cut. %s of NULL is "(null)".
 */
size_t fmt_vstr(char *buf, size_t size, const char *fmt, va_list args) __printf_like(3, 0);
size_t fmt_str(char *buf, size_t size, const char *fmt, ...) __printf_like(3, 4);

#endif
