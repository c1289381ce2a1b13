/* SPDX-License-Identifier: MIT */
/* The merge of vmcb12 and vmcb01. */
#include "arch/x86/svm/merge.h"

#include "arch/x86/svm/entry_checks.h"
#include "lib/string.h"

/* L2 exits for these whatever L1 wants: Plinth's kick, its policies, and instructions of SVM. */
#define L0_MISC1                                                                                 \
	(INTERCEPT_NMI | INTERCEPT_INIT | INTERCEPT_CPUID | INTERCEPT_INVD | INTERCEPT_INVLPGA | \
	 INTERCEPT_IOIO_PROT | INTERCEPT_MSR_PROT | INTERCEPT_SHUTDOWN)
#define L0_MISC2                                                                     \
	(INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE | \
	 INTERCEPT_SKINIT)
#define L0_GIF (INTERCEPT_STGI | INTERCEPT_CLGI)

/* What of L1's virtual interrupt control is L2's; AVIC and virtual NMI are never offered. */
#define INT_CTL_L2 \
	(V_TPR_MASK | V_IRQ | V_INTR_PRIO_MASK | V_IGN_TPR | V_INTR_MASKING | V_INTR_VECTOR_MASK)

static u64 merge_int_ctl(const struct vmcb_control *vmcb12, const struct svm_merge_env *env)
{
	u64 value = vmcb12->int_ctl & INT_CTL_L2;

	if (env->features & SVM_FEATURE_VGIF) {
		value |= vmcb12->int_ctl & (V_GIF | V_GIF_ENABLE);
	}
	/* L2 itself cleared GIF: hold physical interrupts as for L1 (svm_set_gif). */
	return env->gif ? value : value | V_INTR_MASKING;
}

void svm_merge(const struct vmcb_control *vmcb12, const struct vmcb *vmcb01,
	       const struct svm_merge_env *env, struct vmcb *vmcb02)
{
	struct vmcb_control *c = &vmcb02->control;
	bool vgif = (env->features & SVM_FEATURE_VGIF) && (vmcb12->int_ctl & V_GIF_ENABLE);

	c->intercept_cr = vmcb12->intercept_cr;
	c->intercept_dr = vmcb12->intercept_dr;
	c->intercept_exceptions = vmcb12->intercept_exceptions;
	c->intercept_misc1 = vmcb12->intercept_misc1 | (u32)L0_MISC1;
	c->intercept_misc2 = vmcb12->intercept_misc2 | (u32)L0_MISC2 | (vgif ? 0 : (u32)L0_GIF);
	c->intercept_misc3 = vmcb12->intercept_misc3;
	c->pause_filter_threshold = vmcb12->pause_filter_threshold;
	c->pause_filter_count = vmcb12->pause_filter_count;
	c->iopm_base_pa = env->iopm_spa;
	c->msrpm_base_pa = env->msrpm_spa;
	c->tsc_offset = vmcb12->tsc_offset + vmcb01->control.tsc_offset;
	c->int_ctl = merge_int_ctl(vmcb12, env);
	c->interrupt_shadow = vmcb12->interrupt_shadow & (INTERRUPT_SHADOW | GUEST_INTERRUPT_MASK);
	c->eventinj = svm_eventinj_constrain(vmcb12->eventinj);
	c->exitintinfo = 0; /* of the last run: no exit before this entry may reflect it */
	c->np_enable = NP_ENABLE;
	c->virt_ext = 0;
	c->nrip = vmcb12->nrip;
	if (!(vmcb12->np_enable & NP_ENABLE)) {
		/* Without nested paging L2 has L1's PAT. [APM "Combining Memory Types, MTRRs"] */
		vmcb02->save.g_pat = vmcb01->save.g_pat;
		c->n_cr3 = env->npt01;
	}
}

/* Byte offsets of the 32-bit words with an MSR that Plinth lets through and guests use often. */
static const u32 shared_words[] = {
	0x004, /* 00h..: TSC */
	0x010, /* 40h: SPEC_CTRL, PRED_CMD */
	0x05c, /* 170h: SYSENTER */
	0x820, /* C000_0080h: EFER (never), STAR, LSTAR, CSTAR, SFMASK */
	0x840, /* C000_0100h: FS, GS, KERNEL_GS base, TSC_AUX */
};

void svm_merge_msrpm(const u8 *msrpm01, bool (*read32)(void *ctx, u32 offset, u32 *value),
		     void *ctx, u8 *msrpm02)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(shared_words); i++) {
		u32 offset = shared_words[i];
		u32 mine, theirs = ~0u;

		memcpy(&mine, msrpm01 + offset, sizeof(mine));
		if (mine != ~0u && !read32(ctx, offset, &theirs)) {
			theirs = ~0u;
		}
		mine |= theirs;
		memcpy(msrpm02 + offset, &mine, sizeof(mine));
	}
}

bool svm_msrpm_may_stay(const struct vmcb_control *vmcb12, u32 clean, bool offered, u64 *merged)
{
	u64 before = *merged;

	*merged = SVM_NO_MSRPM;
	if (offered && (vmcb12->intercept_misc1 & INTERCEPT_MSR_PROT) &&
	    (vmcb12->hv_enlightenments_control & ENLIGHTENED_MSR_BITMAP)) {
		*merged = vmcb12->msrpm_base_pa & PAGE_MASK;
	}
	return (clean & CLEAN_ENLIGHTENMENTS) && *merged != SVM_NO_MSRPM && *merged == before;
}
