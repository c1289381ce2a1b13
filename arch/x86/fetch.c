/* SPDX-License-Identifier: MIT */
/* Fetching a guest's instruction. */
#include "arch/x86/fetch.h"

#include "arch/x86/hv_shell.h"
#include "arch/x86/memory.h"
#include "lib/string.h"

/* What is executed at gpa: an overlay page's bytes are not in L1's RAM. */
static bool read_code(u64 gpa, u8 *bytes, size_t len)
{
	const u8 *overlay = hv_shell_overlay(gpa);

	if (unlikely(overlay)) {
		memcpy(bytes, overlay + (gpa & ~PAGE_MASK), len);
		return true;
	}
	return l1_read(gpa, bytes, len);
}

size_t fetch_insn(bool (*translate)(void *ctx, u64 linear, u64 *gpa), void *ctx, u64 linear,
		  u8 bytes[INSN_MAX_LENGTH])
{
	size_t first = MIN(PAGE_SIZE - (linear & ~PAGE_MASK), (u64)INSN_MAX_LENGTH);
	u64 gpa;

	if (!translate(ctx, linear, &gpa) || !read_code(gpa, bytes, first)) {
		return 0;
	}
	if (first < INSN_MAX_LENGTH && translate(ctx, linear + first, &gpa) &&
	    read_code(gpa, bytes + first, INSN_MAX_LENGTH - first)) {
		return INSN_MAX_LENGTH;
	}
	return first;
}
