/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's timer interrupts in each of its modes, HLT ends at an interrupt, and TPR and the
 * interrupt flag hold interrupts back until they are lowered or set.
 */
#include "tests/lib/apic.h"
#include "tests/lib/cmdline.h"
#include "tests/lib/payload.h"
#include "tests/lib/wait.h"

const char test_title[] = "local APIC timer, HLT, TPR";

#define VEC_TIMER	0x40
#define CPUID1_DEADLINE BIT(24)
#define COUNT		20000
#define PERIODS		10

static u32 ticks(void)
{
	return this_cpu()->irq_count[VEC_TIMER];
}

static void one_shot(void)
{
	u32 before = ticks();

	apic_timer_start(VEC_TIMER, COUNT);
	while (ticks() == before) {
		irq_enable_and_halt();
	}
	check_eq("one-shot interrupts", ticks() - before, 1);
	wait_a_little();
	check_eq("timer count after it fired", apic_read(APIC_TIMER_CURRENT), 0);
}

static void periodic(void)
{
	u32 before = ticks();

	apic_timer_start(VEC_TIMER | (u32)LVT_PERIODIC, COUNT);
	while (ticks() - before < PERIODS) {
		irq_enable_and_halt();
	}
	apic_timer_stop();
}

static void held_back_by_if(void)
{
	u32 before = ticks();

	apic_timer_start(VEC_TIMER, 100);
	check(WAIT_FOR(apic_read(APIC_IRR + 0x10 * (VEC_TIMER / 32)) & BIT(VEC_TIMER % 32)),
	      "the timer does not raise its vector with IF=0");
	check_eq("interrupts with IF=0", ticks() - before, 0);
	irq_enable();
	check(WAIT_FOR(ticks() != before), "a pending interrupt is not taken at STI");
	irq_disable();
}

static void held_back_by_tpr(void)
{
	u32 before = ticks();

	write_cr8(VEC_TIMER >> 4);
	check_eq("APIC TPR after a write of CR8", apic_read(APIC_TPR), VEC_TIMER & 0xf0);
	apic_timer_start(VEC_TIMER, 100);
	irq_enable();
	wait_a_little();
	check_eq("interrupts under TPR", ticks() - before, 0);
	write_cr8(0);
	check(WAIT_FOR(ticks() != before), "a pending interrupt is not taken when CR8 falls");
	irq_disable();
}

static void deadline(void)
{
	u32 before = ticks();

	if (!(cpuid(1, 0).ecx & CPUID1_DEADLINE)) {
		return;
	}
	apic_write(APIC_LVT_TIMER, VEC_TIMER | (u32)LVT_TSC_DEADLINE);
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + 100000);
	while (ticks() == before) {
		irq_enable_and_halt();
	}
	check_eq("deadline interrupts", ticks() - before, 1);
	/* Bochs 2.7 leaves the deadline there. */
	if (!cmdline_has("bochs")) {
		check_eq("TSC_DEADLINE after it fired", rdmsr(MSR_TSC_DEADLINE), 0);
	}
}

void test_main(void)
{
	one_shot();
	periodic();
	held_back_by_if();
	held_back_by_tpr();
	deadline();
	report_success();
}
