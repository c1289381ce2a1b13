/* SPDX-License-Identifier: MIT */
/* Carries out what the pure logic of hv/ decides: registers, overlays, flushes, crash reports. */
#ifndef ARCH_X86_HV_SHELL_H
#define ARCH_X86_HV_SHELL_H

#include "arch/x86/vcpu.h"
#include "hv/hypercall.h"

/* `option`: the hv= text. Once, when the VPs' number is known; false: too little memory. */
bool hv_shell_init(const char *option, u32 vps);
bool hv_shell_offers(void);
void hv_shell_cpuid(u32 leaf, u32 subleaf, u32 regs[4]);
enum outcome hv_shell_rdmsr(struct vcpu *v, u32 msr, u64 *value);
enum outcome hv_shell_wrmsr(struct vcpu *v, u32 msr, u64 value);
/* The hypercall instruction of L1. */
enum outcome hv_shell_hypercall(struct vcpu *v, const struct hv_caller *caller);
/* What the page at gpa shows in place of L1's RAM, or NULL: to fetch the hypercall page's bytes. */
const u8 *hv_shell_overlay(u64 gpa);

#endif
