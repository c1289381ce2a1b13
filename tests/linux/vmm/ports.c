/* SPDX-License-Identifier: MIT */
/* A 16550 whose transmitter is always ready, and a handful of single ports. Knows no KVM. */
#include "tests/linux/vmm/ports.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/bits.h"
#include "tests/linux/vmm/acpi.h"

enum {
	SERIAL = 0x3f8,
	SERIAL_PORTS = 8,
	THR = 0,
	IER = 1,
	IIR = 2,
	LCR = 3,
	MCR = 4,
	LSR = 5,
	MSR = 6,
	SCR = 7,
	IER_THRE = BIT(1),
	IIR_NONE = 0x01,
	IIR_THRE = 0x02,
	IIR_FIFO = 0xc0,
	LCR_DLAB = BIT(7),
	MCR_LOOP = BIT(4),
	LSR_EMPTY = 0x60,
	MSR_CONNECTED = 0xb0,
	KEYBOARD_COMMAND = 0x64,
	KEYBOARD_RESET = 0xfe,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int out_fd;
static void (*raise_irq)(bool level);

static struct {
	u8 ier, fcr, lcr, mcr, scr, dll, dlm;
	bool thre_pending; /* "transmitter empty" has not been read from IIR yet */
	bool irq;
} serial;

static u16 pm1_enable;

void ports_init(int output, void (*set_irq)(bool level))
{
	out_fd = output;
	raise_irq = set_irq;
}

static void update_irq(void)
{
	bool level = serial.thre_pending && (serial.ier & IER_THRE);

	if (level != serial.irq) {
		serial.irq = level;
		raise_irq(level);
	}
}

static void transmit(u8 byte)
{
	if (serial.mcr & MCR_LOOP) {
		return;
	}
	while (write(out_fd, &byte, 1) == 0) {
	}
	serial.thre_pending = true;
}

static void serial_write(unsigned int reg, u8 value)
{
	bool dlab = serial.lcr & LCR_DLAB;

	switch (reg) {
	case THR:
		if (dlab) {
			serial.dll = value;
		} else {
			transmit(value);
		}
		break;
	case IER:
		if (dlab) {
			serial.dlm = value;
			break;
		}
		if ((value & IER_THRE) && !(serial.ier & IER_THRE)) {
			serial.thre_pending = true;
		}
		serial.ier = value & 0x0f;
		break;
	case IIR:
		serial.fcr = value;
		break;
	case LCR:
		serial.lcr = value;
		break;
	case MCR:
		serial.mcr = value & 0x1f;
		break;
	case SCR:
		serial.scr = value;
		break;
	default:
		break;
	}
	update_irq();
}

/* In loop-back the modem's outputs come in as its inputs: RTS, DTR, OUT1, OUT2. */
static u8 modem_status(void)
{
	u8 mcr = serial.mcr;

	if (!(mcr & MCR_LOOP)) {
		return MSR_CONNECTED;
	}
	return (u8)((mcr & BIT(1)) << 3 | (mcr & BIT(0)) << 5 | (mcr & BIT(2)) << 4 |
		    (mcr & BIT(3)) << 4);
}

static u8 interrupt_identity(void)
{
	u8 fifo = (serial.fcr & 1) ? IIR_FIFO : 0;

	if (serial.thre_pending && (serial.ier & IER_THRE)) {
		serial.thre_pending = false;
		return fifo | IIR_THRE;
	}
	return fifo | IIR_NONE;
}

static u8 serial_read(unsigned int reg)
{
	bool dlab = serial.lcr & LCR_DLAB;
	u8 value = 0;

	switch (reg) {
	case THR:
		value = dlab ? serial.dll : 0;
		break;
	case IER:
		value = dlab ? serial.dlm : serial.ier;
		break;
	case IIR:
		value = interrupt_identity();
		break;
	case LCR:
		value = serial.lcr;
		break;
	case MCR:
		value = serial.mcr;
		break;
	case LSR:
		value = LSR_EMPTY;
		break;
	case MSR:
		value = modem_status();
		break;
	default:
		value = serial.scr;
		break;
	}
	update_irq();
	return value;
}

static enum ports_event write_port(u16 port, u8 size, const u8 *data, u32 *result)
{
	u32 value = 0;

	memcpy(&value, data, MIN(size, (u8)sizeof(value)));
	if (port >= SERIAL && port < SERIAL + SERIAL_PORTS) {
		serial_write(port - SERIAL, (u8)value);
		return PORTS_NOTHING;
	}
	switch (port) {
	case RESULT_PORT:
		*result = value;
		return PORTS_RESULT;
	case ACPI_PM1A_EVENT + 2:
		pm1_enable = (u16)value;
		return PORTS_NOTHING;
	case ACPI_PM1A_CONTROL:
		return (value & ACPI_SLP_EN) ? PORTS_POWER_OFF : PORTS_NOTHING;
	case ACPI_RESET_PORT:
		return (value & ACPI_RESET_VALUE) == ACPI_RESET_VALUE ? PORTS_RESET : PORTS_NOTHING;
	case KEYBOARD_COMMAND:
		return value == KEYBOARD_RESET ? PORTS_RESET : PORTS_NOTHING;
	default:
		return PORTS_NOTHING;
	}
}

static void read_port(u16 port, u8 size, u8 *data)
{
	u32 value = ~0u;

	if (port >= SERIAL && port < SERIAL + SERIAL_PORTS) {
		value = serial_read(port - SERIAL);
	} else if (port == ACPI_PM1A_EVENT) {
		value = 0;
	} else if (port == ACPI_PM1A_EVENT + 2) {
		value = pm1_enable;
	} else if (port == ACPI_PM1A_CONTROL) {
		value = ACPI_SCI_EN;
	}
	memcpy(data, &value, MIN(size, (u8)sizeof(value)));
}

enum ports_event ports_access(u16 port, bool is_out, u8 size, u8 *data, u32 *result)
{
	enum ports_event event = PORTS_NOTHING;

	pthread_mutex_lock(&lock);
	if (is_out) {
		event = write_port(port, size, data, result);
	} else {
		read_port(port, size, data);
	}
	pthread_mutex_unlock(&lock);
	return event;
}
