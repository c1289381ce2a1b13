/* SPDX-License-Identifier: MIT */
/* The counters: sums over CPUs, levels apart, names, and indices out of range. */
#include "tests/unit/unit.h"

#include "arch/x86/stats.c"

static struct cpu_stats one, two, sum;
static char listed[16384];

static void emit(void *ctx, const struct stats_line *line)
{
	size_t len = strlen(listed);

	assert_null(ctx);
	snprintf(listed + len, sizeof(listed) - len, "%s %s %s %llu\n", line->group, line->level,
		 line->name, (unsigned long long)line->value);
}

static const char *exit_text(unsigned int index)
{
	return index == 7 ? "CPUID" : NULL;
}

static const char *call_text(unsigned int index)
{
	return index == 1 ? "HvFlushVirtualAddressSpace" : NULL;
}

static void start(void)
{
	memset(registered, 0, sizeof(registered));
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	stats_set_names(exit_text, call_text);
	stats_init(&one, 0);
	stats_init(&two, 63);
	stats_init(&two, 64); /* no such CPU: ignored */
	listed[0] = '\0';
}

static void test_sum_and_list(void **state)
{
	(void)state;
	start();
	one.cpuid++;
	two.cpuid += 2;
	two.triple_fault++;
	stats_count_exit(&one, STATS_L1, 7);
	stats_count_exit(&two, STATS_L2, 7);
	stats_count_exit(&two, STATS_L2, 8);
	stats_count_exit(&two, STATS_L2, STATS_EXITS - 1);
	stats_count_exit(&two, STATS_L2, STATS_EXITS);
	stats_count_exit(&two, STATS_L2, UINT32_MAX);
	stats_count_call(&one, STATS_L2, 1);
	stats_count_call(&one, STATS_L1, UINT32_MAX);
	stats_sum(&sum);
	stats_for_each(&sum, emit, NULL);
	assert_string_equal(listed, "counter - VpCpuidInstructionsCount 3\n"
				    "counter - TripleFaults 1\n"
				    "exit L1 CPUID 1\n"
				    "hypercall L1 other 1\n"
				    "exit L2 CPUID 1\n"
				    "exit L2 #8 1\n"
				    "exit L2 other 3\n"
				    "hypercall L2 HvFlushVirtualAddressSpace 1\n");
}

static void test_reset_is_by_cpu(void **state)
{
	(void)state;
	start();
	one.cpuid = 5;
	two.cpuid = 6;
	stats_reset(0);
	stats_reset(1);
	stats_reset(64);
	assert_int_equal(one.cpuid, 0);
	assert_int_equal(two.cpuid, 6);
	assert_ptr_equal(stats_of(63), &two);
	assert_null(stats_of(1));
	assert_null(stats_of(64));
}

static void test_names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stat_texts); i++) {
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(stat_texts[i].name, stat_texts[j].name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum_and_list),
		cmocka_unit_test(test_reset_is_by_cpu),
		cmocka_unit_test(test_names_are_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
