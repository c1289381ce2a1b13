/* SPDX-License-Identifier: MIT */
/*
 * vmm [--list] [--all] [CASE...]   runs the cases, or those named; status 0: none failed
 * vmm --linux BZIMAGE [...]        boots a Linux guest (linux.c)
 * --all runs also what the table rules out on this machine.
 */
#include <stdio.h>
#include <string.h>

#include "tests/linux/vmm/cases.h"
#include "tests/linux/vmm/linux.h"
#include "tests/linux/vmm/verdict.h"
#include "tests/linux/vmm/vm.h"

static bool is_named(const char *name, char *const names[])
{
	bool any = false;

	for (; *names; names++) {
		if (strncmp(*names, "--", 2) == 0) {
			continue;
		}
		any = true;
		if (strcmp(*names, name) == 0) {
			return true;
		}
	}
	return !any;
}

static bool has_option(const char *option, char *const names[])
{
	for (; *names; names++) {
		if (strcmp(*names, option) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_case(const char *name)
{
	for (size_t i = 0; i < vmm_nr_cases; i++) {
		if (strcmp(vmm_cases[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Whether every argument is known; a misspelt case must not pass as an empty run. */
static bool are_arguments_known(char *const names[])
{
	for (; *names; names++) {
		bool known = strcmp(*names, "--list") == 0 || strcmp(*names, "--all") == 0 ||
			     is_case(*names);

		if (!known) {
			fprintf(stderr, "vmm: no case or option '%s'; see --list\n", *names);
			return false;
		}
	}
	return true;
}

static enum verdict run_one(const struct vmm_case *row, enum machine machine)
{
	char why[WHY_SIZE];
	enum verdict verdict;

	if (row->not_on & machine) {
		printf("skip %s: %s\n", row->name, row->fault);
		return VERDICT_SKIPPED;
	}
	verdict = case_run(row->run, row->seconds, why);
	switch (verdict) {
	case VERDICT_PASSED:
		printf("ok %s\n", row->name);
		break;
	case VERDICT_SKIPPED:
		printf("skip %s: %s\n", row->name, why);
		break;
	default:
		printf("FAIL %s: %s\n", row->name, why);
		break;
	}
	fflush(stdout);
	return verdict;
}

static int run_cases(char *const names[])
{
	enum machine machine = has_option("--all", names) ? MACHINE_OTHER : machine_detect();
	unsigned int count[VERDICTS] = { 0 };

	if (!are_arguments_known(names)) {
		return 2;
	}
	for (size_t i = 0; i < vmm_nr_cases; i++) {
		if (!is_named(vmm_cases[i].name, names)) {
			continue;
		}
		if (has_option("--list", names)) {
			puts(vmm_cases[i].name);
			continue;
		}
		count[run_one(&vmm_cases[i], machine)]++;
	}
	if (!has_option("--list", names)) {
		printf("%u passed, %u failed, %u skipped\n", count[VERDICT_PASSED],
		       count[VERDICT_FAILED], count[VERDICT_SKIPPED]);
	}
	return count[VERDICT_FAILED] ? 1 : 0;
}

int main(int argc, char *argv[])
{
	vm_catch_alarm();
	if (argc > 1 && strcmp(argv[1], "--linux") == 0) {
		return linux_main(argv + 1);
	}
	vm_hold_static_branches();
	return run_cases(argv + 1);
}
