/* SPDX-License-Identifier: MIT */
/*
 * svm_enter(gpr RDI, vmcb RSI, load RDX, host RCX, host_if R8). #VMEXIT brings back Plinth's RSP,
 * RAX and RIP; every other general register is the guest's until it is stored here. VMSAVE and
 * VMLOAD exchange what VMRUN leaves alone, GS base among it, so that Plinth may use it.
 */
	.text
	.globl	svm_enter
	.balign 64
svm_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rcx
	push	%rdx
	push	%rdi
	mov	%rdx, %rax
	vmload	%rax
	mov	%rsi, %rax
	test	%r8, %r8
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
	mov	(%rsp), %rax
	mov	%rcx, 1 * 8(%rax)
	mov	%rdx, 2 * 8(%rax)
	mov	%rbx, 3 * 8(%rax)
	mov	%rbp, 5 * 8(%rax)
	mov	%rsi, 6 * 8(%rax)
	mov	%rdi, 7 * 8(%rax)
	mov	%r8, 8 * 8(%rax)
	mov	%r9, 9 * 8(%rax)
	mov	%r10, 10 * 8(%rax)
	mov	%r11, 11 * 8(%rax)
	mov	%r12, 12 * 8(%rax)
	mov	%r13, 13 * 8(%rax)
	mov	%r14, 14 * 8(%rax)
	mov	%r15, 15 * 8(%rax)
	mov	8(%rsp), %rax
	vmsave	%rax
	mov	16(%rsp), %rax
	vmload	%rax
	cli
	cld
	add	$24, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/*
 * svm_idle(u32 *requests RDI): sleeps until an NMI, unless a request is there already. The NMI
 * handler moves RIP past the HLT when it finds it within this window, so none is slept over.
 */
	.globl	svm_idle, idle_window_start, idle_window_end
svm_idle:
	stgi
idle_window_start:
	cmpl	$0, (%rdi)
	jne	idle_window_end
	hlt
idle_window_end:
	clgi
	ret

	.section .note.GNU-stack, "", @progbits
