/* SPDX-License-Identifier: MIT */
/*
 * A plain VMCS in L1's region: what a hostile or fresh region means, what each operation writes and
 * how often it reads. Facts E3, G7.
 */
#define _GNU_SOURCE /* access_log.h wants the names of registers */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/evmcs.h"
#include "arch/x86/vmx/vmcs12.h"

#include "tests/unit/access_log.h"

static union {
	struct vmcs12_region region;
	u8 bytes[PAGE_SIZE];
} page;

static struct vmcs from, to, zero;

static void fill(void *p, size_t size, u8 seed)
{
	for (size_t i = 0; i < size; i++) {
		((u8 *)p)[i] = (u8)(i * 37 + i / 256 + seed);
	}
}

static void assert_region_is_clear(const char *name)
{
	bool launched = true;

	fill(&to, sizeof(to), 3);
	vmcs12_load(&page.region, &to, &launched);
	if (launched || memcmp(&to, &zero, sizeof(to)) != 0) {
		fail_msg("%s: not a clear VMCS of zeros", name);
	}
}

static void a_region_without_format_is_clear(void **state)
{
	(void)state;
	memset(&page, 0, sizeof(page));
	assert_region_is_clear("zeros");
	memset(&page, 0xff, sizeof(page));
	assert_region_is_clear("ones");
	for (unsigned int seed = 0; seed < 256; seed++) {
		fill(&page, sizeof(page), (u8)seed);
		assert_region_is_clear("garbage");
	}
	page.region.revision = VMCS12_REVISION;
	assert_region_is_clear("garbage with a revision");
}

static void each_bit_of_the_format_counts(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 96; bit++) {
		fill(&from, sizeof(from), 9);
		vmcs12_store(&page.region, &from, true);
		page.bytes[offsetof(struct vmcs12_region, magic) + bit / 8] ^= (u8)BIT(bit % 8);
		assert_region_is_clear("a bit of the format");
	}
}

static void the_launch_state_is_one_or_clear(void **state)
{
	static const u32 values[] = { 0, 2, 0x100, 0x01000001, ~0u };
	bool launched = false;

	(void)state;
	vmcs12_store(&page.region, &from, true);
	vmcs12_load(&page.region, &to, &launched);
	assert_true(launched);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		page.region.launched = values[i];
		launched = true;
		vmcs12_load(&page.region, &to, &launched);
		assert_false(launched);
	}
}

static void store_and_load(void **state)
{
	bool launched;

	(void)state;
	fill(&page, sizeof(page), 1);
	fill(&from, sizeof(from), 77);
	vmcs12_store(&page.region, &from, true);
	vmcs12_load(&page.region, &to, &launched);
	assert_true(launched);
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];

		assert_int_equal(vmcs_get(&to, field),
				 field->access == VMCS_ACCESS_L0 ? 0 : vmcs_get(&from, field));
	}
}

/* Neither L1's revision nor anything that an enlightened VMCS has is written to. */
static void the_first_1024_bytes_are_l1s(void **state)
{
	u8 before[PAGE_SIZE];

	(void)state;
	fill(&page, sizeof(page), 5);
	memcpy(before, &page, sizeof(page));
	vmcs12_store(&page.region, &from, true);
	vmcs12_clear(&page.region);
	assert_memory_equal(before, &page, sizeof(struct evmcs));
	assert_memory_equal(before + sizeof(struct vmcs12_region),
			    page.bytes + sizeof(struct vmcs12_region),
			    sizeof(page) - sizeof(struct vmcs12_region));
}

static void clear_changes_the_launch_state_alone(void **state)
{
	struct vmcs12_region before;

	(void)state;
	fill(&from, sizeof(from), 21);
	vmcs12_store(&page.region, &from, true);
	before = page.region;
	vmcs12_clear(&page.region);
	before.launched = 0;
	assert_memory_equal(&before, &page.region, sizeof(before));
}

/* VMCLEAR of a fresh enlightened VMCS, which Linux does before it says that it uses one. */
static void clear_writes_nothing_without_format(void **state)
{
	u8 before[PAGE_SIZE];

	(void)state;
	for (unsigned int seed = 0; seed < 256; seed++) {
		fill(&page, sizeof(page), (u8)seed);
		page.region.revision = EVMCS_VERSION;
		memcpy(before, &page, sizeof(page));
		vmcs12_clear(&page.region);
		assert_memory_equal(before, &page, sizeof(page));
	}
}

static void the_revision_is_a_legal_one(void **state)
{
	(void)state;
	assert_int_equal(VMCS12_REVISION & ~VMX_BASIC_REVISION_MASK, 0);
	assert_int_not_equal(VMCS12_REVISION, EVMCS_VERSION);
	memset(&page, 0, sizeof(page));
	page.region.revision = VMCS12_REVISION | BIT(31);
	assert_int_not_equal(vmcs12_read_revision(&page.region), VMCS12_REVISION);
	page.region.revision = VMCS12_REVISION;
	assert_int_equal(vmcs12_read_revision(&page.region), VMCS12_REVISION);
}

static void assert_reads(size_t from_byte, size_t to_byte, u8 count)
{
	for (size_t b = from_byte; b < to_byte; b++) {
		if (access_log.reads[b] != count) {
			fail_msg("byte %zx: %u reads, not %u", b, access_log.reads[b], count);
		}
	}
}

static void g7_each_byte_is_read_once(void **state)
{
	const size_t magic = offsetof(struct vmcs12_region, magic);
	struct vmcs12_region *region = access_log_page();
	bool launched;

	(void)state;
	vmcs12_store(region, &from, true);
	access_log_start(region, false);
	vmcs12_load(region, &to, &launched);
	access_log_stop();
	assert_reads(0, magic, 0);
	assert_reads(magic, sizeof(*region), 1);
	assert_reads(sizeof(*region), PAGE_SIZE, 0);
	for (size_t b = 0; b < PAGE_SIZE; b++) {
		assert_int_equal(access_log.writes[b], 0);
	}

	access_log_start(region, false);
	vmcs12_clear(region);
	access_log_stop();
	assert_reads(0, magic, 0);
	assert_reads(magic, magic + 12, 1);
	assert_reads(magic + 12, PAGE_SIZE, 0);
	munmap(region, PAGE_SIZE);
}

/* L1 destroys the format between the reads: what comes out is clear, or what a read has seen. */
static void e3_the_region_changes_meanwhile(void **state)
{
	struct vmcs12_region *region = access_log_page();
	bool launched = true;

	(void)state;
	vmcs12_store(region, &from, true);
	access_log_start(region, true);
	vmcs12_load(region, &to, &launched);
	access_log_stop();
	assert_false(launched);
	assert_memory_equal(&to, &zero, sizeof(to));
	munmap(region, PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_region_without_format_is_clear),
		cmocka_unit_test(each_bit_of_the_format_counts),
		cmocka_unit_test(the_launch_state_is_one_or_clear),
		cmocka_unit_test(store_and_load),
		cmocka_unit_test(the_first_1024_bytes_are_l1s),
		cmocka_unit_test(clear_changes_the_launch_state_alone),
		cmocka_unit_test(clear_writes_nothing_without_format),
		cmocka_unit_test(the_revision_is_a_legal_one),
		cmocka_unit_test(g7_each_byte_is_read_once),
		cmocka_unit_test(e3_the_region_changes_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
