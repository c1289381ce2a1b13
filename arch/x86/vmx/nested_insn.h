/* SPDX-License-Identifier: MIT */
/*
 * What VM entry of L2 shares with VMX's other instructions of L1. All of it while vmcs01 is the
 * current VMCS.
 */
#ifndef ARCH_X86_VMX_NESTED_INSN_H
#define ARCH_X86_VMX_NESTED_INSN_H

#include "arch/x86/vmx/insn_emulate.h"

/* The VP assist page of this VP; false: it has none. Once for each VMLAUNCH and VMRESUME. */
bool vmx_assist_read(struct vmx_vcpu *x, struct vmx_assist *out);

/*
 * End the instruction of L1 at hand, and go to the next one. vmx_fail is VMfail(error): VMfailValid
 * with a current VMCS, plain or enlightened, whose VM-instruction error is set; else VMfailInvalid.
 */
void vmx_succeed(struct vmx_vcpu *x);
void vmx_fail_invalid(struct vmx_vcpu *x);
void vmx_fail(struct vmx_vcpu *x, u32 error);

/*
 * For vmx_vmentry: the checks of VMLAUNCH and VMRESUME that come before those of the VMCS'
 * contents. An enlightened VMCS to be used is loaded and in x->evmcs_gpa by then. True: refused,
 * and done.
 */
bool vmx_entry_is_refused(struct vmx_vcpu *x, bool launch);

/*
 * Puts the current plain VMCS back into its region; none is current. Before an enlightened one
 * takes its place in x->vmcs12.
 */
void vmx_current_release(struct vmx_vcpu *x);

#endif
