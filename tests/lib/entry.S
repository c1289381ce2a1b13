/* SPDX-License-Identifier: MIT */
/*
 * The Multiboot1 entry of every payload, the way into long mode for the first CPU and the others,
 * and the real-mode trampoline that a SIPI starts. Owns the boot page tables and all stacks.
 */
#include "tests/lib/layout.h"

#define MB_MAGIC 0x1badb002
#define MB_FLAGS 0x00000003 /* page-aligned modules, memory information */

	.section .multiboot, "a"
	.balign 4
	.long MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

	.section .bss
	.balign 4096
	.globl boot_pml4
boot_pml4:	.skip 4096
boot_pdpt:	.skip 4096
boot_pd:	.skip 4 * 4096
	.globl cpu_stacks
cpu_stacks:	.skip MAX_CPUS * STACK_SIZE

	.data
	.balign 8
	.globl entry_state
entry_state:	.long 0, 0, 0, 0, 0
	.balign 8
	.globl apic_to_cpu, cpu_count
apic_to_cpu:	.fill 256, 1, 0xff
cpu_count:	.long 0

	/* Flat descriptors; cpu.c fills the TSS slots. Real and protected mode share it. */
	.balign 16
	.globl gdt, gdt_ptr
gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* SEL_CODE64 */
	.quad 0x00cf93000000ffff /* SEL_DATA */
	.quad 0x00cf9b000000ffff /* SEL_CODE32 */
	.quad 0
	.quad 0x00cff3000000ffff /* SEL_USER_DATA */
	.quad 0x00affb000000ffff /* SEL_USER_CODE64 */
	.quad 0x00009b000000ffff /* SEL_CODE16 */
	.fill 2 * MAX_CPUS, 8, 0
gdt_end:
gdt_ptr:
	.word gdt_end - gdt - 1
	.quad gdt

	.section .text
	.code32
	.globl entry32
entry32:
	mov %eax, entry_state
	mov %ebx, entry_state + 4
	mov %cr0, %eax
	mov %eax, entry_state + 8
	mov $cpu_stacks + STACK_SIZE, %esp
	cld

	/* The loader owes a zeroed .bss: look at all of it before the first push. */
	mov $__bss_start, %edi
	mov $__bss_end, %ecx
	sub %edi, %ecx
	shr $2, %ecx
	xor %eax, %eax
	repe scasl
	je 1f
	lea -4(%edi), %eax
	mov %eax, entry_state + 16
1:	pushfl
	popl entry_state + 12
	cli

	movl $boot_pdpt + 7, boot_pml4
	xor %ecx, %ecx
2:	mov %ecx, %eax
	shl $12, %eax
	add $boot_pd + 7, %eax
	mov %eax, boot_pdpt(, %ecx, 8)
	inc %ecx
	cmp $4, %ecx
	jb 2b
	xor %ecx, %ecx
3:	mov %ecx, %eax
	shl $21, %eax
	or $0x87, %eax
	mov %eax, boot_pd(, %ecx, 8)
	inc %ecx
	cmp $2048, %ecx
	jb 3b

	lgdt gdt_ptr
	ljmp $SEL_CODE32, $start32_bsp

start32_bsp:
	xor %esi, %esi
	jmp start32

/* 32-bit protected mode, flat; ESI = real-mode CS of the trampoline, 0 on the first CPU. */
	.globl start32_ap
start32_ap:
start32:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	mov $0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	mov %eax, %cr4
	mov $boot_pml4, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $0x900, %eax			/* LME, NXE */
	wrmsr
	mov $0x80010033, %eax		/* PG, WP, NE, ET, MP, PE */
	mov %eax, %cr0
	ljmp $SEL_CODE64, $start64

	.code64
/* A CPU keeps its index (and stack) over restarts: it is found by the initial APIC id. */
start64:
	mov $1, %eax
	cpuid
	shr $24, %ebx
	movzbl apic_to_cpu(%rbx), %edi
	cmp $0xff, %edi
	jne 4f
	mov $1, %edi
	lock xadd %edi, cpu_count
	mov %dil, apic_to_cpu(%rbx)
4:	cmp $MAX_CPUS, %edi
	jae park
	mov %edi, %eax
	inc %eax
	imul $STACK_SIZE, %eax, %eax
	lea cpu_stacks(%rax), %rsp
	shr $8, %esi			/* the SIPI vector */
	xor %ebp, %ebp
	call payload_main
park:	cli
	hlt
	jmp park

/* Copied to a page below 1 MiB; runs wherever the SIPI vector points, data addressed by CS. */
	.section .rodata
	.balign 16
	.code16
	.globl trampoline, trampoline_end
trampoline:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	movzwl %ax, %esi
	lgdtl trampoline_gdt_ptr - trampoline
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $SEL_CODE32, $start32_ap
	.balign 4
trampoline_gdt_ptr:
	.word gdt_end - gdt - 1
	.long gdt
trampoline_end:

	.section .note.GNU-stack, "", @progbits
