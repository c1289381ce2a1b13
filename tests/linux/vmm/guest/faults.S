/* SPDX-License-Identifier: MIT */
/*
 * 64-bit guests of the cases about exceptions: those of CPL 0, those of CPL 3, instructions that
 * a hypervisor intercepts. faults.c has the same sequences as tables.
 */
#include "tests/linux/vmm/guest/macros.inc"

	.macro fault n, insn:vararg
	trap_due 1f, 2f
	mov $GUEST_WINDOW, %ebx
	xor %ecx, %ecx
	xor %edx, %edx
1:	\insn
2:	step \n
	.endm

	/* For what pushes the address of the next instruction. */
	.macro trap n, insn:vararg
	trap_due 1f, 1f
	\insn
1:	step \n
	.endm

	/* The window: page 0 read-only, 1 writable and no-execute, others not present. */
program64 guest_faults
	fault 1, div %rcx
	fault 2, ud2
	fault 3, .byte 0xf0, 0x83, 0xc0, 0x01 /* ADD of a register with LOCK */
	trap 4, int3
	trap 5, int $VECTOR_IRQ
	mov $SEL_BAD, %esi
	fault 6, mov %esi, %es
	movabs $0x8000000000000000, %rsi
	fault 7, mov (%rsi), %rax
	fault 8, mov 0x3008(%rbx), %rax
	fault 9, mov %rax, 0x3010(%rbx)
	fault 10, mov %rax, 0x18(%rbx)
	/* a fetch: RIP is the target */
	trap_due 1f, 1f
	mov $GUEST_WINDOW + 0x1000, %ebx
	mov %rbx, %gs:R_AT
	jmp *%rbx
1:	step 11
	fault 12, call *0x3000(%rbx)
	/* two pages, the second one not there */
	fault 13, mov 0x1ffc(%rbx), %rcx
	/* CR0.TS */
	mov %cr0, %rsi
	or $8, %rsi
	mov %rsi, %cr0
	fault 14, fnop
	clts
	/* x87 division by 0, unmasked */
	fninit
	movl $0x37b, %gs:RESULT(0)
	fldcw %gs:RESULT(0)
	fld1
	fldz
	fdivrp %st, %st(1)
	fault 15, fwait
	fninit
	/* a write to a CR4 bit that no CPU has */
	mov %cr4, %rsi
	bts $30, %rsi
	fault 16, mov %rsi, %cr4
	/* paging off in 64-bit mode */
	mov %cr0, %rsi
	btr $31, %rsi
	fault 17, mov %rsi, %cr0
	hlt

	/* Runs a snippet in CPL 3, through the window's view of this section, until it traps. */
	.macro user n, snippet, at
	lea \at(%rip), %rax
	add $(GUEST_WINDOW - GUEST_CODE64), %rax
	mov %rax, %gs:R_AT
	lea 1f(%rip), %rax
	mov %rax, %gs:R_RECOVER
	mov %rsp, %gs:R_KSTACK
	lea \snippet(%rip), %rax
	add $(GUEST_WINDOW - GUEST_CODE64), %rax
	push $(SEL_UDATA | 3)
	push $(GUEST_WINDOW + 0x7000)
	push $0x202
	push $(SEL_UCODE64 | 3)
	push %rax
	mov $GUEST_WINDOW, %ebx
	iretq
1:	cli
	step \n
	.endm

	/* The window: pages 0 to 4 this section, read-only; 6 a stack; 7 not for CPL 3. */
program64 guest_user
	/* what a trap from CPL 3 needs is there: nested faults inside a trap are another case */
	mov GUEST_GDT, %eax
	mov GUEST_IDT, %eax
	mov GUEST_TSS, %eax
	orl $0, GUEST_STACK + GUEST_STACK_STEP / 2 - 8
	mov $0xc0000081, %ecx
	xor %eax, %eax
	mov $(((SEL_UDATA - 8) | 3) << 16 | SEL_CODE64), %edx
	wrmsr
	inc %ecx
	lea user_syscall(%rip), %rax
	xor %edx, %edx
	wrmsr
	mov $0xc0000084, %ecx
	mov $0x200, %eax
	wrmsr
	user 1, user_int, user_int_next
	user 2, user_hlt, user_hlt
	user 3, user_in, user_in
	user 4, user_cr, user_cr
	user 5, user_wrmsr, user_wrmsr
	user 6, user_read, user_read
	user 7, user_write, user_write
	user 8, user_absent, user_absent
	user 9, user_cpuid, user_cpuid_next
	user 10, user_calls, user_calls_next
	/* no SVM for the guest, in CPL 0 either */
	trap_due 1f, 2f
	mov $GUEST_DATA, %eax
1:	vmrun
2:	step 11
	hlt

user_int:
	int $VECTOR_USER
user_int_next:
user_gate:
	int $VECTOR_IRQ
user_hlt:
	hlt
user_in:
	in $0xe0, %al
user_cr:
	mov %cr0, %rax
user_wrmsr:
	wrmsr
user_read:
	mov 0x7008(%rbx), %rax
user_write:
	mov %rax, 0x0010(%rbx)
user_absent:
	mov %rax, 0x8018(%rbx)
user_cpuid:
	xor %eax, %eax
	cpuid
	mov %ebx, %r12d
	int $VECTOR_USER
user_cpuid_next:
user_calls:
	mov $100, %esi
	xor %r13d, %r13d
1:	syscall
	dec %esi
	jnz 1b
	int $VECTOR_USER
user_calls_next:

	/* SYSCALL comes here in CPL 0 with interrupts off; RSP is the user's. */
user_syscall:
	inc %r13
	mov %rcx, %r14
	cpuid
	mov %r14, %rcx
	sysretq

	/*
	 * A reserved bit in the window's entry 9; a non-canonical address in the stack segment;
	 * gates that are not present, beyond the IDT, of CPL 0 from CPL 3; an SSE exception.
	 */
program64 guest_corners
	fault 1, mov 0x9020(%rbx), %rax
	fault 2, mov %rax, 0x9028(%rbx)
	movabs $0x8000000000000000, %rbp
	fault 3, mov (%rbp), %rax
	fault 4, int $VECTOR_ABSENT
	fault 5, int $0x80
	user 6, user_gate, user_gate
	/* SSE division by 0, unmasked, with CR4.OSXMMEXCPT */
	mov %cr4, %rsi
	or $0x400, %rsi
	mov %rsi, %cr4
	movl $0x1d80, %gs:RESULT(0)
	ldmxcsr %gs:RESULT(0)
	mov $1, %esi
	cvtsi2ss %esi, %xmm0
	xorps %xmm1, %xmm1
	fault 7, divss %xmm1, %xmm0
	hlt

	/* Instructions that hypervisors intercept; each with a result. */
program64 guest_insns
	mov %cr0, %rax
	mov %rax, %gs:RESULT(0)
	or $8, %rax
	mov %rax, %cr0
	smsw %rcx
	mov %rcx, %gs:RESULT(1)
	clts
	mov %cr0, %rcx
	mov %rcx, %gs:RESULT(2)
	lmsw %ax
	mov %cr0, %rcx
	mov %rcx, %gs:RESULT(3)
	clts
	mov %cr4, %r15
	mov %r15, %r14
	btr $7, %r14
	mov %r14, %cr4
	mov %cr4, %rcx
	mov %rcx, %gs:RESULT(4)
	mov %r15, %cr4
	mov $5, %r9d
	mov %r9, %cr8
	xor %r9d, %r9d
	mov %cr8, %r10
	mov %r10, %gs:RESULT(5)
	mov %r9, %cr8
	sgdt %gs:RESULT(6) + 6
	mov %gs:RESULT(6) + 8, %rax
	mov %rax, %gs:RESULT(6)
	str %eax
	mov %rax, %gs:RESULT(8)
	mov $0x1234, %eax
	mov %rax, %cr2
	mov %cr2, %rax
	mov %rax, %gs:RESULT(9)
	mov $0x5678, %eax
	mov %rax, %dr3
	mov %dr3, %rax
	mov %rax, %gs:RESULT(10)
	wbinvd
	pause
	invlpg (%rax)
	mov $GUEST_TABLES, %eax
	mov %rax, %cr3
	mov %cr3, %rax
	mov %rax, %gs:RESULT(11)
	/* two readings of the TSC are in order */
	rdtsc
	shl $32, %rdx
	lea (%rax, %rdx), %rsi
	mov $0x10, %ecx
	rdmsr
	shl $32, %rdx
	add %rdx, %rax
	cmp %rsi, %rax
	setae %gs:RESULT(12)
	/* KVM's answer to a hypercall that it does not know is -1000 */
	mov $0xdead, %eax
	vmmcall
	mov %rax, %gs:RESULT(13)
	sidt %gs:RESULT(14) + 6
	mov %gs:RESULT(14) + 8, %rax
	mov %rax, %gs:RESULT(14)
	step 1
	hlt

	/* No IDT: the exception cannot be delivered, nor the one that follows. */
program64 guest_triple
	step 1
	push $0
	push $0
	lidt (%rsp)
	ud2
