/* SPDX-License-Identifier: MIT */
/*
 * An L2 in the HLT activity state: by L1's VMCS, or by a HLT that L1 leaves to it. The hardware
 * halts for it, in a way in which nothing but an exit can end it; x->halted says that L2 halts,
 * x->parked that vmcs02 is made up for that.
 */
#ifndef ARCH_X86_VMX_PARK_H
#define ARCH_X86_VMX_PARK_H

#include "arch/x86/vmx/vmx.h"

/* Before an entry to L2 that halts: parks it, or lets it go on if an event is to be injected. */
void vmx_park(struct vmx_vcpu *x);
/* Makes vmcs02 again what it was; x->halted stays. */
void vmx_unpark(struct vmx_vcpu *x);
/* At an exit of a parked L2: true if the exit is done with. */
bool vmx_park_exit(struct vmx_vcpu *x);

#endif
