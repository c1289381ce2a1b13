/* SPDX-License-Identifier: MIT */
/*
 * The mapper: one for every page-table format. It owns the order of stores: whatever CPU walks the
 * tables meanwhile sees each address translated as before or as asked, nothing else. It knows no
 * TLB: after taking something away, or changing it, the caller flushes. Tables are never freed, so
 * nothing is owed for them.
 */
#ifndef MM_PAGETABLE_H
#define MM_PAGETABLE_H

#include "lib/err.h"
#include "mm/pt_format.h"

#define PT_NO_PAGE (~0ull)

/* How the mapper reaches tables. Physical addresses are the machine's. */
struct pt_ops {
	u64 *(*table)(void *ctx, u64 pa); /* the 512 entries of the table at pa; never NULL */
	u64 (*alloc)(void *ctx);	  /* a zeroed page's address, or PT_NO_PAGE */
};

/*
 * One set of tables of a format with 8-byte entries. The root is a zeroed page of the caller's. One
 * writer at a time is the caller's to ensure; walkers need no lock.
 */
struct pt {
	const struct pt_format *format;
	const struct pt_ops *ops;
	void *ctx;
	u64 root;
	u8 max_level; /* the largest leaf the CPU takes: PT_LEVEL_2M or PT_LEVEL_1G */
};

struct pt_mapping {
	u64 pa;	   /* of va itself, not of its page */
	u64 entry; /* the leaf as it stands */
	u64 page_size;
	u32 attr; /* PT_ATTR() */
	u8 level;
};

/*
 * Maps [va, va + len) to pa on with the attributes PT_ATTR(perms, memtype), replacing what is
 * there, with the largest pages that alignment, pt->max_level and max_level (PT_LEVEL_*) allow and
 * where no table stands already. All three are multiples of 4 KiB. Returns 0; -EINVAL_ (alignment,
 * attributes without PT_READ); -ERANGE_ (beyond the format's addresses); -ENOMEM_: a first part is
 * mapped, the rest is as it was, and the call may be repeated.
 */
int pt_map(const struct pt *pt, u64 va, u64 pa, u64 len, u32 attr, unsigned int max_level);

/* Removes what maps [va, va + len), splitting pages that reach beyond. Errors as pt_map(). */
int pt_unmap(const struct pt *pt, u64 va, u64 len);

/*
 * Makes the page that maps va no larger than level, without changing what any address translates
 * to. Returns 0; -ENOENT_ (not mapped); -EINVAL_, -ERANGE_; -ENOMEM_ (unchanged, or split in part).
 */
int pt_split(const struct pt *pt, u64 va, unsigned int level);

/* What va translates to. Returns 0, -ENOENT_ or -ERANGE_. */
int pt_lookup(const struct pt *pt, u64 va, struct pt_mapping *out);

#endif
