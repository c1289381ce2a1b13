/* SPDX-License-Identifier: MIT */
/* NMIs under VMX: Plinth's own kicks, the console's, and L1's. */
#ifndef ARCH_X86_VMX_NMI_H
#define ARCH_X86_VMX_NMI_H

#include "arch/x86/asm.h"
#include "arch/x86/vmx/vmx.h"

/* Whether Plinth's handler has taken NMIs since the last vmx_nmi_arrived(). */
static inline bool vmx_nmi_is_new(const struct vmx_vcpu *x)
{
	return (u32)x->v.entry_word[VMX_WORD_NMIS] !=
	       __atomic_load_n(&x->v.cpu->nmis, __ATOMIC_RELAXED);
}

/* Finds out whose the NMIs are. */
void vmx_nmi_arrived(struct vmx_vcpu *x);
/* Forgets those that came before: L1's first instruction is still to come. */
void vmx_nmi_forget(struct vmx_vcpu *x);
/* Gives L1 an NMI that waits, or makes it exit as soon as it can take one. */
void vmx_nmi_deliver(struct vmx_vcpu *x);
/* The exit for an NMI that the guest's own IRET had just unblocked: blocks them again. */
void vmx_nmi_block_again(void);

#endif
