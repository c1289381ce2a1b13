/* SPDX-License-Identifier: MIT */
/*
 * COM1 by polling, with a bounded wait for each character so that a dead UART costs output and
 * nothing else, under the formatter of lib/. One CPU prints at a time; a line is not interleaved.
 */
#include "tests/lib/console.h"

#include "tests/lib/x86.h"

#define COM1	      0x3f8
#define UART_THR      0
#define UART_IER      1
#define UART_FCR      2
#define UART_LCR      3
#define UART_MCR      4
#define UART_LSR      5
#define LCR_8N1	      0x03
#define LCR_DLAB      0x80
#define LSR_THRE      0x20
#define UART_WAIT_MAX 100000

static bool uart_dead;
static volatile bool line_lock;

void console_init(void)
{
	outb(COM1 + UART_IER, 0);
	outb(COM1 + UART_LCR, LCR_DLAB | LCR_8N1);
	outb(COM1 + 0, 1); /* 115200 baud */
	outb(COM1 + 1, 0);
	outb(COM1 + UART_LCR, LCR_8N1);
	outb(COM1 + UART_FCR, 0x01); /* no reset: it may still be sending what Plinth wrote */
	outb(COM1 + UART_MCR, 0x03);
}

static void uart_put(char c)
{
	for (unsigned int i = 0; i < UART_WAIT_MAX && !uart_dead; i++) {
		if (inb(COM1 + UART_LSR) & LSR_THRE) {
			outb(COM1 + UART_THR, (u8)c);
			return;
		}
		cpu_pause();
	}
	uart_dead = true;
}

void putchar_com1(char c)
{
	if (c == '\n') {
		uart_put('\r');
	}
	uart_put(c);
}

void vprintf(const char *fmt, va_list ap)
{
	char line[256];
	size_t len = MIN(fmt_vstr(line, sizeof(line), fmt, ap), sizeof(line) - 1);

	/* A holder that a trap ended never unlocks: the wait is bounded. */
	for (unsigned int i = 0; i < UART_WAIT_MAX; i++) {
		if (!__atomic_test_and_set(&line_lock, __ATOMIC_ACQUIRE)) {
			break;
		}
		cpu_pause();
	}
	for (size_t i = 0; i < len; i++) {
		putchar_com1(line[i]);
	}
	__atomic_clear(&line_lock, __ATOMIC_RELEASE);
}

void printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}
