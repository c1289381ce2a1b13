/* SPDX-License-Identifier: MIT */
/*
 * lib/string.c against plain loops: every length around the word size, every alignment, every
 * overlap. Its functions are renamed, since the host's libc has the same names.
 */
#include "tests/unit/unit.h"

#define memcpy	own_memcpy
#define memmove own_memmove
#define memset	own_memset
#define memcmp	own_memcmp
#define strlen	own_strlen
#define strnlen own_strnlen
#define strcmp	own_strcmp
#define strncmp own_strncmp
#define strchr	own_strchr
#include "lib/string.c"

#define SPAN 96

static void fill(u8 *p)
{
	for (u32 i = 0; i < SPAN; i++) {
		p[i] = (u8)(i * 7 + 1);
	}
}

static void test_memmove_every_overlap(void **state)
{
	(void)state;
	for (u32 from = 0; from < 24; from++) {
		for (u32 to = 0; to < 24; to++) {
			for (u32 len = 0; len < 40; len++) {
				u8 got[SPAN], was[SPAN];

				fill(got);
				fill(was);
				assert_ptr_equal(memmove(got + to, got + from, len), got + to);
				for (u32 i = 0; i < SPAN; i++) {
					bool moved = i >= to && i < to + len;

					assert_int_equal(got[i], was[moved ? i - to + from : i]);
				}
			}
		}
	}
}

static void test_memcpy_and_memset_touch_exactly_len(void **state)
{
	(void)state;
	for (u32 at = 0; at < 9; at++) {
		for (u32 len = 0; len < 40; len++) {
			u8 got[SPAN], src[SPAN];

			fill(src);
			memset(got, 0, SPAN);
			assert_ptr_equal(memcpy(got + at, src, len), got + at);
			for (u32 i = 0; i < SPAN; i++) {
				assert_int_equal(got[i], i >= at && i < at + len ? src[i - at] : 0);
			}
			assert_ptr_equal(memset(got + at, 0x1A5, len), got + at);
			for (u32 i = 0; i < SPAN; i++) {
				assert_int_equal(got[i], i >= at && i < at + len ? 0xA5 : 0);
			}
		}
	}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_comparisons_are_unsigned_and_stop_at_the_end(void **state)
{
	static const struct {
		const char *a, *b;
		size_t max;
		int strncmp, memcmp;
	} rows[] = {
		{ "", "", 0, 0, 0 },	     { "a", "b", 0, 0, 0 },
		{ "a", "b", 1, -1, -1 },     { "b", "a", 1, 1, 1 },
		{ "abc", "abd", 2, 0, 0 },   { "abc", "abd", 3, -1, -1 },
		{ "\x80", "\x7f", 1, 1, 1 }, { "ab\0x", "ab\0y", 4, 0, -1 },
		{ "ab", "abc", 3, -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sign(strncmp(rows[i].a, rows[i].b, rows[i].max)), rows[i].strncmp);
		assert_int_equal(sign(memcmp(rows[i].a, rows[i].b, rows[i].max)), rows[i].memcmp);
	}
	assert_int_equal(strcmp("same", "same"), 0);
	assert_int_equal(sign(strcmp("a", "")), 1);
	assert_int_equal(sign(strcmp("", "\xff")), -1);
}

static void test_lengths_and_strchr(void **state)
{
	const char *s = "plinth";
	const char open[3] = { 'a', 'b', 'c' };

	(void)state;
	assert_int_equal(strlen(""), 0);
	assert_int_equal(strlen(s), 6);
	assert_int_equal(strnlen(s, 4), 4);
	assert_int_equal(strnlen(s, 60), 6);
	assert_int_equal(strnlen(open, sizeof(open)), 3);
	assert_int_equal(strnlen(s, 0), 0);
	assert_ptr_equal(strchr(s, 'i'), s + 2);
	assert_ptr_equal(strchr(s, '\0'), s + 6);
	assert_null(strchr(s, 'z'));
	assert_null(strchr("", 'z'));
}

static void test_str_copy_cuts_and_terminates(void **state)
{
	static const struct {
		const char *src;
		size_t size, len;
		const char *want;
	} rows[] = {
		{ "", 1, 0, "" },	{ "abc", 1, 3, "" },	{ "abc", 3, 3, "ab" },
		{ "abc", 4, 3, "abc" }, { "abc", 9, 3, "abc" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char dst[12];

		memset(dst, '#', sizeof(dst));
		assert_int_equal(str_copy(dst, rows[i].size, rows[i].src), rows[i].len);
		assert_string_equal(dst, rows[i].want);
		assert_int_equal(dst[rows[i].size], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memmove_every_overlap),
		cmocka_unit_test(test_memcpy_and_memset_touch_exactly_len),
		cmocka_unit_test(test_comparisons_are_unsigned_and_stop_at_the_end),
		cmocka_unit_test(test_lengths_and_strchr),
		cmocka_unit_test(test_str_copy_cuts_and_terminates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
