/* SPDX-License-Identifier: MIT */
/* The symbol lookup of the backtrace: borders of functions, of the table and of the image. */
#include "tests/unit/unit.h"

#include "lib/symbols.h"

#define BASE 0xffffffff80000000ull

static const uint32_t addrs[] = { 0x100000, 0x100010, 0x100400, 0x200000 };
static const uint32_t names[] = { 0, 6, 11, 16 };
static const char strings[] = "entry\0main\0loop\0last";
static const struct symbol_table table = { BASE, 4, addrs, names, strings };

static void test_find(void **state)
{
	static const struct {
		uint64_t address;
		const char *name; /* NULL: none */
		uint64_t offset;
	} cases[] = {
		{ 0, NULL, 0 },
		{ BASE - 1, NULL, 0 },
		{ BASE, NULL, 0 },
		{ BASE + 0xfffff, NULL, 0 },
		{ BASE + 0x100000, "entry", 0 },
		{ BASE + 0x10000f, "entry", 0xf },
		{ BASE + 0x100010, "main", 0 },
		{ BASE + 0x1003ff, "main", 0x3ef },
		{ BASE + 0x100400, "loop", 0 },
		{ BASE + 0x100400 + SYMBOL_SPAN_MAX - 1, "loop", SYMBOL_SPAN_MAX - 1 },
		{ BASE + 0x100400 + SYMBOL_SPAN_MAX, NULL, 0 },
		{ BASE + 0x1fffff, NULL, 0 },
		{ BASE + 0x200000, "last", 0 },
		{ BASE + 0x200000 + SYMBOL_SPAN_MAX, NULL, 0 },
		{ UINT64_MAX, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t offset = 0x55;
		const char *name = symbols_find(&table, cases[i].address, &offset);

		if (cases[i].name == NULL) {
			assert_null(name);
			assert_int_equal(offset, 0x55);
		} else {
			assert_string_equal(name, cases[i].name);
			assert_int_equal(offset, cases[i].offset);
		}
	}
}

static void test_relative_address_above_32_bits(void **state)
{
	struct symbol_table low = table;
	uint64_t offset = 0;

	(void)state;
	low.base = 0;
	assert_null(symbols_find(&low, BASE + 0x100000, &offset));
	assert_string_equal(symbols_find(&low, 0x100000, &offset), "entry");
}

static void test_empty_table(void **state)
{
	struct symbol_table empty = { BASE, 0, NULL, NULL, NULL };
	uint64_t offset = 0;

	(void)state;
	assert_null(symbols_find(&empty, BASE, &offset));
	assert_null(symbols_find(&empty, UINT64_MAX, &offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_relative_address_above_32_bits),
		cmocka_unit_test(test_empty_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
