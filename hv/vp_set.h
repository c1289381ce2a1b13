/* SPDX-License-Identifier: MIT */
/*
 * A set of virtual processors of the partition. The plain processor mask, the sparse set and the
 * "all" format of a hypercall's input meet here before any handler; what names a VP that does not
 * exist is dropped at the door. Knows nothing of what is done to the VPs.
 */
#ifndef HV_VP_SET_H
#define HV_VP_SET_H

#include "hv/tlfs.h"

#define HV_VPS_MAX   64u
#define VP_SET_BANKS (HV_VPS_MAX / HV_VP_SET_BANK_SIZE)

struct vp_set {
	u64 bank[VP_SET_BANKS]; /* bit i of bank[b]: VP b * 64 + i */
};

/* The VPs 0 to vps-1. `vps` above HV_VPS_MAX counts as HV_VPS_MAX. */
struct vp_set vp_set_first(u32 vps);

bool vp_set_empty(const struct vp_set *set);
bool vp_set_has(const struct vp_set *set, u32 vp);
void vp_set_add(struct vp_set *set, u32 vp); /* a VP index of HV_VPS_MAX and above is ignored */
void vp_set_remove(struct vp_set *set, u32 vp);
u32 vp_set_count(const struct vp_set *set);

/* The smallest member that is at least `from`, or HV_VPS_MAX. */
u32 vp_set_next(const struct vp_set *set, u32 from);

#define vp_set_for_each(vp, set) \
	for ((vp) = vp_set_next((set), 0); (vp) < HV_VPS_MAX; (vp) = vp_set_next((set), (vp) + 1))

/*
 * Processor mask of the plain calls: bit i is VP i. Members of `existing` only. A mask of 0 without
 * HV_FLUSH_ALL_PROCESSORS is the caller's matter (hv/flush.c).
 */
struct vp_set vp_set_from_mask(u64 mask, const struct vp_set *existing);

/*
 * HV_VP_SET: `head` and the `count` bank contents that the variable header carried.
 * HV_STATUS_INVALID_HYPERCALL_INPUT when `count` is not the number of valid banks, also in format
 * "all"; HV_STATUS_INVALID_PARAMETER for a format that is neither 0 nor 1. [TLFS "HV_VP_SET"]
 */
u16 vp_set_from_hv_vp_set(const struct hv_vp_set *head, const u64 *contents, u32 count,
			  const struct vp_set *existing, struct vp_set *out);

#endif
