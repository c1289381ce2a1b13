/* SPDX-License-Identifier: MIT */
/* The hypervisor CPUID leaves, computed from the policy by hv/cpuid.def. */
#ifndef HV_CPUID_H
#define HV_CPUID_H

#include "hv/policy.h"

/*
 * False: `leaf` is not in the range that CPUs leave to hypervisors (0x40000000 to 0x4FFFFFFF), regs
 * untouched. True: regs = EAX, EBX, ECX, EDX; zeros above the policy's maximum leaf, from
 * 0x40000100 on, and everywhere when nothing is offered, so that no outer hypervisor shows
 * through. No leaf has subleaves.
 */
bool hv_cpuid(const struct hv_policy *policy, const struct hv_platform *platform, u32 leaf,
	      u32 subleaf, u32 regs[4]);

#endif
