/* SPDX-License-Identifier: MIT */
/* A plain VMCS in its region: load, store, clear. Pure. */
#include "arch/x86/vmx/vmcs12.h"

#include "lib/string.h"

_Static_assert(sizeof(struct vmcs) % sizeof(u64) == 0, "copied by words");
_Static_assert(offsetof(struct vmcs12_region, vmcs) % sizeof(u64) == 0, "aligned words");
_Static_assert((VMCS12_REVISION & ~VMX_BASIC_REVISION_MASK) == 0, "31 bits");

static bool has_format(const struct vmcs12_region *region)
{
	return *(const volatile u64 *)&region->magic == VMCS12_REGION_MAGIC &&
	       *(const volatile u32 *)&region->format == VMCS12_REGION_FORMAT;
}

/* Fields that only Plinth's own VMCSs have: L1 could have written them into the region. */
static void drop_own_fields(struct vmcs *vmcs12)
{
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		if (vmcs_fields[i].access == VMCS_ACCESS_L0) {
			vmcs_set(vmcs12, &vmcs_fields[i], 0);
		}
	}
}

void vmcs12_load(const struct vmcs12_region *region, struct vmcs *vmcs12, bool *launched)
{
	const volatile u64 *from = (const volatile u64 *)&region->vmcs;
	u64 *to = (u64 *)vmcs12;

	if (!has_format(region)) {
		memset(vmcs12, 0, sizeof(*vmcs12));
		*launched = false;
		return;
	}
	*launched = *(const volatile u32 *)&region->launched == 1;
	for (size_t i = 0; i < sizeof(*vmcs12) / sizeof(u64); i++) {
		to[i] = from[i];
	}
	drop_own_fields(vmcs12);
}

void vmcs12_store(struct vmcs12_region *region, const struct vmcs *vmcs12, bool launched)
{
	region->magic = VMCS12_REGION_MAGIC;
	region->format = VMCS12_REGION_FORMAT;
	region->launched = launched;
	memcpy(&region->vmcs, vmcs12, sizeof(*vmcs12));
}

void vmcs12_clear(struct vmcs12_region *region)
{
	if (has_format(region)) {
		region->launched = 0;
	}
}
