/* SPDX-License-Identifier: MIT */
/* The MSR lists. */
#include "arch/x86/vmx/nested_msrs.h"

#include "arch/x86/memory.h"
#include "arch/x86/msr.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/msr_list.h"

/* L1's map lets these through to the registers that the VMCS switches. */
static const struct {
	u32 msr;
	u16 field;
} switched[] = {
	{ MSR_SYSENTER_CS, VMCS_guest_sysenter_cs },
	{ MSR_SYSENTER_ESP, VMCS_guest_sysenter_esp },
	{ MSR_SYSENTER_EIP, VMCS_guest_sysenter_eip },
	{ MSR_FS_BASE, VMCS_guest_fs_base },
	{ MSR_GS_BASE, VMCS_guest_gs_base },
};

static u16 field_of(u32 msr)
{
	for (u32 i = 0; i < ARRAY_SIZE(switched); i++) {
		if (switched[i].msr == msr) {
			return switched[i].field;
		}
	}
	return 0;
}

static bool load(struct vmx_vcpu *x, const struct vmx_msr_entry *entry)
{
	u16 field = field_of(entry->index);

	if (!vmx_msr_entry_is_loadable(entry)) {
		return false;
	}
	if (field) {
		vmwrite(field, entry->data);
		return true;
	}
	return vcpu_wrmsr(&x->v, entry->index, entry->data) == OUTCOME_NEXT;
}

static bool store(struct vmx_vcpu *x, struct vmx_msr_entry *entry)
{
	u16 field = field_of(entry->index);

	if (!vmx_msr_entry_is_storable(entry)) {
		return false;
	}
	if (field) {
		entry->data = vmread(field);
		return true;
	}
	return vcpu_rdmsr(&x->v, entry->index, &entry->data) == OUTCOME_NEXT;
}

u32 vmx_load_msrs(struct vmx_vcpu *x, u64 gpa, u32 count)
{
	u32 max = vmx_msr_list_max(vmx_machine.caps.misc);
	struct vmx_msr_entry entry;

	for (u32 i = 0; i < count; i++) {
		if (i == max || !l1_read(gpa + i * sizeof(entry), &entry, sizeof(entry)) ||
		    !load(x, &entry)) {
			return i + 1;
		}
	}
	return 0;
}

bool vmx_store_msrs(struct vmx_vcpu *x, u64 gpa, u32 count)
{
	u32 max = vmx_msr_list_max(vmx_machine.caps.misc);
	struct vmx_msr_entry entry;

	for (u32 i = 0; i < count; i++) {
		u64 at = gpa + i * sizeof(entry);

		if (i == max || !l1_read(at, &entry, sizeof(entry)) || !store(x, &entry) ||
		    !l1_write(at + offsetof(struct vmx_msr_entry, data), &entry.data,
			      sizeof(entry.data))) {
			return false;
		}
	}
	return true;
}
