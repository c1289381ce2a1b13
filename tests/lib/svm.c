/* SPDX-License-Identifier: MIT */
/* Switches SVM on and off; keeps one host save area for each CPU. */
#include "tests/lib/svm.h"

#include "tests/lib/report.h"

#define CPUID_EXT_MAX	   0x80000000
#define CPUID_EXT_FEATURES 0x80000001
#define CPUID_SVM	   0x8000000a
#define ECX_SVM		   BIT(2)

static void *host_save[MAX_CPUS];

bool svm_offered(void)
{
	return cpuid(CPUID_EXT_MAX, 0).eax >= CPUID_SVM &&
	       cpuid(CPUID_EXT_FEATURES, 0).ecx & ECX_SVM;
}

u32 svm_features(void)
{
	return svm_offered() ? cpuid(CPUID_SVM, 0).edx : 0;
}

void svm_enable(void)
{
	unsigned int i = this_cpu()->index;

	if (!host_save[i]) {
		host_save[i] = page_alloc();
	}
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, phys(host_save[i]));
}

void svm_disable(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SVME);
}

void svm_require(void)
{
	if (!svm_offered()) {
		report_skip("no SVM here");
		report_exit();
	}
	svm_enable();
}
