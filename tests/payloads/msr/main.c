/* SPDX-License-Identifier: MIT */
/*
 * Each synthetic MSR is accessible exactly when CPUID offers it and in the directions that the
 * TLFS gives it; everything else, and every unknown MSR, is #GP.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"

const char test_title[] = "synthetic MSRs against the offered features";

enum reg {
	EAX,
	EDX
};
#define R BIT(0)
#define W BIT(1)

/* Value for the write: legal and without effect. */
static const struct row {
	const char *name;
	u32 msr;
	enum reg reg;
	u32 bit, access;
	u64 value;
} rows[] = {
#define MSR(...) { __VA_ARGS__ },
#include "tests/payloads/msr/msrs.def"
#undef MSR
};

/* Nothing is there, or nothing that L1 gets. */
static const u32 unknown[] = { 0x40000004, 0x40000024, 0x40000074, 0x400000ff,
			       0x40000119, 0x40000200, 0x4000ffff, 0x40010000,
			       0x3fffffff, 0xdeadbeef, 0x00012345, 0xc0020000 };

static bool is_offered(const struct row *r)
{
	struct cpuid_regs f = cpuid(HV_LEAF_FEATURES, 0);

	return (r->reg == EAX ? f.eax : f.edx) & BIT(r->bit);
}

static void run_row(const struct row *r)
{
	bool offered = is_offered(r);
	u64 v;
	char what[48];

	fmt_str(what, sizeof(what), "RDMSR %s, %soffered", r->name, offered ? "" : "not ");
	check_ex(what, rdmsr_safe(r->msr, &v), offered && r->access & R ? EXINFO_NONE : EXINFO_GP);
	fmt_str(what, sizeof(what), "WRMSR %s, %soffered", r->name, offered ? "" : "not ");
	check_ex(what, wrmsr_safe(r->msr, r->value),
		 offered && r->access & W ? EXINFO_NONE : EXINFO_GP);
}

/*
 * The page is taken away without asking whether it was offered: an old kernel's way out of a
 * kexec.
 */
static void reference_tsc(void)
{
	bool offered = cpuid(HV_LEAF_FEATURES, 0).eax & BIT(9);
	u64 v;

	check_ex("RDMSR REFERENCE_TSC", rdmsr_safe(HV_MSR_REFERENCE_TSC, &v),
		 offered ? EXINFO_NONE : EXINFO_GP);
	check_ex("WRMSR REFERENCE_TSC, disable", wrmsr_safe(HV_MSR_REFERENCE_TSC, 0), EXINFO_NONE);
	if (!offered) {
		check_ex("WRMSR REFERENCE_TSC, enable", wrmsr_safe(HV_MSR_REFERENCE_TSC, 0x200001),
			 EXINFO_GP);
	}
}

static void reserved_bits(void)
{
	struct cpuid_regs f = cpuid(HV_LEAF_FEATURES, 0);
	u64 v;

	if (f.eax & BIT(15)) {
		check_ex("TSC_INVARIANT_CONTROL bit 1", wrmsr_safe(0x40000118, 2), EXINFO_GP);
	}
	if (f.edx & BIT(10) && rdmsr_safe(HV_MSR_CRASH_CTL, &v) == EXINFO_NONE) {
		check(v & BIT(63), "CRASH_CTL does not offer to notify");
	}
	if (f.eax & BIT(11)) {
		check(rdmsr(HV_MSR_TSC_FREQUENCY) >= 1000000, "TSC_FREQUENCY is below 1 MHz");
		check(rdmsr(HV_MSR_APIC_FREQUENCY) >= 1000000, "APIC_FREQUENCY is below 1 MHz");
	}
}

static volatile u32 seen_indices;

static void note_index(void *unused)
{
	(void)unused;
	__atomic_or_fetch(&seen_indices, (u32)BIT(rdmsr(HV_MSR_VP_INDEX) & 31), __ATOMIC_SEQ_CST);
}

void test_main(void)
{
	hv_require();
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_row(&rows[i]);
	}
	reference_tsc();
	reserved_bits();
	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++) {
		u64 v;

		check(rdmsr_safe(unknown[i], &v) == EXINFO_GP, "RDMSR 0x%x is no #GP", unknown[i]);
		check(wrmsr_safe(unknown[i], 0) == EXINFO_GP, "WRMSR 0x%x is no #GP", unknown[i]);
	}
	check_eq("CPUs", smp_start_all(), smp_expected());
	check(cpu_run_all(note_index, NULL), "a CPU does not return");
	check_eq("VP indices, from 0 without a gap", seen_indices, BIT(smp_expected()) - 1);
	report_success();
}
