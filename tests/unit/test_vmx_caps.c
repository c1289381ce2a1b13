/* SPDX-License-Identifier: MIT */
/*
 * The VMX capabilities that L1 sees, from those of a whole, a poor and a future processor: nothing
 * that the enlightened VMCS has no field for, all that KVM wants, pairs whole, halves 0.
 */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/caps.h"
#include "arch/x86/vmx/vmcs12.h"

#define HW(msr_)  [(msr_)-MSR_VMX_BASIC]
#define ALL_CR4	  (~0ull)
#define HIGH(msr) ((u32)(read_msr(msr) >> 32))

/* Bochs 2.7, corei7_skylake_x */
static const struct vmx_hw_caps skylake_x = { {
	HW(MSR_VMX_BASIC) = 0x00d810000000002b,
	HW(MSR_VMX_PINBASED_CTLS) = 0x0000007f00000016,
	HW(MSR_VMX_PROCBASED_CTLS) = 0xf7f9fffe0401e172,
	HW(MSR_VMX_EXIT_CTLS) = 0x007fffff00036dff,
	HW(MSR_VMX_ENTRY_CTLS) = 0x0000ffff000011ff,
	HW(MSR_VMX_MISC) = 0x00000000600401e0,
	HW(MSR_VMX_CR0_FIXED0) = 0x80000021,
	HW(MSR_VMX_CR0_FIXED1) = 0xffffffff,
	HW(MSR_VMX_CR4_FIXED0) = 0x2000,
	HW(MSR_VMX_CR4_FIXED1) = 0x3727ff,
	HW(MSR_VMX_VMCS_ENUM) = 0x34,
	HW(MSR_VMX_PROCBASED_CTLS2) = 0x02177fff00000000,
	HW(MSR_VMX_EPT_VPID_CAP) = 0x00000f0106334141,
	HW(MSR_VMX_TRUE_PINBASED_CTLS) = 0x0000007f00000016,
	HW(MSR_VMX_TRUE_PROCBASED_CTLS) = 0xf7f9fffe04006172,
	HW(MSR_VMX_TRUE_EXIT_CTLS) = 0x007fffff00036dfb,
	HW(MSR_VMX_TRUE_ENTRY_CTLS) = 0x0000ffff000011fb,
	HW(MSR_VMX_VMFUNC) = 1,
} };

/* The first with VMX: no TRUE controls, no secondary ones, no PAT or EFER. */
static const struct vmx_hw_caps poor = { {
	HW(MSR_VMX_BASIC) = 0x0018040000000007,
	HW(MSR_VMX_PINBASED_CTLS) = 0x0000001f00000016,
	HW(MSR_VMX_PROCBASED_CTLS) = 0x77b9fffe0401e172,
	HW(MSR_VMX_EXIT_CTLS) = 0x0003efff00036dff,
	HW(MSR_VMX_ENTRY_CTLS) = 0x00001fff000011ff,
	HW(MSR_VMX_MISC) = 0x00000000000403c0,
	HW(MSR_VMX_CR0_FIXED0) = 0x80000021,
	HW(MSR_VMX_CR0_FIXED1) = 0xffffffff,
	HW(MSR_VMX_CR4_FIXED0) = 0x2000,
	HW(MSR_VMX_CR4_FIXED1) = 0x27ff,
	HW(MSR_VMX_VMCS_ENUM) = 0x2c,
	/* What a RDMSR that should not have been done left here */
	HW(MSR_VMX_PROCBASED_CTLS2) = ~0ull,
	HW(MSR_VMX_EPT_VPID_CAP) = ~0ull,
	HW(MSR_VMX_TRUE_PINBASED_CTLS) = ~0ull,
	HW(MSR_VMX_TRUE_PROCBASED_CTLS) = ~0ull,
	HW(MSR_VMX_TRUE_EXIT_CTLS) = ~0ull,
	HW(MSR_VMX_TRUE_ENTRY_CTLS) = ~0ull,
} };

static struct vmx_hw_caps hw;
static struct vmx_caps caps;

static void start(const struct vmx_hw_caps *from)
{
	hw = *from;
	vmx_caps_init(&caps, &hw, ALL_CR4, 40);
}

static void again(void)
{
	vmx_caps_init(&caps, &hw, ALL_CR4, 40);
}

static u64 *hw_msr(u32 msr)
{
	return &hw.msr[msr - MSR_VMX_BASIC];
}

static u64 read_msr(u32 msr)
{
	u64 value = 0xdead;

	assert_true(vmx_caps_read(&caps, msr, &value));
	return value;
}

/* Takes controls from the hardware, plain and TRUE alike. */
static void hw_lacks(u32 plain, u32 exact, u64 controls)
{
	*hw_msr(plain) &= ~(controls << 32);
	if (exact) {
		*hw_msr(exact) &= ~(controls << 32);
	}
}

/* A future processor that has every bit there is. */
static void start_future(void)
{
	start(&skylake_x);
	for (u32 msr = MSR_VMX_PINBASED_CTLS; msr <= MSR_VMX_TRUE_ENTRY_CTLS; msr++) {
		if (msr <= MSR_VMX_ENTRY_CTLS || msr == MSR_VMX_PROCBASED_CTLS2 ||
		    msr >= MSR_VMX_TRUE_PINBASED_CTLS) {
			*hw_msr(msr) |= GENMASK(63, 32);
		}
	}
	*hw_msr(MSR_VMX_BASIC) |= GENMASK(63, 54) | VMX_BASIC_DUAL_MONITOR;
	*hw_msr(MSR_VMX_MISC) = ~0ull;
	*hw_msr(MSR_VMX_EPT_VPID_CAP) = ~0ull;
	again();
}

static void skylake_x_in_numbers(void **state)
{
	static const struct {
		u32 msr;
		u64 value;
	} rows[] = {
		{ 0x480, 0x00d8100000000000 | VMCS12_REVISION },
		{ 0x481, 0x0000003f00000016 },
		{ 0x482, 0xf7f9fffe0401e172 },
		{ 0x483, 0x003fefff00036dff },
		{ 0x484, 0x0000d3ff000011ff },
		{ 0x485, 0x40040060 },
		{ 0x486, 0x80000021 },
		{ 0x487, 0xffffffff },
		{ 0x488, 0x2000 },
		{ 0x489, 0x3727ff },
		{ 0x48a, 0x32 },
		{ 0x48b, 0x021118ee00000000 },
		{ 0x48c, 0x00000f0106134141 },
		{ 0x48d, 0x0000003f00000016 },
		{ 0x48e, 0xf7f9fffe04006172 },
		{ 0x48f, 0x003fefff00036dfb },
		{ 0x490, 0x0000d3ff000011fb },
	};

	(void)state;
	start(&skylake_x);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 value = read_msr(rows[i].msr);

		if (value != rows[i].value) {
			fail_msg("%x: %llx, not %llx", rows[i].msr, (unsigned long long)value,
				 (unsigned long long)rows[i].value);
		}
	}
	assert_true(caps.unrestricted);
	assert_int_equal(caps.maxphyaddr, 40);
}

static void msrs_that_do_not_exist(void **state)
{
	u64 value = 5;

	(void)state;
	start_future();
	assert_false(vmx_caps_read(&caps, MSR_VMX_BASIC - 1, &value));
	for (u32 msr = MSR_VMX_VMFUNC; msr < MSR_VMX_VMFUNC + 16; msr++) {
		assert_false(vmx_caps_read(&caps, msr, &value));
	}
	assert_false(vmx_caps_read(&caps, 0, &value));
	assert_false(vmx_caps_read(&caps, ~0u, &value));

	start(&skylake_x);
	hw_lacks(MSR_VMX_PROCBASED_CTLS, MSR_VMX_TRUE_PROCBASED_CTLS, PROC_SECONDARY);
	again();
	assert_false(vmx_caps_read(&caps, MSR_VMX_PROCBASED_CTLS2, &value));
	assert_false(vmx_caps_read(&caps, MSR_VMX_EPT_VPID_CAP, &value));

	start(&skylake_x);
	hw_lacks(MSR_VMX_PROCBASED_CTLS2, 0, PROC2_EPT | PROC2_VPID);
	again();
	assert_true(vmx_caps_read(&caps, MSR_VMX_PROCBASED_CTLS2, &value));
	assert_false(vmx_caps_read(&caps, MSR_VMX_EPT_VPID_CAP, &value));
}

/* Ascending RDMSRs, each only after asking, read all there is and nothing else. */
static void which_msrs_the_hardware_has(void **state)
{
	struct vmx_hw_caps filled = { { 0 } };

	(void)state;
	for (u32 msr = MSR_VMX_BASIC; msr <= MSR_VMX_VMFUNC; msr++) {
		if (vmx_hw_caps_exists(&filled, msr)) {
			filled.msr[msr - MSR_VMX_BASIC] = skylake_x.msr[msr - MSR_VMX_BASIC];
		}
	}
	assert_memory_equal(&filled, &skylake_x, sizeof(filled));
	for (u32 msr = MSR_VMX_BASIC; msr <= MSR_VMX_VMFUNC; msr++) {
		assert_int_equal(vmx_hw_caps_exists(&poor, msr), msr <= MSR_VMX_VMCS_ENUM);
	}
}

static void hidden(u32 plain, u32 exact, u32 bits)
{
	assert_int_equal(HIGH(plain) & bits, 0);
	if (exact) {
		assert_int_equal(HIGH(exact) & bits, 0);
	}
}

/* Controls that the enlightened VMCS has no field for (KVM 6.1 would use them), and the rest. */
static void nothing_hidden_shows(void **state)
{
	(void)state;
	start_future();
	hidden(MSR_VMX_PINBASED_CTLS, MSR_VMX_TRUE_PINBASED_CTLS, (u32)(BIT(6) | BIT(7)));
	hidden(MSR_VMX_PROCBASED_CTLS, MSR_VMX_TRUE_PROCBASED_CTLS, (u32)(BIT(17) | BIT(27)));
	hidden(MSR_VMX_PROCBASED_CTLS2, 0,
	       (u32)(BIT(0) | BIT(4) | BIT(8) | BIT(9) | BIT(10) | BIT(13) | BIT(14) | BIT(15) |
		     BIT(17) | BIT(18) | BIT(19) | BIT(21) | BIT(22) | BIT(23) | BIT(24) | BIT(26) |
		     BIT(31)));
	hidden(MSR_VMX_EXIT_CTLS, MSR_VMX_TRUE_EXIT_CTLS, (u32)(BIT(12) | GENMASK(31, 22)));
	hidden(MSR_VMX_ENTRY_CTLS, MSR_VMX_TRUE_ENTRY_CTLS,
	       (u32)(BIT(10) | BIT(11) | BIT(13) | GENMASK(31, 16)));
	assert_int_equal(read_msr(MSR_VMX_MISC) & (BIT(14) | BIT(29) | VMX_MISC_ACTIVITY_SHUTDOWN |
						   VMX_MISC_ACTIVITY_WAIT_SIPI),
			 0);
	assert_int_equal(read_msr(MSR_VMX_MISC) & ~0x7fffffffull, 0);
	assert_int_equal(read_msr(MSR_VMX_EPT_VPID_CAP) &
				 (EPT_CAP_AD | EPT_CAP_WALK_5 | BIT(22) | BIT(23)),
			 0);
	assert_int_equal(read_msr(MSR_VMX_BASIC) & (GENMASK(63, 56) | BIT(48) | BIT(49)), 0);
}

/* Else KVM does not load, or falls back to shadow paging. */
static void all_that_kvm_requires(void **state)
{
	static const struct {
		u32 msr;
		u64 bits;
	} rows[] = {
		{ MSR_VMX_PINBASED_CTLS, BIT(0) | BIT(3) | BIT(5) },
		{ MSR_VMX_PROCBASED_CTLS, BIT(2) | BIT(3) | BIT(7) | BIT(9) | BIT(10) | BIT(11) |
						  BIT(15) | BIT(16) | BIT(19) | BIT(20) | BIT(21) |
						  BIT(22) | BIT(23) | BIT(24) | BIT(25) | BIT(28) |
						  BIT(29) | BIT(31) },
		{ MSR_VMX_PROCBASED_CTLS2, BIT(1) | BIT(3) | BIT(5) | BIT(7) | BIT(12) },
		{ MSR_VMX_EXIT_CTLS, BIT(2) | BIT(9) | BIT(15) | BIT(19) | BIT(21) },
		{ MSR_VMX_ENTRY_CTLS, BIT(2) | BIT(9) | BIT(14) | BIT(15) },
	};
	u64 basic;

	(void)state;
	start(&skylake_x);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(HIGH(rows[i].msr) & rows[i].bits, rows[i].bits);
	}
	basic = read_msr(MSR_VMX_BASIC);
	assert_in_range(FIELD_GET(VMX_BASIC_SIZE_MASK, basic), 1, 4096);
	assert_true(sizeof(struct vmcs12_region) <= FIELD_GET(VMX_BASIC_SIZE_MASK, basic));
	assert_int_equal(FIELD_GET(VMX_BASIC_MEMTYPE_MASK, basic), 6);
	assert_int_equal(basic & BIT(31), 0);
	assert_true(basic & VMX_BASIC_TRUE_CTLS);
	assert_int_equal(basic & VMX_BASIC_REVISION_MASK, VMCS12_REVISION);
	assert_true(read_msr(MSR_VMX_EPT_VPID_CAP) & EPT_CAP_INVEPT_ALL);
	assert_int_equal(FIELD_GET(VMX_MISC_CR3_TARGETS_MASK, read_msr(MSR_VMX_MISC)), 4);
}

/* Relations that any answer must keep, and the masks' with the MSRs. */
static void assert_consistent(void)
{
	static const struct {
		u32 plain, exact;
		size_t member;
	} rows[] = {
		{ MSR_VMX_PINBASED_CTLS, MSR_VMX_TRUE_PINBASED_CTLS,
		  offsetof(struct vmx_caps, pin) },
		{ MSR_VMX_PROCBASED_CTLS, MSR_VMX_TRUE_PROCBASED_CTLS,
		  offsetof(struct vmx_caps, primary) },
		{ MSR_VMX_EXIT_CTLS, MSR_VMX_TRUE_EXIT_CTLS, offsetof(struct vmx_caps, exit) },
		{ MSR_VMX_ENTRY_CTLS, MSR_VMX_TRUE_ENTRY_CTLS, offsetof(struct vmx_caps, entry) },
	};
	u64 value;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct vmx_ctls *ctls =
			(const struct vmx_ctls *)((const u8 *)&caps + rows[i].member);
		u32 default1 = (u32)read_msr(rows[i].plain);

		assert_int_equal(read_msr(rows[i].exact), make64(ctls->may, ctls->must));
		assert_int_equal(HIGH(rows[i].plain), ctls->may);
		assert_int_equal(ctls->must & ~default1, 0);
		assert_int_equal(default1 & ~ctls->may, 0);
		assert_true(vmx_ctls_allow(*ctls, default1));
	}
	assert_int_equal(caps.secondary.must & ~caps.secondary.may, 0);
	if (vmx_caps_read(&caps, MSR_VMX_PROCBASED_CTLS2, &value)) {
		assert_int_equal(value, make64(caps.secondary.may, caps.secondary.must));
	} else {
		assert_int_equal(caps.secondary.may, 0);
	}
	assert_int_equal(!(caps.secondary.may & PROC2_EPT), !low32(caps.ept_vpid));
	assert_int_equal(!(caps.secondary.may & PROC2_VPID), !high32(caps.ept_vpid));
	assert_int_equal(!(caps.entry.may & ENTRY_LOAD_PAT), !(caps.exit.may & EXIT_LOAD_PAT));
	assert_int_equal(!(caps.entry.may & ENTRY_LOAD_EFER), !(caps.exit.may & EXIT_LOAD_EFER));
	assert_int_equal(caps.unrestricted, !!(caps.secondary.may & PROC2_UNRESTRICTED_GUEST));
	assert_true(!caps.unrestricted || caps.secondary.may & PROC2_EPT);
	assert_int_equal(read_msr(MSR_VMX_MISC), caps.misc);
	assert_int_equal(caps.cr0_fixed0 & ~caps.cr0_fixed1, 0);
	assert_int_equal(caps.cr4_fixed0 & ~caps.cr4_fixed1, 0);
}

static void a_poor_processor(void **state)
{
	(void)state;
	start(&poor);
	assert_consistent();
	assert_int_equal(read_msr(MSR_VMX_BASIC), 0x0098100000000000 | VMCS12_REVISION);
	assert_int_equal(caps.pin.may, 0x1f & (BIT(0) | BIT(3) | 0x16));
	assert_int_equal(caps.pin.must, 0x16);
	assert_int_equal(caps.primary.may & (PROC_SECONDARY | PROC_NMI_WINDOW), 0);
	assert_int_equal(caps.primary.must, 0x0401e172);
	assert_int_equal(caps.secondary.may, 0);
	assert_int_equal(caps.secondary.must, 0);
	assert_int_equal(caps.ept_vpid, 0);
	assert_false(caps.unrestricted);
	assert_int_equal(caps.misc, 0x00040040);
	assert_int_equal(caps.exit.may & (EXIT_LOAD_PAT | EXIT_LOAD_EFER), 0);
}

/* A default1 bit that the TRUE MSR lets go, and that nobody knows: the plain MSR still sets it. */
static void unknown_default1_bits_may_be_set(void **state)
{
	(void)state;
	start(&skylake_x);
	*hw_msr(MSR_VMX_TRUE_EXIT_CTLS) &= ~BIT(13);
	*hw_msr(MSR_VMX_TRUE_PROCBASED_CTLS) &= ~BIT(26);
	again();
	assert_consistent();
	assert_int_equal(caps.exit.must & BIT(13), 0);
	assert_true(caps.exit.may & BIT(13));
	assert_int_equal(caps.primary.must & BIT(26), 0);
	assert_true(caps.primary.may & BIT(26));
}

static void pairs_are_both_or_none(void **state)
{
	static const struct {
		u32 plain, exact;
		u64 lacks;
	} rows[] = {
		{ MSR_VMX_ENTRY_CTLS, MSR_VMX_TRUE_ENTRY_CTLS, ENTRY_LOAD_PAT | ENTRY_LOAD_EFER },
		{ MSR_VMX_EXIT_CTLS, MSR_VMX_TRUE_EXIT_CTLS, EXIT_LOAD_PAT | EXIT_LOAD_EFER },
	};
	const u32 pat_efer = EXIT_LOAD_PAT | EXIT_SAVE_PAT | EXIT_LOAD_EFER | EXIT_SAVE_EFER;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		start(&skylake_x);
		assert_int_equal(caps.exit.may & pat_efer, pat_efer);
		hw_lacks(rows[i].plain, rows[i].exact, rows[i].lacks);
		again();
		assert_consistent();
		assert_int_equal(caps.exit.may & pat_efer, 0);
		assert_int_equal(caps.entry.may & (ENTRY_LOAD_PAT | ENTRY_LOAD_EFER), 0);
	}
	start(&skylake_x);
	hw_lacks(MSR_VMX_PINBASED_CTLS, MSR_VMX_TRUE_PINBASED_CTLS, PIN_VIRTUAL_NMIS);
	again();
	assert_int_equal(caps.primary.may & PROC_NMI_WINDOW, 0);
}

/* EPT without what L1 cannot do without is none, and takes unrestricted guest with it. */
static void ept_and_vpid_as_wholes(void **state)
{
	static const u64 ept[] = { EPT_CAP_WALK_4, EPT_CAP_WB, EPT_CAP_INVEPT, EPT_CAP_INVEPT_ALL };
	static const u64 vpid[] = { VPID_CAP_INVVPID, VPID_CAP_ALL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ept); i++) {
		start(&skylake_x);
		*hw_msr(MSR_VMX_EPT_VPID_CAP) &= ~ept[i];
		again();
		assert_consistent();
		assert_int_equal(caps.secondary.may & (PROC2_EPT | PROC2_UNRESTRICTED_GUEST), 0);
		assert_true(caps.secondary.may & PROC2_VPID);
	}
	for (size_t i = 0; i < ARRAY_SIZE(vpid); i++) {
		start(&skylake_x);
		*hw_msr(MSR_VMX_EPT_VPID_CAP) &= ~vpid[i];
		again();
		assert_consistent();
		assert_int_equal(caps.secondary.may & PROC2_VPID, 0);
		assert_true(caps.secondary.may & PROC2_EPT);
	}
	start(&skylake_x);
	*hw_msr(MSR_VMX_EPT_VPID_CAP) &= ~(EPT_CAP_1G | EPT_CAP_EXEC_ONLY | VPID_CAP_ADDRESS);
	again();
	assert_int_equal(caps.ept_vpid, 0x00000e0106114140);
}

static void cr4_by_what_l1_may_have(void **state)
{
	(void)state;
	start(&skylake_x);
	vmx_caps_init(&caps, &hw, 0x6f8, 40);
	assert_int_equal(caps.cr4_fixed1, 0x26f8);
	assert_int_equal(read_msr(MSR_VMX_CR4_FIXED1), 0x26f8);
	vmx_caps_init(&caps, &hw, ~0ull, 52);
	assert_int_equal(caps.cr4_fixed1, 0x3727ff);
	assert_int_equal(caps.maxphyaddr, 52);
}

/* A control more or less, at random: what L1 sees stays consistent, and within the hardware's. */
static void random_processors(void **state)
{
	u64 random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		start(&skylake_x);
		for (u32 msr = MSR_VMX_PINBASED_CTLS; msr <= MSR_VMX_TRUE_ENTRY_CTLS; msr++) {
			bool ctls = msr <= MSR_VMX_ENTRY_CTLS || msr == MSR_VMX_PROCBASED_CTLS2;

			random = random * 6364136223846793005 + 1442695040888963407;
			if (ctls) {
				*hw_msr(msr) &= random | low32(*hw_msr(msr)) |
						make64(low32(*hw_msr(msr)), 0);
			} else if (msr == MSR_VMX_EPT_VPID_CAP) {
				*hw_msr(msr) &= random | random << 7;
			}
		}
		for (u32 n = 0; n < 4; n++) {
			u64 plain = *hw_msr(MSR_VMX_PINBASED_CTLS + n);
			u64 *exact = hw_msr(MSR_VMX_TRUE_PINBASED_CTLS + n);

			*exact = make64(high32(plain), low32(*exact));
		}
		again();
		assert_consistent();
		assert_int_equal(caps.primary.may & ~high32(*hw_msr(MSR_VMX_PROCBASED_CTLS)), 0);
		assert_int_equal(caps.exit.may & ~high32(*hw_msr(MSR_VMX_EXIT_CTLS)), 0);
		assert_int_equal(caps.entry.may & ~high32(*hw_msr(MSR_VMX_ENTRY_CTLS)), 0);
		assert_int_equal(caps.secondary.may & ~high32(*hw_msr(MSR_VMX_PROCBASED_CTLS2)), 0);
		assert_int_equal(caps.ept_vpid & ~*hw_msr(MSR_VMX_EPT_VPID_CAP), 0);
	}
}

static void which_controls_are_allowed(void **state)
{
	const struct vmx_ctls ctls = { .must = 0x16, .may = 0x3f };

	(void)state;
	assert_true(vmx_ctls_allow(ctls, 0x16));
	assert_true(vmx_ctls_allow(ctls, 0x3f));
	assert_false(vmx_ctls_allow(ctls, 0x06));
	assert_false(vmx_ctls_allow(ctls, 0x56));
	assert_false(vmx_ctls_allow(ctls, 0));
	assert_false(vmx_ctls_allow(ctls, ~0u));
	/* KVM clears CR3 exiting although the plain MSR has it in its default settings. */
	start(&skylake_x);
	assert_true(vmx_ctls_allow(caps.primary, 0x0401e172 & ~(u32)(BIT(15) | BIT(16))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skylake_x_in_numbers),
		cmocka_unit_test(msrs_that_do_not_exist),
		cmocka_unit_test(which_msrs_the_hardware_has),
		cmocka_unit_test(nothing_hidden_shows),
		cmocka_unit_test(all_that_kvm_requires),
		cmocka_unit_test(a_poor_processor),
		cmocka_unit_test(unknown_default1_bits_may_be_set),
		cmocka_unit_test(pairs_are_both_or_none),
		cmocka_unit_test(ept_and_vpid_as_wholes),
		cmocka_unit_test(cr4_by_what_l1_may_have),
		cmocka_unit_test(random_processors),
		cmocka_unit_test(which_controls_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
