/* SPDX-License-Identifier: MIT */
/*
 * mm/memmap.c: firmware's nonsense first; then random claims, marks and searches against a model
 * that keeps one type for each half page.
 */
#include "tests/unit/unit.h"
#include "mm/memmap.h"
#include "lib/bits.h"

#define UNIT  2048ull
#define UNITS 96

static struct memmap map;
static u8 model[UNITS];
static u32 seed = 1;

static u32 rnd(u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* What holds for every map, whatever it was built from. */
static void assert_well_formed(void)
{
	assert_true(map.count <= MEMMAP_MAX);
	for (u32 i = 0; i < map.count; i++) {
		const struct mem_region *r = &map.regions[i];

		assert_true(r->len > 0);
		assert_true(range_fits(r->base, r->len, MEMMAP_LIMIT));
		assert_true(r->type >= MEM_RAM && r->type <= MEM_BAD);
		if (r->type == MEM_RAM) {
			assert_true(IS_ALIGNED(r->base, PAGE_SIZE));
			assert_true(IS_ALIGNED(r->len, PAGE_SIZE));
		}
		if (i > 0) {
			const struct mem_region *p = r - 1;

			assert_true(p->base + p->len <= r->base);
			assert_false(p->base + p->len == r->base && p->type == r->type);
		}
	}
}

static void assert_map(const struct mem_region *want, size_t count)
{
	assert_well_formed();
	assert_int_equal(map.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(map.regions[i].base, want[i].base);
		assert_int_equal(map.regions[i].len, want[i].len);
		assert_int_equal(map.regions[i].type, want[i].type);
	}
}

static const struct {
	struct mem_region claims[5];
	u32 claimed;
	struct mem_region want[6];
	u32 wanted;
} hostile[] = {
	/* unsorted, touching, to be merged */
	{ { { 0x5000, 0x1000, 1 }, { 0x1000, 0x3000, 1 }, { 0x4000, 0x1000, 1 } },
	  3,
	  { { 0x1000, 0x5000, 1 } },
	  1 },
	/* reserved inside RAM, claimed before and after it */
	{ { { 0x3000, 0x1000, 2 }, { 0, 0x8000, 1 }, { 0x5000, 0x1000, 2 } },
	  3,
	  { { 0, 0x3000, 1 },
	    { 0x3000, 0x1000, 2 },
	    { 0x4000, 0x1000, 1 },
	    { 0x5000, 0x1000, 2 },
	    { 0x6000, 0x2000, 1 } },
	  5 },
	/* the EBDA: RAM shrinks to pages, the reserved range stays as it is */
	{ { { 0, 0x9FC00, 1 }, { 0x9FC00, 0x400, 2 } },
	  2,
	  { { 0, 0x9F000, 1 }, { 0x9FC00, 0x400, 2 } },
	  2 },
	/* two half pages of RAM are a page */
	{ { { 0x1000, 0x800, 1 }, { 0x1800, 0x800, 1 } }, 2, { { 0x1000, 0x1000, 1 } }, 1 },
	/* a page that is RAM twice over but nowhere whole vanishes */
	{ { { 0x1800, 0x1000, 1 }, { 0x8000, 0x1000, 1 } }, 2, { { 0x8000, 0x1000, 1 } }, 1 },
	/* empty claims and claims above the limit */
	{ { { 0x1000, 0, 1 },
	    { 0x2000, 0, 2 },
	    { MEMMAP_LIMIT, 0x1000, 1 },
	    { 0x2000, 0x1000, 1 },
	    { UINT64_MAX, 1, 2 } },
	  5,
	  { { 0x2000, 0x1000, 1 } },
	  1 },
	/* an end that wraps: RAM is ignored, the rest goes up to the limit */
	{ { { 0x1000, 0x2000, 1 }, { 0x2000, UINT64_MAX, 2 }, { 0x5000, UINT64_MAX, 1 } },
	  3,
	  { { 0x1000, 0x1000, 1 }, { 0x2000, MEMMAP_LIMIT - 0x2000, 2 } },
	  2 },
	/* all of memory as RAM */
	{ { { 0, UINT64_MAX, 1 } }, 1, { { 0, MEMMAP_LIMIT, 1 } }, 1 },
	/* unknown types are reserved; of two others the higher holds */
	{ { { 0, 0x1000, 0 },
	    { 0x1000, 0x1000, 6 },
	    { 0x2000, 0x1000, 0xFFFFFFFF },
	    { 0x3000, 0x2000, 1 },
	    { 0x2000, 0x1000, 3 } },
	  5,
	  { { 0, 0x2000, 2 }, { 0x2000, 0x1000, 3 }, { 0x3000, 0x2000, 1 } },
	  3 },
	/* the same RAM many times */
	{ { { 0x1000, 0x9000, 1 }, { 0x1000, 0x9000, 1 }, { 0x2000, 0x1000, 1 } },
	  3,
	  { { 0x1000, 0x9000, 1 } },
	  1 },
};

static void test_hostile_claims(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		assert_null(memmap_build(&map, hostile[i].claims, hostile[i].claimed));
		assert_map(hostile[i].want, hostile[i].wanted);
	}
}

static void test_no_ram_and_too_many_regions(void **state)
{
	static struct mem_region claims[300];

	(void)state;
	assert_non_null(memmap_build(&map, NULL, 0));
	claims[0] = (struct mem_region){ 0x1000, 0x1000, 2 };
	claims[1] = (struct mem_region){ 0x5800, 0x1000, 1 };
	assert_string_equal(memmap_build(&map, claims, 2), "the memory map has no RAM");
	assert_int_equal(map.count, 0);
	for (u32 i = 0; i < 300; i++) {
		claims[i] = (struct mem_region){ (299 - i) * 0x2000ull, 0x1000, 1 };
	}
	assert_null(memmap_build(&map, claims, MEMMAP_MAX));
	assert_int_equal(map.count, MEMMAP_MAX);
	assert_well_formed();
	assert_non_null(memmap_build(&map, claims, MEMMAP_MAX + 1));
	assert_int_equal(map.count, 0);
	/* A full map refuses to be split, untouched. */
	assert_null(memmap_build(&map, claims, MEMMAP_MAX));
	assert_false(memmap_hide(&map, claims[7].base, 0x1000));
	assert_int_equal(map.count, MEMMAP_MAX);
}

static void model_claim(const struct mem_region *c)
{
	for (u64 u = c->base / UNIT; u < (c->base + c->len) / UNIT; u++) {
		model[u] = MAX(model[u], (u8)c->type);
	}
}

static void model_shrink_ram(void)
{
	for (u32 u = 0; u < UNITS; u += 2) {
		if (model[u] != MEM_RAM || model[u + 1] != MEM_RAM) {
			model[u] = model[u] == MEM_RAM ? MEM_HOLE : model[u];
			model[u + 1] = model[u + 1] == MEM_RAM ? MEM_HOLE : model[u + 1];
		}
	}
}

static void assert_like_model(void)
{
	u64 bytes = 0, top = 0;

	assert_well_formed();
	for (u32 u = 0; u < UNITS; u++) {
		assert_int_equal(memmap_type_at(&map, u * UNIT), model[u]);
		assert_int_equal(memmap_type_at(&map, u * UNIT + UNIT - 1), model[u]);
		if (model[u] == MEM_RAM) {
			bytes += UNIT;
			top = (u + 1) * UNIT;
		}
	}
	assert_int_equal(memmap_ram_bytes(&map), bytes);
	assert_int_equal(memmap_ram_top(&map), top);
}

/* A random map in map and model; false: it happens to have no RAM. */
static bool random_map(void)
{
	struct mem_region claims[12];
	u32 count = 1 + rnd(12);

	memset(model, 0, sizeof(model));
	for (u32 i = 0; i < count; i++) {
		u32 start = rnd(UNITS);

		claims[i] = (struct mem_region){ start * UNIT, rnd(UNITS - start + 1) * UNIT,
						 rnd(3) ? MEM_RAM : 1 + rnd(5) };
		model_claim(&claims[i]);
	}
	model_shrink_ram();
	return memmap_build(&map, claims, count) == NULL;
}

static void test_random_maps_and_marks(void **state)
{
	(void)state;
	for (u32 round = 0; round < 3000; round++) {
		if (!random_map()) {
			continue;
		}
		assert_like_model();
		for (u32 i = 0; i < 4; i++) {
			u32 start = rnd(UNITS);
			u32 len = rnd(UNITS - start + 1);
			u32 type = rnd(6);

			assert_true(memmap_mark(&map, start * UNIT, len * UNIT, type));
			for (u32 u = start & ~1u; len > 0 && u < ((start + len + 1) & ~1u); u++) {
				model[u] = (u8)type;
			}
			assert_like_model();
		}
	}
}

static bool model_fits(u64 p, u64 size, const struct mem_region *avoid, u32 count)
{
	for (u64 a = p; a < p + size; a += UNIT) {
		if (a / UNIT >= UNITS || model[a / UNIT] != MEM_RAM) {
			return false;
		}
		for (u32 i = 0; i < count; i++) {
			if (ranges_overlap(a, UNIT, avoid[i].base, avoid[i].len)) {
				return false;
			}
		}
	}
	return true;
}

static void test_random_searches(void **state)
{
	(void)state;
	for (u32 round = 0; round < 5000; round++) {
		struct mem_region avoid[3];
		u64 size = (1 + rnd(12)) * UNIT;
		u64 align = UNIT << rnd(4);
		u64 low = rnd(UNITS) * UNIT;
		u64 high = rnd(UNITS + 8) * UNIT;
		u64 top = MEMMAP_NONE, bottom = MEMMAP_NONE;

		if (!random_map()) {
			continue;
		}
		for (u32 i = 0; i < 3; i++) {
			avoid[i] = (struct mem_region){ rnd(UNITS) * UNIT, rnd(6) * UNIT, rnd(9) };
		}
		for (u64 p = 0; p < UNITS * UNIT; p += align) {
			if (p + size <= high && model_fits(p, size, avoid, 3)) {
				top = p;
				if (p >= low && bottom == MEMMAP_NONE) {
					bottom = p;
				}
			}
		}
		assert_int_equal(memmap_find_top(&map, size, align, high, avoid, 3), top);
		assert_int_equal(memmap_find_bottom(&map, size, align, low, high, avoid, 3),
				 bottom);
	}
}

static void test_searches_at_the_borders(void **state)
{
	static const struct mem_region ram[] = { { 0x1000, 0x4000, 1 }, { 0x100000, 0x100000, 1 } };
	static const struct mem_region all[] = { { 0, UINT64_MAX, 0 } };
	static const struct mem_region odd[] = { { 0x1FF800, UINT64_MAX, 0 }, { 0x180000, 1, 0 } };

	(void)state;
	assert_null(memmap_build(&map, ram, 2));
	assert_int_equal(memmap_find_top(&map, 0x100000, 1, UINT64_MAX, NULL, 0), 0x100000);
	assert_int_equal(memmap_find_top(&map, 0x100001, 1, UINT64_MAX, NULL, 0), MEMMAP_NONE);
	assert_int_equal(memmap_find_top(&map, UINT64_MAX, 1, UINT64_MAX, NULL, 0), MEMMAP_NONE);
	assert_int_equal(memmap_find_top(&map, 1, 1ull << 63, UINT64_MAX, NULL, 0), MEMMAP_NONE);
	assert_int_equal(memmap_find_top(&map, 1, 1, 0, NULL, 0), MEMMAP_NONE);
	assert_int_equal(memmap_find_top(&map, 1, 1, UINT64_MAX, all, 1), MEMMAP_NONE);
	assert_int_equal(memmap_find_bottom(&map, 1, 1, 0, UINT64_MAX, all, 1), MEMMAP_NONE);
	assert_int_equal(memmap_find_top(&map, 0x1000, 0x1000, UINT64_MAX, odd, 2), 0x1FE000);
	assert_int_equal(memmap_find_bottom(&map, 0x80000, 0x1000, 0, UINT64_MAX, odd, 2),
			 0x100000);
	assert_int_equal(memmap_find_bottom(&map, 0x80001, 0x1000, 0, UINT64_MAX, odd, 2),
			 MEMMAP_NONE);
	assert_int_equal(memmap_find_bottom(&map, UINT64_MAX, 1, 1, UINT64_MAX, NULL, 0),
			 MEMMAP_NONE);
}

static void test_covers_ram(void **state)
{
	static const struct mem_region ram[] = { { 0x1000, 0x2000, 1 },
						 { 0x3000, 0x1000, 1 },
						 { 0x4000, 0x1000, 3 },
						 { 0x5000, 0x1000, 1 } };
	static const struct {
		u64 gpa, len;
		bool want;
	} rows[] = {
		{ 0x1000, 0x3000, true }, { 0x1000, 0x3001, false },
		{ 0xFFF, 2, false },	  { 0x1000, 0, false },
		{ 0x3FFF, 1, true },	  { 0x3FFF, 2, false },
		{ 0x4000, 1, false },	  { 0x5FFF, 1, true },
		{ 0x6000, 1, false },	  { 0x1000, UINT64_MAX, false },
		{ UINT64_MAX, 2, false }, { 0x5000, UINT64_MAX - 0x4FFF, false },
	};

	(void)state;
	assert_null(memmap_build(&map, ram, ARRAY_SIZE(ram)));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(memmap_covers_ram(&map, rows[i].gpa, rows[i].len), rows[i].want);
	}
}

static void test_mark_rounds_outwards_and_survives_nonsense(void **state)
{
	static const struct mem_region ram[] = { { 0, 0x10000, 1 } };
	static const struct mem_region hidden[] = { { 0, 0x3000, 1 }, { 0x5000, 0xB000, 1 } };
	static const struct mem_region shared[] = { { 0, 0x3000, 1 },
						    { 0x3000, 0x1000, 2 },
						    { 0x5000, 0xB000, 1 } };

	(void)state;
	assert_null(memmap_build(&map, ram, 1));
	assert_true(memmap_hide(&map, 0x5000, 0));
	assert_true(memmap_hide(&map, MEMMAP_LIMIT, 0x1000));
	assert_true(memmap_hide(&map, UINT64_MAX, UINT64_MAX));
	assert_map(ram, 1);
	assert_true(memmap_hide(&map, 0x3FFF, 2));
	assert_map(hidden, 2);
	assert_true(memmap_mark(&map, 0x3400, 1, MEM_RESERVED));
	assert_map(shared, 3);
	assert_true(memmap_mark(&map, 0x3000, 0x2000, MEM_RAM));
	assert_map(ram, 1);
	assert_true(memmap_hide(&map, 0x8000, UINT64_MAX));
	assert_int_equal(memmap_ram_top(&map), 0x8000);
	assert_true(memmap_hide(&map, 0, UINT64_MAX));
	assert_int_equal(map.count, 0);
	assert_int_equal(memmap_ram_top(&map), 0);
}

static void test_limit_ram(void **state)
{
	static const struct mem_region claims[] = { { 0, 0x4000, 1 },
						    { 0x4000, 0x1000, 3 },
						    { 0x8000, 0x4000, 1 },
						    { 0x10000, 0x1000, 2 },
						    { 0x20000, 0x8000, 1 } };

	(void)state;
	for (u64 max = 0; max <= 0x12000; max += 0x800) {
		assert_null(memmap_build(&map, claims, ARRAY_SIZE(claims)));
		memmap_limit_ram(&map, max);
		assert_well_formed();
		assert_int_equal(memmap_ram_bytes(&map), MIN(max & PAGE_MASK, 0x10000ull));
		assert_int_equal(memmap_type_at(&map, 0x4000), MEM_ACPI);
		assert_int_equal(memmap_type_at(&map, 0x10000), MEM_RESERVED);
		assert_int_equal(memmap_type_at(&map, 0), max >= 0x1000 ? MEM_RAM : MEM_HOLE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_claims),
		cmocka_unit_test(test_no_ram_and_too_many_regions),
		cmocka_unit_test(test_random_maps_and_marks),
		cmocka_unit_test(test_random_searches),
		cmocka_unit_test(test_searches_at_the_borders),
		cmocka_unit_test(test_covers_ram),
		cmocka_unit_test(test_mark_rounds_outwards_and_survives_nonsense),
		cmocka_unit_test(test_limit_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
