/* SPDX-License-Identifier: MIT */
/*
 * The rules of page translation once more, as plainly as they can be said: mode by mode, bit by
 * bit, with no table of formats. The unit test and the fuzzer of mm/guest_walk.c compare against
 * it. Knows nothing of accessed and dirty bits.
 */
#ifndef TESTS_UNIT_WALK_MODEL_H
#define TESTS_UNIT_WALK_MODEL_H

#include "mm/guest_walk.h"

struct walk_model {
	enum guest_walk_status status;
	u64 gpa;
	u32 error_code;
	unsigned int level;
	unsigned int page_shift;
	bool user, writable, executable;
};

static inline bool model_bit(u64 value, unsigned int n)
{
	return value >> n & 1;
}

static inline bool model_any(u64 value, unsigned int high, unsigned int low)
{
	for (unsigned int n = low; n <= high && n < 64; n++) {
		if (model_bit(value, n)) {
			return true;
		}
	}
	return false;
}

/* Whether a present entry has a bit that must be zero. */
static inline bool model_is_reserved(const struct guest_paging *p, u64 e, unsigned int level,
				     bool is_large)
{
	bool is_long = model_bit(p->efer, 10);
	bool is_pae = !is_long && model_bit(p->cr4, 5);
	unsigned int m = p->maxphyaddr;

	if (!is_long && !is_pae) { /* 32-bit: only in a 4 MiB page */
		return is_large && (model_bit(e, 21) || (m < 40 && model_any(e, 20, 13 + m - 32)));
	}
	if (model_any(e, 51, m) || (model_bit(e, 63) && !model_bit(p->efer, 11))) {
		return true;
	}
	if (is_pae && model_any(e, 62, 52)) {
		return true;
	}
	if (is_pae && level == 3) {
		return model_bit(e, 63) || model_any(e, 8, 5) || model_any(e, 2, 1);
	}
	if (level >= 4 && model_bit(e, 7)) {
		return true;
	}
	if (level == 3 && model_bit(e, 7) && (p->model & GUEST_PAGING_NO_1G)) {
		return true;
	}
	if (level >= 3 && !is_large && model_bit(e, 8) && (p->model & GUEST_PAGING_AMD_G)) {
		return true;
	}
	return is_large && model_any(e, level == 3 ? 29 : 20, 13);
}

static inline void model_fault(struct walk_model *w, const struct guest_paging *p, u32 access,
			       bool present, bool reserved)
{
	bool pae_or_long = model_bit(p->efer, 10) || model_bit(p->cr4, 5);
	bool told = (pae_or_long && model_bit(p->efer, 11)) || model_bit(p->cr4, 20);

	w->status = GUEST_WALK_FAULT;
	w->error_code = present | reserved << 3 | !!(access & GUEST_WALK_WRITE) << 1 |
			!!(access & GUEST_WALK_USER) << 2 |
			((access & GUEST_WALK_FETCH) && told) << 4;
}

/* Whether the access is allowed on a page with these rights. */
static inline bool model_allows(const struct walk_model *w, const struct guest_paging *p,
				u32 access, bool is_nested)
{
	bool user = access & GUEST_WALK_USER;
	bool write = access & GUEST_WALK_WRITE;
	bool fetch = access & GUEST_WALK_FETCH;

	if (user && !w->user) {
		return false;
	}
	if (write && !w->writable && (user || model_bit(p->cr0, 16))) {
		return false;
	}
	if (fetch && !w->executable) {
		return false;
	}
	if (is_nested || user || !w->user) {
		return true;
	}
	if (fetch && model_bit(p->cr4, 20)) {
		return false; /* SMEP */
	}
	if (!fetch && model_bit(p->cr4, 21)) { /* SMAP */
		return !(access & GUEST_WALK_IMPLICIT) && model_bit(p->rflags, 18);
	}
	return true;
}

/* The levels, once mode and root are known. */
static inline void model_levels(struct walk_model *w, const struct guest_paging *p, u64 va,
				u32 access, unsigned int levels, unsigned int bits, u64 table)
{
	bool is_legacy = bits == 10;

	for (w->level = levels; w->level > 0; w->level--) {
		unsigned int shift = 12 + (w->level - 1) * bits;
		u64 at = table + (va >> shift) % (1u << bits) * (is_legacy ? 4 : 8);
		bool is_top_of_pae = bits == 9 && levels == 3 && w->level == 3;
		bool is_large;
		u64 e;

		if (!p->read64(p->ctx, at - at % 8, &e)) {
			w->status = GUEST_WALK_READ_FAILED;
			w->gpa = at;
			return;
		}
		e = is_legacy ? (at % 8 ? e >> 32 : e & 0xffffffff) : e;
		if (!model_bit(e, 0)) {
			model_fault(w, p, access, false, false);
			return;
		}
		is_large = model_bit(e, 7) &&
			   ((w->level == 2 && (!is_legacy || model_bit(p->cr4, 4))) ||
			    (w->level == 3 && levels > 3));
		if (model_is_reserved(p, e, w->level, is_large)) {
			model_fault(w, p, access, true, true);
			return;
		}
		w->writable = w->writable && (is_top_of_pae || model_bit(e, 1));
		w->user = w->user && (is_top_of_pae || model_bit(e, 2));
		w->executable = w->executable && !model_bit(e, 63);
		table = e % (1ull << 52) / 4096 * 4096;
		if (is_large && is_legacy) {
			table = e / 0x400000 * 0x400000 + ((e / 0x2000 % 256) << 32);
		} else if (is_large) {
			table = table >> shift << shift;
		}
		if (is_large || w->level == 1) {
			w->page_shift = shift;
			w->gpa = table + va % (1ull << shift);
			return;
		}
	}
}

static inline struct walk_model model_walk(const struct guest_paging *p, u64 va, u32 access,
					   bool is_nested)
{
	struct walk_model w = { .user = true, .writable = true, .executable = true };
	bool is_long = model_bit(p->efer, 10);
	unsigned int bits = is_long ? (model_bit(p->cr4, 12) ? 57 : 48) : 32;

	if (is_nested) {
		access |= GUEST_WALK_USER;
	} else if (!model_bit(p->cr0, 31)) {
		w.gpa = va & 0xffffffff;
		w.page_shift = 12;
		return w;
	} else if (access & GUEST_WALK_IMPLICIT) {
		access &= ~GUEST_WALK_USER;
	}
	if (is_nested && model_any(va, 63, bits)) {
		model_fault(&w, p, access, false, false);
		return w;
	}
	if (!is_nested && is_long && model_any(va, 63, bits - 1) && model_any(~va, 63, bits - 1)) {
		w.status = GUEST_WALK_NON_CANONICAL;
		return w;
	}
	if (is_long) {
		model_levels(&w, p, va, access, bits == 57 ? 5 : 4, 9, p->cr3 & 0x000ffffffffff000);
	} else if (model_bit(p->cr4, 5)) {
		model_levels(&w, p, va & 0xffffffff, access, 3, 9, p->cr3 & 0xffffffe0);
	} else {
		model_levels(&w, p, va & 0xffffffff, access, 2, 10, p->cr3 & 0xfffff000);
	}
	if (w.status == GUEST_WALK_OK && !model_allows(&w, p, access, is_nested)) {
		model_fault(&w, p, access, true, false);
	}
	return w;
}

/* Whether a result says what the model says, as far as its status defines it. */
static inline bool model_agrees(const struct walk_model *w, enum guest_walk_status status,
				const struct guest_walk_result *r)
{
	if (status != w->status) {
		return false;
	}
	switch (status) {
	case GUEST_WALK_OK:
		return r->gpa == w->gpa && r->page_shift == w->page_shift && r->level == w->level &&
		       r->perms == (PT_READ | (w->writable ? PT_WRITE : 0) |
				    (w->executable ? PT_EXEC : 0) | (w->user ? PT_USER : 0));
	case GUEST_WALK_FAULT:
		return r->error_code == w->error_code && r->level == w->level;
	case GUEST_WALK_READ_FAILED:
		return r->gpa == w->gpa && r->level == w->level;
	default:
		return true;
	}
}

#endif
