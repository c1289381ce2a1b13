/* SPDX-License-Identifier: MIT */
/* From the VM exit's instruction information to a register or to a checked linear address. Pure. */
#include "arch/x86/vmx/vmx_operand.h"

#define INFO_SCALE_MASK	   GENMASK(1, 0)
#define INFO_REG1_MASK	   GENMASK(6, 3)
#define INFO_ADDRSIZE_MASK GENMASK(9, 7)
#define INFO_REGISTER	   BIT(10)
#define INFO_SEGMENT_MASK  GENMASK(17, 15)
#define INFO_INDEX_MASK	   GENMASK(21, 18)
#define INFO_NO_INDEX	   BIT(22)
#define INFO_BASE_MASK	   GENMASK(26, 23)
#define INFO_NO_BASE	   BIT(27)
#define INFO_REG2_MASK	   GENMASK(31, 28)

void vmx_operand_decode(u32 info, u64 qualification, struct vmx_operand *out)
{
	/* Address sizes and segments beyond these are not used; no value may do harm. */
	static const u8 addrsizes[8] = { 2, 4, 8, 8, 8, 8, 8, 8 };
	static const u8 segments[8] = { SEG_ES, SEG_CS, SEG_SS, SEG_DS,
					SEG_FS, SEG_GS, SEG_DS, SEG_DS };

	*out = (struct vmx_operand){
		.is_register = (info & INFO_REGISTER) != 0,
		.reg1 = (u8)FIELD_GET(INFO_REG1_MASK, info),
		.reg2 = (u8)FIELD_GET(INFO_REG2_MASK, info),
		.segment = segments[FIELD_GET(INFO_SEGMENT_MASK, info)],
		.base = info & INFO_NO_BASE ? GPR_NONE : (u8)FIELD_GET(INFO_BASE_MASK, info),
		.index = info & INFO_NO_INDEX ? GPR_NONE : (u8)FIELD_GET(INFO_INDEX_MASK, info),
		.scale = (u8)FIELD_GET(INFO_SCALE_MASK, info),
		.addrsize = addrsizes[FIELD_GET(INFO_ADDRSIZE_MASK, info)],
		.disp = qualification,
	};
}

static u64 effective_address(const struct vmx_operand *op, const u64 gpr[GPR_COUNT])
{
	u64 address = op->disp;

	if (op->base != GPR_NONE) {
		address += gpr[op->base];
	}
	if (op->index != GPR_NONE) {
		address += gpr[op->index] << op->scale;
	}
	return address & GENMASK(op->addrsize * 8u - 1, 0);
}

/* [SDM "Limit Checking"] */
static bool within_limit(const struct vmx_segment *seg, u64 offset, u32 len)
{
	u64 last = offset + len - 1;
	bool is_data = !(seg->access_rights & AR_CODE);

	if (is_data && (seg->access_rights & AR_CONFORMING)) { /* of data: expand-down */
		u64 top = seg->access_rights & AR_DB ? GENMASK(31, 0) : GENMASK(15, 0);

		return offset > seg->limit && last <= top;
	}
	return last <= seg->limit;
}

/* [SDM "Type Checking"]; of the null selector too, which makes a register unusable. */
static bool type_allows(const struct vmx_segment *seg, bool write)
{
	u32 rights = seg->access_rights;

	if (rights & AR_UNUSABLE) {
		return false;
	}
	if (rights & AR_CODE) {
		return !write && (rights & AR_WRITABLE); /* of code: readable */
	}
	return !write || (rights & AR_WRITABLE);
}

u8 vmx_operand_linear(const struct vmx_operand *op, const u64 gpr[GPR_COUNT],
		      const struct vmx_segment *seg, unsigned int va_bits, u32 len, bool write,
		      u64 *linear)
{
	u8 fault = op->segment == SEG_SS ? VECTOR_SS : VECTOR_GP;
	u64 address = effective_address(op, gpr);

	if (va_bits == 0) {
		/* [SDM "VMCLEAR", "Protected Mode Exceptions"], and so for the others */
		if (!type_allows(seg, write) || !within_limit(seg, address, len)) {
			return fault;
		}
		*linear = low32(seg->base + address);
		return 0;
	}
	if (op->segment == SEG_FS || op->segment == SEG_GS) {
		address += seg->base;
	}
	/* [SDM "Canonical Addressing"]: of each byte, and the two ends speak for all */
	if (!vmx_is_canonical(address, va_bits) || !vmx_is_canonical(address + len - 1, va_bits)) {
		return fault;
	}
	*linear = address;
	return 0;
}
