/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs: start them by INIT and SIPI, run functions on them, meet at barriers. Index 0 is
 * the first CPU; the others get theirs in the order of arrival and keep it over restarts.
 */
#ifndef TESTS_LIB_SMP_H
#define TESTS_LIB_SMP_H

#include "tests/lib/cpu.h"
#include "tests/lib/wait.h"

/* How many CPUs the command line (`cpus=`) or CPUID says there are, this one included. */
unsigned int smp_expected(void);

/* Starts all others by the all-but-self shorthand; returns how many CPUs run, this one included. */
unsigned int smp_start_all(void);

/* INIT and SIPI to `dest` with the given shorthand bits; no wait. What is at page `vector` runs. */
void smp_send_sipi(u32 dest, u32 shorthand, u8 vector);

/* The same with the framework's trampoline put there. */
void smp_send_start(u32 dest, u32 shorthand, u8 vector);

/* Starts one CPU by APIC id, with the trampoline at page `vector`. */
bool smp_start_one(u32 apic_id, u8 vector);

/* How many CPUs have ever arrived. */
unsigned int smp_count(void);

/* Runs fn(arg) on another CPU; cpu_wait() says whether it ended in time. */
void cpu_run(unsigned int cpu, void (*fn)(void *), void *arg);
bool cpu_wait(unsigned int cpu);

/* Runs fn(arg) on all other CPUs and on this one; false when one did not end in time. */
bool cpu_run_all(void (*fn)(void *), void *arg);

struct barrier {
	volatile u32 arrived, generation;
};

/* Waits until n CPUs are here; false when they do not come. */
bool barrier_wait(struct barrier *b, unsigned int n);

/* The loop of a started CPU. */
void __noreturn smp_ap_main(unsigned int index, u8 vector);

#endif
