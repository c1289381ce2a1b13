/* SPDX-License-Identifier: MIT */
/*
 * vmcb02 + exit -> vmcb12: what L1 reads after a #VMEXIT of its guest. Pure: writes one image,
 * which is L1's own page, and never reads it. L1's clean bits are L1's: never written.
 */
#ifndef ARCH_X86_SVM_REFLECT_H
#define ARCH_X86_SVM_REFLECT_H

#include "arch/x86/svm/spec.h"

struct svm_exit_info {
	u64 code; /* 64-bit, as the APM has it */
	u64 info1;
	u64 info2;
	u64 nrip;
	u8 insn_len;
	u8 insn_bytes[15];
};

/* Virtual interrupt control as #VMEXIT leaves it. V_GIF is live only when it is enabled. */
static inline u64 svm_reflect_int_ctl(u64 int_ctl02, u64 given)
{
	u64 written = V_TPR_MASK | V_IRQ | (int_ctl02 & V_GIF_ENABLE ? V_GIF : 0);

	return (given & ~written) | (int_ctl02 & written);
}

/* `given`: the controls as L1 gave them, which say what of int_ctl and whether G_PAT changes. */
void svm_reflect(const struct vmcb *vmcb02, const struct svm_exit_info *exit,
		 const struct vmcb_control *given, struct vmcb *vmcb12);
/* VMRUN refused: only the exit code changes. [APM "Canonicalization and Consistency Checks"] */
void svm_reflect_invalid(struct vmcb *vmcb12);

#endif
