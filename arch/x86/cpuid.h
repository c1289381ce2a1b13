/* SPDX-License-Identifier: MIT */
/* CPUID as L1 (and an L2 that L1 leaves alone) gets it. */
#ifndef ARCH_X86_CPUID_H
#define ARCH_X86_CPUID_H

#include "arch/x86/cpuid_policy.h"
#include "arch/x86/vcpu.h"

/* What L1 is offered beside what the CPU has. */
struct cpuid_offer {
	bool hyperv;
	bool x2apic;
	bool vmx;
	bool svm;
	u32 svm_features; /* CPUID 8000_000A EDX of the hardware */
};

/* Builds the policy from this CPU, once. */
void cpuid_init(const struct cpuid_offer *offer);
/* The policy's answer with L1's CR4, the hypervisor's leaves included. */
void cpuid_as_l1(u32 leaf, u32 subleaf, u64 cr4, u32 regs[4]);
/* Executes CPUID for the guest that exited: registers in and out. */
void vcpu_cpuid(struct vcpu *v, u64 cr4);
u32 cpuid_l1_svm_features(void);
/* The bits of CR4 that exist by the CPUID that L1 sees; without VMXE. */
u64 cpuid_l1_cr4(void);

#endif
