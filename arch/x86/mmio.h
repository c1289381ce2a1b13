/* SPDX-License-Identifier: MIT */
/*
 * L1's accesses to pages that SLAT01 does not simply give it: the xAPIC page and the I/O APIC
 * (reads are direct, writes come here), and hidden pages (reads are ones, writes go nowhere).
 */
#ifndef ARCH_X86_MMIO_H
#define ARCH_X86_MMIO_H

#include "arch/x86/decode.h"
#include "arch/x86/vcpu.h"

/* Carries out the access of `insn` at `gpa`. OUTCOME_GP: it is none that Plinth emulates. */
enum outcome vcpu_mmio(struct vcpu *v, u64 gpa, const struct insn *insn);
/* The I/O APIC at `base` whose pin `pin` is Plinth's; all its writes are watched from now on. */
void mmio_guard_ioapic(u64 base, u32 pin);

#endif
