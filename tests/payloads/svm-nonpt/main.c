/* SPDX-License-Identifier: MIT */
/*
 * Without nested paging L1 shadows L2's tables: page faults, MOV CR3 and INVLPG leave with what L1
 * needs, and what it changes in the shadow counts after each kind of flush.
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "L2 on shadow page tables of L1";

#define WINDOW	GIB(2) /* L2's virtual addresses that the shadow maps only on demand */
#define PAGES	64
#define ASID	3
#define MARK(i) (0x5eed000000000000ull + (i))

asm(".pushsection .text\ni_cr3: mov %rbx, %cr3\ni_invlpg: invlpg (%rbx)\n.popsection");
extern const char i_cr3[], i_invlpg[];

static u64 *shadow, *pages[PAGES];
static struct l2 l2;

static void enter_at(const char *code, u64 rbx)
{
	l2_init(&l2);
	l2.vmcb->asid = ASID;
	l2.vmcb->cr3 = phys(shadow);
	l2.vmcb->intercept[EXIT_EXCEPTION / 32] = BIT(VEC_PF);
	l2_intercept(&l2, EXIT_CR0_WRITE + 3, true);
	l2_intercept(&l2, EXIT_INVLPG, true);
	l2_start_at(&l2, code);
	l2.gprs.rbx = rbx;
}

static void expect_fault(const char *what, u64 gva, u64 error_code)
{
	if (l2_run_expect(&l2, what, EXIT_EXCEPTION + VEC_PF)) {
		check_eq(what, l2.vmcb->exit_info1, error_code);
		check_eq(what, l2.vmcb->exit_info2, gva);
	}
}

static void expect_value(const char *what, u64 value)
{
	check_eq(what, l2_run_expect(&l2, what, EXIT_VMMCALL) ? l2.vmcb->rax : 0, value);
}

static void fault_in_all_pages(void)
{
	for (u64 i = 0; i < PAGES; i++) {
		u64 gva = WINDOW + i * PAGE_SIZE;

		enter_at(l2_code_read, gva);
		expect_fault("read of an absent page", gva, 0);
		pt_map(shadow, gva, phys(pages[i]), PTE_P, PT_4K);
		expect_value("value behind the fault", MARK(i));
		enter_at(l2_code_write, gva);
		l2.vmcb->rax = MARK(i);
		expect_fault("write to a read-only page", gva, PFEC_P | PFEC_RW);
		pt_map(shadow, gva, phys(pages[i]), PT_RW, PT_4K);
		invlpga(gva, ASID);
		expect_value("write after the repair", MARK(i));
	}
}

/* What L2's own flushes mean is L1's business: they leave, and the shadow entry goes. */
static void flushes_of_l2(void)
{
	enter_at(i_invlpg, WINDOW);
	l2_run_expect(&l2, "INVLPG", EXIT_INVLPG);
	check_eq("RIP of INVLPG", l2.vmcb->rip, phys(i_invlpg));
	*pt_entry(shadow, WINDOW, PT_4K) = 0;
	invlpga(WINDOW, ASID);
	l2_start_at(&l2, l2_code_read);
	expect_fault("read after INVLPG", WINDOW, 0);
	pt_map(shadow, WINDOW, phys(pages[0]), PT_RW, PT_4K);
	enter_at(i_cr3, 0x1234000);
	l2_run_expect(&l2, "MOV CR3", EXIT_CR0_WRITE + 3);
	check_eq("CR3 of an intercepted write", l2.vmcb->cr3, phys(shadow));
	l2_start_at(&l2, l2_code_end);
	l2.vmcb->tlb_control = TLB_FLUSH_ALL;
	l2_run_expect(&l2, "after MOV CR3", EXIT_VMMCALL);
}

static void swap_and_flush(const char *what, u8 tlb_control, u32 asid)
{
	for (u64 i = 0; i + 1 < PAGES; i += 2) {
		u64 gva = WINDOW + i * PAGE_SIZE;

		pt_map(shadow, gva, phys(pages[i]), PT_RW, PT_4K);
		enter_at(l2_code_read, gva);
		l2.vmcb->tlb_control = TLB_FLUSH_ALL;
		expect_value(what, MARK(i));
		pt_map(shadow, gva, phys(pages[i + 1]), PT_RW, PT_4K);
		if (tlb_control == TLB_DO_NOTHING && asid == ASID) {
			invlpga(gva, ASID);
		}
		l2_start_at(&l2, l2_code_read);
		l2.vmcb->tlb_control = tlb_control;
		l2.vmcb->asid = asid;
		expect_value(what, MARK(i + 1));
	}
}

void test_main(void)
{
	svm_require();
	l2.kvm_style = cmdline_has("kvm");
	shadow = pt_create();
	pt_map_identity(shadow, 0, MIB(64), PT_RW, PT_2M);
	for (u64 i = 0; i < PAGES; i++) {
		pages[i] = page_alloc();
		*pages[i] = MARK(i);
	}
	fault_in_all_pages();
	flushes_of_l2();
	swap_and_flush("TLB_CONTROL 1", TLB_FLUSH_ALL, ASID);
	swap_and_flush("a new ASID", TLB_DO_NOTHING, ASID + 1);
	swap_and_flush("INVLPGA", TLB_DO_NOTHING, ASID);
	report_success();
}
