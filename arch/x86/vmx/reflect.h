/* SPDX-License-Identifier: MIT */
/*
 * vmcs02 + exit -> vmcs12, and vmcs12's host state -> L1: what L1 reads, and what it runs with,
 * after a VM exit of its guest. Pure: images in, images out. The MSR areas, and the PDPTEs of an L1
 * that pages by PAE, are memory and thus the caller's.
 */
#ifndef ARCH_X86_VMX_REFLECT_H
#define ARCH_X86_VMX_REFLECT_H

#include "arch/x86/vmx/vmcs.h"

/* [SDM "VM-Exit Information Fields"], as L1 shall read them */
struct vmx_exit_info {
	u32 reason;
	u32 intr_info;
	u32 intr_error;
	u32 idt_info;
	u32 idt_error;
	u32 insn_length;
	u32 insn_info;
	u64 qualification;
	u64 gpa; /* an L2 GPA */
	u64 gla;
};

/*
 * vmcs02: guest state as the hardware left it; guest_activity is not ACTIVE if Plinth parked L2.
 * vmcs12: as L1 gave it at the entry (its entry_intr_info counts too); its host state, MSR areas
 * and all else that an exit does not write stay as they are.
 */
void vmx_reflect(const struct vmcs *vmcs02, const struct vmx_exit_info *exit, struct vmcs *vmcs12);

/*
 * For an exit that L1 gets without an entry since Plinth set vmcs02's event to inject, be it L1's
 * own or one that Plinth injects again: L1 hears of the event as IDT-vectoring information. A
 * no-op if vmcs02 holds no event, or the exit has another one.
 */
void vmx_reflect_undelivered(const struct vmcs *vmcs02, struct vmx_exit_info *exit);

/*
 * VM entry that failed by L2's state or by the MSR-load area (33, 34, 41): guest state and event
 * stay. [SDM "VM-Entry Failures During or After Loading Guest State"]
 */
void vmx_reflect_entry_failure(u32 basic_reason, u64 qualification, struct vmcs *vmcs12);

/*
 * After one of the above: L1's host state becomes the guest state of vmcs01, whose guest_cr0 and
 * guest_cr4, masks, shadows, entry controls, guest_efer, guest_pat are those of L1 at its VM entry.
 * vmcs02: what L2 left, or NULL after a failed entry. Bit 3 of the interruptibility says whether
 * L1's NMIs are blocked now.
 * [SDM "Loading Host State"]
 */
void vmx_reflect_host(const struct vmcs *vmcs12, const struct vmcs *vmcs02, struct vmcs *vmcs01);

#endif
