/* SPDX-License-Identifier: MIT */
/*
 * What the table of rules and the filters before it share, private to entry_rules.c and
 * entry_checks.c: values that the checks of VM entry want, and questions about a VMCS.
 */
#ifndef ARCH_X86_VMX_ENTRY_RULES_H
#define ARCH_X86_VMX_ENTRY_RULES_H

#include "arch/x86/vmx/entry_checks.h"

#define LINEAR_BITS 48 /* LA57 is not offered */

/* SCE, LME, LMA and NXE are all that Intel's processors have, and those with EPT have all four. */
#define EFER_VALID (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define EFER_FREE  (EFER_SCE | EFER_NXE) /* of the mode */

/* Not 5:3, nor bus-lock detection, bit 2, which is not offered. [SDM "IA32_DEBUGCTL MSR"] */
#define DEBUGCTL_VALID	 (GENMASK(15, 6) | GENMASK(1, 0))

#define RFLAGS_MBZ	 (GENMASK(63, 22) | BIT(15) | BIT(5) | BIT(3))

#define SELECTOR_TI	 BIT(2)
#define RPL(selector)	 ((selector)&3)
#define DPL(ar)		 FIELD_GET(AR_DPL_MASK, ar)
#define TYPE_DATA	 3 /* read/write, accessed, expand-up */
#define TYPE_LDT	 2
#define TYPE_TSS_16_BUSY 3
#define TYPE_TSS_BUSY	 11

/* Exceptions that push an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC; #CP is not offered. */
#define ERROR_CODE_VECTORS                                                         \
	((u32)(BIT(VECTOR_DF) | BIT(VECTOR_TS) | BIT(VECTOR_NP) | BIT(VECTOR_SS) | \
	       BIT(VECTOR_GP) | BIT(VECTOR_PF) | BIT(VECTOR_AC)))

static inline u32 secondary_controls(const struct vmcs *v)
{
	return v->primary_controls & PROC_SECONDARY ? v->secondary_controls : 0;
}

static inline bool is_canonical(u64 va)
{
	return (va + BIT(LINEAR_BITS - 1)) >> LINEAR_BITS == 0;
}

static inline u64 guest_cr0_fixed0(const struct vmcs *v, const struct vmx_caps *caps)
{
	bool unrestricted = secondary_controls(v) & PROC2_UNRESTRICTED_GUEST;

	return caps->cr0_fixed0 & ~(unrestricted ? CR0_PE | CR0_PG : 0);
}

/* A wrap needs an address beyond MAXPHYADDR, which has a rule of its own. */
static inline u64 list_last_byte(u64 address, u32 count)
{
	return address + (u64)count * 16 - 1;
}

/* Whether the event to inject pushes an error code: never in real mode. */
static inline bool event_has_error_code(const struct vmcs *v)
{
	u32 vector = v->entry_intr_info & INTR_VECTOR_MASK;

	if ((secondary_controls(v) & PROC2_UNRESTRICTED_GUEST) && !(v->guest_cr0 & CR0_PE)) {
		return false;
	}
	return FIELD_GET(INTR_TYPE_MASK, v->entry_intr_info) == INTR_TYPE_HARD_EXCEPTION &&
	       vector < 32 && (ERROR_CODE_VECTORS >> vector & 1);
}

/* PAE paging with the PDPTEs in the VMCS. */
static inline bool guest_loads_pdptes(const struct vmcs *v)
{
	return (v->guest_cr0 & CR0_PG) && (v->guest_cr4 & CR4_PAE) &&
	       !(v->entry_controls & ENTRY_IA32E_GUEST) && (secondary_controls(v) & PROC2_EPT);
}

/* The first rule of a group that is broken, or NULL: one call for each rule. */
__cold const struct vmx_entry_rule *vmx_entry_first_broken(u8 group, const struct vmcs *vmcs,
							   const struct vmx_caps *caps,
							   const struct vmx_entry_host *host);

#endif
