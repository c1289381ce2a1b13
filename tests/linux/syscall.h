/* SPDX-License-Identifier: MIT */
/*
 * The few Linux system calls that the programs without a C library need:
 * their entry point, raw calls and text output. Freestanding, x86-64 only.
 */
#ifndef TESTS_LINUX_SYSCALL_H
#define TESTS_LINUX_SYSCALL_H

#include <asm/unistd.h>

static inline long syscall4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline void put_text(const char *text)
{
	long len = 0;

	while (text[len]) {
		len++;
	}
	syscall4(__NR_write, 1, (long)text, len, 0);
}

static inline void put_number(unsigned int value)
{
	char text[11];
	char *p = text + sizeof(text) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put_text(p);
}

/* The kernel enters with argc at RSP and argv above it. */
#define PROGRAM_ENTRY(function)                                                                  \
	__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n" \
		"\tcall " #function "\n\tud2\n")

#endif
