/* SPDX-License-Identifier: MIT */
/* The trapped ports as a table. */
#include "arch/x86/io.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "lib/spinlock.h"

#define PORT_KEYBOARD_DATA  0x60
#define PORT_KEYBOARD	    0x64
#define KEYBOARD_WRITE_OUT  0xd1
#define KEYBOARD_NO_A20	    0xdd
#define KEYBOARD_PULSE	    0xfe
#define KEYBOARD_OUT_A20    BIT(1)
#define PORT_SYSTEM_A	    0x92
#define SYSTEM_A_FAST_RESET BIT(0)
#define SYSTEM_A_A20	    BIT(1)
#define PORT_RESET_CONTROL  0xcf9
#define RESET_CPU	    BIT(2)
#define HIDDEN_MAX	    4

struct port_row {
	u16 port;
	u8 size;
	/* L1 writes `value`; the write itself goes on afterwards. NULL: only filtered. */
	void (*write)(u32 value);
};

static void write_exit(u32 value)
{
	power_l1_exit(value);
}

static void write_keyboard(u32 value)
{
	if (value == KEYBOARD_PULSE) {
		power_l1_reset("keyboard controller");
	}
}

static void write_system_a(u32 value)
{
	if (value & SYSTEM_A_FAST_RESET) {
		power_l1_reset("port 92h");
	}
}

static void write_reset_control(u32 value)
{
	if (value & RESET_CPU) {
		power_l1_reset("port CF9h");
	}
}

static void write_acpi_reset(u32 value)
{
	if (value == power_acpi_reset_value()) {
		power_l1_reset("ACPI reset register");
	}
}

enum {
	ROW_EXIT,
	ROW_PM1A,
	ROW_PM1B,
	ROW_ACPI_RESET,
	ROW_KEYBOARD,
	ROW_KEYBOARD_DATA,
	ROW_SYSTEM_A,
	ROW_RESET_CONTROL,
	ROWS,
};

/* Port 0: not there. The first four are filled in at boot. */
static struct port_row rows[ROWS] = {
	[ROW_EXIT] = { 0, 0, write_exit },
	[ROW_PM1A] = { 0, 2, NULL },
	[ROW_PM1B] = { 0, 2, NULL },
	[ROW_ACPI_RESET] = { 0, 1, write_acpi_reset },
	[ROW_KEYBOARD] = { PORT_KEYBOARD, 1, write_keyboard },
	[ROW_KEYBOARD_DATA] = { PORT_KEYBOARD_DATA, 1, NULL },
	[ROW_SYSTEM_A] = { PORT_SYSTEM_A, 1, write_system_a },
	[ROW_RESET_CONTROL] = { PORT_RESET_CONTROL, 1, write_reset_control },
};

static struct {
	u16 port;
	u16 count;
} hidden[HIDDEN_MAX];

static u16 filtered_port; /* 0: none */
static u8 (*input_filter)(u8 byte);

static struct spinlock lock;

void io_hide(u16 port, u16 count)
{
	for (unsigned int i = 0; i < HIDDEN_MAX; i++) {
		if (!hidden[i].count) {
			hidden[i].port = port;
			hidden[i].count = count;
			return;
		}
	}
}

void io_filter_input(u16 port, u8 (*filter)(u8 byte))
{
	filtered_port = port;
	input_filter = filter;
}

void io_set_exit_port(u16 port)
{
	rows[ROW_EXIT].port = port;
}

void io_set_power_ports(u16 pm1a, u16 pm1b, u16 reset)
{
	rows[ROW_PM1A].port = pm1a;
	rows[ROW_PM1B].port = pm1b;
	/* Where it is CF9h, that row knows more of its bits. */
	rows[ROW_ACPI_RESET].port = reset == PORT_RESET_CONTROL ? 0 : reset;
}

static bool is_hidden(u32 port)
{
	for (unsigned int i = 0; i < HIDDEN_MAX; i++) {
		if (port >= hidden[i].port && port - hidden[i].port < hidden[i].count) {
			return true;
		}
	}
	return false;
}

bool io_is_trapped(u32 port)
{
	for (unsigned int i = 0; i < ROWS; i++) {
		u32 size = MAX(rows[i].size, 1);

		if (rows[i].port && port >= rows[i].port && port < rows[i].port + size) {
			return true;
		}
	}
	return is_hidden(port) || (filtered_port && port == filtered_port);
}

static bool touches_hidden(const struct io_access *io)
{
	for (u32 i = 0; i < io->size; i++) {
		if (is_hidden(io->port + i)) {
			return true;
		}
	}
	return false;
}

/* The byte of a write that goes to `port`; NULL: none does. */
static u8 *byte_to(const struct io_access *io, u32 *value, u32 port)
{
	u32 n = port - io->port;

	return n < io->size ? (u8 *)value + n : NULL;
}

static bool may_sleep(const struct io_access *io, u32 *value, u16 port)
{
	u8 *high = byte_to(io, value, port + 1u);

	return !port || !high || power_l1_pm1_control(port, (u32)*high << 8);
}

/*
 * With A20 masked, Plinth's own addresses lose bit 20 as well, so L1 gets it open for good.
 * False: nothing of the write may reach the machine.
 */
static bool filter(const struct io_access *io, u32 *value)
{
	static bool data_is_output_port;
	u8 *byte = byte_to(io, value, PORT_SYSTEM_A);

	if (byte) {
		*byte |= SYSTEM_A_A20;
	}
	byte = byte_to(io, value, PORT_KEYBOARD_DATA);
	if (byte && data_is_output_port) {
		*byte |= KEYBOARD_OUT_A20;
		data_is_output_port = false;
	}
	byte = byte_to(io, value, PORT_KEYBOARD);
	if (byte && *byte == KEYBOARD_NO_A20) {
		return false;
	}
	if (byte) {
		data_is_output_port = *byte == KEYBOARD_WRITE_OUT;
	}
	return may_sleep(io, value, rows[ROW_PM1A].port) &&
	       may_sleep(io, value, rows[ROW_PM1B].port);
}

static u32 port_in(const struct io_access *io)
{
	if (filtered_port && io->port == filtered_port && io->size == 1) {
		return input_filter(inb(io->port));
	}
	return io->size == 1 ? inb(io->port) : io->size == 2 ? inw(io->port) : inl(io->port);
}

static void port_out(const struct io_access *io, u32 value)
{
	if (io->size == 1) {
		outb(io->port, (u8)value);
	} else if (io->size == 2) {
		outw(io->port, (u16)value);
	} else {
		outl(io->port, value);
	}
}

static void io_read(struct vcpu *v, const struct io_access *io)
{
	u64 mask = GENMASK(io->size * 8 - 1, 0);
	u64 value = touches_hidden(io) ? mask : port_in(io);

	if (io->size == 4) {
		v->gpr[GPR_RAX] = value & mask;
	} else {
		v->gpr[GPR_RAX] = (v->gpr[GPR_RAX] & ~mask) | (value & mask);
	}
}

static void io_write(struct vcpu *v, const struct io_access *io)
{
	u32 value = low32(v->gpr[GPR_RAX] & GENMASK(io->size * 8 - 1, 0));

	if (touches_hidden(io)) {
		return;
	}
	for (unsigned int i = 0; i < ROWS; i++) {
		if (rows[i].write && rows[i].port == io->port &&
		    (!rows[i].size || rows[i].size == io->size)) {
			rows[i].write(value);
		}
	}
	/* The keyboard controller's commands have to be followed in the order that it gets them. */
	spin_lock(&lock);
	if (filter(io, &value)) {
		port_out(io, value);
	}
	spin_unlock(&lock);
}

void vcpu_io(struct vcpu *v, const struct io_access *io)
{
	if (io->string) {
		/* No driver moves blocks through a register that resets the machine. */
		log_limited(LOG_WARN, "L1 CPU %u: string I/O to trapped port %x is dropped", v->id,
			    io->port);
	} else if (io->in) {
		io_read(v, io);
	} else {
		io_write(v, io);
	}
}
