/* SPDX-License-Identifier: MIT */
/*
 * The VMX capability MSRs as L1 reads them, and the same as masks for the checks of VM entry: what
 * the hardware has, less what Plinth does not offer. Boot-constant. It reads no MSR itself.
 */
#ifndef ARCH_X86_VMX_CAPS_H
#define ARCH_X86_VMX_CAPS_H

#include "arch/x86/vmx/spec.h"

#define VMX_CAPS_MSRS (MSR_VMX_VMFUNC - MSR_VMX_BASIC + 1)

/* The hardware's MSRs, [MSR number - MSR_VMX_BASIC]; 0 for those that it does not have. */
struct vmx_hw_caps {
	u64 msr[VMX_CAPS_MSRS];
};

/* One word of controls, by its TRUE MSR: [SDM "VMX Capability Reporting Facility"] */
struct vmx_ctls {
	u32 must; /* bits that must be 1 */
	u32 may;  /* bits that may be 1; has those of `must` */
};

struct vmx_caps {
	struct vmx_ctls pin, primary, secondary, exit, entry;
	u64 cr0_fixed0, cr0_fixed1; /* bits that must be 1; bits that may be 1 */
	u64 cr4_fixed0, cr4_fixed1;
	u64 ept_vpid; /* VPID in the high half; each half 0 without its control */
	u64 misc;
	u32 maxphyaddr;
	bool unrestricted; /* "unrestricted guest" may be 1 */

	u64 msr[VMX_CAPS_MSRS]; /* what vmx_caps_read() answers */
};

/*
 * Whether a processor has capability MSR `msr`, by what it said in those of lower number. So who
 * fills `hw` in ascending order can ask before each RDMSR. [SDM "VMX Capability Reporting
 * Facility"]
 */
bool vmx_hw_caps_exists(const struct vmx_hw_caps *hw, u32 msr);

/*
 * cr4_valid: the bits that exist by L1's CPUID; CR4.VMXE need not be among them.
 * maxphyaddr: 32..52, as L1's CPUID has it.
 */
void vmx_caps_init(struct vmx_caps *caps, const struct vmx_hw_caps *hw, u64 cr4_valid,
		   u32 maxphyaddr);

/* L1's RDMSR of a capability MSR; false: it does not exist, and the answer is #GP. */
bool vmx_caps_read(const struct vmx_caps *caps, u32 msr, u64 *value);

/* Whether a word of controls is one that VM entry accepts. */
static inline bool vmx_ctls_allow(struct vmx_ctls ctls, u32 value)
{
	return (value & ctls.must) == ctls.must && (value & ~ctls.may) == 0;
}

#endif
