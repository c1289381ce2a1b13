/* SPDX-License-Identifier: MIT */
/*
 * vmcs02 and the guest state of vmcs01 as images, moved to and from the hardware's VMCS by rows of
 * vmcs_fields.def. It decides nothing.
 */
#ifndef ARCH_X86_VMX_VMCS02_H
#define ARCH_X86_VMX_VMCS02_H

#include "arch/x86/vmx/merge.h"
#include "arch/x86/vmx/vmx.h"

/* Makes the VP's vmcs02 an empty one and takes Plinth's host state from vmcs01; current: vmcs01. */
bool vmcs02_init(struct vmx_vcpu *x);

/* Writes the fields of these groups to the current VMCS, as vmx_merge() returned them. */
void vmcs02_write(const struct vmcs *image, u32 groups);
/* After an exit: what the hardware saved, and what Plinth may have changed in it for itself. */
void vmcs02_read_back(struct vmcs *image);

/* What of vmcs01 an exit to L1 depends on, and what it writes. */
void vmcs01_read_for_exit(struct vmcs *image);
void vmcs01_write_after_exit(const struct vmcs *image);

#endif
