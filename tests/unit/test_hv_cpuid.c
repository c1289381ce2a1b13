/* SPDX-License-Identifier: MIT */
/* hv/cpuid: what each leaf says, and that nothing shows through elsewhere. */
#include "tests/unit/unit.h"

#include "hv/cpuid.h"

static const struct hv_platform platform = { .vps = 4, .physical_address_bits = 40 };

static void cpuid_default(void **state)
{
	static const struct {
		u32 leaf;
		u32 regs[4];
	} rows[] = {
		{ 0x40000000, { 0x4000000A, 0x7263694D, 0x666F736F, 0x76482074 } },
		{ 0x40000001, { 0x31237648, 0, 0, 0 } },
		{ 0x40000002, { 20348, 10 << 16, 0, 0 } },
		{ 0x40000003, { 0x8A72, 0, 0, 0x510 } },
		{ 0x40000004, { 0x4824, 0xFFFFFFFF, 40, 0 } },
		{ 0x40000005, { 4, 4, 0, 0 } },
		{ 0x40000006, { 0 } },
		{ 0x40000007, { 0 } },
		{ 0x40000008, { 0 } },
		{ 0x40000009, { 0 } },
		{ 0x4000000A, { 0x80101, 0, 0, 0 } },
		{ 0x4000000B, { 0 } },
		{ 0x40000080, { 0 } },
		{ 0x40000081, { 0 } }, /* an extended destination id is not offered */
		{ 0x40000082, { 0 } },
		{ 0x400000FF, { 0 } },
		{ 0x40000100, { 0 } }, /* here KVM would be found, and preferred */
		{ 0x40000101, { 0 } },
		{ 0x4000FFFF, { 0 } },
		{ 0x40010000, { 0 } },
		{ 0x4FFFFFFF, { 0 } },
	};
	struct hv_policy policy;
	u32 regs[4];

	(void)state;
	hv_policy_parse(&policy, NULL, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(regs, 0xEE, sizeof(regs));
		assert_true(hv_cpuid(&policy, &platform, rows[i].leaf, 77, regs));
		assert_memory_equal(regs, rows[i].regs, sizeof(regs));
	}
}

static void cpuid_other_leaves_are_not_ours(void **state)
{
	static const u32 leaves[] = { 0, 1, 0xD, 0x3FFFFFFF, 0x50000000, 0x80000000, 0xFFFFFFFF };
	struct hv_policy policy;
	u32 regs[4] = { 1, 2, 3, 4 };

	(void)state;
	hv_policy_parse(&policy, NULL, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		assert_false(hv_cpuid(&policy, &platform, leaves[i], 0, regs));
		assert_int_equal(regs[0], 1);
	}
}

static void cpuid_none_is_all_zero(void **state)
{
	struct hv_policy policy;
	u32 regs[4];

	(void)state;
	hv_policy_parse(&policy, "none", NULL, NULL);
	for (u32 leaf = 0x40000000; leaf < 0x40000200; leaf++) {
		memset(regs, 0xEE, sizeof(regs));
		assert_true(hv_cpuid(&policy, &platform, leaf, 0, regs));
		assert_int_equal(regs[0] | regs[1] | regs[2] | regs[3], 0);
	}
}

static void cpuid_ends_at_the_maximum_leaf(void **state)
{
	struct hv_policy policy;
	u32 regs[4];

	(void)state;
	hv_policy_parse(&policy, NULL, NULL, NULL);
	policy.max_leaf = 0x40000005;
	policy.word[HV_NESTED_EAX] = ~0u;
	assert_true(hv_cpuid(&policy, &platform, 0x4000000A, 0, regs));
	assert_int_equal(regs[0], 0);
	policy.max_leaf = 0x4000000A;
	assert_true(hv_cpuid(&policy, &platform, 0x4000000A, 0, regs));
	assert_int_equal(regs[0], ~0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpuid_default),
		cmocka_unit_test(cpuid_other_leaves_are_not_ours),
		cmocka_unit_test(cpuid_none_is_all_zero),
		cmocka_unit_test(cpuid_ends_at_the_maximum_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
