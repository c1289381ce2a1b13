/* SPDX-License-Identifier: MIT */
/*
 * L2's way from real mode through every paging mode into 64-bit mode: copied to BLOB and started
 * there. Each call of L1 has the number of the step in EAX and what the step found in EBX. From L1:
 * EDI, ESI, EBP the roots of PAE, two-level and long-mode tables, EDX the address to read.
 */
#include "tests/lib/l2_call.h"
#include "tests/lib/layout.h"

#define BLOB	 0x40000
#define CR0_PROT 0x11
#define CR0_PAGE 0x80000011
#define CR4_PSE	 0x10
#define CR4_PAE	 0x20

	.macro step n
	mov $\n, %eax
	l2_call
	.endm

	.macro load_cr cr, value
	mov \value, %eax
	mov %eax, \cr
	.endm

	.section .rodata
	.globl blob, blob_int, blob_end
	.code16
blob:
	xor %ebx, %ebx
	step 1
	int $0x21
	step 2
	lgdtl %cs:blob_gdt - blob
	load_cr %cr0, $CR0_PROT
	ljmpl $SEL_CODE32, $BLOB + protected - blob
blob_int:
	mov $0x2121, %bx
	iret
	.balign 8
blob_gdt:
	.word SEL_TSS - 1
	.long gdt

	.code32
protected:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %cs, %ebx
	step 3
	load_cr %cr4, $CR4_PAE
	mov %edi, %cr3
	load_cr %cr0, $CR0_PAGE
	mov (%edx), %ebx
	step 4
	load_cr %cr0, $CR0_PROT
	load_cr %cr4, $CR4_PSE
	mov %esi, %cr3
	load_cr %cr0, $CR0_PAGE
	mov (%edx), %ebx
	step 5
	load_cr %cr0, $CR0_PROT
	load_cr %cr4, $CR4_PAE
	mov %ebp, %cr3
	push %edx
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax			/* EFER.LME */
	wrmsr
	pop %edx
	load_cr %cr0, $CR0_PAGE
	mov (%edx), %ebx
	step 6
	ljmp $SEL_CODE64, $BLOB + long_mode - blob

	.code64
long_mode:
	mov $1, %rbx
	shl $40, %rbx
	step 7
blob_end:

	.section .text
	.globl direct32
	.code32
direct32:
	mov (%edx), %ebx
	step 8

	.section .note.GNU-stack, "", @progbits
