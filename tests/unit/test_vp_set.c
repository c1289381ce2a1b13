/* SPDX-License-Identifier: MIT */
/* hv/vp_set: operations, and the rows of the VP-set facts. */
#include "tests/unit/unit.h"

#include "hv/vp_set.h"

static void vp_set_operations(void **state)
{
	struct vp_set set = { 0 };
	u32 vp, seen = 0;

	(void)state;
	assert_true(vp_set_empty(&set));
	assert_int_equal(vp_set_next(&set, 0), HV_VPS_MAX);
	vp_set_add(&set, 0);
	vp_set_add(&set, 63);
	vp_set_add(&set, 64);
	vp_set_add(&set, 0xFFFFFFFF);
	assert_int_equal(vp_set_count(&set), 2);
	assert_true(vp_set_has(&set, 0) && vp_set_has(&set, 63));
	assert_false(vp_set_has(&set, 64) || vp_set_has(&set, 0xFFFFFFFF) || vp_set_has(&set, 1));
	assert_int_equal(vp_set_next(&set, 1), 63);
	assert_int_equal(vp_set_next(&set, 64), HV_VPS_MAX);
	assert_int_equal(vp_set_next(&set, 0xFFFFFFFF), HV_VPS_MAX);
	vp_set_for_each(vp, &set) {
		seen += vp + 1;
	}
	assert_int_equal(seen, 1 + 64);
	vp_set_remove(&set, 0);
	vp_set_remove(&set, 1000);
	assert_int_equal(vp_set_next(&set, 0), 63);
}

static void vp_set_first_borders(void **state)
{
	static const struct {
		u32 vps;
		u64 bank;
	} rows[] = { { 0, 0 },	    { 1, 1 },	   { 4, 0xF },		 { 63, ~0ull >> 1 },
		     { 64, ~0ull }, { 65, ~0ull }, { 0xFFFFFFFF, ~0ull } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(vp_set_first(rows[i].vps).bank[0], rows[i].bank);
	}
}

static void vp_set_mask_drops_who_does_not_exist(void **state)
{
	struct vp_set existing = vp_set_first(4);

	(void)state;
	assert_int_equal(vp_set_from_mask(~0ull, &existing).bank[0], 0xF);
	assert_int_equal(vp_set_from_mask(0x12, &existing).bank[0], 0x2);
	assert_int_equal(vp_set_from_mask(0, &existing).bank[0], 0);
}

struct sparse_row {
	u64 format;
	u64 valid;
	u32 count;
	u64 contents[3];
	u16 status;
	u64 bank;
};

static void check_rows(const struct sparse_row *rows, size_t n)
{
	struct vp_set existing = vp_set_first(8);

	for (size_t i = 0; i < n; i++) {
		struct hv_vp_set head = { rows[i].format, rows[i].valid };
		/* Exactly as many contents as the header carries: an over-read is ASan's catch. */
		u64 *contents = malloc(rows[i].count * 8 + 1);
		struct vp_set out = { { 0x7777 } };

		memcpy(contents, rows[i].contents, MIN(rows[i].count, 3) * 8);
		assert_int_equal(vp_set_from_hv_vp_set(&head, contents, rows[i].count, &existing,
						       &out),
				 rows[i].status);
		if (rows[i].status == HV_STATUS_SUCCESS) {
			assert_int_equal(out.bank[0], rows[i].bank);
		}
		free(contents);
	}
}

static void vp_set_1_3_1_count_is_not_popcount(void **state)
{
	static const struct sparse_row rows[] = {
		{ 0, 1, 0, { 0 }, HV_STATUS_INVALID_HYPERCALL_INPUT, 0 },
		{ 0, 0, 1, { 1 }, HV_STATUS_INVALID_HYPERCALL_INPUT, 0 },
		{ 0, 5, 1, { 1 }, HV_STATUS_INVALID_HYPERCALL_INPUT, 0 },
		{ 0, 1, 2, { 1, 1 }, HV_STATUS_INVALID_HYPERCALL_INPUT, 0 },
		{ 1, 1, 0, { 0 }, HV_STATUS_INVALID_HYPERCALL_INPUT, 0 },
		{ 1, 0, 2, { 0, 0 }, HV_STATUS_INVALID_HYPERCALL_INPUT, 0 },
		{ 1, ~0ull, 63, { 0 }, HV_STATUS_INVALID_HYPERCALL_INPUT, 0 },
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void vp_set_1_3_2_empty_sparse_set(void **state)
{
	static const struct sparse_row rows[] = {
		{ 0, 0, 0, { 0 }, HV_STATUS_SUCCESS, 0 },
		{ 0, 3, 2, { 0, 0 }, HV_STATUS_SUCCESS, 0 }, /* two empty banks */
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void vp_set_1_3_3_other_format(void **state)
{
	static const struct sparse_row rows[] = {
		{ 2, 0, 0, { 0 }, HV_STATUS_INVALID_PARAMETER, 0 },
		{ ~0ull, 1, 1, { 1 }, HV_STATUS_INVALID_PARAMETER, 0 },
		{ 1ull << 32, 1, 1, { 1 }, HV_STATUS_INVALID_PARAMETER, 0 },
		{ 1, 0, 0, { 0 }, HV_STATUS_SUCCESS, 0xFF },
		{ 1, 9, 2, { 0, 0 }, HV_STATUS_SUCCESS, 0xFF }, /* all, whatever the banks say */
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void vp_set_1_3_5_banks_that_name_nobody(void **state)
{
	static const struct sparse_row rows[] = {
		{ 0, 1ull << 63, 1, { ~0ull }, HV_STATUS_SUCCESS, 0 }, /* VP 4095 and its bank */
		{ 0, 1, 1, { ~0ull }, HV_STATUS_SUCCESS, 0xFF },
		{ 0, 1, 1, { 0xFF00 }, HV_STATUS_SUCCESS, 0 },
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void vp_set_1_3_6_contents_are_packed(void **state)
{
	static const struct sparse_row rows[] = {
		{ 0, 3, 2, { 0x04, 0x02 }, HV_STATUS_SUCCESS, 0x04 }, /* VP 2 and VP 65 */
		{ 0, 2, 1, { 0x02 }, HV_STATUS_SUCCESS, 0 },	      /* VP 65 only */
		{ 0, 1, 1, { 0x04 }, HV_STATUS_SUCCESS, 0x04 },	      /* VP 2 only */
		{ 0, 5, 2, { 0x21, 0x04 }, HV_STATUS_SUCCESS, 0x21 }, /* the TLFS' own example */
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void vp_set_all_banks(void **state)
{
	struct vp_set existing = vp_set_first(64), out;
	struct hv_vp_set head = { HV_GENERIC_SET_SPARSE_4K, ~0ull };
	u64 contents[64];

	(void)state;
	for (u64 i = 0; i < 64; i++) {
		contents[i] = 0xF0 + i;
	}
	assert_int_equal(vp_set_from_hv_vp_set(&head, contents, 64, &existing, &out),
			 HV_STATUS_SUCCESS);
	assert_int_equal(out.bank[0], 0xF0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vp_set_operations),
		cmocka_unit_test(vp_set_first_borders),
		cmocka_unit_test(vp_set_mask_drops_who_does_not_exist),
		cmocka_unit_test(vp_set_1_3_1_count_is_not_popcount),
		cmocka_unit_test(vp_set_1_3_2_empty_sparse_set),
		cmocka_unit_test(vp_set_1_3_3_other_format),
		cmocka_unit_test(vp_set_1_3_5_banks_that_name_nobody),
		cmocka_unit_test(vp_set_1_3_6_contents_are_packed),
		cmocka_unit_test(vp_set_all_banks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
