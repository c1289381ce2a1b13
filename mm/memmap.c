/* SPDX-License-Identifier: MIT */
/*
 * Owns the arithmetic of memory maps. Knows nothing of who claims memory, who hides it, or how it
 * gets mapped. All ends are at most MEMMAP_LIMIT, so that no sum in here can wrap.
 */
#include "mm/memmap.h"
#include "lib/bits.h"
#include "lib/string.h"

static u64 region_end(const struct mem_region *r)
{
	return r->base + r->len;
}

/* What a claim covers below MEMMAP_LIMIT, or nothing. Returns its end; *start only if not empty. */
static u64 claim_span(const struct mem_region *claim, u64 *start)
{
	u64 end;

	*start = claim->base;
	if (claim->len == 0 || claim->base >= MEMMAP_LIMIT) {
		return claim->base;
	}
	if (__builtin_add_overflow(claim->base, claim->len, &end)) {
		/* Nobody has RAM up to 2^64: the claim is broken; reserving too much is safe. */
		return claim->type == MEM_RAM ? claim->base : MEMMAP_LIMIT;
	}
	return MIN(end, MEMMAP_LIMIT);
}

/*
 * The type that the claims give to the byte at pos (MEM_HOLE: none does), and in *next the first
 * address above pos where that can change.
 */
static u32 claims_at(const struct mem_region *claims, size_t count, u64 pos, u64 *next)
{
	u32 type = MEM_HOLE;

	*next = MEMMAP_LIMIT;
	for (size_t i = 0; i < count; i++) {
		u64 start;
		u64 end = claim_span(&claims[i], &start);
		u32 claimed = claims[i].type;

		if (start < end && end > pos) {
			*next = MIN(*next, start > pos ? start : end);
			if (start <= pos) {
				claimed = claimed < MEM_RAM || claimed > MEM_BAD ? MEM_RESERVED
										 : claimed;
				type = MAX(type, claimed);
			}
		}
	}
	return type;
}

static bool append(struct memmap *map, u64 base, u64 end, u32 type)
{
	struct mem_region *last = map->count > 0 ? &map->regions[map->count - 1] : NULL;

	if (last && last->type == type && region_end(last) == base) {
		last->len = end - last->base;
		return true;
	}
	if (map->count == MEMMAP_MAX) {
		return false;
	}
	map->regions[map->count++] = (struct mem_region){ base, end - base, type };
	return true;
}

static void erase(struct memmap *map, u32 index)
{
	map->count--;
	memmove(&map->regions[index], &map->regions[index + 1],
		(map->count - index) * sizeof(map->regions[0]));
}

/* Callers make sure of the room. */
static void insert(struct memmap *map, u32 index, struct mem_region region)
{
	memmove(&map->regions[index + 1], &map->regions[index],
		(map->count - index) * sizeof(map->regions[0]));
	map->regions[index] = region;
	map->count++;
}

static void shrink_ram_to_pages(struct memmap *map)
{
	u32 i = 0;

	while (i < map->count) {
		struct mem_region *r = &map->regions[i];
		u64 start = ALIGN_UP(r->base, PAGE_SIZE);
		u64 end = ALIGN_DOWN(region_end(r), PAGE_SIZE);

		if (r->type == MEM_RAM && start >= end) {
			erase(map, i);
			continue;
		}
		if (r->type == MEM_RAM) {
			r->base = start;
			r->len = end - start;
		}
		i++;
	}
}

const char *memmap_build(struct memmap *map, const struct mem_region *claims, size_t count)
{
	u64 pos = 0;

	map->count = 0;
	/* Each round passes at least one end of a claim: at most 2 * count + 1 rounds. */
	while (pos < MEMMAP_LIMIT) {
		u64 next;
		u32 type = claims_at(claims, count, pos, &next);

		if (type != MEM_HOLE && !append(map, pos, next, type)) {
			map->count = 0;
			return "the memory map has more than 256 regions";
		}
		pos = next;
	}
	shrink_ram_to_pages(map);
	if (memmap_ram_bytes(map) == 0) {
		map->count = 0;
		return "the memory map has no RAM";
	}
	return NULL;
}

/* Takes [base, end) out of the regions; needs room for one more. Returns the index behind it. */
static u32 cut(struct memmap *map, u64 base, u64 end)
{
	u32 i = 0;

	while (i < map->count && region_end(&map->regions[i]) <= base) {
		i++;
	}
	if (i < map->count && map->regions[i].base < base) {
		struct mem_region rest = map->regions[i];

		map->regions[i].len = base - rest.base;
		i++;
		if (region_end(&rest) > end) {
			rest.len = region_end(&rest) - end;
			rest.base = end;
			insert(map, i, rest);
			return i;
		}
	}
	while (i < map->count && region_end(&map->regions[i]) <= end) {
		erase(map, i);
	}
	if (i < map->count && map->regions[i].base < end) {
		map->regions[i].len = region_end(&map->regions[i]) - end;
		map->regions[i].base = end;
	}
	return i;
}

static void merge_with_next(struct memmap *map, u32 i)
{
	struct mem_region *r = &map->regions[i];

	if (i + 1 < map->count && r->type == r[1].type && region_end(r) == r[1].base) {
		r->len += r[1].len;
		erase(map, i + 1);
	}
}

bool memmap_mark(struct memmap *map, u64 base, u64 len, u32 type)
{
	u64 end;
	u32 i;

	if (len == 0 || base >= MEMMAP_LIMIT) {
		return true;
	}
	end = len < MEMMAP_LIMIT - base ? ALIGN_UP(base + len, PAGE_SIZE) : MEMMAP_LIMIT;
	base = ALIGN_DOWN(base, PAGE_SIZE);
	if (map->count + 2 > MEMMAP_MAX) {
		return false;
	}
	i = cut(map, base, end);
	if (type != MEM_HOLE) {
		insert(map, i, (struct mem_region){ base, end - base, type });
		merge_with_next(map, i);
		if (i > 0) {
			merge_with_next(map, i - 1);
		}
	}
	return true;
}

bool memmap_hide(struct memmap *map, u64 base, u64 len)
{
	return memmap_mark(map, base, len, MEM_HOLE);
}

void memmap_limit_ram(struct memmap *map, u64 max)
{
	u64 total = memmap_ram_bytes(map);
	u32 i = map->count;

	max = ALIGN_DOWN(max, PAGE_SIZE);
	while (i-- > 0 && total > max) {
		struct mem_region *r = &map->regions[i];
		u64 taken = MIN(r->len, total - max);

		if (r->type != MEM_RAM) {
			continue;
		}
		total -= taken;
		r->len -= taken;
		if (r->len == 0) {
			erase(map, i);
		}
	}
}

bool memmap_covers_ram(const struct memmap *map, u64 gpa, u64 len)
{
	for (u32 i = 0; i < map->count; i++) {
		const struct mem_region *r = &map->regions[i];

		/* Neighbours of one type are one region: all of the range is in one of them. */
		if (r->type == MEM_RAM && gpa >= r->base && gpa - r->base < r->len) {
			return len > 0 && len <= r->len - (gpa - r->base);
		}
	}
	return false;
}

u64 memmap_ram_top(const struct memmap *map)
{
	u64 top = 0;

	for (u32 i = 0; i < map->count; i++) {
		if (map->regions[i].type == MEM_RAM) {
			top = region_end(&map->regions[i]);
		}
	}
	return top;
}

u64 memmap_ram_bytes(const struct memmap *map)
{
	u64 sum = 0;

	for (u32 i = 0; i < map->count; i++) {
		if (map->regions[i].type == MEM_RAM) {
			sum += map->regions[i].len;
		}
	}
	return sum;
}

u32 memmap_type_at(const struct memmap *map, u64 addr)
{
	for (u32 i = 0; i < map->count; i++) {
		const struct mem_region *r = &map->regions[i];

		if (addr >= r->base && addr - r->base < r->len) {
			return r->type;
		}
	}
	return MEM_HOLE;
}

/* The range in avoid that [p, p + size) overlaps, or NULL. */
static const struct mem_region *obstacle(const struct mem_region *avoid, size_t count, u64 p,
					 u64 size)
{
	for (size_t i = 0; i < count; i++) {
		if (ranges_overlap(p, size, avoid[i].base, avoid[i].len)) {
			return &avoid[i];
		}
	}
	return NULL;
}

/* Each step passes one obstacle for good, so that there are at most avoid_count of them. */
static u64 fit_top(u64 start, u64 end, u64 size, u64 align, const struct mem_region *avoid,
		   size_t avoid_count)
{
	while (end >= start && end - start >= size) {
		u64 p = ALIGN_DOWN(end - size, align);
		const struct mem_region *hit;

		if (p < start) {
			return MEMMAP_NONE;
		}
		hit = obstacle(avoid, avoid_count, p, size);
		if (!hit) {
			return p;
		}
		end = hit->base;
	}
	return MEMMAP_NONE;
}

static u64 fit_bottom(u64 start, u64 end, u64 size, u64 align, const struct mem_region *avoid,
		      size_t avoid_count)
{
	while (start <= end) {
		u64 p = ALIGN_UP(start, align);
		const struct mem_region *hit;

		if (p < start || p > end || end - p < size) {
			return MEMMAP_NONE;
		}
		hit = obstacle(avoid, avoid_count, p, size);
		if (!hit) {
			return p;
		}
		if (__builtin_add_overflow(hit->base, hit->len, &start)) {
			return MEMMAP_NONE;
		}
	}
	return MEMMAP_NONE;
}

u64 memmap_find_top(const struct memmap *map, u64 size, u64 align, u64 high,
		    const struct mem_region *avoid, size_t avoid_count)
{
	for (u32 i = map->count; i-- > 0;) {
		const struct mem_region *r = &map->regions[i];
		u64 p = MEMMAP_NONE;

		if (r->type == MEM_RAM) {
			p = fit_top(r->base, MIN(region_end(r), high), size, align, avoid,
				    avoid_count);
		}
		if (p != MEMMAP_NONE) {
			return p;
		}
	}
	return MEMMAP_NONE;
}

u64 memmap_find_bottom(const struct memmap *map, u64 size, u64 align, u64 low, u64 high,
		       const struct mem_region *avoid, size_t avoid_count)
{
	for (u32 i = 0; i < map->count; i++) {
		const struct mem_region *r = &map->regions[i];
		u64 p = MEMMAP_NONE;

		if (r->type == MEM_RAM) {
			p = fit_bottom(MAX(r->base, low), MIN(region_end(r), high), size, align,
				       avoid, avoid_count);
		}
		if (p != MEMMAP_NONE) {
			return p;
		}
	}
	return MEMMAP_NONE;
}
