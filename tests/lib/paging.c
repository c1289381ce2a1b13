/* SPDX-License-Identifier: MIT */
/* One walker for CR3 and NPT tables; new table pages come from memory.h, zeroed. */
#include "tests/lib/paging.h"

static u64 *table_of(u64 entry)
{
	return (u64 *)(entry & PTE_ADDR);
}

static unsigned int index_of(u64 at, unsigned int level)
{
	return at >> (3 + 9 * level) & 511;
}

u64 *pt_create(void)
{
	return page_alloc();
}

/* Replaces a large entry by a table that maps the same with the next smaller pages. */
static void split(u64 *entry, unsigned int level)
{
	u64 *table = page_alloc();
	u64 step = pt_size((enum pt_level)(level - 1));
	u64 large = *entry;

	for (u64 i = 0; i < 512; i++) {
		table[i] = large + i * step;
		if (level - 1 == PT_4K) {
			table[i] &= ~PTE_PS;
		}
	}
	*(volatile u64 *)entry = phys(table) | PT_RWU;
}

u64 *pt_entry(u64 *root, u64 at, enum pt_level level)
{
	u64 *table = root;

	for (unsigned int l = 4; l > level; l--) {
		u64 *entry = &table[index_of(at, l)];

		if (!(*entry & PTE_P)) {
			*(volatile u64 *)entry = phys(page_alloc()) | PT_RWU;
		} else if (*entry & PTE_PS) {
			split(entry, l);
		}
		table = table_of(*entry);
	}
	return &table[index_of(at, level)];
}

void pt_map(u64 *root, u64 from, u64 to, u64 flags, enum pt_level level)
{
	u64 *entry = pt_entry(root, from, level);

	*(volatile u64 *)entry = to | flags | (level > PT_4K ? PTE_PS : 0);
}

void pt_map_identity(u64 *root, u64 from, u64 len, u64 flags, enum pt_level level)
{
	for (u64 at = from; at < from + len; at += pt_size(level)) {
		pt_map(root, at, at, flags, level);
	}
}

u64 *pt_lookup(u64 *root, u64 at, enum pt_level *level)
{
	u64 *table = root;

	for (unsigned int l = 4; l >= PT_4K; l--) {
		u64 *entry = &table[index_of(at, l)];

		if (l == PT_4K || (*entry & PTE_PS)) {
			*level = (enum pt_level)l;
			return entry;
		}
		if (!(*entry & PTE_P)) {
			return NULL;
		}
		table = table_of(*entry);
	}
	return NULL;
}
