/* SPDX-License-Identifier: MIT */
/*
 * Which VM-execution, exit and entry controls Plinth runs L1 with: what it must have, what it wants
 * where the CPU has it, what it can never have. Pure: it reads no MSR.
 */
#ifndef ARCH_X86_VMX_CONTROLS_H
#define ARCH_X86_VMX_CONTROLS_H

#include "arch/x86/vmx/spec.h"

enum vmx_control_word {
	VMX_WORD_PIN,
	VMX_WORD_PRIMARY,
	VMX_WORD_SECONDARY,
	VMX_WORD_EXIT,
	VMX_WORD_ENTRY,
	VMX_WORDS,
};

struct vmx_controls {
	u32 word[VMX_WORDS];
};

/* A bit that stands in the way, and why. */
struct vmx_refusal {
	const char *name; /* the control, as [SDM "VM-Execution Control Fields"] calls it */
	bool missing;	  /* Plinth needs it; else it cannot be switched off */
};

/* The capability MSR of a word: the TRUE one where there is one. */
u32 vmx_controls_msr(enum vmx_control_word word);

/*
 * Chooses the controls by the MSRs (allowed 0-settings in the low half, allowed 1-settings in the
 * high half). False: this CPU will not do, and *refusal says why.
 */
bool vmx_controls_choose(const u64 msr[VMX_WORDS], struct vmx_controls *out,
			 struct vmx_refusal *refusal);

#endif
