/* SPDX-License-Identifier: MIT */
/* The smallest useful L2 programs: one access at RBX, then VMMCALL. */
	.section .text
	.globl l2_code_read, l2_code_write, l2_code_exec, l2_code_end
l2_code_read:
	mov (%rbx), %rax
	vmmcall
l2_code_write:
	mov %rax, (%rbx)
	vmmcall
l2_code_exec:
	jmp *%rbx
l2_code_end:
	vmmcall

	.section .note.GNU-stack, "", @progbits
