/* SPDX-License-Identifier: MIT */
/*
 * The VMX instructions fail with the numbers of the manual: rows 1.7-13 to 1.7-16 of the project's
 * list. A failure changes nothing but flags and the error field.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/insn.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "VMfail and its numbers";

#define MAXPHYADDR (cpuid(0x80000008, 0).eax & 0xff)

asm(".pushsection .text\n"
    "launch_ss: mov %rdx, %ss\n vmlaunch\n ret\n"
    "resume_ss: mov %rdx, %ss\n vmresume\n ret\n"
    "i_vmcall: vmcall\n ret\n"
    ".popsection");
extern const char launch_ss[], resume_ss[], i_vmcall[];

static struct vmx_l2 l2;

static void without_current(void)
{
	u64 v = 0;

	check_ex("1.7-13 VMREAD without a VMCS", vmread_to(GUEST_RIP, &v), VMFAIL_INVALID);
	check_ex("1.7-13 VMREAD of no field, no VMCS", vmread_to(0x7ffe, &v), VMFAIL_INVALID);
	check_ex("1.7-13 VMWRITE without a VMCS", vmwrite(GUEST_RIP, 0), VMFAIL_INVALID);
	check_ex("1.7-16 VMLAUNCH without a VMCS", vmlaunch_only(), VMFAIL_INVALID);
	check_ex("1.7-16 VMRESUME without a VMCS", vmresume_only(), VMFAIL_INVALID);
	check_ex("1.7-14 VMCLEAR of a bad address, no VMCS", vmclear(1), VMFAIL_INVALID);
	check_ex("1.7-14 VMPTRLD of a bad address, no VMCS", vmptrld(1), VMFAIL_INVALID);
	check_ex("1.7-15 INVEPT of no type, no VMCS", invept(0, 0, 0), VMFAIL_INVALID);
	check_ex("1.7-15 INVVPID of no type, no VMCS", invvpid(9, 0, 0), VMFAIL_INVALID);
}

static void fields(void)
{
	/* Reserved bits of the encoding, holes, and fields of controls that nobody has. */
	static const u64 none[] = { 0x7ffe, 0xffff, 0x0fff, 0x8000, 0x10000, BIT(31), 0x681e8000 };
	static const u64 read_only[] = { INSTRUCTION_ERROR,	EXIT_REASON,
					 EXIT_INTR_INFO,	EXIT_INSN_LENGTH,
					 EXIT_QUALIFICATION,	GUEST_LINEAR_ADDRESS,
					 GUEST_PHYSICAL_ADDRESS };
	u64 v = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		v = 0x5a5a;
		check_ex("1.7-13 VMREAD of no field", vmread_to(none[i], &v), VMFAIL_VALID(12));
		check_eq("1.7-13 its destination", v, 0x5a5a);
		check_ex("1.7-13 VMWRITE of no field", vmwrite(none[i], 0), VMFAIL_VALID(12));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(read_only); i++) {
		bool any = rdmsr(MSR_VMX_MISC) & MISC_VMWRITE_ANY;

		check_ex("1.7-13 VMREAD, read-only", vmread_to(read_only[i], &v), EXINFO_NONE);
		check_ex("1.7-13 VMWRITE, read-only", vmwrite(read_only[i], 0),
			 any ? EXINFO_NONE : VMFAIL_VALID(13));
	}
}

static void pointers(void)
{
	const u64 limit = BIT(MAXPHYADDR), own = phys(l2.vmcs);
	const u64 bad[] = { limit, limit | own, BIT(63) | own, own + 1, own + 0x800, ~0ull };
	u32 *region = vmx_new_region();
	u64 current = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		check_ex("1.7-14 VMCLEAR of a bad address", vmclear(bad[i]), VMFAIL_VALID(2));
		check_ex("1.7-14 VMPTRLD of a bad address", vmptrld(bad[i]), VMFAIL_VALID(9));
	}
	check_ex("1.7-14 VMCLEAR of the VMXON pointer", vmclear(phys(vmx_region())),
		 VMFAIL_VALID(3));
	check_ex("1.7-14 VMPTRLD of the VMXON pointer", vmptrld(phys(vmx_region())),
		 VMFAIL_VALID(10));
	*region ^= 2;
	check_ex("1.7-14 VMPTRLD, other revision", vmptrld(phys(region)), VMFAIL_VALID(11));
	*region ^= 2 | (u32)BIT(31);
	if (!vmx_allows(PROC2_CONTROLS, PROC2_SHADOWING)) {
		check_ex("1.7-14 VMPTRLD of a shadow", vmptrld(phys(region)), VMFAIL_VALID(11));
	}
	check_ex("VMPTRST", vmptrst(&current), EXINFO_NONE);
	check_eq("1.7-14 the current VMCS after failures", current, own);
}

static void invalidations(void)
{
	const u64 caps = vmx_ept_vpid_caps(), eptp = phys(page_alloc()) | 0x1e;

	for (u64 type = 0; type < 6 && caps & CAP_INVEPT; type++) {
		bool known = type == 1 || type == 2;

		check_ex("1.7-15 INVEPT type", invept(type, eptp, 0),
			 known ? EXINFO_NONE : VMFAIL_VALID(28));
	}
	for (u64 type = 0; type < 6 && caps & CAP_INVVPID; type++) {
		check_ex("1.7-15 INVVPID type", invvpid(type, 1, 0),
			 type < 4 ? EXINFO_NONE : VMFAIL_VALID(28));
	}
	if (vmx_is_of_bochs()) {
		check_skip("1.7-15 INVEPT of type 2^32 + 1: Bochs 2.7 reads 32 bits of the type");
	} else {
		check_ex("1.7-15 INVEPT, type far out", invept(BIT(32) | 1, eptp, 0),
			 VMFAIL_VALID(28));
	}
	check_ex("1.7-15 INVEPT of memory type 5", invept(1, (eptp & ~7ull) | 5, 0),
		 VMFAIL_VALID(28));
	check_ex("1.7-15 INVEPT of 3 levels", invept(1, eptp ^ 8, 0), VMFAIL_VALID(28));
	check_ex("1.7-15 INVEPT, EPTP bit 63", invept(1, eptp | BIT(63), 0), VMFAIL_VALID(28));
	check_ex("1.7-15 INVVPID reserved bit", invvpid(1, BIT(16) | 1, 0), VMFAIL_VALID(28));
	check_ex("1.7-15 INVVPID reserved bit 63", invvpid(2, BIT(63), 0), VMFAIL_VALID(28));
	check_ex("1.7-15 INVVPID address, VPID 0", invvpid(0, 0, 0), VMFAIL_VALID(28));
	check_ex("1.7-15 INVVPID single, VPID 0", invvpid(1, 0, 0), VMFAIL_VALID(28));
	check_ex("1.7-15 INVVPID all, VPID 0", invvpid(2, 0, 0), EXINFO_NONE);
	check_ex("1.7-15 INVVPID retaining globals, VPID 0", invvpid(3, 0, 0), VMFAIL_VALID(28));
	check_ex("1.7-15 INVVPID of no canonical address", invvpid(0, 1, BIT(63)),
		 VMFAIL_VALID(28));
	check_ex("1.7-15 INVVPID single, any address", invvpid(1, 1, BIT(63)), EXINFO_NONE);
}

static exinfo_t run_code(const char *code)
{
	struct insn_regs regs = { .code = code, .rdx = SEL_DATA };

	return insn_run(&regs);
}

static void launch_states(void)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, l2_code_end);
	check_ex("1.7-16 VMRESUME of a clear VMCS", vmresume_only(), VMFAIL_VALID(5));
	check_ex("1.7-16 VMLAUNCH behind MOV SS", run_code(launch_ss), VMFAIL_VALID(26));
	check_ex("1.7-16 VMRESUME behind MOV SS", run_code(resume_ss), VMFAIL_VALID(26));
	check_eq("1.7-16 the error stays to be read", vget(INSTRUCTION_ERROR), 26);
	vmx_l2_expect(&l2, "1.7-16 VMLAUNCH after failures", REASON_VMCALL);
	check_ex("1.7-16 VMLAUNCH of a launched VMCS", vmlaunch_only(), VMFAIL_VALID(4));
	vmx_l2_expect(&l2, "1.7-16 VMRESUME after a failure", REASON_VMCALL);
	check_ex("VMCLEAR", vmclear(phys(l2.vmcs)), EXINFO_NONE);
	check_ex("1.7-14 VMREAD after VMCLEAR of the current VMCS", vmwrite(GUEST_RIP, 0),
		 VMFAIL_INVALID);
	check_ex("VMPTRLD", vmptrld(phys(l2.vmcs)), EXINFO_NONE);
	check_ex("1.7-16 VMRESUME after VMCLEAR", vmresume_only(), VMFAIL_VALID(5));
	check_eq("1.7-14 VMCLEAR keeps the fields", vget(GUEST_RIP), phys(l2_code_end));
	if (vmx_is_of_bochs()) {
		check_skip("VMCALL in root operation: Bochs 2.7 panics");
	} else if (!hv_present()) { /* there it is the way into the hypervisor */
		check_ex("VMCALL in root operation", run_code(i_vmcall), VMFAIL_VALID(1));
	}
}

void test_main(void)
{
	vmx_require();
	without_current();
	vmx_l2_init(&l2);
	fields();
	pointers();
	invalidations();
	launch_states();
	report_success();
}
