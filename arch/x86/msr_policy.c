/* SPDX-License-Identifier: MIT */
/*
 * The policy of arch/x86/msr_policy.def: at boot the rows that hold on this machine go, sorted,
 * into one array; an access finds its row there by binary search.
 */
#include "arch/x86/msr_policy.h"
#include "arch/x86/cpuid_policy.h"
#include "arch/x86/spec.h"
#include "lib/string.h"

enum condition {
	CONDITION_ALWAYS,
	CONDITION_HYPERV,
#define WHEN(name, leaf, subleaf, reg, bit) CONDITION_##name,
#define OR(name, leaf, subleaf, reg, bit)
#define WHEN_FAMILY(name, family) CONDITION_##name,
#include "arch/x86/msr_policy.def"
	CONDITIONS,
};
_Static_assert(CONDITIONS <= 64, "conditions are bits of a u64");

static const struct cpuid_bit {
	u32 leaf;
	u8 subleaf;
	u8 reg;
	u8 bit;
	u8 condition;
} cpuid_bits[] = {
#define WHEN(name, leaf, subleaf, reg, bit) { leaf, subleaf, reg, bit, CONDITION_##name },
#define OR(name, leaf, subleaf, reg, bit)   { leaf, subleaf, reg, bit, CONDITION_##name },
#include "arch/x86/msr_policy.def"
};

static const struct {
	u32 family;
	u8 condition;
} families[] = {
#define WHEN_FAMILY(name, family) { family, CONDITION_##name },
#include "arch/x86/msr_policy.def"
};

/* clang-format off */
#define GP		{ MSR_ACTION_GP, MSR_HANDLER_NONE, 0 }
#define PASS		{ MSR_ACTION_PASS, MSR_HANDLER_NONE, ~0ull }
#define REAL(mask)	{ MSR_ACTION_REAL, MSR_HANDLER_NONE, mask }
#define ZERO		{ MSR_ACTION_ZERO, MSR_HANDLER_NONE, 0 }
#define VIRTUAL(name)	{ MSR_ACTION_VIRTUAL, MSR_HANDLER_##name, 0 }

const struct msr_row msr_policy_table[] = {
#define ROW(first, last, name, read, write, condition)                                             \
	{ first, last, #name, read, write, MSR_VENDOR_ANY, CONDITION_##condition },
#define AMD(first, last, name, read, write, condition)                                             \
	{ first, last, #name, read, write, MSR_VENDOR_AMD, CONDITION_##condition },
#define INTEL(first, last, name, read, write, condition)                                           \
	{ first, last, #name, read, write, MSR_VENDOR_INTEL, CONDITION_##condition },
#include "arch/x86/msr_policy.def"
};

const size_t msr_policy_table_count = ARRAY_SIZE(msr_policy_table);
/* One place stays free: the search starts from a row that matches nothing. */
_Static_assert(ARRAY_SIZE(msr_policy_table) < MSR_POLICY_ROWS_MAX, "too many rows");

static const struct msr_rule denied = GP;
/* clang-format on */

/* [CPUID Fn0000_0001_EAX]: the extended family counts when the base family is Fh. */
static u32 family_of(u32 eax)
{
	u32 base = eax >> 8 & 0xf;

	return base == 0xf ? base + (eax >> 20 & 0xff) : base;
}

static u64 conditions_met(const struct msr_policy_env *env)
{
	u64 met = BIT(CONDITION_ALWAYS) | (env->hyperv ? BIT(CONDITION_HYPERV) : 0);
	u32 regs[4];

	for (size_t i = 0; i < ARRAY_SIZE(cpuid_bits); i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];

		env->cpuid(env->context, b->leaf, b->subleaf, regs);
		if (regs[b->reg] >> b->bit & 1) {
			met |= BIT(b->condition);
		}
	}
	env->cpuid(env->context, 1, 0, regs);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (family_of(regs[CPUID_EAX]) == families[i].family) {
			met |= BIT(families[i].condition);
		}
	}
	return met;
}

void msr_policy_init(struct msr_policy *p, const struct msr_policy_env *env)
{
	u8 other_vendor = env->intel ? MSR_VENDOR_AMD : MSR_VENDOR_INTEL;
	u64 met = conditions_met(env);

	memset(p->first, 0xff, sizeof(p->first));
	memset(p->row, 0, sizeof(p->row));
	p->first[0] = 0;
	p->count = 1;
	for (size_t i = 0; i < ARRAY_SIZE(msr_policy_table); i++) {
		const struct msr_row *row = &msr_policy_table[i];

		if (row->vendor != other_vendor && (met >> row->condition & 1)) {
			p->first[p->count] = row->first;
			p->row[p->count] = row;
			p->count++;
		}
	}
}

/* The last row that starts at or before msr, whether or not it reaches that far. */
static inline const struct msr_row *candidate(const struct msr_policy *p, u32 msr)
{
	const u32 *at = p->first;

#pragma GCC unroll 8
	for (unsigned int step = MSR_POLICY_ROWS_MAX / 2; step; step /= 2) {
		at = at[step] <= msr ? at + step : at;
	}
	return p->row[at - p->first];
}

const struct msr_row *msr_policy_find(const struct msr_policy *p, u32 msr)
{
	const struct msr_row *row = candidate(p, msr);

	return row && msr <= row->last ? row : NULL;
}

const struct msr_rule *msr_policy_read(const struct msr_policy *p, u32 msr)
{
	const struct msr_row *row = candidate(p, msr);

	return row && msr <= row->last ? &row->read : &denied;
}

const struct msr_rule *msr_policy_write(const struct msr_policy *p, u32 msr)
{
	const struct msr_row *row = candidate(p, msr);

	return row && msr <= row->last ? &row->write : &denied;
}

/* The three ranges of [APM "MSR Intercepts"], 800h bytes each; other MSRs always exit. */
static const u32 msrpm_ranges[] = { 0x00000000, 0xc0000000, 0xc0010000 };
#define MSRPM_RANGE_MSRS 0x2000u

typedef void (*let_pass_fn)(u8 *map, u32 msr, bool read, bool write);

/* The even bit of a pair intercepts RDMSR, the odd one WRMSR. */
static void let_pass_svm(u8 *msrpm, u32 msr, bool read, bool write)
{
	for (u32 i = 0; i < ARRAY_SIZE(msrpm_ranges); i++) {
		u32 offset = msr - msrpm_ranges[i];

		if (offset < MSRPM_RANGE_MSRS) {
			u32 pair = i * MSRPM_RANGE_MSRS + offset;
			u32 bits = (read ? 1u : 0) | (write ? 2u : 0);

			msrpm[pair / 4] &= (u8) ~(bits << pair % 4 * 2);
		}
	}
}

/* Read bitmaps of the low and of the high MSRs, then the write bitmaps, 400h bytes each. */
static void let_pass_vmx(u8 *bitmap, u32 msr, bool read, bool write)
{
	u32 offset = msr & ~0xc0000000;
	u32 byte = (msr >= 0xc0000000 ? 0x400 : 0) + offset / 8;
	u8 mask = (u8) ~(1u << offset % 8);

	if (offset >= MSRPM_RANGE_MSRS || (msr >= MSRPM_RANGE_MSRS && msr < 0xc0000000)) {
		return;
	}
	if (read) {
		bitmap[byte] &= mask;
	}
	if (write) {
		bitmap[0x800 + byte] &= mask;
	}
}

static void fill_map(const struct msr_policy *p, u8 *map, let_pass_fn let_pass)
{
	for (unsigned int i = 1; i < p->count; i++) {
		const struct msr_row *row = p->row[i];
		bool read = row->read.action == MSR_ACTION_PASS;
		bool write = row->write.action == MSR_ACTION_PASS;

		/* Rows that pass anything are short; the test holds them to it. */
		for (u32 msr = row->first; (read || write) && msr <= row->last; msr++) {
			let_pass(map, msr, read, write);
		}
	}
}

void msr_policy_bitmap_svm(const struct msr_policy *p, u8 msrpm[0x2000])
{
	memset(msrpm, 0xff, 0x2000);
	fill_map(p, msrpm, let_pass_svm);
}

void msr_policy_bitmap_vmx(const struct msr_policy *p, u8 bitmap[0x1000])
{
	memset(bitmap, 0xff, 0x1000);
	fill_map(p, bitmap, let_pass_vmx);
}

static bool memory_type_legal(u8 type)
{
	/* UC 0, WC 1, WT 4, WP 5, WB 6 */
	return type <= 6 && (0x73 >> type & 1);
}

bool msr_mtrr_legal(u32 msr, u64 value, u64 phys_mbz)
{
	if (msr == MSR_MTRR_DEF_TYPE) {
		/* FE and E are bits 10 and 11. */
		return memory_type_legal((u8)value) && (value & ~(GENMASK(11, 10) | 0xff)) == 0;
	}
	if (msr >= 0x250) {
		for (unsigned int i = 0; i < 8; i++) {
			if (!memory_type_legal((u8)(value >> i * 8))) {
				return false;
			}
		}
		return true;
	}
	if (msr & 1) {
		/* a mask: only V, bit 11, below the address */
		return (value & (phys_mbz | GENMASK(10, 0))) == 0;
	}
	return (value & (phys_mbz | GENMASK(11, 8))) == 0 && memory_type_legal((u8)value);
}
