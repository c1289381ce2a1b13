/* SPDX-License-Identifier: MIT */
/* The MSR lists. */
#include "arch/x86/vmx/nested_msrs.h"

#include "arch/x86/asm.h"
#include "arch/x86/memory.h"
#include "arch/x86/msr.h"
#include "arch/x86/vmx/msr_list.h"

static bool load(struct vmx_vcpu *x, const struct vmx_msr_entry *entry)
{
	return vmx_msr_entry_is_loadable(entry) &&
	       vcpu_wrmsr(&x->v, entry->index, entry->data) == OUTCOME_NEXT;
}

static bool store(struct vmx_vcpu *x, struct vmx_msr_entry *entry)
{
	/* No offset of L1's applies here. [SDM "Time-Stamp Counter Offset and Multiplier"] */
	if (entry->index == MSR_TSC && entry->reserved == 0) {
		entry->data = rdtsc() + x->v.tsc_offset;
		return true;
	}
	return vmx_msr_entry_is_storable(entry) &&
	       vcpu_rdmsr(&x->v, entry->index, &entry->data) == OUTCOME_NEXT;
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
