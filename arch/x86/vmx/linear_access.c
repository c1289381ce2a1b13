/* SPDX-License-Identifier: MIT */
/* Linear addresses of L1 into one or two pieces of its physical memory. Pure. */
#include "arch/x86/vmx/linear_access.h"

#include "arch/x86/spec.h"

static enum linear_status translate(const struct guest_paging *paging, u64 linear, u32 access,
				    u64 *gpa, struct linear_access *out)
{
	struct guest_walk_result result;

	switch (guest_walk(paging, linear, access, &result)) {
	case GUEST_WALK_OK:
		*gpa = result.gpa;
		return LINEAR_OK;
	case GUEST_WALK_FAULT:
		out->error_code = result.error_code;
		out->cr2 = linear;
		return LINEAR_PAGE_FAULT;
	case GUEST_WALK_NON_CANONICAL:
		return LINEAR_NON_CANONICAL;
	default:
		return LINEAR_RETRY;
	}
}

enum linear_status linear_translate(const struct guest_paging *paging, u64 linear, u32 len,
				    u32 access, struct linear_access *out)
{
	u64 mask = paging->efer & EFER_LMA ? ~0ull : GENMASK(31, 0);
	u32 first = (u32)MIN(PAGE_SIZE - (linear & ~PAGE_MASK), (u64)len);
	enum linear_status status;

	*out = (struct linear_access){ .piece = { { .len = first }, { .len = len - first } } };
	status = translate(paging, linear & mask, access, &out->piece[0].gpa, out);
	if (status == LINEAR_OK && first < len) {
		status =
			translate(paging, (linear + first) & mask, access, &out->piece[1].gpa, out);
	}
	return status;
}
