/* SPDX-License-Identifier: MIT */
/*
 * Facts 1.9 and E1: each rule of entry_rules.def has one accepted and one rejected vector,
 * the filter never lets pass what the table refuses, and constrained state has no contradiction.
 */
#include "tests/unit/unit.h"
#include "arch/x86/spec.h"
#include "arch/x86/svm/entry_checks.h"

#define MAXPHYADDR 40
#define PHYS_END   (1ull << MAXPHYADDR)

#define CR4_VALID \
	(GENMASK(10, 0) | CR4_UMIP | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP)
#define EFER_VALID (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME | EFER_LMSLE | EFER_FFXSR)
#define FEATURES \
	(u32)(SVM_FEATURE_NP | SVM_FEATURE_NRIPS | SVM_FEATURE_FLUSH_BY_ASID | SVM_FEATURE_VGIF)

#define EXCEPTION(v) (EVENT_V | FIELD_PREP(EVENT_TYPE_MASK, EVENT_TYPE_EXCEPTION) | (v))
#define EVENT(t, v)  (EVENT_V | FIELD_PREP(EVENT_TYPE_MASK, t) | (v))

/* What the processor of a vector has beyond the usual. */
enum world {
	USUAL,
	WITH_CET,
	WITH_V_NMI,
	NO_LONG_MODE,
	NO_NP,
	NO_FLUSH_BY_ASID,
	HOST_UNPAGED,
	WORLDS,
};

static struct svm_entry_caps world_caps[WORLDS];
static u64 world_cr0[WORLDS];

/* A 64-bit guest under nested paging that every rule accepts. */
static void make_valid(struct vmcb *v)
{
	memset(v, 0, sizeof(*v));
	v->control.intercept_misc2 = (u32)INTERCEPT_VMRUN;
	v->control.guest_asid = 1;
	v->control.np_enable = NP_ENABLE;
	v->control.n_cr3 = 0x1000;
	v->control.msrpm_base_pa = 0x2000;
	v->control.iopm_base_pa = 0x4000;
	v->save.efer = EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE;
	v->save.cr0 = CR0_PG | CR0_WP | CR0_PE | CR0_ET;
	v->save.cr4 = CR4_PAE | CR4_PGE;
	v->save.cr3 = 0x7000;
	v->save.cs.attrib = SEG_P | SEG_L | SEG_S | 0xb;
	v->save.ss.attrib = SEG_P | SEG_S | 3;
	v->save.rflags = RFLAGS_FIXED;
	v->save.dr6 = DR6_RESET;
	v->save.dr7 = DR7_RESET;
	v->save.g_pat = 0x0007040600070406ull;
}

static int setup(void **state)
{
	(void)state;
	for (int w = 0; w < WORLDS; w++) {
		svm_entry_caps_init(
			&world_caps[w], MAXPHYADDR, w == WITH_CET ? CR4_VALID | CR4_CET : CR4_VALID,
			w == NO_LONG_MODE ? EFER_VALID & ~(EFER_LME | EFER_LMA) : EFER_VALID,
			w == WITH_V_NMI		? FEATURES | (u32)SVM_FEATURE_VNMI
			: w == NO_NP		? FEATURES & ~(u32)SVM_FEATURE_NP
			: w == NO_FLUSH_BY_ASID ? FEATURES & ~(u32)SVM_FEATURE_FLUSH_BY_ASID
						: FEATURES);
		world_cr0[w] = w == HOST_UNPAGED ? CR0_PE : CR0_PE | CR0_PG;
	}
	return 0;
}

/* Every image that is accepted must be so by the filter alone, but for #OF and #BR. */
static bool wasted(const struct vmcb *v, enum world w)
{
	u64 event = v->control.eventinj & (EVENT_V | EVENT_TYPE_MASK | EVENT_VECTOR_MASK);

	return event != EXCEPTION(VECTOR_OF) && event != EXCEPTION(VECTOR_BR) &&
	       svm_entry_is_suspect(&v->control, &v->save, world_cr0[w], &world_caps[w]);
}

static const struct svm_entry_rule *check(const struct vmcb *v, enum world w)
{
	return svm_entry_check(&v->control, &v->save, world_cr0[w], &world_caps[w]);
}

/* The members that vectors change, and how wide they are. */
/* clang-format off */
#define FIELDS(X) \
	X(efer, save.efer) X(cr0, save.cr0) X(cr3, save.cr3) X(cr4, save.cr4) X(dr6, save.dr6) \
	X(dr7, save.dr7) X(cs, save.cs.attrib) X(s_cet, save.s_cet) X(g_pat, save.g_pat) \
	X(misc1, control.intercept_misc1) X(misc2, control.intercept_misc2) \
	X(asid, control.guest_asid) X(msrpm, control.msrpm_base_pa) \
	X(iopm, control.iopm_base_pa) X(eventinj, control.eventinj) X(np, control.np_enable) \
	X(n_cr3, control.n_cr3) X(tlb, control.tlb_control) X(int_ctl, control.int_ctl)
/* clang-format on */

enum field {
	NOTHING,
#define X(id, member) F_##id,
	FIELDS(X)
#undef X
};

struct change {
	enum field field;
	u64 clear;
	u64 set;
};

static void apply(struct vmcb *v, const struct change *c)
{
	switch (c->field) {
	case NOTHING:
		break;
#define X(id, member)                                                                  \
	case F_##id:                                                                   \
		v->member = (__typeof__(v->member))((v->member & ~c->clear) | c->set); \
		break;
		FIELDS(X)
#undef X
	}
}

#define ALL (~0ull)

/* clang-format off */
static const struct vector {
	const char *rule;
	enum world world;
	struct change accepted[2];
	struct change rejected[3];
} vectors[] = {
	{ "EFER.SVME is zero", USUAL,
	  { { F_efer, 0, EFER_SVME } },
	  { { F_efer, EFER_SVME, 0 } } },
	{ "CR0.CD is zero and CR0.NW is set", USUAL,
	  { { F_cr0, 0, CR0_CD | CR0_NW } },
	  { { F_cr0, 0, CR0_NW } } },
	{ "CR0[63:32] are not zero", USUAL,
	  { { F_cr0, 0, CR0_PG } },
	  { { F_cr0, 0, BIT(32) } } },
	{ "MBZ bit of CR3 is set", USUAL,
	  { { F_cr3, 0, PHYS_END - 1 } },
	  { { F_cr3, 0, PHYS_END } } },
	{ "MBZ bit of CR4 is set", USUAL,
	  { { F_cr4, 0, CR4_VALID } },
	  { { F_cr4, 0, CR4_VMXE } } },
	{ "DR6[63:32] are not zero", USUAL,
	  { { F_dr6, 0, 0xffffffff } },
	  { { F_dr6, 0, BIT(32) } } },
	{ "DR7[63:32] are not zero", USUAL,
	  { { F_dr7, 0, 0xffffffff } },
	  { { F_dr7, 0, BIT(63) } } },
	{ "EFER.LMA or LME without long mode", NO_LONG_MODE,
	  { { F_efer, EFER_LME | EFER_LMA, 0 } },
	  { { F_efer, EFER_LME, EFER_LMA } } },
	{ "MBZ bit of EFER is set", USUAL,
	  { { F_efer, 0, EFER_VALID | GENMASK(7, 1) } },
	  { { F_efer, 0, BIT(9) } } },
	{ "EFER.LME and CR0.PG, CR4.PAE is zero", USUAL,
	  { { F_cr4, CR4_PAE, 0 }, { F_cr0, CR0_PG, 0 } },
	  { { F_cr4, CR4_PAE, 0 } } },
	{ "EFER.LME and CR0.PG, CR0.PE is zero", USUAL,
	  { { F_cr0, CR0_PE, 0 }, { F_efer, EFER_LME, 0 } },
	  { { F_cr0, CR0_PE, 0 } } },
	{ "EFER.LME, CR0.PG, CR4.PAE, CS.L and CS.D", USUAL,
	  { { F_cs, 0, SEG_L | SEG_DB }, { F_efer, EFER_LME, 0 } },
	  { { F_cs, 0, SEG_L | SEG_DB } } },
	{ "VMRUN intercept bit is clear", USUAL,
	  { { F_misc2, ALL, INTERCEPT_VMRUN } },
	  { { F_misc2, 0, ALL }, { F_misc2, INTERCEPT_VMRUN, 0 } } },
	{ "MSR permission map beyond MAXPHYADDR", USUAL,
	  { { F_msrpm, ALL, PHYS_END - 0x2001 } },
	  { { F_msrpm, ALL, PHYS_END - 0x2000 } } },
	{ "I/O permission map beyond MAXPHYADDR", USUAL,
	  { { F_iopm, ALL, PHYS_END - 0x3000 } },
	  { { F_iopm, ALL, PHYS_END - 0x2000 } } },
	{ "EVENTINJ.TYPE is reserved", USUAL,
	  { { F_eventinj, ALL, EVENT(EVENT_TYPE_SOFT_INT, 0xff) } },
	  { { F_eventinj, ALL, EVENT(1, 14) } } },
	{ "EVENTINJ.VECTOR is no exception", USUAL,
	  { { F_eventinj, ALL, EXCEPTION(VECTOR_PF) | EVENT_EV } },
	  { { F_eventinj, ALL, EXCEPTION(VECTOR_NMI) } } },
	{ "EVENTINJ: #OF or #BR in 64-bit mode", USUAL,
	  { { F_eventinj, ALL, EXCEPTION(VECTOR_BR) }, { F_cs, SEG_L, 0 } },
	  { { F_eventinj, ALL, EXCEPTION(VECTOR_BR) } } },
	{ "ASID is zero", USUAL,
	  { { F_asid, ALL, 0xffffffff } },
	  { { F_asid, ALL, 0 } } },
	{ "reserved bit of S_CET is set", WITH_CET,
	  { { F_s_cet, 0, 3 } },
	  { { F_s_cet, 0, BIT(2) } } },
	{ "CR4.CET is set and CR0.WP is zero", WITH_CET,
	  { { F_cr4, 0, CR4_CET } },
	  { { F_cr4, 0, CR4_CET }, { F_cr0, CR0_WP, 0 } } },
	{ "NP_ENABLE and the host's CR0.PG is zero", HOST_UNPAGED,
	  { { F_np, NP_ENABLE, 0 } },
	  { { NOTHING, 0, 0 } } },
	{ "MBZ bit of nCR3 is set", USUAL,
	  { { F_n_cr3, 0, PHYS_END - 1 } },
	  { { F_n_cr3, 0, BIT(51) } } },
	{ "unsupported type or reserved bit in G_PAT", USUAL,
	  { { F_g_pat, ALL, 0x0706050401000706ull } },
	  { { F_g_pat, ALL, 0x0706050401000702ull } } },
	{ "TLB_CONTROL encoding is reserved", USUAL,
	  { { F_tlb, ALL, TLB_CONTROL_FLUSH_ASID } },
	  { { F_tlb, ALL, 2 } } },
	{ "V_NMI_ENABLE without the NMI intercept", WITH_V_NMI,
	  { { F_int_ctl, 0, V_NMI_ENABLE }, { F_misc1, 0, INTERCEPT_NMI } },
	  { { F_int_ctl, 0, V_NMI_ENABLE } } },
};
/* clang-format on */

/* Facts G3: #checks = #vectors / 2, and each vector names the rule it is meant for. */
static void test_each_rule_accepts_and_rejects(void **state)
{
	size_t counted = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *t = &vectors[i];
		const struct svm_entry_rule *rule;
		struct vmcb v;

		make_valid(&v);
		for (size_t j = 0; j < ARRAY_SIZE(t->accepted); j++) {
			apply(&v, &t->accepted[j]);
		}
		if (t->world == NO_LONG_MODE) {
			v.save.cs.attrib &= (u16)~SEG_L;
		}
		rule = check(&v, t->world);
		if (rule) {
			fail_msg("\"%s\": accepted vector breaks \"%s\"", t->rule, rule->name);
		}
		assert_false(wasted(&v, t->world));
		counted++;
		make_valid(&v);
		for (size_t j = 0; j < ARRAY_SIZE(t->rejected); j++) {
			apply(&v, &t->rejected[j]);
		}
		rule = check(&v, t->world);
		if (!rule || strcmp(rule->name, t->rule) != 0) {
			fail_msg("\"%s\" is not what breaks: %s", t->rule,
				 rule ? rule->name : "nothing");
		}
		assert_ptr_equal(rule, &svm_entry_rules[i]);
		counted++;
	}
	assert_int_equal(counted, 2 * svm_entry_rules_count);
	printf("%zu rules, %zu accepted vectors, %zu rejected vectors\n", svm_entry_rules_count,
	       counted / 2, counted / 2);
}

static void test_citations(void **state)
{
	(void)state;
	for (size_t i = 0; i < svm_entry_rules_count; i++) {
		const char *c = svm_entry_rules[i].citation;

		assert_int_equal(strncmp(c, "[APM \"", 6), 0);
		assert_string_equal(c + strlen(c) - 2, "\"]");
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(svm_entry_rules[i].name, svm_entry_rules[j].name);
		}
	}
}

/* The slow answer: every rule of the table in turn. */
static const struct svm_entry_rule *walk(const struct vmcb *v, enum world w)
{
	for (size_t i = 0; i < svm_entry_rules_count; i++) {
		if (svm_entry_rules[i].broken(&v->control, &v->save, world_cr0[w],
					      &world_caps[w])) {
			return &svm_entry_rules[i];
		}
	}
	return NULL;
}

/* E1: every single-bit flip of a valid image, in every world, against the table. */
static void test_e1_bit_flips(void **state)
{
	size_t refused = 0;

	(void)state;
	for (int w = 0; w < WORLDS; w++) {
		for (size_t bit = 0; bit < sizeof(struct vmcb) * 8; bit++) {
			struct vmcb v;

			make_valid(&v);
			((u8 *)&v)[bit / 8] ^= (u8)(1u << (bit % 8));
			const struct svm_entry_rule *rule = check(&v, (enum world)w);
			assert_ptr_equal(rule, walk(&v, (enum world)w));
			assert_false(!rule && wasted(&v, (enum world)w));
			refused += w == USUAL && rule;
		}
	}
	/*
	 * EFER.SVME 1, EFER MBZ 64 - 7 - 7 RAZ, CR0.NW 1, CR0 high 32, PE 1, PAE 1,
	 * CR4 MBZ 64 - 17, CR3, nCR3, MSRPM and IOPM 24 each, DR6 and DR7 32 each, CS.D 1,
	 * VMRUN 1, ASID 1, TLB_CONTROL 7, G_PAT 8 * 5 reserved and 6 that make type 2 or 3.
	 */
	assert_int_equal(refused, 1 + 50 + 1 + 32 + 1 + 1 + 47 + 4 * 24 + 2 * 32 + 3 + 7 + 46);
}

static u64 random_state = 0x9e3779b97f4a7c15ull;

static u64 random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* A value of one field: mostly near validity. */
static u64 random_value(void)
{
	static const u64 liked[] = {
		0,
		1,
		ALL,
		BIT(63),
		BIT(31),
		BIT(32),
		PHYS_END,
		PHYS_END - 1,
		PHYS_END - 0x2000,
		PHYS_END - 0x3000,
		EFER_SVME,
		EFER_SVME | EFER_LME,
		CR0_PG,
		CR0_PG | CR0_PE,
		CR0_NW,
		CR0_CD,
		CR4_PAE,
		CR4_CET,
		SEG_L,
		SEG_L | SEG_DB,
		V_NMI_ENABLE,
	};

	switch (random64() % 4) {
	case 0:
		return liked[random64() % ARRAY_SIZE(liked)];
	case 1:
		return BIT(random64() % 64);
	case 2:
		return EVENT_V | (random64() & 0xfff);
	default:
		return random64();
	}
}

/* The filter against the table, over images with one to four fields changed. */
static void test_filter_equals_table(void **state)
{
	size_t accepted = 0;

	(void)state;
	for (int i = 0; i < 400000; i++) {
		enum world w = (enum world)(random64() % WORLDS);
		struct vmcb v;

		make_valid(&v);
		for (u64 n = 1 + random64() % 4; n; n--) {
			struct change c = { (enum field)(1 + random64() % F_int_ctl), 0, 0 };
			bool flip = random64() & 1;

			c.clear = flip ? BIT(random64() % 64) : ALL;
			c.set = flip && random64() & 1 ? c.clear : flip ? 0 : random_value();
			apply(&v, &c);
		}
		const struct svm_entry_rule *rule = check(&v, w);
		if (rule != walk(&v, w)) {
			fail_msg("round %d: the filter passes \"%s\"", i, walk(&v, w)->name);
		}
		accepted += !rule;
		assert_false(!rule && wasted(&v, w));
	}
	assert_in_range(accepted, 20000, 380000);
}

/* Every type and vector: facts 1.9, C12's twin; Q10: 31 is refused before QEMU does. */
static void test_event_injection(void **state)
{
	static const u8 exceptions[] = { 0, 1, 3, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 30 };

	(void)state;
	for (u64 type = 0; type < 8; type++) {
		for (u64 vector = 0; vector < 256; vector++) {
			bool legal = type == 0 || type == 2 || type == 4;
			struct vmcb v;

			if (type == 3) {
				legal = memchr(exceptions, (int)vector, sizeof(exceptions));
			}
			make_valid(&v);
			v.control.eventinj = EVENT(type, vector);
			assert_int_equal(check(&v, USUAL) == NULL, legal);
			v.control.eventinj &= ~EVENT_V;
			assert_null(check(&v, USUAL));
			make_valid(&v);
			v.save.cs.attrib &= (u16)~SEG_L;
			v.control.eventinj = EVENT(type, vector) | GENMASK(30, 12);
			legal = legal || (type == 3 && (vector == 4 || vector == 5));
			assert_int_equal(check(&v, USUAL) == NULL, legal);
		}
	}
}

/* Without a feature, its bits are ignored or its encodings refused. */
static void test_features(void **state)
{
	struct vmcb v;

	(void)state;
	make_valid(&v);
	v.save.g_pat = ALL;
	v.control.n_cr3 = ALL;
	assert_non_null(check(&v, USUAL));
	assert_null(check(&v, NO_NP));
	v.control.np_enable = 0;
	assert_null(check(&v, USUAL));
	make_valid(&v);
	v.control.tlb_control = TLB_CONTROL_FLUSH_ASID;
	assert_non_null(check(&v, NO_FLUSH_BY_ASID));
	v.control.tlb_control = TLB_CONTROL_FLUSH_ALL;
	assert_null(check(&v, NO_FLUSH_BY_ASID));
	make_valid(&v);
	v.save.s_cet = ALL;
	assert_null(check(&v, USUAL));
	make_valid(&v);
	v.control.int_ctl = ALL;
	assert_null(check(&v, USUAL));
	assert_non_null(check(&v, WITH_V_NMI));
	make_valid(&v);
	v.control.eventinj = EXCEPTION(VECTOR_CP);
	assert_non_null(check(&v, USUAL));
	assert_null(check(&v, WITH_CET));
}

static void test_widest_and_narrowest_address(void **state)
{
	struct svm_entry_caps caps;
	struct vmcb v;

	(void)state;
	make_valid(&v);
	svm_entry_caps_init(&caps, 52, CR4_VALID, EFER_VALID, FEATURES);
	v.save.cr3 = BIT(51);
	v.control.n_cr3 = BIT(51);
	v.control.msrpm_base_pa = BIT(51);
	assert_null(svm_entry_check(&v.control, &v.save, CR0_PG, &caps));
	v.save.cr3 = BIT(52);
	assert_non_null(svm_entry_check(&v.control, &v.save, CR0_PG, &caps));
	make_valid(&v);
	svm_entry_caps_init(&caps, 32, CR4_VALID, EFER_VALID, FEATURES);
	v.save.cr3 = BIT(31);
	assert_null(svm_entry_check(&v.control, &v.save, CR0_PG, &caps));
	v.save.cr3 = BIT(32);
	assert_non_null(svm_entry_check(&v.control, &v.save, CR0_PG, &caps));
}

static void test_constrain_mode(void **state)
{
	/* clang-format off */
	static const struct {
		u64 efer, cr0, rflags; u8 cpl;
		u64 want_lma, want_vm; u8 want_cpl; bool want_l;
	} rows[] = {
		{ EFER_LME | EFER_LMA, CR0_PG | CR0_PE, 0, 3,            EFER_LMA, 0, 3, true },
		{ EFER_LME,            CR0_PG | CR0_PE, 0, 0,            EFER_LMA, 0, 0, true },
		{ EFER_LME | EFER_LMA, CR0_PE, 0, 2,                     0, 0, 2, false },
		{ EFER_LMA,            CR0_PG | CR0_PE, 0, 3,            0, 0, 3, false },
		/* B7, and paged real mode */
		{ EFER_LMA,            0, 0, 3,                          0, 0, 0, false },
		{ EFER_LMA,            CR0_PG, 0, 3,                     0, 0, 0, false },
		{ EFER_LME,            CR0_PG | CR0_PE, RFLAGS_VM, 1,    EFER_LMA, 0, 1, true },
		{ 0,                   CR0_PG | CR0_PE, RFLAGS_VM, 0,    0, RFLAGS_VM, 3, false },
		{ 0,                   0, RFLAGS_VM, 1,                  0, 0, 0, false },
		{ 0,                   CR0_PE, 0, 0xff,                  0, 0, 3, false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmcb v;

		make_valid(&v);
		v.save.efer = rows[i].efer | EFER_SVME | GENMASK(7, 1);
		v.save.cr0 = rows[i].cr0;
		v.save.rflags = rows[i].rflags | BIT(3) | BIT(63) | RFLAGS_IF;
		v.save.cpl = rows[i].cpl;
		v.save.ss.attrib = SEG_P | SEG_S | (u16)SEG_DPL_MASK;
		v.save.cs.attrib &= (u16)~SEG_P;
		assert_null(check(&v, USUAL));
		svm_entry_constrain(&v.save);
		assert_int_equal(v.save.efer & EFER_LMA, rows[i].want_lma);
		assert_int_equal(v.save.efer & (GENMASK(7, 1) | EFER_SVME), EFER_SVME);
		assert_int_equal(v.save.rflags & RFLAGS_VM, rows[i].want_vm);
		assert_int_equal(v.save.rflags & ~RFLAGS_VM, RFLAGS_IF | RFLAGS_FIXED);
		assert_int_equal(v.save.cpl, rows[i].want_cpl);
		assert_int_equal(FIELD_GET(SEG_DPL_MASK, v.save.ss.attrib), rows[i].want_cpl);
		assert_int_equal((v.save.cs.attrib & SEG_L) != 0, rows[i].want_l);
		assert_true(v.save.cs.attrib & SEG_P);
	}
}

static void test_constrain_event(void **state)
{
	u64 intr = EVENT(EVENT_TYPE_INTR, 0x41);
	u64 gp = EXCEPTION(VECTOR_GP) | EVENT_EV | FIELD_PREP(EVENT_ERROR_CODE_MASK, 8);

	(void)state;
	assert_int_equal(svm_eventinj_constrain(intr | EVENT_EV | GENMASK(63, 32)), intr);
	assert_int_equal(svm_eventinj_constrain(intr | GENMASK(30, 12)), intr);
	assert_int_equal(svm_eventinj_constrain(gp | GENMASK(30, 12)), gp);
	assert_int_equal(svm_eventinj_constrain(0), 0);
}

/* Valid guests come out as they went in, and a second round changes nothing. */
static void test_constrain_is_idle_on_valid_state(void **state)
{
	struct vmcb v, before;

	(void)state;
	make_valid(&v);
	before = v;
	svm_entry_constrain(&v.save);
	assert_memory_equal(&v, &before, sizeof(v));
	for (int i = 0; i < 10000; i++) {
		for (size_t j = 0; j < sizeof(v.save) / 8; j++) {
			((u64 *)&v.save)[j] = random64();
		}
		svm_entry_constrain(&v.save);
		svm_vmload_constrain(&v.save);
		before = v;
		svm_entry_constrain(&v.save);
		svm_vmload_constrain(&v.save);
		assert_memory_equal(&v, &before, sizeof(v));
		assert_false((v.save.efer & EFER_LMA) && (v.save.rflags & RFLAGS_VM));
	}
}

static void test_vmload_constrain(void **state)
{
	struct vmcb v;

	(void)state;
	make_valid(&v);
	for (u16 a = 0; a < 0x1000; a++) {
		v.save.tr.attrib = a;
		v.save.ldtr.attrib = a;
		svm_vmload_constrain(&v.save);
		assert_int_equal(v.save.tr.attrib & 0xff & ~SEG_DPL_MASK,
				 SEG_P | (a & 8 ? 0xb : 0x3));
		assert_int_equal(v.save.tr.attrib & ~0x9full, a & ~0x9full);
		if (a & SEG_P) {
			assert_int_equal(v.save.ldtr.attrib & 0x1f, 2);
		} else {
			assert_int_equal(v.save.ldtr.attrib, a);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_rule_accepts_and_rejects),
		cmocka_unit_test(test_citations),
		cmocka_unit_test(test_e1_bit_flips),
		cmocka_unit_test(test_filter_equals_table),
		cmocka_unit_test(test_event_injection),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_widest_and_narrowest_address),
		cmocka_unit_test(test_constrain_mode),
		cmocka_unit_test(test_constrain_event),
		cmocka_unit_test(test_constrain_is_idle_on_valid_state),
		cmocka_unit_test(test_vmload_constrain),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
