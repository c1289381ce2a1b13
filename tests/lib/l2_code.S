/* SPDX-License-Identifier: MIT */
/* The smallest useful L2 programs: one access at RBX, then a call of L1. */
#include "tests/lib/l2_call.h"

	.section .text
	.globl l2_code_read, l2_code_write, l2_code_exec, l2_code_end
l2_code_read:
	mov (%rbx), %rax
	l2_call
l2_code_write:
	mov %rax, (%rbx)
	l2_call
l2_code_exec:
	jmp *%rbx
l2_code_end:
	l2_call

	.section .note.GNU-stack, "", @progbits
