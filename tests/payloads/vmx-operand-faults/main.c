/* SPDX-License-Identifier: MIT */
/*
 * Row 1.7-17: a VMX instruction whose operand cannot be reached faults as any access does, with the
 * right address and error code, and has done nothing; what comes before the access is judged first.
 */
#include "tests/lib/insn.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "operands of the VMX instructions that fault";

#define NON_CANONICAL 0x0000800000000000ull
#define WINDOW	      GIB(5) /* pages: present, absent, read-only, supervisor's */
#define VALUE	      0x123456789abcdef0ull

INSN_CODE(ptrst_rbp, "vmptrst (%rbp)")
INSN_CODE(ptrld_rbp, "vmptrld 8(%rbp)")
INSN_CODE(read_rbp, "vmread %rax, (%rbp,%rcx,2)")
INSN_CODE(invept_rbp, "invept (%rbp), %rax")
INSN_CODE(ptrst_ss, "vmptrst %ss:(%rbx)")

static struct vmx_l2 l2;
static u64 page;

static exinfo_t run(const char *code, u64 rax, u64 address)
{
	struct insn_regs regs = { .rax = rax, .rbx = address, .rbp = address, .code = code };

	return insn_run(&regs);
}

/* RAX of each instruction that makes it come as far as its operand. */
static u64 rax_of(const struct vmx_insn *insn)
{
	return insn->reason == REASON_VMREAD || insn->reason == REASON_VMWRITE ? GUEST_RSP : 1;
}

static void expect(const char *what, const struct vmx_insn *insn, exinfo_t ex, exinfo_t want,
		   u64 cr2)
{
	u64 current = 0;

	check(ex == want, "1.7-17 %s, %s: %s, want %s", insn->name, what, exinfo_text(ex),
	      exinfo_text(want));
	check(!cr2 || this_cpu()->caught.cr2 == cr2, "1.7-17 %s, %s: CR2 0x%lx, want 0x%lx",
	      insn->name, what, this_cpu()->caught.cr2, cr2);
	check_ex("VMPTRST", vmptrst(&current), EXINFO_NONE);
	check(current == phys(l2.vmcs), "1.7-17 %s, %s: the current VMCS is 0x%lx", insn->name,
	      what, current);
	check(vget(GUEST_RSP) == VALUE, "1.7-17 %s, %s: it has written", insn->name, what);
}

static void faults(const struct vmx_insn *insn)
{
	/* The size of the operand decides where one that crosses a page begins. */
	u64 size = insn->reason == REASON_INVEPT || insn->reason == REASON_INVVPID ? 16 : 8;
	u32 ec = insn->writes ? PFEC_RW : 0;
	u64 rax = rax_of(insn), absent = WINDOW + PAGE_SIZE;

	expect("absent page", insn, run(insn->code, rax, absent), EXINFO(VEC_PF, ec), absent);
	expect("end of an absent page", insn, run(insn->code, rax, absent + PAGE_SIZE - size),
	       EXINFO(VEC_PF, ec), absent + PAGE_SIZE - size);
	expect("address that is not canonical", insn, run(insn->code, rax, NON_CANONICAL),
	       EXINFO_GP, 0);
	expect("address across the hole", insn, run(insn->code, rax, NON_CANONICAL - size / 2),
	       EXINFO_GP, 0);
	memset((void *)page, 0x5a, PAGE_SIZE);
	expect("across into an absent page", insn, run(insn->code, rax, absent - size / 2),
	       EXINFO(VEC_PF, ec), absent);
	u64 changed = 0;

	for (u64 i = 0; i < PAGE_SIZE; i++) {
		changed += ((u8 *)page)[i] != 0x5a;
	}
	check(changed == 0, "1.7-17 %s: %lu bytes written before the fault", insn->name, changed);
	if (insn->writes) {
		u64 read_only = WINDOW + 2 * PAGE_SIZE;

		expect("read-only page", insn, run(insn->code, rax, read_only),
		       EXINFO(VEC_PF, PFEC_P | PFEC_RW), read_only);
	}
}

static void stack_faults(void)
{
	check_ex("1.7-17 VMPTRST by RBP", run(ptrst_rbp, 0, NON_CANONICAL), EXINFO(VEC_SS, 0));
	check_ex("1.7-17 VMPTRLD by RBP", run(ptrld_rbp, 0, NON_CANONICAL), EXINFO(VEC_SS, 0));
	check_ex("1.7-17 VMREAD by RBP", run(read_rbp, GUEST_RSP, NON_CANONICAL),
		 EXINFO(VEC_SS, 0));
	check_ex("1.7-17 INVEPT by RBP", run(invept_rbp, 1, NON_CANONICAL), EXINFO(VEC_SS, 0));
}

/* Failures that the manual puts before the store [SDM "VMREAD"]. */
static void order(void)
{
	check_ex("1.7-17 VMREAD of no field to an absent page",
		 run(vmx_insns[5].code, 0x7ffe, WINDOW + PAGE_SIZE), VMFAIL_VALID(12));
}

void test_main(void)
{
	vmx_require();
	vmx_l2_init(&l2);
	vset(GUEST_RSP, VALUE);
	page = phys(page_alloc());
	pt_map(boot_pml4, WINDOW, page, PT_RWU, PT_4K);
	pt_map(boot_pml4, WINDOW + 2 * PAGE_SIZE, page, PTE_P | PTE_US, PT_4K);
	for (unsigned int i = 1; i < VMX_INSNS; i++) { /* VMXON fails before it reads, in root */
		if (vmx_insns[i].has_memory) {
			faults(&vmx_insns[i]);
		}
	}
	stack_faults();
	order();
	report_success();
}
