/* SPDX-License-Identifier: MIT */
/* The table of cases, and how to tell the machines apart. */
#include "tests/linux/vmm/cases.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#define CASE(name, function, seconds, not_on, fault) { name, function, seconds, not_on, fault },
const struct vmm_case vmm_cases[] = {
#include "tests/linux/vmm/cases.def"
};
#undef CASE

const size_t vmm_nr_cases = ARRAY_SIZE(vmm_cases);

static bool file_has(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[128] = "";
	bool has;

	if (!file) {
		return false;
	}
	has = fgets(line, sizeof(line), file) && strstr(line, word);
	fclose(file);
	return has;
}

static bool cpu_has_svm(void)
{
	u32 eax, ebx, ecx, edx;

	return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx & BIT(2));
}

enum machine machine_detect(void)
{
	if (file_has("/sys/class/dmi/id/sys_vendor", "QEMU")) {
		return cpu_has_svm() ? MACHINE_QEMU_SVM : MACHINE_OTHER;
	}
	if (file_has("/sys/class/dmi/id/bios_vendor", "Bochs")) {
		return cpu_has_svm() ? MACHINE_BOCHS_SVM : MACHINE_BOCHS_VMX;
	}
	return MACHINE_OTHER;
}
