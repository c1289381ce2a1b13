/* SPDX-License-Identifier: MIT */
/*
 * The shadow that L2 runs on, filled page by page: what L1's nested tables say of a page, composed
 * with where L1's own map has it. Both together decide rights and size, so the shadow never shows
 * more than L1 itself can reach. It knows no vendor (the format says which bits) and touches no
 * memory but the shadow's pool.
 */
#ifndef ARCH_X86_SLAT02_H
#define ARCH_X86_SLAT02_H

#include "mm/guest_walk.h"
#include "mm/pagetable.h"
#include "mm/shadow_slat.h"

/* What a shadow is made for and from. */
struct slat02_env {
	const struct pt_format *format;			  /* of its entries */
	bool (*lookup)(u64 gpa, struct pt_mapping *mine); /* slat01_lookup() */
	bool (*demand_map)(u64 gpa);			  /* slat01_demand_map() */
};

enum slat02_result {
	SLAT02_FILLED, /* the shadow, or L1's own map, has the page now: run again */
	SLAT02_KEPT,   /* L1's tables allow it, but the page is one that Plinth keeps or has not */
	SLAT02_FULL,   /* not even an empty pool could hold it */
};

/*
 * The set of a nested root of L1's that is known by nothing else. The debt of a set (its bit of
 * flush_owed): the hardware may remember what is no more, under the physical address of its root. A
 * set that has just begun owes that as one that was dropped: the page of its root may have been
 * another one's root. What sets owe that are not entered harms nobody: so each pays for itself,
 * before its own next entry.
 */
u32 slat02_select(struct slat *slat, u64 root12);
/* Whether the set owes a flush of all that is known under its root; asked by who pays, at once. */
bool slat02_take_debt(struct slat *slat, u32 set);
/* Drops what is known of a nested root of L1's. */
void slat02_drop_root(struct slat *slat, u64 root12);

/*
 * Puts the page at l2gpa into `set`, for an access that needs the rights `needed` (PT_READ,
 * PT_WRITE, PT_EXEC). *walk is of L1's tables at l2gpa, ended with OK, and its perms are those that
 * the page may have now.
 */
enum slat02_result slat02_fill(const struct slat02_env *env, struct slat *slat, u32 set, u64 l2gpa,
			       const struct guest_walk_result *walk, u32 needed);

/* What the shadow makes of l2gpa; false: it does not have it, which says nothing of L1's tables. */
static inline bool slat02_translate(const struct slat *slat, u32 set, u64 l2gpa, u64 *gpa)
{
	u64 size = 0;
	u64 entry = slat->sets[set].used ? slat_lookup(slat, set, L2GPA(l2gpa), &size) : 0;

	if (unlikely(!entry)) {
		return false;
	}
	*gpa = (entry & GENMASK(51, 12) & ~(size - 1)) | (l2gpa & (size - 1));
	return true;
}

#endif
