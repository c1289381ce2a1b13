/* SPDX-License-Identifier: MIT */
/*
 * What the 64-bit guest programs share: the section, the report of steps, guarded instructions,
 * and the offsets of the routines in lib64.S. For the assembler only.
 */
#ifndef TESTS_LINUX_VMM_GUEST_MACROS_H
#define TESTS_LINUX_VMM_GUEST_MACROS_H

#include "tests/linux/vmm/layout.h"

/* Tells the VMM that step n is reached. Changes EAX. */
	.macro step n
	mov $\n, %eax
	out %eax, $PORT_STEP
	.endm

/* Opens a 64-bit guest program. */
	.macro program64 name
	.section guest64, "a"
	.code64
	.balign 16
	.globl \name
\name:
	.endm

/* The next trap is due at label `at` and goes on at label `next`. Changes RAX. */
	.macro trap_due at, next
	lea \at(%rip), %rax
	mov %rax, %gs:R_AT
	lea \next(%rip), %rax
	mov %rax, %gs:R_RECOVER
	.endm

/* From now on all traps go to `routine`, which may change RAX, RCX, RDX, RSI and RDI. Changes RAX. */
	.macro set_hook routine
	lea \routine(%rip), %rax
	mov %rax, %gs:R_HOOK
	.endm

#endif
