/* SPDX-License-Identifier: MIT */
/*
 * vmx_enter: RDI the vmx_vcpu (its GPRs come first), ESI whether the current VMCS has been launched.
 * Called from inline assembly which says what is lost: RBP, RBX and R12 stay, enough for the loop
 * around it. EAX returns enum vmx_entered. A VM exit brings back Plinth's RSP, RIP, GS base and its
 * clear RFLAGS; the general registers are the guest's until they are stored here.
 *
 * NMIs are never held in VMX root operation. One that comes after the loop has looked for what NMIs
 * bring, and before the guest runs, would be taken by Plinth's handler and then slept over: so their
 * count is looked at once more, and one that comes still later goes on at `not_entered`.
 */
#include "arch/x86/vmx/offsets.h"

	.text
	.globl	vmx_enter, vmx_exit
	.balign 64
vmx_enter:
	push	%rbp
	push	%rbx
	push	%r12
	push	%rdi
	cmp	VMX_VCPU_HOST_RSP(%rdi), %rsp
	je	entry_window_start
	mov	%rsp, VMX_VCPU_HOST_RSP(%rdi)
	mov	$VMX_HOST_RSP, %eax
	vmwrite	%rsp, %rax
entry_window_start:
	mov	VMX_VCPU_NMIS(%rdi), %eax
	cmp	%gs:VMX_PERCPU_NMIS, %eax
	jne	not_entered
	test	%esi, %esi			/* the moves leave the flags alone */
	mov	0 * 8(%rdi), %rax
	mov	1 * 8(%rdi), %rcx
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
	jz	1f
	vmresume
	jmp	failed
1:	vmlaunch
entry_window_end:
failed:
	mov	$2, %eax
	jmp	2f
not_entered:
	mov	$1, %eax
	jmp	2f
vmx_exit:
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, 0 * 8(%rdi)
	mov	%rcx, 1 * 8(%rdi)
	mov	%rdx, 2 * 8(%rdi)
	mov	%rbx, 3 * 8(%rdi)
	mov	%rbp, 5 * 8(%rdi)
	mov	%rsi, 6 * 8(%rdi)
	mov	%r8, 8 * 8(%rdi)
	mov	%r9, 9 * 8(%rdi)
	mov	%r10, 10 * 8(%rdi)
	mov	%r11, 11 * 8(%rdi)
	mov	%r12, 12 * 8(%rdi)
	mov	%r13, 13 * 8(%rdi)
	mov	%r14, 14 * 8(%rdi)
	mov	%r15, 15 * 8(%rdi)
	pop	7 * 8(%rdi)
	xor	%eax, %eax
2:	pop	%rdi
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

/* vmx_idle(u32 *requests RDI): sleeps until an NMI, unless a request is there already. */
	.globl	vmx_idle
vmx_idle:
	cmpl	$0, (%rdi)
	jne	idle_window_end
	hlt
idle_window_end:
	ret

	.section .nmi_windows, "a"
	.quad	entry_window_start, entry_window_end, not_entered
	.quad	vmx_idle, idle_window_end, idle_window_end

	.section .note.GNU-stack, "", @progbits
