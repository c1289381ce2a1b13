/* SPDX-License-Identifier: MIT */
/*
 * The snapshot of L1's VMCB: each group of clean bits loads its own fields and no other, and the
 * guest's page is read once. Facts E3, E7, G7 (CVE-2021-29657).
 */
#define _GNU_SOURCE /* access_log.h wants the names of registers */
#include "tests/unit/unit.h"
#include "arch/x86/svm/vmcb12.h"

#include "tests/unit/access_log.h"
#include "tests/unit/vmcb_fields.h"

#define MAX_FIELDS 12
#define GROUPS	   32

/* [APM "VMCB Clean Field"], less what L1 is not offered: LBR but DBGCTL, AVIC, CET. */
static const struct {
	const char *name;
	struct vmcb_field fields[MAX_FIELDS];
} groups[GROUPS] = {
	[0] = { "I",
		{ VMCB_FIELD(control.intercept_cr), VMCB_FIELD(control.intercept_dr),
		  VMCB_FIELD(control.intercept_exceptions), VMCB_FIELD(control.intercept_misc1),
		  VMCB_FIELD(control.intercept_misc2), VMCB_FIELD(control.intercept_misc3),
		  VMCB_FIELD(control.pause_filter_threshold),
		  VMCB_FIELD(control.pause_filter_count), VMCB_FIELD(control.tsc_offset) } },
	[1] = { "IOPM", { VMCB_FIELD(control.iopm_base_pa), VMCB_FIELD(control.msrpm_base_pa) } },
	[2] = { "ASID", { VMCB_FIELD(control.guest_asid) } },
	[3] = { "TPR", { VMCB_FIELD(control.int_ctl) } },
	[4] = { "NP",
		{ VMCB_FIELD(control.np_enable), VMCB_FIELD(control.n_cr3),
		  VMCB_FIELD(save.g_pat) } },
	[5] = { "CRx",
		{ VMCB_FIELD(save.cr0), VMCB_FIELD(save.cr3), VMCB_FIELD(save.cr4),
		  VMCB_FIELD(save.efer) } },
	[6] = { "DRx", { VMCB_FIELD(save.dr6), VMCB_FIELD(save.dr7) } },
	[7] = { "DT", { VMCB_FIELD(save.gdtr), VMCB_FIELD(save.idtr) } },
	[8] = { "SEG",
		{ VMCB_FIELD(save.es), VMCB_FIELD(save.cs), VMCB_FIELD(save.ss),
		  VMCB_FIELD(save.ds), VMCB_FIELD(save.cpl) } },
	[9] = { "CR2", { VMCB_FIELD(save.cr2) } },
	[10] = { "LBR", { VMCB_FIELD(save.dbgctl) } },
};

/* What no clean bit covers, and the enlightenments, whose clean bit (31) is not asked. */
static const struct vmcb_field always[] = {
	VMCB_FIELD(control.tlb_control),
	VMCB_FIELD(control.interrupt_shadow),
	VMCB_FIELD(control.eventinj),
	VMCB_FIELD(control.nrip),
	VMCB_FIELD(control.hv_enlightenments_control),
	VMCB_FIELD(save.rflags),
	VMCB_FIELD(save.rip),
	VMCB_FIELD(save.rsp),
	VMCB_FIELD(save.rax),
};

/* 1 for each byte that vmcb12_load() takes with these clean bits. */
static void expected_bytes(u32 clean, u8 map[PAGE_SIZE])
{
	memset(map, 0, PAGE_SIZE);
	vmcb_fields_mark(map, always, ARRAY_SIZE(always), 1);
	for (unsigned int i = 0; i < GROUPS; i++) {
		if (!(clean & BIT(i))) {
			vmcb_fields_mark(map, groups[i].fields, MAX_FIELDS, 1);
		}
	}
}

static struct vmcb from, to;

static void fill(void)
{
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		((u8 *)&from)[i] = (u8)(i * 37 + 11);
		((u8 *)&to)[i] = (u8) ~((u8 *)&from)[i];
	}
}

static void check_load(u32 clean, const char *name)
{
	u8 expected[PAGE_SIZE];

	fill();
	expected_bytes(clean, expected);
	vmcb12_load(&from, clean, &to.control, &to.save);
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		u8 source = ((u8 *)&from)[i];
		u8 got = ((u8 *)&to)[i];

		if (got != (expected[i] ? source : (u8)~source)) {
			fail_msg("%s: byte %zx is %s", name, i,
				 got == source ? "loaded" : "not loaded");
		}
	}
}

static void e7_each_group_alone(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < GROUPS; i++) {
		check_load(~(u32)BIT(i), groups[i].name ? groups[i].name : "no group");
	}
}

static void e7_all_and_none(void **state)
{
	(void)state;
	check_load(0, "all dirty");
	check_load(~0u, "all clean");
	check_load((u32)~GENMASK(11, 0), "reserved clean bits alone");
}

static void e7_random_groups(void **state)
{
	u32 clean = 1;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		clean = clean * 1664525 + 1013904223;
		check_load(clean >> 8, "random groups");
	}
}

static void g7_each_byte_is_read_once(void **state)
{
	struct vmcb *page = access_log_page();
	u8 expected[PAGE_SIZE];

	(void)state;
	for (unsigned int i = 0; i <= GROUPS; i++) {
		u32 clean = i == GROUPS ? 0 : ~(u32)BIT(i);

		expected_bytes(clean, expected);
		access_log_start(page, false);
		vmcb12_load(page, clean, &to.control, &to.save);
		access_log_stop();
		assert_memory_equal(access_log.reads, expected, PAGE_SIZE);
		for (size_t b = 0; b < PAGE_SIZE; b++) {
			assert_int_equal(access_log.writes[b], 0);
		}
	}
	munmap(page, PAGE_SIZE);
}

/* L1 rewrites the whole page between any two reads: no field is put together from two states. */
static void e3_no_field_is_torn(void **state)
{
	struct vmcb *page = access_log_page();
	unsigned int fields = 0;

	(void)state;
	access_log_start(page, true);
	vmcb12_load(page, 0, &to.control, &to.save);
	access_log_stop();
	for (unsigned int i = 0; i < GROUPS; i++) {
		for (unsigned int f = 0; f < MAX_FIELDS; f++) {
			const struct vmcb_field *field = &groups[i].fields[f];
			const u8 *bytes = (const u8 *)&to + field->offset;

			for (unsigned int b = 1; b < MIN(field->size, 8); b++) {
				assert_int_equal(bytes[b], bytes[0]);
			}
			fields += field->size != 0;
		}
	}
	assert_true(access_log.accesses > fields);
	munmap(page, PAGE_SIZE);
}

/* The detector itself: a byte that is read twice is seen. */
static void the_log_sees_a_second_read(void **state)
{
	struct vmcb *page = access_log_page();
	volatile u64 *rip = &page->save.rip;
	volatile u16 *part = (volatile u16 *)((u8 *)&page->save.rip + 6);
	u64 sum;

	(void)state;
	access_log_start(page, false);
	sum = *rip;
	sum += *part;
	*rip = sum;
	access_log_stop();
	assert_int_equal(access_log.reads[offsetof(struct vmcb, save.rip) + 5], 1);
	assert_int_equal(access_log.reads[offsetof(struct vmcb, save.rip) + 6], 2);
	assert_int_equal(access_log.reads[offsetof(struct vmcb, save.rip) + 8], 0);
	assert_int_equal(access_log.writes[offsetof(struct vmcb, save.rip)], 1);
	munmap(page, PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(e7_each_group_alone),
		cmocka_unit_test(e7_all_and_none),
		cmocka_unit_test(e7_random_groups),
		cmocka_unit_test(the_log_sees_a_second_read),
		cmocka_unit_test(g7_each_byte_is_read_once),
		cmocka_unit_test(e3_no_field_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
