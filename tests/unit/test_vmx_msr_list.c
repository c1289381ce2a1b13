/* SPDX-License-Identifier: MIT */
/* The MSR lists: what an entry may name, in which direction, and how many there may be. */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/msr_list.h"

static void test_entries(void **state)
{
	static const struct {
		struct vmx_msr_entry entry;
		bool loadable, storable;
	} rows[] = {
		{ { MSR_EFER, 0, EFER_SCE }, true, true },
		{ { MSR_KERNEL_GS_BASE, 0, ~0ull }, true, true },
		{ { 0, 0, 0 }, true, true },
		{ { ~0u, 0, 0 }, true, true }, /* WRMSR's #GP will tell */
		{ { MSR_EFER, 1, 0 }, false, false },
		{ { MSR_EFER, 1u << 31, 0 }, false, false },
		{ { MSR_FS_BASE, 0, 0 }, false, true },
		{ { MSR_GS_BASE, 0, 0 }, false, true },
		{ { 0x7ff, 0, 0 }, true, true },
		{ { 0x800, 0, 0 }, false, false },
		{ { MSR_X2APIC_ICR, 0, 0 }, false, false },
		{ { 0x8ff, 0, 0 }, false, false },
		{ { 0x900, 0, 0 }, true, true },
		{ { 0x10800, 0, 0 }, true, true }, /* not the range, though its low bits are */
		{ { 0x9b, 0, 0 }, false, true },   /* SMM_MONITOR_CTL: read outside of SMM */
		{ { 0x9e, 0, 0 }, true, false },   /* SMBASE: its WRMSR is #GP anyway */
		{ { 0x79, 0, 0 }, false, false },
		{ { MSR_BIOS_SIGN_ID, 0, 0 }, false, false },
		{ { 0xc0000099, 0, 0 }, true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct vmx_msr_entry *e = &rows[i].entry;

		if (vmx_msr_entry_is_loadable(e) != rows[i].loadable ||
		    vmx_msr_entry_is_storable(e) != rows[i].storable) {
			fail_msg("row %zu: MSR %x", i, e->index);
		}
	}
}

/* Nothing but the index and the reserved bits decides, and the ranges have no holes. */
static void test_all_low_indexes(void **state)
{
	(void)state;
	for (u32 index = 0; index < 0x4000; index++) {
		struct vmx_msr_entry e = { index, 0, 0 };
		bool x2apic = index >= 0x800 && index <= 0x8ff;
		bool microcode = index == 0x79 || index == 0x8b;

		assert_int_equal(vmx_msr_entry_is_loadable(&e),
				 !x2apic && !microcode && index != 0x9b);
		assert_int_equal(vmx_msr_entry_is_storable(&e),
				 !x2apic && !microcode && index != 0x9e);
		e.data = ~0ull;
		assert_int_equal(vmx_msr_entry_is_loadable(&e),
				 !x2apic && !microcode && index != 0x9b);
		for (int bit = 0; bit < 32; bit++) {
			e.reserved = 1u << bit;
			assert_false(vmx_msr_entry_is_loadable(&e));
			assert_false(vmx_msr_entry_is_storable(&e));
		}
	}
}

static void test_bound(void **state)
{
	(void)state;
	assert_int_equal(vmx_msr_list_max(0), 512);
	assert_int_equal(vmx_msr_list_max(BIT(25)), 1024);
	assert_int_equal(vmx_msr_list_max(~0ull), 4096);
	assert_int_equal(vmx_msr_list_max(~VMX_MISC_MSR_LIST_MASK), 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_all_low_indexes),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
