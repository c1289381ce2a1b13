/* SPDX-License-Identifier: MIT */
/* Runs snippets under the guard; knows one snippet for each VMX instruction. */
#include "tests/lib/insn.h"

void insn_call(void *regs);

/* clang-format off */
#define ALL(X)                                                                    \
	X(vmxon,    "vmxon (%rbx)",         REASON_VMXON,    true,  false)        \
	X(vmxoff,   "vmxoff",               REASON_VMXOFF,   false, false)        \
	X(vmclear,  "vmclear (%rbx)",       REASON_VMCLEAR,  true,  false)        \
	X(vmptrld,  "vmptrld (%rbx)",       REASON_VMPTRLD,  true,  false)        \
	X(vmptrst,  "vmptrst (%rbx)",       REASON_VMPTRST,  true,  true)         \
	X(vmread,   "vmread %rax, (%rbx)",  REASON_VMREAD,   true,  true)         \
	X(vmread_r, "vmread %rax, %rdx",    REASON_VMREAD,   false, false)        \
	X(vmwrite,  "vmwrite (%rbx), %rax", REASON_VMWRITE,  true,  false)        \
	X(vmwrite_r, "vmwrite %rdx, %rax",  REASON_VMWRITE,  false, false)        \
	X(vmlaunch, "vmlaunch",             REASON_VMLAUNCH, false, false)        \
	X(vmresume, "vmresume",             REASON_VMRESUME, false, false)        \
	X(invept,   "invept (%rbx), %rax",  REASON_INVEPT,   true,  false)        \
	X(invvpid,  "invvpid (%rbx), %rax", REASON_INVVPID,  true,  false)
/* clang-format on */
#define CODE(name, text, reason, memory, writes) INSN_CODE(insn_##name, text)
ALL(CODE)

const struct vmx_insn vmx_insns[VMX_INSNS] = {
#define ROW(name, text, reason, memory, writes) { #name, insn_##name, reason, memory, writes },
	ALL(ROW)
};

exinfo_t insn_run(struct insn_regs *regs)
{
	regs->rflags = VMX_FLAGS | RFLAGS_FIXED;
	exinfo_t ex = guard_call(insn_call, regs);

	return vmx_result(ex, regs->rflags);
}

exinfo_t insn_run_user(struct insn_regs *regs)
{
	regs->rflags = VMX_FLAGS | RFLAGS_FIXED;
	exinfo_t ex = user_call(insn_call, regs);

	return ex != EXINFO_NONE ? ex : vmx_flags_result(regs->rflags);
}
