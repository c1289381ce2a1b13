/* SPDX-License-Identifier: MIT */
/*
 * The enlightened VMCS: each clean field group loads its own fields and no other, an exit writes
 * what it may and no control, and L1's page is read once. Facts 1.4, E3, E7, G7.
 */
#define _GNU_SOURCE /* access_log.h wants the names of registers */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/evmcs.h"

#include "tests/unit/access_log.h"

#define GROUPS 16

struct span {
	u16 start;
	u16 end;
};

/* [TLFS "HV_VMX_ENLIGHTENED_VMCS"], taken down apart from the table; less what is not offered. */
static const struct span groups[GROUPS][3] = {
	[0] = { { 0x068, 0x078 } },
	[1] = { { 0x078, 0x080 } },
	[2] = { { 0x190, 0x1a0 }, { 0x3c0, 0x3c8 }, { 0x3d8, 0x3e0 } },
	[3] = { { 0x05c, 0x068 } },
	[4] = { { 0x314, 0x318 } },
	[5] = { { 0x320, 0x32c } },
	[6] = { { 0x31c, 0x320 } },
	[7] = { { 0x318, 0x31c } },
	[8] = { { 0x200, 0x240 } },
	[9] = { { 0x270, 0x27a } },
	[10] = { { 0x300, 0x314 } },
	[11] = { { 0x1a0, 0x200 } },
	[12] = { { 0x080, 0x128 } },
	[13] = { { 0x240, 0x270 } },
	[14] = { { 0x008, 0x016 }, { 0x018, 0x05c } },
};

/* MSR lists, CR3 targets, page-fault filters, TPR threshold, RIP; and what bit 15 would cover. */
static const struct span always[] = {
	{ 0x140, 0x190 },
	{ 0x32c, 0x338 },
	{ 0x340, 0x34c },
	{ 0x350, 0x360 },
};

/* Guest state, VM-exit information, vm_entry_controls and the event to inject. */
static const struct span stored[] = {
	{ 0x080, 0x128 }, { 0x1a0, 0x200 }, { 0x220, 0x240 },
	{ 0x2a8, 0x314 }, { 0x31c, 0x324 }, { 0x330, 0x338 },
};

static void mark(u8 map[PAGE_SIZE], const struct span *spans, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memset(map + spans[i].start, 1, spans[i].end - spans[i].start);
	}
}

/* 1 for each byte of the page that evmcs_load() takes with these clean fields. */
static void expected_reads(u32 clean, u8 map[PAGE_SIZE])
{
	memset(map, 0, PAGE_SIZE);
	mark(map, always, ARRAY_SIZE(always));
	for (unsigned int i = 0; i < GROUPS; i++) {
		if (!(clean & BIT(i))) {
			mark(map, groups[i], ARRAY_SIZE(groups[i]));
		}
	}
}

static union {
	struct evmcs evmcs;
	u8 bytes[PAGE_SIZE];
} page;

static struct vmcs vmcs12;
static struct evmcs_enlightenments enlightenments;

static void fill(void *p, size_t size, u8 seed)
{
	for (size_t i = 0; i < size; i++) {
		((u8 *)p)[i] = (u8)(i * 37 + i / 256 + seed);
	}
}

static u64 page_field(const struct vmcs_field *field)
{
	u64 value = 0;

	memcpy(&value, page.bytes + field->evmcs, field->size);
	return value;
}

static void check_load(u32 clean, const char *name)
{
	u8 expected[PAGE_SIZE];
	struct vmcs before;

	fill(&page, sizeof(page), 11);
	fill(&vmcs12, sizeof(vmcs12), 200);
	before = vmcs12;
	expected_reads(clean, expected);
	evmcs_load(&page.evmcs, clean, &vmcs12, &enlightenments);
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		bool loads = field->access == VMCS_ACCESS_RW && expected[field->evmcs];
		u64 value = loads ? page_field(field) : vmcs_get(&before, field);

		if (vmcs_get(&vmcs12, field) != value) {
			fail_msg("%s: %s is %s", name, field->name,
				 loads ? "not loaded" : "loaded");
		}
	}
}

/* Each table's row is in the group that the specification says, and nowhere twice. */
static void the_table_agrees_with_the_tlfs(void **state)
{
	u8 covered[PAGE_SIZE] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		u8 map[PAGE_SIZE] = { 0 };

		if (field->evmcs == 0) {
			assert_int_equal(field->access, VMCS_ACCESS_L0);
			continue;
		}
		if (field->access == VMCS_ACCESS_RO) {
			mark(map, stored, ARRAY_SIZE(stored));
		} else if (field->group == EVMCS_GROUP_NONE) {
			mark(map, always, ARRAY_SIZE(always));
		} else {
			mark(map, groups[field->group], ARRAY_SIZE(groups[0]));
		}
		for (unsigned int b = 0; b < field->size; b++) {
			if (!map[field->evmcs + b] || covered[field->evmcs + b]++) {
				fail_msg("%s: byte %x", field->name, field->evmcs + b);
			}
		}
	}
}

static void e7_each_group_alone(void **state)
{
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "group %u", i);
		check_load(~(u32)BIT(i), name);
	}
}

static void e7_all_none_and_random(void **state)
{
	u32 clean = 1;

	(void)state;
	check_load(0, "all dirty");
	check_load(~0u, "all clean");
	for (int i = 0; i < 2000; i++) {
		clean = clean * 1664525 + 1013904223;
		check_load(clean >> 8, "random groups");
	}
}

/* Linux stores vp_id and the assist page with bit 15 set: they are taken at each entry. */
static void the_enlightenments_are_always_taken(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		fill(&page, sizeof(page), (u8)i);
		page.evmcs.enlightenments_control = EVMCS_NESTED_FLUSH_HYPERCALL;
		page.evmcs.vp_id = i + 5;
		evmcs_load(&page.evmcs, i & 1 ? ~0u : 0, &vmcs12, &enlightenments);
		assert_int_equal(enlightenments.synthetic_controls, page.evmcs.synthetic_controls);
		assert_int_equal(enlightenments.control, EVMCS_NESTED_FLUSH_HYPERCALL);
		assert_int_equal(enlightenments.vp_id, i + 5);
		assert_int_equal(enlightenments.vm_id, page.evmcs.vm_id);
		assert_int_equal(enlightenments.partition_assist_page,
				 page.evmcs.partition_assist_page);
	}
}

/* 1.4 rows 6 and 7: what counts after VMLAUNCH, another page, and with the bitmap's bit set. */
static void which_clean_fields_count(void **state)
{
	static const struct {
		u32 clean;
		bool vmlaunch, same;
		u32 effective;
	} rows[] = {
		{ 0xffff, true, true, 0 },
		{ 0xffff, true, false, 0 },
		{ 0xffff, false, false, 0 },
		{ 0xffff, false, true, 0x7fff },
		{ 0xffffffff, false, true, 0x7fff },
		{ 0xffff0000, false, true, 0 },
		{ 0x8000, false, true, 0 },
		{ 0, false, true, 0 },
		{ EVMCS_CLEAN_MSR_BITMAP, false, true, EVMCS_CLEAN_MSR_BITMAP },
		{ 0xffff & ~EVMCS_CLEAN_MSR_BITMAP, false, true, 0x7ffd },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(evmcs_effective_clean(rows[i].clean, rows[i].vmlaunch,
						       rows[i].same),
				 rows[i].effective);
	}
}

/* 1.4 row 6: with nothing clean, no control or state of the page before survives. */
static void a_full_load_leaves_nothing_behind(void **state)
{
	struct vmcs a, b;

	(void)state;
	fill(&page, sizeof(page), 1);
	memset(&a, 0, sizeof(a));
	memset(&b, 0xff, sizeof(b));
	evmcs_load(&page.evmcs, 0, &a, &enlightenments);
	evmcs_load(&page.evmcs, 0, &b, &enlightenments);
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		if (vmcs_fields[i].access == VMCS_ACCESS_RW) {
			assert_int_equal(vmcs_get(&a, &vmcs_fields[i]),
					 vmcs_get(&b, &vmcs_fields[i]));
		}
	}
}

/* 1.4 rows 3 and 4 */
static void which_revisions_are_accepted(void **state)
{
	const u64 basic = 0x00d810004e4c5001;

	(void)state;
	assert_true(evmcs_revision_ok(1, basic));
	assert_true(evmcs_revision_ok(0x4e4c5001, basic));
	assert_false(evmcs_revision_ok(0xffffffff, basic));
	assert_false(evmcs_revision_ok(0, basic));
	assert_false(evmcs_revision_ok(2, basic));
	assert_false(evmcs_revision_ok(0x80000001, basic));
	assert_false(evmcs_revision_ok(0xce4c5001, basic));
}

static void an_exit_stores_what_it_may(void **state)
{
	u8 map[PAGE_SIZE] = { 0 };
	u8 before[PAGE_SIZE];

	(void)state;
	mark(map, stored, ARRAY_SIZE(stored));
	fill(&page, sizeof(page), 11);
	memcpy(before, &page, sizeof(page));
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];

		vmcs_set(&vmcs12, field, ~page_field(field));
	}
	evmcs_store(&page.evmcs, &vmcs12);
	for (size_t b = 0; b < PAGE_SIZE; b++) {
		u8 expected = map[b] ? (u8)~before[b] : before[b];

		if (page.bytes[b] != expected) {
			fail_msg("byte %zx is %s", b, map[b] ? "not stored" : "changed");
		}
	}
}

static void a_vmfail_stores_its_error_alone(void **state)
{
	u8 before[PAGE_SIZE];

	(void)state;
	fill(&page, sizeof(page), 3);
	memcpy(before, &page, sizeof(page));
	evmcs_store_error(&page.evmcs, VMFAIL_ENTRY_CONTROLS);
	memcpy(before + 0x2b0, &(u32){ 7 }, 4);
	assert_memory_equal(before, &page, sizeof(page));
}

/* L2's exit and L1's next entry, with nothing of L1's own between, change no field. */
static void stored_and_loaded_again(void **state)
{
	struct vmcs before;

	(void)state;
	fill(&page, sizeof(page), 91);
	fill(&vmcs12, sizeof(vmcs12), 17);
	evmcs_load(&page.evmcs, 0, &vmcs12, &enlightenments);
	vmcs12.guest_rip = 0x1000;
	vmcs12.guest_cr3 = 0x2000;
	vmcs12.entry_intr_info = 0x31;
	evmcs_store(&page.evmcs, &vmcs12);
	before = vmcs12;
	evmcs_load(&page.evmcs, 0, &vmcs12, &enlightenments);
	assert_memory_equal(&before, &vmcs12, sizeof(before));
}

static void g7_each_byte_is_read_once(void **state)
{
	struct evmcs *watched = access_log_page();
	u8 expected[PAGE_SIZE];

	(void)state;
	for (unsigned int i = 0; i <= GROUPS + 1; i++) {
		u32 clean = i == GROUPS ? 0 : ~(u32)BIT(i);

		expected_reads(clean, expected);
		access_log_start(watched, false);
		evmcs_load(watched, clean, &vmcs12, &enlightenments);
		access_log_stop();
		assert_memory_equal(access_log.reads, expected, PAGE_SIZE);
		for (size_t b = 0; b < PAGE_SIZE; b++) {
			assert_int_equal(access_log.writes[b], 0);
		}
	}
	munmap(watched, PAGE_SIZE);
}

static void g7_a_store_reads_nothing(void **state)
{
	struct evmcs *watched = access_log_page();
	u8 expected[PAGE_SIZE] = { 0 };

	(void)state;
	mark(expected, stored, ARRAY_SIZE(stored));
	access_log_start(watched, false);
	evmcs_store(watched, &vmcs12);
	access_log_stop();
	assert_memory_equal(access_log.writes, expected, PAGE_SIZE);
	for (size_t b = 0; b < PAGE_SIZE; b++) {
		assert_int_equal(access_log.reads[b], 0);
	}
	munmap(watched, PAGE_SIZE);
}

/* L1 rewrites the whole page between any two reads: no field is put together from two states. */
static void e3_no_field_is_torn(void **state)
{
	struct evmcs *watched = access_log_page();

	(void)state;
	access_log_start(watched, true);
	evmcs_load(watched, 0, &vmcs12, &enlightenments);
	access_log_stop();
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const u8 *bytes = (const u8 *)&vmcs12 + vmcs_fields[i].offset;

		if (vmcs_fields[i].access != VMCS_ACCESS_RW) {
			continue;
		}
		for (unsigned int b = 1; b < vmcs_fields[i].size; b++) {
			assert_int_equal(bytes[b], bytes[0]);
		}
	}
	assert_int_equal((u32)enlightenments.vm_id, enlightenments.vm_id >> 32);
	assert_true(access_log.accesses > 100);
	munmap(watched, PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_agrees_with_the_tlfs),
		cmocka_unit_test(e7_each_group_alone),
		cmocka_unit_test(e7_all_none_and_random),
		cmocka_unit_test(the_enlightenments_are_always_taken),
		cmocka_unit_test(which_clean_fields_count),
		cmocka_unit_test(a_full_load_leaves_nothing_behind),
		cmocka_unit_test(which_revisions_are_accepted),
		cmocka_unit_test(an_exit_stores_what_it_may),
		cmocka_unit_test(a_vmfail_stores_its_error_alone),
		cmocka_unit_test(stored_and_loaded_again),
		cmocka_unit_test(g7_each_byte_is_read_once),
		cmocka_unit_test(g7_a_store_reads_nothing),
		cmocka_unit_test(e3_no_field_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
