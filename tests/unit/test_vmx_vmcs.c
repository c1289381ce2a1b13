/* SPDX-License-Identifier: MIT */
/*
 * The fields of the VMCS by encoding: every encoding there is, each field's width, high accesses,
 * and what VMREAD and VMWRITE answer. Facts 1.7.
 */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/vmcs.h"

#define PATTERN 0x123456789abcdef0ull

static u64 width_mask(const struct vmcs_field *field)
{
	return field->size == 8 ? ~0ull : BIT(field->size * 8) - 1;
}

/* Taken down from [SDM "Field Encoding in VMCS"], apart from the table. */
static const struct {
	u16 encoding;
	u8 size;
	const char *name;
} known[] = {
	{ 0x0000, 2, "vpid" },
	{ 0x0802, 2, "guest_cs_selector" },
	{ 0x080e, 2, "guest_tr_selector" },
	{ 0x0c0c, 2, "host_tr_selector" },
	{ 0x2000, 8, "io_bitmap_a" },
	{ 0x2004, 8, "msr_bitmap" },
	{ 0x2006, 8, "exit_msr_store_address" },
	{ 0x200a, 8, "entry_msr_load_address" },
	{ 0x2010, 8, "tsc_offset" },
	{ 0x2012, 8, "virtual_apic_address" },
	{ 0x201a, 8, "ept_pointer" },
	{ 0x202c, 8, "xss_exiting_bitmap" },
	{ 0x2032, 8, "tsc_multiplier" },
	{ 0x2400, 8, "guest_physical_address" },
	{ 0x2800, 8, "vmcs_link_pointer" },
	{ 0x2806, 8, "guest_efer" },
	{ 0x2810, 8, "guest_pdpte3" },
	{ 0x2c02, 8, "host_efer" },
	{ 0x4000, 4, "pin_based_controls" },
	{ 0x4002, 4, "primary_controls" },
	{ 0x4004, 4, "exception_bitmap" },
	{ 0x400c, 4, "exit_controls" },
	{ 0x4012, 4, "entry_controls" },
	{ 0x4016, 4, "entry_intr_info" },
	{ 0x401c, 4, "tpr_threshold" },
	{ 0x401e, 4, "secondary_controls" },
	{ 0x4400, 4, "vm_instruction_error" },
	{ 0x4402, 4, "exit_reason" },
	{ 0x4408, 4, "idt_vectoring_info" },
	{ 0x4816, 4, "guest_cs_access_rights" },
	{ 0x4824, 4, "guest_interruptibility" },
	{ 0x4826, 4, "guest_activity" },
	{ 0x4c00, 4, "host_sysenter_cs" },
	{ 0x6000, 8, "cr0_guest_host_mask" },
	{ 0x6006, 8, "cr4_read_shadow" },
	{ 0x600e, 8, "cr3_target3" },
	{ 0x6400, 8, "exit_qualification" },
	{ 0x640a, 8, "guest_linear_address" },
	{ 0x6802, 8, "guest_cr3" },
	{ 0x681c, 8, "guest_rsp" },
	{ 0x681e, 8, "guest_rip" },
	{ 0x6822, 8, "guest_pending_debug" },
	{ 0x6c14, 8, "host_rsp" },
	{ 0x6c16, 8, "host_rip" },
};

static void known_encodings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct vmcs_field *field = vmcs_field_of(known[i].encoding);

		assert_non_null(field);
		assert_string_equal(field->name, known[i].name);
		assert_int_equal(field->size, known[i].size);
	}
}

/* A field holds its width's bits, and no other field moves with it. */
static void each_field_round_trip(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		struct vmcs vmcs, expected;

		memset(&vmcs, 0xa5, sizeof(vmcs));
		expected = vmcs;
		vmcs_set(&vmcs, field, PATTERN);
		assert_int_equal(vmcs_get(&vmcs, field), PATTERN & width_mask(field));
		memset((u8 *)&expected + field->offset, 0, field->size);
		memset((u8 *)&vmcs + field->offset, 0, field->size);
		assert_memory_equal(&vmcs, &expected, sizeof(vmcs));
	}
}

static void rows_and_encodings_agree(void **state)
{
	static const u8 sizes[] = { 2, 8, 4, 8 };

	(void)state;
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		bool ours = field->access == VMCS_ACCESS_L0;

		assert_int_equal(field->size,
				 sizes[FIELD_GET(VMCS_ENCODING_WIDTH_MASK, field->encoding)]);
		assert_ptr_equal(vmcs_field_of(field->encoding), ours ? NULL : field);
		assert_int_equal(field->encoding & VMCS_ENCODING_HIGH, 0);
		if (i > 0) {
			assert_true(field->encoding > field[-1].encoding);
		}
	}
}

/* All operands of 17 bits: supported exactly when a row says so. */
static void every_encoding(void **state)
{
	unsigned int full = 0, high = 0, expected_full = 0, expected_high = 0;
	struct vmcs vmcs;

	(void)state;
	memset(&vmcs, 0, sizeof(vmcs));
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		if (vmcs_fields[i].access != VMCS_ACCESS_L0) {
			expected_full++;
			expected_high +=
				FIELD_GET(VMCS_ENCODING_WIDTH_MASK, vmcs_fields[i].encoding) ==
				VMCS_ENCODING_WIDTH_U64;
		}
	}
	for (u32 encoding = 0; encoding < 0x20000; encoding++) {
		const struct vmcs_field *field = vmcs_field_of(encoding);
		u64 value = PATTERN;

		if (field) {
			assert_int_equal(field->encoding, encoding);
		}
		if (vmcs_read_encoding(&vmcs, encoding, &value) != VMCS_OK) {
			assert_int_equal(vmcs_write_encoding(&vmcs, encoding, 1), VMCS_UNSUPPORTED);
			assert_int_equal(value, PATTERN);
			continue;
		}
		full += !(encoding & VMCS_ENCODING_HIGH);
		high += encoding & VMCS_ENCODING_HIGH;
	}
	assert_int_equal(full, expected_full);
	assert_int_equal(high, expected_high);
}

/* One bit above the encoding, anywhere, makes another field that does not exist. */
static void reserved_bits_of_the_operand(void **state)
{
	struct vmcs vmcs;
	u64 value;

	(void)state;
	memset(&vmcs, 0, sizeof(vmcs));
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		for (unsigned int bit = 15; bit < 64; bit++) {
			u64 encoding = vmcs_fields[i].encoding | BIT(bit);

			assert_int_equal(vmcs_read_encoding(&vmcs, encoding, &value),
					 VMCS_UNSUPPORTED);
			assert_int_equal(vmcs_write_encoding(&vmcs, encoding, 1), VMCS_UNSUPPORTED);
		}
		assert_int_equal(vmcs_write_encoding(&vmcs, vmcs_fields[i].encoding | BIT(12), 1),
				 VMCS_UNSUPPORTED);
	}
}

static void high_halves(void **state)
{
	struct vmcs vmcs;
	u64 value;

	(void)state;
	memset(&vmcs, 0, sizeof(vmcs));
	vmcs.tsc_offset = PATTERN;
	assert_int_equal(vmcs_read_encoding(&vmcs, VMCS_tsc_offset | 1, &value), VMCS_OK);
	assert_int_equal(value, 0x12345678);
	assert_int_equal(vmcs_write_encoding(&vmcs, VMCS_tsc_offset | 1, 0xffffffff87654321),
			 VMCS_OK);
	assert_int_equal(vmcs.tsc_offset, 0x876543219abcdef0);
	assert_int_equal(vmcs_write_encoding(&vmcs, VMCS_tsc_offset, 7), VMCS_OK);
	assert_int_equal(vmcs.tsc_offset, 7);

	assert_int_equal(vmcs_read_encoding(&vmcs, VMCS_guest_rip | 1, &value), VMCS_UNSUPPORTED);
	assert_int_equal(vmcs_read_encoding(&vmcs, VMCS_vpid | 1, &value), VMCS_UNSUPPORTED);
	assert_int_equal(vmcs_write_encoding(&vmcs, VMCS_exit_reason | 1, 1), VMCS_UNSUPPORTED);
	assert_int_equal(vmcs_write_encoding(&vmcs, VMCS_guest_physical_address | 1, 1),
			 VMCS_READ_ONLY);
	assert_int_equal(vmcs.guest_physical_address, 0);
}

static void vmread_and_vmwrite(void **state)
{
	(void)state;
	assert_int_equal(VMCS_UNSUPPORTED, 12);
	assert_int_equal(VMCS_READ_ONLY, 13);
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		struct vmcs vmcs;
		u64 value = 0;

		memset(&vmcs, 0, sizeof(vmcs));
		switch (field->access) {
		case VMCS_ACCESS_RW:
			assert_int_equal(vmcs_write_encoding(&vmcs, field->encoding, PATTERN), 0);
			assert_int_equal(vmcs_read_encoding(&vmcs, field->encoding, &value), 0);
			assert_int_equal(value, PATTERN & width_mask(field));
			break;
		case VMCS_ACCESS_RO:
			assert_int_equal(vmcs_write_encoding(&vmcs, field->encoding, 1), 13);
			vmcs_set(&vmcs, field, PATTERN);
			assert_int_equal(vmcs_read_encoding(&vmcs, field->encoding, &value), 0);
			assert_int_equal(value, PATTERN & width_mask(field));
			break;
		default:
			assert_int_equal(vmcs_write_encoding(&vmcs, field->encoding, 1), 12);
			assert_int_equal(vmcs_read_encoding(&vmcs, field->encoding, &value), 12);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_encodings),
		cmocka_unit_test(each_field_round_trip),
		cmocka_unit_test(rows_and_encodings_agree),
		cmocka_unit_test(every_encoding),
		cmocka_unit_test(reserved_bits_of_the_operand),
		cmocka_unit_test(high_halves),
		cmocka_unit_test(vmread_and_vmwrite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
