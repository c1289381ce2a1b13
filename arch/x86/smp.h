/* SPDX-License-Identifier: MIT */
/* Waking the other CPUs into Plinth. */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#include "arch/x86/acpi.h"

/* Wakes at most `max` - 1 further CPUs; each that does not come is logged with the reason. */
void smp_init(const struct acpi_info *acpi, u32 max);
/* Lets the other CPUs go on into their VPs. */
void smp_release(void);

#endif
