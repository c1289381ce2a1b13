/* SPDX-License-Identifier: MIT */
/*
 * end N: ends the machine with result N (0 is success) by writing the byte to
 * I/O port 0xf4, once the console has sent what was written to it. Debian's
 * kernels have no /dev/port. Returns only when nothing listens at the port.
 * Knows nothing of who listens.
 */
#include "tests/linux/syscall.h"

enum {
	RESULT_PORT = 0xf4,
	TCSBRK = 0x5409, /* with argument 1: wait until all output is sent */
};

static unsigned char parse_byte(const char *text)
{
	unsigned int value = 0;

	while (*text >= '0' && *text <= '9' && value < 256) {
		value = value * 10 + (unsigned int)(*text++ - '0');
	}
	return (unsigned char)(value > 255 ? 255 : value);
}

__attribute__((used, noreturn)) static void end_main(const long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	unsigned char value = stack[0] > 1 ? parse_byte(argv[1]) : 1;

	syscall4(__NR_ioctl, 1, TCSBRK, 1, 0);
	if (syscall4(__NR_ioperm, RESULT_PORT, 1, 1, 0) == 0) {
		__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((unsigned short)RESULT_PORT));
	}
	for (;;) {
		syscall4(__NR_exit_group, 1, 0, 0, 0);
	}
}

PROGRAM_ENTRY(end_main);
