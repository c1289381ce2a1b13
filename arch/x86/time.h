/* SPDX-License-Identifier: MIT */
/* The frequencies of the TSC and of the local APIC's timer, and Plinth's own clock. */
#ifndef ARCH_X86_TIME_H
#define ARCH_X86_TIME_H

#include "arch/x86/acpi.h"

/* Measures against the ACPI timer, else the PIT: some tens of milliseconds. */
void time_init(const struct acpi_info *acpi);
u64 time_tsc_hz(void);
u64 time_apic_hz(void);
/* Whether both are good enough to be told to L1 as facts. */
bool time_is_exact(void);
bool time_tsc_is_invariant(void);
/* Since time_init(). */
u64 time_microseconds(void);
/* A busy wait; for boot only. */
void time_delay(u64 microseconds);

#endif
