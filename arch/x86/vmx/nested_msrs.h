/* SPDX-License-Identifier: MIT */
/*
 * The MSR lists of L1's VMCS, carried out on L1's or L2's MSRs: those that the current VMCS
 * switches, in it; the others as RDMSR and WRMSR of L1 would. msr_list.h says which may be.
 */
#ifndef ARCH_X86_VMX_NESTED_MSRS_H
#define ARCH_X86_VMX_NESTED_MSRS_H

#include "arch/x86/vmx/vmx.h"

/* Loads `count` entries at L1's `gpa`; 0, or the number (from 1) of the entry that fails. */
u32 vmx_load_msrs(struct vmx_vcpu *x, u64 gpa, u32 count);
/* Stores them; false: an entry fails. */
bool vmx_store_msrs(struct vmx_vcpu *x, u64 gpa, u32 count);

#endif
