/* SPDX-License-Identifier: MIT */
/* What entry.S knows of struct vmx_vcpu, of struct percpu and of the VMCS; vmx.h asserts it. */
#ifndef ARCH_X86_VMX_OFFSETS_H
#define ARCH_X86_VMX_OFFSETS_H

#define VMX_VCPU_HOST_RSP 128
#define VMX_VCPU_NMIS	  136
#define VMX_PERCPU_NMIS	  188
#define VMX_HOST_RSP	  0x6c14 /* VMCS_host_rsp */

#endif
