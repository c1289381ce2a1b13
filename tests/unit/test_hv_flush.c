/* SPDX-License-Identifier: MIT */
/* hv/flush: the rows of "VP sets, flush" that the four flush calls have to show. */
#include "tests/unit/hv_rig.h"

#define SPACE	   HvCallFlushVirtualAddressSpace
#define LIST	   HvCallFlushVirtualAddressList
#define SPACE_EX   HvCallFlushVirtualAddressSpaceEx
#define LIST_EX	   HvCallFlushVirtualAddressListEx

#define ALL_CPUS   HV_FLUSH_ALL_PROCESSORS
#define ALL_SPACES HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES
#define NON_GLOBAL HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY
#define EVERYBODY  0xFull

/* The same input by memory or in registers; `n` qwords. */
static u16 issue(u64 control, const u64 *input, size_t n, bool fast)
{
	if (!fast) {
		rig_put(&rig, RIG_PAGE, input, n);
		return rig_call(&rig, control, RIG_PAGE, 0);
	}
	memset(rig.xmm, 0xCC, sizeof(rig.xmm)); /* what is not input is noise */
	if (n > 2) {
		memcpy(rig.xmm, input + 2, (n - 2) * 8);
	}
	return rig_call(&rig, control | FAST, input[0], input[1]);
}

static void assert_flushes(u64 targets)
{
	if (targets == 0) {
		assert_int_equal(rig.result.effect, HV_EFFECT_NONE);
		return;
	}
	assert_int_equal(rig.result.effect, HV_EFFECT_FLUSH);
	assert_int_equal(rig.result.flush.targets.bank[0], targets);
}

struct target_row {
	u64 control;
	u64 input[8];
	size_t n;
	u16 status;
	u64 targets;
};

/* Each row by memory and fast; both have to give the same. */
static void check_targets(const struct target_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (int fast = 0; fast < 2; fast++) {
			assert_int_equal(issue(rows[i].control, rows[i].input, rows[i].n, fast),
					 rows[i].status);
			assert_flushes(rows[i].targets);
		}
	}
}

static void flush_1_3_1_count_is_not_popcount(void **state)
{
	static const struct target_row rows[] = {
		{ SPACE_EX | VARIABLE(1), { 0, 0, 0, 0, 1 }, 5, 3, 0 },
		{ SPACE_EX | VARIABLE(1), { 0, 0, 1, 3, 1 }, 5, 3, 0 },
		{ SPACE_EX, { 0, 0, 0, 1 }, 4, 3, 0 },
		{ SPACE_EX, { 0, ALL_CPUS, 0, 1 }, 4, 3, 0 },
		{ CALL(LIST_EX, 1, 0) | VARIABLE(2), { 0, 0, 0, 1, 1, 1, 0x1000 }, 7, 3, 0 },
	};

	(void)state;
	check_targets(rows, ARRAY_SIZE(rows));
}

static void flush_1_3_2_empty_sparse_set(void **state)
{
	static const struct target_row rows[] = {
		{ SPACE_EX, { 0, 0, 0, 0 }, 4, 0, 0 },
		{ CALL(LIST_EX, 1, 0), { 0, 0, 0, 0, 0x1000 }, 5, 0, 0 },
		{ SPACE_EX | VARIABLE(2), { 0, 0, 0, 3, 0, 0 }, 6, 0, 0 },
		{ SPACE_EX, { 0, ALL_CPUS, 0, 0 }, 4, 0, EVERYBODY },
	};

	(void)state;
	check_targets(rows, ARRAY_SIZE(rows));
}

static void flush_1_3_3_other_format(void **state)
{
	static const struct target_row rows[] = {
		{ SPACE_EX, { 0, 0, 2, 0 }, 4, 5, 0 },
		{ CALL(LIST_EX, 1, 0), { 0, 0, ~0ull, 0, 0x1000 }, 5, 5, 0 },
		{ SPACE_EX, { 0, 0, 1, 0 }, 4, 0, EVERYBODY },
		{ CALL(LIST_EX, 1, 0) | VARIABLE(1), { 0, 0, 1, 4, 9, 0x1000 }, 6, 0, EVERYBODY },
	};

	(void)state;
	check_targets(rows, ARRAY_SIZE(rows));
}

static void flush_1_3_4_fast_variable_header_too_long(void **state)
{
	u64 input[14] = { 0, 0, 0, 0x3FF };

	(void)state;
	input[4] = 3;
	assert_int_equal(issue(SPACE_EX | VARIABLE(10), input, 14, true), HV_STATUS_SUCCESS);
	assert_flushes(3);
	assert_int_equal(rig_call(&rig, SPACE_EX | VARIABLE(11) | FAST, 0, 0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig_call(&rig, SPACE_EX | VARIABLE(64) | FAST, 0, 0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig_call(&rig, CALL(LIST_EX, 1, 0) | VARIABLE(10) | FAST, 0, 0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig.xmm_fetched, 0);
}

static void flush_1_3_5_who_does_not_exist(void **state)
{
	static const struct target_row rows[] = {
		{ SPACE, { 0, 0, 1ull << 63 }, 3, 0, 0 },
		{ SPACE, { 0, 0, 0x11 }, 3, 0, 1 },
		{ SPACE, { 0, 0, ~0ull }, 3, 0, EVERYBODY },
		{ SPACE_EX | VARIABLE(1), { 0, 0, 0, 1ull << 63, 1ull << 63 }, 5, 0, 0 },
		{ SPACE_EX | VARIABLE(1), { 0, 0, 0, 1, 0xF0 }, 5, 0, 0 },
	};

	(void)state;
	check_targets(rows, ARRAY_SIZE(rows));
}

static void flush_1_3_6_list_follows_the_banks(void **state)
{
	static const u64 one[] = { 0, 0, 0, 1, 4, 0x7000, 0x9000 };
	static const u64 two[] = { 0, 0, 0, 3, 4, 2, 0x7000, 0x9000 };
	static const u64 holes[] = { 0, 0, 0, 5, 4, 2, 0x7000, 0x9000 };
	static const struct {
		const u64 *input;
		size_t n;
		u32 banks;
	} rows[] = { { one, 7, 1 }, { two, 8, 2 }, { holes, 8, 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int fast = 0; fast < 2; fast++) {
			u64 control = CALL(LIST_EX, 2, 0) | VARIABLE(rows[i].banks);

			assert_int_equal(issue(control, rows[i].input, rows[i].n, fast), 0);
			assert_flushes(1u << 2); /* VP 2; VP 65 and VP 129 do not exist */
			assert_int_equal(rig.result.flush.count, 2);
			assert_int_equal(rig.result.flush.gva[0], 0x7000);
			assert_int_equal(rig.result.flush.gva[1], 0x9000);
		}
	}
}

static void flush_1_3_7_empty_mask_means_all(void **state)
{
	static const struct target_row rows[] = {
		{ SPACE, { 0, 0, 0 }, 3, 0, EVERYBODY },
		{ SPACE, { 0, ALL_CPUS, 0 }, 3, 0, EVERYBODY },
		{ SPACE, { 0, ALL_CPUS, 2 }, 3, 0, EVERYBODY },
		{ CALL(LIST, 1, 0), { 0, 0, 0, 0x1000 }, 4, 0, EVERYBODY },
		{ SPACE, { 0, 0, 2 }, 3, 0, 2 }, /* the caller alone, itself included */
	};

	(void)state;
	check_targets(rows, ARRAY_SIZE(rows));
}

static void flush_1_3_9_reps_completed(void **state)
{
	(void)state;
	for (u32 n = 1; n <= 509; n += 127) {
		assert_int_equal(rig_call(&rig, CALL(LIST, n, 0), RIG_PAGE, 0), 0);
		assert_int_equal(rig.result.rax, (u64)n << 32);
		assert_int_equal(rig_call(&rig, CALL(LIST, n, n - 1), RIG_PAGE, 0), 0);
		assert_int_equal(rig.result.rax, (u64)n << 32);
	}
}

static void flush_flags(void **state)
{
	static const struct target_row rows[] = {
		{ SPACE, { 0, 8, 1 }, 3, 5, 0 },
		{ SPACE, { 0, 1ull << 63, 1 }, 3, 5, 0 },
		{ SPACE_EX, { 0, 1ull << 32 | ALL_CPUS, 0, 0 }, 4, 5, 0 },
		{ CALL(LIST, 1, 0), { 0, NON_GLOBAL, 1, 0x1000 }, 4, 5, 0 },
		{ CALL(LIST_EX, 1, 0), { 0, NON_GLOBAL | ALL_CPUS, 0, 0, 0x1000 }, 5, 5, 0 },
		{ CALL(LIST, 1, 0), { 0, HV_FLUSH_USE_EXTENDED_RANGE_FORMAT, 1, 0 }, 4, 5, 0 },
		{ SPACE, { 0, NON_GLOBAL, 1 }, 3, 0, 1 },
	};

	(void)state;
	check_targets(rows, ARRAY_SIZE(rows));
	assert_true(rig.result.flush.non_global_only);
	assert_false(rig.result.flush.all_spaces);
	assert_int_equal(issue(SPACE, (u64[]){ 0xABC123, ALL_SPACES, 1 }, 3, false), 0);
	assert_true(rig.result.flush.all_spaces && rig.result.flush.whole);
	assert_false(rig.result.flush.non_global_only);
	assert_int_equal(rig.result.flush.address_space, 0xABC123);
}

struct list_row {
	u64 gva[2];
	u32 count; /* elements kept */
	u32 pages;
	u64 kept[2];
	bool whole;
};

static void check_lists(const struct list_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u64 input[5] = { 0, 0, 1, rows[i].gva[0], rows[i].gva[1] };

		assert_int_equal(issue(CALL(LIST, 2, 0), input, 5, i & 1), 0);
		assert_int_equal(rig.result.reps, 2);
		if (rows[i].whole || rows[i].count != 0) {
			assert_flushes(1);
			assert_int_equal(rig.result.flush.whole, rows[i].whole);
		} else {
			assert_flushes(0);
		}
		if (!rows[i].whole) {
			assert_int_equal(rig.result.flush.count, rows[i].count);
			assert_int_equal(rig.result.flush.pages, rows[i].pages);
			assert_memory_equal(rig.result.flush.gva, rows[i].kept, rows[i].count * 8);
		}
	}
}

static void flush_list_canonical_borders(void **state)
{
	static const struct list_row rows[] = {
		{ { 0x1000, 0x2003 }, 2, 5, { 0x1000, 0x2003 }, false },
		{ { 0x800000000000, 0x1000 }, 1, 1, { 0x1000 }, false },
		{ { 0xFFFF7FFFFFFFF000, 0x8000000000000FFF }, 0, 0, { 0 }, false },
		{ { 0x7FFFFFFFF000, 0xFFFF800000000000 },
		  2,
		  2,
		  { 0x7FFFFFFFF000, 0xFFFF800000000000 },
		  false },
		/* Ranges are cut where the hole begins and where addresses end. */
		{ { 0x7FFFFFFFF003, 0x7FFFFFFFE001 },
		  2,
		  3,
		  { 0x7FFFFFFFF000, 0x7FFFFFFFE001 },
		  false },
		{ { 0x7FFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF },
		  2,
		  2,
		  { 0x7FFFFFFFF000, 0xFFFFFFFFFFFFF000 },
		  false },
		{ { 0xFFFFFFFFFFFFE009, 0xFFFF7FFFFFFFF001 }, 1, 2, { 0xFFFFFFFFFFFFE001 }, false },
	};

	(void)state;
	check_lists(rows, ARRAY_SIZE(rows));
}

static void flush_list_of_57_bit_addresses(void **state)
{
	static const struct list_row rows[] = {
		{ { 0x800000000000, 0x100000000000000 }, 1, 1, { 0x800000000000 }, false },
		{ { 0xFF00000000000000, 0xFEFFFFFFFFFFF000 }, 1, 1, { 0xFF00000000000000 }, false },
	};

	(void)state;
	rig.platform.virtual_address_bits = 57;
	check_lists(rows, ARRAY_SIZE(rows));
}

static void flush_list_above_the_limit_is_whole(void **state)
{
	static const struct list_row rows[] = {
		{ { 0x1000 | 31, 0x100000 | 31 }, 2, 64, { 0x1000 | 31, 0x100000 | 31 }, false },
		{ { 0x1000 | 31, 0x100000 | 32 }, 0, 0, { 0 }, true },
		{ { 0xFFF, 0x1000 }, 0, 0, { 0 }, true },
	};

	(void)state;
	check_lists(rows, ARRAY_SIZE(rows));
	rig.platform.flush_list_pages = 2;
	assert_int_equal(issue(CALL(LIST, 2, 0), (u64[]){ 0, 0, 1, 0x1000, 0x2000 }, 5, false), 0);
	assert_false(rig.result.flush.whole);
	assert_int_equal(issue(CALL(LIST, 2, 0), (u64[]){ 0, 0, 1, 0x1000, 0x2001 }, 5, false), 0);
	assert_true(rig.result.flush.whole);
}

static void flush_record_is_a_snapshot(void **state)
{
	static const u64 input[] = { 0, 0, 3, 0x4000, 0x5001 };

	(void)state;
	rig.flip = true;
	assert_int_equal(issue(CALL(LIST, 2, 0), input, 5, false), 0);
	assert_int_equal(rig.mem[RIG_PAGE], 0xFF);
	assert_flushes(3);
	assert_int_equal(rig.result.flush.gva[1], 0x5001);
	assert_int_equal(rig.reads, 1);
}

static void flush_with_64_vps(void **state)
{
	(void)state;
	rig.partition.vps = vp_set_first(64);
	assert_int_equal(issue(SPACE, (u64[]){ 0, 0, 1ull << 63 }, 3, false), 0);
	assert_flushes(1ull << 63);
	assert_int_equal(issue(SPACE, (u64[]){ 0, ALL_CPUS, 0 }, 3, false), 0);
	assert_flushes(~0ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(flush_1_3_1_count_is_not_popcount),
		RIG_TEST(flush_1_3_2_empty_sparse_set),
		RIG_TEST(flush_1_3_3_other_format),
		RIG_TEST(flush_1_3_4_fast_variable_header_too_long),
		RIG_TEST(flush_1_3_5_who_does_not_exist),
		RIG_TEST(flush_1_3_6_list_follows_the_banks),
		RIG_TEST(flush_1_3_7_empty_mask_means_all),
		RIG_TEST(flush_1_3_9_reps_completed),
		RIG_TEST(flush_flags),
		RIG_TEST(flush_list_canonical_borders),
		RIG_TEST(flush_list_of_57_bit_addresses),
		RIG_TEST(flush_list_above_the_limit_is_whole),
		RIG_TEST(flush_record_is_a_snapshot),
		RIG_TEST(flush_with_64_vps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
