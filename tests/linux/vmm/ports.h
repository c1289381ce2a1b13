/* SPDX-License-Identifier: MIT */
/*
 * The I/O ports of the Linux guest: a serial port that only writes, ACPI's power control, the
 * ways to reset, the port that ends the run. Safe to call from the threads of several VPs.
 */
#ifndef TESTS_LINUX_VMM_PORTS_H
#define TESTS_LINUX_VMM_PORTS_H

#include "lib/types.h"

enum ports_event {
	PORTS_NOTHING,
	PORTS_RESULT, /* a result was written to RESULT_PORT */
	PORTS_POWER_OFF,
	PORTS_RESET,
};

enum {
	SERIAL_IRQ = 4,
	RESULT_PORT = 0xf4,
};

/* The serial port's output goes to the file descriptor, its interrupt line to set_irq(level). */
void ports_init(int output, void (*set_irq)(bool level));

/* One access of 1, 2 or 4 bytes; data is read by OUT and written by IN. */
enum ports_event ports_access(u16 port, bool is_out, u8 size, u8 *data, u32 *result);

#endif
