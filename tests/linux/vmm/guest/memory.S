/* SPDX-License-Identifier: MIT */
/* 64-bit guests of the cases about memory: accesses that the VMM asks for, and the guest's TLB. */
#include "tests/linux/vmm/guest/macros.inc"

	/*
	 * RESULT(0): 0 read, 1 write, 2 fill, 3 compare; (1): address; (2): value; (3): number of
	 * items; (4): their distance; (5): items that differ. Item i has the value + i.
	 */
program64 guest_memory
	mov %gs:RESULT(1), %rdi
	mov %gs:RESULT(2), %rax
	mov %gs:RESULT(3), %rcx
	mov %gs:RESULT(0), %edx
	cmp $1, %edx
	jb 1f
	je 2f
	cmp $2, %edx
	je 3f
	movq $0, %gs:RESULT(5)
4:	cmp %rax, (%rdi)
	je 5f
	incq %gs:RESULT(5)
5:	inc %rax
	add %gs:RESULT(4), %rdi
	dec %rcx
	jnz 4b
	jmp 6f
1:	mov (%rdi), %rax
	mov %rax, %gs:RESULT(2)
	jmp 6f
2:	mov %rax, (%rdi)
	jmp 6f
3:	mov %rax, (%rdi)
	inc %rax
	add %gs:RESULT(4), %rdi
	dec %rcx
	jnz 3b
6:	step 1
	jmp guest_memory

	/*
	 * RESULT(0): rounds; (1): 0 INVLPG, 1 CR3, 2 CR4.PGE with global pages. Errors: (2) reads,
	 * (3) accessed and dirty bits, (4) faults that came or did not come. Pages A and B lie at
	 * GUEST_DATA; the VMM has written 0xa and 0xb to them.
	 */
program64 guest_tlb
	mov %gs:RESULT(0), %r12
	mov $GUEST_WINDOW, %ebx
	mov $GUEST_WINDOW_PT, %r13d
	xor %r14d, %r14d
	cmpq $2, %gs:RESULT(1)
	jne 1f
	mov $0x100, %r14d
1:	lea GUEST_DATA + 3(%r14), %rax
	mov %rax, (%r13)
	call flush
	cmpq $0xa, (%rbx)
	je 2f
	incq %gs:RESULT(2)
2:	mov (%r13), %rax
	and $0x60, %eax
	cmp $0x20, %eax
	je 3f
	incq %gs:RESULT(3)
3:	lea GUEST_DATA + 0x1003(%r14), %rax
	mov %rax, (%r13)
	call flush
	cmpq $0xb, (%rbx)
	je 4f
	incq %gs:RESULT(2)
4:	mov %r12, 8(%rbx)
	testb $0x40, (%r13)
	jnz 5f
	incq %gs:RESULT(3)
5:	lea GUEST_DATA + 0x1001(%r14), %rax
	mov %rax, (%r13)
	call flush
	mov %gs:R_TRAPS, %rsi
	trap_due 6f, 7f
6:	mov %r12, 16(%rbx)
	movq $0, %gs:R_RECOVER
7:	inc %rsi
	cmp %gs:R_TRAPS, %rsi
	jne 8f
	cmpq $3, %gs:R_ERROR
	je 9f
8:	incq %gs:RESULT(4)
9:	movq $0, (%r13)
	call flush
	mov %gs:R_TRAPS, %rsi
	trap_due 6f, 7f
6:	mov 24(%rbx), %rax
	movq $0, %gs:R_RECOVER
7:	inc %rsi
	cmp %gs:R_TRAPS, %rsi
	jne 8f
	cmpq $0, %gs:R_ERROR
	je 9f
8:	incq %gs:RESULT(4)
9:	dec %r12
	jnz 1b
	step 1
	hlt

flush:
	cmpq $1, %gs:RESULT(1)
	jb 1f
	je 2f
	mov %cr4, %rax
	btr $7, %rax
	mov %rax, %cr4
	bts $7, %rax
	mov %rax, %cr4
	ret
1:	invlpg (%rbx)
	ret
2:	mov %cr3, %rax
	mov %rax, %cr3
	ret

	/* Reads the window anew each time: the walk needs the page table, which the VMM moves. */
program64 guest_walk
	mov $GUEST_WINDOW, %ebx
1:	invlpg (%rbx)
	mov (%rbx), %rax
	mov %rax, %gs:RESULT(0)
	mov %rax, 8(%rbx)
	step 1
	jmp 1b
