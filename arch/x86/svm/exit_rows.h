/* SPDX-License-Identifier: MIT */
/*
 * The rows of exit_codes.def by a dense index, and the pure question of who gets an L2's exit.
 */
#ifndef ARCH_X86_SVM_EXIT_ROWS_H
#define ARCH_X86_SVM_EXIT_ROWS_H

#include "arch/x86/svm/spec.h"

#define SVM_EXIT_NPF_INDEX     0xa0
#define SVM_EXIT_INVALID_INDEX 0xa1
#define SVM_EXIT_OTHER_INDEX   0xa2
#define SVM_EXIT_ROWS	       0xa3

/* Constant for constant codes, so that it serves in designated initialisers. */
#define SVM_EXIT_INDEX(code)                                           \
	((u32)(code) < SVM_EXIT_NPF_INDEX     ? (u32)(code)            \
	 : (u32)(code) == VMEXIT_NPF	      ? SVM_EXIT_NPF_INDEX     \
	 : (u32)(code) == (u32)VMEXIT_INVALID ? SVM_EXIT_INVALID_INDEX \
					      : SVM_EXIT_OTHER_INDEX)

enum svm_exit_owner {
	EXIT_OWNER_L1_IF,
	EXIT_OWNER_L0_FIRST,
};

enum svm_exit_insn {
	EXIT_INSN_NONE,
	EXIT_INSN_LEN,
	EXIT_INSN_CR,
	EXIT_INSN_DR,
	EXIT_INSN_ADDR,
	EXIT_INSN_INT,
	EXIT_INSN_IO,
};

struct svm_exit_row {
	const char *name;
	u8 owner;
	u8 insn;
};

/* The row of an index below SVM_EXIT_ROWS; codes without one of their own share a plain row. */
const struct svm_exit_row *svm_exit_row(u32 index);
const char *svm_exit_name(u32 index);

/* Whether L1 asked for this exit of its guest. [APM "Intercept Operation"] */
static inline bool svm_l1_asked(const struct vmcb_control *vmcb12, u32 code)
{
	const u32 *words = &vmcb12->intercept_cr;

	return code < 6 * 32 && (words[code / 32] & BIT(code % 32));
}

/*
 * Where the two bits of an MSR are in the MSRPM: byte offset and shift; false for an MSR that the
 * map does not have, which always exits. [APM "MSR Intercepts"]
 */
bool svm_msrpm_place(u32 msr, u32 *byte, u32 *shift);

#endif
