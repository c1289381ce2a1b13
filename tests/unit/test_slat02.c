/* SPDX-License-Identifier: MIT */
/*
 * The composition: sizes, rights and memory types of two translations in one leaf, pages that
 * Plinth keeps, and the debts of sets to a TLB that forgets nothing by itself. Then random EPT12
 * tables over a small L1: whatever the shadow has, both tables have. Facts G1, G6, G7, I1.
 */
#include "tests/unit/unit.h"

#include "arch/x86/slat02.h"

#define POOL_SPA  0x700000000ull
#define MAX_PAGES 64
#define EPT_LARGE BIT(7)
#define WB	  (6ull << 3)
#define IPAT	  BIT(6)
#define NX	  BIT(63)

static u8 pool[MAX_PAGES * PAGE_SIZE] __aligned(4096);
static u32 links[MAX_PAGES];
static struct slat slat;

/* L1's own map: one row for each stretch; the rest is hidden. */
struct stretch {
	u64 gpa, len, spa;
	u64 page_size;
	u32 perms;
};

static const struct stretch map01[] = {
	{ 0, MIB(2), 0, PAGE_SIZE, PT_RWX },
	{ MIB(2), MIB(6), MIB(2), MIB(2), PT_RWX },
	/* at 8 MiB: hidden */
	{ MIB(10), PAGE_SIZE, MIB(10), PAGE_SIZE, PT_READ | PT_EXEC }, /* its writes are emulated */
	{ MIB(10) + PAGE_SIZE, PAGE_SIZE, 0xabc000, PAGE_SIZE, PT_READ }, /* an overlay page */
	{ MIB(10) + 2 * PAGE_SIZE, MIB(2) - 2 * PAGE_SIZE, MIB(10) + 2 * PAGE_SIZE, PAGE_SIZE,
	  PT_RWX },
	{ MIB(12), MIB(4), MIB(12), MIB(2), PT_RWX },
	{ GIB(1), GIB(4), GIB(1), GIB(1), PT_RWX },
};

#define DEMAND GIB(8) /* one page is mapped when it is asked for */

static u32 demands;

static bool lookup(u64 gpa, struct pt_mapping *mine)
{
	for (size_t i = 0; i < ARRAY_SIZE(map01); i++) {
		const struct stretch *s = &map01[i];

		if (gpa - s->gpa < s->len) {
			*mine = (struct pt_mapping){
				.pa = s->spa + (gpa - s->gpa),
				.page_size = s->page_size,
				.attr = PT_ATTR(s->perms | PT_USER, PT_WB),
			};
			return true;
		}
	}
	return false;
}

static bool demand_map(u64 gpa)
{
	demands++;
	return gpa >> PAGE_SHIFT == DEMAND >> PAGE_SHIFT;
}

static const struct slat02_env ept_env = { &pt_format_ept, lookup, demand_map };
static const struct slat02_env npt_env = { &pt_format_npt, lookup, demand_map };

static u32 start(u32 pages)
{
	memset(pool, 0xff, sizeof(pool));
	memset(links, 0xff, sizeof(links));
	slat_init(&slat, pool, POOL_SPA, links, pages);
	demands = 0;
	return slat02_select(&slat, 0x1000);
}

struct row {
	const struct slat02_env *env;
	u64 l2gpa, gpa;
	u64 entry12; /* its bits for the memory type count */
	u8 page_shift, perms;
	u32 needed;
	enum slat02_result result;
	u64 leaf; /* 0: none */
	u64 size;
};

#define EPT    &ept_env
#define NPT    &npt_env
#define FILLED SLAT02_FILLED
#define KEPT   SLAT02_KEPT
#define RX     (PT_READ | PT_EXEC)
#define RW     (PT_READ | PT_WRITE)
#define RWX    PT_RWX

/* clang-format off */
static const struct row rows[] = {
	/* the smaller page of both */
	{ EPT, 0x5123, 0x3123, WB, 12, RWX, PT_READ, FILLED, 0x3000 | 0x337, PAGE_SIZE },
	{ EPT, MIB(6) + 0x5123, MIB(4) + 0x5123, WB, 21, RWX, RWX, FILLED, MIB(4) | 0x3b7, MIB(2) },
	{ EPT, MIB(6) + 0x5123, 0x5123, WB, 21, RWX, RWX, FILLED, 0x5000 | 0x337, PAGE_SIZE },
	{ EPT, 0x9123, MIB(4) + 0x123, WB, 12, RWX, RWX, FILLED, MIB(4) | 0x337, PAGE_SIZE },
	{ EPT, GIB(7) + 0x4567, GIB(2) + 0x4567, WB, 30, RWX, RWX, FILLED, GIB(2) | 0x3b7, GIB(1) },
	{ EPT, GIB(7) + MIB(8), GIB(2) + MIB(4), WB, 21, RWX, RWX, FILLED, GIB(2) | MIB(4) | 0x3b7,
		  MIB(2) },
	{ EPT, GIB(7) + MIB(4), MIB(4), WB, 30, RWX, RWX, FILLED, MIB(4) | 0x3b7, MIB(2) },
	/* G7: 1 GiB of L1's over what is hidden and over what is emulated */
	{ EPT, GIB(7) + MIB(8), MIB(8), WB, 30, RWX, PT_READ, KEPT, 0, 0 },
	{ EPT, GIB(7) + MIB(10), MIB(10), WB, 30, RWX, PT_READ, FILLED, MIB(10) | 0x335,
		  PAGE_SIZE },
	{ EPT, GIB(7) + MIB(10), MIB(10), WB, 30, RWX, PT_WRITE, KEPT, 0, 0 },
	/* an overlay is where it is, and does what it may */
	{ EPT, 0x7000, MIB(10) + 0x1008, WB, 12, RWX, PT_READ, FILLED, 0xabc000 | 0x331,
		  PAGE_SIZE },
	{ EPT, 0x7000, MIB(10) + 0x1008, WB, 12, RWX, PT_EXEC, KEPT, 0, 0 },
	{ EPT, 0x7000, MIB(10) + 0x1008, WB, 12, RWX, RW, KEPT, 0, 0 },
	/* rights of L1's tables */
	{ EPT, 0x5000, 0x3000, WB, 12, PT_READ, PT_READ, FILLED, 0x3000 | 0x331, PAGE_SIZE },
	{ EPT, 0x5000, 0x3000, WB, 12, RW, PT_READ, FILLED, 0x3000 | 0x333, PAGE_SIZE },
	{ EPT, 0x5000, 0x3000, WB, 12, PT_EXEC, PT_EXEC, FILLED, 0x3000 | 0x334, PAGE_SIZE },
	{ EPT, MIB(6), MIB(4), WB, 21, RX, PT_EXEC, FILLED, MIB(4) | 0x3b5, MIB(2) },
	/* the memory type is L1's, and nothing else of its entry */
	{ EPT, 0x5000, 0x3000, WB | IPAT, 12, RWX, RWX, FILLED, 0x3000 | 0x377, PAGE_SIZE },
	{ EPT, 0x5000, 0x3000, 0, 12, RWX, RWX, FILLED, 0x3000 | 0x307, PAGE_SIZE },
	{ EPT, MIB(6), MIB(4), (1 << 3) | IPAT, 21, RWX, RWX, FILLED, MIB(4) | 0x3cf, MIB(2) },
	{ EPT, 0x5000, 0x3000, ~0ull & ~(1ull << 4), 12, PT_READ, RX & ~PT_EXEC, FILLED,
		  0x3000 | 0x369, PAGE_SIZE },
	/* hidden, no address of L1's, and mapped on demand: then it is L1's map that gets it */
	{ EPT, 0x5000, MIB(9), WB, 12, RWX, PT_READ, KEPT, 0, 0 },
	{ EPT, 0x5000, BIT(51), WB, 12, RWX, PT_WRITE, KEPT, 0, 0 },
	{ EPT, 0x5000, DEMAND + 8, WB, 12, RWX, PT_WRITE, FILLED, 0, 0 },
	/* nested paging of the other kind: always user, accessed and dirty; no type of L1's */
	{ NPT, 0x5123, 0x3123, ~0ull, 12, RWX | PT_USER, PT_READ, FILLED, 0x3067, PAGE_SIZE },
	{ NPT, 0x5123, 0x3123, 0, 12, RX | PT_USER, PT_READ, FILLED, 0x3065, PAGE_SIZE },
	{ NPT, 0x5123, 0x3123, 0, 12, RW | PT_USER, PT_READ, FILLED, 0x3067 | NX, PAGE_SIZE },
	{ NPT, 0x7000, MIB(10) + 0x1008, 0, 12, RWX | PT_USER, PT_READ, FILLED, 0xabc065 | NX,
		  PAGE_SIZE },
	{ NPT, MIB(6), MIB(4), 0, 21, RWX | PT_USER, RW, FILLED, MIB(4) | 0xe7, MIB(2) },
	{ NPT, GIB(7), GIB(3), 0, 30, RWX | PT_USER, RW, FILLED, GIB(3) | 0xe7, GIB(1) },
	/* 4 MiB pages of 32-bit tables: each half by itself */
	{ NPT, MIB(14) + 1, MIB(12) + 1 + MIB(2), 0, 22, RWX | PT_USER, RW, FILLED, MIB(14) | 0xe7,
		  MIB(2) },
	{ NPT, MIB(16) + 1, MIB(12) + 1, 0, 22, RWX | PT_USER, RW, FILLED, MIB(12) | 0xe7, MIB(2) },
	{ NPT, MIB(18) + 1, GIB(2) + MIB(6) + 1, 0, 22, RWX | PT_USER, RW, FILLED,
		  GIB(2) | MIB(6) | 0xe7, MIB(2) },
	{ NPT, MIB(16) + 1, 1, 0, 22, RWX | PT_USER, RW, FILLED, 0x67, PAGE_SIZE },
};
/* clang-format on */

/* What the hardware would do with the shadow, rights included: 0, or the leaf. */
static u64 hardware_walk(u32 set, u64 l2gpa, unsigned int *level)
{
	u64 table = slat_root_spa(&slat, set);
	u64 entry;

	for (*level = 4;; (*level)--) {
		const u64 *at = (const u64 *)(pool + (table - POOL_SPA));

		assert_true(table - POOL_SPA < slat.pages * PAGE_SIZE);
		entry = at[l2gpa >> (3 + 9 * *level) & 511];
		if (!(entry & 7) || *level == 1 || (entry & EPT_LARGE)) {
			return entry & 7 ? entry : 0;
		}
		assert_int_equal(entry & 0xfff & ~0x107ull, 0); /* no reserved bit of a table's */
		assert_int_equal(entry & 7, 7);
		table = entry & GENMASK(51, 12);
	}
}

static void compositions_by_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		u32 set = start(MAX_PAGES);
		struct guest_walk_result walk = {
			.gpa = r->gpa,
			.entry = r->entry12,
			.page_shift = r->page_shift,
			.perms = r->perms,
		};
		enum slat02_result result =
			slat02_fill(r->env, &slat, set, r->l2gpa, &walk, r->needed);
		u64 want = r->leaf;
		u64 size = 0;
		unsigned int level;
		u64 leaf;

		leaf = slat_lookup(&slat, set, L2GPA(r->l2gpa), &size);
		if (r->env == EPT) {
			/* not for slat_lookup(): executable only is a leaf without bit 0 */
			leaf = hardware_walk(set, r->l2gpa, &level);
			size = BIT(12 + 9 * (level - 1));
		}
		if (result != r->result || leaf != want || (want && size != r->size)) {
			fail_msg("row %zu: result %d leaf %llx size %llx", i, result,
				 (unsigned long long)leaf, (unsigned long long)size);
		}
	}
}

static void executable_only(void **state)
{
	struct guest_walk_result walk = {
		.gpa = MIB(4), .entry = WB, .page_shift = 21, .perms = PT_EXEC
	};
	unsigned int level;
	u64 gpa;
	u32 set = start(MAX_PAGES);

	(void)state;
	assert_int_equal(slat02_fill(&ept_env, &slat, set, MIB(6), &walk, PT_EXEC), FILLED);
	assert_int_equal(hardware_walk(set, MIB(6), &level), MIB(4) | 0x3b4);
	/* a 4 KiB page in its place, and back */
	walk.page_shift = 12;
	assert_int_equal(slat02_fill(&ept_env, &slat, set, MIB(6), &walk, PT_EXEC), FILLED);
	assert_int_equal(hardware_walk(set, MIB(6), &level), MIB(4) | 0x334);
	assert_int_equal(level, 1);
	assert_int_equal(hardware_walk(set, MIB(6) + PAGE_SIZE, &level), 0);
	walk.page_shift = 21;
	walk.perms = PT_RWX;
	assert_int_equal(slat02_fill(&ept_env, &slat, set, MIB(6), &walk, PT_EXEC), FILLED);
	assert_true(slat02_translate(&slat, set, MIB(6) + 0x12345, &gpa));
	assert_int_equal(gpa, MIB(4) + 0x12345);
}

static void translations(void **state)
{
	struct guest_walk_result walk = {
		.gpa = GIB(2) + 0x4567, .entry = WB, .page_shift = 30, .perms = PT_RWX
	};
	u32 set = start(MAX_PAGES);
	u64 gpa = 1;

	(void)state;
	assert_false(slat02_translate(&slat, set, GIB(7), &gpa));
	slat02_fill(&ept_env, &slat, set, GIB(7) + 0x4567, &walk, PT_READ);
	assert_true(slat02_translate(&slat, set, GIB(8) - 1, &gpa));
	assert_int_equal(gpa, GIB(3) - 1);
	assert_false(slat02_translate(&slat, set, GIB(8), &gpa));
	slat_drop_set(&slat, set);
	assert_false(slat02_translate(&slat, set, GIB(8) - 1, &gpa));
}

static void a_pool_that_cannot_hold_a_page(void **state)
{
	struct guest_walk_result walk = { .gpa = 0x3000, .page_shift = 12, .perms = PT_RWX };
	u32 set = start(3);

	(void)state;
	assert_int_equal(slat02_fill(&ept_env, &slat, set, 0, &walk, PT_READ), SLAT02_FULL);
}

static void dropping_by_root(void **state)
{
	u32 a = start(MAX_PAGES);
	u32 b = slat02_select(&slat, 0x2000);

	(void)state;
	assert_true(slat02_take_debt(&slat, a) && slat02_take_debt(&slat, b));
	assert_false(slat02_take_debt(&slat, a) || slat02_take_debt(&slat, b));
	slat02_drop_root(&slat, 0x3000);
	assert_int_equal(slat.flush_owed, 0);
	slat02_drop_root(&slat, 0x1000);
	assert_false(slat.sets[a].used);
	assert_true(slat.sets[b].used);
	assert_false(slat02_take_debt(&slat, b));
	assert_int_equal(slat02_select(&slat, 0x1000), a);
	assert_true(slat02_take_debt(&slat, a));
}

static u64 random_state = 0xdefaced12345;

static u64 rnd(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

/*
 * A TLB that keeps what it saw of l2gpa 0 under each root until a flush of that root. Each life of
 * a set gives that page another address: one that is not the set's own is stale.
 */
static void debts_leave_nothing_stale(void **state)
{
	u64 seen[MAX_PAGES] = { 0 };
	u32 flushes = 0;
	const u32 entries = 100000;

	(void)state;
	start(13);
	for (u64 i = 1; i <= entries; i++) {
		u32 set = slat02_select(&slat, rnd(11) << 12);
		u64 n = rnd(6);
		unsigned int level;
		u64 leaf, *tlb;

		while (n--) { /* faults, which fill the pool and begin sets anew */
			struct guest_walk_result walk = { 0, .page_shift = 12, .perms = PT_RWX };

			set = slat02_select(&slat, slat.sets[set].tag.root);
			slat02_fill(&ept_env, &slat, set, (1 + rnd(5)) * GIB(1), &walk, PT_READ);
		}
		if (rnd(8) == 0) {
			slat02_drop_root(&slat, slat.sets[set].tag.root);
			continue;
		}
		if (rnd(64) == 0) {
			slat_drop_all(&slat);
			continue;
		}
		/* entry */
		tlb = &seen[(slat_root_spa(&slat, set) - POOL_SPA) / PAGE_SIZE];
		if (slat02_take_debt(&slat, set)) {
			*tlb = 0;
			flushes++;
		}
		leaf = hardware_walk(set, 0, &level);
		if (leaf == 0) {
			struct guest_walk_result walk = { .gpa = GIB(1) + i * PAGE_SIZE,
							  .page_shift = 12,
							  .perms = PT_RWX };

			assert_int_equal(*tlb, 0);
			assert_int_equal(slat02_fill(&ept_env, &slat, set, 0, &walk, PT_READ),
					 FILLED);
			/* making room may have begun the set anew, elsewhere */
			tlb = &seen[(slat_root_spa(&slat, set) - POOL_SPA) / PAGE_SIZE];
			if (slat02_take_debt(&slat, set)) {
				*tlb = 0;
			}
			leaf = hardware_walk(set, 0, &level);
		}
		assert_true(*tlb == 0 || *tlb == leaf);
		*tlb = leaf;
	}
	assert_true(flushes > 1000 && flushes < entries);
	assert_true(slat.recycled > 1000);
}

/* Random EPT12 over 16 pages that are L1's from 0 on */

#define WORDS (16 * 512)
static u64 word[WORDS];

static bool read64(void *ctx, u64 gpa, u64 *value)
{
	(void)ctx;
	if (gpa / 8 >= WORDS) {
		return false;
	}
	*value = word[gpa / 8];
	return true;
}

static void random_tables(void)
{
	for (u32 i = 0; i < WORDS; i++) {
		u64 e = rnd(16) << 12 | (rnd(6) ? 7 : rnd(8));

		if (rnd(3) == 0) {
			e = rnd(rnd(2) ? 4096 : 0x200000) << 12 | (e & 7) | WB | rnd(2) * IPAT |
			    (rnd(2) ? 0 : EPT_LARGE);
			if (rnd(2)) { /* aligned for a size */
				e &= ~(rnd(2) ? GENMASK(20, 12) : GENMASK(29, 12));
			}
		}
		word[i] = e;
	}
}

/* The leaf at l2gpa maps, to its ends, only what both tables do, with no right more. */
static void check_leaf(u32 set, const struct guest_paging *paging, u64 l2gpa)
{
	unsigned int level;
	u64 leaf = hardware_walk(set, l2gpa, &level);
	u64 size = BIT(12 + 9 * (level - 1));
	u64 base = ALIGN_DOWN(l2gpa, size);
	u64 probes[] = { l2gpa, base, base + size - 1, base + (random_state & (size - 1)) };

	assert_true(leaf != 0 && level <= 3);
	assert_true((leaf & 3) != 2); /* never misconfigured */
	assert_int_equal(leaf & GENMASK(51, 12) & (size - 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		struct guest_walk_result walk;
		struct pt_mapping mine;

		assert_int_equal(ept_walk(paging, L2GPA(probes[i]), 0, &walk), GUEST_WALK_OK);
		assert_true(lookup(walk.gpa, &mine));
		assert_int_equal((leaf & GENMASK(51, 12) & ~(size - 1)) + (probes[i] & (size - 1)),
				 mine.pa);
		assert_int_equal(leaf & 7, walk.perms & mine.attr & PT_RWX);
		assert_int_equal(leaf & GENMASK(6, 3), walk.entry & GENMASK(6, 3));
	}
}

static void random_tables_compose_soundly(void **state)
{
	u32 results[3] = { 0 };
	u32 levels[5] = { 0 };

	(void)state;
	start(20);
	for (u32 i = 0; i < 150000; i++) {
		struct guest_paging paging = {
			.cr3 = rnd(16) << 12,
			.maxphyaddr = 40,
			.model = GUEST_PAGING_EXEC_ONLY,
			.read64 = read64,
		};
		u64 l2gpa = random_state >> 16;
		u32 needed = 1u << rnd(3);
		struct guest_walk_result walk;
		enum slat02_result result;
		unsigned int level;
		u32 set;

		if (i % 500 == 0) { /* as L1 has to: new tables, then INVEPT */
			random_tables();
			slat_drop_all(&slat);
		}
		set = slat02_select(&slat, paging.cr3);
		if (ept_walk(&paging, L2GPA(l2gpa), needed, &walk) != GUEST_WALK_OK) {
			continue;
		}
		result = slat02_fill(&ept_env, &slat, set, l2gpa, &walk, needed);
		results[result]++;
		if (result == SLAT02_FILLED) {
			check_leaf(set, &paging, l2gpa);
			hardware_walk(set, l2gpa, &level);
			levels[level]++;
		}
	}
	assert_true(results[FILLED] > 5000 && results[KEPT] > 1000 && results[SLAT02_FULL] == 0);
	assert_true(levels[1] > 500 && levels[2] > 500 && levels[3] > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compositions_by_table),
		cmocka_unit_test(executable_only),
		cmocka_unit_test(translations),
		cmocka_unit_test(a_pool_that_cannot_hold_a_page),
		cmocka_unit_test(dropping_by_root),
		cmocka_unit_test(debts_leave_nothing_stale),
		cmocka_unit_test(random_tables_compose_soundly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
