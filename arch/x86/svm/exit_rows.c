/* SPDX-License-Identifier: MIT */
/* The exit table as data. Pure: also in the host tests. */
#include "arch/x86/svm/exit_rows.h"

static const struct svm_exit_row rows[SVM_EXIT_ROWS] = {
#define EXIT(code, who, what, handler) \
	[SVM_EXIT_INDEX(VMEXIT_##code)] = { #code, EXIT_OWNER_##who, EXIT_INSN_##what },
#include "arch/x86/svm/exit_codes.def"
#undef EXIT
	[SVM_EXIT_INVALID_INDEX] = { "INVALID", EXIT_OWNER_L0_FIRST, EXIT_INSN_NONE },
};

/* The intercepts of 32 registers or vectors each come in blocks, not in rows. */
static const struct svm_exit_row blocks[] = {
	{ "CR_READ", EXIT_OWNER_L1_IF, EXIT_INSN_CR },
	{ "CR_WRITE", EXIT_OWNER_L1_IF, EXIT_INSN_CR },
	{ "DR_READ", EXIT_OWNER_L1_IF, EXIT_INSN_DR },
	{ "DR_WRITE", EXIT_OWNER_L1_IF, EXIT_INSN_DR },
	{ "EXCP", EXIT_OWNER_L1_IF, EXIT_INSN_NONE },
	{ "EXCP", EXIT_OWNER_L1_IF, EXIT_INSN_NONE },
};

static const struct svm_exit_row other = { "other", EXIT_OWNER_L1_IF, EXIT_INSN_NONE };

const struct svm_exit_row *svm_exit_row(u32 index)
{
	if (index < ARRAY_SIZE(blocks) * 16) {
		return &blocks[index / 16];
	}
	if (index < SVM_EXIT_ROWS && rows[index].name) {
		return &rows[index];
	}
	return &other;
}

const char *svm_exit_name(u32 index)
{
	return svm_exit_row(index)->name;
}

bool svm_msrpm_place(u32 msr, u32 *byte, u32 *shift)
{
	static const struct {
		u32 first;
		u32 offset;
	} ranges[] = { { 0, 0x000 }, { 0xc0000000, 0x800 }, { 0xc0010000, 0x1000 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		u32 n = msr - ranges[i].first;

		if (n < 0x2000) {
			*byte = ranges[i].offset + n / 4;
			*shift = n % 4 * 2;
			return true;
		}
	}
	return false;
}
