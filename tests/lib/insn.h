/* SPDX-License-Identifier: MIT */
/*
 * VMX instructions as snippets, for operand forms that the compiler would not choose and for CPL 3:
 * code that ends with RET, run with all registers given and read back.
 */
#ifndef TESTS_LIB_INSN_H
#define TESTS_LIB_INSN_H

#include "tests/lib/vmx.h"

/* insn.S knows the order. `slot` is in memory at 16(%rsp) of the snippet. */
struct insn_regs {
	u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rflags, slot;
	const void *code;
};
ASSERT_OFFSET(struct insn_regs, code, 0x88);

/* A snippet by that name: INSN_CODE(name, "instruction"). */
#define INSN_CODE(name, text)                                              \
	asm(".pushsection .text\n" #name ": " text "\n ret\n.popsection"); \
	extern const char name[];

/*
 * Runs it, with the flags that VMX instructions define set before, and returns VMsucceed,
 * VMfailInvalid, VMfailValid with its number, or the exception. Registers come back without one.
 */
exinfo_t insn_run(struct insn_regs *regs);

/* The same at CPL 3; VMfailValid has no number there. */
exinfo_t insn_run_user(struct insn_regs *regs);

/* Every VMX instruction, operand in memory at RBX, encoding, type or value in RAX. */
struct vmx_insn {
	const char *name, *code;
	u32 reason;	 /* of the exit when L2 executes it */
	bool has_memory; /* operand at RBX */
	bool writes;	 /* to it */
};
#define VMX_INSNS 13
extern const struct vmx_insn vmx_insns[VMX_INSNS];

#endif
