/* SPDX-License-Identifier: MIT */
/* Switches VMX operation on and off; keeps one VMXON region for each CPU. */
#include "tests/lib/vmx.h"

#include "tests/lib/cmdline.h"
#include "tests/lib/hyperv.h"
#include "tests/lib/l2_call.h"
#include "tests/lib/report.h"

#define CPUID1_VMX	  BIT(5)
#define FEATURE_LOCK	  BIT(0)
#define FEATURE_VMX	  BIT(2)
#define REVISION_MASK	  GENMASK(30, 0)
#define PROC_HAS_PROC2	  BIT(63)
#define PROC2_EPT_OR_VPID (PROC2_EPT | PROC2_VPID)

static void *regions[MAX_CPUS];

bool vmx_offered(void)
{
	return cpuid(1, 0).ecx & CPUID1_VMX;
}

bool vmx_runs_on_bochs(void)
{
	return cmdline_has("bochs");
}

bool vmx_is_of_bochs(void)
{
	return vmx_runs_on_bochs() && !hv_present();
}

void *vmx_new_region(void)
{
	u32 *region = page_alloc();

	*region = (u32)(rdmsr(MSR_VMX_BASIC) & REVISION_MASK);
	return region;
}

void *vmx_region(void)
{
	void **region = &regions[this_cpu()->index];

	if (!*region) {
		*region = vmx_new_region();
	}
	return *region;
}

void vmx_enable(void)
{
	if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_LOCK)) {
		wrmsr(MSR_FEATURE_CONTROL, FEATURE_LOCK | FEATURE_VMX);
	}
	write_cr0(read_cr0() | CR0_NE);
	write_cr4(read_cr4() | CR4_VMXE);
	check_ex("VMXON", vmxon(phys(vmx_region())), EXINFO_NONE);
}

void vmx_disable(void)
{
	check_ex("VMXOFF", vmxoff(), EXINFO_NONE);
	write_cr4(read_cr4() & ~CR4_VMXE);
}

void vmx_require(void)
{
	if (!vmx_offered()) {
		report_skip("no VMX here");
		report_exit();
	}
	l2_calls_use_vmcall();
	vmx_enable();
}

u64 vmx_caps(enum vmcs_field controls)
{
	bool have_true = rdmsr(MSR_VMX_BASIC) & BASIC_TRUE_CONTROLS;

	switch (controls) {
	case PIN_CONTROLS:
		return rdmsr(have_true ? MSR_VMX_TRUE_PIN : MSR_VMX_PIN);
	case PROC_CONTROLS:
		return rdmsr(have_true ? MSR_VMX_TRUE_PROC : MSR_VMX_PROC);
	case EXIT_CONTROLS:
		return rdmsr(have_true ? MSR_VMX_TRUE_EXIT : MSR_VMX_EXIT);
	case ENTRY_CONTROLS:
		return rdmsr(have_true ? MSR_VMX_TRUE_ENTRY : MSR_VMX_ENTRY);
	default:
		return rdmsr(MSR_VMX_PROC) & PROC_HAS_PROC2 ? rdmsr(MSR_VMX_PROC2) : 0;
	}
}

bool vmx_allows(enum vmcs_field controls, u64 bits)
{
	return (vmx_caps(controls) >> 32 & bits) == bits;
}

u64 vmx_ept_vpid_caps(void)
{
	return vmx_caps(PROC2_CONTROLS) >> 32 & PROC2_EPT_OR_VPID ? rdmsr(MSR_VMX_EPT_VPID) : 0;
}

exinfo_t vmx_flags_result(u64 rflags)
{
	switch (rflags & VMX_FLAGS) {
	case 0:
		return EXINFO_NONE;
	case VMX_FLAG_CF:
		return VMFAIL_INVALID;
	case VMX_FLAG_ZF:
		return VMFAIL_VALID(0);
	default:
		return VMFAIL_FLAGS(rflags & VMX_FLAGS);
	}
}

exinfo_t vmx_result(u64 ex, u64 rflags)
{
	exinfo_t result = ex != EXINFO_NONE ? (exinfo_t)ex : vmx_flags_result(rflags);

	if (result == VMFAIL_VALID(0)) {
		u64 number = 0;

		asm volatile("vmread %1, %0" : "=r"(number) : "r"((u64)INSTRUCTION_ERROR) : "cc");
		result = VMFAIL_VALID(number);
	}
	return result;
}
