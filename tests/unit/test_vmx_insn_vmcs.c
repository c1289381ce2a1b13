/* SPDX-License-Identifier: MIT */
/*
 * Facts 1.7 and 1.4: the life of L1's VMCSs, plain and enlightened: VMCLEAR, VMPTRLD,
 * VMPTRST, VMREAD, VMWRITE.
 */
#include "tests/unit/vmx_insn_rig.h"

static void test_vmxoff(void **state)
{
	(void)state;
	assert_int_equal(write_field(VMCS_guest_rip, 0x1234), OK);
	assert_int_equal(run(EXIT_REASON_VMXOFF, 0, 0), OK);
	assert_false(x.vmxon);
	assert_int_equal(run(EXIT_REASON_VMXOFF, 0, 0), UD);
	assert_int_equal(run_pointer(EXIT_REASON_VMXON, VMXON_REGION), OK);
	assert_int_equal(read_field(VMCS_guest_rip), INVALID);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
	assert_int_equal(read_field(VMCS_guest_rip), OK);
	assert_int_equal(x.v.gpr[GPR_RAX], 0x1234);
}

/* VMCLEAR 2 and 3, VMPTRLD 9, 10 and 11: with a current VMCS, and without one VMfailInvalid. */
static void test_pointer_errors(void **state)
{
	static const struct {
		u32 reason;
		u64 pointer;
		u32 error; /* 0: VMsucceed */
	} rows[] = {
		{ EXIT_REASON_VMCLEAR, VMCS_B + 1, 2 },
		{ EXIT_REASON_VMCLEAR, VMCS_B + 0x800, 2 },
		{ EXIT_REASON_VMCLEAR, VMCS_B | BIT(MAXPHYADDR), 2 },
		{ EXIT_REASON_VMCLEAR, ~0ull, 2 },
		{ EXIT_REASON_VMCLEAR, VMXON_REGION, 3 },
		{ EXIT_REASON_VMCLEAR, MMIO, 0 },
		{ EXIT_REASON_VMCLEAR, EVMCS, 0 },
		{ EXIT_REASON_VMPTRLD, VMCS_B + 1, 9 },
		{ EXIT_REASON_VMPTRLD, VMCS_B | BIT(MAXPHYADDR), 9 },
		{ EXIT_REASON_VMPTRLD, VMXON_REGION, 10 },
		{ EXIT_REASON_VMPTRLD, MMIO, 11 },
		{ EXIT_REASON_VMPTRLD, EVMCS, 11 },
		{ EXIT_REASON_VMPTRLD, PAGE(12), 11 },
		{ EXIT_REASON_VMPTRLD, PAGE(13), 11 },
	};

	(void)state;
	put32(PAGE(12), VMCS12_REVISION | (u32)BIT(31));
	put32(PAGE(13), VMCS12_REVISION ^ 2);
	for (u32 current = 0; current < 2; current++) {
		for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
			u32 failed = current ? VALID + rows[i].error : INVALID;

			assert_int_equal(run_pointer(rows[i].reason, rows[i].pointer),
					 rows[i].error ? failed : OK);
			assert_int_equal(x.current_gpa, current ? VMCS_A : VMX_NO_POINTER);
		}
		assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
	}
}

static void test_vmptrst(void **state)
{
	(void)state;
	assert_int_equal(run(EXIT_REASON_VMPTRST, MEMORY, OPERAND), OK);
	assert_int_equal(get64(OPERAND), VMX_NO_POINTER);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_B), OK);
	assert_int_equal(run(EXIT_REASON_VMPTRST, MEMORY, OPERAND), OK);
	assert_int_equal(get64(OPERAND), VMCS_B);
}

static void test_two_vmcss(void **state)
{
	(void)state;
	assert_int_equal(write_field(VMCS_guest_rip, 0xa), OK);
	x.launched12 = true;
	assert_int_equal(run_pointer(EXIT_REASON_VMCLEAR, VMCS_B), OK);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_B), OK);
	assert_false(x.launched12);
	assert_int_equal(write_field(VMCS_guest_rip, 0xb), OK);

	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
	assert_true(x.launched12);
	assert_int_equal(read_field(VMCS_guest_rip), OK);
	assert_int_equal(x.v.gpr[GPR_RAX], 0xa);

	/* once more the same: nothing is reloaded */
	assert_int_equal(write_field(VMCS_guest_rip, 0xaa), OK);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
	assert_int_equal(x.vmcs12.guest_rip, 0xaa);

	/* VMCLEAR of the current one, and of one that is not */
	assert_int_equal(run_pointer(EXIT_REASON_VMCLEAR, VMCS_A), OK);
	assert_int_equal(x.current_gpa, VMX_NO_POINTER);
	assert_int_equal(read_field(VMCS_guest_rip), INVALID);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
	assert_false(x.launched12);
	assert_int_equal(x.vmcs12.guest_rip, 0xaa);
	x.launched12 = true;
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_B), OK);
	assert_int_equal(run_pointer(EXIT_REASON_VMCLEAR, VMCS_A), OK);
	assert_int_equal(x.current_gpa, VMCS_B);
	assert_int_equal(x.vmcs12.guest_rip, 0xb);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
	assert_false(x.launched12);
	assert_int_equal(x.vmcs12.guest_rip, 0xaa);
}

static void test_vmread_vmwrite(void **state)
{
	static const struct {
		u64 field;
		u32 read, write;
	} rows[] = {
		{ VMCS_guest_rip, OK, OK },
		{ VMCS_guest_cs_selector, OK, OK },
		{ VMCS_tsc_offset | 1, OK, OK },
		{ VMCS_exit_reason, OK, VALID + 13 },
		{ VMCS_guest_physical_address | 1, OK, VALID + 13 },
		{ VMCS_guest_rip | 1, VALID + 12, VALID + 12 },
		{ VMCS_vmread_bitmap, VALID + 12, VALID + 12 },
		{ 0x482e, VALID + 12, VALID + 12 }, /* preemption timer value */
		{ 0xffffffff, VALID + 12, VALID + 12 },
		{ VMCS_guest_rip | BIT(32), VALID + 12, VALID + 12 },
		{ VMCS_guest_rip | BIT(63), VALID + 12, VALID + 12 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(write_field(rows[i].field, i), rows[i].write);
		x.v.gpr[GPR_RAX] = 0xdead;
		assert_int_equal(read_field(rows[i].field), rows[i].read);
		if (rows[i].read != OK) {
			assert_int_equal(x.v.gpr[GPR_RAX], 0xdead);
		} else if (rows[i].write == OK) {
			assert_int_equal(x.v.gpr[GPR_RAX], i);
		}
	}
	/* zero-extended, and cut to the field */
	assert_int_equal(write_field(VMCS_guest_cs_selector, ~0ull), OK);
	assert_int_equal(read_field(VMCS_guest_cs_selector), OK);
	assert_int_equal(x.v.gpr[GPR_RAX], 0xffff);
	/* the error is there to be read, and stays until the next one */
	assert_int_equal(write_field(VMCS_exit_reason, 0), VALID + 13);
	assert_int_equal(read_field(VMCS_vm_instruction_error), OK);
	assert_int_equal(x.v.gpr[GPR_RAX], 13);
}

static void test_vmread_memory(void **state)
{
	(void)state;
	assert_int_equal(write_field(VMCS_guest_rip, 0x1122334455667788), OK);
	x.v.gpr[GPR_RCX] = VMCS_guest_rip;
	for (u32 i = 0; i < 2; i++) {
		u64 at = i ? CROSSING : OPERAND;

		put64(at, 0);
		put32(at + 8, 0xcccccccc);
		assert_int_equal(run(EXIT_REASON_VMREAD, MEMORY | REG2(GPR_RCX), at), OK);
		assert_int_equal(get64(at), 0x1122334455667788);
		assert_int_equal(low32(get64(at + 8)), 0xcccccccc);
		put64(at, 0x99 + i);
		assert_int_equal(run(EXIT_REASON_VMWRITE, MEMORY | REG2(GPR_RCX), at), OK);
		assert_int_equal(x.vmcs12.guest_rip, 0x99 + i);
		x.vmcs12.guest_rip = 0x1122334455667788;
	}
}

static void test_no_current(void **state)
{
	(void)state;
	x.v.gpr[GPR_RCX] = ~0ull;
	assert_int_equal(run(EXIT_REASON_VMREAD, MEMORY | REG2(GPR_RCX), NOT_PRESENT), INVALID);
	assert_int_equal(run(EXIT_REASON_VMWRITE, MEMORY | REG2(GPR_RCX), NOT_PRESENT), INVALID);
}

/* Facts 1.4: 2, 15, 16 */
static void test_enlightened(void **state)
{
	static u8 before[PAGE_SIZE];

	(void)state;
	/* the life of one begins by VMCLEAR, told or not that it will be */
	memset(ram[EVMCS / PAGE_SIZE] + 4, 0xa5, PAGE_SIZE - 4);
	memcpy(before, ram[EVMCS / PAGE_SIZE], PAGE_SIZE);
	assert_int_equal(run_pointer(EXIT_REASON_VMCLEAR, EVMCS), OK);
	assert_memory_equal(ram[EVMCS / PAGE_SIZE], before, PAGE_SIZE);

	/* VMPTRST by the assist page, before and after an entry */
	has_assist = true;
	assist = (struct vmx_assist){ .enlighten_vm_entry = true, .current_nested_vmcs = EVMCS };
	assert_int_equal(run(EXIT_REASON_VMPTRST, MEMORY, OPERAND), OK);
	assert_int_equal(get64(OPERAND), EVMCS);
	vmx_current_put(&x, ram[VMCS_A / PAGE_SIZE]);
	x.evmcs_gpa = EVMCS; /* as by VMLAUNCH */
	x.vmcs12.guest_rip = 0x77;
	assert_int_equal(run(EXIT_REASON_VMPTRST, MEMORY, OPERAND), OK);
	assert_int_equal(get64(OPERAND), EVMCS);

	/* beside it */
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_B), INVALID);
	assert_int_equal(read_field(VMCS_guest_rip), OK);
	assert_int_equal(x.v.gpr[GPR_RAX], 0x77);
	assert_int_equal(write_field(VMCS_guest_rip, 0x88), INVALID);
	assert_int_equal(x.vmcs12.guest_rip, 0x77);
	/* there is a current VMCS to put an error in */
	assert_int_equal(run_descriptor(EXIT_REASON_INVEPT, 7, 0, 0), VALID + 28);

	/* active to non-active */
	assert_int_equal(run_pointer(EXIT_REASON_VMCLEAR, EVMCS), OK);
	assert_int_equal(x.evmcs_gpa, VMX_NO_POINTER);
	assert_memory_equal(ram[EVMCS / PAGE_SIZE], before, PAGE_SIZE);
	assert_int_equal(read_field(VMCS_guest_rip), INVALID);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
}

/* L1 goes back to plain ones without a VMCLEAR, and VMXOFF forgets the enlightened one. */
static void test_enlightened_no_more(void **state)
{
	(void)state;
	vmx_current_put(&x, ram[VMCS_A / PAGE_SIZE]);
	x.evmcs_gpa = EVMCS;
	has_assist = true;
	assist = (struct vmx_assist){ .current_nested_vmcs = EVMCS };
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_B), OK);
	assert_int_equal(x.evmcs_gpa, VMX_NO_POINTER);
	assert_int_equal(run(EXIT_REASON_VMPTRST, MEMORY, OPERAND), OK);
	assert_int_equal(get64(OPERAND), VMCS_B);
	vmx_current_put(&x, NULL);
	x.evmcs_gpa = EVMCS;
	assert_int_equal(run(EXIT_REASON_VMXOFF, 0, 0), OK);
	assert_int_equal(x.evmcs_gpa, VMX_NO_POINTER);
	assert_int_equal(x.vmxon_gpa, VMX_NO_POINTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_vmxoff, setup_current),
		cmocka_unit_test_setup(test_pointer_errors, setup_vmxon),
		cmocka_unit_test_setup(test_vmptrst, setup_vmxon),
		cmocka_unit_test_setup(test_two_vmcss, setup_current),
		cmocka_unit_test_setup(test_vmread_vmwrite, setup_current),
		cmocka_unit_test_setup(test_vmread_memory, setup_current),
		cmocka_unit_test_setup(test_no_current, setup_vmxon),
		cmocka_unit_test_setup(test_enlightened, setup_current),
		cmocka_unit_test_setup(test_enlightened_no_more, setup_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
