/* SPDX-License-Identifier: MIT */
/*
 * Each VP has its VP assist page, anywhere in L1's memory: it is memory while it is enabled, may
 * move and be shared, and a place that is no memory is refused.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"

const char test_title[] = "VP assist pages";

#define MARK	   0xa551570000000000ull
#define ENABLED(p) (phys(p) | HV_PAGE_ENABLE)

static volatile u64 *pages[MAX_CPUS], *shared;
static struct barrier barrier;

static void fill_and_check(volatile u64 *page, u64 mark)
{
	for (unsigned int i = 0; i < 512; i++) {
		page[i] = mark + i;
	}
	for (unsigned int i = 0; i < 512; i++) {
		if (!check(page[i] == mark + i, "word %u of an assist page does not hold", i)) {
			return;
		}
	}
}

/* The last words of the page are free for software; 40 and 48 would enable an enlightened VMCS. */
static void own_page(void *unused)
{
	(void)unused;
	unsigned int cpu = this_cpu()->index;
	volatile u64 *page = pages[cpu];

	check_eq("VP_ASSIST_PAGE at first", rdmsr(HV_MSR_VP_ASSIST_PAGE), 0);
	wrmsr(HV_MSR_VP_ASSIST_PAGE, ENABLED(page));
	check_eq("VP_ASSIST_PAGE", rdmsr(HV_MSR_VP_ASSIST_PAGE), ENABLED(page));
	check(barrier_wait(&barrier, smp_count()), "a CPU is missing");
	fill_and_check(page, MARK + ((u64)cpu << 32));
	check(barrier_wait(&barrier, smp_count()), "a CPU is missing");
	check_eq("page after the others wrote theirs", page[511], MARK + ((u64)cpu << 32) + 511);
	memset((void *)(uintptr_t)page, 0, PAGE_SIZE);
	wrmsr(HV_MSR_VP_ASSIST_PAGE, ENABLED(shared));
	check(barrier_wait(&barrier, smp_count()), "a CPU is missing");
	wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
	check_eq("VP_ASSIST_PAGE, disabled", rdmsr(HV_MSR_VP_ASSIST_PAGE), 0);
	fill_and_check(page, MARK);
}

static void refused_places(void)
{
	static const u64 places[] = { 0xfee00000, 0xfec00000, BIT(51), PTE_ADDR };

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		check(wrmsr_safe(HV_MSR_VP_ASSIST_PAGE, places[i] | HV_PAGE_ENABLE) == EXINFO_GP,
		      "an assist page at 0x%lx is accepted", places[i]);
		check_eq("VP_ASSIST_PAGE after the refusal", rdmsr(HV_MSR_VP_ASSIST_PAGE), 0);
	}
	check_ex("a disabled page anywhere", wrmsr_safe(HV_MSR_VP_ASSIST_PAGE, BIT(51)),
		 EXINFO_NONE);
	wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
}

static void moves_under_the_other_pages(void)
{
	hv_enable();
	for (unsigned int i = 0; i < 1000; i++) {
		wrmsr(HV_MSR_VP_ASSIST_PAGE, ENABLED(i & 1 ? pages[0] : shared));
	}
	/*
	 * On the hypercall page: which of the two shows is Plinth's choice, that calls end is
	 * not.
	 */
	(void)wrmsr_safe(HV_MSR_VP_ASSIST_PAGE, ENABLED(hv_page));
	wrmsr(HV_MSR_VP_ASSIST_PAGE, 0);
	check_eq("a call after that", hv_call(0xbeef, 0, 0), HV_INVALID_CODE);
}

void test_main(void)
{
	hv_require();
	if (!(cpuid(HV_LEAF_FEATURES, 0).eax & BIT(4))) {
		report_skip("no VP assist page is offered");
		return;
	}
	check_eq("CPUs", smp_start_all(), smp_expected());
	shared = page_alloc();
	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		pages[i] = page_alloc();
	}
	check(cpu_run_all(own_page, NULL), "a CPU does not return");
	refused_places();
	moves_under_the_other_pages();
	report_success();
}
