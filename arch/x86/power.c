/* SPDX-License-Identifier: MIT */
/* Power-off and reset in the platform's way. */
#include "arch/x86/power.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/io.h"
#include "arch/x86/stats.h"
#include "arch/x86/time.h"

/* [ACPI "PM1 Control Registers"] */
#define SLP_TYP_MASK	    GENMASK(12, 10)
#define SLP_EN		    BIT(13)

#define BOCHS_SHUTDOWN_PORT 0x8900
#define POWER_OFF_WAIT_US   3000000

static struct acpi_info acpi;

void power_init(const struct acpi_info *info)
{
	u16 reset = 0;

	acpi = *info;
	if (acpi.has_reset && acpi.reset_space == ACPI_SPACE_IO) {
		reset = (u16)acpi.reset_addr;
	}
	io_set_power_ports(acpi.pm1a_cnt, acpi.pm1b_cnt, reset);
}

u8 power_acpi_reset_value(void)
{
	return acpi.reset_value;
}

static void pm1_sleep(u16 port, u8 type)
{
	u16 value = (u16)(inw(port) & ~(SLP_TYP_MASK | SLP_EN));

	outw(port, (u16)(value | FIELD_PREP(SLP_TYP_MASK, type) | SLP_EN));
}

static void power_off(void)
{
	const char *word = "Shutdown";

	if (acpi.has_s5 && acpi.pm1a_cnt) {
		if (acpi.pm1b_cnt) {
			pm1_sleep(acpi.pm1b_cnt, acpi.s5_slp_typb);
		}
		pm1_sleep(acpi.pm1a_cnt, acpi.s5_slp_typa);
	}
	/* Bochs's own way, where its ACPI is not described. */
	while (*word) {
		outb(BOCHS_SHUTDOWN_PORT, (u8)*word++);
	}
}

static void reboot(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed no_idt;

	if (acpi.has_reset && acpi.reset_space == ACPI_SPACE_IO) {
		outb((u16)acpi.reset_addr, acpi.reset_value);
	}
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	outb(0x64, 0xfe);
	/* Without an IDT an exception is a triple fault. */
	__asm__ volatile("lidt %0\n int3" : : "m"(no_idt));
}

void power_finish(enum panic_action action)
{
	if (action == PANIC_THEN_POWEROFF) {
		power_off();
	} else if (action == PANIC_THEN_REBOOT) {
		reboot();
	}
}

__noreturn void power_halt(void)
{
	for (;;) {
		__asm__ volatile("cli\n hlt");
	}
}

__noreturn void power_off_or_halt(void)
{
	power_off();
	time_delay(POWER_OFF_WAIT_US);
	log_write("the machine does not power off: halted");
	power_halt();
}

static void log_counter(void *ctx __maybe_unused, const struct stats_line *line)
{
	log_at(LOG_DEBUG, "stat: %s %s %s %llu", line->group, line->level, line->name,
	       (unsigned long long)line->value);
}

/* What the run has counted, for who asks for it by loglvl=debug. */
static void log_counters(void)
{
	static struct cpu_stats sum;

	if (log_threshold >= LOG_DEBUG) {
		stats_sum(&sum);
		stats_for_each(&sum, log_counter, NULL);
	}
}

__noreturn void power_l1_exit(u32 value)
{
	log_counters();
	log_write("run: L1 exit value %u", value);
	power_off_or_halt();
}

__noreturn void power_l1_shutdown(void)
{
	log_write("run: L1 shutdown");
	/* What a machine does on a triple fault. */
	reboot();
	power_halt();
}

void power_l1_reset(const char *how)
{
	log_limited(LOG_ERROR, "run: L1 reset (%s)", how);
}

__noreturn void power_l1_init(void)
{
	power_l1_reset("INIT from outside of a local APIC");
	reboot();
	power_halt();
}

/*
 * From a sleep state firmware goes straight to L1's waking vector, and nothing of Plinth is left
 * around it: L1 may power off, but not sleep. [ACPI "Waking Vector"]
 */
bool power_l1_pm1_control(u16 port, u32 value)
{
	u32 type = low32(FIELD_GET(SLP_TYP_MASK, value));

	if (!(value & SLP_EN)) {
		return true;
	}
	if (acpi.has_s5 && type == (port == acpi.pm1a_cnt ? acpi.s5_slp_typa : acpi.s5_slp_typb)) {
		log_limited(LOG_ERROR, "run: L1 power-off");
		return true;
	}
	log_limited(LOG_ERROR, "L1 asks for a sleep state (SLP_TYP %u): refused", type);
	return false;
}
