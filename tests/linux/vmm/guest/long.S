/* SPDX-License-Identifier: MIT */
/* The 64-bit guest of the case "long": 64-bit operands, registers and addresses. */
#include "tests/linux/vmm/guest/macros.inc"

program64 guest_long
	lea long_text(%rip), %rsi
1:	lodsb
	test %al, %al
	jz 2f
	out %al, $PORT_TEXT
	jmp 1b
2:	movabs $0x0123456789abcdef, %rax
	mov $0x10, %edx
	mul %rdx
	mov %rax, %gs:RESULT(0)
	mov %rdx, %gs:RESULT(1)
	mov %cs, %eax
	mov %rax, %gs:RESULT(2)
	mov $0xc0000080, %ecx
	rdmsr
	shl $32, %rdx
	or %rdx, %rax
	mov %rax, %gs:RESULT(3)
	movabs $0xfedcba9876543210, %r8
	mov $GUEST_DATA, %r14d
	mov %r8, 8(%r14)
	mov 8(%r14), %rax
	mov %rax, %gs:RESULT(4)
	mov %rax, %rbx
	mov %ebx, %ebx
	mov %rbx, %gs:RESULT(5)
	mov $15, %r15d
	step 1
	mov %r9, %gs:RESULT(6)
	step 2
	hlt

long_text:
	.asciz "long mode"
