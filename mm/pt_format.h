/* SPDX-License-Identifier: MIT */
/*
 * Page-table formats as data: which bit means what, at which level, and which must be zero. One
 * mapper (mm/pagetable.h) and one walker (mm/guest_walk.h) serve all of them. It holds no state and
 * reads no table.
 */
#ifndef MM_PT_FORMAT_H
#define MM_PT_FORMAT_H

#include "lib/bits.h"

/*
 * Levels count from the leaf: 1 is the page table (4 KiB pages), 2 the page directory (2 MiB; 4 MiB
 * in 32-bit tables), 3 the page-directory-pointer table (1 GiB), 4 the PML4, 5 the PML5.
 */
#define PT_LEVEL_4K   1u
#define PT_LEVEL_2M   2u
#define PT_LEVEL_1G   3u
#define PT_MAX_LEVELS 5u

/* What a mapping allows, in no format's encoding. */
#define PT_READ	 0x1u
#define PT_WRITE 0x2u
#define PT_EXEC	 0x4u
#define PT_USER	 0x8u
#define PT_RWX	 (PT_READ | PT_WRITE | PT_EXEC)

/* Memory types; in host and nested tables they are entries 0 to 3 of the PAT's reset value. */
enum pt_memtype {
	PT_WB,
	PT_WT,
	PT_UC_MINUS, /* EPT: UC */
	PT_UC,
	PT_MEMTYPES,
};

/* An attribute word for pt_map(): permissions and memory type. */
#define PT_ATTR(perms, memtype) ((u32)(perms) | (u32)(memtype) << 8)
#define PT_ATTR_PERMS		0x0fu
#define PT_ATTR_MEMTYPE		0x0f00u

struct pt_format {
	u8 levels;
	u8 index_bits;	/* of the address, for each level */
	u8 entry_bytes; /* 4 or 8 */
	u8 va_bits;	/* of an address that can be translated */
	u8 leaf_levels; /* BIT(level): where PS makes an entry a leaf */
	u8 ad_levels;	/* accessed bits exist up to this level */
	bool canonical; /* bits above va_bits repeat the highest one; else they are 0 */
	u64 present;	/* an entry is present when it has one of these */
	u64 read;	/* 0: whatever is present can be read */
	u64 write;
	u64 user;      /* 0: the format knows no privilege */
	u64 exec;      /* 0: whatever is present can be executed */
	u64 deny;      /* of the four above: those that forbid when set */
	u64 no_rights; /* rights that the top level's entries do not carry, and do not restrict */
	u64 large;     /* PS */
	u64 accessed;
	u64 dirty;
	u64 address; /* of a table or a 4 KiB page */
	u64 table;   /* bits of an entry that pt_map() makes for a table */
	u64 leaf;    /* bits of every entry that pt_map() makes for a page */
	u64 memtype[PT_MEMTYPES];
	u64 shadow_memtype; /* of a leaf: what shadow tables take over as it stands */
	u8 bad_rights;	    /* BIT(n): bits 2:0 of a present entry must not be n */
	u8 bad_memtype;	    /* BIT(n): bits 5:3 of an entry for a page must not be n */
	u64 reserved; /* must be zero in every entry, apart from the address beyond MAXPHYADDR */
	u64 reserved_table[PT_MAX_LEVELS + 1]; /* must be zero in an entry for a table, by level */
	u64 reserved_leaf[PT_MAX_LEVELS + 1];  /* must be zero in an entry for a page, by level */
};

extern const struct pt_format pt_format_long;	/* long mode: Plinth's own tables, a guest's */
extern const struct pt_format pt_format_npt;	/* the same bits; user in every entry */
extern const struct pt_format pt_format_ept;	/* 4 levels */
extern const struct pt_format pt_format_pae;	/* walked, not mapped */
extern const struct pt_format pt_format_legacy; /* 32-bit entries; walked, not mapped */

/* log2 of what one entry of this level covers. */
static inline unsigned int pt_level_shift(const struct pt_format *format, unsigned int level)
{
	return PAGE_SHIFT + (level - 1) * format->index_bits;
}

static inline u64 pt_level_size(const struct pt_format *format, unsigned int level)
{
	return BIT(pt_level_shift(format, level));
}

static inline unsigned int pt_index(const struct pt_format *format, u64 va, unsigned int level)
{
	return va >> pt_level_shift(format, level) & (BIT(format->index_bits) - 1);
}

static inline bool pt_entry_is_present(const struct pt_format *format, u64 entry)
{
	return entry & format->present;
}

/* Of a present entry. */
static inline bool pt_entry_is_leaf(const struct pt_format *format, u64 entry, unsigned int level)
{
	return level <= PT_LEVEL_4K ||
	       ((format->leaf_levels & BIT(level)) && (entry & format->large));
}

/* Where a present entry of a format with 8-byte entries points, its low attribute bits removed. */
static inline u64 pt_entry_address(const struct pt_format *format, u64 entry, unsigned int level,
				   bool is_leaf)
{
	return entry & format->address & (is_leaf ? ~(pt_level_size(format, level) - 1) : ~0ull);
}

/* The rights that a set of entry bits, deny bits already inverted, stands for: PT_*. */
static inline u32 pt_rights_to_perms(const struct pt_format *format, u64 rights)
{
	return ((rights & format->read) == format->read ? PT_READ : 0) |
	       ((rights & format->write) == format->write ? PT_WRITE : 0) |
	       ((rights & format->exec) == format->exec ? PT_EXEC : 0) |
	       ((rights & format->user) == format->user ? PT_USER : 0);
}

/* The entry that maps pa at this level with the attributes PT_ATTR(...). */
u64 pt_make_leaf(const struct pt_format *format, unsigned int level, u64 pa, u32 attr);

/* The attributes of a leaf, as pt_make_leaf() took them. */
u32 pt_leaf_attr(const struct pt_format *format, u64 entry);

#endif
