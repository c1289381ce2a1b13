/* SPDX-License-Identifier: MIT */
/*
 * Row 1.7-17: VMX instructions find their operands in every form of addressing and in every
 * register.
 */
#include "tests/lib/insn.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "operands of the VMX instructions";

#define VALUE 0x123456789abcdef0ull
#define OTHER 0x0fedcba987654321ull

u64 target;

#define FORM(id, operand)                                  \
	INSN_CODE(ptrst_##id, "vmptrst " operand)          \
	INSN_CODE(ptrld_##id, "vmptrld " operand)          \
	INSN_CODE(read_##id, "vmread %rax, " operand)      \
	INSN_CODE(write_##id, "vmwrite " operand ", %rax") \
	INSN_CODE(invept_##id, "invept " operand ", %rax")
#include "tests/payloads/vmx-operands/forms.def"
#undef FORM
INSN_CODE(read_stack, "vmread %rax, 16(%rsp)")
INSN_CODE(write_stack, "vmwrite 16(%rsp), %rax")
static const struct form {
	const char *operand, *ptrst, *ptrld, *read, *write, *invept;
} forms[] = {
#define FORM(id, operand) { operand, ptrst_##id, ptrld_##id, read_##id, write_##id, invept_##id },
#include "tests/payloads/vmx-operands/forms.def"
#undef FORM
};

/* One snippet for each register but RSP: the encoding in RAX (RCX for RAX) and back. */
#define REGISTERS(X) \
	X(rbx)       \
	X(rcx) X(rdx) X(rsi) X(rdi) X(rbp) X(r8) X(r9) X(r10) X(r11) X(r12) X(r13) X(r14) X(r15)
#define READ(reg)  INSN_CODE(read_##reg, "vmread %rax, %" #reg "; mov %" #reg ", %rax")
#define WRITE(reg) INSN_CODE(write_##reg, "mov %r15, %" #reg "; vmwrite %" #reg ", %rax")
#define FIELD(reg) INSN_CODE(field_##reg, "mov %rax, %" #reg "; vmread %" #reg ", %rax")
REGISTERS(READ)
REGISTERS(WRITE)
REGISTERS(FIELD)
INSN_CODE(read_rax, "vmread %rax, %rax")
INSN_CODE(read_rsp, "mov %rsp, %rbx; vmread %rax, %rsp; xchg %rsp, %rbx; mov %rbx, %rax")
INSN_CODE(write_rsp, "mov %rsp, %rbx; mov %r15, %rsp; vmwrite %rsp, %rax; mov %rbx, %rsp")
static const char *const reads[] = {
#define ROW(reg) read_##reg, field_##reg,
	REGISTERS(ROW) read_rax, read_rsp
#undef ROW
};
static const char *const writes[] = {
#define ROW(reg) write_##reg,
	REGISTERS(ROW) write_rsp
#undef ROW
};

static struct vmx_l2 l2;
static struct insn_regs regs;

static exinfo_t run(const char *code, u64 rax)
{
	u64 at = phys(&target);

	wrmsr(MSR_FS_BASE, at - PAGE_SIZE);
	regs = (struct insn_regs){ .rax = rax,
				   .rbx = at,
				   .rcx = 16,
				   .rdx = at - 64,
				   .rsi = at + 128,
				   .rdi = at + 0x12345,
				   .rbp = at - 8,
				   .r8 = at | ~0ull << 32,
				   .r9 = -8ull,
				   .r10 = 0xff8,
				   .r11 = at - rdmsr(MSR_GS_BASE),
				   .r12 = at,
				   .r13 = at,
				   .r14 = at - 24,
				   .r15 = 3,
				   .slot = target,
				   .code = code };
	return insn_run(&regs);
}

static void expect(const struct form *f, const char *insn, exinfo_t ex, u64 got, u64 want)
{
	check(ex == EXINFO_NONE && got == want, "1.7-17 %s %s: %s, 0x%lx, want 0x%lx", insn,
	      f->operand, exinfo_text(ex), got, want);
}

static void run_form(const struct form *f)
{
	u64 vmcs = phys(l2.vmcs), current = 0;
	exinfo_t ex;

	target = 0;
	ex = run(f->ptrst, 0);
	expect(f, "VMPTRST", ex, target, vmcs);
	vset(GUEST_RSP, VALUE);
	ex = run(f->read, GUEST_RSP);
	expect(f, "VMREAD", ex, target, VALUE);
	target = OTHER;
	ex = run(f->write, GUEST_RSP);
	expect(f, "VMWRITE", ex, vget(GUEST_RSP), OTHER);
	target = phys(vmx_region()); /* VMPTRLD refuses it, by number */
	ex = run(f->ptrld, 0);
	expect(f, "VMPTRLD", ex == VMFAIL_VALID(10) ? EXINFO_NONE : ex, vmptrst(&current), 0);
	expect(f, "VMPTRLD", EXINFO_NONE, current, vmcs);
	target = phys(&target) | 7; /* an EPTP of memory type 7 */
	ex = run(f->invept, 1);
	expect(f, "INVEPT", ex == VMFAIL_VALID(28) ? EXINFO_NONE : ex, 0, 0);
}

static void run_registers(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(reads); i++) {
		vset(GUEST_RSP, VALUE + i);
		check_ex("1.7-17 VMREAD to a register", run(reads[i], GUEST_RSP), EXINFO_NONE);
		check(regs.rax == VALUE + i, "1.7-17 VMREAD, register %u: 0x%lx", i, regs.rax);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(writes); i++) {
		vset(GUEST_RSP, VALUE);
		check_ex("1.7-17 VMWRITE from a register", run(writes[i], GUEST_RSP), EXINFO_NONE);
		check(vget(GUEST_RSP) == 3, "1.7-17 VMWRITE, register %u: 0x%lx", i,
		      vget(GUEST_RSP));
	}
	target = OTHER;
	check_ex("1.7-17 VMWRITE from the stack", run(write_stack, GUEST_RSP), EXINFO_NONE);
	check_eq("1.7-17 VMWRITE from the stack", vget(GUEST_RSP), OTHER);
	vset(GUEST_RSP, VALUE);
	check_ex("1.7-17 VMREAD to the stack", run(read_stack, GUEST_RSP), EXINFO_NONE);
	check_eq("1.7-17 VMREAD to the stack", regs.slot, VALUE);
}

void test_main(void)
{
	vmx_require();
	vmx_l2_init(&l2);
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		run_form(&forms[i]);
	}
	run_registers();
	report_success();
}
