/* SPDX-License-Identifier: MIT */
/*
 * The I/O ports that Plinth does not simply leave to L1: the console UART that it keeps, the port
 * that ends a run, the ways to power off and to reset.
 */
#ifndef ARCH_X86_IO_H
#define ARCH_X86_IO_H

#include "arch/x86/vcpu.h"

struct io_access {
	u16 port;
	u8 size; /* 1, 2, 4 */
	bool in;
	bool string;
};

/* Hides `count` ports from L1: they read as ones. */
void io_hide(u16 port, u16 count);
/* OUT to this port ends the run. */
void io_set_exit_port(u16 port);
/* L1 reads a byte from this UART: it goes through `filter` first. */
void io_filter_input(u16 port, u8 (*filter)(u8 byte));
/* ACPI's ports, 0 where there is none. */
void io_set_power_ports(u16 pm1a, u16 pm1b, u16 reset);
/* Whether a port is trapped; the vendor makes its permission map of it. */
bool io_is_trapped(u32 port);
/* Carries out an access that touches a trapped port; the registers hold the data. */
void vcpu_io(struct vcpu *v, const struct io_access *io);

#endif
