/* SPDX-License-Identifier: MIT */
/*
 * A 16550 UART by port I/O: detection, bounded transmit, polled receive. It knows nothing of log or
 * shell, and takes no lock: the console and the shell each own theirs. A UART that does not answer
 * costs one bounded wait; what cannot be sent is dropped and counted.
 */
#ifndef ARCH_X86_UART_H
#define ARCH_X86_UART_H

#include "lib/types.h"

enum {
	UART_PORT_COM1 = 0x3f8,
	UART_PORT_COM2 = 0x2f8,
};

enum uart_state {
	UART_ABSENT, /* never found */
	UART_READY,
	UART_DEAD, /* its transmitter stopped: output is dropped until it is seen empty again */
};

struct uart {
	u16 port;
	u8 state;    /* enum uart_state */
	u8 shared;   /* L1 programs it too: trust no register between two writes */
	u64 dropped; /* bytes not sent */
};

/*
 * Looks for a UART at port, and sets it to 115200 8N1 with FIFOs and without interrupts.
 * Returns 0, or -ENODEV_ when nothing there behaves as one (an absent one reads 0xff).
 */
int uart_init(struct uart *uart, u16 port);

/* From now on L1 may program the UART: each write first puts the line control right for itself. */
void uart_set_shared(struct uart *uart, bool shared);

bool uart_is_ready(const struct uart *uart);

/* Sends all of it, waiting a bounded count of polls for each FIFO full; drops when that ran out. */
void uart_write(struct uart *uart, const char *bytes, size_t len);

/* Sends what the FIFO takes at once, for an owner that must not wait; returns how many bytes. */
size_t uart_write_some(struct uart *uart, const char *bytes, size_t len);

/* The next received byte, or -1. Bytes received with a break, framing or parity error are gone. */
int uart_getc(struct uart *uart);

/* Which interrupts the UART raises: on received data, on an empty transmitter. */
void uart_set_interrupts(struct uart *uart, bool receive, bool transmit);

#endif
