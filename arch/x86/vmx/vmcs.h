/* SPDX-License-Identifier: MIT */
/*
 * A VMCS as an image in memory, with one member for each field of vmcs_fields.def, and the rows of
 * that table. It serves as vmcs12, and as what vmcs02 shall be; only insn.h knows the hardware's.
 */
#ifndef ARCH_X86_VMX_VMCS_H
#define ARCH_X86_VMX_VMCS_H

#include "arch/x86/vmx/spec.h"

#define VMCS_TYPE_U16 u16
#define VMCS_TYPE_U64 u64
#define VMCS_TYPE_U32 u32
#define VMCS_TYPE_NAT u64

struct vmcs {
#define FIELD(type, member, encoding, access, evmcs, group) VMCS_TYPE_##type member;
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
};

/* VMCS_<member>: the encoding. */
enum vmcs_encoding {
#define FIELD(type, member, encoding, access, evmcs, group) VMCS_##member = (encoding),
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
};

/* VMCS_INDEX_<member>: the row. */
enum vmcs_index {
#define FIELD(type, member, encoding, access, evmcs, group) VMCS_INDEX_##member,
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
	VMCS_FIELDS,
};

enum vmcs_access {
	VMCS_ACCESS_RW,
	VMCS_ACCESS_RO,
	VMCS_ACCESS_L0,
};

#define EVMCS_GROUP_NONE 16

struct vmcs_field {
	const char *name;
	u16 encoding;
	u16 offset; /* in struct vmcs */
	u16 evmcs;  /* in the enlightened VMCS; 0: none */
	u8 size;    /* bytes of the member */
	u8 access;  /* enum vmcs_access */
	u8 group;   /* clean field group, or EVMCS_GROUP_NONE */
};

extern const struct vmcs_field vmcs_fields[VMCS_FIELDS];

/* The row of an encoding, of full accesses only (bit 0 clear); NULL: L1's VMCS has no such field.
 */
const struct vmcs_field *vmcs_field_of(u32 encoding);

/* A field of an image, zero-extended; and set, cut to the field's width. */
u64 vmcs_get(const struct vmcs *vmcs, const struct vmcs_field *field);
void vmcs_set(struct vmcs *vmcs, const struct vmcs_field *field, u64 value);

/* The outcome of L1's VMREAD or VMWRITE; all but OK are numbers of VM-instruction errors. */
enum vmcs_result {
	VMCS_OK = 0,
	VMCS_UNSUPPORTED = VMFAIL_UNSUPPORTED_FIELD,
	VMCS_READ_ONLY = VMFAIL_VMWRITE_READ_ONLY,
};

/*
 * L1's VMREAD and VMWRITE on an image. `encoding` is the whole register operand: high accesses
 * (bit 0 set) are served too. Outside 64-bit mode the caller cuts the operands to 32 bits.
 * [SDM "VMREAD, VMWRITE, and Encodings of VMCS Fields"]
 */
enum vmcs_result vmcs_read_encoding(const struct vmcs *vmcs, u64 encoding, u64 *value);
enum vmcs_result vmcs_write_encoding(struct vmcs *vmcs, u64 encoding, u64 value);

#endif
