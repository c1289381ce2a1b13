/* SPDX-License-Identifier: MIT */
/* The composition of two translations into one leaf of the shadow. */
#include "arch/x86/slat02.h"

u32 slat02_select(struct slat *slat, u64 root12)
{
	struct slat_tag tag = { .root = root12 };
	u32 set = slat_select(slat, &tag);

	if (slat->sets[set].pages == 1) {
		slat->flush_owed |= BIT(set);
	}
	return set;
}

bool slat02_take_debt(struct slat *slat, u32 set)
{
	bool is_owed = slat->flush_owed & BIT(set);

	slat->flush_owed &= ~BIT(set);
	return is_owed;
}

void slat02_drop_root(struct slat *slat, u64 root12)
{
	for (u32 i = 0; i < SLAT_SETS; i++) {
		if (slat->sets[i].used && slat->sets[i].tag.root == root12) {
			slat_drop_set(slat, i);
		}
	}
}

/* The largest page that both have whole; 32-bit nested tables have 4 MiB, which no shadow has. */
static u64 common_size(const struct guest_walk_result *walk, const struct pt_mapping *mine)
{
	u64 size = MIN(BIT(walk->page_shift), mine->page_size);

	return size > MIB(2) && size < GIB(1) ? MIB(2) : size;
}

/* The leaf's bits but for address and size: rights of both, and the memory type that L1 wants. */
static u64 compose(const struct pt_format *format, const struct guest_walk_result *walk,
		   const struct pt_mapping *mine)
{
	u32 perms = walk->perms & mine->attr & PT_RWX;
	u64 bits = pt_make_leaf(format, PT_LEVEL_4K, 0, PT_ATTR(perms | PT_USER, PT_WB));

	return (bits & ~format->shadow_memtype) | (walk->entry & format->shadow_memtype);
}

enum slat02_result slat02_fill(const struct slat02_env *env, struct slat *slat, u32 set, u64 l2gpa,
			       const struct guest_walk_result *walk, u32 needed)
{
	const struct pt_format *format = env->format;
	struct pt_mapping mine;
	u64 size;

	if (!env->lookup(walk->gpa, &mine)) {
		return env->demand_map(walk->gpa) ? SLAT02_FILLED : SLAT02_KEPT;
	}
	if (needed & ~mine.attr & PT_RWX) {
		return SLAT02_KEPT;
	}
	size = common_size(walk, &mine);
	return slat_map(slat, set, L2GPA(ALIGN_DOWN(l2gpa, size)), SPA(ALIGN_DOWN(mine.pa, size)),
			size, compose(format, walk, &mine), format->table, format->large)
		       ? SLAT02_FILLED
		       : SLAT02_FULL;
}
