/* SPDX-License-Identifier: MIT */
/* The enlightened VMCS: which fields travel when. Each group is straight code. Pure. */
#include "arch/x86/vmx/evmcs.h"

/* The .def's column `group` has this word beside numbers. */
enum {
	NONE = EVMCS_GROUP_NONE
};

/* One load of guest memory, which the compiler may neither repeat nor tear. */
#define TAKE(dst, src)		       ((dst) = *(const volatile __typeof__(src) *)&(src))

#define PAGE_FIELD(page, type, offset) (*(VMCS_TYPE_##type *)((u8 *)(page) + (offset)))
#define PAGE_FIELD_CONST(page, type, offset) \
	(*(const VMCS_TYPE_##type *)((const u8 *)(page) + (offset)))

/* So that a load of all groups leaves nothing in vmcs12 of another enlightened VMCS. */
#define FIELD(type, member, encoding, access, evmcs, group)                        \
	_Static_assert((VMCS_ACCESS_##access == VMCS_ACCESS_L0) == ((evmcs) == 0), \
		       #member ": evmcs");
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD

bool evmcs_revision_ok(u32 revision, u64 vmx_basic)
{
	return revision == EVMCS_VERSION || revision == (vmx_basic & VMX_BASIC_REVISION_MASK);
}

u32 evmcs_effective_clean(u32 clean, bool vmlaunch, bool same_as_last)
{
	if (vmlaunch || !same_as_last) {
		return 0;
	}
	return clean & (u32)(EVMCS_CLEAN_MASK & ~EVMCS_CLEAN_ENLIGHTENMENTS);
}

/* `wanted` is a constant, by which the compiler keeps the group's fields alone. */
static inline __attribute__((always_inline)) void
take_group(const struct evmcs *page, struct vmcs *vmcs12, const unsigned int wanted)
{
#define FIELD(type, member, encoding, access, evmcs, group)                \
	if ((group) == wanted && VMCS_ACCESS_##access == VMCS_ACCESS_RW) { \
		TAKE(vmcs12->member, PAGE_FIELD_CONST(page, type, evmcs)); \
	}
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
}

static void take_enlightenments(const struct evmcs *page, struct evmcs_enlightenments *e)
{
	TAKE(e->synthetic_controls, page->synthetic_controls);
	TAKE(e->control, page->enlightenments_control);
	TAKE(e->vp_id, page->vp_id);
	TAKE(e->vm_id, page->vm_id);
	TAKE(e->partition_assist_page, page->partition_assist_page);
}

void evmcs_load(const struct evmcs *page, u32 clean, struct vmcs *vmcs12,
		struct evmcs_enlightenments *enlightenments)
{
#define TAKE_UNLESS_CLEAN(n)                 \
	if (!(clean & BIT(n))) {             \
		take_group(page, vmcs12, n); \
	}
	TAKE_UNLESS_CLEAN(0)
	TAKE_UNLESS_CLEAN(1)
	TAKE_UNLESS_CLEAN(2)
	TAKE_UNLESS_CLEAN(3)
	TAKE_UNLESS_CLEAN(4)
	TAKE_UNLESS_CLEAN(5)
	TAKE_UNLESS_CLEAN(6)
	TAKE_UNLESS_CLEAN(7)
	TAKE_UNLESS_CLEAN(8)
	TAKE_UNLESS_CLEAN(9)
	TAKE_UNLESS_CLEAN(10)
	TAKE_UNLESS_CLEAN(11)
	TAKE_UNLESS_CLEAN(12)
	TAKE_UNLESS_CLEAN(13)
	TAKE_UNLESS_CLEAN(14)
#undef TAKE_UNLESS_CLEAN
	take_group(page, vmcs12, EVMCS_GROUP_NONE);
	take_enlightenments(page, enlightenments);
}

/* Whether VM exits write to the field. */
#define IS_STORED(encoding)                                                          \
	(FIELD_GET(VMCS_ENCODING_TYPE_MASK, encoding) == VMCS_ENCODING_TYPE_GUEST || \
	 FIELD_GET(VMCS_ENCODING_TYPE_MASK, encoding) == VMCS_ENCODING_TYPE_EXIT ||  \
	 (encoding) == VMCS_entry_intr_info || (encoding) == VMCS_entry_controls)

void evmcs_store(struct evmcs *restrict page, const struct vmcs *restrict vmcs12)
{
#define FIELD(type, member, encoding, access, evmcs, group)     \
	if (IS_STORED(encoding)) {                              \
		PAGE_FIELD(page, type, evmcs) = vmcs12->member; \
	}
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
}

void evmcs_store_error(struct evmcs *page, u32 error)
{
	PAGE_FIELD(page, U32, vmcs_fields[VMCS_INDEX_vm_instruction_error].evmcs) = error;
}
