/* SPDX-License-Identifier: MIT */
/*
 * vmcb12 + vmcb01 -> vmcb02: whatever L1 writes, what Plinth must keep is kept, and what Plinth
 * does not emulate never reaches the hardware. Facts I2, I3, E4, E5, E6 (CVE-2021-3653,
 * CVE-2021-3656).
 */
#include "tests/unit/unit.h"
#include "arch/x86/msr_policy.h"
#include "arch/x86/svm/merge.h"

#include "tests/unit/vmcb_fields.h"

#define IOPM_SPA       0x1111000ull
#define MSRPM_SPA      0x2222000ull
#define NPT01	       0x3333000ull

#define VMCB01_PATTERN 0x5a
#define VMCB02_PATTERN 0xc3

static struct vmcb vmcb12, vmcb01, vmcb02;

static void reset(void)
{
	memset(&vmcb12, 0, sizeof(vmcb12));
	memset(&vmcb01, VMCB01_PATTERN, sizeof(vmcb01));
	memset(&vmcb02, VMCB02_PATTERN, sizeof(vmcb02));
}

static void merge(u32 features, bool gif)
{
	struct svm_merge_env env = {
		.features = features,
		.iopm_spa = IOPM_SPA,
		.msrpm_spa = MSRPM_SPA,
		.npt01 = NPT01,
		.gif = gif,
	};

	svm_merge(&vmcb12.control, &vmcb01, &env, &vmcb02);
}

static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1dull;
}

static void fill_random(void *to, size_t len, u64 *seed)
{
	for (size_t i = 0; i < len; i++) {
		((u8 *)to)[i] = (u8)(next_random(seed) >> 32);
	}
}

/* Intercepts */

#define WORDS 6

/* I2, written down once more by code: what L2 must never do without Plinth. */
static const struct {
	const char *name;
	u32 exit_code;
	bool unless_vgif;
} mandatory[] = {
	{ "NMI: Plinth's kick", 0x61, false },
	{ "INIT", 0x63, false },
	{ "CPUID", 0x72, false },
	{ "INVD", 0x76, false },
	{ "INVLPGA", 0x7a, false },
	{ "I/O", 0x7b, false },
	{ "MSR", 0x7c, false },
	{ "shutdown", 0x7f, false },
	{ "VMRUN", 0x80, false },
	{ "VMMCALL", 0x81, false },
	{ "VMLOAD", 0x82, false },
	{ "VMSAVE", 0x83, false },
	{ "STGI", 0x84, true },
	{ "CLGI", 0x85, true },
	{ "SKINIT", 0x86, false },
};

static void mandatory_words(bool vgif, u32 words[WORDS])
{
	memset(words, 0, WORDS * sizeof(*words));
	for (size_t i = 0; i < ARRAY_SIZE(mandatory); i++) {
		if (!vgif || !mandatory[i].unless_vgif) {
			words[mandatory[i].exit_code / 32] |= (u32)BIT(mandatory[i].exit_code % 32);
		}
	}
}

static void i2_each_intercept_reaches_vmcb02(void **state)
{
	u32 base[WORDS];

	(void)state;
	mandatory_words(false, base);
	for (unsigned int bit = 0; bit < WORDS * 32; bit++) {
		u32 *wish = &vmcb12.control.intercept_cr;
		const u32 *got = &vmcb02.control.intercept_cr;

		reset();
		wish[bit / 32] = (u32)BIT(bit % 32);
		merge(~0u, true);
		for (unsigned int w = 0; w < WORDS; w++) {
			if (got[w] != (base[w] | wish[w])) {
				fail_msg("bit %u: word %u is %x", bit, w, got[w]);
			}
		}
	}
}

/* E6: random images, each of which Plinth survives. */
static void i2_mandatory_intercepts_always(void **state)
{
	u64 seed = 0x9e3779b97f4a7c15ull;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		u32 features = (u32)next_random(&seed);
		const u32 *wish = &vmcb12.control.intercept_cr;
		const u32 *got = &vmcb02.control.intercept_cr;
		u32 base[WORDS];

		fill_random(&vmcb12.control, sizeof(vmcb12.control), &seed);
		merge(features, features & 1);
		mandatory_words((features & SVM_FEATURE_VGIF) &&
					(vmcb12.control.int_ctl & V_GIF_ENABLE),
				base);
		for (unsigned int w = 0; w < WORDS; w++) {
			assert_int_equal(got[w], base[w] | wish[w]);
		}
	}
}

static void vgif_frees_stgi_and_clgi(void **state)
{
	static const struct {
		u32 features;
		u64 int_ctl;
		bool intercepted;
	} rows[] = {
		{ 0, 0, true },
		{ 0, V_GIF_ENABLE | V_GIF, true },
		{ (u32)SVM_FEATURE_VGIF, 0, true },
		{ (u32)SVM_FEATURE_VGIF, V_GIF, true },
		{ (u32)SVM_FEATURE_VGIF, V_GIF_ENABLE, false },
		{ ~(u32)SVM_FEATURE_VGIF, ~0ull, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcb12.control.int_ctl = rows[i].int_ctl;
		merge(rows[i].features, true);
		assert_int_equal(!!(vmcb02.control.intercept_misc2 & INTERCEPT_STGI),
				 rows[i].intercepted);
		assert_int_equal(!!(vmcb02.control.intercept_misc2 & INTERCEPT_CLGI),
				 rows[i].intercepted);
		/* L1's own wish stays. */
		vmcb12.control.intercept_misc2 = (u32)INTERCEPT_STGI;
		merge(rows[i].features, true);
		assert_true(vmcb02.control.intercept_misc2 & INTERCEPT_STGI);
	}
}

/* Virtual interrupts */

static void e4_every_bit_of_int_ctl(void **state)
{
	static const struct {
		u64 mask;
		bool vgif; /* only with the feature */
	} passed[] = {
		{ GENMASK(8, 0), false },   /* V_TPR, V_IRQ */
		{ BIT(9), true },	    /* V_GIF */
		{ GENMASK(20, 16), false }, /* V_INTR_PRIO, V_IGN_TPR */
		{ BIT(24), false },	    /* V_INTR_MASKING */
		{ BIT(25), true },	    /* V_GIF_ENABLE */
		{ GENMASK(39, 32), false }, /* V_INTR_VECTOR */
	};
	static const u32 features[] = { 0, (u32)SVM_FEATURE_VGIF, ~0u, ~(u32)SVM_FEATURE_VGIF };

	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (size_t f = 0; f < ARRAY_SIZE(features); f++) {
			bool vgif = features[f] & SVM_FEATURE_VGIF;
			u64 expected = 0;

			for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
				expected |= passed[i].vgif && !vgif ? 0 : passed[i].mask;
			}
			reset();
			vmcb12.control.int_ctl = BIT(bit);
			merge(features[f], true);
			assert_int_equal(vmcb02.control.int_ctl, BIT(bit) & expected);
			merge(features[f], false);
			assert_int_equal(vmcb02.control.int_ctl,
					 (BIT(bit) & expected) | V_INTR_MASKING);
		}
	}
}

/* CVE-2021-3653: AVIC, x2AVIC and virtual NMI, whatever the hardware can. */
static void e4_avic_never_reaches_vmcb02(void **state)
{
	u64 seed = 0xdeadbeefcafef00dull;
	const u64 never = V_AVIC_ENABLE | V_X2AVIC_ENABLE | V_NMI | V_NMI_MASK | V_NMI_ENABLE |
			  BIT(10) | GENMASK(15, 13) | GENMASK(23, 21) | GENMASK(29, 27) |
			  GENMASK(63, 40);

	(void)state;
	reset();
	for (int i = 0; i < 200000; i++) {
		vmcb12.control.int_ctl = next_random(&seed);
		merge((u32)next_random(&seed), i & 1);
		assert_int_equal(vmcb02.control.int_ctl & never, 0);
	}
}

/* Addresses and switches that are Plinth's alone */

/* CVE-2021-3656: virtual VMLOAD and VMSAVE would work on the machine's memory. */
static void e5_virt_ext_and_paging_are_plinths(void **state)
{
	u64 seed = 0x123456789abcdefull;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		reset();
		fill_random(&vmcb12, sizeof(vmcb12), &seed);
		merge((u32)next_random(&seed), true);
		assert_int_equal(vmcb02.control.virt_ext, 0);
		assert_int_equal(vmcb02.control.np_enable, NP_ENABLE);
		assert_int_equal(vmcb02.control.iopm_base_pa, IOPM_SPA);
		assert_int_equal(vmcb02.control.msrpm_base_pa, MSRPM_SPA);
		if (!(vmcb12.control.np_enable & NP_ENABLE)) {
			assert_int_equal(vmcb02.control.n_cr3, NPT01);
		}
		assert_int_equal(vmcb02.control.interrupt_shadow & ~3ull, 0);
		assert_int_equal(vmcb02.control.interrupt_shadow,
				 vmcb12.control.interrupt_shadow & 3);
		assert_int_equal(vmcb02.control.tsc_offset,
				 vmcb12.control.tsc_offset + vmcb01.control.tsc_offset);
	}
}

/* What svm_merge() writes; all else of vmcb02 stays, so no other wish of L1 gets there. */
static const struct vmcb_field written[] = {
	VMCB_FIELD(control.intercept_cr),
	VMCB_FIELD(control.intercept_dr),
	VMCB_FIELD(control.intercept_exceptions),
	VMCB_FIELD(control.intercept_misc1),
	VMCB_FIELD(control.intercept_misc2),
	VMCB_FIELD(control.intercept_misc3),
	VMCB_FIELD(control.pause_filter_threshold),
	VMCB_FIELD(control.pause_filter_count),
	VMCB_FIELD(control.iopm_base_pa),
	VMCB_FIELD(control.msrpm_base_pa),
	VMCB_FIELD(control.tsc_offset),
	VMCB_FIELD(control.int_ctl),
	VMCB_FIELD(control.interrupt_shadow),
	VMCB_FIELD(control.exitintinfo), /* to 0: stale */
	VMCB_FIELD(control.eventinj),
	VMCB_FIELD(control.np_enable),
	VMCB_FIELD(control.virt_ext),
	VMCB_FIELD(control.nrip),
};

static const struct vmcb_field written_without_npt[] = {
	VMCB_FIELD(control.n_cr3),
	VMCB_FIELD(save.g_pat),
};

static void nothing_else_is_written(void **state)
{
	u64 seed = 42;

	(void)state;
	for (int i = 0; i < 200; i++) {
		u8 may[PAGE_SIZE] = { 0 };

		reset();
		fill_random(&vmcb12, sizeof(vmcb12), &seed);
		merge(~0u, true);
		vmcb_fields_mark(may, written, ARRAY_SIZE(written), 1);
		if (!(vmcb12.control.np_enable & NP_ENABLE)) {
			vmcb_fields_mark(may, written_without_npt, ARRAY_SIZE(written_without_npt),
					 1);
		}
		for (size_t b = 0; b < PAGE_SIZE; b++) {
			if (!may[b] && ((u8 *)&vmcb02)[b] != VMCB02_PATTERN) {
				fail_msg("byte %zx of vmcb02 changed", b);
			}
		}
	}
}

static void pause_filter_and_nrip_are_l1s(void **state)
{
	(void)state;
	reset();
	vmcb12.control.pause_filter_threshold = 0x1234;
	vmcb12.control.pause_filter_count = 0x5678;
	vmcb12.control.nrip = 0x1122334455667788ull;
	merge(0, true);
	assert_int_equal(vmcb02.control.pause_filter_threshold, 0x1234);
	assert_int_equal(vmcb02.control.pause_filter_count, 0x5678);
	assert_int_equal(vmcb02.control.nrip, 0x1122334455667788ull);
}

static void g_pat_is_l2s_only_with_nested_paging(void **state)
{
	(void)state;
	reset();
	vmcb02.save.g_pat = 0x0606060606060606ull;
	vmcb01.save.g_pat = 0x0007040600070406ull;
	vmcb12.control.np_enable = NP_ENABLE;
	vmcb02.control.n_cr3 = 0x7777000;
	merge(~0u, true);
	assert_int_equal(vmcb02.save.g_pat, 0x0606060606060606ull);
	assert_int_equal(vmcb02.control.n_cr3, 0x7777000); /* the shadow set decides */
	/* SEV and other bits beside it do not count. */
	vmcb12.control.np_enable = ~NP_ENABLE;
	merge(~0u, true);
	assert_int_equal(vmcb02.save.g_pat, 0x0007040600070406ull);
	assert_int_equal(vmcb02.control.n_cr3, NPT01);
}

/* An error code goes with an exception alone; reserved bits go nowhere. */
static void event_injection_is_constrained(void **state)
{
	static const struct {
		u64 given;
		u64 expected;
	} rows[] = {
		{ 0, 0 },
		{ EVENT_V | FIELD_PREP(EVENT_TYPE_MASK, EVENT_TYPE_EXCEPTION) | EVENT_EV | 13 |
			  0x1234ull << 32,
		  EVENT_V | FIELD_PREP(EVENT_TYPE_MASK, EVENT_TYPE_EXCEPTION) | EVENT_EV | 13 |
			  0x1234ull << 32 },
		{ EVENT_V | EVENT_EV | 0x30 | 0xffull << 32, EVENT_V | 0x30 },
		{ EVENT_V | FIELD_PREP(EVENT_TYPE_MASK, EVENT_TYPE_NMI) | EVENT_EV | 2,
		  EVENT_V | FIELD_PREP(EVENT_TYPE_MASK, EVENT_TYPE_NMI) | 2 },
		{ EVENT_V | 0x30 | GENMASK(30, 12), EVENT_V | 0x30 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcb12.control.eventinj = rows[i].given;
		merge(~0u, true);
		assert_int_equal(vmcb02.control.eventinj, rows[i].expected);
	}
}

/* MSRPM */

struct map12 {
	u8 bytes[MSRPM_SIZE];
	bool readable;
	u8 reads[MSRPM_SIZE];
};

static struct map12 map12;
static u8 msrpm01[MSRPM_SIZE];
static u8 msrpm02[MSRPM_SIZE];

static bool read32(void *ctx, u32 offset, u32 *value)
{
	struct map12 *m = ctx;

	assert_true(offset <= MSRPM_SIZE - 4 && offset % 4 == 0);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(m->reads[offset + i]++, 0);
	}
	if (!m->readable) {
		*value = 0; /* what is left behind by a failed read must not count */
		return false;
	}
	memcpy(value, m->bytes + offset, 4);
	return true;
}

static void merge_maps(void)
{
	memset(msrpm02, 0xff, sizeof(msrpm02));
	memset(map12.reads, 0, sizeof(map12.reads));
	svm_merge_msrpm(msrpm01, read32, &map12, msrpm02);
}

static void all_features(void *context, u32 leaf, u32 subleaf, u32 regs[4])
{
	(void)context;
	(void)subleaf;
	memset(regs, 0xff, 16);
	if (leaf == 1) {
		regs[0] = 0x00800f12; /* family 17h */
	}
}

static void make_policy_map(bool intel)
{
	static struct msr_policy policy;
	struct msr_policy_env env = { .intel = intel, .hyperv = true, .cpuid = all_features };

	msr_policy_init(&policy, &env);
	msr_policy_bitmap_svm(&policy, msrpm01);
}

/* [APM "MSR Intercepts"]: the map's three ranges. */
static bool l2_may(u32 msr, bool write)
{
	u32 n = (msr & 0x1fff) + (msr >= 0xc0010000 ? 0x4000 : msr >= 0xc0000000 ? 0x2000 : 0);

	return !(msrpm02[n / 4] & BIT(n % 4 * 2 + write));
}

/* Under a map of L1 that is all zeros. */
static void i3_an_open_map_leaves_plinths(void **state)
{
	static const struct {
		u32 msr;
		bool read;
		bool write;
	} rows[] = {
		{ 0x00000010, false, false }, /* TSC */
		{ 0x0000001b, false, false }, /* APIC_BASE */
		{ 0x00000048, true, true },   /* SPEC_CTRL */
		{ 0x00000049, false, true },  /* PRED_CMD */
		{ 0x00000174, true, true },   /* SYSENTER_CS */
		{ 0x00000277, false, false }, /* PAT */
		{ 0x00000830, false, false }, /* x2APIC ICR */
		{ 0xc0000080, false, false }, /* EFER */
		{ 0xc0000081, true, true },   /* STAR */
		{ 0xc0000084, true, true },   /* SFMASK */
		{ 0xc0000100, true, true },   /* FS_BASE */
		{ 0xc0000102, true, true },   /* KERNEL_GS_BASE */
		{ 0xc0000103, true, true },   /* TSC_AUX */
		{ 0xc0010114, false, false }, /* VM_CR */
		{ 0xc0010117, false, false }, /* VM_HSAVE_PA */
	};

	(void)state;
	make_policy_map(false);
	memset(&map12, 0, sizeof(map12));
	map12.readable = true;
	merge_maps();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (l2_may(rows[i].msr, false) != rows[i].read ||
		    l2_may(rows[i].msr, true) != rows[i].write) {
			fail_msg("MSR %x: read %d write %d", rows[i].msr,
				 l2_may(rows[i].msr, false), l2_may(rows[i].msr, true));
		}
	}
}

static void i3_unreadable_and_closed_maps(void **state)
{
	u8 ones[MSRPM_SIZE];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	make_policy_map(false);
	memset(&map12, 0, sizeof(map12));
	merge_maps();
	assert_memory_equal(msrpm02, ones, MSRPM_SIZE);
	memset(map12.bytes, 0xff, sizeof(map12.bytes));
	map12.readable = true;
	merge_maps();
	assert_memory_equal(msrpm02, ones, MSRPM_SIZE);
	/* Once open, closed again: nothing of the former guest is left. */
	memset(map12.bytes, 0, sizeof(map12.bytes));
	merge_maps();
	map12.readable = false;
	memset(map12.reads, 0, sizeof(map12.reads));
	svm_merge_msrpm(msrpm01, read32, &map12, msrpm02);
	assert_memory_equal(msrpm02, ones, MSRPM_SIZE);
}

/* I3: every bit is the or of both, or 1. */
static void i3_random_maps(void **state)
{
	u64 seed = 77;

	(void)state;
	map12.readable = true;
	for (int round = 0; round < 50; round++) {
		fill_random(map12.bytes, MSRPM_SIZE, &seed);
		if (round & 1) {
			make_policy_map(false);
		} else {
			fill_random(msrpm01, MSRPM_SIZE, &seed);
		}
		merge_maps();
		for (u32 i = 0; i < MSRPM_SIZE; i++) {
			u8 both = msrpm01[i] | map12.bytes[i];

			assert_true(msrpm02[i] == both || msrpm02[i] == 0xff);
		}
	}
}

/* Words that Plinth leaves open whole are L1's to close. */
static void i3_open_words_are_l1s(void **state)
{
	u32 word;

	(void)state;
	memset(msrpm01, 0, sizeof(msrpm01));
	memset(map12.bytes, 0x24, sizeof(map12.bytes));
	map12.readable = true;
	merge_maps();
	memcpy(&word, msrpm02 + 0x820, sizeof(word));
	assert_int_equal(word, 0x24242424);
	memcpy(&word, msrpm02 + 0x824, sizeof(word));
	assert_int_equal(word, 0xffffffff);
}

/* L1 may intercept each MSR alone. */
static void e6_each_bit_of_l1s_map(void **state)
{
	(void)state;
	make_policy_map(false);
	memset(&map12, 0, sizeof(map12));
	map12.readable = true;
	for (u32 bit = 0; bit < MSRPM_SIZE * 8; bit++) {
		if (msrpm01[bit / 8] & BIT(bit % 8)) {
			continue;
		}
		map12.bytes[bit / 8] = (u8)BIT(bit % 8);
		merge_maps();
		assert_true(msrpm02[bit / 8] & BIT(bit % 8));
		map12.bytes[bit / 8] = 0;
	}
}

/* [TLFS "Enlightened MSR Bitmap"]: one entry of L1, and whether the merge of before may stay. */
struct stay_row {
	const char *name;
	u64 msrpm;
	u32 clean;
	bool offered, control, intercept;
	bool stays;
};

#define CLEAN BIT(31)

/* Each row is an entry, after the one above it. */
static const struct stay_row stays[] = {
	/* clang-format off */
	{ "the first", 0x7000, 0, true, true, true, .stays = false },
	{ "unchanged", 0x7000, CLEAN, true, true, true, .stays = true },
	{ "unchanged again", 0x7000, CLEAN, true, true, true, .stays = true },
	{ "low bits of the address do not count", 0x7abc, CLEAN, true, true, true, .stays = true },
	{ "changed", 0x7000, 0, true, true, true, .stays = false },
	{ "then clean", 0x7000, CLEAN, true, true, true, .stays = true },
	{ "all clean but bit 31", 0x7000, 0x7fffffff, true, true, true, .stays = false },
	{ "all clean", 0x7000, 0xffffffff, true, true, true, .stays = true },
	{ "another map", 0x9000, CLEAN, true, true, true, .stays = false },
	{ "that again", 0x9000, CLEAN, true, true, true, .stays = true },
	{ "and back", 0x7000, CLEAN, true, true, true, .stays = false },
	{ "no enlightenment", 0x7000, CLEAN, true, false, true, .stays = false },
	{ "on again; changes meanwhile?", 0x7000, CLEAN, true, true, true, .stays = false },
	{ "then clean again", 0x7000, CLEAN, true, true, true, .stays = true },
	{ "no intercept", 0x7000, CLEAN, true, true, false, .stays = false },
	{ "again with it", 0x7000, CLEAN, true, true, true, .stays = false },
	{ "and once more", 0x7000, CLEAN, true, true, true, .stays = true },
	{ "not offered", 0x7000, CLEAN, false, true, true, .stays = false },
	{ "never while not offered", 0x7000, CLEAN, false, true, true, .stays = false },
	/* clang-format on */
};

static void the_merged_map_stays_while_clean(void **state)
{
	/* A first map at GPA 0 is no merge of it yet. */
	u64 merged = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stays); i++) {
		const struct stay_row *r = &stays[i];

		memset(&vmcb12, 0, sizeof(vmcb12));
		vmcb12.control.msrpm_base_pa = r->msrpm;
		vmcb12.control.hv_enlightenments_control = r->control ? BIT(1) : (u32)~BIT(1);
		vmcb12.control.intercept_misc1 = r->intercept ? INTERCEPT_MSR_PROT : 0;
		if (svm_msrpm_may_stay(&vmcb12.control, r->clean, r->offered, &merged) !=
		    r->stays) {
			fail_msg("%s: %s", r->name, r->stays ? "merged" : "stays");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i2_each_intercept_reaches_vmcb02),
		cmocka_unit_test(i2_mandatory_intercepts_always),
		cmocka_unit_test(vgif_frees_stgi_and_clgi),
		cmocka_unit_test(e4_every_bit_of_int_ctl),
		cmocka_unit_test(e4_avic_never_reaches_vmcb02),
		cmocka_unit_test(e5_virt_ext_and_paging_are_plinths),
		cmocka_unit_test(nothing_else_is_written),
		cmocka_unit_test(pause_filter_and_nrip_are_l1s),
		cmocka_unit_test(g_pat_is_l2s_only_with_nested_paging),
		cmocka_unit_test(event_injection_is_constrained),
		cmocka_unit_test(i3_an_open_map_leaves_plinths),
		cmocka_unit_test(i3_unreadable_and_closed_maps),
		cmocka_unit_test(i3_random_maps),
		cmocka_unit_test(i3_open_words_are_l1s),
		cmocka_unit_test(e6_each_bit_of_l1s_map),
		cmocka_unit_test(the_merged_map_stays_while_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
