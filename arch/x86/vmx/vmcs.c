/* SPDX-License-Identifier: MIT */
/* The rows of the VMCS' fields, found by encoding, and a field of an image by its row. Pure. */
#include "arch/x86/vmx/vmcs.h"

/*
 * Encodings as a dense number: width, type, and the lower bits of the index, which are all that the
 * fields of the table need.
 */
#define KEY_INDEX_BITS 5
#define KEY_MASK                                              \
	(VMCS_ENCODING_WIDTH_MASK | VMCS_ENCODING_TYPE_MASK | \
	 FIELD_PREP(VMCS_ENCODING_INDEX_MASK, GENMASK(KEY_INDEX_BITS - 1, 0)))
#define KEY(encoding)                                                            \
	(FIELD_GET(VMCS_ENCODING_WIDTH_MASK, encoding) << (KEY_INDEX_BITS + 2) | \
	 FIELD_GET(VMCS_ENCODING_TYPE_MASK, encoding) << KEY_INDEX_BITS |        \
	 FIELD_GET(VMCS_ENCODING_INDEX_MASK, encoding))
#define KEYS (1u << (KEY_INDEX_BITS + 4))

/* The .def's column `group` has this word beside numbers. */
enum {
	NONE = EVMCS_GROUP_NONE
};

#define FIELD(type, member, encoding, access, evmcs, group)                                   \
	_Static_assert(((encoding) & ~KEY_MASK) == 0, #member ": encoding");                  \
	_Static_assert(FIELD_GET(VMCS_ENCODING_WIDTH_MASK, encoding) ==                       \
			       VMCS_ENCODING_WIDTH_##type,                                    \
		       #member ": type");                                                     \
	_Static_assert((FIELD_GET(VMCS_ENCODING_TYPE_MASK, encoding) ==                       \
			VMCS_ENCODING_TYPE_EXIT) == (VMCS_ACCESS_##access == VMCS_ACCESS_RO), \
		       #member ": access");                                                   \
	_Static_assert((evmcs) % sizeof(VMCS_TYPE_##type) == 0, #member ": evmcs alignment"); \
	_Static_assert((evmcs) + sizeof(VMCS_TYPE_##type) <= 1024, #member ": evmcs");        \
	_Static_assert((group) <= EVMCS_GROUP_NONE, #member ": group");
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
_Static_assert(VMCS_FIELDS < 0xff, "a row and `none` in a byte");

const struct vmcs_field vmcs_fields[VMCS_FIELDS] = {
#define FIELD(type, member, encoding, access, evmcs, group) \
	{ #member,                                          \
	  encoding,                                         \
	  offsetof(struct vmcs, member),                    \
	  evmcs,                                            \
	  sizeof(VMCS_TYPE_##type),                         \
	  VMCS_ACCESS_##access,                             \
	  group },
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
};

/* The row + 1, 0 for none. A key that comes twice does not compile. */
static const u8 row_of_key[KEYS] = {
#define FIELD(type, member, encoding, access, evmcs, group) \
	[KEY(encoding)] = VMCS_ACCESS_##access == VMCS_ACCESS_L0 ? 0 : VMCS_INDEX_##member + 1,
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
};

const struct vmcs_field *vmcs_field_of(u32 encoding)
{
	u8 row;

	if (encoding & ~(u32)KEY_MASK) {
		return NULL;
	}
	row = row_of_key[KEY(encoding)];
	return row ? &vmcs_fields[row - 1] : NULL;
}

u64 vmcs_get(const struct vmcs *vmcs, const struct vmcs_field *field)
{
	const void *at = (const u8 *)vmcs + field->offset;

	switch (field->size) {
	case sizeof(u16):
		return *(const u16 *)at;
	case sizeof(u32):
		return *(const u32 *)at;
	default:
		return *(const u64 *)at;
	}
}

void vmcs_set(struct vmcs *vmcs, const struct vmcs_field *field, u64 value)
{
	void *at = (u8 *)vmcs + field->offset;

	switch (field->size) {
	case sizeof(u16):
		*(u16 *)at = (u16)value;
		break;
	case sizeof(u32):
		*(u32 *)at = low32(value);
		break;
	default:
		*(u64 *)at = value;
		break;
	}
}

/* The row of a full or high access; only 64-bit fields have the latter. */
static const struct vmcs_field *accessed_field(u64 encoding)
{
	u64 full = encoding & ~VMCS_ENCODING_HIGH;

	if (high32(encoding) != 0 ||
	    (encoding != full &&
	     FIELD_GET(VMCS_ENCODING_WIDTH_MASK, full) != VMCS_ENCODING_WIDTH_U64)) {
		return NULL;
	}
	return vmcs_field_of(low32(full));
}

enum vmcs_result vmcs_read_encoding(const struct vmcs *vmcs, u64 encoding, u64 *value)
{
	const struct vmcs_field *field = accessed_field(encoding);

	if (!field) {
		return VMCS_UNSUPPORTED; /* [SDM "VM-Instruction Error Numbers"], 12 */
	}
	*value = vmcs_get(vmcs, field);
	if (encoding & VMCS_ENCODING_HIGH) {
		*value = high32(*value);
	}
	return VMCS_OK;
}

enum vmcs_result vmcs_write_encoding(struct vmcs *vmcs, u64 encoding, u64 value)
{
	const struct vmcs_field *field = accessed_field(encoding);

	if (!field) {
		return VMCS_UNSUPPORTED; /* [SDM "VM-Instruction Error Numbers"], 12 */
	}
	if (field->access != VMCS_ACCESS_RW) {
		return VMCS_READ_ONLY; /* 13 there */
	}
	if (encoding & VMCS_ENCODING_HIGH) {
		value = make64(low32(value), low32(vmcs_get(vmcs, field)));
	}
	vmcs_set(vmcs, field, value);
	return VMCS_OK;
}
