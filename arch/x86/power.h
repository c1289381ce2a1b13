/* SPDX-License-Identifier: MIT */
/*
 * The ends of a run: L1's own and Plinth's. Each prints one line that tools and people decide by,
 * `run: ...`, before the machine goes.
 */
#ifndef ARCH_X86_POWER_H
#define ARCH_X86_POWER_H

#include "arch/x86/acpi.h"
#include "arch/x86/panic.h"

void power_init(const struct acpi_info *acpi);
/* L1 wrote to the port that ends a run; 0 is success. */
__noreturn void power_l1_exit(u32 value);
/* L1 shut down (triple fault): no CPU of it can go on. */
__noreturn void power_l1_shutdown(void);
/* An INIT came that no local APIC of L1 sent: resets the machine. */
__noreturn void power_l1_init(void);
/* L1 is about to reset the machine; the access itself does it. */
void power_l1_reset(const char *how);
/* L1 writes PM1A_CNT or PM1B_CNT; false: the write must not reach the machine. */
bool power_l1_pm1_control(u16 port, u32 value);
u8 power_acpi_reset_value(void);
/* May return where the platform does not do it. */
void power_finish(enum panic_action action);
/* The end of a run: off, or a line that says why it is not. */
__noreturn void power_off_or_halt(void);
/* The machine stays as it is, for good. */
__noreturn void power_halt(void);

#endif
