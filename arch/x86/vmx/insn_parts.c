/* SPDX-License-Identifier: MIT */
/* How VMX's instructions of L1 end, and their operands in registers and memory. Pure. */
#include "arch/x86/vmx/insn_parts.h"

#include "lib/string.h"

/* [SDM "Conventions"]: the arithmetic flags tell how an instruction ended. */
#define RESULT_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#define NOT_RAM	     0xff /* every byte of what is no RAM of L1's */

/* How an instruction ends. */

u64 vmx_rflags_succeed(u64 rflags)
{
	return rflags & ~RESULT_FLAGS;
}

u64 vmx_rflags_fail_invalid(u64 rflags)
{
	return (rflags & ~RESULT_FLAGS) | RFLAGS_CF;
}

bool vmx_has_current(const struct vmx_vcpu *x)
{
	return x->current_gpa != VMX_NO_POINTER || x->evmcs_gpa != VMX_NO_POINTER;
}

u64 vmx_rflags_fail(struct vmx_vcpu *x, u64 rflags, u32 error)
{
	if (!vmx_has_current(x)) {
		return vmx_rflags_fail_invalid(rflags);
	}
	x->vmcs12.vm_instruction_error = error;
	return (rflags & ~RESULT_FLAGS) | RFLAGS_ZF;
}

enum vmx_insn_result vmx_insn_succeed(struct vmx_insn *insn)
{
	insn->rflags = vmx_rflags_succeed(insn->rflags);
	return VMX_INSN_DONE;
}

enum vmx_insn_result vmx_insn_fail_invalid(struct vmx_insn *insn)
{
	insn->rflags = vmx_rflags_fail_invalid(insn->rflags);
	return VMX_INSN_DONE;
}

/* `error`: by [SDM "VM-Instruction Error Numbers"] */
enum vmx_insn_result vmx_insn_fail(struct vmx_insn *insn, u32 error)
{
	insn->rflags = vmx_rflags_fail(insn->x, insn->rflags, error);
	insn->error_is_new = (insn->rflags & RFLAGS_ZF) != 0;
	return VMX_INSN_DONE;
}

enum vmx_insn_result vmx_insn_fault(struct vmx_insn *insn, u8 vector)
{
	insn->vector = vector;
	return VMX_INSN_FAULT;
}

/* Operands. Those who access memory return VMX_INSN_DONE when it went well. */

bool vmx_insn_is_64bit(const struct vmx_insn *insn)
{
	return (insn->efer & EFER_LMA) && (insn->cs_access_rights & AR_L);
}

u64 vmx_insn_read_reg(const struct vmx_insn *insn, u8 reg)
{
	u64 value = insn->x->v.gpr[reg];

	return vmx_insn_is_64bit(insn) ? value : low32(value);
}

void vmx_insn_write_reg(const struct vmx_insn *insn, u8 reg, u64 value)
{
	insn->x->v.gpr[reg] = vmx_insn_is_64bit(insn) ? value : low32(value);
}

/* Where the memory operand is, with all its faults: nothing has been moved yet. */
static enum vmx_insn_result find_operand(struct vmx_insn *insn, const struct vmx_operand *op,
					 u32 len, bool write, struct linear_access *out)
{
	struct vmx_segment seg;
	struct guest_paging paging;
	unsigned int va_bits = 0;
	u64 linear;
	u8 vector;

	insn->ops->paging(insn->ctx, &paging);
	insn->ops->segment(insn->ctx, op->segment, &seg);
	if (vmx_insn_is_64bit(insn)) {
		va_bits = paging.cr4 & CR4_LA57 ? 57 : 48;
	}
	vector = vmx_operand_linear(op, insn->x->v.gpr, &seg, va_bits, len, write, &linear);
	if (vector) {
		return vmx_insn_fault(insn, vector);
	}
	switch (linear_translate(&paging, linear, len,
				 GUEST_WALK_SET_AD | (write ? GUEST_WALK_WRITE : 0), out)) {
	case LINEAR_OK:
		return VMX_INSN_DONE;
	case LINEAR_PAGE_FAULT:
		insn->error_code = out->error_code;
		insn->cr2 = out->cr2;
		return vmx_insn_fault(insn, VECTOR_PF);
	case LINEAR_NON_CANONICAL:
		return vmx_insn_fault(insn, VECTOR_GP);
	default:
		return VMX_INSN_AGAIN;
	}
}

/* Read once: what is checked later is this copy. What is not L1's RAM reads as ones. */
enum vmx_insn_result vmx_insn_read(struct vmx_insn *insn, const struct vmx_operand *op, void *buf,
				   u32 len)
{
	struct linear_access access;
	enum vmx_insn_result result = find_operand(insn, op, len, false, &access);
	u8 *to = buf;

	for (u32 i = 0; result == VMX_INSN_DONE && i < ARRAY_SIZE(access.piece); i++) {
		u32 part = access.piece[i].len;

		if (part && !insn->ops->read(insn->ctx, access.piece[i].gpa, to, part)) {
			memset(to, NOT_RAM, part);
		}
		to += part;
	}
	return result;
}

/* What is not L1's RAM takes no write. */
enum vmx_insn_result vmx_insn_write(struct vmx_insn *insn, const struct vmx_operand *op,
				    const void *buf, u32 len)
{
	struct linear_access access;
	enum vmx_insn_result result = find_operand(insn, op, len, true, &access);
	const u8 *from = buf;

	for (u32 i = 0; result == VMX_INSN_DONE && i < ARRAY_SIZE(access.piece); i++) {
		if (access.piece[i].len) {
			(void)insn->ops->write(insn->ctx, access.piece[i].gpa, from,
					       access.piece[i].len);
		}
		from += access.piece[i].len;
	}
	return result;
}
