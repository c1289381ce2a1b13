/* SPDX-License-Identifier: MIT */
/* Cases: the CPU's modes. Each runs a guest that starts in one of them. */
#include "tests/linux/vmm/cases.h"

#include <string.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_real[], guest_switch[], guest_prot[], guest_paged[], guest_long[];

#define VECTOR_DE 0
#define VECTOR_BP 3
#define VECTOR_UD 6
#define VECTOR_NP 11
#define VECTOR_GP 13
#define VECTOR_PF 14

#define PF_P	  BIT(0)
#define PF_W	  BIT(1)

static void expect_text(struct vp *vp, const char *text)
{
	for (; *text; text++) {
		char byte = (char)*expect_io(vp, KVM_EXIT_IO_OUT, PORT_TEXT, 1, 1);

		CHECK(byte == *text, "the guest wrote '%c'; expected '%c'", byte, *text);
	}
}

static void check_cpuid0(struct vp *vp)
{
	static const char *const names[] = { "EAX", "EBX", "ECX", "EDX" };
	struct cpuid_table table;
	struct kvm_cpuid_entry2 *entry;
	u32 values[4];

	vm_get_cpuid(vp->vm, &table);
	entry = cpuid_find(&table, 0, 0);
	CHECK(entry, "KVM supports no CPUID leaf 0");
	values[0] = entry->eax;
	values[1] = entry->ebx;
	values[2] = entry->ecx;
	values[3] = entry->edx;
	for (unsigned int i = 0; i < 4; i++) {
		check_result(vp, i, values[i], names[i]);
	}
}

void case_real(void)
{
	struct vp *vp = world_single(WORLD_REAL, guest_real);

	expect_text(vp, "real mode");
	expect_step(vp, 1);
	check_cpuid0(vp);
	check_result(vp, 4, 0x1234 ^ 0xffff, "AX after INT 21h");
	check_result(vp, 5, 1, "CF after INT 21h");
	check_result(vp, 6, 0xde, "CX after #DE");
	check_result(vp, 7, GUEST_CODE16 >> 4, "CS of the far call");
	check_result(vp, 8, 0x78123456, "a rotated doubleword");
	expect_exit(vp, KVM_EXIT_HLT);
	expect_step(vp, 2);
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_switch(void)
{
	struct vp *vp = world_single(WORLD_REAL, guest_switch);
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	expect_step(vp, 1);
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	CHECK((sregs.cr0 & 1) && sregs.cs.db && !sregs.cs.l, "step 1 is not 32-bit protected mode");
	expect_step(vp, 2);
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	CHECK(sregs.efer == 0x500 && !sregs.cs.l, "step 2 is not compatibility mode");
	expect_step(vp, 3);
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	KVM(vp->fd, KVM_GET_REGS, &regs);
	CHECK(sregs.cs.l && regs.r15 == 0x0123456789abcdef, "step 3 is not 64-bit mode");
	expect_step(vp, 4);
	expect_step(vp, 5);
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	CHECK(sregs.efer == 0 && sregs.cr4 == 0 && !(sregs.cr0 & BIT(31)), "paging is still on");
	expect_step(vp, 0xff00 ^ 0xffff);
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	CHECK(!(sregs.cr0 & 1), "the guest is not back in real mode");
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_prot(void)
{
	struct vp *vp = world_single(WORLD_PROT, guest_prot);

	expect_text(vp, "protected mode");
	expect_step(vp, 1);
	check_result(vp, 0, 0, "the product's low half");
	check_result(vp, 1, 8, "the product's high half");
	expect_step(vp, 2);
	check_trap(vp, VECTOR_DE, 0);
	expect_step(vp, 3);
	check_trap(vp, VECTOR_UD, 0);
	expect_step(vp, 4);
	check_trap(vp, VECTOR_GP, SEL_BAD);
	expect_step(vp, 5);
	check_trap(vp, VECTOR_IRQ, 0);
	expect_step(vp, 6);
	check_trap(vp, VECTOR_BP, 0);
	expect_step(vp, 7);
	check_trap(vp, VECTOR_NP, VECTOR_ABSENT * 8 + 2);
	expect_exit(vp, KVM_EXIT_HLT);
	expect_step(vp, 8);
	expect_exit(vp, KVM_EXIT_HLT);
}

static void check_fault(struct vp *vp, u64 address, u64 error)
{
	u64 cr2 = vp_report(vp)->cr2;

	check_trap(vp, VECTOR_PF, error);
	CHECK(cr2 == address, "CR2 is %#llx; expected %#llx", (unsigned long long)cr2,
	      (unsigned long long)address);
}

static void run_paged(enum world world, u64 pte_size)
{
	struct vp *vp = world_single(world, guest_paged);
	u32 *page = vm_memory(vp->vm, GUEST_DATA, PAGE_SIZE);

	vp_report(vp)->result[0] = pte_size;
	vp_report(vp)->result[1] = GUEST_DATA;
	page[0] = 0xfeedf00d;
	expect_step(vp, 1);
	check_fault(vp, GUEST_WINDOW + 0x123, 0);
	expect_step(vp, 2);
	check_fault(vp, GUEST_WINDOW + 0x1004, PF_W);
	expect_step(vp, 3);
	check_result(vp, 2, 0xfeedf00d, "the mapped page");
	expect_step(vp, 4);
	check_fault(vp, GUEST_WINDOW + 8, PF_P | PF_W);
	expect_step(vp, 5);
	check_result(vp, 3, 0x5555aaaa, "the written word");
	check_result(vp, 4, GUEST_DATA | 0x63, "the page table entry, accessed and dirty,");
	CHECK(page[2] == 0x5555aaaa, "the VMM does not see the written word");
	expect_step(vp, 6);
	check_result(vp, 5, 0x5555aaaa, "the word through the second mapping");
	check_fault(vp, GUEST_WINDOW + 8, 0);
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_paged(void)
{
	run_paged(WORLD_PAGED, 4);
}

void case_pae(void)
{
	run_paged(WORLD_PAE, 8);
}

void case_long(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_long);
	struct kvm_regs regs;

	expect_text(vp, "long mode");
	expect_step(vp, 1);
	check_result(vp, 0, 0x0123456789abcdef * 0x10, "the product's low half");
	check_result(vp, 1, 0, "the product's high half");
	check_result(vp, 2, SEL_CODE64, "CS");
	check_result(vp, 3, 0xd01, "EFER");
	check_result(vp, 4, 0xfedcba9876543210, "the word through R8 and a far address");
	check_result(vp, 5, 0x76543210, "the zero-extended register");
	KVM(vp->fd, KVM_GET_REGS, &regs);
	CHECK(regs.r8 == 0xfedcba9876543210 && regs.r15 == 15, "R8 or R15 is wrong in the VMM");
	regs.r9 = 0x99;
	regs.rax = 0x123;
	KVM(vp->fd, KVM_SET_REGS, &regs);
	expect_step(vp, 2);
	check_result(vp, 6, 0x99, "R9 as the VMM set it");
	expect_exit(vp, KVM_EXIT_HLT);
}
