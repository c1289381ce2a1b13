/* SPDX-License-Identifier: MIT */
/* One stub for each exception vector; all build the same `struct regs` and call trap_handler. */
	.text
	.altmacro
	.macro	stub n
	.balign 16
trap_stub_\n:
	.if	!((\n == 8) || ((\n >= 10) && (\n <= 14)) || (\n == 17) || (\n == 21) || (\n == 29) || (\n == 30))
	push	$0
	.endif
	push	$\n
	jmp	trap_common
	.endm

	.set	i, 0
	.rept	32
	stub	%i
	.set	i, i + 1
	.endr

trap_common:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$~15, %rsp
	call	trap_handler
	mov	%rbx, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

	.section .rodata
	.balign 8
	.macro	stub_address n
	.quad	trap_stub_\n
	.endm
	.globl	trap_stubs
trap_stubs:
	.set	i, 0
	.rept	32
	stub_address %i
	.set	i, i + 1
	.endr

	.section .note.GNU-stack, "", @progbits
