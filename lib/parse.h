/* SPDX-License-Identifier: MIT */
/* Numbers in text: options of the command line, arguments of the shell. */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include "lib/types.h"

/*
 * Reads the len characters at s as one number: decimal, or hexadecimal behind 0x; then at most one
 * of K, M, G (or k, m, g) for 2^10, 2^20, 2^30. Returns false, with *out untouched, when there is
 * no digit, any other character, or a value above 64 bits.
 */
bool parse_u64(const char *s, size_t len, u64 *out);

#endif
