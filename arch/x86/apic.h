/* SPDX-License-Identifier: MIT */
/*
 * L1's local APIC: it is the real one, but for its writes, which are trapped (the xAPIC page is
 * read only, the x2APIC's ICR is intercepted). INIT, SIPI and NMI that L1 sends become requests to
 * VPs; everything else goes on to the hardware.
 */
#ifndef ARCH_X86_APIC_H
#define ARCH_X86_APIC_H

#include "arch/x86/vcpu.h"

/* L1 wrote `value` to the register at byte offset `reg` of the xAPIC page. */
void apic_write(struct vcpu *v, u32 reg, u32 value);
/* L1 wrote the x2APIC's ICR. */
enum outcome apic_write_x2apic_icr(struct vcpu *v, u64 value);
enum outcome apic_write_base(struct vcpu *v, u64 value);
/* The state after INIT, as far as software can bring it about. */
void apic_reset(struct vcpu *v);

#endif
