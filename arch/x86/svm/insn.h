/* SPDX-License-Identifier: MIT */
/* SVM's instructions as functions, and the one entry into a guest (arch/x86/svm/entry.S). */
#ifndef ARCH_X86_SVM_INSN_H
#define ARCH_X86_SVM_INSN_H

#include "lib/types.h"

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
 * Lets an NMI that is pending while GIF=0 reach Plinth's own handler (IF is 0, so nothing else
 * can): the window is the instruction between.
 */
static inline void svm_take_nmi(void)
{
	__asm__ volatile("stgi\n nop\n nop\n clgi" ::: "memory");
}

/*
 * Runs the guest of `vmcb_spa` until its next #VMEXIT. `gpr`: all but RAX and RSP, which the VMCB
 * holds. `load_spa`: the VMCB whose VMLOAD state (FS, GS, TR, LDTR, syscall MSRs) is L1's.
 * `host_if`: physical interrupts may end a guest that has V_INTR_MASKING. GIF is 0 before and after.
 */
void svm_enter(u64 *gpr, u64 vmcb_spa, u64 load_spa, u64 host_spa, u64 host_if);

#endif
