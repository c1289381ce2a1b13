/* SPDX-License-Identifier: MIT */
/*
 * VMRUN with a full switch of the general registers, lean and in KVM's way. A fault at VMRUN itself
 * comes back through the fix-up table with the exinfo in R11.
 */
	.macro save_callee
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	.endm

	.macro restore_callee
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	.endm

	.macro load_guest	/* from (%rdi), RDI last */
	mov 0x00(%rdi), %rbx
	mov 0x08(%rdi), %rcx
	mov 0x10(%rdi), %rdx
	mov 0x18(%rdi), %rsi
	mov 0x28(%rdi), %rbp
	mov 0x30(%rdi), %r8
	mov 0x38(%rdi), %r9
	mov 0x40(%rdi), %r10
	mov 0x48(%rdi), %r11
	mov 0x50(%rdi), %r12
	mov 0x58(%rdi), %r13
	mov 0x60(%rdi), %r14
	mov 0x68(%rdi), %r15
	mov 0x20(%rdi), %rdi
	.endm

	.macro save_guest	/* the pointer is on the stack; RDI holds it afterwards */
	xchg %rdi, (%rsp)
	mov %rbx, 0x00(%rdi)
	mov %rcx, 0x08(%rdi)
	mov %rdx, 0x10(%rdi)
	mov %rsi, 0x18(%rdi)
	mov %rbp, 0x28(%rdi)
	mov %r8, 0x30(%rdi)
	mov %r9, 0x38(%rdi)
	mov %r10, 0x40(%rdi)
	mov %r11, 0x48(%rdi)
	mov %r12, 0x50(%rdi)
	mov %r13, 0x58(%rdi)
	mov %r14, 0x60(%rdi)
	mov %r15, 0x68(%rdi)
	popq 0x20(%rdi)
	.endm

	.macro fix_up from, to
	.pushsection .ex_table, "a"
	.quad \from, \to
	.popsection
	.endm

	.section .text
/* exinfo_t svm_run_lean(struct gprs *gprs, u64 vmcb_pa) */
	.globl svm_run_lean
svm_run_lean:
	save_callee
	push %rdi
	mov %rsi, %rax
	load_guest
lean_vmrun:
	vmrun %rax
	save_guest
	xor %eax, %eax
	restore_callee
	ret
lean_fault:
	add $8, %rsp
	mov %r11d, %eax
	restore_callee
	ret
	fix_up lean_vmrun, lean_fault

/* exinfo_t svm_run_kvm(struct gprs *gprs, u64 vmcb_pa, u64 host_pa) */
	.globl svm_run_kvm
svm_run_kvm:
	save_callee
	push %rdx
	push %rsi
	push %rdi
	clgi
	mov %rdx, %rax
	vmsave %rax
	mov %rsi, %rax
	vmload %rax
	load_guest
kvm_vmrun:
	vmrun %rax
	save_guest
	xor %ecx, %ecx
kvm_out:
	pop %rax
	vmsave %rax
	pop %rax
	vmload %rax
	stgi
	mov %ecx, %eax
	restore_callee
	ret
kvm_fault:
	add $8, %rsp
	mov %r11d, %ecx
	jmp kvm_out
	fix_up kvm_vmrun, kvm_fault

	.section .note.GNU-stack, "", @progbits
