/* SPDX-License-Identifier: MIT */
/* The VMCS that runs L1: its controls, and the states in which L1 may start. */
#ifndef ARCH_X86_VMX_VMCS01_H
#define ARCH_X86_VMX_VMCS01_H

#include "arch/x86/l1_plan.h"
#include "arch/x86/vmx/vmx.h"

/* Controls, Plinth's own state, and L1's as after RESET; false: the CPU refuses the VMCS. */
bool vmcs01_init(struct vmx_vcpu *x);
/* Real mode at vector:0, as [SDM "Processor State After Reset"] has it. */
void vmcs01_start_at_sipi(struct vmx_vcpu *x, u32 vector);
/* The entry state of a boot protocol. */
void vmcs01_start_l1(struct vmx_vcpu *x, const struct l1_entry *entry);

/* Bits of CR0 that VMX operation fixes: L1 cannot clear them between its VMXON and VMXOFF. */
void vmcs01_guard_cr0(const struct vmx_vcpu *x);

/* CR0 and CR4 of the current VMCS as its guest reads them. */
u64 vmx_guest_cr0(void);
u64 vmx_guest_cr4(void);

#endif
