/* SPDX-License-Identifier: MIT */
/* The bytes of a guest's instruction, as the CPU would execute them. It knows no vendor. */
#ifndef ARCH_X86_FETCH_H
#define ARCH_X86_FETCH_H

#include "arch/x86/decode.h"

/*
 * Up to 15 bytes from a linear address on; how many could be had: 0, those of the first page, or
 * all. `translate` says which of L1's physical addresses a linear one is, for a fetch.
 */
size_t fetch_insn(bool (*translate)(void *ctx, u64 linear, u64 *gpa), void *ctx, u64 linear,
		  u8 bytes[INSN_MAX_LENGTH]);

#endif
