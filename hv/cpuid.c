/* SPDX-License-Identifier: MIT */
/* The hypervisor CPUID leaves: hv/cpuid.def, cut off where the policy ends. */
#include "hv/cpuid.h"

static void leaf_values(const struct hv_policy *p, const struct hv_platform *m, u32 leaf,
			u32 regs[4])
{
	switch (leaf) {
#define LEAF(number, eax, ebx, ecx, edx) \
	case number:                     \
		regs[0] = (eax);         \
		regs[1] = (ebx);         \
		regs[2] = (ecx);         \
		regs[3] = (edx);         \
		break;
#include "hv/cpuid.def"
#undef LEAF
	default:
		break;
	}
}

bool hv_cpuid(const struct hv_policy *policy, const struct hv_platform *platform, u32 leaf,
	      u32 subleaf, u32 regs[4])
{
	(void)subleaf;
	if (leaf < HV_CPUID_RANGE_FIRST || leaf > HV_CPUID_RANGE_LAST) {
		return false;
	}
	regs[0] = regs[1] = regs[2] = regs[3] = 0;
	if (leaf <= policy->max_leaf) {
		leaf_values(policy, platform, leaf, regs);
	}
	return true;
}
