/* SPDX-License-Identifier: MIT */
/* hv/msr: the rows of "Synthetic MSRs", and those of "Hypercall entry" about the two registers. */
#include "tests/unit/hv_rig.h"

#define ENABLE HV_OVERLAY_MSR_ENABLE
#define LOCKED HV_HYPERCALL_MSR_LOCKED

static u64 read_value(u32 msr)
{
	u64 value = 0xDEAD;

	assert_int_equal(rig_rdmsr(&rig, msr, &value), HV_MSR_OK);
	return value;
}

static void restart(const char *option)
{
	rig_end(&rig);
	rig_start(&rig, option);
}

static void msr_1_1_3_no_guest_os_id(void **state)
{
	(void)state;
	rig_wrmsr(&rig, HV_X64_MSR_GUEST_OS_ID, 0);
	assert_int_equal(rig.effects.pages, 1);
	assert_int_equal(rig.effects.page[0].gpa, RIG_CODE);
	assert_int_equal(rig.effects.page[0].kind, HV_OVERLAY_NONE);
	assert_int_equal(read_value(HV_X64_MSR_HYPERCALL), RIG_CODE); /* disabled with it */
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, 0x7001), HV_MSR_OK);
	assert_int_equal(rig.effects.pages, 0);
	assert_int_equal(read_value(HV_X64_MSR_HYPERCALL), 0x7000); /* the enable bit stays 0 */
	rig_wrmsr(&rig, HV_X64_MSR_GUEST_OS_ID, 1);
	assert_int_equal(read_value(HV_X64_MSR_HYPERCALL), 0x7000);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, 0x7001), HV_MSR_OK);
	assert_int_equal(rig.effects.pages, 1);
	assert_int_equal(rig.effects.page[0].kind, HV_OVERLAY_HYPERCALL);
	assert_false(rig.effects.page[0].writable);
}

static void msr_1_1_4_gpfn_beyond_gpa_space(void **state)
{
	static const u64 values[] = { RIG_MAX_GPA | 1, RIG_MAX_GPA, 0xFFFFFFFFFFFFF001ull, ~0ull };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, values[i]), HV_MSR_GP);
		assert_int_equal(rig.effects.pages, 0);
		assert_int_equal(read_value(HV_X64_MSR_HYPERCALL), RIG_CODE | 1);
	}
	/* Not RAM, but in the GPA space: where the TLFS wants it best. */
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, (RIG_MAX_GPA - PAGE_SIZE) | 1),
			 HV_MSR_OK);
	assert_int_equal(rig.effects.pages, 2);
}

static void msr_1_1_7c_locked(void **state)
{
	static const u64 values[] = { 0,
				      RIG_CODE,
				      RIG_CODE | ENABLE,
				      RIG_CODE | LOCKED,
				      0x7000 | LOCKED | ENABLE,
				      RIG_CODE | LOCKED | ENABLE | 4 };
	struct hv_vp other;
	u64 value;

	(void)state;
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, RIG_CODE | LOCKED | ENABLE),
			 HV_MSR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, values[i]), HV_MSR_GP);
	}
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, RIG_CODE | LOCKED | ENABLE),
			 HV_MSR_OK);
	rig_wrmsr(&rig, HV_X64_MSR_GUEST_OS_ID, 0); /* immutable, by this way too */
	assert_int_equal(rig.effects.pages, 0);
	hv_vp_init(&other, 3);
	assert_int_equal(hv_msr_read(&rig.partition, &other, 0, HV_X64_MSR_HYPERCALL, &value), 0);
	assert_int_equal(value, RIG_CODE | LOCKED | ENABLE); /* the same for every VP */
	hv_partition_reset(&rig.partition);
	assert_int_equal(read_value(HV_X64_MSR_HYPERCALL), 0);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, 0x7000), HV_MSR_OK);
}

static void msr_hypercall_preserves_reserved_bits(void **state)
{
	(void)state;
	rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, RIG_CODE | 0xFFC | ENABLE);
	assert_int_equal(read_value(HV_X64_MSR_HYPERCALL), RIG_CODE | 0xFFC | ENABLE);
}

/* ---- A feature missing: #GP. Present: accepted, in the directions that the register has. ---- */

struct access_row {
	const char *feature; /* "-NAME" after the profile takes it away */
	u32 msr;
	enum hv_msr_result read;
	enum hv_msr_result write;
	u64 value; /* that is written */
};

#define OK   HV_MSR_OK
#define GP   HV_MSR_GP
#define APIC HV_MSR_APIC

static const struct access_row accesses[] = {
	{ NULL, HV_X64_MSR_GUEST_OS_ID, OK, OK, 1 },
	{ NULL, HV_X64_MSR_HYPERCALL, OK, OK, 0 },
	{ NULL, HV_X64_MSR_VP_INDEX, OK, GP, 1 },
	{ "hv-reset", HV_X64_MSR_RESET, OK, OK, 0 },
	{ "hv-runtime", HV_X64_MSR_VP_RUNTIME, OK, GP, 1 },
	{ "hv-time", HV_X64_MSR_TIME_REF_COUNT, OK, GP, 1 },
	{ "hv-time", HV_X64_MSR_REFERENCE_TSC, OK, OK, 0x4001 },
	{ "hv-frequencies", HV_X64_MSR_TSC_FREQUENCY, OK, GP, 1 },
	{ "hv-frequencies", HV_X64_MSR_APIC_FREQUENCY, OK, GP, 1 },
	{ "hv-vp-assist", HV_X64_MSR_EOI, GP, APIC, 0 },
	{ "hv-vp-assist", HV_X64_MSR_ICR, APIC, APIC, 0xFF00000000 },
	{ "hv-vp-assist", HV_X64_MSR_TPR, APIC, APIC, 1 },
	{ "hv-vp-assist", HV_X64_MSR_VP_ASSIST_PAGE, OK, OK, 0x4001 },
	{ "hv-crash", HV_X64_MSR_CRASH_P0, OK, OK, ~0ull },
	{ "hv-crash", HV_X64_MSR_CRASH_P4, OK, OK, 1 },
	{ "hv-crash", HV_X64_MSR_CRASH_CTL, OK, OK, 0 },
	{ "hv-tsc-invariant", HV_X64_MSR_TSC_INVARIANT_CONTROL, OK, OK, 1 },
};

static void msr_1_6_offered_or_gp(void **state)
{
	char option[64];
	u64 value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		const struct access_row *row = &accesses[i];

		if (row->feature != NULL) {
			snprintf(option, sizeof(option), "default,-%s", row->feature);
			restart(option);
			assert_int_equal(rig_rdmsr(&rig, row->msr, &value), GP);
			assert_int_equal(rig_wrmsr(&rig, row->msr, row->value), GP);
			snprintf(option, sizeof(option), "default,+%s", row->feature);
			restart(option);
		}
		assert_int_equal(rig_rdmsr(&rig, row->msr, &value), row->read);
		assert_int_equal(rig_wrmsr(&rig, row->msr, row->value), row->write);
	}
}

static void msr_1_6_refused_in_this_version(void **state)
{
	static const u32 msrs[] = { HV_X64_MSR_EOM,
				    HV_X64_MSR_SCONTROL,
				    HV_X64_MSR_SINT0,
				    HV_X64_MSR_SINT15,
				    HV_X64_MSR_STIMER0_CONFIG,
				    HV_X64_MSR_STIMER3_COUNT,
				    HV_X64_MSR_GUEST_IDLE,
				    HV_X64_MSR_REENLIGHTENMENT_CONTROL,
				    HV_X64_MSR_TSC_EMULATION_STATUS,
				    HV_X64_MSR_SYNDBG_STATUS };
	u64 value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		assert_int_equal(rig_rdmsr(&rig, msrs[i], &value), GP);
		assert_int_equal(rig_wrmsr(&rig, msrs[i], 0), GP);
		assert_int_equal(rig_wrmsr(&rig, msrs[i], 1), GP);
	}
}

static void msr_unknown_numbers(void **state)
{
	static const u32 msrs[] = { 0,		0x10,	    0xC0000080, 0x3FFFFFFF, 0x40000004,
				    0x40000024, 0x40000074, 0x40000119, 0x40001080, 0xFFFFFFFF };
	u64 value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		assert_int_equal(rig_rdmsr(&rig, msrs[i], &value), HV_MSR_UNKNOWN);
		assert_int_equal(rig_wrmsr(&rig, msrs[i], 0), HV_MSR_UNKNOWN);
		assert_null(hv_msr_name(msrs[i]));
	}
	assert_string_equal(hv_msr_name(HV_X64_MSR_HYPERCALL), "HYPERCALL");
}

static void msr_profile_none_knows_nothing(void **state)
{
	u64 value;

	(void)state;
	restart("none");
	for (u32 msr = HV_X64_MSR_FIRST; msr < HV_X64_MSR_FIRST + 0x200; msr++) {
		assert_int_equal(rig_rdmsr(&rig, msr, &value), HV_MSR_UNKNOWN);
		assert_int_equal(rig_wrmsr(&rig, msr, 0), HV_MSR_UNKNOWN);
	}
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
}

static void msr_values(void **state)
{
	(void)state;
	assert_int_equal(read_value(HV_X64_MSR_VP_INDEX), 1);
	assert_int_equal(read_value(HV_X64_MSR_TSC_FREQUENCY), RIG_TSC_HZ);
	assert_int_equal(read_value(HV_X64_MSR_APIC_FREQUENCY), 1000000000);
	assert_int_equal(read_value(HV_X64_MSR_GUEST_OS_ID), 0x8100ull << 48);
	assert_int_equal(read_value(HV_X64_MSR_CRASH_CTL), 3ull << 62);
}

static void msr_reset(void **state)
{
	(void)state;
	restart("default,+hv-reset");
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_RESET, 0), HV_MSR_OK);
	assert_false(rig.effects.reset);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_RESET, 1), HV_MSR_OK);
	assert_true(rig.effects.reset);
	assert_int_equal(read_value(HV_X64_MSR_RESET), 0);
}

static void msr_reference_tsc(void **state)
{
	(void)state;
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_REFERENCE_TSC, 0x4FFF), HV_MSR_OK);
	assert_int_equal(read_value(HV_X64_MSR_REFERENCE_TSC), 0x4FFF); /* bits 11:1 preserved */
	assert_int_equal(rig.effects.pages, 1);
	assert_int_equal(rig.effects.page[0].gpa, 0x4000);
	assert_int_equal(rig.effects.page[0].kind, HV_OVERLAY_REFERENCE_TSC);
	/* Beyond the GPA space: accepted, and not accessible. */
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_REFERENCE_TSC, RIG_MAX_GPA | 1), HV_MSR_OK);
	assert_int_equal(rig.effects.pages, 1);
	assert_int_equal(rig.effects.page[0].gpa, 0x4000);
	assert_int_equal(rig.effects.page[0].kind, HV_OVERLAY_NONE);
	assert_int_equal(read_value(HV_X64_MSR_REFERENCE_TSC), RIG_MAX_GPA | 1);
}

static void msr_reference_tsc_disable_is_always_tolerated(void **state)
{
	u64 value;

	(void)state;
	restart("default,-hv-time");
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_REFERENCE_TSC, 0), HV_MSR_OK);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_REFERENCE_TSC, 0x4000), HV_MSR_OK);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_REFERENCE_TSC, 0x4001), HV_MSR_GP);
	assert_int_equal(rig_rdmsr(&rig, HV_X64_MSR_REFERENCE_TSC, &value), HV_MSR_GP);
	assert_int_equal(rig.partition.reference_tsc, 0);
}

static void msr_vp_assist_page(void **state)
{
	static const struct {
		u64 value;
		enum hv_msr_result result;
	} rows[] = {
		{ 0x4001, OK },	     { 0x4FFF, OK },
		{ RIG_RAM | 1, GP }, { RIG_HIDDEN | 1, GP },
		{ RIG_HIDDEN, OK },  { RIG_MAX_GPA | 1, GP },
		{ ~0ull, GP },	     { ~1ull, OK },
		{ 0, OK },	     { (RIG_RAM - 4096) | 1, OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 before = rig.vp.vp_assist;

		assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_VP_ASSIST_PAGE, rows[i].value),
				 rows[i].result);
		assert_int_equal(rig.effects.vp_assist, rows[i].result == OK);
		assert_int_equal(read_value(HV_X64_MSR_VP_ASSIST_PAGE),
				 rows[i].result == OK ? rows[i].value : before);
	}
	assert_int_equal(hv_vp_assist_gpa(&rig.vp), RIG_RAM - 4096);
	rig_wrmsr(&rig, HV_X64_MSR_VP_ASSIST_PAGE, 0x4000);
	assert_true(hv_vp_assist_gpa(&rig.vp) == HV_OVERLAY_OFF);
}

static void msr_apic_aliases(void **state)
{
	u64 value;

	(void)state;
	assert_int_equal(hv_msr_apic_alias(HV_X64_MSR_EOI), 0x80B);
	assert_int_equal(hv_msr_apic_alias(HV_X64_MSR_ICR), 0x830);
	assert_int_equal(hv_msr_apic_alias(HV_X64_MSR_TPR), 0x808);
	assert_int_equal(hv_msr_apic_alias(HV_X64_MSR_HYPERCALL), 0);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_EOI, 1ull << 32), HV_MSR_GP);
	rig.platform.apic_msrs = false;
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_EOI, 0), HV_MSR_GP);
	assert_int_equal(rig_rdmsr(&rig, HV_X64_MSR_TPR, &value), HV_MSR_GP);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_VP_ASSIST_PAGE, 0), HV_MSR_OK);
}

static void msr_tsc_invariant_control(void **state)
{
	(void)state;
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_TSC_INVARIANT_CONTROL, 1), HV_MSR_OK);
	assert_true(rig.effects.tsc_invariant);
	assert_int_equal(read_value(HV_X64_MSR_TSC_INVARIANT_CONTROL), 1);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_TSC_INVARIANT_CONTROL, 2), HV_MSR_GP);
	assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_TSC_INVARIANT_CONTROL, ~0ull), HV_MSR_GP);
	assert_int_equal(read_value(HV_X64_MSR_TSC_INVARIANT_CONTROL), 1);
}

static void msr_crash(void **state)
{
	static const struct {
		u64 ctl;
		u64 p3;
		u64 p4;
		bool crash;
		u64 gpa;
		u32 length;
	} rows[] = {
		{ 1ull << 63, 0x3000, 100, true, 0, 0 },
		{ 1ull << 62, 0x3000, 100, false, 0, 0 },
		{ 3ull << 62, 0x3004, 100, true, 0x3004, 100 },
		{ 3ull << 62, 0x3000, 4096, true, 0x3000, 4096 },
		{ 3ull << 62, 0x3FFF, ~0ull, true, 0x3FFF, 4096 },
		{ 3ull << 62, ~0ull, 100, true, 0, 0 },
		{ 3ull << 62, RIG_MAX_GPA - 99, 100, true, 0, 0 },
		{ 3ull << 62, RIG_MAX_GPA - 100, 100, true, RIG_MAX_GPA - 100, 100 },
		{ 3ull << 62, 0x3000, 0, true, 0x3000, 0 },
		{ 0, 0x3000, 100, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rig_wrmsr(&rig, HV_X64_MSR_CRASH_P0 + 3, rows[i].p3);
		rig_wrmsr(&rig, HV_X64_MSR_CRASH_P0 + 4, rows[i].p4);
		assert_int_equal(rig_wrmsr(&rig, HV_X64_MSR_CRASH_CTL, rows[i].ctl), HV_MSR_OK);
		assert_int_equal(rig.effects.crash, rows[i].crash);
		assert_int_equal(rig.effects.crash_gpa, rows[i].gpa);
		assert_int_equal(rig.effects.crash_length, rows[i].length);
	}
	for (u32 i = 0; i < 5; i++) {
		rig_wrmsr(&rig, HV_X64_MSR_CRASH_P0 + i, i + 70);
		assert_int_equal(rig.partition.crash_p[i], i + 70);
		assert_int_equal(read_value(HV_X64_MSR_CRASH_P0 + i), i + 70);
	}
}

static void msr_1_6_clock(void **state)
{
	u64 a, b;

	(void)state;
	/* From the partition's start (TSC 1000) on: one second later, 10^7 units within 1 %. */
	hv_msr_read(&rig.partition, &rig.vp, 1000, HV_X64_MSR_TIME_REF_COUNT, &a);
	assert_int_equal(a, 0);
	hv_msr_read(&rig.partition, &rig.vp, 1000 + RIG_TSC_HZ, HV_X64_MSR_TIME_REF_COUNT, &a);
	assert_in_range(a, 9999999, 10000000);
	hv_msr_read(&rig.partition, &rig.vp, 1000 + RIG_TSC_HZ + 200, HV_X64_MSR_TIME_REF_COUNT,
		    &b);
	assert_int_equal(b, a + 1); /* 200 clocks of 2 GHz are a unit: strictly later */
}

static void hypercall_page_contents(void **state)
{
	static const u8 start[] = { 0xF3, 0x0F, 0x1E, 0xFA, 0x0F, 0x01, 0xD9, 0xC3, 0xCC };
	u8 page[PAGE_SIZE];

	(void)state;
	hv_hypercall_page_fill(&rig.platform, page);
	assert_memory_equal(page, start, sizeof(start));
	assert_int_equal(page[PAGE_SIZE - 1], 0xCC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(msr_1_1_3_no_guest_os_id),
		RIG_TEST(msr_1_1_4_gpfn_beyond_gpa_space),
		RIG_TEST(msr_1_1_7c_locked),
		RIG_TEST(msr_hypercall_preserves_reserved_bits),
		RIG_TEST(msr_1_6_offered_or_gp),
		RIG_TEST(msr_1_6_refused_in_this_version),
		RIG_TEST(msr_unknown_numbers),
		RIG_TEST(msr_profile_none_knows_nothing),
		RIG_TEST(msr_values),
		RIG_TEST(msr_reset),
		RIG_TEST(msr_reference_tsc),
		RIG_TEST(msr_reference_tsc_disable_is_always_tolerated),
		RIG_TEST(msr_vp_assist_page),
		RIG_TEST(msr_apic_aliases),
		RIG_TEST(msr_tsc_invariant_control),
		RIG_TEST(msr_crash),
		RIG_TEST(msr_1_6_clock),
		RIG_TEST(hypercall_page_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
