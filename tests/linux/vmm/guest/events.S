/* SPDX-License-Identifier: MIT */
/* 64-bit guests of the cases about interrupts, NMIs, re-injected events and debugging. */
#include "tests/linux/vmm/guest/macros.inc"

	/* Interrupts from the VMM, no APIC: into HLT, then at the window that STI opens. */
program64 guest_inject
	set_hook count_event
	hlt
	step 1
	cli
	step 2
	nop
	nop
	sti
	nop
	nop
	nop
	cli
	mov %gs:R_IRQS, %rax
	mov %rax, %gs:RESULT(0)
	step 3
	hlt

	/* The VMM puts the first INC into the shadow of STI; guest_shadow_end is where it ends. */
program64 guest_shadow
	set_hook count_event
	step 1
	inc %rcx
	.globl guest_shadow_end
guest_shadow_end:
	inc %rcx
	cli
	step 2
	hlt

	/* The timer of the local APIC wakes HLT: once, then by period. RESULT(0): its count. */
program64 guest_timer
	cli
	set_hook count_irq
	call apic_enable
	mov $0x3e0, %ecx
	mov $0xb, %eax
	call apic_write
	mov $0x320, %ecx
	mov $VECTOR_IRQ, %eax
	call apic_write
	mov $0x380, %ecx
	mov %gs:RESULT(0), %eax
	call apic_write
	call halt_for_irq
	cli
	step 1
	mov $0x320, %ecx
	mov $(0x20000 | VECTOR_IRQ), %eax
	call apic_write
	mov $0x380, %ecx
	mov %gs:RESULT(0), %eax
	call apic_write
1:	call halt_for_irq
	cli
	cmpq $11, %gs:R_IRQS
	jb 1b
	mov $0x320, %ecx
	mov $0x10000, %eax
	call apic_write
	step 2
	hlt

	/* Halts until RESULT(0) interrupts or NMIs have come from outside. */
program64 guest_wait
	set_hook count_irq
	call apic_enable
	step 1
1:	cli
	mov %gs:R_IRQS, %rax
	cmp %gs:RESULT(0), %rax
	jae 2f
	call halt_for_irq
	jmp 1b
2:	step 2
	hlt

program64 guest_wait_nmi
	set_hook count_event
	call apic_enable
	step 1
1:	mov %gs:R_IRQS, %rax
	cmp %gs:RESULT(0), %rax
	jae 2f
	hlt
	jmp 1b
2:	step 2
	hlt

	/* RESULT(0): depth of NMIs; (1): the greatest depth. The VMM sends one more at step 2. */
program64 guest_nmi
	set_hook nmi_hook
	step 1
	nop
	nop
	step 4
	hlt

nmi_hook:
	incq %gs:R_IRQS
	incq %gs:RESULT(0)
	mov %gs:RESULT(0), %rax
	cmp %gs:RESULT(1), %rax
	jbe 1f
	mov %rax, %gs:RESULT(1)
1:	cmpq $1, %gs:R_IRQS
	jne 2f
	step 2
	push %rbx
	cpuid
	pop %rbx
	step 3
2:	decq %gs:RESULT(0)
	ret

	/* Events whose delivery needs a page that the VMM has just unmapped below them. */
program64 guest_reinject
	step 0
	trap_due 1f, 2f
	xor %edx, %edx
	xor %ecx, %ecx
1:	div %rcx
2:	step 1
	trap_due 1f, 2f
1:	mov GUEST_WINDOW + 0x40, %rax
2:	step 2
	trap_due 1f, 2f
	mov $SEL_BAD, %ecx
1:	mov %ecx, %es
2:	set_hook count_event
	/* from the VMM: an interrupt, then an NMI */
	step 3
	nop
	mov %gs:R_IRQS, %rax
	mov %rax, %gs:RESULT(0)
	step 4
	nop
	mov %gs:R_IRQS, %rax
	mov %rax, %gs:RESULT(1)
	step 5
	hlt

	/* The same for instructions that raise the event themselves. */
program64 guest_reinject_int
	step 0
	trap_due 1f, 1f
	int $VECTOR_IRQ
1:	step 1
	trap_due 1f, 1f
	int3
1:	step 2
	trap_due 1f, 1f
	int $VECTOR_USER
1:	step 3
	hlt

	/* For single steps: guest_step_rips lists where each step must end. */
program64 guest_step
	step 1
10:	nop
11:	mov $5, %ecx
12:	add %rcx, %rcx
13:	push %rcx
14:	pop %rdx
15:	xor %eax, %eax
16:	cpuid
17:	call 20f
18:	out %al, $PORT_TEXT
19:	jmp 21f
20:	ret
21:	nop
22:	step 2
	hlt

	.balign 8
	.globl guest_step_rips
guest_step_rips:
	.quad 11b - guest_step, 12b - guest_step, 13b - guest_step, 14b - guest_step
	.quad 15b - guest_step, 16b - guest_step, 17b - guest_step, 20b - guest_step
	.quad 18b - guest_step, 19b - guest_step, 21b - guest_step, 22b - guest_step, 0

	/* For the VMM's breakpoints: one on code, one on data (a store to RESULT(5)), INT3. */
program64 guest_breaks
	step 1
	nop
	.globl guest_breaks_code
guest_breaks_code:
	mov $3, %ecx
	mov %rcx, %gs:RESULT(5)
	.globl guest_breaks_data
guest_breaks_data:
	nop
	.globl guest_breaks_int3
guest_breaks_int3:
	int3
	step 2
	hlt

	/* The guest debugs itself: a breakpoint on code, one on data, TF. RESULTs: each DR6. */
program64 guest_debug
	xor %eax, %eax
	mov %rax, %dr6
	lea 1f(%rip), %rax
	mov %rax, %dr0
	mov $(GUEST_REPORT + RESULT(8)), %eax
	mov %rax, %dr1
	mov $0xd00405, %eax
	mov %rax, %dr7
	/* code: a fault, before the instruction; go on behind it */
	trap_due 1f, 2f
1:	nop
2:	mov %dr6, %rax
	mov %rax, %gs:RESULT(0)
	xor %eax, %eax
	mov %rax, %dr6
	step 1
	/* data: a trap, after the store */
	trap_due 2f, 2f
	movl $1, %gs:RESULT(8)
2:	mov %dr6, %rax
	mov %rax, %gs:RESULT(1)
	step 2
	xor %eax, %eax
	mov %rax, %dr6
	mov $0x400, %eax
	mov %rax, %dr7
	movl $2, %gs:RESULT(8)
	step 3
	hlt

	/* TF over plain instructions, CPUID and OUT. From RESULT(8): the RIPs; RESULT(1): DR6. */
program64 guest_tf
	set_hook tf_hook
	xor %eax, %eax
	mov %rax, %dr6
	pushf
	orq $0x100, (%rsp)
	popf
	nop
10:	mov $0, %eax
11:	cpuid
12:	out %al, $PORT_TEXT
13:	nop
14:	pushf
15:	andq $~0x100, (%rsp)
16:	popf
17:	step 1
	hlt

	.balign 8
	.globl guest_tf_rips
guest_tf_rips:
	.quad 10b - guest_tf, 11b - guest_tf, 12b - guest_tf, 13b - guest_tf
	.quad 14b - guest_tf, 15b - guest_tf, 16b - guest_tf, 17b - guest_tf, 0

tf_hook:
	mov %gs:R_IRQS, %rax
	cmp $20, %rax
	jae 1f
	mov (%rsi), %rcx
	mov $(GUEST_REPORT + RESULT(8)), %edx
	mov %rcx, (%rdx, %rax, 8)
1:	incq %gs:R_IRQS
	mov %dr6, %rax
	mov %rax, %gs:RESULT(1)
	ret
