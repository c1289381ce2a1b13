/* SPDX-License-Identifier: MIT */
/*
 * The CPUID policy: nothing that has no row gets through (facts H3), what Plinth writes or
 * mirrors is right on each machine, and garbage from the hardware stays within the masks.
 */
#include "tests/unit/unit.h"
#include "arch/x86/cpuid_policy.h"
#include "arch/x86/spec.h"

#define ALL	 0xffffffffu
#define EXTENDED 0x80000000u

static const struct cpuid_policy_hw qemu = {
	.max_basic = 0xd,
	.max_extended = 0x8000001e,
	.svm_features = (u32)(SVM_FEATURE_NP | SVM_FEATURE_VGIF),
	.hyperv = true,
	.svm = true,
};

/* Every leaf that any row names, and every feature. */
static const struct cpuid_policy_hw rich = {
	.max_basic = 0x23,
	.max_extended = 0x80000030,
	.svm_features = ALL,
	.hyperv = true,
	.svm = true,
	.vmx = true,
	.asids = 64,
};

static void ask(const struct cpuid_policy *p, u32 leaf, u32 subleaf, u64 cr4, u32 regs[4])
{
	memset(regs, 0xff, 4 * sizeof(regs[0]));
	cpuid_policy_apply(p, leaf, subleaf, cr4, regs);
}

static u32 ask_reg(const struct cpuid_policy *p, u32 leaf, u32 subleaf, enum cpuid_reg reg)
{
	u32 regs[4];

	ask(p, leaf, subleaf, 0, regs);
	return regs[reg];
}

static bool reads_zero(const struct cpuid_policy *p, u32 leaf, u32 subleaf)
{
	u32 regs[4];

	ask(p, leaf, subleaf, ~0ull, regs);
	return !(regs[0] | regs[1] | regs[2] | regs[3]);
}

/* Q11: QEMU repeats its last basic leaf above the maximum; L1 reads zero. */
static void test_leaves_above_the_maximum(void **state)
{
	static const u32 leaves[] = {
		0xe,	    0xf,	0x15,	    0x1f,	0x20,	    0x21,	0x100,
		0x3fffffff, 0x40000000, 0x40000100, 0x4fffffff, 0x7fffffff, 0x8000001f, 0x80000021,
		0x80000026, 0x80000027, 0x80000100, 0x8fffffff, 0xc0000000, ALL,
	};
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &qemu);
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		for (u32 subleaf = 0; subleaf < 40; subleaf++) {
			assert_true(reads_zero(&p, leaves[i], subleaf));
		}
		assert_true(reads_zero(&p, leaves[i], ALL));
	}
	assert_int_equal(ask_reg(&p, 0, 0, CPUID_EAX), 0xd);
	assert_int_equal(ask_reg(&p, EXTENDED, 0, CPUID_EAX), 0x8000001e);
	assert_int_equal(ask_reg(&p, 0, 0, CPUID_EBX), ALL);
	cpuid_policy_init(&p, &rich);
	assert_int_equal(ask_reg(&p, 0, 0, CPUID_EAX), 0x1f);
	assert_int_equal(ask_reg(&p, EXTENDED, 0, CPUID_EAX), 0x80000026);
}

/* Leaves that promise what Plinth does not virtualise, on a processor that has them all. */
static void test_denied_leaves(void **state)
{
	static const u32 leaves[] = {
		0x3,	    /* serial number */ 0x9,   /* DCA */
		0xa,	    /* perfmon */ 0xf,	       /* RDT monitoring */
		0x10,	    /* RDT allocation */ 0x12, /* SGX */
		0x14,	    /* PT */ 0x17,
		0x19,	    /* key locker */ 0x1b,  /* PCONFIG */
		0x1c,	    /* LBR */ 0x8000001b,   /* IBS */
		0x8000001c, /* LWP */ 0x8000001f,   /* SEV */
		0x80000020, /* QoS */ 0x80000022,   /* perfmon v2 */
		0x80000023, /* MKTME */ 0x80000025, /* RMP */
		0x8000000b, 0x80000018,
	};
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &rich);
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		assert_true(reads_zero(&p, leaves[i], 0));
		assert_true(reads_zero(&p, leaves[i], 1));
	}
}

/* A leaf with rows for subleaves has no others. */
static void test_denied_subleaves(void **state)
{
	static const u32 xstates[] = { 3, 4, 8, 10, 11, 12, 13, 14, 15, 16, 19, 20, 62, 63, ALL };
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &rich);
	for (size_t i = 0; i < ARRAY_SIZE(xstates); i++) {
		assert_true(reads_zero(&p, 0xd, xstates[i]));
	}
	assert_true(reads_zero(&p, 7, 3));
	assert_true(reads_zero(&p, 7, ALL));
}

/* Bits that must not show even when the hardware says all ones, by leaf, register and bit. */
static void test_denied_bits(void **state)
{
	/* clang-format off */
	static const struct { u32 leaf, subleaf; enum cpuid_reg reg; u8 bit; } rows[] = {
		/* DTES64 DS_CPL SMX SDBG PDCM, PSN DS PBE */
		{ 1, 0, CPUID_ECX, 2 }, { 1, 0, CPUID_ECX, 4 }, { 1, 0, CPUID_ECX, 6 },
		{ 1, 0, CPUID_ECX, 11 }, { 1, 0, CPUID_ECX, 15 },
		{ 1, 0, CPUID_EDX, 18 }, { 1, 0, CPUID_EDX, 21 }, { 1, 0, CPUID_EDX, 31 },
		/* HWP HFI ITD */
		{ 6, 0, CPUID_EAX, 7 }, { 6, 0, CPUID_EAX, 19 }, { 6, 0, CPUID_EAX, 23 },
		/* TSC_ADJUST SGX RDT-M MPX RDT-A PT */
		{ 7, 0, CPUID_EBX, 1 }, { 7, 0, CPUID_EBX, 2 }, { 7, 0, CPUID_EBX, 12 },
		{ 7, 0, CPUID_EBX, 14 }, { 7, 0, CPUID_EBX, 15 }, { 7, 0, CPUID_EBX, 25 },
		/* WAITPKG SHSTK TME LA57 KL BUS_LOCK ENQCMD PKS */
		{ 7, 0, CPUID_ECX, 5 }, { 7, 0, CPUID_ECX, 7 }, { 7, 0, CPUID_ECX, 13 },
		{ 7, 0, CPUID_ECX, 16 }, { 7, 0, CPUID_ECX, 23 }, { 7, 0, CPUID_ECX, 24 },
		{ 7, 0, CPUID_ECX, 29 }, { 7, 0, CPUID_ECX, 31 },
		/* UINTR PCONFIG LBR IBT CORE_CAPABILITIES, FRED LAM MSRLIST */
		{ 7, 0, CPUID_EDX, 5 }, { 7, 0, CPUID_EDX, 18 }, { 7, 0, CPUID_EDX, 19 },
		{ 7, 0, CPUID_EDX, 20 }, { 7, 0, CPUID_EDX, 30 },
		{ 7, 1, CPUID_EAX, 17 }, { 7, 1, CPUID_EAX, 26 }, { 7, 1, CPUID_EAX, 27 },
		/* MPX, CET_U */
		{ 0xd, 0, CPUID_EAX, 3 }, { 0xd, 0, CPUID_EAX, 4 }, { 0xd, 1, CPUID_ECX, 11 },
		/* IBS SKINIT LWP PERFCTR_CORE PERFCTR_NB BPEXT */
		{ 0x80000001, 0, CPUID_ECX, 10 }, { 0x80000001, 0, CPUID_ECX, 12 },
		{ 0x80000001, 0, CPUID_ECX, 15 }, { 0x80000001, 0, CPUID_ECX, 23 },
		{ 0x80000001, 0, CPUID_ECX, 24 }, { 0x80000001, 0, CPUID_ECX, 26 },
		/* RAPL, INVLPGB MCOMMIT INT_WBINVD VIRT_SSBD, UAI AIBRSE CPUID_USER_DIS */
		{ 0x80000007, 0, CPUID_EDX, 14 }, { 0x80000008, 0, CPUID_EBX, 3 },
		{ 0x80000008, 0, CPUID_EBX, 8 }, { 0x80000008, 0, CPUID_EBX, 13 },
		{ 0x80000008, 0, CPUID_EBX, 25 }, { 0x80000021, 0, CPUID_EAX, 7 },
		{ 0x80000021, 0, CPUID_EAX, 8 }, { 0x80000021, 0, CPUID_EAX, 17 },
	};
	/* clang-format on */
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &rich);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (ask_reg(&p, rows[i].leaf, rows[i].subleaf, rows[i].reg) >> rows[i].bit & 1) {
			fail_msg("%x.%x register %d bit %d", rows[i].leaf, rows[i].subleaf,
				 rows[i].reg, rows[i].bit);
		}
	}
}

/* What the main job needs must come through. */
static void test_kept_bits(void **state)
{
	/* clang-format off */
	static const struct { u32 leaf, subleaf; enum cpuid_reg reg; u32 bits; } rows[] = {
		{ 1, 0, CPUID_EAX, ALL }, { 1, 0, CPUID_EBX, ALL },
		/* QEMU's EPYC without OSXSAVE and the hypervisor bit; x2APIC, PCID, TSC deadline */
		{ 1, 0, CPUID_ECX, 0x76d8320b }, { 1, 0, CPUID_EDX, 0x078bfbfd },
		{ 1, 0, CPUID_ECX, (u32)(CPUID_1_ECX_X2APIC | CPUID_1_ECX_PCID | BIT(24)) },
		{ 6, 0, CPUID_EAX, BIT(2) }, { 7, 0, CPUID_EBX, 0x009c01a9 },
		{ 7, 0, CPUID_EDX, (u32)(BIT(26) | BIT(27) | BIT(29) | BIT(31)) },
		{ 0xb, 0, CPUID_EDX, ALL }, { 0xb, 1, CPUID_EBX, ALL }, { 4, 3, CPUID_EAX, ALL },
		{ 0xd, 0, CPUID_EAX, 7 }, { 0xd, 1, CPUID_EAX, 0xf }, { 0xd, 2, CPUID_EBX, ALL },
		{ 0xd, 9, CPUID_EAX, ALL }, { 0xd, 18, CPUID_EAX, ALL },
		{ 0x80000001, 0, CPUID_ECX, 0x00400371 }, { 0x80000001, 0, CPUID_EDX, 0x2fd3fbff },
		{ 0x80000002, 0, CPUID_EAX, ALL },
		{ 0x80000007, 0, CPUID_EDX, (u32)CPUID_80000007_EDX_INVARIANT_TSC },
		{ 0x80000008, 0, CPUID_EAX, ALL },
		{ 0x80000008, 0, CPUID_EBX, (u32)(BIT(12) | BIT(14) | BIT(15) | BIT(24)) },
		{ 0x8000001d, 3, CPUID_EBX, ALL }, { 0x8000001e, 0, CPUID_EAX, ALL },
	};
	/* clang-format on */
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &rich);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 got = ask_reg(&p, rows[i].leaf, rows[i].subleaf, rows[i].reg);

		if ((got & rows[i].bits) != rows[i].bits) {
			fail_msg("%x.%x register %d: %x lacks %x", rows[i].leaf, rows[i].subleaf,
				 rows[i].reg, got, rows[i].bits & ~got);
		}
	}
}

static void test_mirrored_from_cr4(void **state)
{
	/* clang-format off */
	static const struct { u64 cr4; u32 osxsave, ospke; } rows[] = {
		{ 0, 0, 0 }, { CR4_OSXSAVE, 1, 0 }, { CR4_PKE, 0, 1 }, { ~0ull, 1, 1 },
		{ ~(CR4_OSXSAVE | CR4_PKE), 0, 0 },
	};
	/* clang-format on */
	struct cpuid_policy p;
	u32 regs[4];

	(void)state;
	cpuid_policy_init(&p, &qemu);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 hardware = 0; hardware < 2; hardware++) {
			memset(regs, hardware ? 0xff : 0, sizeof(regs));
			cpuid_policy_apply(&p, 1, 0, rows[i].cr4, regs);
			assert_int_equal(regs[CPUID_ECX] >> 27 & 1, rows[i].osxsave);
			memset(regs, hardware ? 0xff : 0, sizeof(regs));
			cpuid_policy_apply(&p, 7, 0, rows[i].cr4, regs);
			assert_int_equal(regs[CPUID_ECX] >> 4 & 1, rows[i].ospke);
			memset(regs, hardware ? 0xff : 0, sizeof(regs));
			cpuid_policy_apply(&p, 7, 1, rows[i].cr4, regs);
			assert_int_equal(regs[CPUID_ECX], 0);
		}
	}
}

static void test_offers(void **state)
{
	struct cpuid_policy_hw hw = qemu;
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &hw);
	assert_true(ask_reg(&p, 1, 0, CPUID_ECX) & CPUID_1_ECX_HYPERVISOR);
	assert_false(ask_reg(&p, 1, 0, CPUID_ECX) & CPUID_1_ECX_VMX);
	assert_true(ask_reg(&p, 0x80000001, 0, CPUID_ECX) & CPUID_80000001_ECX_SVM);
	/* EferLmsleUnsupported, even where the hardware has LMSLE */
	assert_int_equal(ask_reg(&p, 0x80000008, 0, CPUID_EBX) & BIT(20), BIT(20));
	hw.hyperv = false;
	hw.vmx = true;
	hw.svm = false;
	cpuid_policy_init(&p, &hw);
	assert_false(ask_reg(&p, 1, 0, CPUID_ECX) & CPUID_1_ECX_HYPERVISOR);
	assert_true(ask_reg(&p, 1, 0, CPUID_ECX) & CPUID_1_ECX_VMX);
	assert_false(ask_reg(&p, 0x80000001, 0, CPUID_ECX) & CPUID_80000001_ECX_SVM);
	assert_true(reads_zero(&p, 0x8000000a, 0));
	assert_int_equal(cpuid_policy_svm_features(&p), 0);
}

static void test_svm_leaf(void **state)
{
	u32 always = (u32)(SVM_FEATURE_NP | SVM_FEATURE_NRIPS | SVM_FEATURE_VMCB_CLEAN |
			   SVM_FEATURE_FLUSH_BY_ASID | SVM_FEATURE_DECODE_ASSISTS);
	/* clang-format off */
	const struct { u64 hardware, offered; u32 asids, nasid; } rows[] = {
		{ SVM_FEATURE_NP, always, 0, 32768 },
		{ SVM_FEATURE_NP | SVM_FEATURE_VGIF, always | SVM_FEATURE_VGIF, 16, 32768 },
		/* Bochs' ryzen */
		{ 0x44f, always | SVM_FEATURE_PAUSE_FILTER, 63, 32768 },
		{ SVM_FEATURE_PAUSE_THRESHOLD, always, 64, 64 },
		{ ALL, always | SVM_FEATURE_VGIF | SVM_FEATURE_PAUSE_FILTER |
		       SVM_FEATURE_PAUSE_THRESHOLD | SVM_FEATURE_SVME_ADDR_CHK, 65536, 65536 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cpuid_policy_hw hw = qemu;
		struct cpuid_policy p;
		u32 regs[4];

		hw.svm_features = (u32)rows[i].hardware;
		hw.asids = rows[i].asids;
		cpuid_policy_init(&p, &hw);
		ask(&p, 0x8000000a, i, ~0ull, regs);
		assert_int_equal(regs[CPUID_EAX], 1);
		assert_int_equal(regs[CPUID_EBX], rows[i].nasid);
		assert_int_equal(regs[CPUID_ECX], 0);
		assert_int_equal(regs[CPUID_EDX], rows[i].offered);
		assert_int_equal(cpuid_policy_svm_features(&p), rows[i].offered);
	}
}

/* Machines without much: the policy neither invents leaves nor reads outside its rows. */
static void test_poor_machines(void **state)
{
	struct cpuid_policy_hw hw = { .svm = true, .hyperv = true };
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &hw);
	assert_int_equal(ask_reg(&p, 0, 0, CPUID_EAX), 0);
	assert_true(reads_zero(&p, 1, 0));
	assert_true(reads_zero(&p, EXTENDED, 0));
	assert_true(reads_zero(&p, 0x8000000a, 0));
	hw.max_basic = ALL;
	hw.max_extended = 0x80000004;
	cpuid_policy_init(&p, &hw);
	assert_true(reads_zero(&p, 0x80000005, 0));
	assert_true(reads_zero(&p, 0x8000000a, 0));
	assert_false(ask_reg(&p, 0x80000001, 0, CPUID_ECX) & CPUID_80000001_ECX_SVM);
	assert_true(p.count < CPUID_POLICY_ROWS_MAX);
	hw.max_extended = 0x80000009;
	cpuid_policy_init(&p, &hw);
	assert_false(ask_reg(&p, 0x80000001, 0, CPUID_ECX) & CPUID_80000001_ECX_SVM);
	/* QEMU's "max" */
	hw.max_extended = 0x8000000a;
	cpuid_policy_init(&p, &hw);
	assert_true(ask_reg(&p, 0x80000001, 0, CPUID_ECX) & CPUID_80000001_ECX_SVM);
	assert_int_equal(ask_reg(&p, 0x8000000a, 0, CPUID_EAX), 1);
}

/* H3: the answer depends on the masks alone, not on what the hardware leaks in other bits. */
static void test_garbage_is_constant_outside_the_masks(void **state)
{
	struct cpuid_policy p;

	(void)state;
	cpuid_policy_init(&p, &rich);
	for (u32 leaf = 0; leaf < 0x60; leaf++) {
		u32 asked = leaf < 0x30 ? leaf : EXTENDED + leaf - 0x30;

		for (u32 subleaf = 0; subleaf < 70; subleaf++) {
			u32 ones[4], zeros[4] = { 0 }, mixed[4];

			ask(&p, asked, subleaf, 0, ones);
			cpuid_policy_apply(&p, asked, subleaf, 0, zeros);
			for (u32 i = 0; i < 4; i++) {
				mixed[i] = 0xa5c33c5au * (i + 1);
			}
			cpuid_policy_apply(&p, asked, subleaf, 0, mixed);
			for (u32 i = 0; i < 4; i++) {
				u32 hardware = 0xa5c33c5au * (i + 1);
				u32 keep = ones[i] & ~zeros[i];

				assert_int_equal(zeros[i] & ~ones[i], 0);
				assert_int_equal(mixed[i], (hardware & keep) | zeros[i]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves_above_the_maximum),
		cmocka_unit_test(test_denied_leaves),
		cmocka_unit_test(test_denied_subleaves),
		cmocka_unit_test(test_denied_bits),
		cmocka_unit_test(test_kept_bits),
		cmocka_unit_test(test_mirrored_from_cr4),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_svm_leaf),
		cmocka_unit_test(test_poor_machines),
		cmocka_unit_test(test_garbage_is_constant_outside_the_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
