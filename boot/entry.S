/* SPDX-License-Identifier: MIT */
/*
 * From a Multiboot2 loader's 32-bit protected mode to C in long mode at the linked address.
 * The loader may have put the image at any 2 MiB boundary, so nothing here is absolute: EBP holds
 * the difference between where a symbol was linked and where it is. [Multiboot2 "I386 machine state"]
 */
#define IMAGE_VA	0xffffffff80000000
#define MB2_MAGIC	0xe85250d6
#define MB2_LOADER	0x36d76289

	.section .multiboot2, "ax"
	.balign 8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_end - mb2_header
	.long	-(MB2_MAGIC + 0 + (mb2_end - mb2_header))
	/* information request: memory map, modules, command line, old and new RSDP, load base */
	.word	1, 0
	.long	8 + 4 * 6
	.long	1, 3, 6, 14, 15, 21
	/* relocatable: anywhere below 4 GiB, 2 MiB aligned, as high as possible */
	.word	10, 0
	.long	24
	.long	0x200000, 0xffffffff, 0x200000, 2
	/* module alignment */
	.word	6, 0
	.long	8
	/* end */
	.word	0, 0
	.long	8
mb2_end:

	.text
	.code32
	.globl	multiboot2_entry
multiboot2_entry:
	cli
	cld
	/* No stack yet: the reserved second word of the information block takes the return address. */
	lea	8(%ebx), %esp
	mov	%eax, %esi
	call	1f
1:	pop	%ebp
	sub	$(1b - IMAGE_VA), %ebp		/* EBP: physical address of the image's start */

	/* A 4 GiB identity map and one 2 MiB page for the image, all in 2 MiB pages. */
	lea	(boot_pd - IMAGE_VA)(%ebp), %edi
	mov	$0x83, %eax
	mov	$2048, %ecx
2:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	2b
	lea	(boot_pd - IMAGE_VA + 3)(%ebp), %eax
	lea	(boot_pdpt - IMAGE_VA)(%ebp), %edi
	mov	$4, %ecx
3:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	3b
	lea	0x83(%ebp), %eax
	mov	%eax, (boot_high_pd - IMAGE_VA)(%ebp)
	lea	(boot_high_pd - IMAGE_VA + 3)(%ebp), %eax
	mov	%eax, (boot_high_pdpt - IMAGE_VA + 510 * 8)(%ebp)
	lea	(boot_high_pdpt - IMAGE_VA + 3)(%ebp), %eax
	mov	%eax, (boot_pml4 - IMAGE_VA + 511 * 8)(%ebp)
	lea	(boot_pdpt - IMAGE_VA + 3)(%ebp), %eax
	mov	%eax, (boot_pml4 - IMAGE_VA)(%ebp)

	mov	$0x20, %eax			/* PAE, and nothing that firmware left: no LA57 */
	mov	%eax, %cr4
	lea	(boot_pml4 - IMAGE_VA)(%ebp), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x900, %eax			/* LME, NXE */
	wrmsr
	mov	%cr0, %eax
	or	$0x80010001, %eax		/* PG, WP, PE */
	and	$0x9fffffff & ~0xe, %eax	/* no CD, NW, TS, EM, MP */
	mov	%eax, %cr0

	/* The descriptor's 32-bit base and the far pointer depend on where we are: filled here. */
	lea	(boot_gdt - IMAGE_VA)(%ebp), %eax
	mov	%eax, (boot_gdtr - IMAGE_VA + 2)(%ebp)
	lgdt	(boot_gdtr - IMAGE_VA)(%ebp)
	lea	(4f - IMAGE_VA)(%ebp), %eax
	mov	%eax, (boot_far - IMAGE_VA)(%ebp)
	ljmp	*(boot_far - IMAGE_VA)(%ebp)

	.code64
4:	mov	$5f, %rax
	jmp	*%rax
5:	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	lea	boot_stack_top(%rip), %rsp
	mov	%esi, %edi			/* magic */
	mov	%ebx, %esi			/* information block, physical */
	mov	%ebp, %edx			/* where the image is, physical */
	xor	%ebp, %ebp
	call	init_bsp
	ud2

/*
 * The other CPUs: real mode at trampoline_start's copy in low memory, which Plinth filled with
 * the page tables, the entry and the stack of the CPU that it wakes (one at a time).
 */
	.section .rodata
	.globl	trampoline_start, trampoline_end, trampoline_cr3, trampoline_stack, trampoline_entry
	.code16
trampoline_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	xor	%ebx, %ebx
	mov	%ax, %bx
	shl	$4, %ebx			/* EBX: linear address of the copy */
	lea	(tramp_gdt - trampoline_start)(%ebx), %eax
	mov	%eax, tramp_gdtr - trampoline_start + 2
	lea	(tramp64 - trampoline_start)(%ebx), %eax
	mov	%eax, tramp_far - trampoline_start
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	mov	trampoline_cr3 - trampoline_start, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x900, %eax
	wrmsr
	lgdtl	tramp_gdtr - trampoline_start
	mov	%cr0, %eax
	or	$0x80010001, %eax
	and	$0x9fffffff & ~0xe, %eax	/* caches on: INIT leaves CD and NW set */
	mov	%eax, %cr0
	ljmpl	*(tramp_far - trampoline_start)
	.code64
tramp64:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	trampoline_stack(%rip), %rsp
	mov	trampoline_entry(%rip), %rax
	xor	%ebp, %ebp
	call	*%rax
	ud2
	.balign 8
tramp_gdt:
	.quad	0, 0x00af9a000000ffff, 0x00cf92000000ffff
tramp_gdtr:
	.word	tramp_gdtr - tramp_gdt - 1
	.long	0
	.balign 8
tramp_far:
	.long	0
	.word	8
	.balign 8
trampoline_cr3:
	.quad	0
trampoline_stack:
	.quad	0
trampoline_entry:
	.quad	0
trampoline_end:

	.data
	.balign 8
boot_gdt:
	.quad	0, 0x00af9a000000ffff, 0x00cf92000000ffff
boot_gdtr:
	.word	boot_gdtr - boot_gdt - 1
	.quad	0
	.balign 8
boot_far:
	.long	0
	.word	8

	.bss
	.balign 4096
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096
boot_high_pdpt:
	.skip	4096
boot_high_pd:
	.skip	4096
boot_pd:
	.skip	4 * 4096
boot_stack:
	.skip	32768
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
