/* SPDX-License-Identifier: MIT */
/*
 * The mapper. It walks down from the root for every page it touches and keeps nothing in between;
 * an entry changes by one aligned 8-byte store, and a table is filled before it is linked.
 */
#include "mm/pagetable.h"

#define PT_ENTRIES 512u

/*
 * Pairs with the CPUs' walks, which follow an entry only after they read it: on x86 stores are seen
 * in order, so release keeps the compiler from moving a table's contents behind its link.
 */
static void store_entry(u64 *entry, u64 value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static bool is_translatable(const struct pt_format *format, u64 va)
{
	u64 above = va >> (format->va_bits - 1);

	if (format->canonical) {
		return above == 0 || above == ~0ull >> (format->va_bits - 1);
	}
	return above <= 1;
}

/* Whether [va, va + len) is aligned, does not wrap and crosses no hole; len is not 0. */
static int check_range(const struct pt *pt, u64 va, u64 len)
{
	u64 last = va + len - 1;

	if (!IS_ALIGNED(va | len, PAGE_SIZE)) {
		return -EINVAL_;
	}
	if (last < va || !is_translatable(pt->format, va) || !is_translatable(pt->format, last)) {
		return -ERANGE_;
	}
	/* both ends canonical with a hole between them: they differ in the sign */
	return (va ^ last) >> 63 ? -ERANGE_ : 0;
}

static u64 *entry_at(const struct pt *pt, u64 table, u64 va, unsigned int level)
{
	return &pt->ops->table(pt->ctx, table)[pt_index(pt->format, va, level)];
}

/*
 * The entry for va at the highest level, but not below `level`, where the tables end: a leaf, an
 * absent entry, or anything at `level` itself. *found says which level that is.
 */
static u64 *find_entry(const struct pt *pt, u64 va, unsigned int level, unsigned int *found)
{
	unsigned int at = pt->format->levels;
	u64 table = pt->root;

	for (;;) {
		u64 *entry = entry_at(pt, table, va, at);

		if (at <= level || !pt_entry_is_present(pt->format, *entry) ||
		    pt_entry_is_leaf(pt->format, *entry, at)) {
			*found = at;
			return entry;
		}
		table = pt_entry_address(pt->format, *entry, at, false);
		at--;
	}
}

/* Replaces an absent entry or a leaf above 4 KiB by a table that translates the same. */
static int push_down(const struct pt *pt, u64 *entry, unsigned int level)
{
	const struct pt_format *format = pt->format;
	u64 old = *entry;
	u64 page = pt->ops->alloc(pt->ctx);
	u64 *table;

	if (page == PT_NO_PAGE) {
		return -ENOMEM_;
	}
	if (pt_entry_is_present(format, old)) {
		u64 step = pt_level_size(format, level - 1);
		/* every bit of a leaf means the same one level below, apart from the size */
		u64 child = level - 1 == PT_LEVEL_4K ? old & ~format->large : old;

		table = pt->ops->table(pt->ctx, page);
		for (unsigned int i = 0; i < PT_ENTRIES; i++) {
			store_entry(&table[i], child + i * step);
		}
	}
	store_entry(entry, page | format->table);
	return 0;
}

/* The largest level at which the next page of a mapping may be put. */
static unsigned int largest_level(const struct pt *pt, u64 va, u64 pa, u64 len, unsigned int level)
{
	while (level > PT_LEVEL_4K) {
		u64 size = pt_level_size(pt->format, level);

		if (size <= len && IS_ALIGNED(va | pa, size)) {
			break;
		}
		level--;
	}
	return level;
}

/*
 * The entry for va at `level` or, where a table stands in the way, the entry below it that the walk
 * ends at; tables above are made as needed. *level becomes the entry's.
 */
static int reach_entry(const struct pt *pt, u64 va, unsigned int *level, u64 **entry)
{
	unsigned int at;
	int err;

	*entry = find_entry(pt, va, *level, &at);
	while (at > *level) {
		err = push_down(pt, *entry, at);
		if (err) {
			return err;
		}
		*entry = find_entry(pt, va, *level, &at);
	}
	while (pt_entry_is_present(pt->format, **entry) &&
	       !pt_entry_is_leaf(pt->format, **entry, at)) {
		*entry = entry_at(pt, pt_entry_address(pt->format, **entry, at, false), va, at - 1);
		at--;
	}
	*level = at;
	return 0;
}

int pt_map(const struct pt *pt, u64 va, u64 pa, u64 len, u32 attr, unsigned int max_level)
{
	const struct pt_format *format = pt->format;
	unsigned int limit = MIN(max_level, (unsigned int)pt->max_level);
	int err = len != 0 ? check_range(pt, va, len) : 0;

	if (err || len == 0) {
		return err;
	}
	if (!IS_ALIGNED(pa, PAGE_SIZE) || limit < PT_LEVEL_4K || limit > PT_LEVEL_1G ||
	    !(attr & PT_READ) || FIELD_GET(PT_ATTR_MEMTYPE, attr) >= PT_MEMTYPES) {
		return -EINVAL_;
	}
	if (!range_fits(pa, len, format->address + PAGE_SIZE)) {
		return -ERANGE_;
	}
	while (len != 0) {
		unsigned int level = largest_level(pt, va, pa, len, limit);
		u64 *entry;
		u64 size;

		err = reach_entry(pt, va, &level, &entry);
		if (err) {
			return err;
		}
		size = pt_level_size(format, level);
		store_entry(entry, pt_make_leaf(format, level, pa, attr));
		va += size;
		pa += size;
		len -= size;
	}
	return 0;
}

int pt_unmap(const struct pt *pt, u64 va, u64 len)
{
	const struct pt_format *format = pt->format;
	int err = len != 0 ? check_range(pt, va, len) : 0;

	while (!err && len != 0) {
		unsigned int level;
		u64 *entry = find_entry(pt, va, PT_LEVEL_4K, &level);
		u64 size = pt_level_size(format, level);
		u64 step = size - (va & (size - 1)); /* to the end of what the entry covers */

		if (pt_entry_is_present(format, *entry)) {
			if (step != size || size > len) {
				err = push_down(pt, entry, level);
				continue;
			}
			store_entry(entry, 0);
		}
		step = MIN(step, len);
		va += step;
		len -= step;
	}
	return err;
}

int pt_split(const struct pt *pt, u64 va, unsigned int level)
{
	unsigned int at;
	int err = 0;

	va &= PAGE_MASK;
	if (level < PT_LEVEL_4K || level > PT_LEVEL_1G) {
		return -EINVAL_;
	}
	if (!is_translatable(pt->format, va)) {
		return -ERANGE_;
	}
	for (;;) {
		u64 *entry = find_entry(pt, va, PT_LEVEL_4K, &at);

		if (!pt_entry_is_present(pt->format, *entry)) {
			return -ENOENT_;
		}
		if (at <= level) {
			return 0;
		}
		err = push_down(pt, entry, at);
		if (err) {
			return err;
		}
	}
}

int pt_lookup(const struct pt *pt, u64 va, struct pt_mapping *out)
{
	const struct pt_format *format = pt->format;
	unsigned int level = format->levels;
	u64 table = pt->root;
	u64 entry;

	if (!is_translatable(format, va)) {
		return -ERANGE_;
	}
	/* Another CPU may split a page meanwhile: what is judged and what is used is one load. */
	for (;; level--) {
		entry = __atomic_load_n(entry_at(pt, table, va, level), __ATOMIC_ACQUIRE);
		if (!pt_entry_is_present(format, entry)) {
			return -ENOENT_;
		}
		if (level == PT_LEVEL_4K || pt_entry_is_leaf(format, entry, level)) {
			break;
		}
		table = pt_entry_address(format, entry, level, false);
	}
	*out = (struct pt_mapping){
		.entry = entry,
		.page_size = pt_level_size(format, level),
		.attr = pt_leaf_attr(format, entry),
		.level = (u8)level,
	};
	out->pa = pt_entry_address(format, entry, level, true) | (va & (out->page_size - 1));
	return 0;
}
