/* SPDX-License-Identifier: MIT */
/*
 * The enlightened VMCS: a page of L1's in the TLFS' layout, between which and vmcs12 the fields
 * travel, by clean field groups. L1's other CPUs may write to the page at any time: each byte is
 * read at most once. It knows neither GPAs nor which page is in use.
 */
#ifndef ARCH_X86_VMX_EVMCS_H
#define ARCH_X86_VMX_EVMCS_H

#include "arch/x86/vmx/vmcs.h"

/* [TLFS "HV_VMX_ENLIGHTENED_VMCS"]; the fields of the VMCS are at the offsets in vmcs_fields.def */
struct evmcs {
	u32 revision;
	u32 abort;
	u8 fields[0x330];
	u32 hv_clean_fields;
	u32 reserved1;
	u32 synthetic_controls;
	u32 enlightenments_control;
	u32 vp_id;
	u32 reserved2;
	u64 vm_id;
	u64 partition_assist_page;
	u8 more_fields[0xa0];
};
ASSERT_SIZE(struct evmcs, 1024);
ASSERT_OFFSET(struct evmcs, abort, 4);
ASSERT_OFFSET(struct evmcs, hv_clean_fields, 0x338);
ASSERT_OFFSET(struct evmcs, synthetic_controls, 0x340);
ASSERT_OFFSET(struct evmcs, enlightenments_control, 0x344);
ASSERT_OFFSET(struct evmcs, vp_id, 0x348);
ASSERT_OFFSET(struct evmcs, vm_id, 0x350);
ASSERT_OFFSET(struct evmcs, partition_assist_page, 0x358);

#define EVMCS_VERSION		   1

#define EVMCS_CLEAN_MSR_BITMAP	   BIT(1)
#define EVMCS_CLEAN_ENLIGHTENMENTS BIT(15)
#define EVMCS_CLEAN_MASK	   GENMASK(15, 0)

/* enlightenments_control */
#define EVMCS_NESTED_FLUSH_HYPERCALL BIT(0)
#define EVMCS_MSR_BITMAP	     BIT(1)

/* What the enlightened VMCS has beside fields of the VMCS. */
struct evmcs_enlightenments {
	u32 synthetic_controls;
	u32 control;
	u32 vp_id;
	u64 vm_id;
	u64 partition_assist_page;
};

static inline u32 evmcs_read_revision(const struct evmcs *page)
{
	return *(const volatile u32 *)&page->revision;
}

static inline u32 evmcs_read_clean(const struct evmcs *page)
{
	return *(const volatile u32 *)&page->hv_clean_fields;
}

/*
 * Whether VM entry accepts the revision: the version, or VMX_BASIC's revision, which Hyper-V
 * writes. If not, the answer is VMfailInvalid. [TLFS "Feature Discovery"]
 */
bool evmcs_revision_ok(u32 revision, u64 vmx_basic);

/*
 * Which of the page's clean fields (bit set: unchanged since the last load) count. vmlaunch: not
 * VMRESUME. same_as_last: vmcs12 still is what the last entry of this VP loaded, from this page.
 * Bit 15 never counts: Linux stores vp_id and the assist page without clearing it.
 * [TLFS "Clean Fields"]
 */
u32 evmcs_effective_clean(u32 clean, bool vmlaunch, bool same_as_last);

/*
 * Loads what `clean`, from evmcs_effective_clean(), says has changed, the fields of no group, and
 * the enlightenments. With `clean` 0 that is every field but the VM-exit information, which is not
 * L1's to set: whoever turns to another page zeroes vmcs12 before.
 */
void evmcs_load(const struct evmcs *page, u32 clean, struct vmcs *vmcs12,
		struct evmcs_enlightenments *enlightenments);

/*
 * At a VM exit: guest state, VM-exit information, and the two controls that an exit changes, which
 * are vm_entry_controls and the event to inject. It reads nothing of the page.
 */
void evmcs_store(struct evmcs *page, const struct vmcs *vmcs12);

/* VMfailValid: the VM-instruction error alone. */
void evmcs_store_error(struct evmcs *page, u32 error);

#endif
