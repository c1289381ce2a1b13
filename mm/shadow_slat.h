/* SPDX-License-Identifier: MIT */
/*
 * The shadow second-level tables of one VP: what the hardware walks while L2 runs, composed lazily
 * from L1's nested tables. They are the VP's virtual TLB, so they belong to the VP alone as a TLB
 * belongs to a CPU: no lock, no shootdown. A set is found by (ASID or VPID, nested root, role) as
 * L1 gave them; a new tag finds nothing cached. Pages come from a fixed pool: when it is empty the
 * set used longest ago is dropped whole. The caller owes the hardware a flush after each drop.
 *
 * Knows the table's geometry, but no vendor: bits come ready made in `flags`.
 */
#ifndef MM_SHADOW_SLAT_H
#define MM_SHADOW_SLAT_H

#include "mm/addr.h"

#define SLAT_SETS 8

struct slat_tag {
	u64 root; /* L1's nested root */
	u32 asid;
	u32 role; /* whatever else of L1's state changes the composition */
};

struct slat_set {
	struct slat_tag tag;
	bool used;
	u64 last_use;
	u32 first_page; /* list of its table pages, root first; SLAT_NO_PAGE ends it */
	u32 last_page;
	u32 pages;
};

struct slat {
	u8 *pool; /* page-aligned, of `pages` pages */
	u64 pool_spa;
	u32 *next; /* one link for each pool page */
	u32 pages;
	u32 free_head;
	u32 free_pages;
	u64 clock;
	u64 flush_owed; /* bit n: set n was dropped, the hardware may remember it */
	u64 recycled;	/* sets dropped because the pool was empty */
	struct slat_set sets[SLAT_SETS];
};

/* `pool` has `pages` >= 8 pages at physical address pool_spa; `next` has room for a u32 each. */
void slat_init(struct slat *s, void *pool, u64 pool_spa, u32 *next, u32 pages);
/* The set of a tag, made empty if it is not there; its index is stable until it is dropped. */
u32 slat_select(struct slat *s, const struct slat_tag *tag);
u64 slat_root_spa(const struct slat *s, u32 set);
/*
 * Maps `size` (4 KiB, 2 MiB, 1 GiB) at `l2gpa` to `spa`, both aligned to size. `table_flags` goes
 * into every table entry, `flags` (with the page size bit where it applies: `large_flag`) into the
 * leaf. An older leaf or table in the way is replaced. False: not even an empty pool could hold it.
 */
bool slat_map(struct slat *s, u32 set, l2gpa_t l2gpa, spa_t spa, u64 size, u64 flags,
	      u64 table_flags, u64 large_flag);
/* The leaf entry that covers l2gpa, and its size; 0 when there is none. */
u64 slat_lookup(const struct slat *s, u32 set, l2gpa_t l2gpa, u64 *size);
void slat_drop_set(struct slat *s, u32 set);
void slat_drop_asid(struct slat *s, u32 asid);
void slat_drop_all(struct slat *s);

#endif
