/* SPDX-License-Identifier: MIT */
/*
 * Numbers that C and assembly share: selectors, stack sizes, offsets into struct cpu (asserted in
 * cpu.h), and the low pages that hold real-mode code. Preprocessor lines only.
 */
#ifndef TESTS_LIB_LAYOUT_H
#define TESTS_LIB_LAYOUT_H

/* Selectors of the framework's GDT; the TSS of CPU n is at SEL_TSS + 16 * n. */
#define SEL_CODE64	0x08
#define SEL_DATA	0x10
#define SEL_CODE32	0x18
#define SEL_USER_DATA	0x2b
#define SEL_USER_CODE64 0x33
#define SEL_CODE16	0x38
#define SEL_TSS		0x40

#define MAX_CPUS	16
#define STACK_SIZE	0x4000

#define CPU_SELF	0
#define CPU_INDEX	8
#define CPU_GUARD_RSP	16
#define CPU_TSS_RSP0	28 /* inside the packed TSS that starts at 24 */

#define VEC_USER_EXIT	0x81

/* Free RAM on every PC; the framework's own, so payloads take others. */
#define TRAMPOLINE_PAGE	    0x20000
#define TRAMPOLINE_PAGE_ALT 0x30000

#endif
