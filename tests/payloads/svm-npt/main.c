/* SPDX-License-Identifier: MIT */
/*
 * L2's accesses obey the nested page table of L1 at each page size: faults carry the manual's
 * bits and address, and accessed and dirty bits are set in L1's table.
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "nested paging: page sizes, faults, A and D bits";

#define WINDOW	   GIB(2) /* L2 physical, no RAM there; L2's own tables map it to itself */
#define CODE	   0xaaaaaaaaaad9010full /* VMMCALL and a mark */
#define HAS_1G	   (cpuid(0x80000001, 0).edx & BIT(26))
#define FAULT_MASK (NPF_FINAL | NPF_WALK | PFEC_P | PFEC_RW | PFEC_US | PFEC_ID)

static const struct fault_row {
	const char *name, *code;
	u64 flags, info1;
} rows[] = {
#define FAULT(...) { __VA_ARGS__ },
#include "tests/payloads/svm-npt/faults.def"
#undef FAULT
};

static u64 *npt, *page;
static struct l2 l2;

/* Maps the window at `level` so that the address returned reaches `target`. */
static u64 map_window(const u64 *target, u64 flags, enum pt_level level)
{
	u64 offset = phys(target) & (pt_size(level) - 1);

	pt_map(npt, WINDOW, phys(target) - offset, flags, level);
	return WINDOW + offset;
}

static void enter_at(const char *code, u64 at)
{
	l2_init(&l2);
	l2_use_npt(&l2, npt);
	l2_start_at(&l2, code);
	l2.gprs.rbx = at;
	l2.vmcb->rax = CODE;
	l2.vmcb->tlb_control = TLB_FLUSH_ALL;
}

static void fault_and_repair(const struct fault_row *r, enum pt_level level)
{
	u64 at = map_window(page, r->flags, level);

	enter_at(r->code, at);
	if (!l2_run_expect(&l2, r->name, EXIT_NPF)) {
		return;
	}
	check_eq(r->name, l2.vmcb->exit_info1 & FAULT_MASK, r->info1 | NPF_FINAL);
	check_eq(r->name, ALIGN_DOWN(l2.vmcb->exit_info2, PAGE_SIZE), ALIGN_DOWN(at, PAGE_SIZE));
	map_window(page, PT_RWU, level);
	l2_run_expect(&l2, r->name, EXIT_VMMCALL);
	check_eq(r->name, l2.vmcb->rax, CODE);
}

static u64 bits_of(u64 at, enum pt_level want)
{
	enum pt_level level = PT_4K;
	u64 *entry = pt_lookup(npt, at, &level);

	return entry && level == want ? *entry & (PTE_A | PTE_D) : ~0ull;
}

static void accessed_and_dirty(enum pt_level level)
{
	u64 at = map_window(page, PT_RWU, level);

	check_eq("A and D before any access", bits_of(at, level), 0);
	enter_at(l2_code_read, at);
	l2_run_expect(&l2, "read", EXIT_VMMCALL);
	check_eq("A and D after a read", bits_of(at, level), PTE_A);
	enter_at(l2_code_write, at);
	l2_run_expect(&l2, "write", EXIT_VMMCALL);
	check_eq("A and D after a write", bits_of(at, level), PTE_A | PTE_D);
}

/*
 * L2's top table is in the window: the walk faults as a write by a user [APM "Nested Table
 * Walk"].
 */
static void fault_in_walk(void)
{
	u64 *table = page_alloc();

	memcpy(table, boot_pml4, PAGE_SIZE);
	enter_at(l2_code_read, phys(page));
	l2.vmcb->cr3 = map_window(table, 0, PT_4K);
	if (l2_run_expect(&l2, "walk", EXIT_NPF)) {
		check_eq("information of a walk", l2.vmcb->exit_info1 & FAULT_MASK,
			 NPF_WALK | PFEC_US | PFEC_RW);
		check_eq("address of a walk", ALIGN_DOWN(l2.vmcb->exit_info2, PAGE_SIZE),
			 l2.vmcb->cr3);
	}
	map_window(table, PT_RWU, PT_4K);
	l2_run_expect(&l2, "walk after the repair", EXIT_VMMCALL);
	check_eq("value read after the walk", l2.vmcb->rax, CODE);
}

void test_main(void)
{
	svm_require();
	l2.kvm_style = cmdline_has("kvm");
	npt = npt_create_identity(GIB(1), PT_2M);
	page = page_alloc();
	*page = CODE;
	for (enum pt_level level = HAS_1G ? PT_1G : PT_2M; level >= PT_4K; level--) {
		for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
			fault_and_repair(&rows[i], level);
		}
		accessed_and_dirty(level);
	}
	fault_in_walk();
	report_success();
}
