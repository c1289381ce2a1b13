/* SPDX-License-Identifier: MIT */
/*
 * The walker against a second, plain statement of the rules (walk_model.h), on random tables,
 * registers and accesses in every paging mode and for nested tables; and its short form for the
 * instruction at RIP against the long one.
 */
#include "tests/unit/unit.h"

#include "tests/unit/walk_model.h"

#define P    0x1ull
#define W    0x2ull
#define U    0x4ull
#define PS   0x80ull

#define PG   (1ull << 31)
#define WP   (1ull << 16)
#define PSE  0x10ull
#define PAE  0x20ull
#define LA57 (1ull << 12)
#define SMEP (1ull << 20)
#define SMAP (1ull << 21)
#define LMA  (1ull << 10)
#define NXE  (1ull << 11)
#define AC   (1ull << 18)

/* The walked machine: 16 pages from 0. */
#define WORDS (16 * 512)
static u64 word[WORDS];
static u32 reads;

static bool read64(void *ctx, u64 gpa, u64 *value)
{
	assert_ptr_equal(ctx, word);
	assert_true(gpa % 8 == 0);
	reads++;
	if (gpa / 8 >= WORDS) {
		return false;
	}
	*value = word[gpa / 8];
	return true;
}

static u64 random_state = 0xfeedface12345;

static u64 rnd(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

static void random_tables(void)
{
	for (u32 i = 0; i < WORDS; i++) {
		u64 e = rnd(18) << 12 | P | W | U | (rnd(4) ? 0 : PS);

		if (rnd(2)) { /* one or two bits wrong */
			e ^= 1ull << rnd(13);
			e ^= rnd(3) ? 0 : 1ull << rnd(64);
		}
		if (rnd(2)) { /* two entries of 32 bits */
			e = (e & 0xffffffff) | e << 32;
		}
		if (rnd(4) == 0) {
			e &= ~(0x3ffffull << 12) | 7ull << 30; /* aligned for a large page */
		}
		word[i] = e;
	}
}

static struct guest_paging random_paging(void)
{
	static const u64 cr4[] = { PAE, PAE, PAE, PAE | LA57, 0, PSE };
	struct guest_paging p = {
		.cr0 = (rnd(20) ? PG : 0) | rnd(2) * WP,
		.cr3 = rnd(16) << 12 | rnd(4096),
		.cr4 = cr4[rnd(6)] | rnd(2) * SMEP | rnd(2) * SMAP,
		.efer = rnd(2) * NXE,
		.rflags = rnd(2) * AC,
		.maxphyaddr = (u8)(32 + rnd(21)),
		.model = (u8)rnd(4),
		.ctx = word,
		.read64 = read64,
	};

	if ((p.cr4 & LA57) || ((p.cr4 & PAE) && rnd(2))) {
		p.efer |= LMA;
	}
	return p;
}

/* Random tables, registers and accesses: the walker, its short form, and the model agree. */
static void test_against_model(void **state)
{
	u32 statuses[GUEST_WALK_RETRY + 1] = { 0 };

	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		struct guest_paging paging = random_paging();
		u64 va = rnd(2) ? rnd(1ull << 47) : random_state >> rnd(40);
		u32 access = (u32)rnd(16);
		bool is_nested = rnd(2);
		struct guest_walk_result got = { 0 };
		enum guest_walk_status status;
		struct walk_model want;
		u64 gpa;

		if (i % 2000 == 0) {
			random_tables();
		}
		want = model_walk(&paging, va, access, is_nested);
		reads = 0;
		status = is_nested ? npt_walk(&paging, L2GPA(va), access, &got)
				   : guest_walk(&paging, va, access, &got);
		assert_true(reads <= 5);
		if (!model_agrees(&want, status, &got)) {
			fail_msg("round %u: status %d level %u error %x gpa %llx; want %d %u %x "
				 "%llx",
				 i, status, got.level, got.error_code, (unsigned long long)got.gpa,
				 want.status, want.level, want.error_code,
				 (unsigned long long)want.gpa);
		}
		statuses[status]++;
		if (status == GUEST_WALK_OK && (paging.efer & LMA) && !(paging.cr4 & LA57) &&
		    got.level != 0) {
			assert_true(guest_walk_executed(paging.cr3, va, read64, word, &gpa));
			assert_int_equal(gpa, got.gpa);
		}
	}
	assert_true(statuses[GUEST_WALK_OK] > 5000 && statuses[GUEST_WALK_FAULT] > 50000);
	assert_true(statuses[GUEST_WALK_READ_FAILED] > 1000);
	assert_true(statuses[GUEST_WALK_NON_CANONICAL] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
