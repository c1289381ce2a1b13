/* SPDX-License-Identifier: MIT */
/*
 * 64-bit guests of the cases with two VPs at once. Both run the same program and part ways by
 * R_ID. The S_ words are in the shared page.
 */
#include "tests/linux/vmm/guest/macros.inc"

	/* Enables the local APIC and waits for the other VP: an APIC that is off loses IPIs. */
	.section guest64, "a"
	.code64
meet:
	call apic_enable
	lock incl S_READY
1:	pause
	cmpl $2, S_READY
	jb 1b
	ret

	/* RESULT(0) rounds of OUT and CPUID; RESULT(1) counts them. */
program64 guest_count
	mov %gs:RESULT(0), %r12
1:	mov %r12d, %eax
	out %al, $PORT_TEXT
	incq %gs:RESULT(1)
	xor %eax, %eax
	cpuid
	dec %r12
	jnz 1b
	step 1
	hlt

	/* RESULT(0) times: take the lock, add one without LOCK; some exits inside. */
program64 guest_lock
	mov %gs:RESULT(0), %r12
1:	mov $1, %eax
	xchg %eax, S_LOCK
	test %eax, %eax
	jz 3f
2:	pause
	cmpl $0, S_LOCK
	jne 2b
	jmp 1b
3:	mov S_COUNTER, %r13
	test $0x3f, %r12b
	jnz 4f
	xor %eax, %eax
	cpuid
4:	inc %r13
	mov %r13, S_COUNTER
	movl $0, S_LOCK
	dec %r12
	jnz 1b
	step 1
	hlt

	/*
	 * RESULT(0) IPIs each way, in turn, VP 0 first. RESULT(1): wait with interrupts on and
	 * without HLT. R_IRQS counts what has come.
	 */
program64 guest_ipi
	set_hook count_irq
	call meet
	xor %r13d, %r13d
	cmpq $0, %gs:R_ID
	jne 2f
1:	call send_ipi
2:	call await_ipi
	cmpq $0, %gs:R_ID
	je 3f
	call send_ipi
3:	cmp %gs:RESULT(0), %r13
	jae 4f
	cmpq $0, %gs:R_ID
	je 1b
	jmp 2b
4:	step 1
	hlt

send_ipi:
	mov %gs:R_ID, %edx
	xor $1, %edx
	mov $(0x4000 | VECTOR_IRQ), %eax
	cli
	call apic_send
	sti
	ret

	/* Until R13 + 1 have come. */
await_ipi:
	inc %r13
1:	cmpq $0, %gs:RESULT(1)
	jne 2f
	cli
	cmp %gs:R_IRQS, %r13
	jbe 3f
	call halt_for_irq
	jmp 1b
2:	pause
	cmp %gs:R_IRQS, %r13
	ja 1b
3:	sti
	ret

	/*
	 * VP 0 maps RESULT(0) generations of a page and flushes VP 1 by IPI; VP 1 reads all the
	 * time. Each of four pages holds its generation; the window shows them in turn.
	 * RESULT(1) of VP 1: reads of a generation older than S_EPOCH; (2): all its reads.
	 */
program64 guest_shootdown
	set_hook shootdown_hook
	call meet
	mov $GUEST_WINDOW, %ebx
	cmpq $0, %gs:R_ID
	jne shootdown_reader
	mov $1, %r12d
1:	mov %r12d, %eax
	and $3, %eax
	shl $12, %eax
	add $GUEST_DATA, %eax
	mov %r12, (%rax)
	or $3, %eax
	mov %rax, GUEST_WINDOW_PT
	invlpg (%rbx)
	cmp %r12, (%rbx)
	je 2f
	incq %gs:RESULT(1)
2:	mov %r12, S_ROUND
	mov $1, %edx
	mov $(0x4000 | VECTOR_IRQ), %eax
	call apic_send
3:	pause
	cmp %r12, S_ACK
	jne 3b
	mov %r12, S_EPOCH
	/* a while in which the reader must see the new page */
	mov $200, %ecx
4:	pause
	dec %ecx
	jnz 4b
	inc %r12
	cmp %gs:RESULT(0), %r12
	jbe 1b
	movq $1, S_STOP
	step 1
	hlt

shootdown_reader:
1:	mov S_EPOCH, %rax
	mov (%rbx), %rcx
	cmp %rax, %rcx
	jae 2f
	incq %gs:RESULT(1)
2:	incq %gs:RESULT(2)
	cmpq $0, S_STOP
	je 1b
	cli
	step 1
	hlt

shootdown_hook:
	incq %gs:R_IRQS
	mov S_ROUND, %rsi
	invlpg GUEST_WINDOW
	call apic_eoi
	mov %rsi, S_ACK
	ret

	/* Reads GUEST_SLOT1 until S_STOP. RESULT(1): reads older than S_EPOCH; (2): all reads. */
program64 guest_reader
1:	mov S_EPOCH, %rax
	mov GUEST_SLOT1, %rcx
	cmp %rax, %rcx
	jae 2f
	incq %gs:RESULT(1)
2:	incq %gs:RESULT(2)
	cmpq $0, S_STOP
	je 1b
	step 1
	hlt

	/* Spins with interrupts off until S_STOP. */
program64 guest_spin
	cli
	movq $1, S_READY
1:	pause
	cmpq $0, S_STOP
	je 1b
	step 1
	hlt

	/* VP 0 starts VP 1 RESULT(0) times by INIT and two SIPIs, from whatever VP 1 does then. */
program64 guest_start
	call apic_enable
	lea started_vp(%rip), %rax
	mov %rax, S_AP_ENTRY
	xor %r12d, %r12d
1:	mov $1, %edx
	mov $0x4500, %eax
	call apic_send
	mov $2, %r13d
2:	mov $2000, %ecx
3:	pause
	dec %ecx
	jnz 3b
	mov $1, %edx
	mov $(0x4600 | GUEST_CODE16 >> 12), %eax
	call apic_send
	dec %r13d
	jnz 2b
	inc %r12d
4:	pause
	cmp %r12d, S_AP_COUNT
	jb 4b
	cmp %gs:RESULT(0), %r12
	jb 1b
	step 1
	hlt

started_vp:
	sti
	lock incl S_AP_COUNT
1:	pause
	jmp 1b
