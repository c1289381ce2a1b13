/* SPDX-License-Identifier: MIT */
/*
 * Without nested paging L1 shadows L2's tables itself: page faults leave with error code and address, MOV CR3
 * and INVLPG leave, and what L1 changes in its shadow counts after each kind of flush.
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "L2 on shadow page tables of L1";

#define WINDOW	GIB(2) /* L2's virtual addresses that the shadow maps only on demand */
#define PAGES	64
#define ASID	3
#define MARK(i) (0x5eed000000000000ull + (i))

asm(".pushsection .text\n"
    "i_read: mov (%rbx), %rax; vmmcall\n"
    "i_write: mov %rax, (%rbx); vmmcall\n"
    "i_cr3: mov %rbx, %cr3\ni_cr3_end: vmmcall\n"
    "i_invlpg: invlpg (%rbx)\ni_invlpg_end: vmmcall\n"
    ".popsection");
extern const char i_read[], i_write[], i_cr3[], i_cr3_end[], i_invlpg[], i_invlpg_end[];

static u64 *shadow, *pages[PAGES];
static struct l2 l2;

static void enter_at(const char *code, u64 rbx)
{
	l2_init(&l2);
	l2.vmcb->asid = ASID;
	l2.vmcb->cr3 = phys(shadow);
	l2_intercept(&l2, EXIT_EXCEPTION + VEC_PF, true);
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
	l2_run_expect(&l2, what, EXIT_VMMCALL);
	check_eq(what, l2.vmcb->rax, value);
}

static void fault_in_all_pages(void)
{
	for (u64 i = 0; i < PAGES; i++) {
		u64 gva = WINDOW + i * PAGE_SIZE;

		enter_at(i_read, gva);
		expect_fault("read of an absent page", gva, 0);
		pt_map(shadow, gva, phys(pages[i]), PTE_P, PT_4K);
		expect_value("value behind the fault", MARK(i));
		enter_at(i_write, gva);
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
	if (l2_run_expect(&l2, "INVLPG", EXIT_INVLPG)) {
		check_eq("RIP of INVLPG", l2.vmcb->rip, phys(i_invlpg));
		*pt_entry(shadow, WINDOW, PT_4K) = 0;
		invlpga(WINDOW, ASID);
		l2_start_at(&l2, i_read);
		expect_fault("read after INVLPG", WINDOW, 0);
		pt_map(shadow, WINDOW, phys(pages[0]), PT_RW, PT_4K);
	}
	enter_at(i_cr3, 0x1234000);
	if (l2_run_expect(&l2, "MOV CR3", EXIT_CR0_WRITE + 3)) {
		check_eq("CR3 of an intercepted write", l2.vmcb->cr3, phys(shadow));
		check_eq("operand of that write", l2.gprs.rbx, 0x1234000);
		l2.vmcb->rip = phys(i_cr3_end);
		l2.vmcb->tlb_control = TLB_FLUSH_ALL;
		l2_run_expect(&l2, "after MOV CR3", EXIT_VMMCALL);
	}
}

static void swap_and_flush(const char *what, u8 tlb_control, u32 asid, bool by_invlpga)
{
	for (u64 i = 0; i + 1 < PAGES; i += 2) {
		u64 gva = WINDOW + i * PAGE_SIZE;

		enter_at(i_read, gva);
		expect_value(what, MARK(i));
		pt_map(shadow, gva, phys(pages[i + 1]), PT_RW, PT_4K);
		if (by_invlpga) {
			invlpga(gva, ASID);
		}
		l2_start_at(&l2, i_read);
		l2.vmcb->tlb_control = tlb_control;
		l2.vmcb->asid = asid;
		expect_value(what, MARK(i + 1));
		pt_map(shadow, gva, phys(pages[i]), PT_RW, PT_4K);
		l2_start_at(&l2, i_read);
		l2.vmcb->tlb_control = TLB_FLUSH_ALL;
		expect_value("the first page again", MARK(i));
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
	swap_and_flush("TLB_CONTROL 1", TLB_FLUSH_ALL, ASID, false);
	swap_and_flush("a new ASID", 0, ASID + 1, false);
	swap_and_flush("INVLPGA", 0, ASID, true);
	report_success();
}
