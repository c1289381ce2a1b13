/* SPDX-License-Identifier: MIT */
/* 32-bit guests: protected mode without paging and with both kinds of it; their own trap stubs. */
#include "tests/linux/vmm/guest/macros.inc"

#define AT(label) (label - start32 + GUEST_CODE32)

	.macro due32 at, next
	movl $AT(\at), %gs:R_AT
	movl $AT(\next), %gs:R_RECOVER
	.endm

	.section guest32, "a"
	.code32
	.balign 16
start32:
	.globl guest32_traps
guest32_traps:
	.set vector, 0
	.rept IDT_VECTORS
	.balign 16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17
	.else
	push $0
	.endif
	push $vector
	jmp trap32
	.set vector, vector + 1
	.endr

	/* On the stack: EAX, vector 4, error 8, EIP 12, CS 16, EFLAGS 20. */
trap32:
	push %eax
	incl %gs:R_TRAPS
	mov 4(%esp), %eax
	mov %eax, %gs:R_VECTOR
	mov 8(%esp), %eax
	mov %eax, %gs:R_ERROR
	mov 12(%esp), %eax
	mov %eax, %gs:R_RIP
	mov 20(%esp), %eax
	mov %eax, %gs:R_FLAGS
	mov %cr2, %eax
	mov %eax, %gs:R_CR2
	mov %gs:R_RECOVER, %eax
	test %eax, %eax
	jz 1f
	movl $0, %gs:R_RECOVER
	mov %eax, 12(%esp)
	pop %eax
	add $8, %esp
	iret
1:	mov %gs:R_VECTOR, %eax
	out %eax, $PORT_TRAP
2:	cli
	hlt
	jmp 2b

	.globl guest_prot
guest_prot:
	mov $0x80000000, %eax
	mov $0x10, %edx
	mul %edx
	mov %eax, %gs:RESULT(0)
	mov %edx, %gs:RESULT(1)
	mov $AT(prot_text), %esi
1:	lodsb
	test %al, %al
	jz 2f
	out %al, $PORT_TEXT
	jmp 1b
2:	step 1

	due32 3f, 4f
	xor %edx, %edx
	xor %ecx, %ecx
3:	div %ecx
4:	step 2

	due32 3f, 4f
3:	ud2
4:	step 3

	due32 3f, 4f
	mov $SEL_BAD, %eax
3:	mov %eax, %es
4:	step 4

	due32 4f, 4f
	int $VECTOR_IRQ
4:	step 5

	due32 4f, 4f
	int3
4:	step 6

	due32 3f, 4f
3:	int $VECTOR_ABSENT
4:	step 7
	hlt
	step 8
	hlt

prot_text:
	.asciz "protected mode"

	/* With paging. RESULT(0): size of a page table entry; RESULT(1): the page to map. */
	.globl guest_paged
guest_paged:
	due32 3f, 4f
3:	mov GUEST_WINDOW + 0x123, %eax
4:	step 1

	due32 3f, 4f
3:	movl $1, GUEST_WINDOW + 0x1004
4:	step 2

	/* map the first page for reading: no flush is due after not-present */
	mov %gs:RESULT(1), %eax
	or $1, %eax
	mov %eax, GUEST_WINDOW_PT
	mov GUEST_WINDOW, %eax
	mov %eax, %gs:RESULT(2)
	step 3

	due32 3f, 4f
3:	movl $0x5555aaaa, GUEST_WINDOW + 8
4:	step 4

	/* writable: the stale entry may fault once on some CPUs unless it is flushed */
	orl $2, GUEST_WINDOW_PT
	invlpg GUEST_WINDOW
	movl $0x5555aaaa, GUEST_WINDOW + 8
	mov %gs:RESULT(1), %esi
	mov 8(%esi), %eax
	mov %eax, %gs:RESULT(3)
	mov GUEST_WINDOW_PT, %eax
	mov %eax, %gs:RESULT(4)
	step 5

	/* the second entry, then the first one away again, by CR3 */
	mov %gs:RESULT(0), %ecx
	mov %gs:RESULT(1), %eax
	or $3, %eax
	mov %eax, GUEST_WINDOW_PT(%ecx)
	movl $0, GUEST_WINDOW_PT
	mov %cr3, %eax
	mov %eax, %cr3
	mov GUEST_WINDOW + 0x1008, %eax
	mov %eax, %gs:RESULT(5)
	due32 3f, 4f
3:	mov GUEST_WINDOW + 8, %eax
4:	step 6
	hlt
