/* SPDX-License-Identifier: MIT */
/*
 * The init of an L2 Linux: runs once on each CPU that the kernel gives it,
 * prints how many those were, and ends the machine. The l2 job waits for the
 * line that starts with "L2: user space alive".
 */
#include <linux/reboot.h>
#include "tests/linux/syscall.h"

enum {
	MAX_CPUS = 1024,
	WORD_BITS = 64
};

/* Moves to the CPU; true when the kernel says that we run there. */
static int runs_on(unsigned int cpu)
{
	unsigned long mask[MAX_CPUS / WORD_BITS] = { 0 };
	unsigned int here = MAX_CPUS;

	mask[cpu / WORD_BITS] = 1UL << (cpu % WORD_BITS);
	if (syscall4(__NR_sched_setaffinity, 0, sizeof(mask), (long)mask, 0) < 0) {
		return 0;
	}
	syscall4(__NR_getcpu, (long)&here, 0, 0, 0);
	return here == cpu;
}

static unsigned int count_cpus(void)
{
	unsigned long mask[MAX_CPUS / WORD_BITS] = { 0 };
	unsigned int count = 0;

	if (syscall4(__NR_sched_getaffinity, 0, sizeof(mask), (long)mask, 0) < 0) {
		return 0;
	}
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
		if ((mask[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1) && runs_on(cpu)) {
			count++;
		}
	}
	return count;
}

__attribute__((used, noreturn)) static void init_main(void)
{
	put_text("L2: user space alive, ");
	put_number(count_cpus());
	put_text(" CPUs\n");
	syscall4(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF,
		 0);
	for (;;) {
		syscall4(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			 LINUX_REBOOT_CMD_RESTART, 0);
	}
}

PROGRAM_ENTRY(init_main);
