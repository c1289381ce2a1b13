/* SPDX-License-Identifier: MIT */
/*
 * The table of cases (cases.def) and the machines on which an emulator's own fault rules a case
 * out. A missing capability of KVM is no row here: the case finds it out and skips itself.
 */
#ifndef TESTS_LINUX_VMM_CASES_H
#define TESTS_LINUX_VMM_CASES_H

#include "lib/bits.h"
#include "lib/types.h"

enum machine {
	MACHINE_OTHER = 0,
	MACHINE_QEMU_SVM = BIT(0), /* QEMU TCG */
	MACHINE_BOCHS_SVM = BIT(1),
	MACHINE_BOCHS_VMX = BIT(2),
};

struct vmm_case {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
	u32 not_on;	   /* machines */
	const char *fault; /* of those machines: why */
};

#define CASE(name, function, seconds, not_on, fault) void function(void);
#include "tests/linux/vmm/cases.def"
#undef CASE

extern const struct vmm_case vmm_cases[];
extern const size_t vmm_nr_cases;

/* The machine below L1, from its firmware's tables and the CPU's vendor. */
enum machine machine_detect(void);

#endif
