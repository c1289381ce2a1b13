/* SPDX-License-Identifier: MIT */
/*
 * VMLAUNCH and VMRESUME with a full switch of the general registers. A fault of the instruction
 * itself comes back through the fix-up table; vmx_l2.c makes vmx_run_exit the host's RIP.
 */
#define HOST_RSP 0x6c14
#define FAILED_FLAGS 0x40000000	/* beside RFLAGS: VMfail */

	.section .text
/* u64 vmx_run(struct vmx_gprs *gprs, bool resume, u64 *host_rsp or NULL for the VMCS) */
	.globl vmx_run, vmx_run_exit
vmx_run:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	test %rdx, %rdx
	jz 1f
	mov %rsp, (%rdx)
	jmp 2f
1:	mov $HOST_RSP, %eax
	vmwrite %rsp, %rax
2:	mov 0x78(%rdi), %rax
	mov %rax, %cr2
	test %sil, %sil
	mov 0x08(%rdi), %rbx
	mov 0x10(%rdi), %rcx
	mov 0x18(%rdi), %rdx
	mov 0x20(%rdi), %rsi
	mov 0x30(%rdi), %rbp
	mov 0x38(%rdi), %r8
	mov 0x40(%rdi), %r9
	mov 0x48(%rdi), %r10
	mov 0x50(%rdi), %r11
	mov 0x58(%rdi), %r12
	mov 0x60(%rdi), %r13
	mov 0x68(%rdi), %r14
	mov 0x70(%rdi), %r15
	mov 0x00(%rdi), %rax
	mov 0x28(%rdi), %rdi
	jnz resume
launch:	vmlaunch
	jmp failed
resume:	vmresume
failed:
	pushfq
	pop %rax
	or $FAILED_FLAGS, %eax
	jmp out
fault:
	mov %r11d, %eax
out:
	add $8, %rsp
	jmp restore

vmx_run_exit:
	xchg %rdi, (%rsp)
	mov %rax, 0x00(%rdi)
	mov %rbx, 0x08(%rdi)
	mov %rcx, 0x10(%rdi)
	mov %rdx, 0x18(%rdi)
	mov %rsi, 0x20(%rdi)
	mov %rbp, 0x30(%rdi)
	mov %r8, 0x38(%rdi)
	mov %r9, 0x40(%rdi)
	mov %r10, 0x48(%rdi)
	mov %r11, 0x50(%rdi)
	mov %r12, 0x58(%rdi)
	mov %r13, 0x60(%rdi)
	mov %r14, 0x68(%rdi)
	mov %r15, 0x70(%rdi)
	popq 0x28(%rdi)
	mov %cr2, %rax
	mov %rax, 0x78(%rdi)
	xor %eax, %eax
restore:
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.pushsection .ex_table, "a"
	.quad launch, fault, resume, fault
	.popsection

	.section .note.GNU-stack, "", @progbits
