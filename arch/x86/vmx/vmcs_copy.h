/* SPDX-License-Identifier: MIT */
/*
 * State that travels between two VMCS images as it is, in spans of members that stand together in
 * vmcs_fields.def. For the merge and for the reflection.
 */
#ifndef ARCH_X86_VMX_VMCS_COPY_H
#define ARCH_X86_VMX_VMCS_COPY_H

#include "arch/x86/vmx/vmcs.h"
#include "lib/string.h"

#define VMCS_SPAN_SIZE(first, last)                                       \
	(offsetof(struct vmcs, last) + sizeof(((struct vmcs *)0)->last) - \
	 offsetof(struct vmcs, first))
#define VMCS_COPY_SPAN(to, from, first, last)             \
	memcpy((u8 *)(to) + offsetof(struct vmcs, first), \
	       (const u8 *)(from) + offsetof(struct vmcs, first), VMCS_SPAN_SIZE(first, last))

/* A row between two of a span would be copied unasked. */
_Static_assert(VMCS_SPAN_SIZE(guest_es_selector, guest_tr_selector) == 8 * 2, "selectors");
_Static_assert(VMCS_SPAN_SIZE(guest_es_limit, guest_tr_access_rights) == 18 * 4, "limits");
_Static_assert(VMCS_SPAN_SIZE(guest_es_base, guest_idtr_base) == 10 * 8, "bases");
_Static_assert(VMCS_SPAN_SIZE(guest_pdpte0, guest_pdpte3) == 4 * 8, "PDPTEs");
_Static_assert(VMCS_SPAN_SIZE(cr3_target0, cr3_target3) == 4 * 8, "CR3 targets");
_Static_assert(VMCS_SPAN_SIZE(host_es_selector, host_tr_selector) == 7 * 2, "host selectors");
_Static_assert(VMCS_SPAN_SIZE(host_pat, host_efer) == 2 * 8, "host MSRs");
_Static_assert(VMCS_SPAN_SIZE(host_cr0, host_rip) == 12 * 8, "host registers");

/* Clean field group 12: segments and descriptor tables of the guest. */
static inline void vmcs_copy_segments(struct vmcs *to, const struct vmcs *from)
{
	VMCS_COPY_SPAN(to, from, guest_es_selector, guest_tr_selector);
	VMCS_COPY_SPAN(to, from, guest_es_limit, guest_tr_access_rights);
	VMCS_COPY_SPAN(to, from, guest_es_base, guest_idtr_base);
}

static inline void vmcs_copy_host(struct vmcs *to, const struct vmcs *from)
{
	VMCS_COPY_SPAN(to, from, host_es_selector, host_tr_selector);
	VMCS_COPY_SPAN(to, from, host_pat, host_efer);
	to->host_sysenter_cs = from->host_sysenter_cs;
	VMCS_COPY_SPAN(to, from, host_cr0, host_rip);
}

/* The secondary controls count only when they are activated. [SDM "Checks on VMX Controls"] */
static inline u32 vmcs_secondary(const struct vmcs *vmcs)
{
	return vmcs->primary_controls & PROC_SECONDARY ? vmcs->secondary_controls : 0;
}

#endif
