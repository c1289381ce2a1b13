/* SPDX-License-Identifier: MIT */
/*
 * VMCS shadowing for L1's plain VMCS: where the CPU has it, VMREAD and VMWRITE of the fields that a
 * hypervisor touches at each exit run without an exit, on a shadow VMCS in the hardware. While it
 * is on, that one has these fields' values, and vmcs12 the others'. Current at each call: vmcs01.
 * [SDM "VMCS Shadowing Bitmap Addresses"]
 */
#ifndef ARCH_X86_VMX_SHADOW_VMCS_H
#define ARCH_X86_VMX_SHADOW_VMCS_H

#include "arch/x86/vmx/vmx.h"

/* `wanted`: the option. Fills the bitmaps; false: too little memory. */
bool shadow_vmcs_machine_init(bool wanted);
/* The VP's shadow VMCS, empty and off; false: too little memory, or the CPU refuses it. */
bool shadow_vmcs_init(struct vmx_vcpu *x);

/* Takes the fields back into vmcs12, and switches shadowing off. */
void shadow_vmcs_stop(struct vmx_vcpu *x);
/* Shows vmcs12 as it is now and switches shadowing on, if a plain VMCS is current. */
void shadow_vmcs_start(struct vmx_vcpu *x);
/* Switches it off; vmcs12 counts no more. */
void shadow_vmcs_forget(struct vmx_vcpu *x);

#endif
