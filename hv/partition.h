/* SPDX-License-Identifier: MIT */
/*
 * State of the Hyper-V interface: what the partition shares and what each VP has for itself.
 *
 * Partition state is read by every CPU and written only by hv_msr_write and hv_partition_reset: the
 * shell holds one lock around those two (and around carrying out their effects, so that overlays
 * appear in order). Reads need no lock: each is one aligned 64-bit load of a value that is valid
 * at any time. A VP's state is touched by its own CPU only.
 */
#ifndef HV_PARTITION_H
#define HV_PARTITION_H

#include "hv/overlay.h"
#include "hv/policy.h"
#include "hv/ref_time.h"

struct hv_partition {
	const struct hv_policy *policy;	    /* (b) constant after init */
	const struct hv_platform *platform; /* (b) */
	struct vp_set vps;		    /* (b) the VPs that exist */
	struct hv_ref_time clock;	    /* (b) */
	u64 guest_os_id;		    /* [shell's lock] from here on */
	u64 hypercall;
	u64 reference_tsc;
	u64 tsc_invariant_control;
	u64 crash_p[HV_CRASH_PARAMETERS];
	struct hv_overlays overlays;
};

struct hv_vp {
	u32 index;
	u64 vp_assist; /* HV_X64_MSR_VP_ASSIST_PAGE */
	/* Hypercall input of the current call; an effect's list points into it. */
	u64 input[PAGE_SIZE / sizeof(u64)];
};

/* `policy` and `platform` outlive the partition; `tsc`: the moment that is reference time 0. */
void hv_partition_init(struct hv_partition *partition, const struct hv_policy *policy,
		       const struct hv_platform *platform, u64 tsc);
void hv_vp_init(struct hv_vp *vp, u32 index);

/*
 * System reset: every register back to its first value, the lock bit too; the reference time goes
 * on. The shell has taken all overlays away; it calls hv_vp_init for each VP.
 */
void hv_partition_reset(struct hv_partition *partition);

/* GPA of the VP's assist page, or HV_OVERLAY_OFF. */
static inline u64 hv_vp_assist_gpa(const struct hv_vp *vp)
{
	return (vp->vp_assist & HV_OVERLAY_MSR_ENABLE) ? vp->vp_assist & HV_OVERLAY_MSR_GPFN
						       : HV_OVERLAY_OFF;
}

/* 4096 bytes of hypercall page: ENDBR64, the hypercall instruction, RET, then INT3. */
void hv_hypercall_page_fill(const struct hv_platform *platform, void *page);

#endif
