/* SPDX-License-Identifier: MIT */
/*
 * lib/printf.c: the buffer's borders first, then each directive against the host's snprintf where
 * that has the same contract, then what only Plinth promises.
 */
#include "tests/unit/unit.h"
#include "lib/printf.h"
#include "lib/types.h"

/* Without the format attribute: for formats that the compiler would reject. */
static size_t fmt_raw(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vstr(buf, size, fmt, args);
	va_end(args);
	return len;
}

static void test_never_writes_past_the_size(void **state)
{
	(void)state;
	for (size_t size = 0; size < 16; size++) {
		char buf[20];

		memset(buf, '#', sizeof(buf));
		assert_int_equal(fmt_str(buf, size, "%s-%06x", "abc", 0xBEEFu), 10);
		if (size > 0) {
			assert_int_equal(strlen(buf), size > 10 ? 10 : size - 1);
			assert_memory_equal(buf, "abc-00beef", strlen(buf));
		}
		for (size_t i = size; i < sizeof(buf); i++) {
			assert_int_equal(buf[i], '#');
		}
	}
	assert_int_equal(fmt_str(NULL, 0, "%d", 12345), 5);
}

#define SAME(...)                                                               \
	do {                                                                    \
		char own[200], libc[200];                                       \
		int want = snprintf(libc, sizeof(libc), __VA_ARGS__);           \
		assert_int_equal(fmt_str(own, sizeof(own), __VA_ARGS__), want); \
		assert_string_equal(own, libc);                                 \
	} while (0)

static void test_numbers_as_in_libc(void **state)
{
	static const u64 values[] = { 0,	  1,	       9,
				      10,	  0x7FFFFFFF,  0x80000000,
				      0xFFFFFFFF, 0x100000000, 0xDEADBEEFCAFE,
				      INT64_MAX,  1ull << 63,  UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		unsigned long v = values[i];

		SAME("%d|%i|%u|%x|%X", (int)v, (int)v, (unsigned int)v, (unsigned int)v,
		     (unsigned int)v);
		SAME("%ld|%lu|%lx|%lX", (long)v, v, v, v);
		SAME("%lld|%llu|%llx", (long long)v, (unsigned long long)v, (unsigned long long)v);
		SAME("%zu|%zx|%zd", (size_t)v, (size_t)v, (ssize_t)v);
		SAME("[%12d][%-12d][%012d][%2d]", (int)v, (int)v, (int)v, (int)v);
		SAME("[%24lx][%-24lx][%024lx][%02lx]", v, v, v, v);
		SAME("[%.5d][%8.3x][%-8.3u]", (int)v, (unsigned int)v, (unsigned int)v);
		SAME("[%*d][%-*d][%.*d]", 6, (int)v, 6, (int)v, 6, (int)v);
		SAME("[%*d][%.*d]", -9, (int)v, -9, (int)v);
	}
}

static void test_text_as_in_libc(void **state)
{
	(void)state;
	SAME("plain");
	SAME("%%|%c|%3c|%-3c|", 'x', 'y', 'z');
	SAME("[%s][%8s][%-8s][%2s]", "abc", "abc", "abc", "abc");
	SAME("[%.2s][%8.2s][%-8.1s][%.0s][%.9s]", "abc", "abc", "abc", "abc", "abc");
	SAME("[%.*s][%*s]", 2, "abc", -5, "abc");
	SAME("%p", (void *)(uintptr_t)0xFFFF800012345678ull);
}

static void test_precision_bounds_the_read(void **state)
{
	const char open[3] = { 'a', 'b', 'c' };
	char buf[8];

	(void)state;
	assert_int_equal(fmt_str(buf, sizeof(buf), "%.*s", 3, open), 3);
	assert_string_equal(buf, "abc");
}

static void test_unknown_directives_stand_as_they_are(void **state)
{
	static const char *const rows[] = { "%", "100%", "%k", "%5k.", "%ll", "%-08.3", "%hd" };
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(fmt_raw(buf, sizeof(buf), rows[i]), strlen(rows[i]));
		assert_string_equal(buf, rows[i]);
	}
	assert_int_equal(fmt_raw(buf, sizeof(buf), "%q %d", 7), 4);
	assert_string_equal(buf, "%q 7");
}

static void test_null_and_huge_width(void **state)
{
	char buf[16];

	(void)state;
	assert_int_equal(fmt_raw(buf, sizeof(buf), "%s", NULL), 6);
	assert_string_equal(buf, "(null)");
	assert_int_equal(fmt_raw(buf, sizeof(buf), "%p", NULL), 3);
	assert_string_equal(buf, "0x0");
	assert_int_equal(fmt_raw(buf, sizeof(buf), "%99999999999d", 1), 4096);
	assert_string_equal(buf, "               ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_writes_past_the_size),
		cmocka_unit_test(test_numbers_as_in_libc),
		cmocka_unit_test(test_text_as_in_libc),
		cmocka_unit_test(test_precision_bounds_the_read),
		cmocka_unit_test(test_unknown_directives_stand_as_they_are),
		cmocka_unit_test(test_null_and_huge_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
