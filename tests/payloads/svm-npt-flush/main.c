/* SPDX-License-Identifier: MIT */
/*
 * An entry that L1 changes in its nested page table counts for L2 after each kind of flush that the
 * architecture gives L1, for every page size and when the size itself changes.
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "nested page table changes and flushes";

#define WINDOW GIB(2) /* L2 physical, no RAM there; L2's own tables map it to itself */
#define MARK_A 0xaaaaaaaaull
#define MARK_B 0xbbbbbbbbull
#define ROUNDS 20

asm(".pushsection .text\ni_read: mov (%rbx), %rax; vmmcall\n.popsection");

enum flush {
	TLB_CONTROL_1,
	TLB_CONTROL_3,
	NEW_ASID,
	BY_INVLPGA,
	FLUSHES
};
static const char *const flush_text[] = { "TLB_CONTROL 1", "TLB_CONTROL 3", "a new ASID",
					  "INVLPGA" };

static u64 *npt, *large_a, *large_b; /* 2 MiB each, A and B in every 4 KiB page of them */
static struct l2 l2;

static void read_window(u64 offset)
{
	l2_start_at(&l2, l2_code_read);
	l2.gprs.rbx = WINDOW + offset;
	l2_run_expect(&l2, "read", EXIT_VMMCALL);
	l2.vmcb->tlb_control = TLB_DO_NOTHING;
}

static void flush(enum flush how, u64 offset)
{
	l2.vmcb->tlb_control = how == TLB_CONTROL_1   ? TLB_FLUSH_ALL
			       : how == TLB_CONTROL_3 ? TLB_FLUSH_ASID
						      : 0;
	if (how == NEW_ASID) {
		l2.vmcb->asid = 1 + l2.vmcb->asid % 7;
	} else if (how == BY_INVLPGA) {
		invlpga(WINDOW + offset, l2.vmcb->asid);
	}
}

static void check_swap(enum flush how, u64 offset, enum pt_level from, enum pt_level to)
{
	u64 part_a = from == PT_4K ? offset : 0, part_b = to == PT_4K ? offset : 0;

	pt_map(npt, WINDOW + part_a, phys(large_a) + part_a, PT_RWU, from);
	flush(TLB_CONTROL_1, offset);
	read_window(offset);
	check_eq("value before the change", l2.vmcb->rax, MARK_A);
	pt_map(npt, WINDOW + part_b, phys(large_b) + part_b, PT_RWU, to);
	flush(how, offset);
	read_window(offset);
	check(l2.vmcb->rax == MARK_B, "old translation after %s, level %d to %d", flush_text[how],
	      from, to);
}

/* Also from readable to absent: the fault must come, and once. */
static void check_removal(enum flush how)
{
	pt_map(npt, WINDOW, phys(large_a), PT_RWU, PT_4K);
	flush(TLB_CONTROL_1, 0);
	read_window(0);
	*pt_entry(npt, WINDOW, PT_4K) = 0;
	flush(how, 0);
	l2_start_at(&l2, l2_code_read);
	l2.gprs.rbx = WINDOW;
	l2_run_expect(&l2, flush_text[how], EXIT_NPF);
	pt_map(npt, WINDOW, phys(large_b), PT_RWU, PT_4K);
	read_window(0);
	check_eq("value after the fault", l2.vmcb->rax, MARK_B);
}

void test_main(void)
{
	svm_require();
	npt = npt_create_identity(GIB(1), PT_2M);
	large_a = page_alloc_aligned(512, MIB(2));
	large_b = page_alloc_aligned(512, MIB(2));
	for (unsigned int i = 0; i < 512; i++) {
		large_a[i * 512] = MARK_A;
		large_b[i * 512] = MARK_B;
	}
	l2.kvm_style = cmdline_has("kvm");
	l2_init(&l2);
	l2_use_npt(&l2, npt);
	for (enum flush how = TLB_CONTROL_1; how < FLUSHES; how++) {
		if (how == TLB_CONTROL_3 && !(svm_features() & SVM_FLUSH_BY_ASID)) {
			continue;
		}
		for (u64 round = 0; round < ROUNDS; round++) {
			u64 offset = round * 5 * PAGE_SIZE;

			check_swap(how, offset, PT_4K, PT_4K);
			check_swap(how, offset, PT_2M, PT_2M);
			check_swap(how, offset, PT_2M, PT_4K);
			check_swap(how, offset, PT_4K, PT_2M);
			check_removal(how);
		}
	}
	report_success();
}
