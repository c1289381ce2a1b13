/* SPDX-License-Identifier: MIT */
/* INVEPT and INVVPID of L1, in the order of their pseudo-code in the SDM. Pure. */
#include "arch/x86/vmx/insn_parts.h"

#define DESCRIPTOR_SIZE 16

bool vmx_eptp_is_valid(const struct vmx_caps *caps, u64 eptp)
{
	u64 memtype = FIELD_GET(EPTP_MEMTYPE_MASK, eptp);
	u64 address = GENMASK(caps->maxphyaddr - 1, PAGE_SHIFT);
	u64 used = EPTP_MEMTYPE_MASK | EPTP_WALK_MASK | address;

	if (caps->ept_vpid & EPT_CAP_AD) {
		used |= EPTP_AD;
	}
	return (eptp & ~used) == 0 && FIELD_GET(EPTP_WALK_MASK, eptp) == EPTP_WALK_4 &&
	       (caps->ept_vpid & EPT_CAP_WALK_4) &&
	       ((memtype == EPTP_MEMTYPE_WB && (caps->ept_vpid & EPT_CAP_WB)) ||
		(memtype == 0 && (caps->ept_vpid & EPT_CAP_UC)));
}

/* The type is in a register, the descriptor of 16 bytes in memory. */
static enum vmx_insn_result read_descriptor(struct vmx_insn *insn, const u64 *caps_of_type,
					    u32 types, u64 *type, u64 descriptor[2])
{
	struct vmx_operand op;

	vmx_operand_decode(insn->instruction_info, insn->qualification, &op);
	*type = vmx_insn_read_reg(insn, op.reg2);
	if (*type >= types || !(insn->caps->ept_vpid & caps_of_type[*type])) {
		*type = types;
		return VMX_INSN_DONE;
	}
	return vmx_insn_read(insn, &op, descriptor, DESCRIPTOR_SIZE);
}

enum vmx_insn_result vmx_insn_invept(struct vmx_insn *insn)
{
	static const u64 caps_of_type[] = {
		[INVEPT_SINGLE] = EPT_CAP_INVEPT_SINGLE,
		[INVEPT_ALL] = EPT_CAP_INVEPT_ALL,
	};
	u64 type, descriptor[2] = { 0 };
	enum vmx_insn_result result =
		read_descriptor(insn, caps_of_type, ARRAY_SIZE(caps_of_type), &type, descriptor);

	if (result != VMX_INSN_DONE) {
		return result;
	}
	if (type == ARRAY_SIZE(caps_of_type)) {
		return vmx_insn_fail(insn, VMFAIL_INVALID_OPERAND); /* [SDM "INVEPT"] */
	}
	if (type == INVEPT_SINGLE && !vmx_eptp_is_valid(insn->caps, descriptor[0])) {
		return vmx_insn_fail(insn, VMFAIL_INVALID_OPERAND); /* [SDM "INVEPT"] */
	}
	insn->flush = type == INVEPT_SINGLE ? VMX_FLUSH_EPT_SINGLE : VMX_FLUSH_EPT_ALL;
	insn->eptp = descriptor[0];
	return vmx_insn_succeed(insn);
}

/* [SDM "INVVPID"]: what the descriptor must not have, by type. */
static bool invvpid_is_good(const struct vmx_insn *insn, u64 type, const u64 descriptor[2])
{
	struct guest_paging paging;

	if ((descriptor[0] & ~INVVPID_VPID_MASK) || (type != INVVPID_ALL && descriptor[0] == 0)) {
		return false;
	}
	if (type != INVVPID_ADDRESS) {
		return true;
	}
	insn->ops->paging(insn->ctx, &paging);
	return vmx_is_canonical(descriptor[1], paging.cr4 & CR4_LA57 ? 57 : 48);
}

enum vmx_insn_result vmx_insn_invvpid(struct vmx_insn *insn)
{
	static const u64 caps_of_type[] = {
		[INVVPID_ADDRESS] = VPID_CAP_ADDRESS,
		[INVVPID_SINGLE] = VPID_CAP_SINGLE,
		[INVVPID_ALL] = VPID_CAP_ALL,
		[INVVPID_SINGLE_NO_GLOBAL] = VPID_CAP_SINGLE_GLOBALS,
	};
	u64 type, descriptor[2] = { 0 };
	enum vmx_insn_result result =
		read_descriptor(insn, caps_of_type, ARRAY_SIZE(caps_of_type), &type, descriptor);

	if (result != VMX_INSN_DONE) {
		return result;
	}
	if (type == ARRAY_SIZE(caps_of_type) || !invvpid_is_good(insn, type, descriptor)) {
		return vmx_insn_fail(insn, VMFAIL_INVALID_OPERAND); /* [SDM "INVVPID"] */
	}
	insn->flush = VMX_FLUSH_VPID;
	return vmx_insn_succeed(insn);
}
