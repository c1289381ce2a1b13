/* SPDX-License-Identifier: MIT */
/* Cases: the guest changes its page tables and flushes by each of its own means. */
#include "tests/linux/vmm/cases.h"

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_tlb[];

enum {
	ROUNDS = 200,
	BY_INVLPG = 0,
	BY_CR3 = 1,
	BY_PGE = 2,
};

static void run_tlb(u64 method)
{
	struct vp *vp = world_single(WORLD_LONG, guest_tlb);
	struct report *report = vp_report(vp);

	*(u64 *)vm_memory(vp->vm, GUEST_DATA, 8) = 0xa;
	*(u64 *)vm_memory(vp->vm, GUEST_DATA + PAGE_SIZE, 8) = 0xb;
	report->result[0] = ROUNDS;
	report->result[1] = method;
	expect_step(vp, 1);
	check_result(vp, 2, 0, "number of reads of an old page");
	check_result(vp, 3, 0, "number of wrong accessed or dirty bits");
	check_result(vp, 4, 0, "number of missing or wrong page faults");
	CHECK(report->traps == 2 * ROUNDS, "%llu page faults of %u",
	      (unsigned long long)report->traps, 2 * ROUNDS);
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_tlb_invlpg(void)
{
	run_tlb(BY_INVLPG);
}

void case_tlb_cr3(void)
{
	run_tlb(BY_CR3);
}

void case_tlb_pge(void)
{
	run_tlb(BY_PGE);
}
