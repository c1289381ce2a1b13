/* SPDX-License-Identifier: MIT */
/* parse_u64: what is refused first, then the borders of what is accepted. */
#include "tests/unit/unit.h"
#include "lib/parse.h"

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"0x",
		"0xg",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1.5",
		"K",
		"0xK",
		"1KK",
		"1T",
		"1KB",
		"12a",
		"0x0x1",
		"18446744073709551616",
		"0x10000000000000000",
		"99999999999999999999999",
		"16777216T",
		"18014398509481984K",
		"17592186044416M",
		"17179869184G",
		"0x400000000G",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 v = 0x5A;

		if (parse_u64(rows[i], strlen(rows[i]), &v)) {
			fail_msg("\"%s\" was accepted", rows[i]);
		}
		assert_int_equal(v, 0x5A);
	}
}

static void test_accepted(void **state)
{
	static const struct {
		const char *text;
		u64 value;
	} rows[] = {
		{ "0", 0 },
		{ "00", 0 },
		{ "7", 7 },
		{ "010", 10 },
		{ "0x0", 0 },
		{ "0XfF", 255 },
		{ "0xdeadBEEF", 0xDEADBEEF },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
		{ "1k", 1024 },
		{ "1K", 1024 },
		{ "0x10K", 16384 },
		{ "512M", 512ull << 20 },
		{ "3g", 3ull << 30 },
		{ "17179869183G", 17179869183ull << 30 },
		{ "0K", 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 v = 0;

		if (!parse_u64(rows[i].text, strlen(rows[i].text), &v)) {
			fail_msg("\"%s\" was refused", rows[i].text);
		}
		assert_int_equal(v, rows[i].value);
	}
}

/* Exactly len characters count: neither a terminator nor what follows is looked at. */
static void test_length_bounds_the_read(void **state)
{
	const char open[2] = { '1', '2' };
	u64 v;

	(void)state;
	assert_true(parse_u64(open, 2, &v));
	assert_int_equal(v, 12);
	assert_true(parse_u64("123,4", 3, &v));
	assert_int_equal(v, 123);
	assert_false(parse_u64("0x1", 2, &v));
	assert_false(parse_u64("1\0", 2, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_length_bounds_the_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
