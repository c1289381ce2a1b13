/* SPDX-License-Identifier: MIT */
/*
 * SVM as L1 uses it: enable it on a CPU, run a VMCB with all registers, and the helper
 * instructions. VMRUN is offered in two styles: alone ("lean"), and the way KVM surrounds it.
 */
#ifndef TESTS_LIB_SVM_H
#define TESTS_LIB_SVM_H

#include "tests/lib/memory.h"
#include "tests/lib/trap.h"
#include "tests/lib/vmcb.h"

/*
 * The registers that VMRUN leaves to software; RAX and RSP are in the VMCB. svm_run.S knows the
 * order.
 */
struct gprs {
	u64 rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};
ASSERT_SIZE(struct gprs, 112);

bool svm_offered(void);

/* CPUID 8000000A EDX, 0 without SVM. */
u32 svm_features(void);

/* EFER.SVME and a host save area on the calling CPU. */
void svm_enable(void);
void svm_disable(void);

/* Skips the payload, and ends it, when SVM is missing; otherwise enables it on this CPU. */
void svm_require(void);

/*
 * VMRUN alone. GIF is 0 afterwards, as the architecture has it. A fault of VMRUN itself (not of
 * the guest) is returned.
 */
exinfo_t svm_run_lean(struct gprs *gprs, u64 vmcb_pa);

/* CLGI, VMSAVE host, VMLOAD guest, VMRUN, VMSAVE guest, VMLOAD host, STGI. */
exinfo_t svm_run_kvm(struct gprs *gprs, u64 vmcb_pa, u64 host_pa);

static inline void stgi(void)
{
	asm volatile("stgi" : : : "memory");
}

static inline void clgi(void)
{
	asm volatile("clgi" : : : "memory");
}

static inline void vmload(u64 pa)
{
	asm volatile("vmload %0" : : "a"(pa) : "memory");
}

static inline void vmsave(u64 pa)
{
	asm volatile("vmsave %0" : : "a"(pa) : "memory");
}

static inline void invlpga(u64 gva, u32 asid)
{
	asm volatile("invlpga %0, %1" : : "a"(gva), "c"(asid) : "memory");
}

#endif
