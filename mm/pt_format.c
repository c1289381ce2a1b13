/* SPDX-License-Identifier: MIT */
/*
 * The formats as objects that have an address, and what makes and reads leaves of the mapper's
 * formats. What the formats are stands in mm/pt_formats.def.
 */
#include "mm/pt_format.h"

#include "mm/pt_formats.def"

const struct pt_format pt_format_long = PT_FORMAT_LONG;
const struct pt_format pt_format_npt = PT_FORMAT_NPT;
const struct pt_format pt_format_ept = PT_FORMAT_EPT;
const struct pt_format pt_format_pae = PT_FORMAT_PAE;
const struct pt_format pt_format_legacy = PT_FORMAT_LEGACY;

u64 pt_make_leaf(const struct pt_format *format, unsigned int level, u64 pa, u32 attr)
{
	u64 rights = (attr & PT_READ ? format->read : 0) | (attr & PT_WRITE ? format->write : 0) |
		     (attr & PT_EXEC ? format->exec : 0) | (attr & PT_USER ? format->user : 0);

	return pa | format->leaf | (rights ^ format->deny) |
	       format->memtype[FIELD_GET(PT_ATTR_MEMTYPE, attr)] |
	       (level > PT_LEVEL_4K ? format->large : 0);
}

u32 pt_leaf_attr(const struct pt_format *format, u64 entry)
{
	u64 mask = 0;
	u32 memtype = 0;

	for (u32 i = 0; i < PT_MEMTYPES; i++) {
		mask |= format->memtype[i];
	}
	while (memtype < PT_MEMTYPES - 1 && format->memtype[memtype] != (entry & mask)) {
		memtype++;
	}
	return PT_ATTR(pt_rights_to_perms(format, entry ^ format->deny), memtype);
}
