/* SPDX-License-Identifier: MIT */
/* 64-bit guests of the cases about exits: ports, strings to ports, MMIO, CPUID, MSRs. */
#include "tests/linux/vmm/guest/macros.inc"

	/* Three sizes, immediate and DX ports; exits.c has the same sequence as a table. */
program64 guest_io
	mov $0x11223344, %eax
	out %al, $0xe0
	out %ax, $0xe2
	out %eax, $0xe4
	mov $0x5a8, %edx
	out %al, %dx
	out %eax, %dx
	mov $0xfffe, %edx
	out %ax, %dx
	mov $-1, %rax
	in $0xe0, %al
	mov %rax, %gs:RESULT(0)
	mov $-1, %rax
	in $0xe2, %ax
	mov %rax, %gs:RESULT(1)
	mov $-1, %rax
	in $0xe4, %eax
	mov %rax, %gs:RESULT(2)
	mov $0x5a8, %edx
	mov $-1, %rax
	in %dx, %al
	mov %rax, %gs:RESULT(3)
	mov $-1, %rax
	in %dx, %ax
	mov %rax, %gs:RESULT(4)
	mov $0xfffc, %edx
	mov $-1, %rax
	in %dx, %eax
	mov %rax, %gs:RESULT(5)
	step 1
	hlt

	.macro string_io insn, register, result
	mov %gs:RESULT(0), %\register
	mov $16, %ecx
	rep \insn
	mov %\register, %gs:RESULT(\result)
	mov %rcx, %gs:RESULT(\result + 1)
	step 1
	.endm

	/* 16 items each, from and to the address in RESULT(0). */
program64 guest_io_string
	mov $0x5a8, %edx
	string_io outsb, rsi, 2
	string_io outsw, rsi, 4
	string_io outsl, rsi, 6
	string_io insb, rdi, 8
	string_io insw, rdi, 10
	string_io insl, rdi, 12
	std
	string_io outsw, rsi, 14
	string_io insb, rdi, 16
	cld
	hlt

	/* Four items, then the page that is not there; the fault leaves the rest in RCX. */
program64 guest_io_fault
	mov $0x5a8, %edx
	trap_due 1f, 2f
	mov $GUEST_WINDOW + 0xffc, %esi
	mov $16, %ecx
1:	rep outsb
2:	mov %rcx, %gs:RESULT(0)
	mov %rsi, %gs:RESULT(1)
	step 1
	hlt

	/* exits.c has the same sequence as a table; what is read goes to the results in order. */
program64 guest_mmio
	mov $GUEST_HOLE, %ebx
	movabs $0x8877665544332211, %rax
	mov %al, 0x01(%rbx)
	mov %ax, 0x02(%rbx)
	mov %eax, 0x04(%rbx)
	mov %rax, 0x08(%rbx)
	movb $0x5a, 0x10(%rbx)
	movl $0x12345678, 0x14(%rbx)
	movq $-2, 0x18(%rbx)
	mov $-1, %rax
	mov 0x21(%rbx), %al
	mov %rax, %gs:RESULT(0)
	mov $-1, %rax
	mov 0x22(%rbx), %ax
	mov %rax, %gs:RESULT(1)
	mov $-1, %rax
	mov 0x24(%rbx), %eax
	mov %rax, %gs:RESULT(2)
	mov 0x28(%rbx), %r15
	mov %r15, %gs:RESULT(3)
	movzbl 0x30(%rbx), %ecx
	mov %rcx, %gs:RESULT(4)
	movswq 0x32(%rbx), %rdx
	mov %rdx, %gs:RESULT(5)
	addl $1, 0x34(%rbx)
	mov $0x99, %eax
	xchg %eax, 0x38(%rbx)
	mov %rax, %gs:RESULT(6)
	testb $0x80, 0x3c(%rbx)
	setnz %gs:RESULT(7)
	mov $0xaabbccdd, %eax
	lea 0x40(%rbx), %rdi
	mov $2, %ecx
	rep stosl
	lea 0x50(%rbx), %rsi
	mov $(GUEST_REPORT + RESULT(8)), %edi
	mov $2, %ecx
	rep movsl
	/* one access, two pages */
	movabs $0x1122334455667788, %rax
	mov %rax, 0xffc(%rbx)
	step 1
	hlt

	/* RESULT(0), (1): EAX and ECX; the answer to (2) to (5). */
program64 guest_cpuid
1:	mov %gs:RESULT(0), %eax
	mov %gs:RESULT(1), %ecx
	mov $-1, %rbx
	mov $-1, %rdx
	cpuid
	mov %rax, %gs:RESULT(2)
	mov %rbx, %gs:RESULT(3)
	mov %rcx, %gs:RESULT(4)
	mov %rdx, %gs:RESULT(5)
	step 1
	jmp 1b

	/* RESULT(0): 1 to write, else read; (1): MSR; (2): value; (3): whether it faulted. */
program64 guest_msr
1:	trap_due 2f, 4f
	mov %gs:R_TRAPS, %rsi
	mov %gs:RESULT(1), %ecx
	mov %gs:RESULT(2), %eax
	mov %gs:RESULT(2) + 4, %edx
	cmpq $0, %gs:RESULT(0)
	jne 3f
	mov $-1, %rax
	mov $-1, %rdx
2:	rdmsr
	shl $32, %rdx
	or %rdx, %rax
	mov %rax, %gs:RESULT(2)
	jmp 4f
3:	lea 5f(%rip), %rdi
	mov %rdi, %gs:R_AT
5:	wrmsr
4:	mov %gs:R_TRAPS, %rax
	sub %rsi, %rax
	mov %rax, %gs:RESULT(3)
	movq $0, %gs:R_RECOVER
	step 1
	jmp 1b

	/* RESULT(0) rounds of CPUID and OUT; RESULT(1) counts answers of CPUID that are wrong. */
program64 guest_exits
	mov %gs:RESULT(0), %r12
	xor %eax, %eax
	cpuid
	mov %ebx, %r13d
1:	xor %eax, %eax
	xor %ecx, %ecx
	cpuid
	cmp %ebx, %r13d
	je 2f
	incq %gs:RESULT(1)
2:	mov %r12d, %eax
	out %al, $PORT_TEXT
	dec %r12
	jnz 1b
	step 1
	hlt
