/* SPDX-License-Identifier: MIT */
/*
 * 16-bit guests: real mode by itself, the way up to 64-bit mode and back, and the way up of a VP
 * that a SIPI has started. Addresses are differences to the section's start, which has a fixed GPA.
 */
#include "tests/linux/vmm/guest/macros.inc"

#define AT(label) (label - start16 + GUEST_CODE16)

	.section guest16, "a"
	.code16
	.balign 16
start16:
	/* A SIPI starts here (VP 1), with CS = GUEST_CODE16 / 16 and IP = 0. */
	cli
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $GUEST_STACK16, %sp
	ljmp $0, $AT(sipi_start)

sipi_start:
	lgdtl AT(gdt_pointer)
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $SEL_CODE32, $AT(sipi32)

	.code32
sipi32:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %gs
	/* the TSS of reset is a 16-bit one, which must not be there in 64-bit mode */
	movb $0x89, GUEST_GDT + SEL_TSS + 16 + 5
	mov $(SEL_TSS + 16), %eax
	ltr %ax
	call paging_on
	ljmpl $SEL_CODE64, $AT(sipi64)

	/* Long mode on, by the page tables that the VMM has built. Changes EAX, ECX, EDX. */
paging_on:
	mov %cr4, %eax
	or $0x20, %eax
	mov %eax, %cr4
	mov $GUEST_TABLES, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000000, %eax
	mov %eax, %cr0
	ret

	.code64
	/* RSP and GS come from the number that the APIC has in CPUID; then to the entry in the
	   shared page's first quadword. */
sipi64:
	lidt AT(idt_pointer)
	mov $1, %eax
	cpuid
	shr $24, %ebx
	mov %ebx, %edi
	lea 1(%rbx), %eax
	imul $GUEST_STACK_STEP, %eax, %eax
	lea GUEST_STACK(%rax), %rsp
	shl $12, %ebx
	lea GUEST_REPORT(%rbx), %eax
	xor %edx, %edx
	mov $0xc0000101, %ecx
	wrmsr
	jmp *GUEST_SHARED

	.code16
	.globl guest_real
guest_real:
	/* the stack is there before INT needs it */
	push %ax
	pop %ax
	/* text through a port, byte by byte, through a segment register */
	mov $(GUEST_CODE16 >> 4), %ax
	mov %ax, %es
	mov $(real_text - start16), %si
1:	mov %es:(%si), %al
	test %al, %al
	jz 2f
	out %al, $PORT_TEXT
	inc %si
	jmp 1b

	/* CPUID leaf 0 */
2:	xor %eax, %eax
	cpuid
	mov %eax, %gs:RESULT(0)
	mov %ebx, %gs:RESULT(1)
	mov %ecx, %gs:RESULT(2)
	mov %edx, %gs:RESULT(3)

	/* INT through the IVT, with a result in AX and the flags restored */
	movw $AT(real_int), 0x21 * 4
	movw $0, 0x21 * 4 + 2
	mov $0x1234, %ax
	sti
	stc
	int $0x21
	setc %gs:RESULT(5)
	cli
	mov %ax, %gs:RESULT(4)

	/* #DE through the IVT; the handler steps over the two bytes of DIV */
	movw $AT(real_divide), 0
	movw $0, 2
	mov $7, %ax
	xor %dx, %dx
	xor %cx, %cx
	div %cx
	mov %cx, %gs:RESULT(6)

	/* a far call into another code segment */
	lcall $(GUEST_CODE16 >> 4), $(real_far - start16)
	mov %bx, %gs:RESULT(7)

	/* 32-bit operands and addresses */
	mov $0x12345678, %eax
	mov $(GUEST_STACK16 - 0x1000), %esi
	lea (%esi), %edi
	mov %eax, (%edi)
	rorl $8, (%esi)
	mov (%edi), %eax
	mov %eax, %gs:RESULT(8)
	step 1
	hlt
	step 2
	hlt

real_int:
	xor $0xffff, %ax
	iret

real_divide:
	push %bp
	mov %sp, %bp
	addw $2, 2(%bp)
	pop %bp
	mov $0xde, %cx
	iret

real_far:
	mov %cs, %bx
	lret

real_text:
	.asciz "real mode"

	/* Real mode, protected mode, 64-bit mode, and the same way back. */
	.globl guest_switch
guest_switch:
	lgdtl AT(gdt_pointer)
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $SEL_CODE32, $AT(switch32)

	.code32
switch32:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	step 1
	call paging_on
	step 2
	ljmpl $SEL_CODE64, $AT(switch64)

	.code64
switch64:
	movabs $0x0123456789abcdef, %rcx
	mov %rcx, %r15
	step 3
	ljmpl *AT(switch_down)

	.code32
switch_compat:
	step 4
	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov $0xc0000080, %ecx
	rdmsr
	and $~0x100, %eax
	wrmsr
	xor %eax, %eax
	mov %eax, %cr4
	step 5
	ljmpl $SEL_CODE16, $AT(switch16)

	.code16
switch16:
	mov $SEL_DATA16, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov %cr0, %eax
	and $0xfe, %al
	mov %eax, %cr0
	ljmp $0, $AT(switch_real)

switch_real:
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	movw $AT(real_int), 0x21 * 4
	movw $0, 0x21 * 4 + 2
	mov $0xff00, %ax
	int $0x21
	movzwl %ax, %eax
	out %eax, $PORT_STEP
	hlt

	.balign 8
switch_down:
	.long AT(switch_compat)
	.word SEL_CODE32

	.balign 8
	.word 0
gdt_pointer:
	.word SEL_TSS + 0x40 - 1
	.long GUEST_GDT
	.long 0
	.balign 8
	.word 0, 0, 0
idt_pointer:
	.word IDT_VECTORS * 16 - 1
	.quad GUEST_IDT
