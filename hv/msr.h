/* SPDX-License-Identifier: MIT */
/*
 * The synthetic MSRs, by the rows of hv/msrs.def: who may read and write which, what a write
 * changes. What a write makes the machine do comes out as struct hv_effects.
 */
#ifndef HV_MSR_H
#define HV_MSR_H

#include "hv/partition.h"

enum hv_msr_result {
	HV_MSR_OK,
	HV_MSR_GP,	/* a register of the TLFS, but refused: #GP(0) */
	HV_MSR_UNKNOWN, /* not a register of the TLFS; the shell's own policy (#GP) */
	HV_MSR_APIC,	/* alias of the local APIC register of hv_msr_apic_alias() */
};

/* What the shell has to do after a write that returned HV_MSR_OK. All zero: nothing. */
struct hv_effects {
	u32 pages;			/* how many of page[] count */
	struct hv_overlay_view page[2]; /* pages that show something else now, and what */
	bool vp_assist;			/* this VP's assist page moved: hv_vp_assist_gpa() */
	bool tsc_invariant;		/* partition->tsc_invariant_control was written */
	bool reset;			/* L1 asks for a reset of its machine */
	bool crash;			/* L1 reports its crash: partition->crash_p */
	u64 crash_gpa;			/* text of the report, within the GPA space but not */
	u32 crash_length;		/* checked to be RAM; 0: none; at most 4096 */
};

/*
 * `tsc`: the TSC by which L1 reads the reference TSC page. The shell gets HV_MSR_APIC only when
 * platform->apic_msrs; it then acts as if L1 had read the x2APIC MSR hv_msr_apic_alias(msr).
 */
enum hv_msr_result hv_msr_read(const struct hv_partition *partition, const struct hv_vp *vp,
			       u64 tsc, u32 msr, u64 *value);

/*
 * Under the partition's lock. `effects` is always filled in. With HV_MSR_APIC the shell acts as if
 * L1 had written `value` to the x2APIC MSR (to EOI: 0 instead of the value).
 */
enum hv_msr_result hv_msr_write(struct hv_partition *partition, struct hv_vp *vp, u32 msr,
				u64 value, struct hv_effects *effects);

/* 0x80B for EOI, 0x830 for ICR, 0x808 for TPR, 0 for others. */
u32 hv_msr_apic_alias(u32 msr);

/* Name for logs and traces; NULL when not in hv/msrs.def. */
const char *hv_msr_name(u32 msr);

#endif
