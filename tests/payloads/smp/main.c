/* SPDX-License-Identifier: MIT */
/*
 * INIT and SIPI bring up every CPU, by shorthand and by APIC id, again after a restart, at the page
 * that the SIPI's vector names; an NMI IPI arrives exactly once, to self too, and one that comes
 * inside of the handler waits for its IRET.
 */
#include "tests/lib/apic.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"

const char test_title[] = "INIT, SIPI and NMI between CPUs";

#define IPI_VECTOR 0x50
#define ROUNDS	   20

static void start_by_shorthand(unsigned int cpus_wanted)
{
	for (u32 round = 1; round <= 2; round++) {
		check_eq("CPUs after INIT and SIPI to all but self", smp_start_all(), cpus_wanted);
		for (unsigned int i = 1; i < smp_count(); i++) {
			check_eq("starts of a CPU", cpus[i].starts, round);
			check_eq("page of its start", cpus[i].start_vector, TRAMPOLINE_PAGE >> 12);
		}
	}
}

static void start_by_id(void)
{
	for (unsigned int i = 1; i < smp_count(); i++) {
		u32 starts = cpus[i].starts;
		u8 vector = (i & 1 ? TRAMPOLINE_PAGE_ALT : TRAMPOLINE_PAGE) >> 12;

		check(smp_start_one(cpus[i].apic_id, vector), "CPU %u did not start by its APIC id",
		      i);
		check_eq("starts of that CPU alone", cpus[i].starts, starts + 1);
		check_eq("page of its start", cpus[i].start_vector, vector);
	}
}

static void second_sipi_is_ignored(void)
{
	for (unsigned int i = 1; i < smp_count(); i++) {
		u32 starts = cpus[i].starts;

		apic_send(cpus[i].apic_id, ICR_STARTUP | ICR_ASSERT | (TRAMPOLINE_PAGE >> 12));
		wait_a_little();
		check_eq("starts after a SIPI to a running CPU", cpus[i].starts, starts);
	}
}

static void nmi_arrives_once(void)
{
	for (unsigned int i = 0; i < smp_count(); i++) {
		for (u32 round = 0; round < ROUNDS; round++) {
			u32 before = cpus[i].nmi_count;

			apic_send(cpus[i].apic_id, ICR_NMI | ICR_ASSERT);
			check(WAIT_FOR(cpus[i].nmi_count != before), "CPU %u: NMI %u is lost", i,
			      round);
			wait_a_little();
			check_eq("NMIs for one sent", cpus[i].nmi_count - before, 1);
		}
	}
}

static volatile u32 depth, deepest, handled;

/* The first one sends two more, which are one by the time of its IRET. */
static void nmi_to_self(struct trap_frame *frame)
{
	(void)frame;
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (handled++ == 0) {
		apic_send(cpus[0].apic_id, ICR_NMI | ICR_ASSERT);
		wait_a_little();
		apic_send(cpus[0].apic_id, ICR_NMI | ICR_ASSERT);
		wait_a_little();
	}
	depth--;
}

static void nmi_waits_for_iret(void)
{
	irq_set_handler(VEC_NMI, nmi_to_self);
	apic_send(cpus[0].apic_id, ICR_NMI | ICR_ASSERT);
	check(WAIT_FOR(handled >= 2), "the NMI inside of the handler is lost");
	wait_a_little();
	check_eq("NMI handlers within each other", deepest, 1);
	check_eq("NMIs for one and two inside of it", handled, 2);
	irq_set_handler(VEC_NMI, NULL);
}

static void enable_for_a_while(void *unused)
{
	(void)unused;
	irq_enable();
	(void)WAIT_FOR(this_cpu()->irq_count[IPI_VECTOR] != 0);
	irq_disable();
}

static void fixed_ipi_arrives(void)
{
	for (unsigned int i = 1; i < smp_count(); i++) {
		cpu_run(i, enable_for_a_while, NULL);
		apic_send(cpus[i].apic_id, ICR_FIXED | ICR_ASSERT | IPI_VECTOR);
		check(cpu_wait(i), "CPU %u does not return", i);
		check_eq("fixed IPIs on another CPU", cpus[i].irq_count[IPI_VECTOR], 1);
	}
	apic_send(0, ICR_SELF | ICR_FIXED | ICR_ASSERT | IPI_VECTOR);
	enable_for_a_while(NULL);
	check_eq("fixed IPIs to self", cpus[0].irq_count[IPI_VECTOR], 1);
}

/* An NMI that comes before the HLT does not end it: another is sent until one does. */
static void nmi_ends_halt(void)
{
	for (unsigned int i = 1; i < smp_count(); i++) {
		bool woken = false;

		cpu_run(i, (void (*)(void *))cpu_halt, NULL);
		for (u32 round = 0; round < ROUNDS && !woken; round++) {
			wait_a_little();
			apic_send(cpus[i].apic_id, ICR_NMI | ICR_ASSERT);
			woken = WAIT_FOR_AT_MOST(cpus[i].job_done == cpus[i].job_seq,
						 WAIT_TICKS / 10, WAIT_POLLS / 10);
		}
		check(woken, "no NMI wakes CPU %u from HLT", i);
	}
}

void test_main(void)
{
	unsigned int want = smp_expected();

	start_by_shorthand(want);
	start_by_id();
	second_sipi_is_ignored();
	if (cmdline_has("x2apic") && !apic_offers_x2apic()) {
		report_skip("no x2APIC here");
	} else if (cmdline_has("x2apic")) {
		apic_enter_x2apic_mode();
		(void)cpu_run_all((void (*)(void *))apic_enter_x2apic_mode, NULL);
	}
	nmi_arrives_once();
	nmi_ends_halt();
	nmi_waits_for_iret();
	fixed_ipi_arrives();
	report_success();
}
