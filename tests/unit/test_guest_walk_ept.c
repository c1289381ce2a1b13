/* SPDX-License-Identifier: MIT */
/*
 * The walk of L1's EPT: presence, rights and every rule of misconfiguration by table; what KVM
 * makes of entries that are not translations; and random graphs, cycles among them, against a plain
 * statement of [SDM "EPT Translation Mechanism"]. A second read of an entry is a failure.
 * Facts G2, G3, G9.
 */
#include "tests/unit/unit.h"

#include "mm/guest_walk.h"

#define R	  0x1ull
#define W	  0x2ull
#define X	  0x4ull
#define RWX	  (R | W | X)
#define WB	  (6ull << 3)
#define TYPE(n)	  ((u64)(n) << 3)
#define IPAT	  0x40ull
#define PS	  0x80ull
#define HIGH	  0xfff0000000000000ull /* bits that the CPU ignores */

#define OK	  GUEST_WALK_OK
#define VIOL	  GUEST_WALK_FAULT
#define MISC	  GUEST_WALK_MISCONFIG
#define NO_READ	  GUEST_WALK_READ_FAILED
#define NO_1G	  GUEST_PAGING_NO_1G
#define NO_2M	  GUEST_PAGING_NO_2M
#define EXEC_ONLY GUEST_PAGING_EXEC_ONLY

/* Tables at 0x1000 (top) to 0x4000, each linked by entry 1; the page at 0x5000. */
#define L2GPA_1 0x0000008040201123ull
#define E4	(0x2000 | RWX)
#define E3	(0x3000 | RWX)
#define E2	(0x4000 | RWX)
#define E1	(0x5000 | RWX | WB)
#define BIG	(0x40000000ull | RWX | WB | PS)

#define WORDS	(16 * 512)
static u64 word[WORDS];
static u8 reads[WORDS];
static u8 max_reads;
static u32 all_reads;

static bool read64(void *ctx, u64 gpa, u64 *value)
{
	assert_ptr_equal(ctx, word);
	assert_true(gpa % 8 == 0);
	all_reads++;
	if (gpa / 8 >= WORDS) {
		return false;
	}
	assert_true(++reads[gpa / 8] <= max_reads);
	*value = word[gpa / 8];
	return true;
}

/* The EPTP with all that is no address set: the walk must not care. */
static struct guest_paging paging_of(u64 root, u8 maxphyaddr, u8 model)
{
	return (struct guest_paging){
		.cr3 = root | 0x7e,
		.maxphyaddr = maxphyaddr,
		.model = model,
		.ctx = word,
		.read64 = read64,
	};
}

static enum guest_walk_status walk(const struct guest_paging *paging, u64 l2gpa, u32 needed,
				   struct guest_walk_result *out)
{
	memset(out, 0xa5, sizeof(*out));
	memset(reads, 0, sizeof(reads));
	all_reads = 0;
	return ept_walk(paging, L2GPA(l2gpa), needed, out);
}

static void put(u64 e4, u64 e3, u64 e2, u64 e1)
{
	memset(word, 0, sizeof(word));
	max_reads = 1;
	word[0x1008 / 8] = e4;
	word[0x2008 / 8] = e3;
	word[0x3008 / 8] = e2;
	word[0x4008 / 8] = e1;
}

struct row {
	u64 e4, e3, e2, e1;
	u8 model;
	u8 maxphyaddr; /* 0: 40 */
	u32 needed;
	enum guest_walk_status status;
	u8 level;
	u8 perms; /* with OK and VIOL */
	u64 gpa;  /* 0: 0x5123 */
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		struct guest_paging paging =
			paging_of(0x1000, r->maxphyaddr ? r->maxphyaddr : 40, r->model);
		struct guest_walk_result got;
		enum guest_walk_status status;
		bool same;

		put(r->e4, r->e3, r->e2, r->e1);
		status = walk(&paging, L2GPA_1, r->needed, &got);
		same = status == r->status && got.level == r->level;
		if (status == OK || status == VIOL) {
			same = same && got.perms == r->perms;
		}
		if (status == OK || status == NO_READ) {
			same = same && got.gpa == (r->gpa ? r->gpa : 0x5123);
		}
		if (!same) {
			fail_msg("row %zu: status %d level %u perms %x gpa %llx", i, status,
				 got.level, got.perms, (unsigned long long)got.gpa);
		}
	}
}

/* clang-format off */
static const struct row rows[] = {
	{ E4, E3, E2, E1, .needed = PT_RWX, .status = OK, .level = 1, .perms = PT_RWX },
	{ E4, E3, E2, E1, .status = OK, .level = 1, .perms = PT_RWX },
	/* large pages */
	{ E4, E3, BIG, 0, .needed = PT_RWX, .status = OK, .level = 2, .perms = PT_RWX,
		  .gpa = 0x40001123 },
	{ E4, BIG, 0, 0, .needed = PT_RWX, .status = OK, .level = 3, .perms = PT_RWX,
		  .gpa = 0x40201123 },
	/* not present, at each level: nothing is allowed, whatever the levels above allow */
	{ 0, E3, E2, E1, .status = VIOL, .level = 4 },
	{ E4, 0, E2, E1, .status = VIOL, .level = 3 },
	{ E4, E3, 0, E1, .needed = PT_WRITE, .status = VIOL, .level = 2 },
	{ E4, E3, E2, 0, .needed = PT_EXEC, .status = VIOL, .level = 1 },
	/* R/W/X are 0: not present whatever else is there, reserved bits and types included */
	{ ~RWX, E3, E2, E1, .status = VIOL, .level = 4 },
	{ E4, ~RWX, E2, E1, .status = VIOL, .level = 3 },
	{ E4, E3, ~RWX, E1, .status = VIOL, .level = 2 },
	{ E4, E3, E2, ~RWX, .status = VIOL, .level = 1 },
	/* KVM's access-tracked entry: address, type and software bits stay, rights move up */
	{ E4, E3, E2, (E1 & ~RWX) | 5ull << 54 | 0xc00, .status = VIOL, .level = 1 },
	/* KVM's entry for emulated MMIO: writable and executable, its frame in the upper bits */
	{ E4, E3, E2, W | X | 0xfee00000ull | 0x3full << 52, .needed = PT_READ, .status = MISC,
		  .level = 1 },
	{ E4, E3, W | X | 0xfee00000ull | 0x3full << 52, 0, .status = MISC, .level = 2 },
	{ E4, E3, E2, W | X | 1ull << 51, .maxphyaddr = 52, .status = MISC, .level = 1 },
	/* writable, not readable */
	{ E4 & ~R, E3, E2, E1, .status = MISC, .level = 4 },
	{ E4, E3 & ~R, E2, E1, .status = MISC, .level = 3 },
	{ E4, E3, E2 & ~(R | X), E1, .status = MISC, .level = 2 },
	{ E4, E3, E2, E1 & ~(R | X), .model = EXEC_ONLY, .status = MISC, .level = 1 },
	{ E4, E3, E2, E1 & ~R, .model = EXEC_ONLY, .status = MISC, .level = 1 },
	{ E4, E3, BIG & ~R, E1, .status = MISC, .level = 2 },
	{ E4, BIG & ~(R | X), 0, 0, .status = MISC, .level = 3 },
	/* executable only: where it is offered, in tables too */
	{ E4, E3, E2, E1 & ~(R | W), .needed = PT_EXEC, .status = MISC, .level = 1 },
	{ (E4 & ~(R | W)), E3, E2, E1, .status = MISC, .level = 4 },
	{ E4, BIG & ~(R | W), 0, 0, .status = MISC, .level = 3 },
	{ E4, E3, E2, E1 & ~(R | W), .model = EXEC_ONLY, .needed = PT_EXEC, .status = OK,
		  .level = 1, .perms = PT_EXEC },
	{ E4, E3 & ~(R | W), E2, E1, .model = EXEC_ONLY, .needed = PT_EXEC, .status = OK,
		  .level = 1, .perms = PT_EXEC },
	{ E4, E3, E2, E1 & ~(R | W), .model = EXEC_ONLY, .needed = PT_READ, .status = VIOL,
		  .level = 1, .perms = PT_EXEC },
	/* rights of all levels together */
	{ E4, E3, E2, E1 & ~W, .needed = PT_WRITE, .status = VIOL, .level = 1,
		  .perms = PT_READ | PT_EXEC },
	{ E4 & ~W, E3, E2, E1, .needed = PT_READ | PT_WRITE, .status = VIOL, .level = 1,
		  .perms = PT_READ | PT_EXEC },
	{ E4, E3 & ~W, E2 & ~X, E1, .needed = PT_READ, .status = OK, .level = 1,
		  .perms = PT_READ },
	{ E4, E3 & ~W, E2 & ~X, E1, .needed = PT_EXEC, .status = VIOL, .level = 1,
		  .perms = PT_READ },
	{ E4, E3 & ~X, BIG & ~W, 0, .needed = PT_WRITE, .status = VIOL, .level = 2,
		  .perms = PT_READ },
	/* with no right needed, rights do not count */
	{ E4, E3, E2 & ~X, E1 & ~(R | W), .model = EXEC_ONLY, .status = OK, .level = 1 },
	/* not present below a misconfigured one: the first that is met counts; and the reverse */
	{ E4, E3 | 8, 0, 0, .status = MISC, .level = 3 },
	{ E4, E3, 0, W, .status = VIOL, .level = 2 },
	/* reserved wins over rights */
	{ E4 & ~W, E3, E2, E1 | 1ull << 45, .needed = PT_WRITE, .status = MISC, .level = 1 },
	/* reserved in tables: 7:3 on top, 6:3 below; where a page has its type */
	{ E4 | 0x08, E3, E2, E1, .status = MISC, .level = 4 },
	{ E4 | 0x40, E3, E2, E1, .status = MISC, .level = 4 },
	{ E4 | PS, E3, E2, E1, .status = MISC, .level = 4 },
	{ E4 | PS | WB, E3, E2, E1, .status = MISC, .level = 4 },
	{ E4, E3 | 0x10, E2, E1, .status = MISC, .level = 3 },
	{ E4, E3 | 0x40, E2, E1, .status = MISC, .level = 3 },
	{ E4, E3, E2 | 0x20, E1, .status = MISC, .level = 2 },
	{ E4, E3, E2 | 0x40, E1, .status = MISC, .level = 2 },
	/* bits 11:8 and 63:52 mean nothing in any; bit 7 nothing in a 4 KiB page's */
	{ E4 | 0xf00 | HIGH, E3 | 0xf00 | HIGH, E2 | 0xf00 | HIGH, E1 | 0xf00 | HIGH | PS,
		  .needed = PT_RWX, .status = OK, .level = 1, .perms = PT_RWX },
	{ E4, E3, BIG | 0xf00 | HIGH, 0, .status = OK, .level = 2, .perms = PT_RWX,
		  .gpa = 0x40001123 },
	/* the address of a large page */
	{ E4, E3, BIG | 0x1000, 0, .status = MISC, .level = 2 },
	{ E4, E3, BIG | 0x100000, 0, .status = MISC, .level = 2 },
	{ E4, BIG | 0x1000, 0, 0, .status = MISC, .level = 3 },
	{ E4, BIG | 0x20000000, 0, 0, .status = MISC, .level = 3 },
	{ E4, E3, BIG | 0x200000, 0, .status = OK, .level = 2, .perms = PT_RWX, .gpa = 0x40201123 },
	/* beyond MAXPHYADDR, in tables and pages */
	{ E4 | 1ull << 40, E3, E2, E1, .status = MISC, .level = 4 },
	{ E4, E3 | 1ull << 51, E2, E1, .status = MISC, .level = 3 },
	{ E4, E3, E2 | 1ull << 40, E1, .status = MISC, .level = 2 },
	{ E4, E3, E2, E1 | 1ull << 40, .status = MISC, .level = 1 },
	{ E4, E3, BIG | 1ull << 47, 0, .status = MISC, .level = 2 },
	{ E4, BIG | 1ull << 40, 0, 0, .status = MISC, .level = 3 },
	{ E4, E3, E2, E1 | 1ull << 39, .status = OK, .level = 1, .perms = PT_RWX,
		  .gpa = 0x8000005123 },
	{ E4, E3, E2, E1 | 1ull << 51, .maxphyaddr = 52, .status = OK, .level = 1, .perms = PT_RWX,
		  .gpa = 0x8000000005123 },
	/* sizes that are not offered */
	{ E4, BIG, 0, 0, .model = NO_1G, .status = MISC, .level = 3 },
	{ E4, E3, BIG, 0, .model = NO_1G, .status = OK, .level = 2, .perms = PT_RWX,
		  .gpa = 0x40001123 },
	{ E4, E3, BIG, 0, .model = NO_1G | NO_2M, .status = MISC, .level = 2 },
	{ E4, E3, (BIG & ~WB), 0, .model = NO_2M, .status = MISC, .level = 2 },
	{ E4, E3, E2, E1 | PS, .model = NO_1G | NO_2M, .status = OK, .level = 1, .perms = PT_RWX },
	/* a table where L1 has no memory; the entry's address comes back */
	{ 0xff000ff000 | RWX, E3, E2, E1, .status = NO_READ, .level = 3, .gpa = 0xff000ff008 },
	{ E4, E3, 0xff000ff000 | RWX, E1, .status = NO_READ, .level = 1, .gpa = 0xff000ff008 },
};
/* clang-format on */

static void G2_rules_by_table(void **state)
{
	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

/* Every combination of R/W/X and every type, in a page of every size and in tables. */
static void G2_rights_and_types(void **state)
{
	static const bool rights_bad[8] = { [2] = true, [4] = true, [6] = true };
	static const bool type_bad[8] = { [2] = true, [3] = true, [7] = true };

	(void)state;
	for (u64 i = 0; i < 8 * 8 * 2 * 3 * 2; i++) {
		u64 rights = i % 8;
		u64 type = i / 8 % 8;
		u64 ipat = i / 64 % 2 * IPAT;
		unsigned int level = (unsigned int)(i / 128 % 3 + 1);
		u8 model = i / 384 ? EXEC_ONLY : 0;
		bool bad = type_bad[type] || (rights_bad[rights] && !(model && rights == X));
		u64 leaf = 0x40000000 | rights | TYPE(type) | ipat | (level > 1 ? PS : 0);
		struct guest_paging paging = paging_of(0x1000, 40, model);
		struct guest_walk_result got;
		enum guest_walk_status status;

		put(E4, level == 3 ? leaf : E3, level == 2 ? leaf : E2, leaf);
		status = walk(&paging, L2GPA_1, 0, &got);
		assert_int_equal(status, rights == 0 ? VIOL : bad ? MISC : OK);
		assert_int_equal(got.level, level);
		assert_int_equal(got.entry, leaf);
		if (status == OK) {
			assert_int_equal(got.perms, rights);
			assert_int_equal(got.page_shift, 12 + 9 * (level - 1));
			assert_false(got.dirty);
		}
	}
}

static void addresses(void **state)
{
	static const u64 beyond[] = { 1ull << 48, 1ull << 51, (1ull << 48) + L2GPA_1, 1ull << 63,
				      ~0ull };
	struct guest_paging paging = paging_of(0x1000, 52, 0);
	struct guest_walk_result got;

	(void)state;
	put(E4, E3, E2, E1);
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		assert_int_equal(walk(&paging, beyond[i], PT_READ, &got), VIOL);
		assert_int_equal(got.perms, 0);
		assert_int_equal(all_reads, 0);
	}
	/* the last entry of all: there is no sign */
	word[0x1ff8 / 8] = E4;
	word[0x2ff8 / 8] = 0x7fc0000000 | RWX | WB | PS;
	assert_int_equal(walk(&paging, (1ull << 48) - 1, PT_READ, &got), OK);
	assert_int_equal(got.gpa, 0x7fffffffff);
	/* a root that L1 cannot read */
	paging.cr3 = 0xffff000ull;
	assert_int_equal(walk(&paging, L2GPA_1, PT_READ, &got), NO_READ);
	assert_int_equal(got.level, 4);
	assert_int_equal(got.gpa, 0xffff008);
}

/* Facts G3: a table that is its own table ends after four steps, as a page or as none. */
static void G3_self_map(void **state)
{
	struct guest_paging paging = paging_of(0x1000, 40, 0);
	struct guest_walk_result got;

	(void)state;
	put(0x1000 | RWX, 0, 0, 0);
	max_reads = 4;
	assert_int_equal(walk(&paging, L2GPA_1, PT_RWX, &got), OK);
	assert_int_equal(got.gpa, 0x1123);
	assert_int_equal(got.level, 1);
	assert_int_equal(all_reads, 4);
	/* with a page's type it is no table: misconfigured at the top already */
	put(0x1000 | RWX | WB, 0, 0, 0);
	assert_int_equal(walk(&paging, L2GPA_1, PT_RWX, &got), MISC);
	assert_int_equal(all_reads, 1);
	/* the table below points back up */
	put(E4, 0x1000 | RWX, 0, 0);
	max_reads = 2;
	assert_int_equal(walk(&paging, L2GPA_1, PT_RWX, &got), OK);
	assert_int_equal(got.gpa, 0x1123);
	assert_int_equal(all_reads, 4);
}

/* The rules once more, bit by bit and without a table of formats. */
struct model {
	enum guest_walk_status status;
	unsigned int level, shift;
	u64 gpa;
	u32 perms;
};

static bool model_is_bad(const struct guest_paging *p, u64 e, unsigned int level, bool is_page)
{
	u64 type = e >> 3 & 7;

	if ((e & 3) == 2 || ((e & 7) == 4 && !(p->model & EXEC_ONLY))) {
		return true;
	}
	if (e % (1ull << 52) >> p->maxphyaddr != 0) {
		return true;
	}
	if (level == 4) {
		return (e & 0xf8) != 0;
	}
	if (!is_page) {
		return (e & 0x78) != 0 || ((e & PS) && level > 1);
	}
	if (type != 0 && type != 1 && type != 4 && type != 5 && type != 6) {
		return true;
	}
	return e % (1ull << 52) / 4096 % (1ull << 9 * (level - 1)) != 0;
}

static struct model model_walk(const struct guest_paging *p, u64 l2gpa, u32 needed)
{
	struct model m = { .perms = PT_RWX };
	u64 table = p->cr3 % (1ull << 52) / 4096 * 4096;

	for (m.level = 4; m.level > 0; m.level--) {
		unsigned int shift = 3 + 9 * m.level;
		u64 at = table + (l2gpa >> shift) % 512 * 8;
		bool is_page;
		u64 e;

		if (at / 8 >= WORDS) {
			m.status = NO_READ;
			m.gpa = at;
			return m;
		}
		e = word[at / 8];
		is_page = m.level == 1 || ((e & PS) && ((m.level == 2 && !(p->model & NO_2M)) ||
							(m.level == 3 && !(p->model & NO_1G))));
		if ((e & RWX) == 0) {
			m.status = VIOL;
			m.perms = 0;
			return m;
		}
		if (model_is_bad(p, e, m.level, is_page)) {
			m.status = MISC;
			return m;
		}
		m.perms &= (u32)e;
		table = e % (1ull << 52) / 4096 * 4096;
		if (is_page) {
			m.shift = shift;
			m.gpa = (table >> shift << shift) + l2gpa % (1ull << shift);
			break;
		}
	}
	m.status = needed & ~m.perms ? VIOL : OK;
	return m;
}

static u64 random_state = 0x1234feed5678;

static u64 rnd(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

/* 16 pages whose entries point at each other, at pages, and now and then nowhere. */
static void random_graph(void)
{
	for (u32 i = 0; i < WORDS; i++) {
		u64 e = rnd(17) << 12 | (rnd(8) ? RWX : rnd(8));

		if (rnd(4) == 0) { /* a page, of some size */
			e = rnd(1024) << 30 | (e & 0xfff) | (rnd(4) ? TYPE(6) : TYPE(rnd(8))) |
			    (rnd(4) ? PS : 0) | rnd(2) * IPAT;
		}
		if (rnd(3) == 0) {
			e ^= 1ull << rnd(64);
		}
		word[i] = e;
	}
}

static void random_graphs_against_the_model(void **state)
{
	u32 statuses[GUEST_WALK_MISCONFIG + 1] = { 0 };
	u32 levels[5] = { 0 };

	(void)state;
	max_reads = 4; /* a cycle meets an entry again, on another level */
	for (u32 i = 0; i < 200000; i++) {
		struct guest_paging paging = paging_of(rnd(16) << 12, (u8)(36 + rnd(17)),
						       (u8)(rnd(2) * NO_1G | rnd(2) * EXEC_ONLY |
							    (rnd(8) == 0 ? NO_2M : 0)));
		u64 l2gpa = random_state >> 16;
		u32 needed = (u32)rnd(8);
		struct guest_walk_result got;
		enum guest_walk_status status;
		struct model want;

		if (i % 1000 == 0) {
			random_graph();
		}
		want = model_walk(&paging, l2gpa, needed);
		status = walk(&paging, l2gpa, needed, &got);
		assert_true(all_reads <= 4);
		assert_int_equal(all_reads, 5 - got.level);
		if (status != want.status || got.level != want.level ||
		    ((status == OK || status == NO_READ) && got.gpa != want.gpa) ||
		    ((status == OK || status == VIOL) && got.perms != want.perms) ||
		    (status == OK && got.page_shift != want.shift)) {
			fail_msg("round %u: status %d level %u perms %x gpa %llx; want %d %u %x "
				 "%llx",
				 i, status, got.level, got.perms, (unsigned long long)got.gpa,
				 want.status, want.level, want.perms, (unsigned long long)want.gpa);
		}
		statuses[status]++;
		levels[got.level] += status == OK;
	}
	assert_true(statuses[OK] > 2000 && statuses[VIOL] > 2000 && statuses[MISC] > 2000);
	assert_true(statuses[NO_READ] > 500);
	assert_true(levels[1] > 200 && levels[2] > 200 && levels[3] > 200 && levels[4] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(G2_rules_by_table),
		cmocka_unit_test(G2_rights_and_types),
		cmocka_unit_test(addresses),
		cmocka_unit_test(G3_self_map),
		cmocka_unit_test(random_graphs_against_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
