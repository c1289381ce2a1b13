/* SPDX-License-Identifier: MIT */
/* hv/ref_time: scale, offset, agreement with the page, and no step back. */
#include "tests/unit/unit.h"

#include "hv/ref_time.h"

typedef unsigned __int128 u128;

static const u64 frequencies[] = { 10000001,   24000000,   33333333,	    1000000000, 1996249000,
				   2999999999, 4000000000, 123456789012345, ~0ull };

/* As the specification tells a guest to read the page. */
static u64 page_time(const struct hv_reference_tsc_page *page, u64 tsc)
{
	assert_int_not_equal(page->tsc_sequence, 0);
	return (u64)(((u128)tsc * page->tsc_scale) >> 64) + (u64)page->tsc_offset;
}

static void ref_time_scale_is_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frequencies); i++) {
		struct hv_ref_time clock = hv_ref_time_start(frequencies[i], 0);

		assert_int_equal(clock.scale, (u64)(((u128)HV_REF_TIME_HZ << 64) / frequencies[i]));
		assert_int_equal(clock.offset, 0);
	}
}

static void ref_time_page_and_register_agree(void **state)
{
	struct hv_reference_tsc_page page;
	u64 seed = 12345;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frequencies); i++) {
		struct hv_ref_time clock = hv_ref_time_start(frequencies[i], 987654321987);

		memset(&page, 0, sizeof(page));
		hv_ref_time_fill_page(&clock, 5, &page);
		assert_int_equal(page.tsc_sequence, 5);
		assert_int_equal(page.reserved1, 0);
		for (int n = 0; n < 10000; n++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			assert_int_equal(hv_ref_time_at(&clock, seed), page_time(&page, seed));
		}
	}
}

static void ref_time_starts_at_zero_and_never_steps_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frequencies); i++) {
		u64 start = 0x123456789ABCull;
		struct hv_ref_time clock = hv_ref_time_start(frequencies[i], start);
		u64 last = 0;

		assert_int_equal(hv_ref_time_at(&clock, start), 0);
		for (u64 tsc = start; tsc < start + 3000; tsc++) {
			u64 now = hv_ref_time_at(&clock, tsc);

			assert_true(now >= last && now - last <= 1);
			last = now;
		}
	}
}

static void ref_time_error_stays_under_a_unit_for_years(void **state)
{
	const u64 hz = 2999999999;
	struct hv_ref_time clock = hv_ref_time_start(hz, 0);

	(void)state;
	for (u64 seconds = 1; seconds < 600000000; seconds *= 7) {
		u64 now = hv_ref_time_at(&clock, seconds * hz);

		assert_in_range(now, seconds * HV_REF_TIME_HZ - 1, seconds * HV_REF_TIME_HZ);
	}
}

static void ref_time_impossible_frequencies(void **state)
{
	static const u64 rows[] = { 0, 1, 9999999, 10000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hv_ref_time clock = hv_ref_time_start(rows[i], 5000);

		assert_false(hv_ref_time_possible(rows[i]));
		assert_int_equal(hv_ref_time_at(&clock, ~0ull), 0);
	}
	assert_true(hv_ref_time_possible(10000001));
}

static void ref_time_sequences(void **state)
{
	(void)state;
	assert_int_equal(hv_ref_time_next_sequence(0), 1);
	assert_int_equal(hv_ref_time_next_sequence(1), 2);
	assert_int_equal(hv_ref_time_next_sequence(0xFFFFFFFD), 0xFFFFFFFE);
	assert_int_equal(hv_ref_time_next_sequence(0xFFFFFFFE), 1);
	assert_int_equal(hv_ref_time_next_sequence(0xFFFFFFFF), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ref_time_scale_is_exact),
		cmocka_unit_test(ref_time_page_and_register_agree),
		cmocka_unit_test(ref_time_starts_at_zero_and_never_steps_back),
		cmocka_unit_test(ref_time_error_stays_under_a_unit_for_years),
		cmocka_unit_test(ref_time_impossible_frequencies),
		cmocka_unit_test(ref_time_sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
