/* SPDX-License-Identifier: MIT */
/*
 * vmcb12 + vmcb01 -> vmcb02: which of L1's wishes reach the hardware, and what Plinth keeps over
 * them. Pure: images in, images out.
 */
#ifndef ARCH_X86_SVM_MERGE_H
#define ARCH_X86_SVM_MERGE_H

#include "arch/x86/svm/spec.h"

/* What of the merge comes from neither VMCB. */
struct svm_merge_env {
	u32 features; /* hardware's CPUID 8000_000A EDX */
	u64 iopm_spa;
	u64 msrpm_spa;
	u64 npt01; /* nCR3 when L2 has no nested paging of its own */
	bool gif;  /* L1's GIF while L2 runs */
};

/*
 * Fills vmcb02's control area, but for guest_asid and n_cr3 under nested paging (the shadow set
 * decides). The save area is L2's already, except g_pat.
 */
void svm_merge(const struct vmcb_control *vmcb12, const struct vmcb *vmcb01,
	       const struct svm_merge_env *env, struct vmcb *vmcb02);

/*
 * MSRPM: the words with MSRs that guests use often; in all others every MSR exits, and L1's map is
 * asked then. `read32` reads L1's map at a byte offset.
 */
void svm_merge_msrpm(const u8 *msrpm01, bool (*read32)(void *ctx, u32 offset, u32 *value),
		     void *ctx, u8 *msrpm02);

#define SVM_NO_MSRPM (~0ull)

/*
 * Whether msrpm02 may stay what it is, with the enlightened MSR bitmap `offered`. `*merged`: the
 * GPA of L1's map that it is the merge of, or SVM_NO_MSRPM if L1 did not promise then to announce
 * what it changes there; updated for the merge that follows a no. `clean`: L1's clean bits,
 * already 0 when they must not count. [TLFS "Enlightened MSR Bitmap"]
 */
bool svm_msrpm_may_stay(const struct vmcb_control *vmcb12, u32 clean, bool offered, u64 *merged);

#endif
