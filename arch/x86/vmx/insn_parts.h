/* SPDX-License-Identifier: MIT */
/*
 * What the emulated instructions have in common: how they end, and their operands. For the files
 * insn_*.c; insn_emulate.h is what others include.
 */
#ifndef ARCH_X86_VMX_INSN_PARTS_H
#define ARCH_X86_VMX_INSN_PARTS_H

#include "arch/x86/vmx/insn_emulate.h"

/* L1 has a current VMCS, plain or enlightened. */
bool vmx_has_current(const struct vmx_vcpu *x);

/* VMsucceed, VMfailInvalid, VMfail(error), by [SDM "VM-Instruction Error Numbers"], or a fault. */
enum vmx_insn_result vmx_insn_succeed(struct vmx_insn *insn);
enum vmx_insn_result vmx_insn_fail_invalid(struct vmx_insn *insn);
enum vmx_insn_result vmx_insn_fail(struct vmx_insn *insn, u32 error);
enum vmx_insn_result vmx_insn_fault(struct vmx_insn *insn, u8 vector);

/* A register operand: 64 bits in 64-bit mode, else the lower 32. */
bool vmx_insn_is_64bit(const struct vmx_insn *insn);
u64 vmx_insn_read_reg(const struct vmx_insn *insn, u8 reg);
void vmx_insn_write_reg(const struct vmx_insn *insn, u8 reg, u64 value);

/*
 * A memory operand of 1 to 16 bytes, with all the faults of L1's own access. VMX_INSN_DONE: it went
 * well; else nothing was moved, and that is how the instruction ends. What is read is read once;
 * what is no RAM of L1's reads as ones and takes no write.
 */
enum vmx_insn_result vmx_insn_read(struct vmx_insn *insn, const struct vmx_operand *op, void *buf,
				   u32 len);
enum vmx_insn_result vmx_insn_write(struct vmx_insn *insn, const struct vmx_operand *op,
				    const void *buf, u32 len);

/* insn_invalidate.c */
enum vmx_insn_result vmx_insn_invept(struct vmx_insn *insn);
enum vmx_insn_result vmx_insn_invvpid(struct vmx_insn *insn);

#endif
