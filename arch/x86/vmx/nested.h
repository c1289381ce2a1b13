/* SPDX-License-Identifier: MIT */
/* L2 under VMX, as the loop and the exits see it; the rest is nested.c's own. */
#ifndef ARCH_X86_VMX_NESTED_H
#define ARCH_X86_VMX_NESTED_H

#include "arch/x86/vendor.h"
#include "arch/x86/vmx/vmx.h"

/* What the machine's and a VP's nested part needs; false: too little memory. */
bool vmx_nested_machine_init(const struct vendor_config *config);
bool vmx_nested_init(struct vmx_vcpu *x);
/* Makes vmcs01 or vmcs02 the hardware's current VMCS. */
void vmx_make_current(const struct vmx_vcpu *x, u64 vmcs_spa);
/* VM entry fails late: L1 sees an exit, and no guest state is saved. Current: vmcs01. */
void vmx_fail_entry(struct vmx_vcpu *x, u32 reason, u64 qualification);
/* As after INIT: L1 is out of VMX operation. Current: vmcs01. */
void vmx_nested_reset(struct vmx_vcpu *x);
/* An exit of L2; vmcs02 is current. */
void vmx_exit_l2(struct vmx_vcpu *x);
/* Makes vmcs02 ready for one more entry: shadow root, owed flushes. */
void vmx_nested_prepare(struct vmx_vcpu *x);
/*
 * The hardware answered VM entry with VMfail. With L2 to enter that is L1's to see, for it can come
 * about by what another CPU of L1 writes into memory; false: it was L1 that should have been
 * entered.
 */
bool vmx_nested_entry_failed(struct vmx_vcpu *x);
/* Plinth raises an exception in L2, `info` as vmx_inject() has it; true if L1 has left L2 by it. */
bool vmx_nested_exception(struct vmx_vcpu *x, u32 info, u32 error_code);
/* An NMI for L1 waits while L2 runs: true if L1 has left L2 by it, false if it is L2's to take. */
bool vmx_nested_nmi(struct vmx_vcpu *x);

#endif
