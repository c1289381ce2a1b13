/* SPDX-License-Identifier: MIT */
/*
 * The shadow tables: exhaustion and recycling of the pool, tags, leaves of all sizes in each
 * other's way; and a long random run against a flat model, with the pool counted after each step.
 * Facts I4, G1, G6, G7.
 */
#include "mm/shadow_slat.h"

#include "tests/unit/unit.h"

#define POOL_SPA    0x123400000ull
#define MAX_PAGES   64
#define LARGE	    BIT(7)
#define TABLE_FLAGS 0x27ull
#define LEAF_FLAGS  0x67ull
#define ADDR_MASK   GENMASK(51, 12)

static u8 pool[MAX_PAGES * PAGE_SIZE] __aligned(4096);
static u32 links[MAX_PAGES];
static struct slat slat;

static void start(u32 pages)
{
	/* What was in the pool before must not shine through. */
	memset(pool, 0xff, sizeof(pool));
	memset(links, 0xff, sizeof(links));
	slat_init(&slat, pool, POOL_SPA, links, pages);
}

static u32 select_tag(u64 root, u32 asid, u32 role)
{
	struct slat_tag tag = { .root = root, .asid = asid, .role = role };

	return slat_select(&slat, &tag);
}

static bool map(u32 set, u64 l2gpa, u64 spa, u64 size)
{
	return slat_map(&slat, set, L2GPA(l2gpa), SPA(spa), size, LEAF_FLAGS, TABLE_FLAGS, LARGE);
}

/* The leaf at l2gpa must be this one. */
static void assert_mapped(u32 set, u64 l2gpa, u64 spa, u64 size)
{
	u64 found = 0;
	u64 entry = slat_lookup(&slat, set, L2GPA(l2gpa), &found);

	assert_int_equal(entry & ADDR_MASK, spa);
	assert_int_equal(entry & ~ADDR_MASK, LEAF_FLAGS | (size > PAGE_SIZE ? LARGE : 0));
	assert_int_equal(found, size);
}

static bool is_mapped(u32 set, u64 l2gpa)
{
	u64 size;

	return slat_lookup(&slat, set, L2GPA(l2gpa), &size) != 0;
}

/* Soundness of the whole structure */

static u32 pages_of_list(u32 first, u32 last_must_be, u8 seen[MAX_PAGES])
{
	u32 count = 0;
	u32 last = ~0u;

	for (u32 i = first; i != ~0u; i = slat.next[i]) {
		assert_true(i < slat.pages);
		assert_false(seen[i]);
		seen[i] = 1;
		last = i;
		count++;
	}
	if (last_must_be != ~0u) {
		assert_int_equal(last, last_must_be);
	}
	return count;
}

/* Every table that the walker can reach is a page of this very set, and reached once. */
static void assert_tables_sound(const u64 *table, unsigned int level, const u8 mine[MAX_PAGES],
				u8 reached[MAX_PAGES])
{
	for (unsigned int i = 0; i < 512; i++) {
		u64 page;

		if (!(table[i] & 1) || level == 1 || (level < 4 && (table[i] & LARGE))) {
			continue;
		}
		assert_int_equal(table[i] & ~ADDR_MASK, TABLE_FLAGS);
		page = ((table[i] & ADDR_MASK) - POOL_SPA) / PAGE_SIZE;
		assert_true(page < slat.pages);
		assert_true(mine[page]);
		assert_false(reached[page]);
		reached[page] = 1;
		assert_tables_sound((const u64 *)(pool + page * PAGE_SIZE), level - 1, mine,
				    reached);
	}
}

static void assert_sound(void)
{
	u8 seen[MAX_PAGES] = { 0 };
	u32 sum = pages_of_list(slat.free_head, ~0u, seen);

	assert_int_equal(sum, slat.free_pages);
	for (u32 i = 0; i < SLAT_SETS; i++) {
		struct slat_set *set = &slat.sets[i];
		u8 before[MAX_PAGES];
		u8 mine[MAX_PAGES];
		u8 reached[MAX_PAGES] = { 0 };

		if (!set->used) {
			continue;
		}
		memcpy(before, seen, sizeof(seen));
		assert_int_equal(pages_of_list(set->first_page, set->last_page, seen), set->pages);
		sum += set->pages;
		for (u32 p = 0; p < MAX_PAGES; p++) {
			mine[p] = seen[p] && !before[p];
		}
		reached[set->first_page] = 1;
		assert_tables_sound((const u64 *)(pool + set->first_page * PAGE_SIZE), 4, mine,
				    reached);
		assert_int_equal(slat_root_spa(&slat, i), POOL_SPA + set->first_page * PAGE_SIZE);
	}
	assert_int_equal(sum, slat.pages);
}

/* Tags */

static void tag_differs_in_any_part(void **state)
{
	u32 a, b, c, d;

	(void)state;
	start(MAX_PAGES);
	a = select_tag(0x1000, 1, 0);
	b = select_tag(0x2000, 1, 0);
	c = select_tag(0x1000, 2, 0);
	d = select_tag(0x1000, 1, 1);
	assert_true(a != b && a != c && a != d && b != c && b != d && c != d);
	assert_true(map(a, 0, 0x5000, PAGE_SIZE));
	assert_false(is_mapped(b, 0) || is_mapped(c, 0) || is_mapped(d, 0));
	assert_int_equal(select_tag(0x1000, 1, 0), a);
	assert_mapped(a, 0, 0x5000, PAGE_SIZE);
	assert_int_equal(slat.flush_owed, 0);
	assert_sound();
}

static void ninth_tag_drops_the_one_used_longest_ago(void **state)
{
	u32 sets[SLAT_SETS];
	u32 ninth;

	(void)state;
	start(MAX_PAGES);
	for (u32 i = 0; i < SLAT_SETS; i++) {
		sets[i] = select_tag(0x1000 * i, 1, 0);
	}
	/* Use the first one again: the second is the oldest now. */
	select_tag(0, 1, 0);
	ninth = select_tag(0xabc000, 1, 0);
	assert_int_equal(ninth, sets[1]);
	assert_int_equal(slat.flush_owed, BIT(sets[1]));
	assert_int_equal(slat.recycled, 1);
	assert_false(is_mapped(ninth, 0));
	/* What was dropped comes back empty, in the place of the next oldest. */
	assert_int_equal(select_tag(0x1000, 1, 0), sets[2]);
	assert_sound();
}

static void drop_by_asid_takes_all_roots_of_it(void **state)
{
	u32 a, b, c;

	(void)state;
	start(MAX_PAGES);
	a = select_tag(0x1000, 7, 0);
	b = select_tag(0x2000, 7, 1);
	c = select_tag(0x1000, 8, 0);
	map(c, 0x1000, 0x9000, PAGE_SIZE);
	slat_drop_asid(&slat, 7);
	assert_false(slat.sets[a].used);
	assert_false(slat.sets[b].used);
	assert_mapped(c, 0x1000, 0x9000, PAGE_SIZE);
	assert_int_equal(slat.flush_owed, BIT(a) | BIT(b));
	assert_int_equal(slat.recycled, 0);
	assert_sound();
	slat_drop_asid(&slat, 7);
	slat_drop_asid(&slat, 0);
	assert_sound();
	slat_drop_set(&slat, a); /* not there: nothing happens */
	slat_drop_all(&slat);
	assert_int_equal(slat.free_pages, MAX_PAGES);
	assert_int_equal(slat.flush_owed, BIT(a) | BIT(b) | BIT(c));
	assert_sound();
}

static void a_dropped_tag_comes_back_empty(void **state)
{
	u32 set;

	(void)state;
	start(8);
	for (int i = 0; i < 100; i++) {
		set = select_tag(0x1000, 1, 0);
		assert_false(is_mapped(set, 0x7000));
		assert_true(map(set, 0x7000, 0x1000, PAGE_SIZE));
		assert_mapped(set, 0x7000, 0x1000, PAGE_SIZE);
		slat_drop_all(&slat);
		assert_int_equal(slat.free_pages, 8);
	}
	assert_sound();
}

/* The pool */

/* G6: L2 touches far more than the pool holds. */
static void one_set_larger_than_the_pool(void **state)
{
	u32 set;

	(void)state;
	start(8);
	set = select_tag(0x1000, 1, 0);
	for (u64 i = 0; i < 1000; i++) {
		u64 gpa = i * GIB(1) + i * MIB(2);

		assert_true(map(set, gpa, i * PAGE_SIZE, PAGE_SIZE));
		assert_mapped(set, gpa, i * PAGE_SIZE, PAGE_SIZE);
		assert_true(slat.sets[set].used);
		assert_int_equal(select_tag(0x1000, 1, 0), set);
		assert_sound();
	}
	assert_true(slat.recycled > 300);
	assert_int_equal(slat.flush_owed, BIT(set));
}

static void others_go_before_ones_own(void **state)
{
	u32 a, b, c;

	(void)state;
	start(12);
	a = select_tag(0x1000, 1, 0);
	map(a, 0, 0, PAGE_SIZE);
	b = select_tag(0x2000, 1, 0);
	map(b, 0, 0, PAGE_SIZE);
	c = select_tag(0x3000, 1, 0);
	map(c, 0, 0, PAGE_SIZE);
	assert_int_equal(slat.free_pages, 0);
	select_tag(0x1000, 1, 0); /* b is the oldest */
	assert_true(map(c, MIB(2), MIB(4), PAGE_SIZE));
	assert_false(slat.sets[b].used);
	assert_true(slat.sets[a].used);
	assert_int_equal(slat.flush_owed, BIT(b));
	assert_mapped(c, 0, 0, PAGE_SIZE);
	assert_mapped(c, MIB(2), MIB(4), PAGE_SIZE);
	assert_sound();
}

/* A new set needs its root, also when other sets hold all pages. */
static void a_root_from_a_full_pool(void **state)
{
	u32 a, b;

	(void)state;
	start(8);
	a = select_tag(0x1000, 1, 0);
	for (u64 i = 0; slat.free_pages; i++) {
		map(a, i * MIB(2), 0, PAGE_SIZE);
	}
	b = select_tag(0x2000, 1, 0);
	assert_true(slat.sets[b].used);
	assert_false(slat.sets[a].used);
	assert_int_equal(slat.sets[b].pages, 1);
	assert_true(slat.flush_owed & BIT(a));
	assert_sound();
}

/* Leaves in each other's way */

static void leaf_sizes_replace_each_other(void **state)
{
	static const struct {
		u64 size;
		u64 spa;
	} steps[] = {
		{ PAGE_SIZE, 0x1000 }, { MIB(2), MIB(6) },    { PAGE_SIZE, 0x3000 },
		{ GIB(1), GIB(5) },    { MIB(2), MIB(8) },    { GIB(1), GIB(7) },
		{ PAGE_SIZE, 0x4000 }, { PAGE_SIZE, 0x5000 }, { MIB(2), MIB(10) },
		{ MIB(2), MIB(12) },   { GIB(1), GIB(9) },    { GIB(1), GIB(10) },
	};
	const u64 gpa = GIB(3) + MIB(4) + 0x6000;
	u32 set;

	(void)state;
	start(MAX_PAGES);
	set = select_tag(0x1000, 1, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_true(map(set, ALIGN_DOWN(gpa, steps[i].size), steps[i].spa, steps[i].size));
		assert_mapped(set, gpa, steps[i].spa, steps[i].size);
		assert_sound();
		/* Only what a leaf covers is mapped by it. */
		assert_int_equal(is_mapped(set, gpa ^ PAGE_SIZE), steps[i].size > PAGE_SIZE);
		assert_int_equal(is_mapped(set, gpa ^ MIB(2)), steps[i].size > MIB(2));
		assert_false(is_mapped(set, gpa ^ GIB(1)));
		assert_false(is_mapped(set, gpa ^ GIB(512)));
		if (steps[i].size < GIB(1) && i % 3 == 2) {
			slat_drop_set(&slat, set);
			set = select_tag(0x1000, 1, 0);
			map(set, ALIGN_DOWN(gpa, steps[i].size), steps[i].spa, steps[i].size);
		}
	}
}

/* L1 flips one entry between 2 MiB and 4 KiB for ever: tables that were replaced use up the set. */
static void flipping_sizes_for_ever(void **state)
{
	u32 set;

	(void)state;
	start(8);
	set = select_tag(0x1000, 1, 0);
	for (u64 i = 0; i < 100000; i++) {
		assert_true(map(set, 0, i * MIB(2), i & 1 ? MIB(2) : PAGE_SIZE));
		assert_mapped(set, 0, i * MIB(2), i & 1 ? MIB(2) : PAGE_SIZE);
	}
	assert_sound();
}

static void borders_of_the_address_space(void **state)
{
	static const u64 gpas[] = { 0,	     BIT(39) - PAGE_SIZE, BIT(39), BIT(47) - PAGE_SIZE,
				    BIT(47), BIT(48) - PAGE_SIZE };
	u32 set;

	(void)state;
	start(MAX_PAGES);
	set = select_tag(0x1000, 1, 0);
	for (u64 i = 0; i < ARRAY_SIZE(gpas); i++) {
		map(set, gpas[i], i * PAGE_SIZE, PAGE_SIZE);
	}
	for (u64 i = 0; i < ARRAY_SIZE(gpas); i++) {
		assert_mapped(set, gpas[i], i * PAGE_SIZE, PAGE_SIZE);
		assert_mapped(set, gpas[i] + 0xfff, i * PAGE_SIZE, PAGE_SIZE);
	}
	/* Callers pass 48 bits; more must at least stay inside the tables. */
	map(set, ~0ull << 12, 0x1000, PAGE_SIZE);
	is_mapped(set, ~0ull);
	assert_sound();
}

/* The model: where probes should be mapped, per tag */

#define TAGS   11
#define PROBES 27

struct model_leaf {
	u64 base; /* of the leaf in L2's space */
	u64 spa;
	u64 size; /* 0: nothing here */
};

static struct model_leaf model[TAGS][PROBES];
static u64 last_use[TAGS];
static u64 now;

/* Corners of each level: 3 x 3 x 3. */
static u64 probe_gpa(unsigned int i)
{
	static const u64 page[] = { 0, 1, 511 };
	static const u64 large[] = { 0, 1, 511 };
	static const u64 huge[] = { 0, 1, 0x3ffff };

	return huge[i / 9] * GIB(1) + large[i / 3 % 3] * MIB(2) + page[i % 3] * PAGE_SIZE;
}

static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1dull >> 20;
}

static void model_clear(u32 tag)
{
	memset(model[tag], 0, sizeof(model[tag]));
	last_use[tag] = 0;
}

static void model_map(u32 tag, u64 gpa, u64 spa, u64 size)
{
	for (unsigned int i = 0; i < PROBES; i++) {
		struct model_leaf *leaf = &model[tag][i];

		if (probe_gpa(i) - gpa < size) {
			*leaf = (struct model_leaf){ gpa, spa, size };
		} else if (leaf->size > size && gpa - leaf->base < leaf->size) {
			/* A larger leaf gave way to a table, which has only the new one. */
			leaf->size = 0;
		}
	}
}

static u32 tag_of_set(u32 set)
{
	return (u32)(slat.sets[set].tag.root >> 12);
}

static void model_select(u32 tag)
{
	last_use[tag] = ++now;
}

/* Which tags are in sets, as a bit mask. */
static u64 tags_present(void)
{
	u64 mask = 0;

	for (u32 i = 0; i < SLAT_SETS; i++) {
		if (slat.sets[i].used) {
			mask |= BIT(tag_of_set(i));
		}
	}
	return mask;
}

/* Whatever went away since `before`, other than `keep`, must have been used longest ago. */
static void model_follow_recycling(u64 before, u32 keep)
{
	u64 gone = before & ~tags_present() & ~BIT(keep);

	for (u32 a = 0; a < TAGS; a++) {
		if (!(gone & BIT(a))) {
			continue;
		}
		for (u32 b = 0; b < TAGS; b++) {
			if (b != keep && (before & BIT(b)) && !(gone & BIT(b))) {
				assert_true(last_use[a] < last_use[b]);
			}
		}
	}
	for (u32 a = 0; a < TAGS; a++) {
		if (gone & BIT(a)) {
			model_clear(a);
		}
	}
}

static void check_probes(u32 tag, u32 set)
{
	for (unsigned int i = 0; i < PROBES; i++) {
		const struct model_leaf *leaf = &model[tag][i];

		if (leaf->size) {
			assert_mapped(set, probe_gpa(i), leaf->spa, leaf->size);
		} else {
			assert_false(is_mapped(set, probe_gpa(i)));
		}
	}
}

static void random_map(u64 *seed, u32 tag, u32 set)
{
	static const u64 sizes[] = { PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MIB(2), MIB(2), GIB(1) };
	u64 size = sizes[next_random(seed) % ARRAY_SIZE(sizes)];
	u64 gpa = ALIGN_DOWN(probe_gpa((unsigned int)(next_random(seed) % PROBES)), size);
	u64 spa = ALIGN_DOWN(next_random(seed) & GENMASK(45, 12), size);
	u64 before = tags_present();
	u64 recycled = slat.recycled;

	assert_true(map(set, gpa, spa, size));
	model_follow_recycling(before, tag);
	/* More recycled than others went: the set itself filled the pool and started over. */
	if (slat.recycled - recycled >
	    (u64)__builtin_popcountll(before & ~tags_present() & ~BIT(tag))) {
		u64 use = last_use[tag];

		assert_int_equal(tags_present(), BIT(tag));
		model_clear(tag);
		last_use[tag] = use;
	}
	model_map(tag, gpa, spa, size);
}

static void random_run(u64 seed, u32 pages, unsigned int steps)
{
	start(pages);
	memset(model, 0, sizeof(model));
	memset(last_use, 0, sizeof(last_use));
	for (unsigned int i = 0; i < steps; i++) {
		u32 tag = (u32)(next_random(&seed) % TAGS);
		u64 before = tags_present();
		u32 set = select_tag((u64)tag << 12, tag % 3, 0);

		model_follow_recycling(before, tag);
		model_select(tag);
		check_probes(tag, set);
		for (u64 n = next_random(&seed) % 8; n > 0; n--) {
			random_map(&seed, tag, set);
			check_probes(tag, set);
		}
		if (next_random(&seed) % 64 == 0) {
			slat_drop_asid(&slat, tag % 3);
			for (u32 t = tag % 3; t < TAGS; t += 3) {
				model_clear(t);
			}
		} else if (next_random(&seed) % 16 == 0) {
			slat_drop_set(&slat, set);
			model_clear(tag);
		}
		assert_sound();
	}
}

static void random_runs_equal_the_model(void **state)
{
	static const u32 pool_sizes[] = { 8, 9, 13, 20, 33, MAX_PAGES };

	(void)state;
	for (u64 i = 0; i < ARRAY_SIZE(pool_sizes); i++) {
		random_run(0x9e3779b97f4a7c15ull + i, pool_sizes[i], 1500);
		assert_true(slat.recycled > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tag_differs_in_any_part),
		cmocka_unit_test(ninth_tag_drops_the_one_used_longest_ago),
		cmocka_unit_test(drop_by_asid_takes_all_roots_of_it),
		cmocka_unit_test(a_dropped_tag_comes_back_empty),
		cmocka_unit_test(one_set_larger_than_the_pool),
		cmocka_unit_test(others_go_before_ones_own),
		cmocka_unit_test(a_root_from_a_full_pool),
		cmocka_unit_test(leaf_sizes_replace_each_other),
		cmocka_unit_test(flipping_sizes_for_ever),
		cmocka_unit_test(borders_of_the_address_space),
		cmocka_unit_test(random_runs_equal_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
