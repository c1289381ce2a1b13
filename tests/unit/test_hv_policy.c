/* SPDX-License-Identifier: MIT */
/* hv/policy: the hv= option, what the machine takes back, and the implications. */
#include "tests/unit/unit.h"

#include "hv/policy.h"

static struct {
	struct hv_policy policy;
	u32 warnings;
	enum hv_warning_kind kind; /* of the last one */
	char word[80];
	char other[80];
} t;

static void note(void *ctx, const struct hv_warning *w)
{
	(void)ctx;
	t.warnings++;
	t.kind = w->kind;
	snprintf(t.word, sizeof(t.word), "%.*s", (int)w->length, w->word);
	snprintf(t.other, sizeof(t.other), "%s", w->other == NULL ? "" : w->other);
	assert_non_null(hv_warning_text(w->kind));
}

static void parse(const char *option)
{
	/* A copy without slack, so that ASan sees a look past the end. */
	char *copy = option == NULL ? NULL : strdup(option);

	memset(&t, 0, sizeof(t));
	hv_policy_parse(&t.policy, copy, note, NULL);
	assert_null(hv_policy_check(&t.policy));
	free(copy);
}

static u32 word(enum hv_word w)
{
	return t.policy.word[w];
}

static void policy_default(void **state)
{
	static const char *const options[] = { NULL, "", "default", "hv-default" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		parse(options[i]);
		assert_int_equal(t.warnings, 0);
		assert_string_equal(t.policy.profile, "default");
		assert_int_equal(t.policy.max_leaf, 0x4000000A);
		assert_int_equal(word(HV_FEATURES_EAX), 0x8A72);
		assert_int_equal(word(HV_FEATURES_EBX), 0);
		assert_int_equal(word(HV_FEATURES_EDX), 0x510);
		assert_int_equal(word(HV_HINTS_EAX), 0x4824);
		assert_int_equal(word(HV_HINTS_EBX), 0xFFFFFFFF);
		assert_int_equal(word(HV_NESTED_EAX), 0x80101);
		assert_int_equal(word(HV_NESTED_EBX), 0);
	}
}

static void policy_none(void **state)
{
	(void)state;
	parse("none");
	assert_false(hv_policy_offers(&t.policy));
	for (int w = 0; w < HV_WORDS; w++) {
		assert_int_equal(t.policy.word[w], 0);
	}
	parse("none,-hv-time,-hv-vpindex,-hv-spinlocks");
	assert_int_equal(t.warnings, 0);
	assert_false(hv_policy_offers(&t.policy));
	/* Something added: then what Hv#1 promises comes along. */
	parse("none,+hv-crash");
	assert_int_equal(t.policy.max_leaf, 0x4000000A);
	assert_int_equal(word(HV_FEATURES_EAX), 0x60);
	assert_int_equal(word(HV_FEATURES_EDX), 0x400);
	assert_int_equal(word(HV_HINTS_EBX), 0xFFFFFFFF);
}

struct option_row {
	const char *option;
	enum hv_word word;
	u32 value;
};

static void policy_features(void **state)
{
	static const struct option_row rows[] = {
		{ "default,-hv-time", HV_FEATURES_EAX, 0x8870 },
		{ "default,-time", HV_FEATURES_EAX, 0x8870 },
		{ "-hv-time", HV_FEATURES_EAX, 0x8870 },
		{ "default,-hv_tsc_invariant", HV_FEATURES_EAX, 0x0A72 },
		{ "default,-hv-frequencies", HV_FEATURES_EAX, 0x8272 },
		{ "default,-hv-frequencies", HV_FEATURES_EDX, 0x410 },
		{ "default,-hv-frequencies,+hv-frequencies", HV_FEATURES_EDX, 0x510 },
		{ "default,+hv-reset,+hv-runtime", HV_FEATURES_EAX, 0x8AF3 },
		{ "default,-hv-crash", HV_FEATURES_EDX, 0x110 },
		{ "default,-xmm-input", HV_FEATURES_EDX, 0x500 },
		{ "default,-hv-tlbflush-ex", HV_HINTS_EAX, 0x4024 },
		{ "default,-hv-relaxed", HV_HINTS_EAX, 0x4804 },
		{ "default,+hv-vapic", HV_HINTS_EAX, 0x482C },
		{ "default,+hv-spinlocks", HV_HINTS_EBX, 4095 },
		{ "default,+hv-spinlocks=0x1fFf", HV_HINTS_EBX, 0x1FFF },
		{ "default,+hv-spinlocks=4294967295", HV_HINTS_EBX, 0xFFFFFFFF },
		{ "default,+hv-spinlocks=7,-hv-spinlocks", HV_HINTS_EBX, 0xFFFFFFFF },
		{ "default,+hv-ext-hypercalls", HV_FEATURES_EBX, 0x100000 },
		{ "default,+hv-no-nonarch-coresharing", HV_HINTS_EAX, 0x44824 },
		{ "default,-hv-evmcs", HV_HINTS_EAX, 0x824 },
		{ "default,-hv-evmcs", HV_NESTED_EAX, 0x80000 },
		{ "default,-evmcs,+evmcs", HV_NESTED_EAX, 0x80101 },
		{ "default,-hv-emsr-bitmap", HV_NESTED_EAX, 0x101 },
		{ "none,+hv-emsr-bitmap", HV_NESTED_EAX, 0x80000 },
		{ "none,+hv-emsr-bitmap", HV_HINTS_EAX, 0 },
		{ "none,+hv-vp-assist,+hv-evmcs", HV_HINTS_EAX, 0x4000 },
		{ "none,+hv-time", HV_FEATURES_EAX, 0x262 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(rows[i].option);
		assert_int_equal(t.warnings, 0);
		assert_int_equal(word(rows[i].word), rows[i].value);
	}
}

struct warning_row {
	const char *option;
	enum hv_warning_kind kind;
	const char *word;
	const char *other;
};

static void policy_warnings(void **state)
{
	static const struct warning_row rows[] = {
		{ "defualt", HV_WARN_PROFILE, "defualt", "default" },
		{ "nome", HV_WARN_PROFILE, "nome", "none" },
		{ "default,+hv-tlbflsh", HV_WARN_FEATURE, "hv-tlbflsh", "hv-tlbflush" },
		{ "default,-hv-xmminput", HV_WARN_FEATURE, "hv-xmminput", "hv-xmm-input" },
		{ "default,+spinlok=4", HV_WARN_FEATURE, "spinlok=4", "hv-spinlocks" },
		{ "default,hv-time", HV_WARN_SYNTAX, "hv-time", "" },
		{ "default,", HV_WARN_SYNTAX, "", "" },
		{ "default,+", HV_WARN_SYNTAX, "+", "" },
		{ "+", HV_WARN_SYNTAX, "+", "" },
		{ "default,+hv-time=1", HV_WARN_VALUE, "hv-time=1", "" },
		{ "default,+hv-spinlocks=", HV_WARN_VALUE, "hv-spinlocks=", "" },
		{ "default,+hv-spinlocks=12k", HV_WARN_VALUE, "hv-spinlocks=12k", "" },
		{ "default,+hv-spinlocks=0x", HV_WARN_VALUE, "hv-spinlocks=0x", "" },
		{ "default,+hv-spinlocks=4294967296", HV_WARN_VALUE, "hv-spinlocks=4294967296",
		  "" },
		{ "default,-hv-spinlocks=3", HV_WARN_VALUE, "hv-spinlocks=3", "" },
		{ "default,-hv-vpindex", HV_WARN_REQUIRED, "hv-vpindex", "" },
		{ "default,-hv-hypercall", HV_WARN_REQUIRED, "hv-hypercall", "" },
		{ "default,-hv-tlbflush", HV_WARN_NEEDS, "hv-tlbflush-ex", "hv-tlbflush" },
		{ "none,+hv-tlbflush-ex", HV_WARN_NEEDS, "hv-tlbflush-ex", "hv-tlbflush" },
		{ "none,+hv-vapic", HV_WARN_NEEDS, "hv-vapic", "hv-vp-assist" },
		{ "none,+hv-evmcs", HV_WARN_NEEDS, "hv-evmcs", "hv-vp-assist" },
		{ "default,-hv-vp-assist", HV_WARN_NEEDS, "hv-evmcs", "hv-vp-assist" },
		{ "default,+hv-evmcs=1", HV_WARN_VALUE, "hv-evmcs=1", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(rows[i].option);
		assert_int_equal(t.warnings, 1);
		assert_int_equal(t.kind, rows[i].kind);
		assert_string_equal(t.word, rows[i].word);
		assert_string_equal(t.other, rows[i].other);
	}
}

static void policy_hostile_options(void **state)
{
	char huge[3000];

	(void)state;
	parse(",,,,");
	assert_int_equal(t.warnings, 4);
	parse("+=,-=,+=1,+hv-,-hv_,=,+-+,hv-");
	assert_int_equal(t.warnings, 8);
	memset(huge, 'x', sizeof(huge));
	huge[0] = '+';
	huge[sizeof(huge) - 1] = '\0';
	parse(huge);
	assert_int_equal(t.kind, HV_WARN_FEATURE);
	for (size_t i = 2; i < sizeof(huge) - 1; i += 3) {
		memcpy(huge + i - 1, ",+-", 3);
	}
	parse(huge);
	hv_policy_parse(&t.policy, "+nonsense,what", NULL, NULL);
	assert_null(hv_policy_check(&t.policy));
}

static const struct hv_platform able = { .vps = 2,
					 .tsc_hz = 2000000000,
					 .apic_hz = 100000000,
					 .frequencies_exact = true,
					 .tsc_invariant = true,
					 .xmm_input = true,
					 .apic_msrs = true,
					 .evmcs = true,
					 .emsr_bitmap = true };

static void constrain(const char *option, const struct hv_platform *platform)
{
	parse(option);
	hv_policy_constrain(&t.policy, platform, note, NULL);
	assert_null(hv_policy_check(&t.policy));
}

static void policy_constrained_by_the_machine(void **state)
{
	struct hv_platform m = able;

	(void)state;
	constrain("default", &m);
	assert_int_equal(t.warnings, 0);
	assert_int_equal(word(HV_FEATURES_EAX), 0x8A72);
	m.frequencies_exact = false;
	constrain("default", &m);
	assert_int_equal(t.warnings, 1);
	assert_int_equal(t.kind, HV_WARN_PLATFORM);
	assert_string_equal(t.word, "hv-frequencies");
	assert_int_equal(word(HV_FEATURES_EAX), 0x8272);
	assert_int_equal(word(HV_FEATURES_EDX), 0x410);
	constrain("default,-hv-frequencies", &m);
	assert_int_equal(t.warnings, 0);
	m = able;
	m.apic_hz = 0;
	constrain("default", &m);
	assert_int_equal(word(HV_FEATURES_EAX), 0x8272);
	m = able;
	m.tsc_invariant = false;
	constrain("default,+hv-runtime", &m);
	assert_int_equal(word(HV_FEATURES_EAX), 0x0870);
	m = able;
	m.tsc_hz = 10000000; /* too slow to carry units of 100 ns */
	constrain("default", &m);
	assert_int_equal(word(HV_FEATURES_EAX), 0x8870);
	m = able;
	m.xmm_input = false;
	constrain("default", &m);
	assert_int_equal(word(HV_FEATURES_EDX), 0x500);
	m = able;
	m.apic_msrs = false;
	constrain("default,+hv-vapic", &m);
	assert_int_equal(word(HV_HINTS_EAX), 0x4824);
}

/* What only some CPUs can have is taken back in silence, unless the option names it. */
static void policy_constrained_by_the_vendor(void **state)
{
	struct hv_platform m = able;

	(void)state;
	constrain("default", &m);
	assert_int_equal(word(HV_HINTS_EAX), 0x4824);
	assert_int_equal(word(HV_NESTED_EAX), 0x80101);
	m.evmcs = false;
	constrain("default", &m);
	assert_int_equal(t.warnings, 0);
	assert_int_equal(word(HV_HINTS_EAX), 0x824);
	assert_int_equal(word(HV_NESTED_EAX), 0x80000);
	constrain("default,+hv-evmcs", &m);
	assert_int_equal(t.warnings, 1);
	assert_int_equal(t.kind, HV_WARN_PLATFORM);
	assert_string_equal(t.word, "hv-evmcs");
	assert_string_equal(t.other, "eVMCS for nested entries");
	assert_int_equal(word(HV_NESTED_EAX), 0x80000);
	constrain("default,+hv-evmcs,-hv-evmcs", &m);
	assert_int_equal(t.warnings, 0);
	m.emsr_bitmap = false;
	constrain("default", &m);
	assert_int_equal(t.warnings, 0);
	assert_int_equal(word(HV_NESTED_EAX), 0);
	constrain("default,+hv-emsr-bitmap", &m);
	assert_int_equal(t.warnings, 1);
	assert_string_equal(t.word, "hv-emsr-bitmap");
	assert_int_equal(word(HV_NESTED_EAX), 0);
}

static void policy_check_names_the_first_broken_rule(void **state)
{
	static const struct {
		enum hv_word word;
		u32 set;
		u32 clear;
		const char *part; /* of the sentence */
	} rows[] = {
		{ HV_FEATURES_EAX, 0, BIT(9), "reference counter (EAX 1) alone" },
		{ HV_FEATURES_EAX, 0, BIT(1), "reference TSC page (EAX 9)" },
		{ HV_FEATURES_EAX, 0, BIT(11), "without the privilege (EAX 11)" },
		{ HV_FEATURES_EDX, 0, BIT(8), "without the MSRs (EDX 8)" },
		{ HV_HINTS_EAX, 0, BIT(2), "(hint 11)" },
		{ HV_FEATURES_EAX, 0, BIT(5), "Hv#1" },
		{ HV_FEATURES_EAX, 0, BIT(6), "Hv#1" },
		{ HV_FEATURES_EBX, BIT(1), 0, "EBX 1" },
		{ HV_FEATURES_EBX, BIT(12), 0, "EBX 12" },
		{ HV_FEATURES_EBX, BIT(22), 0, "EBX 22" },
		{ HV_HINTS_EAX, BIT(12), 0, "hint 12" },
		{ HV_HINTS_EAX, BIT(10), 0, "no feature of this version" },
		{ HV_FEATURES_EAX, BIT(2), 0, "no feature of this version" },
		{ HV_FEATURES_EDX, BIT(19), 0, "no feature of this version" },
		{ HV_NESTED_EAX, BIT(22), 0, "no feature of this version" },
		{ HV_NESTED_EAX, BIT(17), 0, "no feature of this version" },
		{ HV_NESTED_EBX, BIT(0), 0, "no feature of this version" },
		{ HV_NESTED_EAX, BIT(9), 0, "no feature of this version" },
		{ HV_NESTED_EAX, 0, BIT(0), "(hint 14) without a version" },
		{ HV_NESTED_EAX, 0, BIT(8), "(hint 14) without a version" },
		{ HV_NESTED_EAX, 0, 0x101, "(hint 14) without a version" },
		{ HV_HINTS_EAX, 0, BIT(14), "without hint 14" },
		{ HV_FEATURES_EAX, 0, BIT(4), "without the VP assist page" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text;

		parse("default");
		t.policy.word[rows[i].word] |= rows[i].set;
		t.policy.word[rows[i].word] &= ~rows[i].clear;
		text = hv_policy_check(&t.policy);
		assert_non_null(text);
		assert_non_null(strstr(text, rows[i].part));
	}
	parse("default");
	t.policy.max_leaf = 0;
	assert_non_null(hv_policy_check(&t.policy));
	t.policy.max_leaf = 0x40000004;
	assert_non_null(hv_policy_check(&t.policy));
	t.policy.max_leaf = 0x40000100;
	assert_non_null(hv_policy_check(&t.policy));
	parse("default,-hv-vp-assist,+hv-vapic");
	assert_int_equal(t.kind, HV_WARN_NEEDS);
	assert_int_equal(word(HV_HINTS_EAX), 0x824);
	assert_int_equal(word(HV_NESTED_EAX), 0x80000);
}

static u32 listed, listed_offered;

static void count_feature(void *ctx, const char *name, bool offered)
{
	assert_ptr_equal(ctx, &listed);
	assert_int_equal(strncmp(name, "hv-", 3), 0);
	listed++;
	listed_offered += offered;
}

static void policy_list(void **state)
{
	(void)state;
	parse("default");
	listed = listed_offered = 0;
	hv_policy_list(&t.policy, count_feature, &listed);
	assert_int_equal(listed, 19);
	assert_int_equal(listed_offered, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_default),
		cmocka_unit_test(policy_none),
		cmocka_unit_test(policy_features),
		cmocka_unit_test(policy_warnings),
		cmocka_unit_test(policy_hostile_options),
		cmocka_unit_test(policy_constrained_by_the_machine),
		cmocka_unit_test(policy_constrained_by_the_vendor),
		cmocka_unit_test(policy_check_names_the_first_broken_rule),
		cmocka_unit_test(policy_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
