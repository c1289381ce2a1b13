/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs run L2 VPs on one nested page table at once: the faults of all of them are served,
 * and more tables are needed than any shadow pool holds, without a wrong byte.
 */
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"
#include "tests/lib/vp.h"

const char test_title[] = "L2 VPs on several CPUs with one nested page table";

#define REGIONS 8192 /* one page in each 2 MiB: each needs a table of its own */
#define BASE	GIB(8)
#define TARGETS 64
#define LAZY	8 /* of so many regions, one is mapped at its first fault */

static struct vp vps[MAX_CPUS];
static u64 *slat, *l2_tables, *targets[TARGETS];
static volatile bool lock;
static volatile u64 wrong;
static struct barrier barrier;

static u64 address_of(u64 region)
{
	return BASE + region * MIB(2) + (region % 512) * PAGE_SIZE;
}

/* Runs in L2. */
static void touch_all(void)
{
	unsigned int first = this_cpu()->index * 977 % REGIONS;

	for (unsigned int n = 0; n < 2 * REGIONS; n++) {
		u64 region = (first + n) % REGIONS;

		if (*(volatile u64 *)address_of(region) != region % TARGETS + 1) {
			wrong++;
		}
	}
}

static void map_region(u64 at)
{
	u64 region = (at - BASE) / MIB(2);

	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE)) {
		cpu_pause();
	}
	slat_map(slat, address_of(region), phys(targets[region % TARGETS]), PT_4K);
	__atomic_clear(&lock, __ATOMIC_RELEASE);
}

static void touch_on_this_cpu(void *unused)
{
	(void)unused;
	struct vp *vp = &vps[this_cpu()->index];
	enum vp_exit exit;

	if (this_cpu()->index != 0) {
		vp_enable();
	}
	vp_init(vp);
	vp_use_slat(vp, slat);
	vp_start(vp, touch_all);
	vp_set_cr3(vp, phys(l2_tables));
	check(barrier_wait(&barrier, smp_count()), "a CPU is missing");
	while ((exit = vp_run(vp)) == VP_SLAT) {
		u64 at = vp_slat_address(vp);

		if (!check(at >= BASE && at < BASE + REGIONS * MIB(2), "a fault at 0x%lx", at)) {
			return;
		}
		map_region(at);
	}
	check_eq("exit after all pages", exit, VP_CALL);
}

void test_main(void)
{
	vp_require();
	check_eq("CPUs", smp_start_all(), smp_expected());
	slat = slat_create_identity(MIB(512), PT_2M);
	l2_tables = pt_create();
	pt_map_identity(l2_tables, 0, MIB(512), PT_RW, PT_2M);
	pt_map_identity(l2_tables, GIB(3), GIB(1), PT_RW, PT_2M);
	pt_map_identity(l2_tables, BASE, REGIONS * MIB(2), PT_RW, PT_2M);
	for (u64 i = 0; i < TARGETS; i++) {
		targets[i] = page_alloc();
		*targets[i] = i + 1;
	}
	for (u64 region = 0; region < REGIONS; region++) {
		if (region % LAZY) {
			map_region(address_of(region));
		}
	}
	check(cpu_run_all(touch_on_this_cpu, NULL), "a CPU does not end");
	check_eq("wrong values read", wrong, 0);
	report_success();
}
