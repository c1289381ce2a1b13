/* SPDX-License-Identifier: MIT */
/*
 * vmcs12 + what Plinth keeps -> vmcs02: which of L1's wishes reach the hardware, and what Plinth
 * keeps over them. Pure: images in, images out. vmcs12 has passed the checks of VM entry.
 */
#ifndef ARCH_X86_VMX_MERGE_H
#define ARCH_X86_VMX_MERGE_H

#include "arch/x86/vmx/caps.h"
#include "arch/x86/vmx/vmcs.h"

/*
 * Sets of clean field groups [TLFS "Clean Fields"] by their bits, where a bit says "changed". The
 * fields of no group have a bit behind the 16, and so has Plinth's own host state. Of the former
 * only RIP and the TPR threshold are written each time: the others have a bit of their own.
 */
#define VMX_GROUP(n)	  BIT(n)
#define VMX_GROUP_NONE	  BIT(EVMCS_GROUP_NONE)
#define VMX_GROUP_HOST	  BIT(EVMCS_GROUP_NONE + 1)
#define VMX_GROUP_RARE	  BIT(EVMCS_GROUP_NONE + 2)
#define VMX_GROUPS_ALL	  GENMASK(EVMCS_GROUP_NONE + 2, 0)
#define VMX_GROUPS_L1HOST (VMX_GROUP(13) | VMX_GROUP(14))

/* What of the merge does not come from vmcs12. */
struct vmx_merge_env {
	/* must: the hardware's and what Plinth wants besides; may: the hardware's */
	struct vmx_ctls pin, primary, secondary, exit, entry;
	u64 cr0_fixed0, cr0_fixed1; /* the hardware's */
	u64 cr4_fixed0, cr4_fixed1;
	u64 cr0_owned, cr4_owned; /* bits that L2 gets only a shadow of, whatever L1 does */
	u32 exceptions;		  /* exits that Plinth wants; with #PF all of them */
	u64 xss_exiting;	  /* XSS bits at which Plinth wants an exit */
	u64 msr_bitmap;		  /* SPA of vmx_merge_msr_bitmap()'s result */
	u64 ept_pointer;	  /* EPTP02, or EPTP01 when L1 uses no EPT for L2 */
	u16 vpid;
	u64 tsc_offset;	    /* L1's own */
	u64 tsc_multiplier; /* L1's own, 48 bits of fraction; 0: it has none */
	u64 efer, pat;	    /* L1's as it executes VM entry */
	u64 dr7, debugctl;  /* L1's as it executes VM entry */
	const u64 *pdptes;  /* 4, at L2's CR3, when L2 pages by PAE without EPT of L1; or NULL */
	const struct vmcs *host; /* its host_* members: Plinth's host state */
};

/*
 * `changed`: groups of vmcs12 that may differ from what the last merge into this vmcs02 saw; all of
 * VMX_GROUPS_ALL the first time and when in doubt. Returns the groups whose fields the hardware's
 * vmcs02 must take from the image: those, the fields of no group, and every group of which a field
 * has become another, be it that L1's own state did, or that Plinth had changed it in vmcs02 for
 * itself. Of L1's host state (13, 14) never any.
 * But with VMX_GROUPS_ALL, the image must be what the hardware has, as the last exit left it: VALID
 * of entry_intr_info clear if the event went in, guest state read back.
 *
 * Left to the caller: activity states (vmcs02 is always active), the MSR-load area of VM entry, and
 * that virtual_apic_address is L1's memory and not a page that Plinth hides. VM entry reads TPR
 * from that page and may fail by what another CPU of L1 writes there meanwhile.
 */
u32 vmx_merge(const struct vmcs *vmcs12, const struct vmx_merge_env *env, u32 changed,
	      struct vmcs *vmcs02);

/*
 * The MSR bitmap: the words with MSRs that guests use often; in all others every MSR exits, and
 * L1's bitmap is asked then. bitmap02 is all ones at first. `read64` reads L1's at a byte offset.
 */
void vmx_merge_msr_bitmap(const u8 *bitmap01, bool (*read64)(void *ctx, u32 offset, u64 *value),
			  void *ctx, u8 *bitmap02);

#endif
