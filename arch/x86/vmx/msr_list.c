/* SPDX-License-Identifier: MIT */
/*
 * Which MSRs the lists refuse whatever RDMSR and WRMSR would say of them. What an access itself
 * refuses is the MSR policy's.
 */
#include "arch/x86/vmx/msr_list.h"

#define MSR_BIOS_UPDT_TRIG  0x79
#define MSR_SMM_MONITOR_CTL 0x9b
#define MSR_SMBASE	    0x9e

#define LIST_UNIT	    512

/* [SDM "Loading MSRs", "Saving MSRs"]: what both directions refuse. */
static bool is_processable(const struct vmx_msr_entry *entry)
{
	if (entry->reserved != 0) { /* [SDM "Loading MSRs"]: bits 63:32 are not all 0 */
		return false;
	}
	if (entry->index >> 8 == MSR_X2APIC_FIRST >> 8) { /* [SDM "Loading MSRs"] */
		return false;
	}
	/* "A processor may prevent" these two, and this one does [SDM "IA-32 Architectural MSRs"]
	 */
	return entry->index != MSR_BIOS_UPDT_TRIG && entry->index != MSR_BIOS_SIGN_ID;
}

bool vmx_msr_entry_is_loadable(const struct vmx_msr_entry *entry)
{
	switch (entry->index) {
	case MSR_FS_BASE: /* [SDM "Loading MSRs"]: they are fields of the VMCS */
	case MSR_GS_BASE:
	case MSR_SMM_MONITOR_CTL: /* [SDM "Loading MSRs"]: written only in SMM */
		return false;
	default:
		return is_processable(entry);
	}
}

bool vmx_msr_entry_is_storable(const struct vmx_msr_entry *entry)
{
	/* [SDM "Saving MSRs"]: read only in SMM */
	return entry->index != MSR_SMBASE && is_processable(entry);
}

u32 vmx_msr_list_max(u64 misc)
{
	return LIST_UNIT * ((u32)FIELD_GET(VMX_MISC_MSR_LIST_MASK, misc) + 1);
}
