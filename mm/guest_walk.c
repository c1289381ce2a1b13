/* SPDX-License-Identifier: MIT */
/*
 * The walk: one loop over the formats of mm/pt_format.h, and beside it the three things that differ
 * between a guest's tables and nested ones: which mode, which addresses, which rights.
 */
#include "mm/guest_walk.h"

#include "mm/pt_formats.def"

#define CR0_WP	  BIT(16)
#define CR0_PG	  BIT(31)
#define CR4_PSE	  BIT(4)
#define CR4_PAE	  BIT(5)
#define CR4_LA57  BIT(12)
#define CR4_SMEP  BIT(20)
#define CR4_SMAP  BIT(21)
#define EFER_LMA  BIT(10)
#define EFER_NXE  BIT(11)
#define RFLAGS_AC BIT(18)

/*
 * The walk is written once, for any format, and compiled for those that are constants here:
 * walks of long mode and of EPT are on the path of every exit that needs decoding.
 */
#define INLINE inline __attribute__((always_inline))

static const struct pt_format long_mode = PT_FORMAT_LONG;
static const struct pt_format ept = PT_FORMAT_EPT;

/* What the mode makes of a format. */
struct walk_rules {
	u64 root;
	u64 reserved;	    /* in every entry */
	u64 reserved_upper; /* also in entries for tables at level 3 and above */
	u64 reserved_pd;    /* also in entries for tables at level 2 */
	u64 reserved_4m;    /* also in a leaf of 32-bit tables */
	unsigned int levels;
	unsigned int leaf_levels;
	unsigned int bad_rights; /* as in struct pt_format */
};

/* One step for each level, indexed by it. */
struct walk_trace {
	u64 gpa[PT_MAX_LEVELS + 1]; /* the entry's */
	u64 raw[PT_MAX_LEVELS + 1]; /* the aligned 8 bytes that hold it */
};

/* The end of the walk: the leaf, or the entry that stopped it. */
struct walk_end {
	u64 entry;
	u64 rights; /* of all levels together, deny bits inverted */
	unsigned int level;
	unsigned int shift;
};

/* [APM "CR3 Register"]: where the root is. */
static INLINE void long_mode_rules(const struct guest_paging *paging, struct walk_rules *rules)
{
	*rules = (struct walk_rules){
		.root = paging->cr3 & long_mode.address,
		.reserved = GENMASK(51, paging->maxphyaddr) |
			    (paging->efer & EFER_NXE ? 0 : long_mode.exec),
		.levels = paging->cr4 & CR4_LA57 ? 5 : 4,
		.leaf_levels = long_mode.leaf_levels,
	};
	if (paging->model & GUEST_PAGING_NO_1G) {
		rules->leaf_levels = (unsigned int)BIT(PT_LEVEL_2M);
		rules->reserved_upper = long_mode.large;
	}
	if (paging->model & GUEST_PAGING_AMD_G) {
		rules->reserved_upper |= BIT(8);
	}
}

static const struct pt_format *pae_rules(const struct guest_paging *paging,
					 struct walk_rules *rules)
{
	const struct pt_format *format = &pt_format_pae;

	*rules = (struct walk_rules){
		.root = paging->cr3 & GENMASK(31, 5),
		.reserved = format->reserved | GENMASK(51, paging->maxphyaddr) |
			    (paging->efer & EFER_NXE ? 0 : format->exec),
		.levels = format->levels,
		.leaf_levels = format->leaf_levels,
	};
	return format;
}

static const struct pt_format *legacy_rules(const struct guest_paging *paging,
					    struct walk_rules *rules)
{
	const struct pt_format *format = &pt_format_legacy;

	*rules = (struct walk_rules){
		.root = paging->cr3 & GENMASK(31, 12),
		.levels = format->levels,
		.leaf_levels = paging->cr4 & CR4_PSE ? format->leaf_levels : 0,
	};
	if (paging->maxphyaddr < 40) { /* bits 20:13 of a 4 MiB page are 39:32 */
		rules->reserved_4m = GENMASK(20, 13 + paging->maxphyaddr - 32);
	}
	return format;
}

/* [SDM "Extended-Page-Table Pointer (EPTP)"]: where the root is. */
static INLINE void ept_rules(const struct guest_paging *paging, struct walk_rules *rules)
{
	*rules = (struct walk_rules){
		.root = paging->cr3 & ept.address,
		.reserved = GENMASK(51, paging->maxphyaddr),
		.levels = ept.levels,
		.leaf_levels = ept.leaf_levels,
		.bad_rights = ept.bad_rights |
			      (paging->model & GUEST_PAGING_EXEC_ONLY ? 0 : (u32)BIT(ept.exec)),
	};
	if (paging->model & GUEST_PAGING_NO_1G) {
		rules->leaf_levels &= ~(u32)BIT(PT_LEVEL_1G);
		rules->reserved_upper = ept.large;
	}
	if (paging->model & GUEST_PAGING_NO_2M) {
		rules->leaf_levels &= ~(u32)BIT(PT_LEVEL_2M);
		rules->reserved_pd = ept.large;
	}
}

static INLINE u64 reserved_bits(const struct pt_format *format, const struct walk_rules *rules,
				unsigned int level, bool is_leaf)
{
	if (is_leaf) {
		return rules->reserved | format->reserved_leaf[level] |
		       (level > PT_LEVEL_4K ? rules->reserved_4m : 0);
	}
	return rules->reserved | format->reserved_table[level] |
	       (level >= PT_LEVEL_1G ? rules->reserved_upper : rules->reserved_pd);
}

/* Whether a present entry has a value that its format does not know. */
static INLINE bool is_unsupported(const struct pt_format *format, const struct walk_rules *rules,
				  u64 entry, unsigned int level, bool is_leaf)
{
	return (entry & reserved_bits(format, rules, level, is_leaf)) ||
	       (rules->bad_rights >> (entry & 7) & 1) ||
	       (is_leaf && (format->bad_memtype >> (entry >> 3 & 7) & 1));
}

/*
 * From the root to the leaf: judges presence and reserved bits, collects rights. With READ_FAILED
 * out->gpa is set, with FAULT the error code's bits that the entries give.
 */
static INLINE enum guest_walk_status walk_tables(const struct guest_paging *paging,
						 const struct pt_format *format,
						 const struct walk_rules *rules, u64 va,
						 struct walk_trace *trace, struct walk_end *end,
						 struct guest_walk_result *out)
{
	unsigned int level = rules->levels;
	unsigned int shift = pt_level_shift(format, level);
	u64 table = rules->root;
	u64 transparent = format->no_rights;
	u64 rights = ~0ull;
	enum guest_walk_status status = GUEST_WALK_OK;

	for (;; level--, shift -= format->index_bits) {
		u64 index = va >> shift & (BIT(format->index_bits) - 1);
		u64 gpa = table + index * format->entry_bytes;
		bool is_leaf;
		u64 raw, entry;

		if (unlikely(!paging->read64(paging->ctx, gpa & ~7ull, &raw))) {
			end->entry = 0;
			out->gpa = gpa;
			status = GUEST_WALK_READ_FAILED;
			break;
		}
		entry = format->entry_bytes == 8 ? raw : low32(raw >> (gpa & 4) * 8);
		trace->gpa[level] = gpa;
		trace->raw[level] = raw;
		end->entry = entry;
		is_leaf = level <= PT_LEVEL_4K ||
			  ((entry & format->large) && (rules->leaf_levels & BIT(level)));
		if (unlikely(!pt_entry_is_present(format, entry))) {
			out->error_code = 0;
			status = GUEST_WALK_FAULT;
			break;
		}
		if (unlikely(is_unsupported(format, rules, entry, level, is_leaf))) {
			out->error_code = PF_PRESENT | PF_RSVD;
			status = GUEST_WALK_FAULT;
			break;
		}
		rights &= (entry ^ format->deny) | transparent;
		if (is_leaf) {
			break;
		}
		transparent = 0;
		table = entry & format->address;
	}
	end->rights = rights;
	end->level = level;
	end->shift = shift;
	return status;
}

/* [APM "Setting Accessed and Dirty Bits"]; only after the whole walk allowed the access. */
static enum guest_walk_status set_accessed_dirty(const struct guest_paging *paging,
						 const struct pt_format *format,
						 unsigned int levels, u32 access,
						 const struct walk_trace *trace,
						 struct guest_walk_result *out)
{
	unsigned int leaf = out->level;

	for (unsigned int level = MIN(levels, (unsigned int)format->ad_levels); level >= leaf;
	     level--) {
		bool is_dirty = level == leaf && (access & GUEST_WALK_WRITE);
		u64 bits = format->accessed | (is_dirty ? format->dirty : 0);
		u64 gpa = trace->gpa[level];
		u64 raw = trace->raw[level];
		u64 wanted = raw | bits << (gpa & 4) * 8;
		bool swapped = true;

		if (raw != wanted &&
		    !paging->cmpxchg64(paging->ctx, gpa & ~7ull, raw, wanted, &swapped)) {
			out->gpa = gpa;
			out->level = (u8)level;
			return GUEST_WALK_WRITE_FAILED;
		}
		if (!swapped) {
			return GUEST_WALK_RETRY;
		}
		out->entry |= level == leaf ? bits : 0;
		out->dirty |= is_dirty;
	}
	return GUEST_WALK_OK;
}

/* The bits of the error code that come from the access; [APM "#PF-Page-Fault Exception"]. */
static u32 access_error_code(const struct guest_paging *paging, const struct pt_format *format,
			     u32 access)
{
	bool has_nx = format->exec != 0 && (paging->efer & EFER_NXE);
	bool tells_fetch = has_nx || (paging->cr4 & CR4_SMEP);

	return (access & GUEST_WALK_WRITE ? (u32)PF_WRITE : 0) |
	       (access & GUEST_WALK_USER ? (u32)PF_USER : 0) |
	       ((access & GUEST_WALK_FETCH) && tells_fetch ? (u32)PF_FETCH : 0);
}

/*
 * [APM "Page-Protection Checks"], [APM "Supervisor Mode Execution Prevention (SMEP)"],
 * [APM "Supervisor Mode Access Prevention (SMAP)"].
 */
static INLINE bool guest_rights_allow(const struct guest_paging *paging,
				      const struct pt_format *format, u64 rights, u32 access)
{
	bool is_user = access & GUEST_WALK_USER;
	u64 needed = is_user ? format->user : 0;

	if ((access & GUEST_WALK_WRITE) && (is_user || (paging->cr0 & CR0_WP))) {
		needed |= format->write;
	}
	if (access & GUEST_WALK_FETCH) {
		needed |= format->exec;
	}
	if ((rights & needed) != needed) {
		return false;
	}
	if (is_user || !(rights & format->user)) {
		return true;
	}
	if (access & GUEST_WALK_FETCH) {
		return !(paging->cr4 & CR4_SMEP);
	}
	return !(paging->cr4 & CR4_SMAP) ||
	       ((paging->rflags & RFLAGS_AC) && !(access & GUEST_WALK_IMPLICIT));
}

/* [APM "Nested versus Guest Page Faults, Fault Ordering"]; CR0.WP, SMEP and SMAP have no say. */
static INLINE bool nested_rights_allow(const struct pt_format *format, u64 rights, u32 access)
{
	u64 needed = format->user | (access & GUEST_WALK_WRITE ? format->write : 0) |
		     (access & GUEST_WALK_FETCH ? format->exec : 0);

	return (rights & needed) == needed;
}

static u64 leaf_address(const struct pt_format *format, const struct walk_end *end, u64 va)
{
	u64 offset = BIT(end->shift) - 1;
	u64 page = end->entry & format->address & ~offset;

	if (format->entry_bytes == 4 && end->level == PT_LEVEL_2M) {
		/* [APM "4-Mbyte Page Translation"]: PSE-36 */
		page |= FIELD_GET(GENMASK(20, 13), end->entry) << 32;
	}
	return page | (va & offset);
}

/* The whole of a walk, for one format and one kind of rights. */
static INLINE enum guest_walk_status walk(const struct guest_paging *paging,
					  const struct pt_format *format,
					  const struct walk_rules *rules, u64 va, u32 access,
					  bool is_nested, struct guest_walk_result *out)
{
	struct walk_trace trace;
	struct walk_end end;
	enum guest_walk_status status;

	status = walk_tables(paging, format, rules, va, &trace, &end, out);
	out->level = (u8)end.level;
	out->entry = end.entry;
	if (status == GUEST_WALK_OK &&
	    !(is_nested ? nested_rights_allow(format, end.rights, access)
			: guest_rights_allow(paging, format, end.rights, access))) {
		out->error_code = PF_PRESENT;
		status = GUEST_WALK_FAULT;
	}
	if (unlikely(status != GUEST_WALK_OK)) {
		if (status == GUEST_WALK_FAULT) {
			out->error_code |= access_error_code(paging, format, access);
		}
		return status;
	}
	out->gpa = leaf_address(format, &end, va);
	out->page_shift = (u8)end.shift;
	out->perms = (u8)pt_rights_to_perms(format, end.rights);
	out->dirty = end.entry & format->dirty;
	if (access & GUEST_WALK_SET_AD) {
		return set_accessed_dirty(paging, format, rules->levels, access, &trace, out);
	}
	return GUEST_WALK_OK;
}

/* Modes of 32-bit addresses. */
static enum guest_walk_status walk_32(const struct guest_paging *paging, u32 va, u32 access,
				      bool is_nested, struct guest_walk_result *out)
{
	struct walk_rules rules;
	const struct pt_format *format =
		paging->cr4 & CR4_PAE ? pae_rules(paging, &rules) : legacy_rules(paging, &rules);

	return walk(paging, format, &rules, va, access, is_nested, out);
}

static unsigned int long_mode_bits(const struct guest_paging *paging)
{
	return paging->cr4 & CR4_LA57 ? 57 : long_mode.va_bits;
}

static bool is_canonical(u64 va, unsigned int bits)
{
	return (u64)((s64)(va << (64 - bits)) >> (64 - bits)) == va;
}

enum guest_walk_status guest_walk(const struct guest_paging *paging, u64 gva, u32 access,
				  struct guest_walk_result *out)
{
	struct walk_rules rules;

	if (access & GUEST_WALK_IMPLICIT) {
		access &= ~GUEST_WALK_USER;
	}
	if (unlikely(!(paging->cr0 & CR0_PG))) {
		*out = (struct guest_walk_result){
			.gpa = low32(gva),
			.page_shift = PAGE_SHIFT,
			.perms = PT_RWX | PT_USER,
			.dirty = true,
		};
		return GUEST_WALK_OK;
	}
	if (!(paging->efer & EFER_LMA)) {
		return walk_32(paging, low32(gva), access, false, out);
	}
	if (unlikely(!is_canonical(gva, long_mode_bits(paging)))) {
		return GUEST_WALK_NON_CANONICAL;
	}
	long_mode_rules(paging, &rules);
	return walk(paging, &long_mode, &rules, gva, access, false, out);
}

enum guest_walk_status npt_walk(const struct guest_paging *paging, l2gpa_t l2gpa, u32 access,
				struct guest_walk_result *out)
{
	bool is_long = paging->efer & EFER_LMA;
	struct walk_rules rules;

	access |= GUEST_WALK_USER;
	if (unlikely(l2gpa.v >> (is_long ? long_mode_bits(paging) : 32) != 0)) {
		/* no entry could map it; there is no canonical form of a physical address */
		const struct pt_format *format =
			is_long || (paging->cr4 & CR4_PAE) ? &long_mode : &pt_format_legacy;

		*out = (struct guest_walk_result){
			.error_code = access_error_code(paging, format, access),
		};
		return GUEST_WALK_FAULT;
	}
	if (!is_long) {
		return walk_32(paging, low32(l2gpa.v), access, true, out);
	}
	long_mode_rules(paging, &rules);
	return walk(paging, &long_mode, &rules, l2gpa.v, access, true, out);
}

/* [SDM "EPT Violations"]: an address beyond what the levels translate is one, too. */
enum guest_walk_status ept_walk(const struct guest_paging *paging, l2gpa_t l2gpa, u32 needed,
				struct guest_walk_result *out)
{
	struct walk_rules rules;
	struct walk_trace trace;
	struct walk_end end;
	enum guest_walk_status status;

	if (unlikely(l2gpa.v >> ept.va_bits != 0)) {
		*out = (struct guest_walk_result){ .level = ept.levels };
		return GUEST_WALK_FAULT;
	}
	ept_rules(paging, &rules);
	status = walk_tables(paging, &ept, &rules, l2gpa.v, &trace, &end, out);
	out->level = (u8)end.level;
	out->entry = end.entry;
	if (unlikely(status == GUEST_WALK_READ_FAILED)) {
		return status;
	}
	if (unlikely(status == GUEST_WALK_FAULT && (out->error_code & PF_RSVD))) {
		return GUEST_WALK_MISCONFIG; /* [SDM "EPT Misconfigurations"] */
	}
	/* The entry that stopped the walk counts: nothing is allowed where one is not present. */
	out->perms = (u8)(pt_rights_to_perms(&ept, end.rights & end.entry) & PT_RWX);
	if (unlikely(status != GUEST_WALK_OK || (needed & ~out->perms))) {
		return GUEST_WALK_FAULT;
	}
	out->gpa = leaf_address(&ept, &end, l2gpa.v);
	out->page_shift = (u8)end.shift;
	out->dirty = false;
	return GUEST_WALK_OK;
}
