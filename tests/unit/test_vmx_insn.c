/* SPDX-License-Identifier: MIT */
/*
 * Facts 1.7: the order of the checks of VMX's instructions, how each ends, faults of memory
 * operands, INVEPT and INVVPID.
 */
#include "tests/unit/vmx_insn_rig.h"

/* VMX instructions by reason */
static const u32 reasons[] = {
	EXIT_REASON_VMCLEAR, EXIT_REASON_VMLAUNCH, EXIT_REASON_VMPTRLD, EXIT_REASON_VMPTRST,
	EXIT_REASON_VMREAD,  EXIT_REASON_VMRESUME, EXIT_REASON_VMWRITE, EXIT_REASON_VMXOFF,
	EXIT_REASON_INVEPT,  EXIT_REASON_INVVPID,
};

static void test_ud_before_vmxon(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(reasons); i++) {
		for (insn.cpl = 0; insn.cpl <= 3; insn.cpl += 3) {
			assert_int_equal(run(reasons[i], MEMORY, NOT_PRESENT), UD);
		}
	}
	insn.cpl = 0;
	assert_int_equal(run(EXIT_REASON_VMFUNC, 0, 0), UD);
	assert_int_equal(run(EXIT_REASON_VMCALL, 0, 0), UD);
	assert_int_equal(run(EXIT_REASON_CPUID, 0, 0), UD);
	assert_int_equal(run(~0u, 0, 0), UD);
}

static void test_ud_by_mode(void **state)
{
	static const struct {
		u64 efer, cr0, rflags;
		u32 cs;
	} modes[] = {
		{ EFER_LMA, CR0_PE | CR0_PG | CR0_NE, 0, AR_DB }, /* compatibility */
		{ 0, CR0_NE, 0, 0 },				  /* real-address */
		{ 0, CR0_PE | CR0_PG | CR0_NE, RFLAGS_VM, 0 },	  /* virtual-8086 */
		{ 0, CR0_PG | CR0_NE, 0, AR_L },
	};

	(void)state;
	for (u32 m = 0; m < ARRAY_SIZE(modes); m++) {
		insn.efer = modes[m].efer;
		insn.cs_access_rights = modes[m].cs;
		paging.cr0 = modes[m].cr0;
		insn.rflags = RFLAGS_FIXED | modes[m].rflags;
		for (insn.cpl = 0; insn.cpl <= 3; insn.cpl += 3) {
			assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, OPERAND), UD);
			for (u32 i = 0; i < ARRAY_SIZE(reasons); i++) {
				assert_int_equal(run(reasons[i], MEMORY, OPERAND), UD);
			}
		}
	}
}

static void test_gp_by_cpl(void **state)
{
	(void)state;
	insn.cpl = 3;
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), GP);
	for (u32 i = 0; i < ARRAY_SIZE(reasons); i++) {
		assert_int_equal(run(reasons[i], MEMORY, NOT_PRESENT), GP);
		assert_int_equal(insn.error_code, 0);
	}
	assert_int_equal(run(EXIT_REASON_VMFUNC, 0, 0), UD);
	caps.ept_vpid = 0; /* not supported comes first */
	assert_int_equal(run(EXIT_REASON_INVEPT, MEMORY, OPERAND), UD);
	assert_int_equal(run(EXIT_REASON_INVVPID, MEMORY, OPERAND), UD);
}

static void test_vmxon_ud_gp(void **state)
{
	static const u64 feature_controls[] = { 0, FEATURE_CONTROL_LOCK, FEATURE_CONTROL_VMX,
						FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_IN_SMX };
	static const u64 needed[] = { CR0_NE, CR0_PG };

	(void)state;
	paging.cr4 &= ~CR4_VMXE;
	for (insn.cpl = 0; insn.cpl <= 3; insn.cpl += 3) {
		assert_int_equal(run_pointer(EXIT_REASON_VMXON, VMXON_REGION), UD);
	}
	paging.cr4 |= CR4_VMXE;
	insn.cpl = 3;
	assert_int_equal(run_pointer(EXIT_REASON_VMXON, VMXON_REGION), GP);
	insn.cpl = 0;
	for (u32 i = 0; i < ARRAY_SIZE(feature_controls); i++) {
		insn.feature_control = feature_controls[i];
		assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), GP);
	}
	insn.feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
	for (u32 i = 0; i < ARRAY_SIZE(needed); i++) {
		paging.cr0 &= ~needed[i];
		assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), GP);
		paging.cr0 |= needed[i];
	}
	caps.cr0_fixed1 &= ~CR0_CD;
	paging.cr0 |= CR0_CD;
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), GP);
	paging.cr0 &= ~CR0_CD;
	caps.cr4_fixed0 |= CR4_DE;
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), GP);
	paging.cr4 |= CR4_DE;
	paging.cr4 |= CR4_SMAP; /* not in cr4_fixed1 */
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), GP);
	paging.cr4 &= ~CR4_SMAP;
	assert_false(x.vmxon);
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), PF);
	assert_int_equal(run_pointer(EXIT_REASON_VMXON, VMXON_REGION), OK);
	assert_true(x.vmxon);
}

static void test_vmxon_pointer(void **state)
{
	static const struct {
		u64 pointer;
		u32 revision;
		u32 end;
	} rows[] = {
		{ VMXON_REGION | BIT(MAXPHYADDR), VMCS12_REVISION, INVALID },
		{ VMXON_REGION | BIT(63), VMCS12_REVISION, INVALID },
		{ VMXON_REGION + 1, VMCS12_REVISION, INVALID },
		{ VMXON_REGION + 0x800, VMCS12_REVISION, INVALID },
		{ VMXON_REGION, VMCS12_REVISION ^ 2, INVALID },
		{ VMXON_REGION, VMCS12_REVISION | (u32)BIT(31), INVALID },
		{ VMXON_REGION, 1, INVALID },
		{ MMIO, VMCS12_REVISION, INVALID },
		{ ~0ull, VMCS12_REVISION, INVALID },
		{ VMXON_REGION, VMCS12_REVISION, OK },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_false(x.vmxon);
		put32(VMXON_REGION, rows[i].revision);
		assert_int_equal(run_pointer(EXIT_REASON_VMXON, rows[i].pointer), rows[i].end);
	}
	assert_true(x.vmxon);
	assert_int_equal(x.vmxon_gpa, VMXON_REGION);
	assert_int_equal(x.current_gpa, VMX_NO_POINTER);
	assert_int_equal(x.evmcs_gpa, VMX_NO_POINTER);
}

static void test_vmxon_in_root(void **state)
{
	(void)state;
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), INVALID);
	assert_int_equal(run_pointer(EXIT_REASON_VMPTRLD, VMCS_A), OK);
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), VALID + 15);
	insn.cpl = 3;
	assert_int_equal(run(EXIT_REASON_VMXON, MEMORY, NOT_PRESENT), GP);
	assert_int_equal(x.current_gpa, VMCS_A);
}

/* An operand that itself is in what is no RAM reads as ones. */
static void test_operand_no_ram(void **state)
{
	(void)state;
	assert_int_equal(run(EXIT_REASON_VMCLEAR, MEMORY, NOT_RAM), VALID + 2);
	assert_int_equal(run(EXIT_REASON_VMPTRLD, MEMORY, NOT_RAM), VALID + 9);
	assert_int_equal(run(EXIT_REASON_VMPTRST, MEMORY, NOT_RAM), OK);
	x.v.gpr[GPR_RCX] = VMCS_guest_rip;
	assert_int_equal(run(EXIT_REASON_VMWRITE, MEMORY | REG2(GPR_RCX), NOT_RAM), OK);
	assert_int_equal(x.vmcs12.guest_rip, ~0ull);
}

/* Each memory operand can fault, and nothing has happened then. */
static void test_operand_faults(void **state)
{
	static const struct {
		u32 reason;
		bool write;
		u32 len;
	} rows[] = {
		{ EXIT_REASON_VMCLEAR, false, 8 },  { EXIT_REASON_VMPTRLD, false, 8 },
		{ EXIT_REASON_VMPTRST, true, 8 },   { EXIT_REASON_VMREAD, true, 8 },
		{ EXIT_REASON_VMWRITE, false, 8 },  { EXIT_REASON_INVEPT, false, 16 },
		{ EXIT_REASON_INVVPID, false, 16 },
	};
	static struct vmx_vcpu before;

	(void)state;
	x.v.gpr[GPR_R10] = VMCS_guest_rip;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		bool has_type = rows[i].len == 16;
		u32 info = MEMORY | REG2(has_type ? GPR_R9 : GPR_R10);
		u32 write = rows[i].write ? PF_WRITE : 0;
		u64 end = NOT_PRESENT - rows[i].len / 2;

		x.v.gpr[GPR_R9] = 2;
		before = x;
		assert_int_equal(run(rows[i].reason, info, NOT_PRESENT + 0x18), PF);
		assert_int_equal(insn.error_code, write);
		assert_int_equal(insn.cr2, NOT_PRESENT + 0x18);
		/* its second half: CR2 is what could not be had */
		if (rows[i].write) {
			put64(TABLES + PAGE(3) + READ_ONLY / PAGE_SIZE * 8, READ_ONLY | 3);
			put64(end - 8, 0x55);
			put64(end - 4, 0x55);
		}
		assert_int_equal(run(rows[i].reason, info, end), PF);
		assert_int_equal(insn.error_code, write);
		assert_int_equal(insn.cr2, NOT_PRESENT);
		if (rows[i].write) {
			assert_int_equal(get64(end - 4), 0x55);
			put64(TABLES + PAGE(3) + READ_ONLY / PAGE_SIZE * 8, READ_ONLY | 1);
			assert_int_equal(run(rows[i].reason, info, READ_ONLY), PF);
			assert_int_equal(insn.error_code, PF_WRITE | PF_PRESENT);
		}
		assert_int_equal(run(rows[i].reason, info, NON_CANONICAL), GP);
		assert_int_equal(insn.error_code, 0);
		assert_int_equal(run(rows[i].reason, (info & ~SEGMENT(7)) | SEGMENT(SEG_SS),
				     NON_CANONICAL),
				 SS);
		assert_int_equal(insn.error_code, 0);
		assert_memory_equal(&x, &before, sizeof(x));
	}
}

/* L1's tables get their accessed and dirty bits, as by an access of its own. */
static void test_accessed_dirty(void **state)
{
	u64 entry = TABLES + PAGE(3) + 24 * 8;

	(void)state;
	put64(PAGE(24), VMCS_B);
	put64(entry, PAGE(24) | 3);
	assert_int_equal(run(EXIT_REASON_VMCLEAR, MEMORY, PAGE(24)), OK);
	assert_int_equal(get64(entry), PAGE(24) | 3 | BIT(5));
	assert_int_equal(run(EXIT_REASON_VMPTRST, MEMORY, PAGE(24)), OK);
	assert_int_equal(get64(entry), PAGE(24) | 3 | BIT(5) | BIT(6));
}

static void test_protected_mode(void **state)
{
	const u32 memory = ABSOLUTE32 | SEGMENT(SEG_ES);

	(void)state;
	insn.efer = 0;
	insn.cs_access_rights = DATA | AR_CODE;
	paging.cr0 &= ~CR0_PG; /* addresses as they are */
	segments[SEG_ES] = (struct vmx_segment){ PAGE(16), 0x107, DATA };
	put64(OPERAND, VMCS_B);
	assert_int_equal(run(EXIT_REASON_VMPTRLD, memory, 0x100), OK);
	assert_int_equal(x.current_gpa, VMCS_B);
	assert_int_equal(run(EXIT_REASON_VMPTRLD, memory, 0x101), GP);
	segments[SEG_ES].access_rights &= ~(u32)AR_WRITABLE;
	assert_int_equal(run(EXIT_REASON_VMPTRLD, memory, 0x100), OK);
	assert_int_equal(run(EXIT_REASON_VMPTRST, memory, 0x100), GP);
	segments[SEG_ES].access_rights = DATA;

	/* 4 bytes, and registers without their upper halves */
	x.vmcs12.guest_rip = 0x1122334455667788;
	put64(OPERAND, ~0ull);
	x.v.gpr[GPR_RCX] = 0xbad00000000 | VMCS_guest_rip;
	assert_int_equal(run(EXIT_REASON_VMREAD, memory | REG2(GPR_RCX), 0x104), OK);
	assert_int_equal(get64(OPERAND), 0x55667788ffffffff);
	assert_int_equal(run(EXIT_REASON_VMREAD, REG1(GPR_RAX) | REG2(GPR_RCX), 0), OK);
	assert_int_equal(x.v.gpr[GPR_RAX], 0x55667788);
	assert_int_equal(run(EXIT_REASON_VMWRITE, memory | REG2(GPR_RCX), 0x100), OK);
	assert_int_equal(x.vmcs12.guest_rip, 0xffffffff);
	segments[SEG_ES].limit = 0x106;
	assert_int_equal(run(EXIT_REASON_VMREAD, memory | REG2(GPR_RCX), 0x104), GP);
	segments[SEG_SS].limit = 0xfff;
	assert_int_equal(run(EXIT_REASON_VMPTRST, ABSOLUTE32 | SEGMENT(SEG_SS), 0xffc), SS);
}

#define GOOD_EPTP (PAGE(5) | 6 | 3 << 3)

static void test_invept(void **state)
{
	static const struct {
		u64 type, eptp;
		u32 end;
		enum vmx_insn_flush flush;
	} rows[] = {
		{ 1, GOOD_EPTP, OK, VMX_FLUSH_EPT_SINGLE },
		{ 1, GOOD_EPTP & ~6ull, OK, VMX_FLUSH_EPT_SINGLE },
		{ 2, 0, OK, VMX_FLUSH_EPT_ALL },
		{ 2, ~0ull, OK, VMX_FLUSH_EPT_ALL },
		{ 0, GOOD_EPTP, VALID + 28, VMX_FLUSH_NOTHING },
		{ 3, GOOD_EPTP, VALID + 28, VMX_FLUSH_NOTHING },
		{ ~0ull, GOOD_EPTP, VALID + 28, VMX_FLUSH_NOTHING },
		{ BIT(32) | 1, GOOD_EPTP, VALID + 28, VMX_FLUSH_NOTHING },
		{ 1, 0, VALID + 28, VMX_FLUSH_NOTHING },
		{ 1, (GOOD_EPTP & ~7ull) | 5, VALID + 28, VMX_FLUSH_NOTHING }, /* memory type */
		{ 1, (GOOD_EPTP & ~0x38ull) | 4 << 3, VALID + 28, VMX_FLUSH_NOTHING }, /* walk */
		{ 1, GOOD_EPTP | EPTP_AD, VALID + 28, VMX_FLUSH_NOTHING },
		{ 1, GOOD_EPTP | BIT(7), VALID + 28, VMX_FLUSH_NOTHING },
		{ 1, GOOD_EPTP | BIT(MAXPHYADDR), VALID + 28, VMX_FLUSH_NOTHING },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 end = run_descriptor(EXIT_REASON_INVEPT, rows[i].type, rows[i].eptp, 0);

		assert_int_equal(end, rows[i].end);
		assert_int_equal(insn.flush, rows[i].flush);
		if (rows[i].flush == VMX_FLUSH_EPT_SINGLE) {
			assert_int_equal(insn.eptp, rows[i].eptp);
		}
	}
	/* a type that is not there is told before the descriptor is read */
	caps.ept_vpid &= ~EPT_CAP_INVEPT_SINGLE;
	x.v.gpr[GPR_R9] = 1;
	assert_int_equal(run(EXIT_REASON_INVEPT, MEMORY | REG2(GPR_R9), NOT_PRESENT), VALID + 28);
	caps.ept_vpid &= ~EPT_CAP_INVEPT;
	assert_int_equal(run(EXIT_REASON_INVEPT, MEMORY | REG2(GPR_R9), NOT_PRESENT), UD);
}

static void test_invvpid(void **state)
{
	static const struct {
		u64 type, vpid, address;
		u32 end;
	} rows[] = {
		{ 0, 1, 0x1000, OK },
		{ 0, 0xffff, ~0ull, OK },
		{ 0, 1, NON_CANONICAL, VALID + 28 },
		{ 0, 1, 0xffff7fffffffffff, VALID + 28 },
		{ 0, 0, 0x1000, VALID + 28 },
		{ 0, 0x10001, 0x1000, VALID + 28 },
		{ 1, 1, NON_CANONICAL, OK },
		{ 1, 0, 0, VALID + 28 },
		{ 1, BIT(63) | 1, 0, VALID + 28 },
		{ 2, 0, 0, OK },
		{ 2, 5, NON_CANONICAL, OK },
		{ 2, BIT(16), 0, VALID + 28 },
		{ 3, 1, 0, OK },
		{ 3, 0, 0, VALID + 28 },
		{ 4, 1, 0, VALID + 28 },
		{ BIT(32), 1, 0, VALID + 28 },
		{ ~0ull, 1, 0, VALID + 28 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 end = run_descriptor(EXIT_REASON_INVVPID, rows[i].type, rows[i].vpid,
					 rows[i].address);

		if (end != rows[i].end) {
			fail_msg("row %u: %u", i, end);
		}
		assert_int_equal(insn.flush, end == OK ? VMX_FLUSH_VPID : VMX_FLUSH_NOTHING);
	}
	caps.ept_vpid &= ~VPID_CAP_ADDRESS;
	x.v.gpr[GPR_R9] = 0;
	assert_int_equal(run(EXIT_REASON_INVVPID, MEMORY | REG2(GPR_R9), NOT_PRESENT), VALID + 28);
	caps.ept_vpid &= ~VPID_CAP_INVVPID;
	assert_int_equal(run(EXIT_REASON_INVVPID, MEMORY | REG2(GPR_R9), NOT_PRESENT), UD);
}

static u64 entry_flags(bool mov_ss, bool launch)
{
	u32 error = vmx_insn_entry_error(&x, mov_ss, launch);

	x.vmcs12.vm_instruction_error = 0;
	return error ? vmx_rflags_fail(&x, FLAGS, error) : 0;
}

static void test_entry(void **state)
{
	(void)state;
	assert_int_equal(run(EXIT_REASON_VMLAUNCH, 0, 0), ENTER);
	assert_int_equal(run(EXIT_REASON_VMRESUME, 0, 0), ENTER);
	assert_true(vmx_insn_is_common(EFER_LMA, AR_L, 0));
	assert_false(vmx_insn_is_common(EFER_LMA, AR_L, 3));
	assert_false(vmx_insn_is_common(EFER_LMA, AR_DB, 0));
	assert_false(vmx_insn_is_common(0, AR_L, 0));
	for (u32 i = 0; i < 8; i++) {
		bool mov_ss = i & 1, launch = i & 2;
		u32 launch_error;

		x.launched12 = i & 4;
		launch_error = x.launched12 == launch ? (launch ? 4 : 5) : 0;
		x.current_gpa = VMX_NO_POINTER;
		assert_int_equal(entry_flags(mov_ss, launch), RFLAGS_CF);
		assert_int_equal(x.vmcs12.vm_instruction_error, 0);
		x.evmcs_gpa = EVMCS;
		assert_int_equal(entry_flags(mov_ss, launch), mov_ss ? RFLAGS_ZF : 0);
		assert_int_equal(x.vmcs12.vm_instruction_error, mov_ss ? 26 : 0);
		x.evmcs_gpa = VMX_NO_POINTER;
		x.current_gpa = VMCS_A;
		assert_int_equal(entry_flags(mov_ss, launch),
				 mov_ss || launch_error ? RFLAGS_ZF : 0);
		assert_int_equal(x.vmcs12.vm_instruction_error, mov_ss ? 26 : launch_error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ud_before_vmxon, setup),
		cmocka_unit_test_setup(test_ud_by_mode, setup_current),
		cmocka_unit_test_setup(test_gp_by_cpl, setup_current),
		cmocka_unit_test_setup(test_vmxon_ud_gp, setup),
		cmocka_unit_test_setup(test_vmxon_pointer, setup),
		cmocka_unit_test_setup(test_vmxon_in_root, setup_vmxon),
		cmocka_unit_test_setup(test_operand_no_ram, setup_current),
		cmocka_unit_test_setup(test_operand_faults, setup_current),
		cmocka_unit_test_setup(test_accessed_dirty, setup_vmxon),
		cmocka_unit_test_setup(test_protected_mode, setup_vmxon),
		cmocka_unit_test_setup(test_invept, setup_current),
		cmocka_unit_test_setup(test_invvpid, setup_current),
		cmocka_unit_test_setup(test_entry, setup_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
