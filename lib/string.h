/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings under their standard names and contracts. The host builds take them from
 * libc and leave lib/string.c out; str_copy() is inline so that both have the same one.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);

/*
 * Copies as much of the string src as fits and always terminates dst, whose room is size >= 1
 * bytes. Returns the length of src: a value >= size means that the copy was cut.
 */
static inline size_t str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);
	size_t kept = len < size ? len : size - 1;

	memcpy(dst, src, kept);
	dst[kept] = '\0';
	return len;
}

/* -ffreestanding makes these plain calls; as builtins, small constant sizes become moves. */
#if !__STDC_HOSTED__
#define memcpy(d, s, n) __builtin_memcpy(d, s, n)
#define memset(d, c, n) __builtin_memset(d, c, n)
#define memcmp(a, b, n) __builtin_memcmp(a, b, n)
#endif

#endif
