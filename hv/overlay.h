/* SPDX-License-Identifier: MIT */
/*
 * Bookkeeping of overlay pages: which of the partition's GPA pages show something other than what
 * is mapped there. Decides what a page shows when overlays meet; knows no page table and no
 * contents. What no overlay covers shows the partition's own memory again.
 *
 * Where overlays meet on one page: the hypercall page, then the reference TSC page, then the VP
 * assist page of the lowest VP. [TLFS "Establishing the Hypercall Interface"] leaves it undefined.
 */
#ifndef HV_OVERLAY_H
#define HV_OVERLAY_H

#include "hv/vp_set.h"

enum hv_overlay_kind {
	HV_OVERLAY_NONE,	  /* the partition's own memory, or whatever is mapped there */
	HV_OVERLAY_HYPERCALL,	  /* read and execute; a write is #GP */
	HV_OVERLAY_REFERENCE_TSC, /* read only; a write is #GP */
	HV_OVERLAY_VP_ASSIST,	  /* read and write, one for each VP */
};

struct hv_overlay_view {
	u64 gpa; /* of the page */
	enum hv_overlay_kind kind;
	u32 vp;	       /* with HV_OVERLAY_VP_ASSIST: whose */
	bool writable; /* meaningless with HV_OVERLAY_NONE */
};

#define HV_OVERLAY_SLOTS (2 + HV_VPS_MAX)
#define HV_OVERLAY_OFF	 (~0ull) /* no page has this address */

struct hv_overlays {
	u64 gpa[HV_OVERLAY_SLOTS]; /* by precedence; HV_OVERLAY_OFF when disabled */
};

void hv_overlays_init(struct hv_overlays *overlays);

/* What the page of `gpa` shows. */
struct hv_overlay_view hv_overlay_at(const struct hv_overlays *overlays, u64 gpa);

/* As hv_overlay_at(...).kind, but only for the two kinds whose contents are not plain memory. */
bool hv_overlay_read_only_at(const struct hv_overlays *overlays, u64 gpa);

/*
 * Moves the overlay to the page `gpa`, or takes it away with HV_OVERLAY_OFF. `vp` counts for
 * HV_OVERLAY_VP_ASSIST only. Returns how many pages (0, 1 or 2) show something else than before;
 * each is in `changed` with what it shows now.
 */
u32 hv_overlay_move(struct hv_overlays *overlays, enum hv_overlay_kind kind, u32 vp, u64 gpa,
		    struct hv_overlay_view changed[2]);

#endif
