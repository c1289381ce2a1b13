/* SPDX-License-Identifier: MIT */
/*
 * The 16550 driver against a model of the chip's registers: absence, a transmitter that never
 * empties, an L1 that was stopped in the middle of programming it, bad bytes on the line.
 */
#include "tests/unit/unit.h"

#define ARCH_X86_ASM_H /* the ports are this file's */

#include "lib/types.h"

static u8 inb(u16 port);
static void outb(u16 port, u8 value);

static inline void cpu_pause(void)
{
}

#include "arch/x86/uart.c"

#define PORT 0x2f8

static struct {
	bool absent;
	bool stuck;    /* the transmitter never empties */
	bool no_modem; /* loopback does not work: not a UART */
	u8 ier, lcr, mcr, scr, fcr;
	u16 divisor;
	unsigned int busy; /* reads of LSR until the FIFO is empty */
	unsigned int fifo; /* bytes in it */
	unsigned int fifo_most;
	unsigned long reads;
	char line[4096];
	size_t line_len;
	char looped[64];
	size_t looped_len;
	u8 input[64], input_errors[64];
	size_t input_at, input_len;
} chip;

static u8 read_lsr(void)
{
	u8 lsr = 0;

	if (chip.input_at < chip.input_len) {
		lsr |= LSR_DATA | chip.input_errors[chip.input_at];
	}
	if (chip.stuck) {
		return lsr;
	}
	if (chip.fifo > 0 && chip.busy-- == 0) {
		chip.fifo = 0;
	}
	return chip.fifo == 0 ? lsr | LSR_THRE | LSR_TEMT : lsr;
}

static u8 read_msr(void)
{
	u8 msr = 0;

	if ((chip.mcr & MCR_LOOP) == 0 || chip.no_modem) {
		return 0xb0; /* DCD, DSR and CTS of a modem */
	}
	msr |= (chip.mcr & 0x02) != 0 ? 0x10 : 0;
	msr |= (chip.mcr & 0x01) != 0 ? 0x20 : 0;
	msr |= (chip.mcr & 0x04) != 0 ? 0x40 : 0;
	msr |= (chip.mcr & 0x08) != 0 ? 0x80 : 0;
	return msr;
}

static u8 inb(u16 port)
{
	assert_in_range(port, PORT, PORT + 7);
	chip.reads++;
	if (chip.absent) {
		return 0xff;
	}
	switch (port - PORT) {
	case REG_THR:
		return chip.input_at < chip.input_len ? chip.input[chip.input_at++] : 0;
	case REG_IER:
		return chip.ier;
	case REG_LCR:
		return chip.lcr;
	case REG_MCR:
		return chip.mcr;
	case REG_LSR:
		return read_lsr();
	case REG_MSR:
		return read_msr();
	case REG_SCR:
		return chip.scr;
	default:
		fail_msg("reading IIR takes an interrupt away from L1");
		return 0;
	}
}

static void write_thr(u8 value)
{
	if ((chip.lcr & LCR_DLAB) != 0) {
		chip.divisor = (u16)((chip.divisor & 0xff00) | value);
	} else if ((chip.mcr & MCR_LOOP) != 0) {
		chip.looped[chip.looped_len++ % sizeof(chip.looped)] = (char)value;
	} else {
		assert_true(chip.fifo < FIFO_SIZE);
		chip.fifo++;
		chip.busy = 3;
		chip.fifo_most = MAX(chip.fifo_most, chip.fifo);
		chip.line[chip.line_len++] = (char)value;
	}
}

static void outb(u16 port, u8 value)
{
	assert_in_range(port, PORT, PORT + 7);
	switch (port - PORT) {
	case REG_THR:
		write_thr(value);
		break;
	case REG_IER:
		if ((chip.lcr & LCR_DLAB) != 0) {
			chip.divisor = (u16)((chip.divisor & 0xff) | value << 8);
		} else {
			chip.ier = value;
		}
		break;
	case REG_FCR:
		chip.fcr = value;
		break;
	case REG_LCR:
		chip.lcr = value;
		break;
	case REG_MCR:
		chip.mcr = value;
		break;
	case REG_SCR:
		chip.scr = value;
		break;
	default:
		fail_msg("write to register %d", port - PORT);
	}
}

static struct uart uart;

static int start(void)
{
	memset(&chip, 0, sizeof(chip));
	chip.divisor = 0x1234;
	chip.ier = 0x0f;
	chip.lcr = LCR_DLAB; /* as a firmware may leave it */
	return uart_init(&uart, PORT);
}

static void test_init(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	assert_true(uart_is_ready(&uart));
	assert_int_equal(chip.divisor, 1);
	assert_int_equal(chip.lcr, LCR_8N1);
	assert_int_equal(chip.ier, 0);
	assert_int_equal(chip.mcr, MCR_DTR_RTS | MCR_OUT2);
	assert_int_equal(chip.fcr & FCR_ENABLE, FCR_ENABLE);
	assert_int_equal(chip.line_len, 0);
}

static void test_K3_absent(void **state)
{
	(void)state;
	memset(&chip, 0, sizeof(chip));
	chip.absent = true;
	assert_int_equal(uart_init(&uart, PORT), -ENODEV_);
	assert_true(chip.reads < 10);
	chip.reads = 0;
	uart_write(&uart, "text", 4);
	assert_int_equal(uart_write_some(&uart, "text", 4), 4);
	assert_int_equal(uart_getc(&uart), -1);
	uart_set_interrupts(&uart, true, true);
	assert_int_equal(uart.dropped, 8);
	assert_int_equal(chip.reads, 0);
}

static void test_not_a_uart(void **state)
{
	(void)state;
	memset(&chip, 0, sizeof(chip));
	chip.no_modem = true;
	assert_int_equal(uart_init(&uart, PORT), -ENODEV_);
	assert_false(uart_is_ready(&uart));
}

static void test_K3_transmitter_never_empty(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	chip.stuck = true;
	chip.reads = 0;
	uart_write(&uart, "text", 4);
	assert_false(uart_is_ready(&uart));
	assert_true(chip.reads <= TRANSMIT_POLLS + 10);
	chip.reads = 0;
	for (int i = 0; i < 100; i++) {
		uart_write(&uart, "text", 4); /* waits no more */
	}
	assert_true(chip.reads <= 200);
	assert_int_equal(uart.dropped, 404);
	assert_int_equal(chip.line_len, 0);
	chip.stuck = false;
	uart_write(&uart, "back", 4);
	assert_true(uart_is_ready(&uart));
	assert_memory_equal(chip.line, "back", 4);
}

static void test_write_fills_the_fifo(void **state)
{
	static const char text[] = "a line that is longer than two FIFOs of bytes";

	(void)state;
	assert_int_equal(start(), 0);
	uart_write(&uart, text, strlen(text));
	assert_int_equal(chip.line_len, strlen(text));
	assert_memory_equal(chip.line, text, strlen(text));
	assert_int_equal(chip.fifo_most, FIFO_SIZE);
	uart_write(&uart, "", 0);
	assert_int_equal(chip.line_len, strlen(text));
}

static void test_write_some_never_waits(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	assert_int_equal(uart_write_some(&uart, "0123456789abcdefXYZ", 19), 16);
	assert_int_equal(uart_write_some(&uart, "XYZ", 3), 0);
	chip.fifo = 0;
	assert_int_equal(uart_write_some(&uart, "XYZ", 3), 3);
	assert_memory_equal(chip.line, "0123456789abcdefXYZ", 19);
}

/* L1 may stand anywhere in its own programming of a shared UART. */
static void test_shared_with_l1(void **state)
{
	static const struct {
		u8 lcr;
		u8 mcr;
	} cases[] = {
		{ LCR_8N1, MCR_DTR_RTS },
		{ LCR_DLAB | LCR_8N1, MCR_DTR_RTS },
		{ LCR_DLAB, MCR_LOOP | 0x0a },
		{ LCR_8N1, MCR_LOOP },
		{ LCR_8N1 | LCR_BREAK, 0 },
		{ 0x1a, MCR_DTR_RTS | MCR_OUT2 }, /* 7E1 stays L1's choice */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(start(), 0);
		uart_set_shared(&uart, true);
		chip.divisor = 12;
		chip.ier = 0x0d;
		chip.lcr = cases[i].lcr;
		chip.mcr = cases[i].mcr;
		uart_write(&uart, "line\r\n", 6);
		assert_int_equal(chip.line_len, 6);
		assert_memory_equal(chip.line, "line\r\n", 6);
		assert_int_equal(chip.fifo_most, 1); /* L1 may have turned the FIFO off */
		assert_int_equal(chip.looped_len, 0);
		assert_int_equal(chip.divisor, 12);
		assert_int_equal(chip.ier, 0x0d);
		assert_int_equal(chip.lcr, cases[i].lcr);
		assert_int_equal(chip.mcr, cases[i].mcr);
	}
}

static void test_K2_bad_bytes(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	assert_int_equal(uart_getc(&uart), -1);
	memcpy(chip.input, "a\0b\xff", 4);
	chip.input_errors[1] = 0x18; /* a break comes as a zero byte with a framing error */
	chip.input_len = 4;
	assert_int_equal(uart_getc(&uart), 'a');
	assert_int_equal(uart_getc(&uart), 'b');
	assert_int_equal(uart_getc(&uart), 0xff);
	assert_int_equal(uart_getc(&uart), -1);
	memset(chip.input_errors, 0x04, sizeof(chip.input_errors));
	chip.input_at = 0;
	chip.input_len = 64;
	chip.reads = 0;
	assert_int_equal(uart_getc(&uart), -1);
	assert_true(chip.reads <= 2 * BAD_BYTES_MAX);
}

static void test_interrupts(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	uart_set_interrupts(&uart, true, false);
	assert_int_equal(chip.ier, IER_RECEIVE);
	uart_set_interrupts(&uart, true, true);
	assert_int_equal(chip.ier, IER_RECEIVE | IER_TRANSMIT);
	uart_set_interrupts(&uart, false, false);
	assert_int_equal(chip.ier, 0);
	assert_int_equal(chip.mcr & MCR_OUT2, MCR_OUT2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_K3_absent),
		cmocka_unit_test(test_not_a_uart),
		cmocka_unit_test(test_K3_transmitter_never_empty),
		cmocka_unit_test(test_write_fills_the_fifo),
		cmocka_unit_test(test_write_some_never_waits),
		cmocka_unit_test(test_shared_with_l1),
		cmocka_unit_test(test_K2_bad_bytes),
		cmocka_unit_test(test_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
