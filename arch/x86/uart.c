/* SPDX-License-Identifier: MIT */
/*
 * The 16550 driver; see uart.h. Register names and bits are those of the PC16550D data sheet.
 */
#include "arch/x86/uart.h"

#include "arch/x86/asm.h"
#include "lib/bits.h"
#include "lib/err.h"

enum uart_register {
	REG_THR = 0, /* write; RBR on read; DLL while LCR_DLAB */
	REG_IER = 1, /* DLM while LCR_DLAB */
	REG_FCR = 2, /* write; IIR on read */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCR = 7,
};

enum {
	IER_RECEIVE = 0x01,
	IER_TRANSMIT = 0x02,
	FCR_ENABLE = 0x01,
	FCR_CLEAR = 0x06,
	FCR_TRIGGER_8 = 0x80, /* received bytes for an interrupt; fewer give one by time-out */
	LCR_8N1 = 0x03,
	LCR_BREAK = 0x40,
	LCR_DLAB = 0x80,
	MCR_DTR_RTS = 0x03,
	MCR_OUT2 = 0x08, /* gates the interrupt line on a PC */
	MCR_LOOP = 0x10,
	LSR_DATA = 0x01,
	LSR_ERRORS = 0x1c, /* parity, framing, break: of the byte at the head of the FIFO */
	LSR_THRE = 0x20,   /* the transmit FIFO is empty */
	LSR_TEMT = 0x40,   /* ... and the shift register too */
	LSR_ABSENT = 0xff,
};

enum {
	FIFO_SIZE = 16,
	DIVISOR_115200 = 1,
	/* 16 bytes at 9600 baud take 17 ms; a poll takes 0.1 us (Bochs) to 1 us (LPC bus). */
	TRANSMIT_POLLS = 500000,
	/* Bytes with errors thrown away in one uart_getc(). */
	BAD_BYTES_MAX = 16,
};

static u8 uart_read(const struct uart *uart, enum uart_register reg)
{
	return inb((u16)(uart->port + reg));
}

static void uart_put(const struct uart *uart, enum uart_register reg, u8 value)
{
	outb((u16)(uart->port + reg), value);
}

static bool transmitter_is_ready(const struct uart *uart)
{
	u8 lsr = uart_read(uart, REG_LSR);

	return lsr != LSR_ABSENT && (lsr & LSR_THRE) != 0;
}

static bool uart_await(const struct uart *uart, u8 lsr_bits)
{
	for (int poll = 0; poll < TRANSMIT_POLLS; poll++) {
		u8 lsr = uart_read(uart, REG_LSR);

		if (lsr == LSR_ABSENT) {
			return false;
		}
		if ((lsr & lsr_bits) == lsr_bits) {
			return true;
		}
		cpu_pause();
	}
	return false;
}

static bool scratch_holds(const struct uart *uart, u8 value)
{
	uart_put(uart, REG_SCR, value);
	return uart_read(uart, REG_SCR) == value;
}

/* In loopback the modem outputs RTS and OUT2 come back as CTS and DCD, DTR and OUT1 do not. */
static bool loopback_works(const struct uart *uart)
{
	u8 mcr = uart_read(uart, REG_MCR);
	u8 msr;

	uart_put(uart, REG_MCR, MCR_LOOP | MCR_OUT2 | 0x02);
	msr = uart_read(uart, REG_MSR);
	uart_put(uart, REG_MCR, mcr & ~MCR_LOOP);
	return (msr & 0xf0) == 0x90;
}

int uart_init(struct uart *uart, u16 port)
{
	*uart = (struct uart){ .port = port, .state = UART_ABSENT };
	if (uart_read(uart, REG_LSR) == LSR_ABSENT || !scratch_holds(uart, 0x5a) ||
	    !scratch_holds(uart, 0xa5)) {
		return -ENODEV_;
	}
	/* The firmware may still be sending; loopback would swallow its last bytes. */
	uart_await(uart, LSR_TEMT);
	if (!loopback_works(uart)) {
		return -ENODEV_;
	}
	uart_put(uart, REG_LCR, LCR_DLAB);
	uart_put(uart, REG_THR, DIVISOR_115200);
	uart_put(uart, REG_IER, 0);
	uart_put(uart, REG_LCR, LCR_8N1);
	uart_put(uart, REG_IER, 0);
	uart_put(uart, REG_FCR, FCR_ENABLE | FCR_CLEAR | FCR_TRIGGER_8);
	uart_put(uart, REG_MCR, MCR_DTR_RTS | MCR_OUT2);
	uart->state = UART_READY;
	return 0;
}

void uart_set_shared(struct uart *uart, bool shared)
{
	uart->shared = shared;
}

bool uart_is_ready(const struct uart *uart)
{
	return uart->state == UART_READY;
}

/*
 * L1 was stopped anywhere, also between setting DLAB and writing the divisor: THR would be the
 * divisor then, and in loopback the bytes would come back to L1 as input.
 */
struct line_control {
	u8 lcr;
	u8 mcr;
};

static struct line_control line_borrow(const struct uart *uart)
{
	struct line_control saved = { LCR_8N1, 0 };

	if (!uart->shared) {
		return saved;
	}
	saved.lcr = uart_read(uart, REG_LCR);
	saved.mcr = uart_read(uart, REG_MCR);
	if ((saved.lcr & (LCR_DLAB | LCR_BREAK)) != 0) {
		uart_put(uart, REG_LCR, saved.lcr & ~(LCR_DLAB | LCR_BREAK));
	}
	if ((saved.mcr & MCR_LOOP) != 0) {
		uart_put(uart, REG_MCR, saved.mcr & ~MCR_LOOP);
	}
	return saved;
}

static void line_return(const struct uart *uart, struct line_control saved)
{
	if ((saved.lcr & (LCR_DLAB | LCR_BREAK)) == 0 && (saved.mcr & MCR_LOOP) == 0) {
		return;
	}
	uart_await(uart, LSR_TEMT);
	uart_put(uart, REG_MCR, saved.mcr);
	uart_put(uart, REG_LCR, saved.lcr);
}

/* The transmitter must be empty. L1 may have turned the FIFO off, so a shared UART gets one. */
static size_t fifo_fill(const struct uart *uart, const char *bytes, size_t len)
{
	size_t room = uart->shared ? 1 : FIFO_SIZE;
	size_t sent = MIN(len, room);

	for (size_t i = 0; i < sent; i++) {
		uart_put(uart, REG_THR, (u8)bytes[i]);
	}
	return sent;
}

/* A dead transmitter is looked at once for each write, so that a stalled line may come back. */
static bool uart_can_send(struct uart *uart)
{
	if (uart->state == UART_DEAD && transmitter_is_ready(uart)) {
		uart->state = UART_READY;
	}
	return uart->state == UART_READY;
}

void uart_write(struct uart *uart, const char *bytes, size_t len)
{
	struct line_control saved;
	size_t sent = 0;

	if (!uart_can_send(uart)) {
		uart->dropped += len;
		return;
	}
	saved = line_borrow(uart);
	while (sent < len) {
		if (!uart_await(uart, LSR_THRE)) {
			uart->state = UART_DEAD;
			uart->dropped += len - sent;
			break;
		}
		sent += fifo_fill(uart, bytes + sent, len - sent);
	}
	line_return(uart, saved);
}

size_t uart_write_some(struct uart *uart, const char *bytes, size_t len)
{
	struct line_control saved;
	size_t sent = 0;

	if (!uart_can_send(uart)) {
		uart->dropped += len;
		return len;
	}
	saved = line_borrow(uart);
	if (transmitter_is_ready(uart)) {
		sent = fifo_fill(uart, bytes, len);
	}
	line_return(uart, saved);
	return sent;
}

int uart_getc(struct uart *uart)
{
	if (uart->state == UART_ABSENT) {
		return -1;
	}
	for (int bad = 0; bad < BAD_BYTES_MAX; bad++) {
		u8 lsr = uart_read(uart, REG_LSR);
		u8 byte;

		if (lsr == LSR_ABSENT || (lsr & LSR_DATA) == 0) {
			return -1;
		}
		byte = uart_read(uart, REG_THR);
		if ((lsr & LSR_ERRORS) == 0) {
			return byte;
		}
	}
	return -1;
}

void uart_set_interrupts(struct uart *uart, bool receive, bool transmit)
{
	if (uart->state == UART_ABSENT) {
		return;
	}
	/*
	 * The line goes down first: an edge-triggered interrupt input sees no new edge while an
	 * old cause keeps the line up.
	 */
	uart_put(uart, REG_IER, 0);
	uart_put(uart, REG_IER, (receive ? IER_RECEIVE : 0) | (transmit ? IER_TRANSMIT : 0));
}
