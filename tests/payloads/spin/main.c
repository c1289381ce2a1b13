/* SPDX-License-Identifier: MIT */
/*
 * An L1 that does not yield: after one line, every CPU (`cpus=`) loops in PAUSE with interrupts
 * off. `halt` makes them sit in HLT instead; with `park` the second sends the first an INIT; with
 * `beat` the first executes CPUID and prints a line now and then, and one for each byte that COM1
 * gets. `beat=N` ends after so many.
 */
#include "tests/lib/apic.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"

const char test_title[] = "an L1 that never yields";

#define BEAT_TICKS (1ull << 28)
#define COM1	   0x3f8
#define COM1_LSR   0x3fd
#define LSR_DATA   BIT(0)

static bool halting;

static void __noreturn spin(void *arg __maybe_unused)
{
	for (;;) {
		irq_disable();
		if (halting) {
			cpu_halt();
		} else {
			cpu_pause();
		}
	}
}

static void __noreturn park_first(void *arg)
{
	apic_send(cpus[0].apic_id, ICR_INIT | ICR_ASSERT);
	spin(arg);
}

static void read_com1(void)
{
	if (inb(COM1_LSR) & LSR_DATA) {
		printf("byte %x\n", inb(COM1));
	}
}

static void beat(u64 times)
{
	u64 next = rdtsc();

	for (u64 n = 1; times == 0 || n <= times; n++) {
		next += BEAT_TICKS;
		while (rdtsc() < next) {
			read_com1();
			cpu_pause();
		}
		cpuid(0, 0);
		printf("beat %lu\n", n);
	}
	report_success();
	report_exit();
}

void test_main(void)
{
	halting = cmdline_has("halt");
	irq_disable();
	check_eq("CPUs", smp_start_all(), smp_expected());
	printf("%s: %u CPUs %s\n", test_name, smp_count(), halting ? "halt" : "spin");
	for (unsigned int i = 1; i < smp_count(); i++) {
		cpu_run(i, i == 1 && cmdline_has("park") ? park_first : spin, NULL);
	}
	if (cmdline_has("beat")) {
		beat(cmdline_u64("beat", 0));
	}
	spin(NULL);
}
