/* SPDX-License-Identifier: MIT */
/* Overlay pages: one slot for each, in the order of precedence; the first that matches shows. */
#include "hv/overlay.h"

enum {
	SLOT_HYPERCALL,
	SLOT_REFERENCE_TSC,
	SLOT_VP_ASSIST,
};

static u32 slot_of(enum hv_overlay_kind kind, u32 vp)
{
	switch (kind) {
	case HV_OVERLAY_HYPERCALL:
		return SLOT_HYPERCALL;
	case HV_OVERLAY_REFERENCE_TSC:
		return SLOT_REFERENCE_TSC;
	case HV_OVERLAY_VP_ASSIST:
		return vp < HV_VPS_MAX ? SLOT_VP_ASSIST + vp : HV_OVERLAY_SLOTS;
	default:
		return HV_OVERLAY_SLOTS;
	}
}

static struct hv_overlay_view view_of(u32 slot, u64 page)
{
	struct hv_overlay_view view = { .gpa = page, .kind = HV_OVERLAY_NONE };

	if (slot == SLOT_HYPERCALL) {
		view.kind = HV_OVERLAY_HYPERCALL;
	} else if (slot == SLOT_REFERENCE_TSC) {
		view.kind = HV_OVERLAY_REFERENCE_TSC;
	} else if (slot < HV_OVERLAY_SLOTS) {
		view.kind = HV_OVERLAY_VP_ASSIST;
		view.vp = slot - SLOT_VP_ASSIST;
		view.writable = true;
	}
	return view;
}

static u32 first_slot_at(const struct hv_overlays *overlays, u64 page)
{
	u32 slot = 0;

	while (slot < HV_OVERLAY_SLOTS && overlays->gpa[slot] != page) {
		slot++;
	}
	return slot;
}

void hv_overlays_init(struct hv_overlays *overlays)
{
	for (u32 i = 0; i < HV_OVERLAY_SLOTS; i++) {
		overlays->gpa[i] = HV_OVERLAY_OFF;
	}
}

struct hv_overlay_view hv_overlay_at(const struct hv_overlays *overlays, u64 gpa)
{
	u64 page = gpa & PAGE_MASK;

	return view_of(first_slot_at(overlays, page), page);
}

bool hv_overlay_read_only_at(const struct hv_overlays *overlays, u64 gpa)
{
	u64 page = gpa & PAGE_MASK;

	return overlays->gpa[SLOT_HYPERCALL] == page || overlays->gpa[SLOT_REFERENCE_TSC] == page;
}

u32 hv_overlay_move(struct hv_overlays *overlays, enum hv_overlay_kind kind, u32 vp, u64 gpa,
		    struct hv_overlay_view changed[2])
{
	u32 slot = slot_of(kind, vp);
	u64 to = gpa == HV_OVERLAY_OFF ? HV_OVERLAY_OFF : gpa & PAGE_MASK;
	u32 n = 0;
	u64 from;

	if (slot == HV_OVERLAY_SLOTS || overlays->gpa[slot] == to) {
		return 0;
	}
	from = overlays->gpa[slot];
	overlays->gpa[slot] = to;
	/* A page changes only where no overlay of higher precedence hides this one. */
	if (from != HV_OVERLAY_OFF && first_slot_at(overlays, from) > slot) {
		changed[n++] = hv_overlay_at(overlays, from);
	}
	if (to != HV_OVERLAY_OFF && first_slot_at(overlays, to) == slot) {
		changed[n++] = hv_overlay_at(overlays, to);
	}
	return n;
}
