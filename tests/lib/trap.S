/* SPDX-License-Identifier: MIT */
/*
 * The 256 entry stubs of the IDT, the guarded call that turns a fault anywhere inside it into a
 * value, and the way to CPL 3 and back. trap.c decides what a trap means.
 */
#include "tests/lib/layout.h"

	.section .text
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vec, 0
	.rept 256
	.balign 16
	.if vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21 || vec == 29 || vec == 30
	.else
	pushq $0
	.endif
	pushq $vec
	jmp trap_common
	.set vec, vec + 1
	.endr

trap_common:
	push %rax
	push %rbx
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	mov %rsp, %rbp
	and $-16, %rsp
	call trap_dispatch
	mov %rbp, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rbp
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rbx
	pop %rax
	add $16, %rsp
	iretq

/* exinfo_t guard_call(void (*fn)(void *), void *arg) */
	.globl guard_call
guard_call:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	pushq %gs:CPU_GUARD_RSP
	mov %rsp, %gs:CPU_GUARD_RSP
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	xor %eax, %eax
/* trap_dispatch resumes here with RSP = guard_rsp and EAX = exinfo. */
	.globl guard_recover
guard_recover:
	popq %gs:CPU_GUARD_RSP
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

/* void user_enter(struct user_call *call {fn, arg}): only under a guard, which ends it. */
	.globl user_enter
user_enter:
	lea -512(%rsp), %rax
	and $-16, %rax
	mov %rax, %gs:CPU_TSS_RSP0
	lea -1024(%rax), %rdx
	movq $user_exit, -8(%rdx)	/* where the function returns to */
	sub $8, %rdx
	pushq $SEL_USER_DATA
	push %rdx
	pushq $2
	pushq $SEL_USER_CODE64
	pushq (%rdi)
	mov 8(%rdi), %rdi
	iretq
user_exit:
	int $VEC_USER_EXIT
	ud2

	.section .note.GNU-stack, "", @progbits
