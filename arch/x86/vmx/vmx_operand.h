/* SPDX-License-Identifier: MIT */
/*
 * The operands of a VMX instruction, from what its VM exit says of them: the
 * instruction-information field and the displacement in the exit qualification. It decides on the
 * linear address and on what segmentation has against it; it knows neither page tables nor memory.
 */
#ifndef ARCH_X86_VMX_VMX_OPERAND_H
#define ARCH_X86_VMX_VMX_OPERAND_H

#include "arch/x86/decode.h"
#include "arch/x86/vmx/spec.h"

/*
 * [SDM "Format of the VM-Exit Instruction-Information Field as Used for VMREAD and VMWRITE"]; the
 * formats for VMCLEAR, VMPTRLD, VMPTRST, VMXON, INVEPT and INVVPID are subsets, in which bit 10 is
 * 0.
 */
struct vmx_operand {
	bool is_register; /* r/m is register `reg1`, else memory */
	u8 reg1;
	u8 reg2; /* the other operand, of those that have one */
	u8 segment;
	u8 base;  /* GPR_*, or GPR_NONE */
	u8 index; /* likewise */
	u8 scale;
	u8 addrsize; /* bytes: 2, 4 or 8 */
	u64 disp;    /* RIP-relative: RIP is in it; bits beyond addrsize are undefined */
};

/* A segment register as the VMCS has it: access rights by [SDM "Format of Access Rights"]. */
struct vmx_segment {
	u64 base;
	u32 limit; /* in bytes */
	u32 access_rights;
};

void vmx_operand_decode(u32 instruction_info, u64 qualification, struct vmx_operand *out);

/*
 * The linear address of a memory operand of `len` bytes (1..16), which CPL 0 reads or (`write`)
 * writes. va_bits: 48 or 57 in 64-bit mode, 0 in protected mode with 16- or 32-bit code. `seg` is
 * the segment register op->segment. Returns 0, or the vector, VECTOR_GP or VECTOR_SS, to raise with
 * error code 0; *linear is set with 0 only.
 */
u8 vmx_operand_linear(const struct vmx_operand *op, const u64 gpr[GPR_COUNT],
		      const struct vmx_segment *seg, unsigned int va_bits, u32 len, bool write,
		      u64 *linear);

/* A canonical address with va_bits (48 or 57) bits. */
static inline bool vmx_is_canonical(u64 va, unsigned int va_bits)
{
	return (u64)((s64)(va << (64 - va_bits)) >> (64 - va_bits)) == va;
}

#endif
