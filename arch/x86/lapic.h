/* SPDX-License-Identifier: MIT */
/*
 * The local APIC as Plinth uses it: NMI kicks and waking CPUs. The APIC belongs to L1, so each use
 * leaves no trace that L1 could see (the xAPIC's ICR high word is put back).
 */
#ifndef ARCH_X86_LAPIC_H
#define ARCH_X86_LAPIC_H

#include "lib/types.h"

#define LAPIC_DEFAULT_BASE 0xfee00000ull

/* Enables the APIC if firmware left it off; -ENODEV_ when there is none at the default base. */
int lapic_init(void);
bool lapic_is_x2apic(void);
u32 lapic_id(void);
u32 lapic_read(u32 reg);
void lapic_write(u32 reg, u32 value);
/* Sends one IPI: `low` is ICR's low word, `dest` an APIC id. False: the APIC stayed busy. */
bool lapic_send(u32 dest, u32 low);
void lapic_send_nmi(u32 dest);

#endif
