/* SPDX-License-Identifier: MIT */
/*
 * VMX operation is entered and left as the manual says, and only so: rows 1.7-1 to 1.7-11 of the
 * project's list, the faults of all other VMX instructions outside of it among them.
 */
#include "tests/lib/insn.h"
#include "tests/lib/payload.h"

const char test_title[] = "VMXON, VMXOFF and what guards them";

#define FEATURE_LOCK BIT(0)
#define FEATURE_VMX  BIT(2)
#define MAXPHYADDR   (cpuid(0x80000008, 0).eax & 0xff)

static u64 operand;
static struct insn_regs regs;

/* Each of them in compatibility mode, where none exists. */
#define COMPAT(name, insn)                                                  \
	asm(".pushsection .text\n"                                          \
	    "compat_" #name ": pushq $0x18\n pushq $1f\n lretq\n .code32\n" \
	    "1: " insn "\n2: ljmp $0x08, $3f\n .code64\n3: ret\n"           \
	    ".popsection\n" EX_TABLE("1b", "2b"));                          \
	void compat_##name(void);
_Static_assert(SEL_CODE32 == 0x18 && SEL_CODE64 == 0x08, "numbers in COMPAT");
COMPAT(vmxon, "vmxon operand32")
COMPAT(vmxoff, "vmxoff")
COMPAT(vmptrld, "vmptrld operand32")
COMPAT(vmptrst, "vmptrst operand32")
COMPAT(vmclear, "vmclear operand32")
COMPAT(vmread, "vmread %eax, %ecx")
COMPAT(vmwrite, "vmwrite %eax, %ecx")
COMPAT(vmlaunch, "vmlaunch")
COMPAT(vmresume, "vmresume")
COMPAT(invept, "invept operand32, %eax")
COMPAT(invvpid, "invvpid operand32, %eax")
u64 operand32[2];

static exinfo_t run(const struct vmx_insn *insn, bool user)
{
	regs = (struct insn_regs){ .rbx = phys(&operand), .code = insn->code };
	return user ? insn_run_user(&regs) : insn_run(&regs);
}

static void all_fault(const char *row, exinfo_t at_cpl0, exinfo_t at_cpl3)
{
	for (unsigned int i = 0; i < VMX_INSNS; i++) {
		const struct vmx_insn *insn = &vmx_insns[i];
		exinfo_t ex;

		if (at_cpl0 != EXINFO_NONE) {
			ex = run(insn, false);
			check(ex == at_cpl0, "%s: %s at CPL 0: %s, want %s", row, insn->name,
			      exinfo_text(ex), exinfo_text(at_cpl0));
		}
		ex = run(insn, true);
		check(ex == at_cpl3, "%s: %s at CPL 3: %s, want %s", row, insn->name,
		      exinfo_text(ex), exinfo_text(at_cpl3));
	}
}

static void in_compatibility_mode(const char *row)
{
	void (*const insns[])(void) = { compat_vmxon,	compat_vmxoff,	 compat_vmptrld,
					compat_vmptrst, compat_vmclear,	 compat_vmread,
					compat_vmwrite, compat_vmlaunch, compat_vmresume,
					compat_invept,	compat_invvpid };

	for (unsigned int i = 0; i < ARRAY_SIZE(insns); i++) {
		this_cpu()->caught.ex = EXINFO_NONE;
		insns[i]();
		/* R11, where the fix-up leaves it, is none of this mode's registers. */
		check(this_cpu()->caught.ex == EXINFO_UD, "%s in compatibility mode, row %u: %s",
		      row, i, exinfo_text(this_cpu()->caught.ex));
	}
}

/* VMXON is the only one that CR4.VMXE alone lets further. */
static void before_vmxon(void)
{
	write_cr4(read_cr4() & ~CR4_VMXE);
	operand = phys(vmx_region());
	all_fault("1.7-1, 1.7-9 CR4.VMXE clear", EXINFO_UD, EXINFO_UD);
	write_cr4(read_cr4() | CR4_VMXE);
	for (unsigned int i = 1; i < VMX_INSNS; i++) {
		check_ex("1.7-9 before VMXON", run(&vmx_insns[i], false), EXINFO_UD);
		check_ex("1.7-9 before VMXON at CPL 3", run(&vmx_insns[i], true), EXINFO_UD);
	}
	in_compatibility_mode("1.7-9 before VMXON");
	check_ex("1.7-2 VMXON at CPL 3", run(&vmx_insns[0], true), EXINFO_GP);
}

static void bad_regions(void)
{
	u32 *region = vmx_region(), revision = *region;
	const u64 limit = BIT(MAXPHYADDR);
	const u64 bad[] = { limit,
			    limit | phys(region),
			    BIT(63) | phys(region),
			    ~0xfffull,
			    phys(region) + 1,
			    phys(region) + 8,
			    phys(region) + 0x800,
			    ~0ull };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		exinfo_t ex = vmxon(bad[i]);

		check(ex == VMFAIL_INVALID, "1.7-3, 1.7-4 VMXON at 0x%lx: %s", bad[i],
		      exinfo_text(ex));
	}
	*region = revision ^ 2;
	check_ex("1.7-5 VMXON, other revision", vmxon(phys(region)), VMFAIL_INVALID);
	*region = revision | (u32)BIT(31);
	check_ex("1.7-5 VMXON, shadow bit", vmxon(phys(region)), VMFAIL_INVALID);
	*region = revision;
	check_ex("1.7-1 still not in VMX operation", vmxoff(), EXINFO_UD);
}

static void set_cr0(void *v)
{
	write_cr0(*(u64 *)v);
}

static void set_cr4(void *v)
{
	write_cr4(*(u64 *)v);
}

/* In VMX operation the fixed bits stay [SDM "Restrictions on VMX Operation"]. */
static void fixed_bits(void)
{
	u64 cr4 = read_cr4() & ~CR4_VMXE, ne = read_cr0() & ~CR0_NE, pg = read_cr0() & ~CR0_PG;

	check_ex("1.7-10 CR4.VMXE cleared in VMX operation", guard_call(set_cr4, &cr4), EXINFO_GP);
	check_ex("1.7-10 CR0.NE cleared in VMX operation", guard_call(set_cr0, &ne), EXINFO_GP);
	check_ex("1.7-10 CR0.PG cleared in VMX operation", guard_call(set_cr0, &pg), EXINFO_GP);
}

static void in_root(void)
{
	void *vmcs = vmx_new_region();
	u64 current = 0;

	check_ex("1.7-6 VMXON", vmxon(phys(vmx_region())), EXINFO_NONE);
	check_ex("VMPTRST", vmptrst(&current), EXINFO_NONE);
	check_eq("1.7-6 no VMCS is current after VMXON", current, ~0ull);
	check_ex("1.7-7 VMXON again", vmxon(phys(vmx_region())), VMFAIL_INVALID);
	check_ex("VMCLEAR", vmclear(phys(vmcs)), EXINFO_NONE);
	check_ex("VMPTRLD", vmptrld(phys(vmcs)), EXINFO_NONE);
	check_ex("1.7-7 VMXON again with a VMCS", vmxon(phys(vmx_region())), VMFAIL_VALID(15));
	check_ex("1.7-7 VMXON again, bad address", vmxon(1), VMFAIL_VALID(15));
	all_fault("1.7-8 in root operation", EXINFO_NONE, EXINFO_GP);
	in_compatibility_mode("1.7-9 in root operation");
	fixed_bits();
	check_ex("VMXOFF", vmxoff(), EXINFO_NONE);
	check_ex("1.7-9 VMXOFF again", vmxoff(), EXINFO_UD);
	check_ex("VMXON after VMXOFF", vmxon(phys(vmx_region())), EXINFO_NONE);
	check_ex("VMPTRST", vmptrst(&current), EXINFO_NONE);
	check_eq("1.7-6 no VMCS is current after VMXOFF and VMXON", current, ~0ull);
	vmx_disable();
}

void test_main(void)
{
	u64 v = 0;

	if (!vmx_offered()) {
		u64 cr4 = read_cr4() | CR4_VMXE;

		check_ex("1.7-10 CR4.VMXE without VMX", guard_call(set_cr4, &cr4), EXINFO_GP);
		report_skip("no VMX here");
		return;
	}
	vmx_require(); /* settles IA32_FEATURE_CONTROL */
	vmx_disable();
	check_ex("1.7-11 FEATURE_CONTROL", rdmsr_safe(MSR_FEATURE_CONTROL, &v), EXINFO_NONE);
	check_eq("1.7-11 FEATURE_CONTROL", v & (FEATURE_LOCK | FEATURE_VMX),
		 FEATURE_LOCK | FEATURE_VMX);
	check_ex("1.7-11 locked", wrmsr_safe(MSR_FEATURE_CONTROL, v), EXINFO_GP);
	check_ex("1.7-11 locked, 0", wrmsr_safe(MSR_FEATURE_CONTROL, 0), EXINFO_GP);
	before_vmxon();
	bad_regions();
	in_root();
	report_success();
}
