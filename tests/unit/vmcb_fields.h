/* SPDX-License-Identifier: MIT */
/* Spans of bytes of a VMCB, to say which of them a function may change and which not. */
#ifndef TESTS_UNIT_VMCB_FIELDS_H
#define TESTS_UNIT_VMCB_FIELDS_H

#include "arch/x86/svm/spec.h"

struct vmcb_field {
	const char *name;
	u16 offset;
	u16 size;
};

/* clang-format off */
#define VMCB_FIELD(member) \
	{ #member, offsetof(struct vmcb, member), sizeof(((struct vmcb *)0)->member) }
/* clang-format on */

/* Sets the bytes of a map to `value` where the field is. */
static inline void vmcb_fields_mark(u8 map[PAGE_SIZE], const struct vmcb_field *fields,
				    size_t count, u8 value)
{
	for (size_t i = 0; i < count; i++) {
		memset(map + fields[i].offset, value, fields[i].size);
	}
}

#endif
