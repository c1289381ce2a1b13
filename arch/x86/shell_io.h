/* SPDX-License-Identifier: MIT */
/*
 * The shell's line: COM2, which L1 then cannot see, and whose interrupt arrives as an NMI at the
 * boot CPU, so that the shell answers whatever L1 does with its own interrupts. Where COM1 is the
 * only UART, a key on it stops the CPU of L1 that reads it for the time of the shell.
 */
#ifndef ARCH_X86_SHELL_IO_H
#define ARCH_X86_SHELL_IO_H

#include "arch/x86/acpi.h"
#include "arch/x86/percpu.h"
#include "arch/x86/uart.h"
#include "boot/options.h"

/*
 * Opens the shell where `options` wants it, and hides its ports from L1 or watches them. Before the
 * maps are made. `com1`: the log's UART, NULL when it is not on COM1.
 */
void shell_io_init(const struct options *options, struct uart *com1);
/* Routes the UART's interrupt; once SLAT01 exists. */
void shell_io_route(const struct acpi_info *acpi, u32 boot_apic_id);
/* An NMI came to `cpu`: serves the shell if it is the boot CPU; true: the NMI was its UART's. */
bool shell_nmi(const struct percpu *cpu);
/*
 * Serves it until its UART is quiet; true: it was not. Serving arms the UART anew: whoever takes
 * the NMIs of that serves once more behind them, so that no edge goes by unseen.
 */
bool shell_serve(const struct percpu *cpu);

#endif
