/* SPDX-License-Identifier: MIT */
/*
 * The shell's line: a UART that L1 cannot see, whose interrupt arrives as an NMI at the boot CPU, so
 * that the shell answers whatever L1 does with its own interrupts.
 */
#ifndef ARCH_X86_SHELL_IO_H
#define ARCH_X86_SHELL_IO_H

#include "arch/x86/acpi.h"
#include "arch/x86/percpu.h"
#include "boot/options.h"

/* Opens the shell where `options` wants it and hides its ports from L1. Before the maps are made. */
void shell_io_init(const struct options *options);
/* Routes the UART's interrupt; once SLAT01 exists. */
void shell_io_route(const struct acpi_info *acpi, u32 boot_apic_id);
/* An NMI came to `cpu`: polls the shell if it is the boot CPU; true: the UART had raised it. */
bool shell_nmi(const struct percpu *cpu);

#endif
