/* SPDX-License-Identifier: MIT */
/*
 * The reference time counts 100 ns without ever going back, on all CPUs; the reference TSC page
 * tells the same time as the MSR, and its memory is L1's again once the page is disabled.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"

const char test_title[] = "TIME_REF_COUNT and the reference TSC page";

#define READS	  1000
#define TOLERANCE 100000 /* ticks of 100 ns */
#define TICKS_HZ  10000000ull
#define FILL	  0x1122334455667788ull

struct tsc_page {
	volatile u32 sequence, reserved;
	volatile u64 scale;
	volatile s64 offset;
};
ASSERT_OFFSET(struct tsc_page, scale, 8);

static struct tsc_page *page;
static volatile u64 latest; /* of all CPUs, in the order of a lock */
static volatile bool lock;

static u64 read_msr(void)
{
	return rdmsr(HV_MSR_TIME_REF_COUNT);
}

/* [TLFS "Partition Reference TSC Mechanism"] */
static u64 read_page(void)
{
	return (u64)(((unsigned __int128)rdtsc() * page->scale) >> 64) + (u64)page->offset;
}

static void never_goes_back(void *read)
{
	u64 (*read_time)(void) = (u64(*)(void))read;

	for (unsigned int i = 0; i < READS; i++) {
		while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE)) {
			cpu_pause();
		}
		u64 now = read_time();

		check(now >= latest, "the time went back on CPU %u", this_cpu()->index);
		latest = now;
		__atomic_clear(&lock, __ATOMIC_RELEASE);
	}
}

static void agrees_with_tsc(void)
{
	/* The host may stop us between two readings: the clock's lies between those of the TSC. */
	u64 hz, before = rdtsc(), start = read_msr(), after = rdtsc();

	if (rdmsr_safe(HV_MSR_TSC_FREQUENCY, &hz) != EXINFO_NONE) {
		return;
	}
	check(WAIT_LONG_FOR(read_msr() - start >= TICKS_HZ / 10), "the time stands still");
	u64 least = rdtsc() - after, ticks = read_msr() - start, most = rdtsc() - before;

	least = least * TICKS_HZ / hz; /* some 0.1 s: no overflow */
	most = most * TICKS_HZ / hz;
	check(ticks < most + most / 100 && least < ticks + ticks / 100,
	      "the time is more than 1 %% off the TSC");
}

static void page_tells_the_same(void)
{
	check(page->sequence != 0 && page->sequence != ~0u, "sequence %u of an enabled page",
	      page->sequence);
	for (unsigned int i = 0; i < READS; i++) {
		u64 before = read_msr(), now = read_page(), after = read_msr();

		check(now + TOLERANCE >= before && now <= after + TOLERANCE, "page and MSR differ");
	}
}

static void page_comes_and_goes(void)
{
	u64 *memory = (u64 *)page;

	*memory = FILL;
	wrmsr(HV_MSR_REFERENCE_TSC, phys(page) | HV_PAGE_ENABLE);
	check_eq("REFERENCE_TSC", rdmsr(HV_MSR_REFERENCE_TSC), phys(page) | HV_PAGE_ENABLE);
	page_tells_the_same();
	/* The first of L1's own writes may be lost or refused, but never change the time. */
	(void)write_u64_safe(phys(page) + 8, 0);
	page_tells_the_same();
	latest = 0;
	check(cpu_run_all(never_goes_back, (void *)read_page), "a CPU does not return");
	wrmsr(HV_MSR_REFERENCE_TSC, 0);
	check_eq("REFERENCE_TSC, disabled", rdmsr(HV_MSR_REFERENCE_TSC), 0);
	check_eq("memory under the page", *memory, FILL);
	memset(page, 0, PAGE_SIZE);
	check(page->sequence == 0 && page->scale == 0 && page->offset == 0,
	      "a disabled page is written");
}

void test_main(void)
{
	hv_require();
	u32 features = cpuid(HV_LEAF_FEATURES, 0).eax;

	if (!(features & BIT(1)) || !(features & BIT(9))) {
		report_skip("no reference time is offered");
		return;
	}
	page = page_alloc();
	check_eq("CPUs", smp_start_all(), smp_expected());
	check(cpu_run_all(never_goes_back, (void *)read_msr), "a CPU does not return");
	agrees_with_tsc();
	for (unsigned int i = 0; i < 3; i++) {
		page_comes_and_goes();
	}
	report_success();
}
