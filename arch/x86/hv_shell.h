/* SPDX-License-Identifier: MIT */
/* Carries out what the pure logic of hv/ decides: registers, overlays, flushes, crash reports. */
#ifndef ARCH_X86_HV_SHELL_H
#define ARCH_X86_HV_SHELL_H

#include "arch/x86/vcpu.h"
#include "hv/hypercall.h"

/* `option`: the hv= text. Once, when the VPs' number is known; false: too little memory. */
bool hv_shell_init(const char *option, u32 vps);
bool hv_shell_offers(void);
/* Whether L1 is told of them; constant after hv_shell_init. [TLFS "Nested Virtualization"] */
bool hv_shell_has_evmcs(void);
bool hv_shell_has_emsr_bitmap(void);
void hv_shell_cpuid(u32 leaf, u32 subleaf, u32 regs[4]);
enum outcome hv_shell_rdmsr(struct vcpu *v, u32 msr, u64 *value);
enum outcome hv_shell_wrmsr(struct vcpu *v, u32 msr, u64 value);
/* The hypercall instruction of L1. */
enum outcome hv_shell_hypercall(struct vcpu *v, const struct hv_caller *caller);
/* Where the two overlay pages with Plinth's contents are shown, or HV_OVERLAY_OFF; what they are.
 */
extern u64 hv_shell_shown[2];	 /* (a) */
extern u8 *hv_shell_contents[2]; /* (b) */

/* What the page at gpa shows in place of L1's RAM, or NULL: to fetch the hypercall page's bytes. */
static inline const u8 *hv_shell_overlay(u64 gpa)
{
	for (u32 i = 0; i < ARRAY_SIZE(hv_shell_shown); i++) {
		if (unlikely((gpa & PAGE_MASK) == hv_shell_shown[i])) {
			return hv_shell_contents[i];
		}
	}
	return NULL;
}

#endif
