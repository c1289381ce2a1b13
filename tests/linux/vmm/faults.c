/* SPDX-License-Identifier: MIT */
/* Cases: exceptions that the guest takes through its own IDT, and the one that nobody takes. */
#include "tests/linux/vmm/cases.h"

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_faults[], guest_user[], guest_corners[], guest_insns[], guest_triple[];

#define PTE_P	     BIT(0)
#define PTE_W	     BIT(1)
#define PTE_U	     BIT(2)
#define PTE_NX	     BIT(63)
#define PTE_RESERVED BIT(51) /* beyond the physical address width that the guest is shown */

enum {
	DE = 0,
	BP = 3,
	UD = 6,
	NM = 7,
	NP = 11,
	SS = 12,
	GP = 13,
	PF = 14,
	MF = 16,
	XM = 19,
	PF_P = 1,
	PF_W = 2,
	PF_U = 4,
	PF_RSVD = 8,
	PF_ID = 16,
};

struct fault_row {
	u64 vector;
	u64 error;
	u64 cr2; /* of a page fault */
};

static void expect_faults(struct vp *vp, const struct fault_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		u64 cr2;

		expect_step(vp, (u32)i + 1);
		CHECK(vp_report(vp)->traps == i + 1, "%llu traps at step %zu",
		      (unsigned long long)vp_report(vp)->traps, i + 1);
		check_trap(vp, rows[i].vector, rows[i].error);
		cr2 = vp_report(vp)->cr2;
		CHECK(rows[i].vector != PF || cr2 == rows[i].cr2,
		      "CR2 is %#llx at step %zu; expected %#llx", (unsigned long long)cr2, i + 1,
		      (unsigned long long)rows[i].cr2);
	}
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_faults(void)
{
	static const struct fault_row rows[] = {
		{ DE, 0, 0 },
		{ UD, 0, 0 },
		{ UD, 0, 0 },
		{ BP, 0, 0 },
		{ VECTOR_IRQ, 0, 0 },
		{ GP, SEL_BAD, 0 },
		{ GP, 0, 0 },
		{ PF, 0, GUEST_WINDOW + 0x3008 },
		{ PF, PF_W, GUEST_WINDOW + 0x3010 },
		{ PF, PF_P | PF_W, GUEST_WINDOW + 0x18 },
		{ PF, PF_P | PF_ID, GUEST_WINDOW + 0x1000 },
		{ PF, 0, GUEST_WINDOW + 0x3000 },
		{ PF, 0, GUEST_WINDOW + 0x2000 },
		{ NM, 0, 0 },
		{ MF, 0, 0 },
		{ GP, 0, 0 },
		{ GP, 0, 0 },
	};
	struct vp *vp = world_single(WORLD_LONG, guest_faults);

	window_set(vp->vm, 0, GUEST_DATA | PTE_P, true);
	window_set(vp->vm, 1, GUEST_DATA | PTE_P | PTE_W | PTE_NX, true);
	expect_faults(vp, rows, ARRAY_SIZE(rows));
}

static void map_for_user(struct vm *vm)
{
	window_open_to_user(vm);
	for (u32 page = 0; page < 5; page++) {
		window_set(vm, page, (GUEST_CODE64 + page * PAGE_SIZE) | PTE_P | PTE_U, true);
	}
	window_set(vm, 6, GUEST_DATA | PTE_P | PTE_W | PTE_U, true);
	window_set(vm, 7, GUEST_DATA | PTE_P | PTE_W, true);
}

void case_user(void)
{
	static const struct fault_row rows[] = {
		{ VECTOR_USER, 0, 0 },
		{ GP, 0, 0 },
		{ GP, 0, 0 },
		{ GP, 0, 0 },
		{ GP, 0, 0 },
		{ PF, PF_P | PF_U, GUEST_WINDOW + 0x7008 },
		{ PF, PF_P | PF_W | PF_U, GUEST_WINDOW + 0x10 },
		{ PF, PF_W | PF_U, GUEST_WINDOW + 0x8018 },
		{ VECTOR_USER, 0, 0 },
		{ VECTOR_USER, 0, 0 },
		{ UD, 0, 0 },
	};
	struct vp *vp = world_single(WORLD_LONG, guest_user);
	struct kvm_regs regs;

	map_for_user(vp->vm);
	expect_faults(vp, rows, ARRAY_SIZE(rows));
	KVM(vp->fd, KVM_GET_REGS, &regs);
	CHECK(regs.r13 == 100, "%llu system calls instead of 100", (unsigned long long)regs.r13);
	CHECK(regs.r12 != 0, "CPUID in CPL 3 has answered nothing");
}

void case_corners(void)
{
	static const struct fault_row rows[] = {
		{ PF, PF_P | PF_RSVD, GUEST_WINDOW + 0x9020 },
		{ PF, PF_P | PF_W | PF_RSVD, GUEST_WINDOW + 0x9028 },
		{ SS, 0, 0 },
		{ NP, VECTOR_ABSENT * 8 + 2, 0 },
		{ GP, 0x80 * 8 + 2, 0 },
		{ GP, VECTOR_IRQ * 8 + 2, 0 },
		{ XM, 0, 0 },
	};
	struct vp *vp = world_single(WORLD_LONG, guest_corners);

	map_for_user(vp->vm);
	window_set(vp->vm, 9, GUEST_DATA | PTE_P | PTE_W | PTE_RESERVED, true);
	expect_faults(vp, rows, ARRAY_SIZE(rows));
}

void case_insns(void)
{
	struct vm *vm = world_create(true);
	struct vp *vp = world_add_vp(vm, WORLD_LONG, guest_insns);
	struct kvm_sregs sregs;

	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	expect_step(vp, 1);
	check_result(vp, 0, sregs.cr0, "CR0");
	check_result(vp, 1, sregs.cr0 | 8, "SMSW after TS was set");
	check_result(vp, 2, sregs.cr0, "CR0 after CLTS");
	check_result(vp, 3, sregs.cr0 | 8, "CR0 after LMSW");
	check_result(vp, 4, sregs.cr4 & ~BIT(7), "CR4 without PGE");
	check_result(vp, 5, 5, "CR8");
	check_result(vp, 6, GUEST_GDT, "the base that SGDT stores");
	check_result(vp, 8, SEL_TSS, "STR");
	check_result(vp, 9, 0x1234, "CR2");
	check_result(vp, 10, 0x5678, "DR3");
	check_result(vp, 11, GUEST_TABLES, "CR3");
	check_result(vp, 12, 1, "order of RDTSC and RDMSR of the TSC");
	check_result(vp, 13, (u64)-1000, "the answer to an unknown hypercall");
	check_result(vp, 14, GUEST_IDT, "the base that SIDT stores");
}

void case_triple(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_triple);

	expect_step(vp, 1);
	expect_exit(vp, KVM_EXIT_SHUTDOWN);
}
