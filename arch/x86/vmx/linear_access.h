/* SPDX-License-Identifier: MIT */
/*
 * A few bytes at a linear address of L1, as an instruction of L1 accesses them: through its page
 * tables, with its page faults. It knows what the walk decides, not what is at a GPA.
 */
#ifndef ARCH_X86_VMX_LINEAR_ACCESS_H
#define ARCH_X86_VMX_LINEAR_ACCESS_H

#include "mm/guest_walk.h"

#define LINEAR_ACCESS_MAX 16 /* bytes: an INVEPT descriptor */

enum linear_status {
	LINEAR_OK,
	LINEAR_PAGE_FAULT,    /* #PF with error_code and cr2 */
	LINEAR_NON_CANONICAL, /* #GP(0) */
	LINEAR_RETRY,	      /* L1's tables changed meanwhile: run L1 again */
};

struct linear_access {
	struct {
		u64 gpa;
		u32 len;
	} piece[2]; /* consecutive in L1's linear space; the second has len 0 when there is one */
	u32 error_code;
	u64 cr2;
};

/*
 * Translates [linear, linear + len), len 1..LINEAR_ACCESS_MAX, for an access by GUEST_WALK_* flags,
 * the whole of it before anything is moved. A write sets dirty bits even if nothing follows.
 */
enum linear_status linear_translate(const struct guest_paging *paging, u64 linear, u32 len,
				    u32 access, struct linear_access *out);

#endif
