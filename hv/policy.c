/* SPDX-License-Identifier: MIT */
/*
 * Profiles, features and their implications. hv/features.def says which bits belong together and
 * which need which; this file only applies the rows.
 */
#include "hv/policy.h"

#include "hv/ref_time.h"
#include "lib/string.h"

#define MAX_LEAF     HV_CPUID_NESTED_VIRTUALIZATION_FEATURES
#define BUILD	     20348u /* what L1 prints as "Host Build"; a build of Hyper-V 10.0 */
#define VERSION	     (10u << 16)
#define SPIN_DEFAULT 4095u
#define NAME_MAX     32u /* with its end */

enum demand {
	NOTHING,
	REQUIRED,
	CLOCK,
	FREQUENCIES,
	INVARIANT_TSC,
	XMM,
	APIC_MSRS,
	EVMCS,
	MSR_BITMAP,
};

struct feature {
	const char *name;
	enum demand demand;
	struct {
		u8 word;
		u32 bits;
	} set[2];
};

static const struct feature features[] = {
#define FEATURE(name, demand, word, bits, word2, bits2) \
	{ name, demand, { { word, (u32)(bits) }, { word2, (u32)(bits2) } } },
#include "hv/features.def"
#undef FEATURE
};

_Static_assert(ARRAY_SIZE(features) <= 32, "hv_policy.asked has a bit for each");

struct rule {
	u8 if_word;
	u32 if_bits;
	u8 then_word;
	u32 then_bits;
	const char *text;
};

static const struct rule rules[] = {
#define RULE(if_word, if_bits, then_word, then_bits, text) \
	{ if_word, (u32)(if_bits), then_word, (u32)(then_bits), text },
#include "hv/features.def"
#undef RULE
};

static const struct {
	u8 word;
	u32 bits;
	const char *text;
} nevers[] = {
#define NEVER(word, bits, text) { word, (u32)(bits), text },
#include "hv/features.def"
#undef NEVER
};

static const char spinlocks[] = "hv-spinlocks"; /* the one feature that is a number */

#define DEFAULT_EAX                                                                          \
	(HV_ACCESS_PARTITION_REFERENCE_COUNTER | HV_ACCESS_INTR_CTRL_REGS |                  \
	 HV_ACCESS_HYPERCALL_MSRS | HV_ACCESS_VP_INDEX | HV_ACCESS_PARTITION_REFERENCE_TSC | \
	 HV_ACCESS_FREQUENCY_REGS | HV_ACCESS_TSC_INVARIANT_CONTROLS)
#define DEFAULT_EDX                                                                    \
	(HV_XMM_REGISTERS_FOR_FAST_HYPERCALL_AVAILABLE | HV_FREQUENCY_REGS_AVAILABLE | \
	 HV_GUEST_CRASH_MSRS_AVAILABLE)
#define DEFAULT_HINTS                                                                            \
	(HV_USE_HYPERCALL_FOR_REMOTE_FLUSH | HV_USE_RELAXED_TIMING | HV_USE_EX_PROCESSOR_MASKS | \
	 HV_USE_EVMCS)
#define DEFAULT_NESTED (HV_NESTED_EVMCS_VERSION_1 | HV_NESTED_ENLIGHTENED_MSR_BITMAP)

static const struct hv_policy profiles[] = {
	{ .profile = "default",
	  .max_leaf = MAX_LEAF,
	  .word = { [HV_FEATURES_EAX] = DEFAULT_EAX,
		    [HV_FEATURES_EDX] = DEFAULT_EDX,
		    [HV_HINTS_EAX] = DEFAULT_HINTS,
		    [HV_HINTS_EBX] = HV_SPIN_RETRIES_NEVER_NOTIFY,
		    [HV_NESTED_EAX] = DEFAULT_NESTED },
	  .build = BUILD,
	  .version = VERSION },
	{ .profile = "none" },
};

/* A word of the option: a name, perhaps a value; not terminated. */
struct word {
	const char *text;
	size_t length;	    /* of all of it */
	size_t name_length; /* up to '=' */
	bool has_value;
};

struct reporter {
	hv_warn_fn warn;
	void *ctx;
};

static void report(const struct reporter *to, enum hv_warning_kind kind, const char *word,
		   size_t length, const char *other)
{
	struct hv_warning warning = { kind, word, length, other };

	if (to->warn != NULL) {
		to->warn(to->ctx, &warning);
	}
}

const char *hv_warning_text(enum hv_warning_kind kind)
{
	static const char *const texts[] = {
		[HV_WARN_PROFILE] = "unknown profile, \"default\" is used; the nearest one is",
		[HV_WARN_FEATURE] = "unknown feature, ignored; the nearest one is",
		[HV_WARN_SYNTAX] = "neither +feature nor -feature, ignored",
		[HV_WARN_VALUE] = "bad value, ignored",
		[HV_WARN_REQUIRED] = "belongs to every Hv#1 interface, not removed",
		[HV_WARN_NEEDS] = "not offered, because it needs",
		[HV_WARN_PLATFORM] = "not offered, because the machine has no",
	};

	return texts[kind];
}

/* ---- Features as bits ---- */

static bool has_any(const struct hv_policy *policy, const struct feature *f)
{
	return (policy->word[f->set[0].word] & f->set[0].bits) != 0 ||
	       (policy->word[f->set[1].word] & f->set[1].bits) != 0;
}

static void set_feature(struct hv_policy *policy, const struct feature *f, bool on)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->set); i++) {
		if (on) {
			policy->word[f->set[i].word] |= f->set[i].bits;
		} else {
			policy->word[f->set[i].word] &= ~f->set[i].bits;
		}
	}
}

static u32 asked_bit(const struct feature *f)
{
	return (u32)BIT(f - features);
}

static bool rule_holds(const struct hv_policy *policy, const struct rule *rule)
{
	return !(policy->word[rule->if_word] & rule->if_bits) ||
	       hv_policy_has(policy, rule->then_word, rule->then_bits);
}

static const struct feature *feature_of_bits(u8 word, u32 bits)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];

		if ((f->set[0].word == word && (f->set[0].bits & bits)) ||
		    (f->set[1].word == word && (f->set[1].bits & bits))) {
			return f;
		}
	}
	return NULL;
}

/* Drops what needs something that is not there, until every rule holds. */
static void settle(struct hv_policy *policy, const struct reporter *to)
{
	bool again;

	do {
		again = false;
		for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
			const struct rule *rule = &rules[i];
			const struct feature *f = feature_of_bits(rule->if_word, rule->if_bits);
			const struct feature *need =
				feature_of_bits(rule->then_word, rule->then_bits);

			if (!rule_holds(policy, rule) && f != NULL) {
				set_feature(policy, f, false); /* one feature less: this ends */
				report(to, HV_WARN_NEEDS, f->name, strlen(f->name),
				       need == NULL ? NULL : need->name);
				again = true;
			}
		}
	} while (again);
}

/* What every policy that offers anything states. */
static void add_base(struct hv_policy *policy)
{
	if (policy->max_leaf != 0) {
		return;
	}
	policy->max_leaf = MAX_LEAF;
	policy->build = BUILD;
	policy->version = VERSION;
	policy->word[HV_HINTS_EBX] = HV_SPIN_RETRIES_NEVER_NOTIFY;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (features[i].demand == REQUIRED) {
			set_feature(policy, &features[i], true);
		}
	}
}

/* ---- Names ---- */

/* Lower half of what makes two names the same: '_' is '-'. */
static char fold(char c)
{
	return c == '_' ? '-' : c;
}

static void skip_prefix(const char **name, size_t *length)
{
	if (*length > 3 && (*name)[0] == 'h' && (*name)[1] == 'v' && fold((*name)[2]) == '-') {
		*name += 3;
		*length -= 3;
	}
}

static bool same_name(const char *word, size_t length, const char *name)
{
	size_t name_length = strlen(name);

	skip_prefix(&word, &length);
	skip_prefix(&name, &name_length);
	if (length != name_length) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (fold(word[i]) != fold(name[i])) {
			return false;
		}
	}
	return true;
}

/* Edit distance of the two names; words are cut at NAME_MAX - 1. */
static u32 distance(const char *word, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	u8 row[NAME_MAX];

	skip_prefix(&word, &length);
	skip_prefix(&name, &name_length);
	length = MIN(length, (size_t)NAME_MAX - 1);
	name_length = MIN(name_length, (size_t)NAME_MAX - 1);
	for (size_t j = 0; j <= name_length; j++) {
		row[j] = (u8)j;
	}
	for (size_t i = 1; i <= length; i++) {
		u8 diagonal = row[0];

		row[0] = (u8)i;
		for (size_t j = 1; j <= name_length; j++) {
			u8 above = row[j];
			u8 cost = fold(word[i - 1]) == fold(name[j - 1]) ? 0 : 1;
			u8 best = MIN(above, row[j - 1]) + 1;

			row[j] = MIN(best, (u8)(diagonal + cost));
			diagonal = above;
		}
	}
	return row[name_length];
}

static const char *nearest_profile(const char *word, size_t length)
{
	size_t best = 0;

	for (size_t i = 1; i < ARRAY_SIZE(profiles); i++) {
		if (distance(word, length, profiles[i].profile) <
		    distance(word, length, profiles[best].profile)) {
			best = i;
		}
	}
	return profiles[best].profile;
}

static const char *nearest_feature(const char *word, size_t length)
{
	const char *best = spinlocks;

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (distance(word, length, features[i].name) < distance(word, length, best)) {
			best = features[i].name;
		}
	}
	return best;
}

/* ---- The option ---- */

static int digit_of(char c, u32 base)
{
	int digit = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
					   : -1;

	return digit < (int)base ? digit : -1;
}

static bool parse_u32(const char *text, size_t length, u32 *value)
{
	u32 base = 10;
	u64 v = 0;

	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		length -= 2;
	}
	if (length == 0) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		int digit = digit_of(text[i], base);

		if (digit < 0) {
			return false;
		}
		v = v * base + (u64)digit;
		if (v > 0xFFFFFFFFu) {
			return false;
		}
	}
	*value = (u32)v;
	return true;
}

static void apply_spinlocks(struct hv_policy *policy, const struct word *w, bool on,
			    const struct reporter *to)
{
	u32 retries = SPIN_DEFAULT;

	if (w->has_value && (!on || !parse_u32(w->text + w->name_length + 1,
					       w->length - w->name_length - 1, &retries))) {
		report(to, HV_WARN_VALUE, w->text, w->length, NULL);
		return;
	}
	if (on) {
		add_base(policy);
		policy->word[HV_HINTS_EBX] = retries;
	} else if (hv_policy_offers(policy)) {
		policy->word[HV_HINTS_EBX] = HV_SPIN_RETRIES_NEVER_NOTIFY;
	}
}

static void apply_feature(struct hv_policy *policy, const struct feature *f, const struct word *w,
			  bool on, const struct reporter *to)
{
	if (w->has_value) {
		report(to, HV_WARN_VALUE, w->text, w->length, NULL);
		return;
	}
	if (on) {
		add_base(policy);
		set_feature(policy, f, true);
		policy->asked |= asked_bit(f);
	} else if (f->demand == REQUIRED && hv_policy_offers(policy)) {
		report(to, HV_WARN_REQUIRED, w->text, w->length, NULL);
	} else {
		set_feature(policy, f, false);
		policy->asked &= ~asked_bit(f);
	}
}

static void apply_word(struct hv_policy *policy, struct word w, const struct reporter *to)
{
	bool on = w.length > 1 && w.text[0] == '+';

	if (w.length < 2 || (w.text[0] != '+' && w.text[0] != '-')) {
		report(to, HV_WARN_SYNTAX, w.text, w.length, NULL);
		return;
	}
	w.text++;
	w.length--;
	while (w.name_length < w.length && w.text[w.name_length] != '=') {
		w.name_length++;
	}
	w.has_value = w.name_length < w.length;
	if (same_name(w.text, w.name_length, spinlocks)) {
		apply_spinlocks(policy, &w, on, to);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (same_name(w.text, w.name_length, features[i].name)) {
			apply_feature(policy, &features[i], &w, on, to);
			return;
		}
	}
	report(to, HV_WARN_FEATURE, w.text, w.length, nearest_feature(w.text, w.name_length));
}

static void apply_profile(struct hv_policy *policy, const char *word, size_t length,
			  const struct reporter *to)
{
	*policy = profiles[0];
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (same_name(word, length, profiles[i].profile)) {
			*policy = profiles[i];
			return;
		}
	}
	if (length != 0) {
		report(to, HV_WARN_PROFILE, word, length, nearest_profile(word, length));
	}
}

static size_t word_length(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0' && text[n] != ',') {
		n++;
	}
	return n;
}

void hv_policy_parse(struct hv_policy *policy, const char *option, hv_warn_fn warn, void *ctx)
{
	const struct reporter to = { warn, ctx };
	const char *at = option == NULL ? "" : option;
	size_t n = word_length(at);

	/* "+feature" first: the profile was left out. */
	if (n > 0 && (at[0] == '+' || at[0] == '-')) {
		*policy = profiles[0];
		apply_word(policy, (struct word){ .text = at, .length = n }, &to);
	} else {
		apply_profile(policy, at, n, &to);
	}
	while (at[n] == ',') {
		at += n + 1;
		n = word_length(at);
		apply_word(policy, (struct word){ .text = at, .length = n }, &to);
	}
	settle(policy, &to);
}

/* ---- The machine ---- */

/* What the machine lacks of `demand`, in words; NULL when it has it. */
static const char *lacks(const struct hv_platform *m, enum demand demand)
{
	switch (demand) {
	case CLOCK:
		return m->tsc_invariant && hv_ref_time_possible(m->tsc_hz)
			       ? NULL
			       : "invariant TSC of a known frequency";
	case FREQUENCIES:
		return m->frequencies_exact && m->tsc_hz != 0 && m->apic_hz != 0
			       ? NULL
			       : "exact TSC and APIC frequencies";
	case INVARIANT_TSC:
		return m->tsc_invariant ? NULL : "invariant TSC";
	case XMM:
		return m->xmm_input ? NULL : "access to XMM registers";
	case APIC_MSRS:
		return m->apic_msrs ? NULL : "synthetic APIC MSRs";
	case EVMCS:
		return m->evmcs ? NULL : "eVMCS for nested entries";
	case MSR_BITMAP:
		return m->emsr_bitmap ? NULL : "merged MSR bitmaps to keep";
	default:
		return NULL;
	}
}

/* Of a vendor's nested entries. Who did not ask for them need not hear that they are missing. */
static bool is_optional(enum demand demand)
{
	return demand == EVMCS || demand == MSR_BITMAP;
}

void hv_policy_constrain(struct hv_policy *policy, const struct hv_platform *platform,
			 hv_warn_fn warn, void *ctx)
{
	const struct reporter to = { warn, ctx };

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];
		const char *reason = lacks(platform, f->demand);

		if (has_any(policy, f) && reason != NULL) {
			set_feature(policy, f, false);
			if (!is_optional(f->demand) || (policy->asked & asked_bit(f))) {
				report(&to, HV_WARN_PLATFORM, f->name, strlen(f->name), reason);
			}
		}
	}
	settle(policy, &to);
}

/* ---- The check ---- */

static u32 known_bits(u8 word)
{
	u32 bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		for (size_t s = 0; s < ARRAY_SIZE(features[i].set); s++) {
			if (features[i].set[s].word == word) {
				bits |= features[i].set[s].bits;
			}
		}
	}
	return bits;
}

static const char *check_empty(const struct hv_policy *policy)
{
	for (size_t i = 0; i < HV_WORDS; i++) {
		if (policy->word[i] != 0) {
			return "nothing is offered, but a leaf has contents";
		}
	}
	return NULL;
}

static const char *check_bits(const struct hv_policy *policy)
{
	for (size_t i = 0; i < ARRAY_SIZE(nevers); i++) {
		if (policy->word[nevers[i].word] & nevers[i].bits) {
			return nevers[i].text;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rule_holds(policy, &rules[i])) {
			return rules[i].text;
		}
	}
	for (u8 w = 0; w < HV_WORDS; w++) {
		if (w != HV_HINTS_EBX && (policy->word[w] & ~known_bits(w)) != 0) {
			return "a bit that no feature of this version stands for";
		}
	}
	return NULL;
}

const char *hv_policy_check(const struct hv_policy *policy)
{
	if (policy->max_leaf == 0) {
		return check_empty(policy);
	}
	if (policy->max_leaf < HV_CPUID_IMPLEMENTATION_LIMITS ||
	    policy->max_leaf > HV_CPUID_LEAF_LAST) {
		return "the maximum leaf is not in 0x40000005 to 0x400000FF";
	}
	if (policy->max_leaf < HV_CPUID_NESTED_VIRTUALIZATION_FEATURES &&
	    (policy->word[HV_NESTED_EAX] | policy->word[HV_NESTED_EBX]) != 0) {
		return "nested features without leaf 0x4000000A";
	}
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (features[i].demand == REQUIRED && !has_any(policy, &features[i])) {
			return "Hv#1 without hypercall MSRs (EAX 5) or VP index (EAX 6)";
		}
	}
	return check_bits(policy);
}

void hv_policy_list(const struct hv_policy *policy,
		    void (*each)(void *ctx, const char *name, bool offered), void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		each(ctx, features[i].name, has_any(policy, &features[i]));
	}
	each(ctx, spinlocks, hv_policy_has_spin_notify(policy));
}
