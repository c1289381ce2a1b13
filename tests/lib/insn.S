/* SPDX-License-Identifier: MIT */
/*
 * Runs one snippet of code with every register and flag under control. The snippet ends with RET;
 * 16(%rsp) is a word for it in memory. Faults are the caller's: insn.c runs this under a guard.
 */
	.section .text
/* void insn_call(void *insn_regs); also at CPL 3 */
	.globl insn_call
insn_call:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	pushq 0x80(%rdi)
	pushq 0x88(%rdi)
	pushq 0x78(%rdi)
	popfq
	mov 0x00(%rdi), %rax
	mov 0x08(%rdi), %rbx
	mov 0x10(%rdi), %rcx
	mov 0x18(%rdi), %rdx
	mov 0x20(%rdi), %rsi
	mov 0x30(%rdi), %rbp
	mov 0x38(%rdi), %r8
	mov 0x40(%rdi), %r9
	mov 0x48(%rdi), %r10
	mov 0x50(%rdi), %r11
	mov 0x58(%rdi), %r12
	mov 0x60(%rdi), %r13
	mov 0x68(%rdi), %r14
	mov 0x70(%rdi), %r15
	mov 0x28(%rdi), %rdi
	call *(%rsp)
	pushfq
	xchg %rdi, 24(%rsp)
	mov %rax, 0x00(%rdi)
	mov %rbx, 0x08(%rdi)
	mov %rcx, 0x10(%rdi)
	mov %rdx, 0x18(%rdi)
	mov %rsi, 0x20(%rdi)
	mov %rbp, 0x30(%rdi)
	mov %r8, 0x38(%rdi)
	mov %r9, 0x40(%rdi)
	mov %r10, 0x48(%rdi)
	mov %r11, 0x50(%rdi)
	mov %r12, 0x58(%rdi)
	mov %r13, 0x60(%rdi)
	mov %r14, 0x68(%rdi)
	mov %r15, 0x70(%rdi)
	popq 0x78(%rdi)
	add $8, %rsp
	popq 0x80(%rdi)
	popq 0x28(%rdi)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	cld
	ret

	.section .note.GNU-stack, "", @progbits
