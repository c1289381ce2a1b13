/* SPDX-License-Identifier: MIT */
/*
 * The enlightened VMCS keeps the protocol of the TLFS: which one is in use, what its revision and
 * its clean fields mean, and what other VMX instructions do beside it: rows 1.4-1 to 1.4-8, 1.4-11,
 * 1.4-15 to 1.4-17.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/insn.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "the enlightened VMCS";

#define HINT_EVMCS	 BIT(14)
#define NESTED_VERSION	 GENMASK(15, 0)
#define NESTED_MSR	 BIT(19)
#define DIRECT_HYPERCALL BIT(0)
#define ROUNDS		 50

asm(".pushsection .text\n"
    "i_rdmsr: mov $0xc0000082, %ecx; rdmsr; vmcall\n"
    "i_rbx: mov %gs:0, %rbx; vmcall\n"
    "i_wrmsr_gs: mov $0xc0000101, %ecx; mov $0x34567000, %eax; mov $0x7f12, %edx; wrmsr; vmcall\n"
    ".popsection");
extern const char i_rdmsr[], i_rbx[], i_wrmsr_gs[];

static struct vmx_l2 a, b;

static void start(struct vmx_l2 *l2)
{
	vmx_l2_init(l2);
	vmx_l2_start_at(l2, l2_code_end);
}

static void all_clean(struct vmx_l2 *l2)
{
	*evmcs_u32(l2->vmcs, EVMCS_CLEAN_FIELDS) = EVMCS_ALL_CLEAN;
}

static void leaves(void)
{
	u32 nested = cpuid(HV_LEAF_NESTED, 0).eax;

	check(cpuid(HV_LEAF_HINTS, 0).eax & HINT_EVMCS, "1.4-1 no hint of eVMCS");
	check_eq("1.4-1 versions of eVMCS", nested & NESTED_VERSION, 0x0101);
	check(nested & NESTED_MSR, "1.4-1 no enlightened MSR bitmap");
}

static void current(void)
{
	u64 pointer = 0;

	start(&a);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		vmx_l2_expect(&a, "1.4-2 entry", REASON_VMCALL);
		check_ex("1.4-2 VMPTRST", vmptrst(&pointer), EXINFO_NONE);
		check_eq("1.4-2 VMPTRST", pointer, phys(a.vmcs));
		vset(GUEST_RIP, phys(l2_code_end));
	}
}

static void revisions(void)
{
	u32 revision = (u32)(rdmsr(MSR_VMX_BASIC) & GENMASK(30, 0));
	static const u32 bad[] = { ~0u, 0, 2, 0x80000001 };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		start(&a);
		*evmcs_u32(a.vmcs, 0) = bad[i];
		check(vmx_l2_run(&a) == VMX_L2_NO_EXIT, "1.4-3 revision 0x%x enters", bad[i]);
		check(a.fail == VMFAIL_INVALID || (a.fail & VMFAIL_VALID(0)),
		      "1.4-3 revision 0x%x: %s", bad[i], exinfo_text(a.fail));
		*evmcs_u32(a.vmcs, 0) = EVMCS_REVISION;
		vmx_l2_expect(&a, "1.4-3 the good revision after a bad one", REASON_VMCALL);
	}
	start(&a);
	*evmcs_u32(a.vmcs, 0) = revision;
	vmx_l2_expect(&a, "1.4-4 revision of VMX_BASIC", REASON_VMCALL);
	*evmcs_u32(a.vmcs, 0) = EVMCS_REVISION;
}

/* Neither an entry nor a fault of Plinth; and the good one works behind it. */
static void pointers(void)
{
	const u64 limit = BIT(cpuid(0x80000008, 0).eax & 0xff);
	const u64 bad[] = { 0xdeadbeef,		 phys(a.vmcs) + 8, limit,      ~0ull,
			    ~0xfffull,		 BIT(63),	   0xfee00000, 0xfec00000,
			    phys(assist_page()), limit - PAGE_SIZE };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		start(&a);
		*(volatile u64 *)(assist_page() + ASSIST_CURRENT_VMCS) = bad[i];
		exinfo_t ex = vmlaunch_only();

		check(i == 0 ? ex == EXINFO_UD : ex != EXINFO_NONE, "1.4-5 eVMCS at 0x%lx: %s",
		      bad[i], exinfo_text(ex));
		vmx_l2_load(&a);
		vmx_l2_expect(&a, "1.4-5 the good pointer after a bad one", REASON_VMCALL);
	}
}

/* What changes without its clean bit counts at VMLAUNCH and for another eVMCS. */
static void clean_fields(void)
{
	start(&a);
	vmx_l2_start_at(&a, i_rbx);
	vmx_l2_expect(&a, "1.4-6 first entry", REASON_VMCALL);
	u64 gs_before = a.gprs.rbx;

	/* RIP has no group. */
	all_clean(&a);
	(void)evmcs_poke(a.vmcs, GUEST_RIP, phys(l2_code_end));
	vmx_l2_expect(&a, "1.4-6 RIP with all clean", REASON_VMCALL);
	check_eq("1.4-6 RIP with all clean", vget(GUEST_RIP), phys(l2_code_end));

	static u64 words[2] = { 0x1234, 0 };

	check_ex("VMCLEAR", vmclear(phys(a.vmcs)), EXINFO_NONE);
	a.launched = false;
	(void)evmcs_poke(a.vmcs, GUEST_GS_BASE, phys(words));
	(void)evmcs_poke(a.vmcs, GUEST_RIP, phys(i_rbx));
	all_clean(&a);
	vmx_l2_expect(&a, "1.4-6 VMLAUNCH with all clean", REASON_VMCALL);
	check_eq("1.4-6 GS base at VMLAUNCH", a.gprs.rbx, words[0]);

	start(&b);
	vmx_l2_start_at(&b, i_rbx);
	vmx_l2_expect(&b, "1.4-6 another eVMCS", REASON_VMCALL);
	check_eq("1.4-6 GS base of another eVMCS", b.gprs.rbx, gs_before);
	vmx_l2_load(&a);
	(void)evmcs_poke(a.vmcs, GUEST_GS_BASE, gs_before);
	(void)evmcs_poke(a.vmcs, GUEST_RIP, phys(i_rbx));
	all_clean(&a);
	vmx_l2_expect(&a, "1.4-6 back to the first", REASON_VMCALL);
	check_eq("1.4-6 GS base back in the first", a.gprs.rbx, gs_before);
}

static void expect_msr(const char *what, u32 reason)
{
	vset(GUEST_RIP, phys(i_rdmsr));
	vmx_l2_expect(&a, what, reason);
	all_clean(&a);
}

static void msr_bitmap(bool enlightened)
{
	start(&a);
	*evmcs_u32(a.vmcs, EVMCS_CONTROL) = enlightened ? EVMCS_MSR_BITMAP : 0;
	expect_msr("1.4-7 no bit set", REASON_VMCALL);
	vmx_l2_intercept_msr(&a, MSR_LSTAR, true, false);
	expect_msr("1.4-7, 1.4-8 bit set under a clean bit",
		   enlightened ? REASON_VMCALL : REASON_RDMSR);
	*evmcs_u32(a.vmcs, EVMCS_CLEAN_FIELDS) &= ~(u32)BIT(GROUP_MSR_BITMAP);
	expect_msr("1.4-7 bit set, and dirty", REASON_RDMSR);
	vmx_l2_intercept_msr(&a, MSR_LSTAR, false, false);
	if (!enlightened) { /* otherwise the old bit and the new one are equally right */
		expect_msr("1.4-8 bit clear", REASON_VMCALL);
	}
	*evmcs_u32(a.vmcs, EVMCS_CONTROL) = 0;
}

/* The merged map still exits, L1's own leaves the MSR to L2 by then: the write is L2's. */
static void write_by_an_old_bitmap(void)
{
	const u64 value = 0x00007f1234567000;

	start(&a);
	*evmcs_u32(a.vmcs, EVMCS_CONTROL) = EVMCS_MSR_BITMAP;
	vmx_l2_intercept_msr(&a, MSR_GS_BASE, true, true);
	expect_msr("no bit of LSTAR", REASON_VMCALL);
	vmx_l2_intercept_msr(&a, MSR_GS_BASE, false, false);
	vset(GUEST_RIP, phys(i_wrmsr_gs));
	all_clean(&a);
	vmx_l2_expect(&a, "1.4-7 WRMSR of GS base by an old bitmap", REASON_VMCALL);
	check_eq("1.4-7 GS base that L2 wrote", vget(GUEST_GS_BASE), value);
	*evmcs_u32(a.vmcs, EVMCS_CONTROL) = 0;
}

/* A call of L2 that is no flush is L1's, direct flush or not. */
static void other_hypercalls(void)
{
	static const u64 codes[] = { 0x5c, 0x5d, 0x0b, 0xbeef, 0x8001 };

	for (unsigned int i = 0; i < ARRAY_SIZE(codes); i++) {
		start(&a);
		*(volatile u32 *)(assist_page() + ASSIST_NESTED_FEATURES) = DIRECT_HYPERCALL;
		*evmcs_u32(a.vmcs, EVMCS_CONTROL) = EVMCS_DIRECT_FLUSH;
		*evmcs_u64(a.vmcs, EVMCS_ASSIST_PAGE) = phys(b.vmcs ? b.vmcs : a.vmcs);
		a.gprs.rcx = codes[i];
		vmx_l2_expect(&a, "1.4-11 another hypercall", REASON_VMCALL);
		check_eq("1.4-11 RIP stays", vget(GUEST_RIP), phys(l2_code_end));
		check_eq("1.4-11 RCX stays", a.gprs.rcx, codes[i]);
	}
	*(volatile u32 *)(assist_page() + ASSIST_NESTED_FEATURES) = 0;
	*evmcs_u32(a.vmcs, EVMCS_CONTROL) = 0;
}

/* Unsupported beside an eVMCS; any answer will do, and the eVMCS goes on. */
static void plain_instructions(void)
{
	void *plain = vmx_new_region();
	u64 v = 0;

	start(&a);
	vmx_l2_expect(&a, "1.4-15 entry", REASON_VMCALL);
	for (u32 field = 0; field < 0x8000; field += 0x202) {
		(void)vmread_to(field, &v);
	}
	(void)vmwrite(GUEST_CR3, ~0ull);
	(void)vmwrite(PIN_CONTROLS, ~0ull);
	(void)vmptrld(phys(plain));
	(void)vmptrld(phys(a.vmcs));
	(void)vmclear(phys(plain));
	start(&a);
	vmx_l2_expect(&a, "1.4-15 entry after VMREAD, VMWRITE, VMPTRLD", REASON_VMCALL);
}

/* An enlightened VMCS need not have a launch state [TLFS "Enlightened VMCS"]. */
static void enter_or_fail(const char *what, exinfo_t fail)
{
	u32 reason = vmx_l2_run(&a);

	check(reason == REASON_VMCALL || a.fail == fail, "%s: exit 0x%x, %s", what, reason,
	      exinfo_text(a.fail));
}

static void vmclear_of_active(void)
{
	static u8 before[PAGE_SIZE];

	start(&a);
	vmx_l2_expect(&a, "1.4-16 entry", REASON_VMCALL);
	memcpy(before, a.vmcs, PAGE_SIZE);
	check_ex("1.4-16 VMCLEAR", vmclear(phys(a.vmcs)), EXINFO_NONE);
	check(memcmp(before, a.vmcs, PAGE_SIZE) == 0, "1.4-16 VMCLEAR writes into the eVMCS");
	enter_or_fail("1.4-16 VMRESUME after VMCLEAR", VMFAIL_VALID(5));
	check_ex("1.4-16 VMCLEAR", vmclear(phys(a.vmcs)), EXINFO_NONE);
	a.launched = false;
	vmx_l2_expect(&a, "1.4-16 VMLAUNCH after VMCLEAR", REASON_VMCALL);
	vmx_l2_expect(&a, "1.4-16 VMRESUME after VMLAUNCH", REASON_VMCALL);
	a.launched = false;
	enter_or_fail("1.4-16 VMLAUNCH of a launched eVMCS", VMFAIL_VALID(4));
	a.launched = true;
}

/* Invalid controls under clean bits: believed clean or refused, never entered with. */
static void invalid_controls(void)
{
	u64 good;

	start(&a);
	vmx_l2_expect(&a, "1.4-17 entry", REASON_VMCALL);
	good = vget(PIN_CONTROLS);
	all_clean(&a);
	(void)evmcs_poke(a.vmcs, PIN_CONTROLS, ~0u);
	u32 reason = vmx_l2_run(&a);

	check(reason == REASON_VMCALL || a.fail == VMFAIL_VALID(7), "1.4-17 exit 0x%x, %s", reason,
	      exinfo_text(a.fail));
	vset(PIN_CONTROLS, ~0u);
	vmx_l2_expect_fail(&a, "1.4-17 invalid controls, dirty", VMFAIL_VALID(7));
	vset(PIN_CONTROLS, good);
	vmx_l2_expect(&a, "1.4-17 after the repair", REASON_VMCALL);
}

void test_main(void)
{
	vmx_require();
	evmcs_use(&a);
	evmcs_use(&b);
	leaves();
	current();
	revisions();
	pointers();
	clean_fields();
	msr_bitmap(false);
	msr_bitmap(true);
	write_by_an_old_bitmap();
	other_hypercalls();
	plain_instructions();
	vmclear_of_active();
	invalid_controls();
	evmcs_unload();
	report_success();
}
