/* SPDX-License-Identifier: MIT */
/* RDMSR and WRMSR of L1 that exit: what arch/x86/msr_policy.c decided, carried out. */
#ifndef ARCH_X86_MSR_H
#define ARCH_X86_MSR_H

#include "arch/x86/vcpu.h"

/*
 * Once, after cpuid_init(). Fills vmcb01's permission map (2000h bytes) or, for Intel, the MSR
 * bitmap of vmcs01 (1000h).
 */
void msr_init(bool intel, bool hyperv, u8 *map01);
enum outcome vcpu_rdmsr(struct vcpu *v, u32 msr, u64 *value);
enum outcome vcpu_wrmsr(struct vcpu *v, u32 msr, u64 value);

#endif
