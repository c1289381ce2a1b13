/* SPDX-License-Identifier: MIT */
/* SVM's instructions as functions, and the one entry into a guest (arch/x86/svm/entry.S). */
#ifndef ARCH_X86_SVM_INSN_H
#define ARCH_X86_SVM_INSN_H

#include "arch/x86/svm/svm.h"

static inline void clgi(void)
{
	__asm__ volatile("clgi" ::: "memory");
}

static inline void stgi(void)
{
	__asm__ volatile("stgi" ::: "memory");
}

static inline void vmsave(u64 vmcb_spa)
{
	__asm__ volatile("vmsave %0" : : "a"(vmcb_spa) : "memory");
}

static inline void vmload(u64 vmcb_spa)
{
	__asm__ volatile("vmload %0" : : "a"(vmcb_spa) : "memory");
}

static inline void invlpga(u64 gva, u32 asid)
{
	__asm__ volatile("invlpga %0, %1" : : "a"(gva), "c"(asid) : "memory");
}

/*
 * Lets an NMI that is pending while GIF=0 reach Plinth's own handler; IF=0 keeps everything else
 * out. The window is what stands between.
 */
static inline void svm_take_nmi(void)
{
	__asm__ volatile("cli\n stgi\n nop\n nop\n clgi" ::: "memory");
}

/*
 * Runs the guest of `vmcb_spa` until its next #VMEXIT. RAX and RSP are in the VMCB. `host_if`:
 * physical interrupts may end a guest that has V_INTR_MASKING. GIF is 0 before and after.
 */
static inline void svm_enter_guest(struct svm_vcpu *s, u64 vmcb_spa, u32 host_if)
{
	__asm__ volatile("call svm_enter"
			 : "+D"(s), "+S"(vmcb_spa), "+d"(host_if)
			 :
			 : "rax", "rcx", "r8", "r9", "r10", "r11", "r13", "r14", "r15", "memory",
			   "cc");
}

#endif
