/* SPDX-License-Identifier: MIT */
/*
 * vmcs12 + what Plinth keeps -> vmcs02: whatever L1 writes, what Plinth must keep is kept, and what
 * Plinth does not emulate never reaches the hardware. Facts I2, I3, I6.
 */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/merge.h"

#define ALL	  ((u32)VMX_GROUPS_ALL)
#define NONE	  ((u32)VMX_GROUP_NONE)
#define GROUP(n)  ((u32)VMX_GROUP(n))
#define SECONDARY 0x80000000u /* "activate secondary controls" */

static struct vmcs vmcs12, vmcs02, host;
static struct vmx_merge_env env;
static u64 pdptes[4];

static u64 seed = 0x9e3779b97f4a7c15ull;

static u64 next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull;
}

static void fill_random(void *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		((u8 *)to)[i] = (u8)(next_random() >> 32);
	}
}

/* Hardware that has everything and where nothing is fixed but CR0 and CR4. */
static void reset(void)
{
	const struct vmx_ctls any = { 0, ~0u };

	memset(&vmcs12, 0, sizeof(vmcs12));
	memset(&vmcs02, 0xc3, sizeof(vmcs02));
	memset(&host, 0x5a, sizeof(host));
	env = (struct vmx_merge_env){
		.pin = any,
		.primary = any,
		.secondary = any,
		.exit = any,
		.entry = any,
		.cr0_fixed0 = 0x80000021,
		.cr0_fixed1 = 0xffffffff,
		.cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x3767ff,
		.msr_bitmap = 0x1111000,
		.ept_pointer = 0x222201e,
		.vpid = 2,
		.host = &host,
	};
}

static u32 merge(u32 changed)
{
	return vmx_merge(&vmcs12, &env, changed, &vmcs02);
}

/* Controls */

/* I2, written down once more by numbers. */
static const struct word {
	const char *name;
	size_t offset; /* in struct vmcs */
	size_t ctls;   /* in struct vmx_merge_env */
	u32 mandatory;
	u32 passed;
} words[] = {
#define WORD(member, ctls) \
#member, offsetof(struct vmcs, member), offsetof(struct vmx_merge_env, ctls)
	/* NMI exiting, virtual NMIs; external interrupts */
	{ WORD(pin_based_controls, pin), 0x28, 0x29 },
	/* TSC offsetting, HLT, unconditional I/O, secondary; all that KVM knows but I/O bitmaps */
	{ WORD(primary_controls, primary), 0x81000088, 0x70f99e84 },
	/* EPT, VPID; DT, RDTSCP, WBINVD, unrestricted, RDRAND, INVPCID, RDSEED, XSAVES, scaling */
	{ WORD(secondary_controls, secondary), 0x22, 0x021118cc },
	/* save debug, 64-bit host, save and load PAT and EFER; acknowledge */
	{ WORD(exit_controls, exit), 0x003c0204, 0x8000 },
	/* load debug, PAT, EFER; IA-32e mode guest */
	{ WORD(entry_controls, entry), 0xc004, 0x200 },
#undef WORD
};

static u32 *word_of(struct vmcs *vmcs, const struct word *w)
{
	return (u32 *)((u8 *)vmcs + w->offset);
}

static void i2_each_control_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (unsigned int bit = 0; bit < 32; bit++) {
			u32 wish = 1u << bit;

			reset();
			vmcs12.primary_controls = SECONDARY;
			*word_of(&vmcs12, &words[i]) = wish;
			if (words[i].offset == offsetof(struct vmcs, secondary_controls)) {
				vmcs12.primary_controls = SECONDARY;
			}
			merge(ALL);
			for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
				u32 expected = words[k].mandatory;

				expected |= k == i ? wish & words[k].passed : 0;
				if (*word_of(&vmcs02, &words[k]) != expected) {
					fail_msg("%s bit %u: %s is %x", words[i].name, bit,
						 words[k].name, *word_of(&vmcs02, &words[k]));
				}
			}
		}
	}
}

static void i2_random_controls(void **state)
{
	(void)state;
	for (int n = 0; n < 20000; n++) {
		reset();
		fill_random(&vmcs12, sizeof(vmcs12));
		vmcs12.primary_controls |= SECONDARY;
		merge(ALL);
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			u32 wish = *word_of(&vmcs12, &words[i]);

			assert_int_equal(*word_of(&vmcs02, &words[i]),
					 words[i].mandatory | (wish & words[i].passed));
		}
	}
}

/* What the hardware fixes to 1 is 1, and what it has not is 0, even if Plinth would want it. */
static void the_hardware_has_the_last_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct vmx_ctls *ctls;

		reset();
		ctls = (struct vmx_ctls *)((u8 *)&env + words[i].ctls);
		ctls->must = 0x10010;
		merge(ALL);
		assert_int_equal(*word_of(&vmcs02, &words[i]), words[i].mandatory | 0x10010);
		ctls->must = 0;
		ctls->may = ~(words[i].mandatory & -words[i].mandatory);
		memset(&vmcs12, 0xff, sizeof(vmcs12));
		merge(ALL);
		assert_int_equal(*word_of(&vmcs02, &words[i]),
				 (words[i].mandatory | words[i].passed) & ctls->may);
	}
}

static void secondary_controls_need_activation(void **state)
{
	(void)state;
	reset();
	vmcs12.secondary_controls = ~0u;
	vmcs12.xss_exiting_bitmap = 0x100;
	vmcs12.tsc_multiplier = BIT(47);
	vmcs12.primary_controls = (u32)PROC_TSC_OFFSETTING;
	env.xss_exiting = 0x800;
	merge(ALL);
	assert_int_equal(vmcs02.secondary_controls, 0x22);
	assert_int_equal(vmcs02.xss_exiting_bitmap, 0x800);
	assert_int_equal(vmcs02.tsc_multiplier, BIT(48));
	vmcs12.primary_controls |= SECONDARY;
	merge(NONE);
	assert_int_equal(vmcs02.secondary_controls, 0x021118ee);
	assert_int_equal(vmcs02.xss_exiting_bitmap, 0x900);
	assert_int_equal(vmcs02.tsc_multiplier, BIT(47));
}

static void page_faults_that_plinth_wants(void **state)
{
	(void)state;
	reset();
	vmcs12.exception_bitmap = 0x4000;
	vmcs12.pf_error_code_mask = 0x1f;
	vmcs12.pf_error_code_match = 0x15;
	env.exceptions = 0x20000;
	merge(ALL);
	assert_int_equal(vmcs02.exception_bitmap, 0x24000);
	assert_int_equal(vmcs02.pf_error_code_mask, 0x1f);
	assert_int_equal(vmcs02.pf_error_code_match, 0x15);
	env.exceptions = 0x4000;
	vmcs12.exception_bitmap = 0;
	merge(ALL);
	assert_int_equal(vmcs02.exception_bitmap, 0x4000);
	assert_int_equal(vmcs02.pf_error_code_mask, 0);
	assert_int_equal(vmcs02.pf_error_code_match, 0);
}

static void tpr_shadow_fields_count_only_with_it(void **state)
{
	(void)state;
	reset();
	vmcs12.virtual_apic_address = 0x7777000;
	vmcs12.tpr_threshold = 5;
	merge(ALL);
	assert_int_equal(vmcs02.virtual_apic_address, 0);
	assert_int_equal(vmcs02.tpr_threshold, 0);
	vmcs12.primary_controls = (u32)PROC_TPR_SHADOW;
	merge(ALL);
	assert_int_equal(vmcs02.virtual_apic_address, 0x7777000);
	assert_int_equal(vmcs02.tpr_threshold, 5);
}

static void addresses_and_lists_are_plinths(void **state)
{
	(void)state;
	for (int n = 0; n < 1000; n++) {
		reset();
		fill_random(&vmcs12, sizeof(vmcs12));
		assert_false(merge(ALL) & VMX_GROUPS_L1HOST);
		assert_int_equal(vmcs02.msr_bitmap, 0x1111000);
		assert_int_equal(vmcs02.ept_pointer, 0x222201e);
		assert_int_equal(vmcs02.vpid, 2);
		assert_int_equal(vmcs02.vmcs_link_pointer, ~0ull);
		assert_int_equal(vmcs02.io_bitmap_a | vmcs02.io_bitmap_b, 0);
		assert_int_equal(vmcs02.vmread_bitmap | vmcs02.vmwrite_bitmap, 0);
		assert_int_equal(vmcs02.exit_msr_store_address | vmcs02.exit_msr_load_address, 0);
		assert_int_equal(vmcs02.entry_msr_load_address, 0);
		assert_int_equal(vmcs02.exit_msr_store_count | vmcs02.exit_msr_load_count, 0);
		assert_int_equal(vmcs02.entry_msr_load_count, 0);
		assert_int_equal(vmcs02.guest_activity, ACTIVITY_ACTIVE);
		assert_int_equal(vmcs02.cr3_target_count, vmcs12.cr3_target_count);
		assert_int_equal(vmcs02.cr3_target0, vmcs12.cr3_target0);
		assert_int_equal(vmcs02.cr3_target3, vmcs12.cr3_target3);
	}
}

/* I6: L1 decides nothing of what Plinth runs with after an exit. */
static void i6_the_host_state_is_plinths(void **state)
{
	(void)state;
	reset();
	fill_random(&vmcs12, sizeof(vmcs12));
	merge(ALL);
	for (u32 i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];

		if (!strncmp(field->name, "host_", 5)) {
			assert_int_equal(vmcs_get(&vmcs02, field), vmcs_get(&host, field));
		}
	}
}

/* Each field that is L1's guest is copied, and no VM-exit information is touched. */
static void guest_fields_and_exit_information(void **state)
{
	static const char *const made[] = { "guest_cr0",      "guest_cr4",    "guest_efer",
					    "guest_pat",      "guest_dr7",    "guest_debugctl",
					    "guest_activity", "guest_pdpte0", "guest_pdpte1",
					    "guest_pdpte2",   "guest_pdpte3" };
	struct vmcs before, given;

	(void)state;
	reset();
	fill_random(&vmcs12, sizeof(vmcs12));
	vmcs12.guest_interruptibility &= 3;
	before = vmcs02;
	given = vmcs12;
	merge(ALL);
	assert_memory_equal(&given, &vmcs12, sizeof(given));
	for (u32 i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		bool copied = !strncmp(field->name, "guest_", 6);

		if (field->access == VMCS_ACCESS_RO) {
			assert_int_equal(vmcs_get(&vmcs02, field), vmcs_get(&before, field));
			continue;
		}
		for (size_t k = 0; k < ARRAY_SIZE(made); k++) {
			copied &= strcmp(field->name, made[k]) != 0;
		}
		if (copied && vmcs_get(&vmcs02, field) != vmcs_get(&vmcs12, field)) {
			fail_msg("%s is not L1's", field->name);
		}
	}
}

/* Control registers */

static void masks_and_shadows_bit_by_bit(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (u32 n = 0; n < 16; n++) {
			bool mask = n & 1, owned = n & 2, value = n & 4, shadow = n & 8;

			reset();
			env.cr0_fixed0 = env.cr4_fixed0 = 0;
			env.cr0_fixed1 = env.cr4_fixed1 = ~0ull;
			env.cr0_owned = env.cr4_owned = owned ? BIT(bit) : 0;
			vmcs12.cr0_guest_host_mask = mask ? BIT(bit) : 0;
			vmcs12.guest_cr0 = value ? BIT(bit) : 0;
			vmcs12.cr0_read_shadow = shadow ? BIT(bit) : 0;
			vmcs12.cr4_guest_host_mask = vmcs12.cr0_guest_host_mask;
			vmcs12.guest_cr4 = vmcs12.guest_cr0;
			vmcs12.cr4_read_shadow = vmcs12.cr0_read_shadow;
			merge(ALL);
			assert_int_equal(vmcs02.cr0_guest_host_mask, mask || owned ? BIT(bit) : 0);
			assert_int_equal(vmcs02.guest_cr0, value && !owned ? BIT(bit) : 0);
			/* What L2 reads is L1's shadow, or what L1 gave it. */
			assert_int_equal(vmcs02.cr0_read_shadow,
					 (mask ? shadow : value) ? BIT(bit) : 0);
			assert_int_equal(vmcs02.cr4_guest_host_mask, vmcs02.cr0_guest_host_mask);
			assert_int_equal(vmcs02.guest_cr4, vmcs02.guest_cr0);
			assert_int_equal(vmcs02.cr4_read_shadow, vmcs02.cr0_read_shadow);
		}
	}
}

static void fixed_bits_are_forced(void **state)
{
	(void)state;
	reset();
	vmcs12.guest_cr0 = 0xffffffff00000010ull;
	vmcs12.guest_cr4 = ~0ull & ~BIT(13);
	merge(ALL);
	assert_int_equal(vmcs02.guest_cr0, 0x80000031);
	assert_int_equal(vmcs02.guest_cr4, 0x3767ff); /* VMXE is real */
	vmcs12.primary_controls = SECONDARY;
	vmcs12.secondary_controls = (u32)(PROC2_UNRESTRICTED_GUEST | PROC2_EPT);
	merge(ALL);
	assert_int_equal(vmcs02.guest_cr0, 0x30);
	/* Owned, and yet fixed. */
	env.cr0_owned = CR0_NE | CR0_CD;
	vmcs12.guest_cr0 = CR0_CD;
	merge(ALL);
	assert_int_equal(vmcs02.guest_cr0, CR0_NE);
	assert_int_equal(vmcs02.cr0_read_shadow, CR0_CD);
}

/* [SDM "Loading Guest Control Registers, Debug Registers, and MSRs"] */
static void efer_of_l2(void **state)
{
	static const struct {
		u32 entry;
		u64 cr0;
		u64 efer12, efer01;
		u64 expected;
	} rows[] = {
		{ (u32)ENTRY_LOAD_EFER, CR0_PG, 0x801, 0xd01, 0x801 },
		{ (u32)(ENTRY_LOAD_EFER | ENTRY_IA32E_GUEST), CR0_PG, 0x500, 0, 0x500 },
		/* not loaded: L1's, with LMA and, under paging, LME as the control says */
		{ 0, CR0_PG, 0x500, 0xd01, 0x801 },
		{ 0, 0, 0x500, 0xd01, 0x901 },
		{ 0, 0, 0x500, 0x001, 0x001 },
		{ (u32)ENTRY_IA32E_GUEST, CR0_PG, 0, 0xd01, 0xd01 },
		{ (u32)ENTRY_IA32E_GUEST, CR0_PG, 0, 0x801, 0xd01 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcs12.entry_controls = rows[i].entry;
		vmcs12.guest_cr0 = rows[i].cr0;
		vmcs12.guest_efer = rows[i].efer12;
		env.efer = rows[i].efer01;
		merge(ALL);
		assert_int_equal(vmcs02.guest_efer, rows[i].expected);
	}
}

static void what_l1_does_not_load_is_its_own(void **state)
{
	(void)state;
	reset();
	env.pat = 0x0606060606060606;
	env.dr7 = 0x455;
	env.debugctl = 2;
	vmcs12.guest_pat = 0x0007040600070406;
	vmcs12.guest_dr7 = 0x400;
	vmcs12.guest_debugctl = 1;
	merge(ALL);
	assert_int_equal(vmcs02.guest_pat, env.pat);
	assert_int_equal(vmcs02.guest_dr7, 0x455);
	assert_int_equal(vmcs02.guest_debugctl, 2);
	vmcs12.entry_controls = (u32)ENTRY_LOAD_PAT;
	merge(ALL);
	assert_int_equal(vmcs02.guest_pat, vmcs12.guest_pat);
	assert_int_equal(vmcs02.guest_dr7, 0x455);
	vmcs12.entry_controls = (u32)ENTRY_LOAD_DEBUG;
	merge(ALL);
	assert_int_equal(vmcs02.guest_pat, env.pat);
	assert_int_equal(vmcs02.guest_dr7, 0x400);
	assert_int_equal(vmcs02.guest_debugctl, 1);
}

static void pdptes_come_from_where_l1s_paging_has_them(void **state)
{
	(void)state;
	reset();
	for (u32 i = 0; i < 4; i++) {
		pdptes[i] = 0x1001 + i * 0x1000;
	}
	env.pdptes = pdptes;
	vmcs12.guest_pdpte0 = 0xa001;
	vmcs12.guest_pdpte3 = 0xd001;
	merge(ALL);
	assert_int_equal(vmcs02.guest_pdpte0, 0x1001);
	assert_int_equal(vmcs02.guest_pdpte3, 0x4001);
	pdptes[2] = 0;
	assert_int_equal(merge(NONE), NONE | GROUP(11));
	assert_int_equal(vmcs02.guest_pdpte2, 0);
	/* With EPT of L1's they are in vmcs12, and this change of mind is noticed. */
	vmcs12.primary_controls = SECONDARY;
	vmcs12.secondary_controls = (u32)PROC2_EPT;
	env.ept_pointer = 0x444401e;
	assert_true(merge(NONE | GROUP(3)) & GROUP(11));
	assert_int_equal(vmcs02.guest_pdpte0, 0xa001);
	assert_int_equal(vmcs02.guest_pdpte3, 0xd001);
	/* No PAE paging, no PDPTEs. */
	env.pdptes = NULL;
	vmcs12.secondary_controls = 0;
	merge(ALL);
}

/* Time */

static void tsc_offsets_add_up(void **state)
{
	static const struct {
		bool offsetting, scaling;
		u64 mult01, off01, mult12, off12;
		u64 mult, off;
	} rows[] = {
		{ false, false, 0, 100, 0, 5, BIT(48), 100 },
		{ true, false, 0, 100, 0, 5, BIT(48), 105 },
		{ true, false, 0, ~0ull, 0, ~0ull, BIT(48), ~0ull - 1 },
		{ true, false, 0, 1, BIT(49), ~0ull, BIT(48), 0 },
		/* scaling counts with offsetting only */
		{ false, true, 0, 100, BIT(49), 5, BIT(48), 100 },
		{ true, true, 0, 100, BIT(49), 5, BIT(49), 205 },
		{ true, true, 0, -100ull, BIT(49), 5, BIT(49), -195ull },
		{ true, true, 0, -101ull, BIT(47), 0, BIT(47), -50ull },
		{ true, true, BIT(47), 100, BIT(49), 5, BIT(48), 205 },
		{ true, false, BIT(47), 100, BIT(49), 5, BIT(47), 105 },
		{ true, true, 0, BIT(62), BIT(48), 1, BIT(48), BIT(62) + 1 },
		{ true, true, 0, BIT(63), BIT(48), 0, BIT(48), BIT(63) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcs12.primary_controls =
			SECONDARY | (rows[i].offsetting ? (u32)PROC_TSC_OFFSETTING : 0);
		vmcs12.secondary_controls = rows[i].scaling ? (u32)PROC2_TSC_SCALING : 0;
		vmcs12.tsc_multiplier = rows[i].mult12;
		vmcs12.tsc_offset = rows[i].off12;
		env.tsc_multiplier = rows[i].mult01;
		env.tsc_offset = rows[i].off01;
		merge(ALL);
		if (vmcs02.tsc_offset != rows[i].off || vmcs02.tsc_multiplier != rows[i].mult) {
			fail_msg("row %zu: offset %llx multiplier %llx", i,
				 (unsigned long long)vmcs02.tsc_offset,
				 (unsigned long long)vmcs02.tsc_multiplier);
		}
	}
}

/* L2's TSC is L1's formula over L1's TSC, within the rounding of two products. */
static void tsc_composes(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		u64 tsc = next_random() >> 16, one, two;

		reset();
		vmcs12.primary_controls = (u32)(SECONDARY | PROC_TSC_OFFSETTING);
		vmcs12.secondary_controls = (u32)PROC2_TSC_SCALING;
		vmcs12.tsc_multiplier = BIT(47) + (next_random() >> 16);
		vmcs12.tsc_offset = next_random();
		env.tsc_offset = (next_random() >> 17) + BIT(20);
		merge(ALL);
		one = (u64)((unsigned __int128)(tsc + env.tsc_offset) * vmcs12.tsc_multiplier >>
			    48) +
		      vmcs12.tsc_offset;
		two = (u64)((unsigned __int128)tsc * vmcs02.tsc_multiplier >> 48) +
		      vmcs02.tsc_offset;
		assert_true(one - two + 2 <= 4);
	}
}

/* Injection */

static void events_are_passed_on(void **state)
{
	static const struct {
		u32 event, blocking, expected;
	} rows[] = {
		{ 0, 8, 8 },
		{ 0, 0x1f, 0xb },
		{ 0x80000030, 8, 8 },
		{ 0x80000b0d, 8, 8 },
		{ 0x80000202, 0, 0 },
		/* Allowed without virtual NMIs, and the hardware has them always. */
		{ 0x80000202, 8, 0 },
		{ 0x80000202, 9, 1 },
		{ 0x00000202, 8, 8 }, /* not valid */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcs12.entry_intr_info = rows[i].event;
		vmcs12.entry_exception_error_code = 0x1234;
		vmcs12.entry_instruction_length = 3;
		vmcs12.guest_interruptibility = rows[i].blocking;
		merge(ALL);
		assert_int_equal(vmcs02.entry_intr_info, rows[i].event);
		assert_int_equal(vmcs02.entry_exception_error_code, 0x1234);
		assert_int_equal(vmcs02.entry_instruction_length, 3);
		assert_int_equal(vmcs02.guest_interruptibility, rows[i].expected);
	}
	/* L2's IRET unblocked in vmcs02 what stays blocked for L1. */
	vmcs02.guest_interruptibility = 0;
	assert_int_equal(merge(NONE), NONE | GROUP(10));
	assert_int_equal(vmcs02.guest_interruptibility, 8);
}

/* Groups */

static void nothing_new_nothing_written(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct vmcs before;

		reset();
		fill_random(&vmcs12, sizeof(vmcs12));
		env.efer = next_random();
		merge(ALL);
		before = vmcs02;
		assert_int_equal(merge(NONE), NONE);
		assert_memory_equal(&before, &vmcs02, sizeof(before));
		assert_int_equal(merge(GROUP(12) | GROUP(13) | GROUP(14)), NONE | GROUP(12));
	}
}

/* What L1 has at its VM entry, and what Plinth did to vmcs02 itself, is noticed without a bit. */
static void other_changes_are_noticed(void **state)
{
	(void)state;
	reset();
	merge(ALL);
	env.tsc_offset += 1;
	assert_int_equal(merge(NONE), NONE | GROUP(2));
	env.dr7 = 0x401;
	assert_int_equal(merge(NONE), NONE | GROUP(8));
	env.pat = 1;
	assert_int_equal(merge(NONE), NONE | GROUP(11));
	env.efer = 0x800;
	assert_int_equal(merge(NONE), NONE | GROUP(11));
	env.ept_pointer = 0x555501e;
	assert_int_equal(merge(NONE), NONE | GROUP(8) | GROUP(9) | GROUP(11));
	env.msr_bitmap = 0x9999000;
	assert_int_equal(merge(NONE), NONE | GROUP(1));
	vmcs02.primary_controls |= (u32)PROC_NMI_WINDOW;
	assert_int_equal(merge(NONE), NONE | GROUP(4));
	assert_int_equal(vmcs02.primary_controls, 0x81000088);
	vmcs02.entry_intr_info = (u32)INTR_VALID | 0x30; /* never went in */
	assert_int_equal(merge(NONE), NONE | GROUP(5));
	assert_int_equal(vmcs02.entry_intr_info, 0);
	vmcs02.exception_bitmap |= 2;
	assert_int_equal(merge(NONE), NONE | GROUP(7));
	assert_int_equal(vmcs02.exception_bitmap, 0);
	vmcs02.guest_activity = ACTIVITY_HLT; /* parked */
	merge(NONE);
	assert_int_equal(vmcs02.guest_activity, ACTIVITY_ACTIVE);
}

static void change_a_group(u32 group)
{
	for (u32 i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];

		if (field->group == group && field->access == VMCS_ACCESS_RW) {
			vmcs_set(&vmcs12, field, next_random());
		}
	}
}

/* Merging what changed comes to the same as merging all, field by field that is to be written. */
static void parts_come_to_the_whole(void **state)
{
	struct vmcs hardware, whole;

	(void)state;
	reset();
	fill_random(&vmcs12, sizeof(vmcs12));
	vmcs02 = (struct vmcs){ 0 };
	merge(ALL);
	hardware = vmcs02;
	for (int round = 0; round < 20000; round++) {
		u32 changed = 0, written;

		for (u32 group = 0; group <= EVMCS_GROUP_NONE; group++) {
			if (next_random() % 4 == 0 || group == EVMCS_GROUP_NONE) {
				change_a_group(group);
				changed |= GROUP(group);
			}
		}
		env.efer = next_random() % 3 ? env.efer : next_random();
		env.tsc_offset += next_random() % 2;
		/* L1's EPT or none: the caller has another EPTP for each. */
		env.pdptes = pdptes;
		pdptes[0] = next_random();
		env.ept_pointer = (vmcs12.primary_controls & SECONDARY) &&
						  (vmcs12.secondary_controls & PROC2_EPT)
					  ? 0x222201e
					  : 0x333301e;
		written = merge(changed);
		whole = (struct vmcs){ 0 };
		vmx_merge(&vmcs12, &env, ALL, &whole);
		assert_memory_equal(&vmcs02, &whole, sizeof(whole));
		for (u32 i = 0; i < VMCS_FIELDS; i++) {
			if (written & GROUP(vmcs_fields[i].group)) {
				vmcs_set(&hardware, &vmcs_fields[i],
					 vmcs_get(&vmcs02, &vmcs_fields[i]));
			}
		}
		assert_memory_equal(&hardware, &whole, sizeof(whole));
	}
}

/* MSR bitmap */

static struct {
	u8 bytes[4096];
	u8 reads[4096];
	bool readable;
} map12;

static u8 bitmap01[4096], bitmap02[4096], ones[4096];

static bool read64(void *ctx, u32 offset, u64 *value)
{
	(void)ctx;
	assert_true(offset <= 4096 - 8 && offset % 8 == 0);
	for (u32 i = 0; i < 8; i++) {
		assert_int_equal(map12.reads[offset + i]++, 0);
	}
	*value = 0; /* what is left behind by a failed read must not count */
	if (map12.readable) {
		memcpy(value, map12.bytes + offset, 8);
	}
	return map12.readable;
}

static void merge_maps(void)
{
	memset(map12.reads, 0, sizeof(map12.reads));
	vmx_merge_msr_bitmap(bitmap01, read64, NULL, bitmap02);
}

/* [SDM "MSR-Bitmap Address"] */
static bool l2_may(u32 msr, bool write)
{
	u32 byte = (msr & 0x1fff) / 8 + (msr >= 0xc0000000 ? 0x400 : 0) + (write ? 0x800 : 0);

	return !(bitmap02[byte] & BIT(msr % 8));
}

/* Under a map of L1 that is all zeros. */
static void i3_msrs_that_l2_may_use(void **state)
{
	static const struct {
		u32 msr;
		bool may;
	} rows[] = {
		{ 0x10, true },	      { 0x1b, true },	     { 0x48, true },
		{ 0x174, true },      { 0x176, true },	     { 0x277, false },
		{ 0x830, false },     { 0x1fff, false },     { 0xc0000080, true },
		{ 0xc0000081, true }, { 0xc0000084, true },  { 0xc0000100, true },
		{ 0xc0000103, true }, { 0xc0001fff, false },
	};

	(void)state;
	memset(bitmap01, 0, sizeof(bitmap01));
	memset(bitmap02, 0xff, sizeof(bitmap02));
	memset(&map12, 0, sizeof(map12));
	map12.readable = true;
	merge_maps();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 write = 0; write < 2; write++) {
			u32 msr = rows[i].msr;
			u32 bit =
				(msr & 0x1fff) + (msr >= 0xc0000000 ? 0x2000 : 0) + write * 0x4000;

			assert_int_equal(l2_may(msr, write), rows[i].may);
			/* Plinth may close each of them. */
			bitmap01[bit / 8] = (u8)BIT(bit % 8);
			merge_maps();
			assert_false(l2_may(msr, write));
			bitmap01[bit / 8] = 0;
			merge_maps();
		}
	}
}

static void i3_unreadable_and_closed_maps(void **state)
{
	(void)state;
	memset(ones, 0xff, sizeof(ones));
	memset(bitmap01, 0, sizeof(bitmap01));
	memset(bitmap02, 0xff, sizeof(bitmap02));
	memset(&map12, 0, sizeof(map12));
	merge_maps();
	assert_memory_equal(bitmap02, ones, sizeof(ones));
	map12.readable = true;
	merge_maps();
	/* Once open, closed again: nothing of the former guest is left. */
	memset(map12.bytes, 0xff, sizeof(map12.bytes));
	merge_maps();
	assert_memory_equal(bitmap02, ones, sizeof(ones));
}

/* I3: every bit is the or of both, or 1. */
static void i3_random_maps(void **state)
{
	(void)state;
	memset(bitmap02, 0xff, sizeof(bitmap02));
	map12.readable = true;
	for (int round = 0; round < 200; round++) {
		fill_random(map12.bytes, sizeof(map12.bytes));
		fill_random(bitmap01, sizeof(bitmap01));
		merge_maps();
		for (u32 i = 0; i < sizeof(bitmap02); i++) {
			u8 both = bitmap01[i] | map12.bytes[i];

			assert_true(bitmap02[i] == both || bitmap02[i] == 0xff);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i2_each_control_bit),
		cmocka_unit_test(i2_random_controls),
		cmocka_unit_test(the_hardware_has_the_last_word),
		cmocka_unit_test(secondary_controls_need_activation),
		cmocka_unit_test(page_faults_that_plinth_wants),
		cmocka_unit_test(tpr_shadow_fields_count_only_with_it),
		cmocka_unit_test(addresses_and_lists_are_plinths),
		cmocka_unit_test(i6_the_host_state_is_plinths),
		cmocka_unit_test(guest_fields_and_exit_information),
		cmocka_unit_test(masks_and_shadows_bit_by_bit),
		cmocka_unit_test(fixed_bits_are_forced),
		cmocka_unit_test(efer_of_l2),
		cmocka_unit_test(what_l1_does_not_load_is_its_own),
		cmocka_unit_test(pdptes_come_from_where_l1s_paging_has_them),
		cmocka_unit_test(tsc_offsets_add_up),
		cmocka_unit_test(tsc_composes),
		cmocka_unit_test(events_are_passed_on),
		cmocka_unit_test(nothing_new_nothing_written),
		cmocka_unit_test(other_changes_are_noticed),
		cmocka_unit_test(parts_come_to_the_whole),
		cmocka_unit_test(i3_msrs_that_l2_may_use),
		cmocka_unit_test(i3_unreadable_and_closed_maps),
		cmocka_unit_test(i3_random_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
