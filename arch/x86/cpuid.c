/* SPDX-License-Identifier: MIT */
/* The shell around arch/x86/cpuid_policy.c and hv/cpuid.c. */
#include "arch/x86/cpuid.h"

#include "arch/x86/asm.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/percpu.h"

#define HYPERVISOR_LEAVES 0x40000000u
#define RANGE_MASK	  0xf0000000u

static struct cpuid_policy policy;

void cpuid_init(bool hyperv, bool svm, u32 svm_features, bool x2apic)
{
	struct cpuid_policy_hw hw = {
		.hyperv = hyperv,
		.svm = svm,
		.svm_features = svm_features,
		.no_x2apic = !x2apic,
	};
	u32 regs[4];

	cpuid(0, 0, regs);
	hw.max_basic = regs[0];
	cpuid(0x80000000, 0, regs);
	hw.max_extended = regs[0];
	cpuid_policy_init(&policy, &hw);
}

u32 cpuid_l1_svm_features(void)
{
	return cpuid_policy_svm_features(&policy);
}

void cpuid_as_l1(u32 leaf, u32 subleaf, u64 cr4, u32 regs[4])
{
	if ((leaf & RANGE_MASK) == HYPERVISOR_LEAVES) {
		hv_shell_cpuid(leaf, subleaf, regs);
		return;
	}
	cpuid(leaf, subleaf, regs);
	cpuid_policy_apply(&policy, leaf, subleaf, cr4, regs);
}

static inline void give(struct vcpu *v, const u32 regs[4])
{
	v->gpr[GPR_RAX] = regs[0];
	v->gpr[GPR_RBX] = regs[1];
	v->gpr[GPR_RCX] = regs[2];
	v->gpr[GPR_RDX] = regs[3];
}

static __attribute__((noinline)) void hypervisor_leaf(struct vcpu *v, u32 leaf, u32 subleaf)
{
	u32 regs[4];

	hv_shell_cpuid(leaf, subleaf, regs);
	give(v, regs);
}

/* As cpuid_as_l1(), but what L1 exits for most stays in registers. */
__hot void vcpu_cpuid(struct vcpu *v, u64 cr4)
{
	u32 leaf = low32(v->gpr[GPR_RAX]);
	u32 subleaf = low32(v->gpr[GPR_RCX]);
	u32 regs[4];

	v->cpu->stats.cpuid++;
	if (unlikely((leaf & RANGE_MASK) == HYPERVISOR_LEAVES)) {
		hypervisor_leaf(v, leaf, subleaf);
		return;
	}
	cpuid(leaf, subleaf, regs);
	cpuid_policy_apply(&policy, leaf, subleaf, cr4, regs);
	give(v, regs);
}
