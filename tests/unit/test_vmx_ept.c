/* SPDX-License-Identifier: MIT */
/*
 * What L1 is told of its guest's EPT faults: the hardware's account of the access, EPT12's of the
 * rights, nothing of what is not offered. Facts 1.8, G2; reasons 48 and 49.
 */
#include "tests/unit/unit.h"

#include "arch/x86/vmx/ept.h"

#define GLA   EPT_QUAL_GLA_VALID
#define FINAL EPT_QUAL_FINAL
#define NMI   EPT_QUAL_NMI_UNBLOCKING

static void qualifications(void **state)
{
	static const struct {
		u64 hw;
		u32 perms12;
		u64 l1;
	} rows[] = {
		/* the access; rights of EPT02 give way to those of EPT12 */
		{ 0x001 | GLA | FINAL, 0, 0x181 },
		{ 0x002 | 0x28 | GLA | FINAL, PT_READ | PT_EXEC, 0x1aa },
		{ 0x002 | 0x38 | GLA | FINAL, PT_READ, 0x18a },
		{ 0x004 | 0x38 | GLA | FINAL, PT_READ | PT_WRITE, 0x19c },
		{ 0x003 | GLA | FINAL, PT_READ, 0x18b },
		{ 0x001 | GLA | FINAL, PT_EXEC, 0x1a1 },
		{ 0x002, PT_RWX, 0x3a },
		/* L2's own page walk */
		{ 0x001 | GLA, 0, 0x081 },
		{ 0x003 | GLA, PT_READ, 0x08b },
		/* no linear address (a load of PDPTEs): the other bit means nothing */
		{ 0x001 | FINAL, 0, 0x001 },
		/* IRET unblocked NMIs */
		{ 0x001 | GLA | FINAL | NMI, 0, 0x1181 },
		{ 0x001 | NMI, 0, 0x1001 },
		/* user execute, page attributes, shadow stacks, verification, asynchronous, and
		   more */
		{ ~0ull, 0, 0x1187 },
		{ ~0ull & ~(GLA | NMI), PT_RWX, 0x03f },
		/* no right but these three is EPT's */
		{ 0x001 | GLA | FINAL, PT_USER | PT_READ, 0x189 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(ept_reflect_qualification(rows[i].hw, rows[i].perms12),
				 rows[i].l1);
	}
}

static void needed_rights(void **state)
{
	(void)state;
	assert_int_equal(ept_needed(0x181), PT_READ);
	assert_int_equal(ept_needed(0x3a), PT_WRITE);
	assert_int_equal(ept_needed(0x03), PT_READ | PT_WRITE);
	assert_int_equal(ept_needed(0x184), PT_EXEC);
	/* an exit that does not say what it was about */
	assert_int_equal(ept_needed(0x180), PT_READ);
	assert_int_equal(ept_needed(~0ull), PT_RWX);
}

static void reflections(void **state)
{
	static const struct {
		enum guest_walk_status status;
		u8 perms;
		bool reflected;
		u32 reason;
		u64 qualification;
	} rows[] = {
		{ GUEST_WALK_OK, PT_RWX, false, EXIT_REASON_EPT_VIOLATION, 0x1aa },
		{ GUEST_WALK_FAULT, 0, true, EXIT_REASON_EPT_VIOLATION, 0x182 },
		{ GUEST_WALK_FAULT, PT_READ, true, EXIT_REASON_EPT_VIOLATION, 0x18a },
		{ GUEST_WALK_MISCONFIG, 0xff, true, EXIT_REASON_EPT_MISCONFIG, 0 },
		{ GUEST_WALK_READ_FAILED, 0xff, true, EXIT_REASON_EPT_MISCONFIG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ept_fault fault = { EXIT_REASON_EPT_VIOLATION, 0x1aa, 0x1234000, 7 };
		struct guest_walk_result walk = { .perms = rows[i].perms };

		assert_int_equal(ept_reflect(rows[i].status, &walk, &fault), rows[i].reflected);
		assert_int_equal(fault.reason, rows[i].reason);
		assert_int_equal(fault.qualification, rows[i].qualification);
		assert_int_equal(fault.l2gpa, 0x1234000);
		assert_int_equal(fault.gpa, 7);
	}
}

/* KVM's MMIO entry from L1's memory to L1's exit: 49 and not 48, the address untouched. */
static u64 leaf12;

static bool read64(void *ctx, u64 gpa, u64 *value)
{
	(void)ctx;
	*value = gpa < 0x4000 ? (gpa & PAGE_MASK) + 0x1007 : leaf12;
	return gpa < 0x5000;
}

static void kvm_entries(void **state)
{
	static const struct {
		u64 leaf;
		u64 hw;
		bool reflected;
		u32 reason;
		u64 qualification;
	} rows[] = {
		/* emulated MMIO: write and execute, generation and frame around */
		{ 0x0070000fee00006ull, 0x181, true, EXIT_REASON_EPT_MISCONFIG, 0 },
		{ 0x0070000fee00006ull, 0x182, true, EXIT_REASON_EPT_MISCONFIG, 0 },
		/* access-tracked: rights saved in bits 56:54, none in place */
		{ 0x01c0000012340df0ull, 0x181, true, EXIT_REASON_EPT_VIOLATION, 0x181 },
		/* write-protected for dirty logging */
		{ 0x0000000012340c75ull, 0x182, true, EXIT_REASON_EPT_VIOLATION, 0x1aa },
		{ 0x0000000012340c75ull, 0x181, false, EXIT_REASON_EPT_VIOLATION, 0x181 },
		/* not yet mapped, with KVM's mark of a removed entry in it */
		{ 0x5a0, 0x184, true, EXIT_REASON_EPT_VIOLATION, 0x184 },
	};
	struct guest_paging paging = { .cr3 = 0x101e, .maxphyaddr = 40, .read64 = read64 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ept_fault fault = { EXIT_REASON_EPT_VIOLATION, rows[i].hw, 0x123000, 0 };
		struct guest_walk_result walk;
		enum guest_walk_status status;

		leaf12 = rows[i].leaf;
		status = ept_walk(&paging, L2GPA(fault.l2gpa), ept_needed(rows[i].hw), &walk);
		assert_int_equal(ept_reflect(status, &walk, &fault), rows[i].reflected);
		assert_int_equal(fault.reason, rows[i].reason);
		assert_int_equal(fault.qualification, rows[i].qualification);
		assert_int_equal(fault.l2gpa, 0x123000);
	}
}

static void models_and_pointers(void **state)
{
	static struct vmx_vcpu x;

	(void)state;
	assert_int_equal(ept_walk_model(0), GUEST_PAGING_NO_1G | GUEST_PAGING_NO_2M);
	assert_int_equal(ept_walk_model(EPT_CAP_2M), GUEST_PAGING_NO_1G);
	assert_int_equal(ept_walk_model(EPT_CAP_1G | EPT_CAP_2M), 0);
	assert_int_equal(ept_walk_model(~0ull), GUEST_PAGING_EXEC_ONLY);
	assert_int_equal(ept_pointer(0x123456000), 0x12345601e);
	assert_false(ept12_is_on(&x));
	x.vmcs12.secondary_controls = PROC2_EPT;
	assert_false(ept12_is_on(&x)); /* not activated */
	x.vmcs12.primary_controls = (u32)PROC_SECONDARY;
	assert_true(ept12_is_on(&x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qualifications),      cmocka_unit_test(needed_rights),
		cmocka_unit_test(reflections),	       cmocka_unit_test(kvm_entries),
		cmocka_unit_test(models_and_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
