/* SPDX-License-Identifier: MIT */
/*
 * L2 VPs on several CPUs read through one nested page table while L1 replaces its entries: once
 * L1 kicked each CPU out of L2 and flushed before the next entry, no VP uses a replaced
 * translation.
 */
#include "tests/lib/apic.h"
#include "tests/lib/payload.h"
#include "tests/lib/readers.h"
#include "tests/lib/vp.h"

const char test_title[] = "nested TLB shootdown by L1";

#define KICK   0x61
#define WINDOW GIB(2)
#define PAGES  4
#define ROUNDS 100

static struct vp vps[MAX_CPUS];
static u64 *slat;
static volatile u32 wanted, acknowledged[MAX_CPUS];

/* Interrupts end L2 and reach L1; L1 then asks for a flush, and says so. */
static void run_reader(void *unused)
{
	(void)unused;
	unsigned int cpu = this_cpu()->index;
	struct vp *vp = &vps[cpu];
	enum vp_exit exit;

	vp_enable();
	vp_init(vp);
	vp_use_slat(vp, slat);
	vp_start(vp, readers_loop);
	vp_exit_for_interrupts(vp);
	while ((exit = vp_run(vp)) == VP_INTR) {
		u32 now = wanted;

		vp_take_interrupts();
		vp_flush(vp);
		acknowledged[cpu] = now;
	}
	vp_end_interrupts();
	check_eq("exit of a reader", exit, VP_CALL);
}

/* A kick may come just before the change of `wanted` is seen: then another one is needed. */
static bool kick(unsigned int cpu)
{
	for (unsigned int i = 0; i < 10; i++) {
		apic_send(cpus[cpu].apic_id, ICR_FIXED | ICR_ASSERT | KICK);
		if (WAIT_FOR_AT_MOST(acknowledged[cpu] == wanted, WAIT_TICKS, WAIT_POLLS)) {
			return true;
		}
	}
	return false;
}

void test_main(void)
{
	vp_require();
	check_eq("CPUs", smp_start_all(), smp_expected());
	const u64 others = (BIT(smp_count()) - 1) & ~1ull;

	slat = slat_create_identity(GIB(1), PT_2M);
	readers_init(slat, WINDOW, PAGES);
	for (unsigned int i = 1; i < smp_count(); i++) {
		cpu_run(i, run_reader, NULL);
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		readers_swap();
		wanted++;
		for (unsigned int i = 1; i < smp_count(); i++) {
			check(kick(i), "CPU %u does not leave L2 for an interrupt", i);
		}
		check(readers_expect(others), "a reader stands still");
		for (unsigned int i = 1; i < smp_count(); i++) {
			check(readers_stale(i) == 0, "CPU %u uses an old translation", i);
		}
	}
	readers_stop();
	for (unsigned int i = 1; i < smp_count(); i++) {
		check(cpu_wait(i), "CPU %u does not leave L2", i);
	}
	report_success();
}
