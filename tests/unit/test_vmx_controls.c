/* SPDX-License-Identifier: MIT */
/* The negotiation of controls: what Bochs' Skylake-X offers, and each way in which it may fail. */
#include "arch/x86/vmx/controls.h"
#include "tests/unit/unit.h"

static const u64 skylake_x[VMX_WORDS] = {
	[VMX_WORD_PIN] = 0x0000007f00000016,	   [VMX_WORD_PRIMARY] = 0xf7f9fffe04006172,
	[VMX_WORD_SECONDARY] = 0x02177fff00000000, [VMX_WORD_EXIT] = 0x007fffff00036dfb,
	[VMX_WORD_ENTRY] = 0x0000ffff000011fb,
};

static bool choose(enum vmx_control_word word, u64 msr, struct vmx_controls *out,
		   struct vmx_refusal *refusal)
{
	u64 msrs[VMX_WORDS];

	memcpy(msrs, skylake_x, sizeof(msrs));
	msrs[word] = msr;
	return vmx_controls_choose(msrs, out, refusal);
}

static void every_word_obeys_its_msr(void **state __maybe_unused)
{
	struct vmx_refusal refusal;
	struct vmx_controls c;

	assert_true(vmx_controls_choose(skylake_x, &c, &refusal));
	for (unsigned int i = 0; i < VMX_WORDS; i++) {
		assert_int_equal(c.word[i] & low32(skylake_x[i]), low32(skylake_x[i]));
		assert_int_equal(c.word[i] & ~high32(skylake_x[i]), 0);
	}
	assert_int_equal(c.word[VMX_WORD_PIN], 0x16 | PIN_NMI | PIN_VIRTUAL_NMIS);
	assert_int_equal(c.word[VMX_WORD_SECONDARY],
			 PROC2_EPT | PROC2_VPID | PROC2_UNRESTRICTED_GUEST | PROC2_RDTSCP |
				 PROC2_INVPCID | PROC2_XSAVES);
}

static void the_msr_is_the_true_one(void **state __maybe_unused)
{
	assert_int_equal(vmx_controls_msr(VMX_WORD_PRIMARY), MSR_VMX_TRUE_PROCBASED_CTLS);
	assert_int_equal(vmx_controls_msr(VMX_WORD_SECONDARY), MSR_VMX_PROCBASED_CTLS2);
}

static void what_is_wanted_may_be_missing(void **state __maybe_unused)
{
	u64 without = skylake_x[VMX_WORD_SECONDARY] & ~((u64)PROC2_XSAVES << 32);
	struct vmx_refusal refusal;
	struct vmx_controls c;

	assert_true(choose(VMX_WORD_SECONDARY, without, &c, &refusal));
	assert_int_equal(c.word[VMX_WORD_SECONDARY] & PROC2_XSAVES, 0);
}

static void a_refusal_names_the_control(void **state __maybe_unused)
{
	static const struct {
		u8 word;
		bool missing;
		u64 bit;
		const char *name;
	} rows[] = {
		{ VMX_WORD_PIN, true, PIN_VIRTUAL_NMIS, "virtual NMIs" },
		{ VMX_WORD_PRIMARY, true, PROC_MSR_BITMAPS, "use MSR bitmaps" },
		{ VMX_WORD_SECONDARY, true, PROC2_UNRESTRICTED_GUEST, "unrestricted guest" },
		{ VMX_WORD_SECONDARY, true, PROC2_EPT, "enable EPT" },
		{ VMX_WORD_EXIT, true, EXIT_LOAD_EFER, "load IA32_EFER at exit" },
		{ VMX_WORD_ENTRY, true, ENTRY_LOAD_PAT, "load IA32_PAT at entry" },
		{ VMX_WORD_PRIMARY, false, PROC_CR3_LOAD, "CR3-load exiting" },
		{ VMX_WORD_PRIMARY, false, PROC_CR3_STORE, "CR3-store exiting" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 msr = skylake_x[rows[i].word];
		struct vmx_refusal refusal = { 0 };
		struct vmx_controls c;

		msr = rows[i].missing ? msr & ~(rows[i].bit << 32) : msr | rows[i].bit;
		assert_false(choose(rows[i].word, msr, &c, &refusal));
		assert_string_equal(refusal.name, rows[i].name);
		assert_int_equal(refusal.missing, rows[i].missing);
	}
}

static void a_cpu_without_vmx_is_refused(void **state __maybe_unused)
{
	const u64 nothing[VMX_WORDS] = { 0 };
	struct vmx_refusal refusal = { 0 };
	struct vmx_controls c;

	assert_false(vmx_controls_choose(nothing, &c, &refusal));
	assert_string_equal(refusal.name, "NMI exiting");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_obeys_its_msr),
		cmocka_unit_test(the_msr_is_the_true_one),
		cmocka_unit_test(what_is_wanted_may_be_missing),
		cmocka_unit_test(a_refusal_names_the_control),
		cmocka_unit_test(a_cpu_without_vmx_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
