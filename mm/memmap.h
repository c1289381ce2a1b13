/* SPDX-License-Identifier: MIT */
/*
 * A map of physical memory: typed regions, sorted, disjoint, neighbours of one type merged. It is
 * built from what firmware claims, which may be any nonsense, and then only shrinks or changes
 * type: Plinth's own map loses what Plinth takes, L1's map loses what Plinth hides.
 */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include "lib/types.h"

#define MEMMAP_MAX   256
#define MEMMAP_LIMIT (1ull << 52) /* physical addresses end here [APM "Page Translation"] */
#define MEMMAP_NONE  UINT64_MAX	  /* of the find functions: there is no such place */

/* The numbers are those of E820 and Multiboot; where claims overlap, the higher one holds. */
enum mem_type {
	MEM_HOLE = 0, /* never in a region: what no region covers */
	MEM_RAM = 1,
	MEM_RESERVED = 2,
	MEM_ACPI = 3,
	MEM_NVS = 4,
	MEM_BAD = 5,
};

struct mem_region {
	u64 base;
	u64 len; /* bytes */
	u32 type;
};

struct memmap {
	u32 count;
	struct mem_region regions[MEMMAP_MAX];
};

/*
 * Fills *map from count claims in any order: overlapping, empty, wrapping, above MEMMAP_LIMIT. An
 * unknown type is MEM_RESERVED; RAM shrinks to whole pages; RAM whose end wraps is ignored. Returns
 * NULL, or why there is no map (no RAM, or more than MEMMAP_MAX regions); *map is then empty.
 */
const char *memmap_build(struct memmap *map, const struct mem_region *claims, size_t count);

/*
 * Gives [base, base + len) another type; both ends are rounded outwards to pages and cut at
 * MEMMAP_LIMIT. MEM_HOLE takes the range out of the map. Returns false, with *map untouched, if the
 * map could get too many regions.
 */
__must_check bool memmap_mark(struct memmap *map, u64 base, u64 len, u32 type);
__must_check bool memmap_hide(struct memmap *map, u64 base, u64 len);

/* Takes RAM out of the map, the highest first, until at most max bytes are left (whole pages). */
void memmap_limit_ram(struct memmap *map, u64 max);

/* Whether every byte of [gpa, gpa + len) is RAM; false for len 0. */
bool memmap_covers_ram(const struct memmap *map, u64 gpa, u64 len);

/* The end of the highest RAM, and the sum of all; bytes. */
u64 memmap_ram_top(const struct memmap *map);
u64 memmap_ram_bytes(const struct memmap *map);

/* The type of the byte at addr. */
u32 memmap_type_at(const struct memmap *map, u64 addr);

/*
 * The highest, or the lowest, address p with [p, p + size) in RAM and within [low, high), p a
 * multiple of align (a power of two), clear of the ranges in avoid, whose types do not matter.
 * size >= 1. Returns MEMMAP_NONE if there is none.
 */
u64 memmap_find_top(const struct memmap *map, u64 size, u64 align, u64 high,
		    const struct mem_region *avoid, size_t avoid_count);
u64 memmap_find_bottom(const struct memmap *map, u64 size, u64 align, u64 low, u64 high,
		       const struct mem_region *avoid, size_t avoid_count);

#endif
