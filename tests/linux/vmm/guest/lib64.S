/* SPDX-License-Identifier: MIT */
/*
 * What every 64-bit guest program may use: the trap stubs of the IDT and their common end, the
 * local APIC by MMIO or by MSR. Knows no program.
 */
#include "tests/linux/vmm/guest/macros.inc"

	.section guest64, "a"
	.code64

	/* One stub of 16 bytes for each vector; an error code of 0 where the CPU pushes none. */
	.balign 16
	.globl guest64_traps
guest64_traps:
	.set vector, 0
	.rept IDT_VECTORS
	.balign 16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || \
		vector == 29 || vector == 30
	.else
	push $0
	.endif
	push $vector
	jmp trap
	.set vector, vector + 1
	.endr

	/* From RSP: 5 registers, vector 40, error 48, RIP 56, CS 64, RFLAGS 72, RSP 80, SS 88. */
trap:
	push %rax
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	incq %gs:R_TRAPS
	mov 40(%rsp), %rax
	mov %rax, %gs:R_VECTOR
	mov 48(%rsp), %rax
	mov %rax, %gs:R_ERROR
	mov 56(%rsp), %rax
	mov %rax, %gs:R_RIP
	mov 64(%rsp), %rax
	mov %rax, %gs:R_CS
	mov 72(%rsp), %rax
	mov %rax, %gs:R_FLAGS
	mov %cr2, %rax
	mov %rax, %gs:R_CR2
	mov %gs:R_HOOK, %rax
	test %rax, %rax
	jnz 1f
	mov %gs:R_RECOVER, %rax
	test %rax, %rax
	jz unexpected
	movq $0, %gs:R_RECOVER
	testb $3, 64(%rsp)
	jnz 2f
	mov %rax, 56(%rsp)
	jmp 3f
1:	mov 40(%rsp), %edi
	lea 56(%rsp), %rsi
	call *%rax
3:	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq
	/* From CPL 3: go on in CPL 0, on the stack that the program has left there. */
2:	mov %gs:R_KSTACK, %rsp
	jmp *%rax

unexpected:
	mov %gs:R_VECTOR, %eax
	out %eax, $PORT_TRAP
	cli
	hlt
	jmp unexpected

	/* apic_write: register offset in ECX, value in EAX. Changes RCX, RDX. */
	.globl apic_write
apic_write:
	cmpq $0, %gs:R_X2APIC
	jne 1f
	mov $GUEST_APIC, %edx
	mov %eax, (%rdx, %rcx)
	ret
1:	shr $4, %ecx
	add $0x800, %ecx
	xor %edx, %edx
	wrmsr
	ret

	/* apic_send: low half of the ICR in EAX to the APIC ID in EDX. Changes RCX, RDX. */
	.globl apic_send
apic_send:
	cmpq $0, %gs:R_X2APIC
	jne 1f
	mov $GUEST_APIC, %ecx
	shl $24, %edx
	mov %edx, 0x310(%rcx)
	mov %eax, 0x300(%rcx)
	ret
1:	mov $0x830, %ecx
	wrmsr
	ret

	/* apic_enable: by MSR where R_X2APIC says so. Changes RAX, RCX, RDX. */
	.globl apic_enable
apic_enable:
	cmpq $0, %gs:R_X2APIC
	je 1f
	mov $0x1b, %ecx
	rdmsr
	or $0xc00, %eax
	wrmsr
1:	mov $0xf0, %ecx
	mov $(0x100 | VECTOR_SPURIOUS), %eax
	jmp apic_write

	/*
	 * halt_for_irq: called with interrupts off, after the look that found no reason to go on.
	 * STI's shadow makes the halt safe; where a machine loses the shadow (case "shadow"), the
	 * hook below puts the return address behind the HLT.
	 */
	.globl halt_for_irq
halt_for_irq:
	sti
halt_here:
	hlt
	ret

	/* A hook: counts the interrupt and ends it at the APIC. */
	.globl count_irq
count_irq:
	incq %gs:R_IRQS
	lea halt_here(%rip), %rax
	cmp %rax, (%rsi)
	jne apic_eoi
	incq (%rsi)
	.globl apic_eoi
apic_eoi:
	mov $0xb0, %ecx
	xor %eax, %eax
	jmp apic_write

	/* A hook: counts the event; no APIC. */
	.globl count_event
count_event:
	incq %gs:R_IRQS
	ret
