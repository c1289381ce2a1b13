/* SPDX-License-Identifier: MIT */
/*
 * L2's nested paging: EPT12 walked, composed with EPT01 into the shadow sets (EPT02), and what L1
 * is told when EPT12 does not allow an access. A set belongs to an EP4TA of L1's; VPIDs have no
 * part in it. Without EPT in vmcs12, L2 runs on EPT01 itself.
 *
 * It executes no instruction of VMX: who enters L2 writes what ept_select() returns into vmcs02,
 * and pays what ept_take_flush() says.
 */
#ifndef ARCH_X86_VMX_EPT_H
#define ARCH_X86_VMX_EPT_H

#include "arch/x86/vmx/vmx.h"
#include "mm/guest_walk.h"

#define EPTP_EP4TA GENMASK(51, 12)

/* An exit of L2 for its EPT: as the hardware has it, then as L1 shall see it. */
struct ept_fault {
	u32 reason; /* EXIT_REASON_EPT_VIOLATION or EXIT_REASON_EPT_MISCONFIG */
	u64 qualification;
	u64 l2gpa;
	u64 gpa; /* set for EPT_EMULATE: what EPT12 makes of l2gpa */
};

enum ept_result {
	EPT_FILLED,  /* the shadow has the page now: run again */
	EPT_REFLECT, /* L1's to see: reason and qualification are made L1's */
	EPT_EMULATE, /* EPT12 allows it, but the page is one that Plinth keeps or has not */
};

/* The pure part */

_Static_assert(EPT_QUAL_READ == PT_READ && EPT_QUAL_WRITE == PT_WRITE && EPT_QUAL_FETCH == PT_EXEC,
	       "an exit qualification asks for rights as the walker has them");
_Static_assert(EPT_QUAL_READABLE == PT_READ << 3 && EPT_QUAL_WRITABLE == PT_WRITE << 3 &&
		       EPT_QUAL_EXECUTABLE == PT_EXEC << 3,
	       "and tells of them likewise");

/* The rights that an access needed, PT_*. */
static inline u32 ept_needed(u64 qualification)
{
	u32 needed = low32(qualification) & PT_RWX;

	return needed ? needed : PT_READ;
}

/*
 * [SDM "Exit Qualification for EPT Violations"] as a machine with EPT12 would have it: the access
 * and its circumstances are the hardware's, the rights are EPT12's. Bits that belong to what L1 is
 * not offered are 0.
 */
static inline u64 ept_reflect_qualification(u64 hw, u32 perms12)
{
	u64 keep = EPT_QUAL_READ | EPT_QUAL_WRITE | EPT_QUAL_FETCH | EPT_QUAL_GLA_VALID |
		   EPT_QUAL_NMI_UNBLOCKING;

	if (hw & EPT_QUAL_GLA_VALID) {
		keep |= EPT_QUAL_FINAL; /* undefined without a linear address */
	}
	return (hw & keep) | (u64)(perms12 & PT_RWX) << 3;
}

/*
 * Turns *fault into what a walk of EPT12 came to, unless that was OK; returns whether it did. Where
 * L1 has no memory it reads ones, and an entry of ones is misconfigured.
 */
static inline bool ept_reflect(enum guest_walk_status status, const struct guest_walk_result *walk,
			       struct ept_fault *fault)
{
	if (status == GUEST_WALK_OK) {
		return false;
	}
	if (status == GUEST_WALK_FAULT) {
		fault->reason = EXIT_REASON_EPT_VIOLATION;
		fault->qualification = ept_reflect_qualification(fault->qualification, walk->perms);
	} else {
		fault->reason = EXIT_REASON_EPT_MISCONFIG;
		fault->qualification = 0;
	}
	return true;
}

/* GUEST_PAGING_* of a processor with this IA32_VMX_EPT_VPID_CAP. */
static inline u8 ept_walk_model(u64 ept_vpid_cap)
{
	return (u8)((ept_vpid_cap & EPT_CAP_1G ? 0 : GUEST_PAGING_NO_1G) |
		    (ept_vpid_cap & EPT_CAP_2M ? 0 : GUEST_PAGING_NO_2M) |
		    (ept_vpid_cap & EPT_CAP_EXEC_ONLY ? GUEST_PAGING_EXEC_ONLY : 0));
}

/* An EPTP of Plinth's own: four levels, write-back, no accessed and dirty bits. */
static inline u64 ept_pointer(u64 root_spa)
{
	return root_spa | FIELD_PREP(EPTP_MEMTYPE_MASK, EPTP_MEMTYPE_WB) |
	       FIELD_PREP(EPTP_WALK_MASK, EPTP_WALK_4);
}

/* Whether L2 runs with nested paging: the controls of vmcs12. */
static inline bool ept12_is_on(const struct vmx_vcpu *x)
{
	return (x->vmcs12.primary_controls & PROC_SECONDARY) &&
	       (x->vmcs12.secondary_controls & PROC2_EPT);
}

/* The rest is ept.c's. */

/*
 * The EPTP for the next entry to L2, by vmcs12; x->set is the set behind it. Call it before each
 * entry: the set may have been dropped since the last one.
 */
u64 ept_select(struct vmx_vcpu *x);
/*
 * Asked once before each entry to L2, after ept_select(): true if the hardware may still know
 * something under that EPTP that is no more. Then an INVEPT of it, single-context (or of all, where
 * the CPU has no other), has to come before the entry. EPT01 is vmx_vcpu.tlb_flush's business.
 */
bool ept_take_flush(struct vmx_vcpu *x);

/*
 * An EPT violation or misconfiguration of L2. After EPT_FILLED the caller owes L2 what the exit
 * took from it: an event in the IDT-vectoring information, and blocking by NMI if the qualification
 * has EPT_QUAL_NMI_UNBLOCKING. The hardware forgot the page by the exit itself: no INVEPT for it.
 */
enum ept_result ept_l2_fault(struct vmx_vcpu *x, struct ept_fault *fault);
/* What L1's tables make of an L2 GPA, whatever the rights; false: nothing. */
bool ept_l2_translate(struct vmx_vcpu *x, u64 l2gpa, u64 *gpa);

/* L1's INVEPT of one EPTP (its bits outside EPTP_EP4TA do not count), and of all. */
void ept_invept_single(struct vmx_vcpu *x, u64 eptp12);
void ept_invept_all(struct vmx_vcpu *x);

#endif
