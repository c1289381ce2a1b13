/* SPDX-License-Identifier: MIT */
/*
 * Calls into the hypercall page with every register under control: from 64-bit code, and from
 * 32-bit code in compatibility mode or in protected mode proper, where this file brings its own
 * IDT.
 */
#include "tests/lib/layout.h"

#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define CR0_PG	 0x80000000

	.section .text
/* void hv_call_regs(struct hv_regs *regs) */
	.globl hv_call_regs
hv_call_regs:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	pushq hv_page
	.irp n, 0, 1, 2, 3, 4, 5
	movups 128 + 16 * \n(%rdi), %xmm\n
	.endr
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
	xchg %rdi, 8(%rsp)
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
	.irp n, 0, 1, 2, 3, 4, 5
	movups %xmm\n, 128 + 16 * \n(%rdi)
	.endr
	add $8, %rsp
	popq 0x28(%rdi)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

/*
 * void hv_call32_raw(struct hv_regs32 {eax, ebx, ecx, edx, esi, edi, target, legacy, exinfo} *regs)
 * The way back is the same for both modes: reload what long mode needs, far return to 64-bit code.
 */
	.globl hv_call32_raw
hv_call32_raw:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rdi, %rbp			/* lives on in EBP through the call */
	mov %rsp, saved_rsp
	sidt saved_idt
	pushq $SEL_CODE32
	pushq $enter32
	lretq

	.code32
enter32:
	cmpl $0, 28(%ebp)
	je 1f
	mov %cr0, %eax
	and $~CR0_PG, %eax
	mov %eax, %cr0
	mov $MSR_EFER, %ecx
	rdmsr
	and $~EFER_LME, %eax
	wrmsr
	lidt idt32_ptr
1:	mov 0(%ebp), %eax
	mov 4(%ebp), %ebx
	mov 8(%ebp), %ecx
	mov 12(%ebp), %edx
	mov 16(%ebp), %esi
	mov 20(%ebp), %edi
	call *24(%ebp)
	mov %eax, 0(%ebp)
	mov %ebx, 4(%ebp)
	mov %ecx, 8(%ebp)
	mov %edx, 12(%ebp)
	mov %esi, 16(%ebp)
	mov %edi, 20(%ebp)
leave32:
	cmpl $0, 28(%ebp)
	je 2f
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov %cr0, %eax
	or $CR0_PG, %eax
	mov %eax, %cr0
2:	ljmp $SEL_CODE64, $leave32_64

/*
 * Faults of the legacy call; EBP still has the registers' address, the old stack is in saved_rsp.
 */
ud32:	movl $0x80060000, 32(%ebp)
	jmp fault32
gp32:	movl $0x800d0000, 32(%ebp)
fault32:
	mov saved_rsp, %esp
	jmp leave32

	.code64
leave32_64:
	lidt saved_idt
	mov saved_rsp, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.data
	.balign 8
saved_rsp:	.quad 0
saved_idt:	.skip 16
	/* Gates for #UD and #GP only; hv_prepare_idt32() in hyperv.c fills them. */
	.globl idt32
	.balign 8
idt32:	.fill 32, 8, 0
idt32_ptr:
	.word 32 * 8 - 1
	.long idt32
	.globl idt32_handlers
	.balign 8
idt32_handlers:
	.quad ud32, gp32

	.section .note.GNU-stack, "", @progbits
