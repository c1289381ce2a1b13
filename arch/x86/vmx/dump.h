/* SPDX-License-Identifier: MIT */
/* VMCSs as text, for the shell and for a panic. */
#ifndef ARCH_X86_VMX_DUMP_H
#define ARCH_X86_VMX_DUMP_H

#include "arch/x86/vmx/vmx.h"

/* REQUEST_PICTURE: copies the current VMCS to x->picture. On its own CPU. */
void vmx_take_picture(struct vmx_vcpu *x);
void vmx_describe(const struct vcpu *v, bool whole, void (*line)(void *ctx, const char *text),
		  void *ctx);

#endif
