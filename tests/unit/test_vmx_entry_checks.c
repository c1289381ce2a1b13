/* SPDX-License-Identifier: MIT */
/*
 * Facts 1.7, 1.8 and G3: each rule of entry_rules.def has accepted and rejected vectors that
 * break nothing else, and the filters never let pass what the table refuses.
 */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/entry_checks.h"

#define MAXPHYADDR     40
#define PHYS_END       (1ull << MAXPHYADDR)
#define CANONICAL_LAST 0x00007fffffffffffull
#define CANONICAL_HIGH 0xffff800000000000ull
#define REVISION       0x12345678

#define ALL	       (~0ull)

#define CR4_VALID \
	(GENMASK(11, 0) | CR4_VMXE | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP)

/* All that a check looks at. */
struct image {
	struct vmcs v;
	struct vmx_entry_host h;
	struct vmx_caps c;
};

/* The images that vectors start from: all are accepted. */
enum base {
	LONG,	/* 64-bit guest, unrestricted */
	STRICT, /* the same, not unrestricted */
	PAE,	/* 32-bit guest with PAE paging, not unrestricted */
	VM86,	/* virtual-8086, not unrestricted */
	REAL,	/* real mode, with what it has in CS */
	HOST32, /* PAE under a 32-bit host */
	BASES,
};

static struct image bases[BASES];

static void make_caps(struct vmx_caps *c)
{
	c->pin = (struct vmx_ctls){ 0x16,
				    0x16 | PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMIS };
	c->primary = (struct vmx_ctls){ 0x04006172, (u32) ~(BIT(0) | BIT(18) | PROC_TERTIARY |
							    PROC_MONITOR_TRAP_FLAG) };
	c->secondary =
		(struct vmx_ctls){ 0, PROC2_EPT | PROC2_DESCRIPTOR_TABLE | PROC2_RDTSCP |
					      PROC2_VPID | PROC2_WBINVD | PROC2_UNRESTRICTED_GUEST |
					      PROC2_INVPCID | PROC2_XSAVES | PROC2_TSC_SCALING };
	c->exit = (struct vmx_ctls){ 0x00036dfb, 0x003fefff & ~EXIT_LOAD_PERF_GLOBAL_CTRL };
	c->entry = (struct vmx_ctls){ 0x000011fb, 0x0000d3ff };
	c->cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG;
	c->cr0_fixed1 = 0xffffffff;
	c->cr4_fixed0 = CR4_VMXE;
	c->cr4_fixed1 = CR4_VALID;
	c->ept_vpid = EPT_CAP_EXEC_ONLY | EPT_CAP_WALK_4 | EPT_CAP_UC | EPT_CAP_WB | EPT_CAP_2M;
	c->misc = VMX_MISC_ACTIVITY_HLT | VMX_MISC_ACTIVITY_SHUTDOWN | VMX_MISC_ACTIVITY_WAIT_SIPI |
		  FIELD_PREP(VMX_MISC_CR3_TARGETS_MASK, 4);
	c->maxphyaddr = MAXPHYADDR;
	c->unrestricted = true;
}

static void make_host_state(struct image *i)
{
	i->v.host_cr0 = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE;
	i->v.host_cr4 = CR4_VMXE | CR4_PAE | CR4_PGE;
	i->v.host_cr3 = 0x7000;
	i->v.host_efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	i->v.host_pat = PAT_RESET;
	i->v.host_cs_selector = 0x10;
	i->v.host_ss_selector = 0x18;
	i->v.host_tr_selector = 0x40;
	i->v.host_gs_base = CANONICAL_HIGH + 0x1000;
	i->v.host_rip = 0xffffffff81000000ull;
	i->h.long_mode = true;
	i->h.rtm = true;
	i->h.revision = REVISION;
	i->h.link_revision = REVISION;
	i->h.current_vmcs = 0xa000;
}

static void make_segments(struct vmcs *v, u32 code, u32 data, u32 limit)
{
	v->guest_cs_access_rights = code;
	v->guest_ss_access_rights = v->guest_ds_access_rights = v->guest_es_access_rights =
		v->guest_fs_access_rights = v->guest_gs_access_rights = data;
	v->guest_cs_limit = v->guest_ss_limit = v->guest_ds_limit = v->guest_es_limit =
		v->guest_fs_limit = v->guest_gs_limit = limit;
}

static void make_long(struct image *i)
{
	struct vmcs *v = &i->v;

	make_caps(&i->c);
	make_host_state(i);
	v->pin_based_controls = i->c.pin.may;
	v->primary_controls = (u32)(i->c.primary.must | PROC_SECONDARY | PROC_TPR_SHADOW |
				    PROC_MSR_BITMAPS | PROC_UNCONDITIONAL_IO | PROC_HLT);
	v->secondary_controls = PROC2_EPT | PROC2_VPID | PROC2_UNRESTRICTED_GUEST;
	v->exit_controls = i->c.exit.must | EXIT_SAVE_DEBUG | EXIT_HOST_ADDRESS_SPACE |
			   EXIT_LOAD_PAT | EXIT_LOAD_EFER;
	v->entry_controls = i->c.entry.must | ENTRY_LOAD_DEBUG | ENTRY_IA32E_GUEST |
			    ENTRY_LOAD_PAT | ENTRY_LOAD_EFER;
	v->vpid = 1;
	v->ept_pointer = 0x5000 | FIELD_PREP(EPTP_WALK_MASK, EPTP_WALK_4) | EPTP_MEMTYPE_WB;
	v->vmcs_link_pointer = ALL;
	v->entry_instruction_length = 1;
	v->guest_cr0 = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE;
	v->guest_cr4 = CR4_VMXE | CR4_PAE | CR4_PGE;
	v->guest_cr3 = 0x7000;
	v->guest_efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	v->guest_pat = PAT_RESET;
	v->guest_dr7 = DR7_RESET;
	v->guest_rflags = RFLAGS_FIXED;
	v->guest_rip = 0xffffffff81000000ull;
	v->guest_cs_selector = 0x10;
	v->guest_ss_selector = 0x18;
	v->guest_tr_selector = 0x40;
	make_segments(v, 0xa09b, 0xc093, 0xffffffff);
	v->guest_tr_access_rights = 0x8b;
	v->guest_tr_limit = 0x67;
	v->guest_ldtr_access_rights = AR_UNUSABLE;
}

static void make_pae(struct vmcs *v)
{
	v->entry_controls &= (u32)~ENTRY_IA32E_GUEST;
	v->guest_efer = EFER_NXE;
	v->guest_rip = 0xc0100000;
	v->guest_cs_access_rights = 0xc09b;
	v->guest_pdpte0 = 0x9001;
}

static void make_real(struct vmcs *v)
{
	make_pae(v);
	v->guest_cr0 = CR0_NE | CR0_ET;
	v->guest_cr4 = CR4_VMXE;
	v->guest_efer = 0;
	v->guest_rip = 0x7c00;
	make_segments(v, 0x93, 0x93, 0xffff);
}

static void make_vm86(struct vmcs *v)
{
	make_pae(v);
	v->guest_rflags |= RFLAGS_VM;
	make_segments(v, 0xf3, 0xf3, 0xffff);
	v->guest_cs_base = v->guest_cs_selector * 16;
	v->guest_ss_base = v->guest_ss_selector * 16;
}

static void make_host32(struct image *i)
{
	make_pae(&i->v);
	i->h.long_mode = false;
	i->v.exit_controls &= (u32)~EXIT_HOST_ADDRESS_SPACE;
	i->v.host_efer = EFER_NXE;
	i->v.host_rip = 0xc0100000;
}

static int setup(void **state)
{
	(void)state;
	for (int b = 0; b < BASES; b++) {
		memset(&bases[b], 0, sizeof(bases[b]));
		make_long(&bases[b]);
		if (b != LONG && b != REAL) {
			bases[b].v.secondary_controls &= (u32)~PROC2_UNRESTRICTED_GUEST;
		}
	}
	make_pae(&bases[PAE].v);
	make_vm86(&bases[VM86].v);
	make_real(&bases[REAL].v);
	make_host32(&bases[HOST32]);
	return 0;
}

typedef const struct vmx_entry_rule *checker(const struct vmcs *v, const struct vmx_caps *c,
					     const struct vmx_entry_host *h);

/* The stages, in the order of VM entry. */
static const struct stage {
	u8 group;
	checker *check;
	bool (*is_suspect)(const struct vmcs *v, const struct vmx_caps *c,
			   const struct vmx_entry_host *h);
} stages[] = {
	{ VMFAIL_ENTRY_CONTROLS, vmx_entry_check_controls, vmx_entry_controls_are_suspect },
	{ VMFAIL_ENTRY_HOST_STATE, vmx_entry_check_host, vmx_entry_host_is_suspect },
	{ EXIT_REASON_INVALID_GUEST_STATE, vmx_entry_check_guest, vmx_entry_guest_is_suspect },
};

static const struct vmx_entry_rule *check(const struct image *i)
{
	const struct vmx_entry_rule *rule = NULL;

	for (size_t s = 0; s < ARRAY_SIZE(stages) && !rule; s++) {
		rule = stages[s].check(&i->v, &i->c, &i->h);
		assert_true(!rule || rule->group == stages[s].group);
	}
	return rule;
}

static bool is_suspect(const struct image *i)
{
	bool suspect = false;

	for (size_t s = 0; s < ARRAY_SIZE(stages); s++) {
		suspect |= stages[s].is_suspect(&i->v, &i->c, &i->h);
	}
	return suspect;
}

static bool is_broken(const struct vmx_entry_rule *rule, const struct image *i)
{
	return rule->broken(&i->v, &i->c, &i->h);
}

/* The slow answer of a stage: every rule of the table in turn. */
static const struct vmx_entry_rule *walk(const struct image *i, u8 group)
{
	for (size_t r = 0; r < vmx_entry_rules_count; r++) {
		if (vmx_entry_rules[r].group == group && is_broken(&vmx_entry_rules[r], i)) {
			return &vmx_entry_rules[r];
		}
	}
	return NULL;
}

enum rule_id {
#define RULE(id, text, section, answer, condition) RULE_##id,
#include "arch/x86/vmx/entry_rules.def"
	RULES,
};

struct change {
	u16 offset; /* in struct image */
	u8 size;    /* 0: no change */
	u64 clear;
	u64 set;
};

struct vector {
	u8 rule;
	u8 base;
	struct change common[4], accepted[4], rejected[4];
};

/* clang-format off */
#define CHANGE(member, clear, set) \
	{ offsetof(struct image, member), sizeof(((struct image *)NULL)->member), clear, set }
#define SET(member, value)	CHANGE(member, ALL, value)
#define OR(member, bits)	CHANGE(member, 0, bits)
#define CLEAR(member, bits)	CHANGE(member, bits, 0)

static const struct vector vectors[] = {
#define V(id, base, ...) { RULE_##id, base, __VA_ARGS__ },
#include "tests/unit/vmx_entry_vectors.h"
};
/* clang-format on */

static void apply(struct image *i, const struct change changes[4])
{
	for (const struct change *c = changes; c < changes + 4; c++) {
		u64 value = 0;

		memcpy(&value, (u8 *)i + c->offset, c->size);
		value = (value & ~c->clear) | c->set;
		memcpy((u8 *)i + c->offset, &value, c->size);
	}
}

static void test_bases_need_no_table(void **state)
{
	(void)state;
	for (int b = 0; b < BASES; b++) {
		assert_null(check(&bases[b]));
		if (b <= PAE) {
			assert_false(is_suspect(&bases[b]));
		}
	}
}

/* Of all rules, the image breaks `only`, or none (RULES); and the checks say so. */
static void assert_breaks_only(const struct image *i, const struct vector *t, size_t only)
{
	const struct vmx_entry_rule *rule = check(i);

	for (size_t r = 0; r < RULES; r++) {
		if (is_broken(&vmx_entry_rules[r], i) != (r == only)) {
			fail_msg("vector %td of \"%s\": \"%s\" is %sbroken", t - vectors,
				 vmx_entry_rules[t->rule].name, vmx_entry_rules[r].name,
				 r == only ? "not " : "");
		}
	}
	assert_ptr_equal(rule, only == RULES ? NULL : &vmx_entry_rules[only]);
}

static void test_each_rule_accepts_and_rejects(void **state)
{
	size_t accepted[RULES] = { 0 }, rejected[RULES] = { 0 };

	(void)state;
	assert_int_equal(RULES, vmx_entry_rules_count);
	for (const struct vector *t = vectors; t < vectors + ARRAY_SIZE(vectors); t++) {
		struct image i = bases[t->base];

		apply(&i, t->common);
		apply(&i, t->accepted);
		assert_breaks_only(&i, t, RULES);
		accepted[t->rule]++;
		i = bases[t->base];
		apply(&i, t->common);
		apply(&i, t->rejected);
		assert_breaks_only(&i, t, t->rule);
		rejected[t->rule]++;
	}
	for (size_t r = 0; r < RULES; r++) {
		if (!accepted[r] || !rejected[r]) {
			fail_msg("\"%s\" has no vectors", vmx_entry_rules[r].name);
		}
	}
	printf("%zu rules, %zu accepted vectors, %zu rejected vectors\n", vmx_entry_rules_count,
	       ARRAY_SIZE(vectors), ARRAY_SIZE(vectors));
}

static void test_rules_are_citable(void **state)
{
	u8 group = 0;

	(void)state;
	for (size_t r = 0; r < vmx_entry_rules_count; r++) {
		const struct vmx_entry_rule *rule = &vmx_entry_rules[r];

		assert_int_equal(strncmp(rule->citation, "[SDM \"", 6), 0);
		assert_string_equal(rule->citation + strlen(rule->citation) - 2, "\"]");
		assert_true(rule->group >= group); /* the stages follow each other */
		group = rule->group;
		assert_true(group == EXIT_REASON_INVALID_GUEST_STATE || rule->qualification == 0);
		for (size_t j = 0; j < r; j++) {
			assert_string_not_equal(rule->name, vmx_entry_rules[j].name);
		}
	}
	assert_int_equal(vmx_entry_rules[RULE_PDPTE].qualification, 2);
	assert_int_equal(vmx_entry_rules[RULE_NMI_STI].qualification, 3);
	assert_int_equal(vmx_entry_rules[RULE_LINK_CURRENT].qualification, 4);
}

/* Filter and table, stage by stage. */
static void assert_filter_agrees(const struct image *i)
{
	for (size_t s = 0; s < ARRAY_SIZE(stages); s++) {
		const struct vmx_entry_rule *rule = walk(i, stages[s].group);

		if (stages[s].check(&i->v, &i->c, &i->h) != rule) {
			fail_msg("the filter passes \"%s\"", rule->name);
		}
	}
}

static void test_bit_flips(void **state)
{
	(void)state;
	for (int b = 0; b < BASES; b++) {
		for (size_t bit = 0; bit < sizeof(struct vmcs) * 8; bit++) {
			struct image i = bases[b];

			((u8 *)&i.v)[bit / 8] ^= (u8)(1u << (bit % 8));
			assert_filter_agrees(&i);
		}
	}
}

static u64 random_state = 0x9e3779b97f4a7c15ull;

static u64 random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static const struct {
	u16 offset, size;
} fields[] = {
#define FIELD(type, member, encoding, access, evmcs, group) \
	{ offsetof(struct vmcs, member), sizeof(((struct vmcs *)NULL)->member) },
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
};

/* A value of one field: mostly near validity. */
static u64 random_value(void)
{
	static const u64 liked[] = {
		0,
		1,
		2,
		3,
		ALL,
		BIT(63),
		BIT(31),
		BIT(32),
		PHYS_END,
		PHYS_END - 1,
		PHYS_END - 0x1000,
		CANONICAL_LAST,
		CANONICAL_HIGH,
		BIT(48),
		0x93,
		0x9b,
		0xf3,
		0xa09b,
		0xc093,
		0xc09f,
		0x8b,
		0x83,
		0x82,
		0x10093,
		0xfff,
		0xfffff,
		0x500,
		0x11000,
		0x4000,
		INTR_VALID | 0x20,
		INTR_VALID | 0x202,
		INTR_VALID | 0xb0e,
		INTR_VALID | 0x306,
		INTR_VALID | 0x603,
		RFLAGS_FIXED | RFLAGS_IF,
		RFLAGS_FIXED | RFLAGS_VM,
		RFLAGS_FIXED | RFLAGS_TF | RFLAGS_IF,
		CR0_PE,
		CR0_PG,
	};

	switch (random64() % 4) {
	case 0:
		return liked[random64() % ARRAY_SIZE(liked)];
	case 1:
		return BIT(random64() % 64);
	case 2:
		return INTR_VALID | (random64() & 0xfff);
	default:
		return random64();
	}
}

static void change_field(struct image *i)
{
	size_t f = random64() % ARRAY_SIZE(fields);
	u64 value = random_value();

	if (random64() & 1) { /* one bit instead */
		u64 bit = random64() % (fields[f].size * 8u);

		((u8 *)&i->v)[fields[f].offset + bit / 8] ^= (u8)(1u << (bit % 8));
	} else {
		memcpy((u8 *)&i->v + fields[f].offset, &value, fields[f].size);
	}
}

/* Images with one to eight fields changed; some capabilities, too. */
static void test_filter_equals_table(void **state)
{
	size_t accepted = 0;

	(void)state;
	for (int n = 0; n < 200000; n++) {
		struct image i = bases[random64() % BASES];

		for (u64 k = random64() % 8; k < 8; k++) {
			change_field(&i);
		}
		if (random64() % 8 == 0) {
			i.c.ept_vpid &= random64();
			i.c.cr0_fixed0 &= random64();
			i.c.misc = random64();
			i.c.primary.may |= (u32)random64();
			i.c.cr4_fixed1 |= random64();
			i.h.rtm = random64() & 1;
			i.h.long_mode = random64() & 1;
			i.h.vtpr = (u8)random64();
		}
		assert_filter_agrees(&i);
		accepted += check(&i) == NULL;
	}
	assert_in_range(accepted, 2000, 150000);
}

/* Images of noise, on capabilities of noise that lets everything pass. */
static void test_noise(void **state)
{
	(void)state;
	for (int n = 0; n < 20000; n++) {
		struct image i = bases[0];

		for (size_t k = 0; k < sizeof(i.v); k += 8) {
			u64 value = random64() & (random64() | random64());

			memcpy((u8 *)&i.v + k, &value, MIN(8, sizeof(i.v) - k));
		}
		if (n & 1) {
			struct vmx_ctls any = { 0, 0xffffffff };

			i.c.pin = i.c.primary = i.c.secondary = i.c.exit = i.c.entry = any;
			i.c.maxphyaddr = 32 + (u32)(random64() % 21);
			i.c.ept_vpid = i.c.misc = ALL;
			i.c.cr0_fixed1 = i.c.cr4_fixed1 = ALL;
			i.c.cr0_fixed0 = i.c.cr4_fixed0 = 0;
		}
		i.h.link_revision = (u32)random64();
		assert_filter_agrees(&i);
	}
}

/* What a hypervisor injects often, and where its guests often are, passes without the table. */
static void test_usual_entries_need_no_table(void **state)
{
	static const struct change usual[][4] = {
		{ SET(v.entry_intr_info, INTR_VALID | 0xec), OR(v.guest_rflags, RFLAGS_IF) },
		{ SET(v.entry_intr_info, INTR_VALID | 0xb0e),
		  SET(v.entry_exception_error_code, 7) },
		{ SET(v.entry_intr_info, INTR_VALID | 0x306),
		  SET(v.entry_exception_error_code, ALL) },
		{ SET(v.guest_interruptibility, INTERRUPTIBILITY_NMI) },
		{ OR(v.primary_controls, PROC_NMI_WINDOW | PROC_INTERRUPT_WINDOW) },
		{ OR(v.guest_cs_access_rights, 3 << 5), OR(v.guest_ss_access_rights, 3 << 5),
		  OR(v.guest_cs_selector, 3), OR(v.guest_ss_selector, 3) },
		{ SET(v.guest_ds_access_rights, AR_UNUSABLE),
		  SET(v.guest_fs_access_rights, AR_UNUSABLE),
		  SET(v.guest_gs_access_rights, AR_UNUSABLE),
		  SET(v.guest_fs_base, CANONICAL_LAST) },
		{ SET(v.guest_ldtr_access_rights, 0x82), SET(v.guest_ldtr_limit, 0xffff) },
		{ SET(v.entry_msr_load_count, 8), SET(v.exit_msr_load_count, 8),
		  SET(v.exit_msr_store_count, 8) },
		{ SET(v.tpr_threshold, 3), SET(h.vtpr, 0x3f) },
		{ SET(v.cr3_target_count, 4) },
		{ CLEAR(v.guest_cr0, CR0_PG), CLEAR(v.guest_cr4, CR4_PAE) },
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(usual); n++) {
		for (int b = LONG; b <= PAE; b++) {
			struct image i = bases[b];

			apply(&i, usual[n]);
			if (!check(&i) && is_suspect(&i)) {
				fail_msg("usual entry %zu of base %d asks the table", n, b);
			}
		}
	}
}

/* Every type and vector, in protected and in real mode. */
static void test_event_injection(void **state)
{
	static const u8 with_code[] = { 8, 10, 11, 12, 13, 14, 17 };

	(void)state;
	for (u32 info = 0; info < 0x1000; info++) {
		for (int real = 0; real < 2; real++) {
			struct image i = bases[real ? REAL : LONG];
			u32 type = info >> 8 & 7, vector = info & 0xff;
			bool code = !real && type == INTR_TYPE_HARD_EXCEPTION &&
				    memchr(with_code, (int)vector, sizeof(with_code));
			bool legal = type != 1 && type != 7 && (type != 2 || vector == 2) &&
				     (type != 3 || vector < 32) && code == (info >> 11 & 1);

			i.v.guest_rflags |= RFLAGS_IF;
			i.v.entry_intr_info = (u32)INTR_VALID | info;
			assert_int_equal(check(&i) == NULL, legal);
			i.v.entry_intr_info = (u32)(GENMASK(30, 12) | info);
			assert_null(check(&i));
		}
	}
}

/* The caller reads guest memory only when the answer can depend on it. */
static void test_what_is_read(void **state)
{
	struct image i = bases[LONG];

	(void)state;
	assert_false(vmx_entry_reads_vtpr(&i.v));
	assert_false(vmx_entry_reads_link(&i.v));
	i.v.tpr_threshold = 1;
	i.v.vmcs_link_pointer = 0x8000;
	assert_true(vmx_entry_reads_vtpr(&i.v));
	assert_true(vmx_entry_reads_link(&i.v));
	i.v.primary_controls &= (u32)~PROC_TPR_SHADOW;
	assert_false(vmx_entry_reads_vtpr(&i.v));
	i.h.link_revision = ~0u;
	assert_ptr_equal(check(&i), &vmx_entry_rules[RULE_LINK_REVISION]);
}

static void test_widest_and_narrowest_address(void **state)
{
	struct image i = bases[LONG];

	(void)state;
	i.c.maxphyaddr = 52;
	i.v.guest_cr3 = BIT(51);
	i.v.host_cr3 = BIT(51);
	i.v.msr_bitmap = BIT(51);
	assert_null(check(&i));
	i.v.guest_cr3 = BIT(52);
	assert_ptr_equal(check(&i), &vmx_entry_rules[RULE_CR3]);
	i = bases[LONG];
	i.c.maxphyaddr = 32;
	i.v.guest_cr3 = BIT(31);
	assert_null(check(&i));
	i.v.guest_cr3 = BIT(32);
	assert_ptr_equal(check(&i), &vmx_entry_rules[RULE_CR3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bases_need_no_table),
		cmocka_unit_test(test_each_rule_accepts_and_rejects),
		cmocka_unit_test(test_rules_are_citable),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_filter_equals_table),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_usual_entries_need_no_table),
		cmocka_unit_test(test_event_injection),
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_widest_and_narrowest_address),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
