/* SPDX-License-Identifier: MIT */
/* The way back of a nested exit, in the order of [SDM "VM Exits"]. */
#include "arch/x86/vmx/reflect.h"

#include "arch/x86/vmx/vmcs_copy.h"

#define INTR_MASK (INTR_VECTOR_MASK | INTR_TYPE_MASK | INTR_ERROR_CODE | INTR_VALID)

static bool intr_is(u32 info, u32 type)
{
	return (info & INTR_VALID) && FIELD_GET(INTR_TYPE_MASK, info) == type;
}

/* [SDM "Recording VM-Exit Information and Updating VM-Entry Control Fields"] */
static void reflect_exit(const struct vmx_exit_info *exit, u64 efer, struct vmcs *out)
{
	out->exit_reason = exit->reason;
	out->exit_qualification = exit->qualification;
	out->guest_linear_address = exit->gla;
	out->guest_physical_address = exit->gpa;
	out->exit_intr_info = exit->intr_info;
	out->exit_intr_error_code = exit->intr_error;
	/* Bit 12 is undefined in the hardware's; whoever injects it again must not find it set. */
	out->idt_vectoring_info = exit->idt_info & INTR_VALID ? exit->idt_info & (u32)INTR_MASK : 0;
	out->idt_vectoring_error_code = exit->idt_error;
	out->exit_instruction_length = exit->insn_length;
	out->exit_instruction_info = exit->insn_info;
	out->entry_intr_info &= (u32)~INTR_VALID;
	out->entry_controls &= (u32)~ENTRY_IA32E_GUEST;
	if (efer & EFER_LMA) {
		out->entry_controls |= (u32)ENTRY_IA32E_GUEST;
	}
}

/*
 * A control register as L2 left it: L1's bits L2 cannot have changed; of those that only Plinth
 * owns, L2's value is in the shadow.
 */
static u64 reflect_cr(u64 real, u64 shadow, u64 mask02, u64 given, u64 mask12)
{
	u64 owned = mask02 & ~mask12;

	return (real & ~mask02) | (shadow & owned) | (given & mask12);
}

/*
 * With NMI exits but no virtual NMIs an IRET of L2 unblocks nothing, yet it did so in vmcs02, where
 * NMIs are virtual always. [SDM "Changes to Instruction Behavior in VMX Non-Root Operation"]
 */
static u32 reflect_interruptibility(const struct vmcs *vmcs02, const struct vmcs *given)
{
	u32 value = vmcs02->guest_interruptibility &
		    (u32)(INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS | INTERRUPTIBILITY_NMI);

	if ((given->pin_based_controls & (PIN_NMI | PIN_VIRTUAL_NMIS)) == PIN_NMI) {
		value |= given->guest_interruptibility & (u32)INTERRUPTIBILITY_NMI;
		if (intr_is(given->entry_intr_info, INTR_TYPE_NMI)) {
			value |= (u32)INTERRUPTIBILITY_NMI;
		}
	}
	return value;
}

/* [SDM "Saving Guest State"] */
static void reflect_guest(const struct vmcs *vmcs02, struct vmcs *out)
{
	out->guest_cr0 =
		reflect_cr(vmcs02->guest_cr0, vmcs02->cr0_read_shadow, vmcs02->cr0_guest_host_mask,
			   out->guest_cr0, out->cr0_guest_host_mask);
	out->guest_cr3 = vmcs02->guest_cr3;
	out->guest_cr4 =
		reflect_cr(vmcs02->guest_cr4, vmcs02->cr4_read_shadow, vmcs02->cr4_guest_host_mask,
			   out->guest_cr4, out->cr4_guest_host_mask);
	out->guest_sysenter_cs = vmcs02->guest_sysenter_cs;
	out->guest_sysenter_esp = vmcs02->guest_sysenter_esp;
	out->guest_sysenter_eip = vmcs02->guest_sysenter_eip;
	if (out->exit_controls & EXIT_SAVE_DEBUG) {
		out->guest_dr7 = vmcs02->guest_dr7;
		out->guest_debugctl = vmcs02->guest_debugctl;
	}
	if (out->exit_controls & EXIT_SAVE_PAT) {
		out->guest_pat = vmcs02->guest_pat;
	}
	if (out->exit_controls & EXIT_SAVE_EFER) {
		out->guest_efer = vmcs02->guest_efer;
	}
	vmcs_copy_segments(out, vmcs02);
	out->guest_rip = vmcs02->guest_rip;
	out->guest_rsp = vmcs02->guest_rsp;
	out->guest_rflags = vmcs02->guest_rflags;
	out->guest_activity = vmcs02->guest_activity;
	out->guest_interruptibility = reflect_interruptibility(vmcs02, out);
	out->guest_pending_debug = vmcs02->guest_pending_debug;
	if (vmcs_secondary(out) & PROC2_EPT) {
		VMCS_COPY_SPAN(out, vmcs02, guest_pdpte0, guest_pdpte3);
	}
}

__hot void vmx_reflect(const struct vmcs *vmcs02, const struct vmx_exit_info *exit,
		       struct vmcs *vmcs12)
{
	reflect_guest(vmcs02, vmcs12); /* asks for the event that reflect_exit() takes back */
	reflect_exit(exit, vmcs02->guest_efer, vmcs12);
}

void vmx_reflect_undelivered(const struct vmcs *vmcs02, struct vmx_exit_info *exit)
{
	u32 event = vmcs02->entry_intr_info;

	if (!(event & INTR_VALID) || (exit->idt_info & INTR_VALID) ||
	    FIELD_GET(INTR_TYPE_MASK, event) == INTR_TYPE_OTHER) {
		return;
	}
	exit->idt_info = event;
	exit->idt_error = event & INTR_ERROR_CODE ? vmcs02->entry_exception_error_code : 0;
	switch (FIELD_GET(INTR_TYPE_MASK, event)) {
	case INTR_TYPE_SOFT_INT:
	case INTR_TYPE_PRIVILEGED_SOFT:
	case INTR_TYPE_SOFT_EXCEPTION:
		exit->insn_length = vmcs02->entry_instruction_length;
		break;
	default:
		break;
	}
}

void vmx_reflect_entry_failure(u32 basic_reason, u64 qualification, struct vmcs *vmcs12)
{
	vmcs12->exit_reason = basic_reason | (u32)EXIT_REASON_ENTRY_FAILURE;
	vmcs12->exit_qualification = qualification;
}

/* Loading L1's host state */

/* [SDM "Loading Host Segment and Descriptor-Table Registers"] */
#define LIMIT_FLAT  0xffffffffu
#define LIMIT_TSS   0x67u
#define LIMIT_TABLE 0xffffu
#define AR_FLAT	    (AR_ACCESSED | AR_WRITABLE | AR_S | AR_P | AR_G)
#define AR_DATA	    (u32)(AR_FLAT | AR_DB)
#define AR_CODE32   (u32)(AR_FLAT | AR_CODE | AR_DB)
#define AR_CODE64   (u32)(AR_FLAT | AR_CODE | AR_L)
#define AR_TSS_BUSY (u32)(FIELD_PREP(AR_TYPE_MASK, 11) | AR_P)
#define AR_LDT_NONE (u32)(FIELD_PREP(AR_TYPE_MASK, 2) | AR_P | AR_UNUSABLE)

/* CR0 bits that no VM exit changes; others that keep theirs are reserved or fixed in VMX. */
#define CR0_KEPT (CR0_ET | CR0_NW | CR0_CD)

/* Sets a control register of L1: Plinth's bits stay in the real one, and L1 reads its own. */
static void load_cr(u64 value, u64 mask, u64 *real, u64 *shadow)
{
	*real = (value & ~mask) | (*real & mask);
	*shadow = value;
}

static void load_control_registers(const struct vmcs *vmcs12, bool long_mode, struct vmcs *out)
{
	u64 mask = out->cr0_guest_host_mask;
	u64 cr0 = (out->guest_cr0 & ~mask) | (out->cr0_read_shadow & mask);
	u64 cr4 = vmcs12->host_cr4;

	cr4 = long_mode ? cr4 | CR4_PAE : cr4 & ~CR4_PCIDE;
	load_cr((vmcs12->host_cr0 & ~CR0_KEPT) | (cr0 & CR0_KEPT), mask, &out->guest_cr0,
		&out->cr0_read_shadow);
	load_cr(cr4, out->cr4_guest_host_mask, &out->guest_cr4, &out->cr4_read_shadow);
	out->guest_cr3 = vmcs12->host_cr3;
}

static void load_msrs(const struct vmcs *vmcs12, const struct vmcs *vmcs02, bool long_mode,
		      struct vmcs *out)
{
	out->guest_debugctl = 0;
	out->guest_sysenter_cs = vmcs12->host_sysenter_cs;
	out->guest_sysenter_esp = vmcs12->host_sysenter_esp;
	out->guest_sysenter_eip = vmcs12->host_sysenter_eip;
	/* What the exit does not load stays as L2 had it. */
	if (vmcs02) {
		out->guest_efer = vmcs02->guest_efer;
		out->guest_pat = vmcs02->guest_pat;
	}
	if (vmcs12->exit_controls & EXIT_LOAD_EFER) {
		out->guest_efer = vmcs12->host_efer;
	}
	if (vmcs12->exit_controls & EXIT_LOAD_PAT) {
		out->guest_pat = vmcs12->host_pat;
	}
	out->guest_efer &= ~(EFER_LMA | EFER_LME);
	out->entry_controls &= (u32)~ENTRY_IA32E_GUEST;
	if (long_mode) {
		out->guest_efer |= EFER_LMA | EFER_LME;
		out->entry_controls |= (u32)ENTRY_IA32E_GUEST;
	}
}

#define LOAD_DATA_SEGMENT(out, name, selector, base)                       \
	do {                                                               \
		(out)->guest_##name##_selector = (selector);               \
		(out)->guest_##name##_base = (base);                       \
		(out)->guest_##name##_limit = LIMIT_FLAT;                  \
		(out)->guest_##name##_access_rights =                      \
			(selector) ? AR_DATA : AR_DATA | (u32)AR_UNUSABLE; \
	} while (0)

static void load_segments(const struct vmcs *vmcs12, bool long_mode, struct vmcs *out)
{
	out->guest_cs_selector = vmcs12->host_cs_selector;
	out->guest_cs_base = 0;
	out->guest_cs_limit = LIMIT_FLAT;
	out->guest_cs_access_rights = long_mode ? AR_CODE64 : AR_CODE32;
	LOAD_DATA_SEGMENT(out, ss, vmcs12->host_ss_selector, 0);
	LOAD_DATA_SEGMENT(out, ds, vmcs12->host_ds_selector, 0);
	LOAD_DATA_SEGMENT(out, es, vmcs12->host_es_selector, 0);
	LOAD_DATA_SEGMENT(out, fs, vmcs12->host_fs_selector, vmcs12->host_fs_base);
	LOAD_DATA_SEGMENT(out, gs, vmcs12->host_gs_selector, vmcs12->host_gs_base);
	out->guest_tr_selector = vmcs12->host_tr_selector;
	out->guest_tr_base = vmcs12->host_tr_base;
	out->guest_tr_limit = LIMIT_TSS;
	out->guest_tr_access_rights = AR_TSS_BUSY;
	out->guest_ldtr_selector = 0;
	out->guest_ldtr_base = 0;
	out->guest_ldtr_limit = 0;
	out->guest_ldtr_access_rights = AR_LDT_NONE;
	out->guest_gdtr_base = vmcs12->host_gdtr_base;
	out->guest_gdtr_limit = LIMIT_TABLE;
	out->guest_idtr_base = vmcs12->host_idtr_base;
	out->guest_idtr_limit = LIMIT_TABLE;
}

/*
 * Whether NMIs to L1 are blocked: an NMI that exits blocks the next; virtual NMIs leave the real
 * ones unblocked in L2; else L1 and L2 have one blocking. A failed entry never changed it.
 * [SDM "Loading Host State", "Interruptibility State"]
 */
static bool nmis_are_blocked(const struct vmcs *vmcs12)
{
	u32 basic = vmcs12->exit_reason & (u32)EXIT_REASON_BASIC_MASK;

	if (basic == EXIT_REASON_EXCEPTION_OR_NMI &&
	    intr_is(vmcs12->exit_intr_info, INTR_TYPE_NMI)) {
		return true;
	}
	return !(vmcs12->pin_based_controls & PIN_VIRTUAL_NMIS) &&
	       (vmcs12->guest_interruptibility & INTERRUPTIBILITY_NMI);
}

void vmx_reflect_host(const struct vmcs *vmcs12, const struct vmcs *vmcs02, struct vmcs *vmcs01)
{
	bool long_mode = vmcs12->exit_controls & EXIT_HOST_ADDRESS_SPACE;

	load_control_registers(vmcs12, long_mode, vmcs01);
	vmcs01->guest_dr7 = DR7_RESET;
	load_msrs(vmcs12, vmcs02, long_mode, vmcs01);
	load_segments(vmcs12, long_mode, vmcs01);
	vmcs01->guest_rip = vmcs12->host_rip;
	vmcs01->guest_rsp = vmcs12->host_rsp;
	vmcs01->guest_rflags = RFLAGS_FIXED;
	vmcs01->guest_activity = ACTIVITY_ACTIVE;
	vmcs01->guest_pending_debug = 0;
	vmcs01->guest_interruptibility &= (u32)INTERRUPTIBILITY_NMI;
	if (vmcs02) {
		vmcs01->guest_interruptibility =
			nmis_are_blocked(vmcs12) ? (u32)INTERRUPTIBILITY_NMI : 0;
	}
}
