/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor leaves say "Microsoft Hv", "Hv#1" and a consistent set of features, the same on
 * every CPU; nothing that L1 would misread as a root partition, and nothing at all behind the
 * last leaf.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"
#include "tests/lib/svm.h"

const char test_title[] = "hypervisor CPUID leaves";

#define HV1	  0x31237648 /* "Hv#1" */
#define LAST_LEAF 0x400000ff

static const struct implication {
	const char *text;
	u32 if_leaf, if_reg, if_bit, then_leaf, then_reg, then_bit; /* registers: 0 EAX .. 3 EDX */
} implications[] = {
#define IMPLIES(...) { __VA_ARGS__ },
#include "tests/payloads/cpuid/implications.def"
#undef IMPLIES
};

/* Bits that must be 0: reserved ones, and what makes L1 a root or isolated partition. */
static const struct never {
	u32 leaf, reg, bits;
} nevers[] = {
	{ HV_LEAF_FEATURES, 0, 0xffff4000 },	   /* reserved */
	{ HV_LEAF_FEATURES, 1, BIT(1) | BIT(12) }, /* AccessPartitionId, CpuManagement */
	{ HV_LEAF_FEATURES, 1, BIT(22) },	   /* Isolation */
	{ HV_LEAF_HINTS, 0, BIT(12) },		   /* nested root */
	{ HV_LEAF_NESTED, 0, 0xff810000 },	   /* reserved */
	{ HV_LEAF_NESTED, 2, 0xffffffff },
	{ HV_LEAF_NESTED, 3, 0xffffffff },
	{ 0x40000007, 0, 0xffffffff }, /* of a root partition only */
	{ 0x40000008, 0, 0xffffffff },
};

static u32 reg_of(u32 leaf, u32 reg)
{
	struct cpuid_regs r = cpuid(leaf, 0);

	return reg == 0 ? r.eax : reg == 1 ? r.ebx : reg == 2 ? r.ecx : r.edx;
}

static bool is_zero(u32 leaf)
{
	struct cpuid_regs r = cpuid(leaf, 0);

	return (r.eax | r.ebx | r.ecx | r.edx) == 0;
}

static void nothing_behind(u32 max)
{
	for (u32 leaf = max + 1; leaf <= LAST_LEAF + 0x100; leaf++) {
		check(is_zero(leaf), "leaf 0x%x is not empty", leaf);
	}
	for (u32 leaf = 0x40000100; leaf < 0x40010000; leaf += 0x100) {
		check(is_zero(leaf), "leaf 0x%x is not empty", leaf);
	}
	check(is_zero(0x4fffffff), "leaf 0x4fffffff is not empty");
}

static struct cpuid_regs first[HV_LEAF_NESTED - HV_LEAF_MAX + 1];

static void same_on_this_cpu(void *subleaf)
{
	for (u32 i = 0; i < ARRAY_SIZE(first); i++) {
		struct cpuid_regs r = cpuid(HV_LEAF_MAX + i, (u32)(uintptr_t)subleaf);

		check(memcmp(&r, &first[i], sizeof(r)) == 0,
		      "leaf 0x%x differs on CPU %u, subleaf 0x%x", HV_LEAF_MAX + i,
		      this_cpu()->index, (u32)(uintptr_t)subleaf);
	}
}

/* A policy that offers nothing: no leaf, and nobody of the machine below answers instead. */
static void nothing_at_all(void)
{
	check(!hv_present(), "\"Microsoft Hv\" answers though nothing is offered");
	nothing_behind(HV_LEAF_MAX - 1);
	report_success();
}

void test_main(void)
{
	if (cmdline_has("none")) {
		nothing_at_all();
		return;
	}
	hv_require();
	u32 max = cpuid(HV_LEAF_MAX, 0).eax;

	check(max >= HV_LEAF_NESTED && max <= LAST_LEAF, "the last leaf is 0x%x", max);
	check_eq("interface", cpuid(HV_LEAF_SIGN, 0).eax, HV1);
	check(cpuid(HV_LEAF_VERSION, 0).eax != 0, "no build number");
	check_eq("hypercall MSRs and VP_INDEX", reg_of(HV_LEAF_FEATURES, 0) & 0x60, 0x60);
	check(cpuid(HV_LEAF_LIMITS, 0).eax >= smp_expected(), "leaf 5 allows too few VPs");
	for (unsigned int i = 0; i < ARRAY_SIZE(implications); i++) {
		const struct implication *m = &implications[i];

		check(!(reg_of(m->if_leaf, m->if_reg) & BIT(m->if_bit)) ||
			      reg_of(m->then_leaf, m->then_reg) & BIT(m->then_bit),
		      "%s", m->text);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(nevers); i++) {
		check((reg_of(nevers[i].leaf, nevers[i].reg) & nevers[i].bits) == 0,
		      "leaf 0x%x register %u has 0x%x", nevers[i].leaf, nevers[i].reg,
		      reg_of(nevers[i].leaf, nevers[i].reg));
	}
	check(!svm_offered() || !(reg_of(HV_LEAF_HINTS, 0) & BIT(14)),
	      "an enlightened VMCS on an AMD CPU");
	nothing_behind(max);
	for (u32 i = 0; i < ARRAY_SIZE(first); i++) {
		first[i] = cpuid(HV_LEAF_MAX + i, 0);
	}
	check_eq("CPUs", smp_start_all(), smp_expected());
	check(cpu_run_all(same_on_this_cpu, NULL), "a CPU does not return");
	same_on_this_cpu((void *)0xffffffff);
	report_success();
}
