/* SPDX-License-Identifier: MIT */
/*
 * CPUID as L1 sees it: the hardware's answer, less what no row of arch/x86/cpuid_policy.def
 * allows. It executes no CPUID, and the hypervisor's leaves (40000000h and up) are not its own.
 */
#ifndef ARCH_X86_CPUID_POLICY_H
#define ARCH_X86_CPUID_POLICY_H

#include "lib/bits.h"

enum cpuid_reg {
	CPUID_EAX,
	CPUID_EBX,
	CPUID_ECX,
	CPUID_EDX,
};

#define CPUID_POLICY_ROWS_MAX 64
#define CPUID_POLICY_BASIC    0x20 /* leaves 0..1Fh */
#define CPUID_POLICY_EXTENDED 0x27 /* leaves 80000000h..80000026h */

/* One leaf, or one subleaf, that exists for L1: the answer is the hardware's & keep | set. */
struct cpuid_row {
	u32 keep[4];
	u32 set[4];
	u32 subleaf; /* or CPUID_ANY */
	u8 ecx_bit;  /* ECX bit that mirrors a bit of CR4; 0: none */
	u8 cr4_bit;
	bool last; /* of its leaf */
};

#define CPUID_ANY 0xffffffffu

/* Boot-constant after cpuid_policy_init(). */
struct cpuid_policy {
	u8 basic[CPUID_POLICY_BASIC];	    /* leaf -> its first row + 1; 0: reads as zero */
	u8 extended[CPUID_POLICY_EXTENDED]; /* leaf - 80000000h -> likewise */
	struct cpuid_row row[CPUID_POLICY_ROWS_MAX];
	unsigned int count;
};

/* What the hardware says (every CPU the same), and what Plinth wants to offer. */
struct cpuid_policy_hw {
	u32 max_basic;	  /* Fn0000_0000_EAX */
	u32 max_extended; /* Fn8000_0000_EAX; below 80000000h: there are none */
	u32 svm_features; /* Fn8000_000A_EDX, 0 without SVM */
	bool hyperv;	  /* offer the Hyper-V interface: Fn1_ECX[31] */
	bool svm;	  /* offer SVM: Fn8000_0001_ECX[2] and Fn8000_000A */
	bool vmx;	  /* offer VMX: Fn1_ECX[5] */
	bool no_x2apic;	  /* do not offer x2APIC where the CPU has it: Fn1_ECX[21] */
	u32 asids;	  /* NASID for L1; less than 64, so 0 too, means 32768 */
};

void cpuid_policy_init(struct cpuid_policy *p, const struct cpuid_policy_hw *hw);

/* The row of a leaf, NULL when it reads as zero. Inline: CPUID is what L1 exits for most. */
static inline const struct cpuid_row *cpuid_policy_find(const struct cpuid_policy *p, u32 leaf,
							u32 subleaf)
{
	const struct cpuid_row *row;
	u8 slot = 0;

	if (leaf < CPUID_POLICY_BASIC) {
		slot = p->basic[leaf];
	} else if (leaf - 0x80000000u < CPUID_POLICY_EXTENDED) {
		slot = p->extended[leaf - 0x80000000u];
	}
	if (!slot) {
		return NULL;
	}
	for (row = &p->row[slot - 1]; row->subleaf != CPUID_ANY && row->subleaf != subleaf; row++) {
		if (row->last) {
			return NULL;
		}
	}
	return row;
}

/*
 * Turns the hardware's answer in regs (EAX, EBX, ECX, EDX) to CPUID(leaf, subleaf), executed on
 * L1's CPU under L1's XCR0, into L1's. Leaves that do not exist or are not offered come out as
 * zero, whatever regs held. cr4: L1's. Not for 40000000h..4FFFFFFFh: these come out as zero too.
 */
static inline void cpuid_policy_apply(const struct cpuid_policy *p, u32 leaf, u32 subleaf, u64 cr4,
				      u32 regs[4])
{
	const struct cpuid_row *row = cpuid_policy_find(p, leaf, subleaf);

	if (!row) {
		regs[0] = regs[1] = regs[2] = regs[3] = 0;
		return;
	}
	regs[CPUID_EAX] = (regs[CPUID_EAX] & row->keep[CPUID_EAX]) | row->set[CPUID_EAX];
	regs[CPUID_EBX] = (regs[CPUID_EBX] & row->keep[CPUID_EBX]) | row->set[CPUID_EBX];
	regs[CPUID_ECX] = (regs[CPUID_ECX] & row->keep[CPUID_ECX]) | row->set[CPUID_ECX];
	regs[CPUID_EDX] = (regs[CPUID_EDX] & row->keep[CPUID_EDX]) | row->set[CPUID_EDX];
	if (row->ecx_bit) {
		regs[CPUID_ECX] |= (u32)(cr4 >> row->cr4_bit & 1) << row->ecx_bit;
	}
}

/* CPUID Fn8000_000A_EDX as L1 sees it; 0 when SVM is not offered. */
u32 cpuid_policy_svm_features(const struct cpuid_policy *p);

#endif
