/* SPDX-License-Identifier: MIT */
/* The command line: the program's name, then words `key=value` or `key`, separated by blanks. */
#ifndef TESTS_LIB_CMDLINE_H
#define TESTS_LIB_CMDLINE_H

#include "lib/types.h"

/* Copies the value of `key` (empty for a bare word) into value[size]; false when absent. */
bool cmdline_get(const char *key, char *value, size_t size);

/* The value as a number, decimal or 0x...; `otherwise` when absent or not a number. */
u64 cmdline_u64(const char *key, u64 otherwise);

bool cmdline_has(const char *key);

/* The first word. */
void cmdline_program(char *name, size_t size);

#endif
