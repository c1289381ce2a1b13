/* SPDX-License-Identifier: MIT */
/*
 * The life of the hypercall page: it needs an identity, appears over L1's memory and goes again,
 * takes no writes, serves CPL 0 only, and stays where it is once it is locked. The numbers are
 * those of the project's list of facts on hypercall entry.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"

const char test_title[] = "the hypercall page";

#define PLACE	       0x50000
#define PAST_THE_SPACE BIT(51)
#define FILL	       0x1122334455667788ull
#define VMMCALL_OPCODE 0xd9010f
#define VMCALL_OPCODE  0xc1010f
#define INTEL_EBX      0x756e6547 /* "Genu" of CPUID leaf 0 */
#define MOVES	       1000

static u64 *memory = (u64 *)PLACE;

static void call_page(void *code)
{
	(void)hv_call((u64)(uintptr_t)code, 0, 0);
}

/* At CPL 3 the way is shorter: hv_call() would save nothing that counts there. */
static void call_page_at_cpl3(void *unused)
{
	(void)unused;
	asm volatile("call *hv_page" : : "c"(0xbeef), "a"(0) : "rdx", "r8", "memory");
}

static void needs_an_identity(void)
{
	wrmsr(HV_MSR_GUEST_OS_ID, 0);
	check_ex("3 enable without identity", wrmsr_safe(HV_MSR_HYPERCALL, PLACE | HV_PAGE_ENABLE),
		 EXINFO_NONE);
	check_eq("3 enable bit without identity", rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_ENABLE, 0);
	check_eq("2 memory without the page", *memory, FILL);
	wrmsr(HV_MSR_GUEST_OS_ID, HV_OS_ID_PAYLOADS);
	wrmsr(HV_MSR_HYPERCALL, PLACE | HV_PAGE_ENABLE);
	check_eq("HYPERCALL reads what was written", rdmsr(HV_MSR_HYPERCALL),
		 PLACE | HV_PAGE_ENABLE);
	wrmsr(HV_MSR_GUEST_OS_ID, 0);
	check_eq("3 enable bit after the identity went", rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_ENABLE,
		 0);
	check_eq("2 memory after the page", *memory, FILL);
	wrmsr(HV_MSR_GUEST_OS_ID, HV_OS_ID_PAYLOADS);
}

static void refuses_writes(void)
{
	check_ex("4 page past the GPA space", wrmsr_safe(HV_MSR_HYPERCALL, PAST_THE_SPACE | 1),
		 EXINFO_GP);
	wrmsr(HV_MSR_HYPERCALL, PLACE | HV_PAGE_ENABLE);
	u64 code = *memory;

	check(code != FILL, "the page does not appear");
	check_ex("5 write to the page", write_u64_safe(PLACE, 0), EXINFO_GP);
	check_eq("5 page after the write", *memory, code);
	for (unsigned int i = 0; i < MOVES; i++) {
		wrmsr(HV_MSR_HYPERCALL,
		      i & 1 ? PLACE | HV_PAGE_ENABLE : (PLACE + PAGE_SIZE) | HV_PAGE_ENABLE);
	}
	check_eq("page after many moves", *memory, code);
	wrmsr(HV_MSR_HYPERCALL, 0);
	check_eq("memory after many moves", *memory, FILL);
}

static void serves_cpl0_only(void)
{
	hv_enable();
	check_ex("a call at CPL 0", guard_call(call_page, (void *)0xbeef), EXINFO_NONE);
	check_ex("1 a call at CPL 3", user_call(call_page_at_cpl3, NULL), EXINFO_UD);
	check_eq("1 instruction at the fault", *(u32 *)this_cpu()->caught.rip & 0xffffff,
		 cpuid(0, 0).ebx == INTEL_EBX ? VMCALL_OPCODE : VMMCALL_OPCODE);
}

/* Must be last: nothing but a reset unlocks. */
static void stays_when_locked(void)
{
	const u64 locked = phys(hv_page) | HV_PAGE_ENABLE | HV_PAGE_LOCKED;

	wrmsr(HV_MSR_HYPERCALL, locked);
	check_eq("7c HYPERCALL reads the lock", rdmsr(HV_MSR_HYPERCALL), locked);
	check_ex("7c move a locked page", wrmsr_safe(HV_MSR_HYPERCALL, PLACE | 1), EXINFO_GP);
	check_ex("7c disable a locked page", wrmsr_safe(HV_MSR_HYPERCALL, 0), EXINFO_GP);
	check_eq("7c HYPERCALL is unchanged", rdmsr(HV_MSR_HYPERCALL), locked);
	check_ex("7c call through a locked page", guard_call(call_page, (void *)0xbeef),
		 EXINFO_NONE);
}

void test_main(void)
{
	hv_require();
	*memory = FILL;
	needs_an_identity();
	refuses_writes();
	serves_cpl0_only();
	stays_when_locked();
	report_success();
}
