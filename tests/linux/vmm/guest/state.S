/* SPDX-License-Identifier: MIT */
/* 64-bit guests of the cases about state that must survive exits, and about the TSC. */
#include "tests/linux/vmm/guest/macros.inc"

	.set FXSAVE, GUEST_REPORT + R_BUFFER

	.macro exits count
	mov $\count, %r12d
1:	xor %eax, %eax
	cpuid
	out %al, $PORT_TEXT
	dec %r12d
	jnz 1b
	.endm

	/* The VMM has put 16 values for XMM registers into the buffer; FXSAVE goes back to it. */
program64 guest_fpu
	mov $FXSAVE, %edi
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups \n * 16(%rdi), %xmm\n
	.endr
	fninit
	movl $0x27f, %gs:RESULT(0)
	fldcw %gs:RESULT(0)
	fldpi
	fld1
	fldl2e
	movl $0x5f80, %gs:RESULT(0)
	ldmxcsr %gs:RESULT(0)
	step 1
	exits 300
	mov $FXSAVE, %edi
	fxsave64 (%rdi)
	step 2
	fxsave64 (%rdi)
	step 3
	hlt

	/* The same for YMM registers; the VMM has switched them on. */
program64 guest_avx
	mov $FXSAVE, %edi
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups \n * 32(%rdi), %ymm\n
	.endr
	step 1
	exits 300
	mov $FXSAVE, %edi
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups %ymm\n, \n * 32(%rdi)
	.endr
	xor %ecx, %ecx
	xgetbv
	mov %rax, %gs:RESULT(0)
	step 2
	hlt

	/*
	 * Registers of all kinds hold multiples of RESULT(2) and are compared after each exit.
	 * RESULT(0): differences found; (1): the last one, by its number.
	 */
program64 guest_registers
	mov %gs:RESULT(2), %r15d
	/* MSRs */
	lea state_msrs(%rip), %rsi
	mov $1, %ebx
1:	lodsl
	test %eax, %eax
	jz 2f
	mov %eax, %ecx
	mov %r15d, %eax
	imul %ebx, %eax
	xor %edx, %edx
	wrmsr
	inc %ebx
	jmp 1b
	/* debug registers and XMM */
2:	lea (%r15, %r15), %rax
	mov %rax, %dr0
	lea (%r15, %r15, 2), %rax
	mov %rax, %dr1
	lea (, %r15, 4), %rax
	mov %rax, %dr2
	lea (%r15, %r15, 4), %rax
	mov %rax, %dr3
	movq %r15, %xmm0
	pshufd $0x44, %xmm0, %xmm0
	movdqa %xmm0, %xmm7
	paddq %xmm0, %xmm7
	movdqa %xmm7, %xmm15
	paddq %xmm7, %xmm15
	mov %r15, %r8
	lea 1(%r15), %r9
	lea 2(%r15), %r10
	lea 3(%r15), %r11
	lea 4(%r15), %rbp

registers_round:
	step 1
	lea state_msrs(%rip), %rsi
	mov $1, %ebx
1:	lodsl
	test %eax, %eax
	jz 3f
	mov %eax, %ecx
	rdmsr
	mov %r15d, %edi
	imul %ebx, %edi
	cmp %eax, %edi
	je 2f
	incq %gs:RESULT(0)
	mov %rbx, %gs:RESULT(1)
2:	inc %ebx
	jmp 1b

	.macro same number, left, right
	cmp \left, \right
	je 1f
	incq %gs:RESULT(0)
	movq $\number, %gs:RESULT(1)
1:
	.endm

3:	mov %dr0, %rax
	lea (%r15, %r15), %rcx
	same 20, %rax, %rcx
	mov %dr1, %rax
	lea (%r15, %r15, 2), %rcx
	same 21, %rax, %rcx
	mov %dr2, %rax
	lea (, %r15, 4), %rcx
	same 22, %rax, %rcx
	mov %dr3, %rax
	lea (%r15, %r15, 4), %rcx
	same 23, %rax, %rcx
	movq %xmm0, %rax
	same 24, %rax, %r15
	movhlps %xmm7, %xmm1
	movq %xmm1, %rax
	lea (%r15, %r15), %rcx
	same 25, %rax, %rcx
	movq %xmm15, %rax
	lea (, %r15, 4), %rcx
	same 26, %rax, %rcx
	same 27, %r8, %r15
	lea 1(%r15), %rcx
	same 28, %r9, %rcx
	lea 2(%r15), %rcx
	same 29, %r10, %rcx
	lea 3(%r15), %rcx
	same 30, %r11, %rcx
	lea 4(%r15), %rcx
	same 31, %rbp, %rcx
	jmp registers_round

	/* SYSENTER_ESP, _EIP, STAR, LSTAR, CSTAR, SFMASK, FS_BASE, KERNEL_GS_BASE */
	.balign 4
state_msrs:
	.long 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100
	.long 0xc0000102, 0

	/* RESULT(0): RDTSC; (1): RDMSR of the TSC; (2): if not 0, write (3) to the TSC first. */
program64 guest_tsc
	cmpq $0, %gs:RESULT(2)
	je 1f
	mov $0x10, %ecx
	mov %gs:RESULT(3), %eax
	mov %gs:RESULT(3) + 4, %edx
	wrmsr
1:	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	mov %rax, %gs:RESULT(0)
	mov $0x10, %ecx
	rdmsr
	shl $32, %rdx
	or %rdx, %rax
	mov %rax, %gs:RESULT(1)
	step 1
	jmp guest_tsc
