/* SPDX-License-Identifier: MIT */
/*
 * The instruction by which L2 calls L1: VMMCALL in the image, made VMCALL (same length) where VMX
 * is in use. L2 code that serves both vendors has L2_CALL, in asm() and in assembly files.
 */
#ifndef TESTS_LIB_L2_CALL_H
#define TESTS_LIB_L2_CALL_H

#define L2_CALL_LENGTH 3

#ifdef __ASSEMBLER__
	.macro l2_call
7770:	vmmcall
	.pushsection .l2_calls, "a"
	.quad 7770b
	.popsection
	.endm
#else
#define L2_CALL "7770: vmmcall; .pushsection .l2_calls, \"a\"; .quad 7770b; .popsection\n"

/* Rewrites all of them, once. */
void l2_calls_use_vmcall(void);
#endif

#endif
