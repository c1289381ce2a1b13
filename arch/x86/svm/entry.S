/* SPDX-License-Identifier: MIT */
/*
 * svm_enter: RDI the svm_vcpu (its GPRs come first), RSI the VMCB to run, EDX whether physical
 * interrupts may end a guest that has V_INTR_MASKING. Called from inline assembly which says what is
 * lost: RBP, RBX and R12 stay, enough for the loop around it. #VMEXIT brings back Plinth's RSP, RAX and
 * RIP; the others are the guest's until they are stored here. VMSAVE and VMLOAD exchange what VMRUN
 * leaves alone, GS base among it, so that Plinth may use it.
 */
#include "arch/x86/svm/offsets.h"

	.text
	.globl	svm_enter
	.balign 64
svm_enter:
	push	%rbp
	push	%rbx
	push	%r12
	push	%rdi
	mov	SVM_VCPU_VMCB01_SPA(%rdi), %rax
	vmload	%rax
	mov	%rsi, %rax
	cli
	test	%edx, %edx
	jz	1f
	sti					/* GIF is 0: this only arms V_INTR_MASKING */
1:	mov	1 * 8(%rdi), %rcx
	mov	2 * 8(%rdi), %rdx
	mov	3 * 8(%rdi), %rbx
	mov	5 * 8(%rdi), %rbp
	mov	6 * 8(%rdi), %rsi
	mov	8 * 8(%rdi), %r8
	mov	9 * 8(%rdi), %r9
	mov	10 * 8(%rdi), %r10
	mov	11 * 8(%rdi), %r11
	mov	12 * 8(%rdi), %r12
	mov	13 * 8(%rdi), %r13
	mov	14 * 8(%rdi), %r14
	mov	15 * 8(%rdi), %r15
	mov	7 * 8(%rdi), %rdi
	vmrun	%rax
	mov	%rdi, %rax
	pop	%rdi
	mov	%rcx, 1 * 8(%rdi)
	mov	%rdx, 2 * 8(%rdi)
	mov	%rbx, 3 * 8(%rdi)
	mov	%rbp, 5 * 8(%rdi)
	mov	%rsi, 6 * 8(%rdi)
	mov	%rax, 7 * 8(%rdi)
	mov	%r8, 8 * 8(%rdi)
	mov	%r9, 9 * 8(%rdi)
	mov	%r10, 10 * 8(%rdi)
	mov	%r11, 11 * 8(%rdi)
	mov	%r12, 12 * 8(%rdi)
	mov	%r13, 13 * 8(%rdi)
	mov	%r14, 14 * 8(%rdi)
	mov	%r15, 15 * 8(%rdi)
	mov	SVM_VCPU_VMCB01_SPA(%rdi), %rax
	vmsave	%rax
	mov	SVM_VCPU_HOST_SPA(%rdi), %rax
	vmload	%rax
	cld
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

/*
 * svm_idle(u32 *requests RDI): sleeps until an NMI, unless a request is there already. The NMI
 * handler moves RIP past the HLT when it finds it within this window, so none is slept over.
 */
	.globl	svm_idle
svm_idle:
	cli
	stgi
idle_window_start:
	cmpl	$0, (%rdi)
	jne	idle_window_end
	hlt
idle_window_end:
	clgi
	ret

	.section .nmi_windows, "a"
	.quad	idle_window_start, idle_window_end, idle_window_end

	.section .note.GNU-stack, "", @progbits
