/* SPDX-License-Identifier: MIT */
/* The owner column of exit_reasons.def: the pure question of who gets an L2's exit. */
#ifndef ARCH_X86_VMX_EXIT_ROWS_H
#define ARCH_X86_VMX_EXIT_ROWS_H

#include "arch/x86/vmx/vmcs.h"

enum vmx_exit_owner {
	VMX_OWNER_L0,	    /* Plinth, for good */
	VMX_OWNER_L1,	    /* L1, as it is */
	VMX_OWNER_L0_FIRST, /* Plinth looks; what is not its own is L1's or goes back to L2 */
};

/* What of L2 the decisions need beside the exit. Nothing of it is looked at for most reasons. */
struct vmx_exit_query {
	const u64 *gpr;	 /* L2's, [enum gpr], RSP included */
	bool mode_64bit; /* L2's CS.L and EFER.LMA: a MOV to a control register has 64 bits */
	u64 xss;	 /* IA32_XSS; ~0 will do where Plinth itself wants no XSS exits */
	/* A byte of L1's memory; false: there is none. No byte is read twice. */
	bool (*read8)(void *ctx, u64 gpa, u8 *value);
	void *ctx;
};

/*
 * Who gets an exit of L2, by the row and by L1's controls as they are in vmcs12. `reason` and
 * `intr_info` are the hardware's. [SDM "VMX Non-Root Operation"]
 */
enum vmx_exit_owner vmx_exit_owner(u32 reason, u64 qualification, u32 intr_info, u32 intr_error,
				   const struct vmcs *vmcs12, const struct vmx_exit_query *q);

/*
 * Where the bit of an MSR is in a MSR bitmap: byte offset and shift; false for an MSR that it does
 * not have, which always exits. [SDM "MSR-Bitmap Address"]
 */
bool vmx_msr_bitmap_place(u32 msr, bool write, u32 *byte, u32 *shift);

#endif
