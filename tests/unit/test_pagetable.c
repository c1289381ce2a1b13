/* SPDX-License-Identifier: MIT */
/*
 * The mapper: entries bit by bit, refusals, sizes; and random maps, unmaps and splits against a
 * flat model, with a translation check after every single store, because CPUs walk the tables
 * meanwhile.
 */
#include "tests/unit/unit.h"

#include "lib/types.h"

static void note_store(u64 *entry, u64 value);

/* The mapper itself, its stores made visible. */
#undef __atomic_store_n
#define __atomic_store_n(p, v, order) note_store(p, v)
#include "mm/pagetable.c"
#undef __atomic_store_n

#define POOL_PAGES  24000u
#define POOL_PA	    0x40000000000ull
#define MODEL_PAGES (3u << 18) /* 3 GiB */
#define SAMPLES	    32u

static u64 pool[POOL_PAGES][512] __aligned(4096);
static u32 pool_used;
static u32 pool_limit;

static u64 *pool_table(void *ctx, u64 pa)
{
	u64 page = (pa - POOL_PA) >> PAGE_SHIFT;

	assert_ptr_equal(ctx, pool);
	assert_true(IS_ALIGNED(pa, PAGE_SIZE) && page < pool_used);
	return pool[page];
}

static u64 pool_alloc(void *ctx)
{
	assert_ptr_equal(ctx, pool);
	if (pool_used >= pool_limit) {
		return PT_NO_PAGE;
	}
	memset(pool[pool_used], 0, PAGE_SIZE);
	return POOL_PA + PAGE_SIZE * pool_used++;
}

static const struct pt_ops pool_ops = { pool_table, pool_alloc };

static struct pt new_tables(const struct pt_format *format, u8 max_level)
{
	struct pt pt = { format, &pool_ops, pool, 0, max_level };

	pool_used = 0;
	pool_limit = POOL_PAGES;
	pt.root = pool_alloc(pool);
	return pt;
}

/*
 * An independent translation, by the manuals: pa | 1 for present, with the raw permission bits in
 * *bits; 0 when absent.
 */
static u64 translate(const struct pt *pt, u64 va, u64 *bits)
{
	u64 present = pt->format == &pt_format_ept ? 7 : 1;
	u64 table = pt->root;

	for (int shift = 39;; shift -= 9) {
		u64 e = pool[(table - POOL_PA) >> 12][va >> shift & 511];

		if (!(e & present)) {
			return 0;
		}
		if (shift == 12 || (shift < 39 && (e & 0x80))) {
			u64 mask = (1ull << shift) - 1;

			*bits = (e & ~0x000ffffffffff000ull) & ~0x80ull;
			return ((e & 0x000ffffffffff000ull & ~mask) | (va & mask & ~0xfffull)) | 1;
		}
		table = e & 0x000ffffffffff000ull;
	}
}

/* The flat model: for each page of the window what translate() must say. */
struct model_page {
	u64 pa; /* | 1, or 0 */
	u64 bits;
};
static struct model_page model[MODEL_PAGES];
static u64 window;

/* The operation under way, for the check after each store. */
static struct {
	const struct pt *pt;
	u64 first; /* pages of the window that it is to change */
	u64 count;
	u64 new_pa; /* of the first page, | 1; 0: unmapped */
	u64 new_bits;
	u64 sample[SAMPLES];
	u64 stores;
} now;

static bool matches(u64 page, u64 pa, u64 bits)
{
	u64 got_bits = 0;
	u64 got = translate(now.pt, window + page * PAGE_SIZE, &got_bits);

	return got == pa && (got == 0 || got_bits == bits);
}

static bool is_touched(u64 page)
{
	return page - now.first < now.count;
}

static bool is_old(u64 page)
{
	return matches(page, model[page].pa, model[page].bits);
}

static bool is_new(u64 page)
{
	u64 pa = now.new_pa != 0 ? now.new_pa + (page - now.first) * PAGE_SIZE : 0;

	return matches(page, pa, now.new_bits);
}

static void note_store(u64 *entry, u64 value)
{
	*(volatile u64 *)entry = value;
	if (now.pt == NULL) {
		return;
	}
	now.stores++;
	for (u32 i = 0; i < SAMPLES; i++) {
		u64 page = now.sample[i];

		if (!is_old(page) && !(is_touched(page) && is_new(page))) {
			fail_msg("store %llu: page %llx is neither as before nor as asked",
				 (unsigned long long)now.stores, (unsigned long long)page);
		}
	}
}

static u64 random_state;

static u64 rnd(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

/* Pages at the edges of the operation and of the larger pages around it, the rest at random. */
static void choose_samples(void)
{
	static const u64 sizes[] = { 1, 512, 512 * 512 };
	u32 n = 0;

	for (u32 i = 0; i < 3; i++) {
		u64 low = now.first & ~(sizes[i] - 1);
		u64 high = ((now.first + now.count - 1) | (sizes[i] - 1)) + 1;
		u64 edges[] = {
			low - 1, low, high - 1, high, now.first - 1, now.first + now.count
		};

		for (u32 k = 0; k < ARRAY_SIZE(edges); k++) {
			now.sample[n++] = edges[k] < MODEL_PAGES ? edges[k] : rnd(MODEL_PAGES);
		}
	}
	for (; n < SAMPLES; n++) {
		now.sample[n] = n & 1 ? rnd(MODEL_PAGES) : now.first + rnd(now.count);
	}
}

static void choose_range(void)
{
	static const u64 units[] = { 1, 1, 1, 512, 512, 512 * 512 };
	u64 unit = units[rnd(ARRAY_SIZE(units))];
	u64 max = unit == 1 ? 700 : unit == 512 ? 600 : 3;

	now.first = rnd(MODEL_PAGES / unit) * unit;
	now.count = (1 + rnd(max)) * unit;
	if (rnd(4) == 0) {
		now.count += rnd(512);
	}
	now.count = MIN(now.count, MODEL_PAGES - now.first);
}

static int run_map(const struct pt *pt)
{
	static const u32 perms[] = { PT_READ, PT_READ | PT_WRITE, PT_RWX, PT_READ | PT_EXEC };
	u32 attr = PT_ATTR(perms[rnd(4)], rnd(PT_MEMTYPES));
	u64 va = window + now.first * PAGE_SIZE;
	/* long ones congruent with the address, so that large pages fit */
	bool congruent = now.count > 1500 || rnd(2);
	u64 pa = congruent ? (rnd(64) << 30) + now.first * PAGE_SIZE : rnd(1ull << 30) << 12;
	unsigned int level = now.count > 1500 ? 2 + (unsigned int)rnd(2) : 1 + (unsigned int)rnd(3);

	now.new_pa = pa | 1;
	now.new_bits = pt_make_leaf(pt->format, PT_LEVEL_4K, 0, attr);
	now.pt = pt;
	return pt_map(pt, va, pa, now.count * PAGE_SIZE, attr, level);
}

static int run_unmap(const struct pt *pt)
{
	now.new_pa = 0;
	now.pt = pt;
	return pt_unmap(pt, window + now.first * PAGE_SIZE, now.count * PAGE_SIZE);
}

static int run_split(const struct pt *pt)
{
	u64 page = now.first;
	int err;

	now.count = 0;
	now.pt = pt;
	err = pt_split(pt, window + page * PAGE_SIZE, 1 + (unsigned int)rnd(3));
	assert_true(err != -ENOENT_ || model[page].pa == 0);
	return err == -ENOENT_ ? 0 : err;
}

/* After the operation: the first part new, the rest old; all new unless memory ran out. */
static void settle(int err)
{
	u64 page = now.first;
	u64 end = now.first + now.count;

	assert_true(err == 0 || err == -ENOMEM_);
	for (; page < end && is_new(page); page++) {
		model[page].pa = now.new_pa ? now.new_pa + (page - now.first) * PAGE_SIZE : 0;
		model[page].bits = now.new_bits;
	}
	assert_true(err != 0 || page == end);
	for (; page < end; page++) {
		assert_true(is_old(page));
	}
}

static void check_all(void)
{
	for (u64 page = 0; page < MODEL_PAGES; page++) {
		assert_true(is_old(page));
	}
}

static void run_random(const struct pt_format *format, u8 max_level, u64 base, u64 seed)
{
	struct pt pt = new_tables(format, max_level);

	memset(model, 0, sizeof(model));
	memset(&now, 0, sizeof(now));
	window = base;
	random_state = seed;
	for (u32 i = 0; i < 200; i++) {
		u64 what = rnd(8);
		int err;

		choose_range();
		choose_samples();
		if (rnd(6) == 0) {
			pool_limit = MIN(POOL_PAGES, pool_used + (u32)rnd(5));
		}
		err = what < 4 ? run_map(&pt) : what < 6 ? run_unmap(&pt) : run_split(&pt);
		settle(err);
		pool_limit = POOL_PAGES;
		if (i % 100 == 99) {
			check_all();
		}
	}
	now.pt = NULL;
	assert_true(now.stores > 1000);
}

static void test_random_operations_keep_the_rest(void **state)
{
	(void)state;
	run_random(&pt_format_long, PT_LEVEL_1G, 0xffff800000000000ull, 0x1234567);
	run_random(&pt_format_long, PT_LEVEL_2M, 0x7fff40000000ull, 0x89abcdef);
	run_random(&pt_format_npt, PT_LEVEL_1G, 0x7f40000000ull, 0x5eed); /* crosses a PML4 entry */
	run_random(&pt_format_ept, PT_LEVEL_1G, 0, 0xfeed);
	run_random(&pt_format_ept, PT_LEVEL_2M, 0xffff40000000ull, 0xdead);
}

static void test_entries(void **state)
{
	static const struct {
		const struct pt_format *format;
		unsigned int level;
		u32 attr;
		u64 entry;
	} rows[] = {
		{ &pt_format_long, 1, PT_ATTR(PT_RWX, PT_WB), 0x5063 },
		{ &pt_format_long, 1, PT_ATTR(PT_READ, PT_WB), 0x8000000000005061 },
		{ &pt_format_long, 1, PT_ATTR(PT_READ | PT_USER, PT_UC), 0x800000000000507d },
		{ &pt_format_long, 2, PT_ATTR(PT_READ | PT_WRITE, PT_WT), 0x80000000000050eb },
		{ &pt_format_long, 2, PT_ATTR(PT_READ | PT_EXEC, PT_UC_MINUS), 0x50f1 },
		{ &pt_format_npt, 1, PT_ATTR(PT_RWX, PT_WB), 0x5067 },
		{ &pt_format_npt, 3, PT_ATTR(PT_RWX, PT_WB), 0x50e7 },
		{ &pt_format_npt, 1, PT_ATTR(PT_READ, PT_WB), 0x8000000000005065 },
		{ &pt_format_ept, 1, PT_ATTR(PT_RWX, PT_WB), 0x5337 },
		{ &pt_format_ept, 2, PT_ATTR(PT_READ | PT_WRITE, PT_UC), 0x5383 },
		{ &pt_format_ept, 1, PT_ATTR(PT_READ | PT_EXEC, PT_WT), 0x5325 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 entry = pt_make_leaf(rows[i].format, rows[i].level, 0x5000, rows[i].attr);
		u32 attr = pt_leaf_attr(rows[i].format, entry);

		assert_int_equal(entry, rows[i].entry);
		if (rows[i].format == &pt_format_long) {
			assert_int_equal(attr, rows[i].attr);
		} else if (rows[i].format == &pt_format_npt || rows[i].level != 2) {
			assert_int_equal(attr, rows[i].attr | PT_USER);
		} else { /* EPT has one UC for two */
			assert_int_equal(attr, PT_ATTR(PT_READ | PT_WRITE | PT_USER, PT_UC_MINUS));
		}
	}
}

static void test_largest_pages_first(void **state)
{
	struct pt pt = new_tables(&pt_format_npt, PT_LEVEL_1G);
	struct pt_mapping m;
	u32 before;

	(void)state;
	/* 2 MiB - 4 KiB .. 3 GiB + 8 KiB, identity */
	assert_int_equal(pt_map(&pt, 0x1ff000, 0x1ff000, 0xbfe03000, PT_ATTR(PT_RWX, PT_WB), 3), 0);
	assert_int_equal(pt_lookup(&pt, 0x1fe000, &m), -ENOENT_);
	assert_int_equal(pt_lookup(&pt, 0x1ff123, &m), 0);
	assert_int_equal(m.level, 1);
	assert_int_equal(m.pa, 0x1ff123);
	assert_int_equal(pt_lookup(&pt, 0x200000, &m), 0);
	assert_int_equal(m.page_size, MIB(2));
	assert_int_equal(pt_lookup(&pt, 0x7fffffff, &m), 0);
	assert_int_equal(m.page_size, GIB(1));
	assert_int_equal(m.pa, 0x7fffffff);
	assert_int_equal(m.attr, PT_ATTR(PT_RWX | PT_USER, PT_WB));
	assert_int_equal(pt_lookup(&pt, 0xc0001fff, &m), 0);
	assert_int_equal(m.level, 1);
	assert_int_equal(pt_lookup(&pt, 0xc0002000, &m), -ENOENT_);
	/* a 4 KiB overlay forces two splits, an equal page elsewhere none */
	before = pool_used;
	assert_int_equal(pt_map(&pt, 0x80005000, 0x1000, 0x1000, PT_ATTR(PT_READ, PT_WB), 3), 0);
	assert_int_equal(pool_used, before + 2);
	assert_int_equal(pt_map(&pt, 0x80007000, 0, 0x1000, PT_ATTR(PT_READ, PT_WB), 3), 0);
	assert_int_equal(pool_used, before + 2);
	assert_int_equal(pt_lookup(&pt, 0x80006000, &m), 0);
	assert_int_equal(m.pa, 0x80006000);
	assert_int_equal(m.attr, PT_ATTR(PT_RWX | PT_USER, PT_WB));
	/* the CPU's limit and the caller's */
	pt.max_level = PT_LEVEL_2M;
	assert_int_equal(pt_map(&pt, GIB(8), GIB(8), GIB(1), PT_ATTR(PT_RWX, PT_WB), 3), 0);
	assert_int_equal(pt_lookup(&pt, GIB(8), &m), 0);
	assert_int_equal(m.level, 2);
	assert_int_equal(pt_map(&pt, GIB(9), GIB(9), MIB(4), PT_ATTR(PT_RWX, PT_WB), 1), 0);
	assert_int_equal(pt_lookup(&pt, GIB(9), &m), 0);
	assert_int_equal(m.level, 1);
}

static void test_split(void **state)
{
	struct pt pt = new_tables(&pt_format_ept, PT_LEVEL_1G);
	struct pt_mapping m;

	(void)state;
	assert_int_equal(pt_map(&pt, 0, 0, GIB(2), PT_ATTR(PT_RWX, PT_WB), 3), 0);
	assert_int_equal(pt_split(&pt, GIB(1), 3), 0);
	assert_int_equal(pool_used, 2);
	assert_int_equal(pt_split(&pt, GIB(1) + 5, 2), 0);
	assert_int_equal(pt_lookup(&pt, GIB(1), &m), 0);
	assert_int_equal(m.level, 2);
	assert_int_equal(m.entry, GIB(1) | 0x3b7);
	assert_int_equal(pt_split(&pt, 0, 1), 0);
	assert_int_equal(pt_lookup(&pt, 0x3000, &m), 0);
	assert_int_equal(m.level, 1);
	assert_int_equal(m.entry, 0x3337);
	assert_int_equal(pt_split(&pt, GIB(2), 1), -ENOENT_);
	assert_int_equal(pt_split(&pt, 0, 0), -EINVAL_);
	assert_int_equal(pt_split(&pt, 0, 4), -EINVAL_);
	assert_int_equal(pt_split(&pt, 1ull << 48, 1), -ERANGE_);
	pool_limit = pool_used;
	assert_int_equal(pt_split(&pt, GIB(1), 1), -ENOMEM_);
	assert_int_equal(pt_lookup(&pt, GIB(1), &m), 0);
	assert_int_equal(m.level, 2);
}

static void test_refusals(void **state)
{
	static const struct {
		const struct pt_format *format;
		u64 va, pa, len;
		u32 attr;
		unsigned int level;
		int err;
	} rows[] = {
		{ &pt_format_npt, 0, 0, 0, PT_READ, 1, 0 },
		{ &pt_format_npt, 1, 0, 0x1000, PT_READ, 1, -EINVAL_ },
		{ &pt_format_npt, 0, 0x10, 0x1000, PT_READ, 1, -EINVAL_ },
		{ &pt_format_npt, 0, 0, 0x1001, PT_READ, 1, -EINVAL_ },
		{ &pt_format_npt, 0, 0, 0x1000, PT_WRITE, 1, -EINVAL_ },
		{ &pt_format_npt, 0, 0, 0x1000, PT_ATTR(PT_READ, PT_MEMTYPES), 1, -EINVAL_ },
		{ &pt_format_npt, 0, 0, 0x1000, PT_READ, 0, -EINVAL_ },
		{ &pt_format_npt, 0, 0, 0x1000, PT_READ, 4, 0 }, /* max_level of the CPU decides */
		{ &pt_format_npt, 0xfffffffff000, 0, 0x1000, PT_READ, 1, 0 },
		{ &pt_format_npt, 0xfffffffff000, 0, 0x2000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_npt, 0x1000000000000, 0, 0x1000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_npt, 0xffff800000000000, 0, 0x1000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_npt, 0x1000, 0, ~0xfffull, PT_READ, 1, -ERANGE_ },
		{ &pt_format_npt, 0, 0xffffffffff000, 0x1000, PT_READ, 1, 0 },
		{ &pt_format_npt, 0, 0xffffffffff000, 0x2000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_npt, 0, ~0xfffull, 0x2000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_long, 0x7ffffffff000, 0, 0x1000, PT_READ, 1, 0 },
		{ &pt_format_long, 0x7ffffffff000, 0, 0x2000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_long, 0x800000000000, 0, 0x1000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_long, 0xffff7ffffffff000, 0, 0x2000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_long, 0, 0, 0xffff800000001000, PT_READ, 1, -ERANGE_ },
		{ &pt_format_long, 0xfffffffffffff000, 0, 0x1000, PT_READ, 1, 0 },
		{ &pt_format_long, 0xfffffffffffff000, 0, 0x2000, PT_READ, 1, -ERANGE_ },
	};
	struct pt_mapping m;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pt pt = new_tables(rows[i].format, PT_LEVEL_1G);
		int err = pt_map(&pt, rows[i].va, rows[i].pa, rows[i].len, rows[i].attr,
				 rows[i].level);

		if (err != rows[i].err) {
			fail_msg("row %u: %d, want %d", i, err, rows[i].err);
		}
		if (err == 0 && rows[i].len != 0) {
			assert_int_equal(pt_lookup(&pt, rows[i].va, &m), 0);
			assert_int_equal(pt_unmap(&pt, rows[i].va, rows[i].len), 0);
			assert_int_equal(pt_lookup(&pt, rows[i].va, &m), -ENOENT_);
		} else if (err == -ERANGE_ && rows[i].pa == 0) {
			assert_int_equal(pt_unmap(&pt, rows[i].va, rows[i].len), -ERANGE_);
		}
		assert_true(err == 0 || pool_used == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_largest_pages_first),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_random_operations_keep_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
