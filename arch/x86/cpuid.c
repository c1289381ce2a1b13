/* SPDX-License-Identifier: MIT */
/* The shell around arch/x86/cpuid_policy.c and hv/cpuid.c. */
#include "arch/x86/cpuid.h"

#include "arch/x86/asm.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/percpu.h"

#define HYPERVISOR_LEAVES 0x40000000u
#define RANGE_MASK	  0xf0000000u

static struct cpuid_policy policy;

void cpuid_init(const struct cpuid_offer *offer)
{
	struct cpuid_policy_hw hw = {
		.hyperv = offer->hyperv,
		.svm = offer->svm,
		.svm_features = offer->svm_features,
		.vmx = offer->vmx,
		.no_x2apic = !offer->x2apic,
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

u64 cpuid_l1_cr4(void)
{
	static const struct {
		u32 leaf;
		u8 reg;
		u32 bit;
		u64 cr4;
	} rows[] = {
		/* clang-format off */
		{ 1, CPUID_EDX, BIT(1),  CR4_VME | CR4_PVI },
		{ 1, CPUID_ECX, BIT(26), CR4_OSXSAVE },
		{ 1, CPUID_ECX, BIT(17), CR4_PCIDE },
		{ 7, CPUID_EBX, BIT(0),  CR4_FSGSBASE },
		{ 7, CPUID_EBX, BIT(7),  CR4_SMEP },
		{ 7, CPUID_EBX, BIT(20), CR4_SMAP },
		{ 7, CPUID_ECX, BIT(2),  CR4_UMIP },
		{ 7, CPUID_ECX, BIT(3),  CR4_PKE },
		{ 7, CPUID_ECX, BIT(16), CR4_LA57 },
		/* clang-format on */
	};
	u64 cr4 = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR |
		  CR4_OSXMMEXCPT;
	u32 regs[4];

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		cpuid_as_l1(rows[i].leaf, 0, 0, regs);
		if (regs[rows[i].reg] & rows[i].bit) {
			cr4 |= rows[i].cr4;
		}
	}
	return cr4;
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
