/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings for the hypervisor. The compiler may turn a loop that looks like one of these
 * functions into a call of that function, which here would be a recursion without end: the block
 * operations are asm or have a barrier in the loop, the others have two conditions.
 */
#include "lib/string.h"

/* The names in parentheses keep the header's function-like macros from expanding. */
void *(memcpy)(void *dst, const void *src, size_t len)
{
	void *d = dst;
	size_t words = len / 8;
	size_t bytes = len % 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(bytes) : : "memory");
	return dst;
}

void *(memset)(void *dst, int byte, size_t len)
{
	u64 pattern = (u8)byte * 0x0101010101010101ull;
	void *d = dst;
	size_t words = len / 8;
	size_t bytes = len % 8;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(bytes) : "a"(pattern) : "memory");
	return dst;
}

/*
 * The backward copy does without STD: an NMI or a fault in the middle would run C code, which the
 * ABI promises a clear direction flag.
 */
void *memmove(void *dst, const void *src, size_t len)
{
	u8 *d = dst;
	const u8 *s = src;

	if ((uintptr_t)dst - (uintptr_t)src >= len) {
		return memcpy(dst, src, len);
	}
	while (len > 0) {
		len--;
		d[len] = s[len];
		__asm__ volatile("" : : : "memory");
	}
	return dst;
}

int(memcmp)(const void *a, const void *b, size_t len)
{
	const u8 *x = a;
	const u8 *y = b;
	size_t i = 0;

	while (i < len && x[i] == y[i]) {
		i++;
	}
	return i < len ? x[i] - y[i] : 0;
}

size_t strnlen(const char *s, size_t max)
{
	size_t len = 0;

	while (len < max && s[len] != '\0') {
		len++;
	}
	return len;
}

size_t strlen(const char *s)
{
	return strnlen(s, PTRDIFF_MAX);
}

int strncmp(const char *a, const char *b, size_t max)
{
	size_t i = 0;

	while (i < max && a[i] == b[i] && a[i] != '\0') {
		i++;
	}
	return i < max ? (u8)a[i] - (u8)b[i] : 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, PTRDIFF_MAX);
}

char *strchr(const char *s, int c)
{
	while (*s != (char)c && *s != '\0') {
		s++;
	}
	return *s == (char)c ? (char *)(uintptr_t)s : NULL;
}
