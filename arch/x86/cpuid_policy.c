/* SPDX-License-Identifier: MIT */
/*
 * The policy of arch/x86/cpuid_policy.def, laid out at boot so that a CPUID exit finds its row by
 * one index and is answered with one mask for each register.
 */
#include "arch/x86/cpuid_policy.h"
#include "arch/x86/spec.h"
#include "lib/string.h"

#define EXTENDED 0x80000000u

static const struct {
	u32 leaf;
	u32 subleaf;
	u32 keep[4];
} table[] = {
#define LEAF(leaf, subleaf, eax, ebx, ecx, edx) { leaf, subleaf, { eax, ebx, ecx, edx } },
#include "arch/x86/cpuid_policy.def"
};
_Static_assert(ARRAY_SIZE(table) < CPUID_POLICY_ROWS_MAX, "one more is for Fn8000_000A");

/* Where the first row of a leaf of the table is noted. */
static u8 *slot_of(struct cpuid_policy *p, u32 leaf)
{
	return leaf < EXTENDED ? &p->basic[leaf] : &p->extended[leaf - EXTENDED];
}

static struct cpuid_row *row_of(struct cpuid_policy *p, u32 leaf)
{
	u8 slot = *slot_of(p, leaf);

	return slot ? &p->row[slot - 1] : NULL;
}

static struct cpuid_row *add_row(struct cpuid_policy *p, u32 leaf, u32 subleaf)
{
	struct cpuid_row *row = &p->row[p->count++];
	u8 *slot = slot_of(p, leaf);

	row->subleaf = subleaf;
	row->last = true;
	if (*slot) {
		row[-1].last = false;
	} else {
		*slot = (u8)p->count;
	}
	return row;
}

/*
 * Fn8000_000A is Plinth's own making. What it supplies in software is there whatever the hardware
 * has; what needs hardware's help as L2 runs is there when the hardware has it. No LBR, TSC ratio,
 * AVIC, virtual VMLOAD and VMSAVE: not emulated.
 */
static u32 svm_features(u32 hardware)
{
	u32 always = (u32)(SVM_FEATURE_NP | SVM_FEATURE_NRIPS | SVM_FEATURE_VMCB_CLEAN |
			   SVM_FEATURE_FLUSH_BY_ASID | SVM_FEATURE_DECODE_ASSISTS);
	u32 passed = (u32)(SVM_FEATURE_VGIF | SVM_FEATURE_PAUSE_FILTER | SVM_FEATURE_SVME_ADDR_CHK);

	if (hardware & SVM_FEATURE_PAUSE_FILTER) {
		passed |= (u32)SVM_FEATURE_PAUSE_THRESHOLD;
	}
	return always | (hardware & passed);
}

static void offer_svm(struct cpuid_policy *p, const struct cpuid_policy_hw *hw)
{
	struct cpuid_row *features = row_of(p, 0x80000001);
	struct cpuid_row *svm;

	if (!hw->svm || !features || hw->max_extended < 0x8000000a) {
		return;
	}
	features->set[CPUID_ECX] |= (u32)CPUID_80000001_ECX_SVM;
	svm = add_row(p, 0x8000000a, CPUID_ANY);
	svm->set[CPUID_EAX] = 1; /* revision */
	svm->set[CPUID_EBX] = hw->asids >= 64 ? hw->asids : 32768;
	svm->set[CPUID_EDX] = svm_features(hw->svm_features);
}

static void complete(struct cpuid_policy *p, const struct cpuid_policy_hw *hw)
{
	struct cpuid_row *row = row_of(p, 0);

	row->set[CPUID_EAX] = MIN(hw->max_basic, CPUID_POLICY_BASIC - 1u);
	row = row_of(p, EXTENDED);
	if (row) {
		row->set[CPUID_EAX] = MIN(hw->max_extended, EXTENDED + CPUID_POLICY_EXTENDED - 1);
	}
	row = row_of(p, 1);
	if (row) {
		if (hw->no_x2apic) {
			row->keep[CPUID_ECX] &= ~(u32)CPUID_1_ECX_X2APIC;
		}
		row->set[CPUID_ECX] = (u32)((hw->hyperv ? CPUID_1_ECX_HYPERVISOR : 0) |
					    (hw->vmx ? CPUID_1_ECX_VMX : 0));
		row->ecx_bit = 27; /* OSXSAVE */
		row->cr4_bit = 18;
	}
	row = row_of(p, 0x80000008);
	if (row) {
		row->set[CPUID_EBX] = (u32)BIT(20); /* EferLmsleUnsupported */
	}
	row = row_of(p, 7);
	if (row) {
		row->ecx_bit = 4; /* OSPKE */
		row->cr4_bit = 22;
	}
}

void cpuid_policy_init(struct cpuid_policy *p, const struct cpuid_policy_hw *hw)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		u32 max = table[i].leaf < EXTENDED ? hw->max_basic : hw->max_extended;

		if (table[i].leaf <= max) {
			struct cpuid_row *row = add_row(p, table[i].leaf, table[i].subleaf);

			memcpy(row->keep, table[i].keep, sizeof(row->keep));
		}
	}
	complete(p, hw);
	offer_svm(p, hw);
}

u32 cpuid_policy_svm_features(const struct cpuid_policy *p)
{
	u32 regs[4] = { 0 };

	cpuid_policy_apply(p, 0x8000000a, 0, 0, regs);
	return regs[CPUID_EDX];
}
