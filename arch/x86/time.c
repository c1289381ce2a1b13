/* SPDX-License-Identifier: MIT */
/*
 * Measuring frequencies. Each reading of the reference timer is taken between two readings of the
 * TSC; what lies between them bounds the error. A measurement that was disturbed is made again, and
 * a result that is not sure to some ten parts in a million is never offered to L1.
 */
#include "arch/x86/time.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/lapic.h"
#include "arch/x86/spec.h"

#define PM_TIMER_HZ    3579545ull
#define PIT_HZ	       1193182ull
#define PIT_TICKS      59659u /* 50 ms */
#define WINDOW_TICKS   (PM_TIMER_HZ / 20)
#define EXACT_PPM      100u
#define TRIES	       10
#define SAMPLES	       8
#define WAIT_POLLS     200000000u
#define MHZ	       1000000ull
#define TIMER_DIVIDE_1 0xb

struct sample {
	u64 tsc_before;
	u64 tsc_after;
	u32 apic;
	u32 ticks;
};

static u64 tsc_hz;
static u64 apic_hz;
static u32 error_ppm = ~0u;
static u64 tsc_start;
static u16 pm_timer;
static u32 pm_mask;

u64 time_tsc_hz(void)
{
	return tsc_hz;
}

u64 time_apic_hz(void)
{
	return apic_hz;
}

bool time_is_exact(void)
{
	return error_ppm <= EXACT_PPM;
}

bool time_tsc_is_invariant(void)
{
	u32 regs[4];

	/* An emulator's TSC is its clock, though its CPUID may not say so. */
	cpuid(1, 0, regs);
	if (regs[2] & CPUID_1_ECX_HYPERVISOR) {
		return true;
	}
	cpuid(0x80000007, 0, regs);
	return regs[3] & CPUID_80000007_EDX_INVARIANT_TSC;
}

u64 time_microseconds(void)
{
	u64 elapsed = rdtsc() - tsc_start;

	if (!tsc_hz) {
		return 0;
	}
	return elapsed / tsc_hz * MHZ + elapsed % tsc_hz * MHZ / tsc_hz;
}

void time_delay(u64 microseconds)
{
	u64 hz = tsc_hz ? tsc_hz : GIB(1);
	u64 end = rdtsc() + microseconds * hz / MHZ;

	while ((s64)(rdtsc() - end) < 0) {
		cpu_pause();
	}
}

static struct sample take_once(void)
{
	struct sample s;

	s.tsc_before = rdtsc();
	s.ticks = inl(pm_timer) & pm_mask;
	s.apic = lapic_read(APIC_TIMER_CURRENT);
	s.tsc_after = rdtsc();
	return s;
}

/* Something may come between the readings of one sample; seldom between those of all. */
static struct sample take(void)
{
	struct sample best = take_once();

	for (unsigned int i = 1; i < SAMPLES; i++) {
		struct sample s = take_once();

		if (s.tsc_after - s.tsc_before < best.tsc_after - best.tsc_before) {
			best = s;
		}
	}
	return best;
}

/* value * hz / ticks, where the product needs more than 64 bits only for absurd machines. */
static u64 per_second(u64 value, u64 ticks, u64 hz)
{
	return value / ticks * hz + value % ticks * hz / ticks;
}

/*
 * A bus clock comes from a crystal of whole MHz: what is within its own error of that is taken as
 * that. The TSC's rate is fused in finer steps, and stays as it was measured.
 */
static u64 snap(u64 hz, u32 ppm)
{
	u64 whole = (hz + MHZ / 2) / MHZ * MHZ;
	u64 off = whole > hz ? whole - hz : hz - whole;

	return whole && off <= hz / MHZ * ppm ? whole : hz;
}

static bool measure_once(u64 *tsc, u64 *apic, u32 *ppm)
{
	struct sample a = take(), b;
	u64 width, ticks;
	u32 polls = 0;

	while (((inl(pm_timer) - a.ticks) & pm_mask) < WINDOW_TICKS) {
		if (++polls > WAIT_POLLS) {
			return false;
		}
	}
	b = take();
	ticks = (b.ticks - a.ticks) & pm_mask;
	width = (a.tsc_after - a.tsc_before) + (b.tsc_after - b.tsc_before);
	*tsc = per_second(b.tsc_before - a.tsc_before, ticks, PM_TIMER_HZ);
	*apic = per_second(a.apic - b.apic, ticks, PM_TIMER_HZ);
	/* One tick of the timer at either end, too. */
	*ppm = (u32)(width * MHZ / (b.tsc_before - a.tsc_before + 1) + 2 * MHZ / ticks);
	return true;
}

static void measure_pm_timer(void)
{
	for (unsigned int i = 0; i < TRIES && !time_is_exact(); i++) {
		u64 tsc, apic;
		u32 ppm;

		if (!measure_once(&tsc, &apic, &ppm)) {
			log_warn("the ACPI timer stands still");
			return;
		}
		if (ppm < error_ppm) {
			tsc_hz = tsc;
			apic_hz = snap(apic, ppm);
			error_ppm = ppm;
		}
	}
}

/* Channel 2 counts down once; its output shows in port 61h. Good for delays, not for L1. */
static void measure_pit(void)
{
	u8 gate = inb(0x61);
	u64 start;
	u32 polls = 0;

	outb(0x61, (u8)((gate & ~2) | 1));
	outb(0x43, 0xb0);
	outb(0x42, PIT_TICKS & 0xff);
	outb(0x42, PIT_TICKS >> 8);
	start = rdtsc();
	while (!(inb(0x61) & 0x20) && ++polls < WAIT_POLLS) {
	}
	tsc_hz = per_second(rdtsc() - start, PIT_TICKS, PIT_HZ);
	outb(0x61, gate);
}

void time_init(const struct acpi_info *acpi)
{
	u32 divide = lapic_read(APIC_TIMER_DIVIDE);
	u32 lvt = lapic_read(APIC_LVT_TIMER);

	lapic_write(APIC_LVT_TIMER, low32(BIT(16)));
	lapic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_1);
	lapic_write(APIC_TIMER_INITIAL, ~0u);
	pm_timer = acpi->pm_timer;
	pm_mask = acpi->pm_timer_is_32bit ? ~0u : 0xffffffu;
	if (pm_timer) {
		measure_pm_timer();
	}
	if (!tsc_hz) {
		measure_pit();
	}
	lapic_write(APIC_TIMER_INITIAL, 0);
	lapic_write(APIC_TIMER_DIVIDE, divide);
	lapic_write(APIC_LVT_TIMER, lvt);
	tsc_start = rdtsc();
	console_set_clock(time_microseconds);
	log_info("TSC %llu Hz, APIC timer %llu Hz, sure to %u ppm%s", (unsigned long long)tsc_hz,
		 (unsigned long long)apic_hz, error_ppm,
		 time_is_exact() ? "" : ": not offered to L1");
}
