/* SPDX-License-Identifier: MIT */
/*
 * The MSR lists of VM entries and VM exits: which entries may be processed at all. It reads no
 * guest memory and touches no MSR: the caller copies an entry, asks here, and does the access,
 * whose #GP fails the entry as well.
 */
#ifndef ARCH_X86_VMX_MSR_LIST_H
#define ARCH_X86_VMX_MSR_LIST_H

#include "arch/x86/vmx/spec.h"

/* [SDM "Format of an MSR Entry"] */
struct vmx_msr_entry {
	u32 index;
	u32 reserved;
	u64 data;
};
ASSERT_SIZE(struct vmx_msr_entry, 16);
ASSERT_OFFSET(struct vmx_msr_entry, reserved, 4);
ASSERT_OFFSET(struct vmx_msr_entry, data, 8);

/*
 * Whether an entry of the VM-entry or of the VM-exit MSR-load list may be written by WRMSR. If
 * not, a VM entry fails with EXIT_REASON_MSR_LOADING and the entry's number, from 1, as exit
 * qualification; a VM exit is a VMX abort.
 */
bool vmx_msr_entry_is_loadable(const struct vmx_msr_entry *entry);

/* Whether an entry of the VM-exit MSR-store list may be read by RDMSR. If not: a VMX abort. */
bool vmx_msr_entry_is_storable(const struct vmx_msr_entry *entry);

/*
 * How many entries a list may have, 512 to 4096. More are undefined behaviour that may include a
 * machine check; here the first one too many fails as if it were not loadable or not storable,
 * which bounds the time of a list. [SDM "Miscellaneous Data"]
 */
u32 vmx_msr_list_max(u64 misc);

/* Indicators of a VMX abort: [SDM "VMX Aborts"] */
#define VMX_ABORT_MSR_STORE  1
#define VMX_ABORT_HOST_PDPTE 2
#define VMX_ABORT_MSR_LOAD   4

#endif
