/* SPDX-License-Identifier: MIT */
/*
 * The SVM instructions fault as the manual says: #UD without EFER.SVME, #GP at CPL 3, #GP for an
 * address that is unaligned or beyond the physical address space; VM_CR and VM_HSAVE_PA keep
 * their rules.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "faults of the SVM instructions";

static u64 operand;

/* clang-format off */
#define INSNS(X)                                        \
	X(vmrun, "vmrun %%rax", true)                       \
	X(vmload, "vmload %%rax", true)                     \
	X(vmsave, "vmsave %%rax", true)                     \
	X(stgi, "stgi", false)                              \
	X(clgi, "clgi; stgi", false)                        \
	X(invlpga, "invlpga %%rax, %%ecx", false)
/* clang-format on */
#define STUB(name, insn, takes_address)                                 \
	static void stub_##name(void *unused)                           \
	{                                                               \
		(void)unused;                                           \
		asm volatile(insn : : "a"(operand), "c"(1) : "memory"); \
	}
INSNS(STUB)

static const struct insn {
	const char *name;
	void (*run)(void *);
	bool takes_address;
} insns[] = {
#define ROW(name, insn, takes_address) { #name, stub_##name, takes_address },
	INSNS(ROW)
};

static void without_svme(void)
{
	svm_disable();
	for (unsigned int i = 0; i < ARRAY_SIZE(insns); i++) {
		check_ex(insns[i].name, guard_call(insns[i].run, NULL), EXINFO_UD);
	}
	svm_enable();
}

static void at_cpl3(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(insns); i++) {
		check_ex(insns[i].name, user_call(insns[i].run, NULL), EXINFO_GP);
	}
}

static void with_bad_address(void)
{
	const u64 limit = BIT(cpuid(0x80000008, 0).eax & 0xff);
	const u64 bad[] = { 0x1001, 0x1800, limit, limit + 0x1000, BIT(63), ~0xfffull };

	for (unsigned int i = 0; i < ARRAY_SIZE(insns); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(bad) && insns[i].takes_address; j++) {
			operand = bad[j];
			check_ex(insns[i].name, guard_call(insns[i].run, NULL), EXINFO_GP);
		}
	}
	operand = phys(page_alloc());
	check_ex("vmsave", guard_call(stub_vmsave, NULL), EXINFO_NONE);
	check_ex("vmload", guard_call(stub_vmload, NULL), EXINFO_NONE);
	check_ex("stgi", guard_call(stub_stgi, NULL), EXINFO_NONE);
	check_ex("clgi", guard_call(stub_clgi, NULL), EXINFO_NONE);
	check_ex("invlpga", guard_call(stub_invlpga, NULL), EXINFO_NONE);
}

/* [APM "VM_CR MSR (C001_0114h)"], [APM "VM_HSAVE_PA MSR (C001_0117h)"] */
static void msrs(void)
{
	const u64 limit = BIT(cpuid(0x80000008, 0).eax & 0xff);
	u64 v;

	check_ex("RDMSR VM_CR", rdmsr_safe(MSR_VM_CR, &v), EXINFO_NONE);
	check(!(v & VM_CR_SVME_DISABLE), "VM_CR.SVMDIS is set though CPUID offers SVM");
	check_ex("RDMSR VM_HSAVE_PA", rdmsr_safe(MSR_VM_HSAVE_PA, &v), EXINFO_NONE);
	check(v != 0 && IS_ALIGNED(v, PAGE_SIZE), "VM_HSAVE_PA reads 0x%lx", v);
	check_ex("VM_HSAVE_PA unaligned", wrmsr_safe(MSR_VM_HSAVE_PA, v | 1), EXINFO_GP);
	check_ex("VM_HSAVE_PA beyond the address space", wrmsr_safe(MSR_VM_HSAVE_PA, limit),
		 EXINFO_GP);
	check_ex("EFER with a reserved bit", wrmsr_safe(MSR_EFER, rdmsr(MSR_EFER) | BIT(9)),
		 EXINFO_GP);
	check_eq("EFER.SVME", rdmsr(MSR_EFER) & EFER_SVME, EFER_SVME);
}

void test_main(void)
{
	svm_require();
	check(cpuid(0x8000000a, 0).eax >= 1, "SVM revision 0");
	check(cpuid(0x8000000a, 0).ebx >= 2, "less than 2 ASIDs");
	check(svm_features() & SVM_NPT, "no nested paging");
	operand = phys(page_alloc());
	without_svme();
	at_cpl3();
	if (hv_present()) { /* bare QEMU knows neither rule */
		with_bad_address();
		msrs();
	}
	report_success();
}
