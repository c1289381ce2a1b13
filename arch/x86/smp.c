/* SPDX-License-Identifier: MIT */
/*
 * INIT, SIPI, SIPI, one CPU after the other: the trampoline in low memory serves one at a time.
 * That page is L1's RAM, and nothing of it is left when L1 is loaded.
 */
#include "arch/x86/smp.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/lapic.h"
#include "arch/x86/memory.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/spec.h"
#include "arch/x86/time.h"
#include "arch/x86/vendor.h"
#include "lib/string.h"

#define ARRIVAL_TIMEOUT_US 500000u
#define LOW_MEMORY	   0xa0000u

extern const char trampoline_start[], trampoline_end[];
extern const u64 trampoline_cr3, trampoline_stack, trampoline_entry;

static u64 page;      /* the trampoline's */
static bool released; /* (a) */

static void *in_copy(const u64 *field)
{
	return (char *)l1_page(page) + ((const char *)field - trampoline_start);
}

static __noreturn void ap_main(void)
{
	struct percpu *cpu;
	u32 id = lapic_id();
	u32 i = 0;

	while (i < MAX_CPUS && (!percpu[i] || percpu[i]->apic_id != id)) {
		i++;
	}
	BUG_ON(i == MAX_CPUS);
	cpu = percpu[i];
	percpu_load(cpu);
	vendor->cpu_enable();
	cpu->vcpu = vendor->vcpu_create(cpu);
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE)) {
		cpu_pause();
	}
	if (!cpu->vcpu) {
		power_halt();
	}
	cpu->vcpu->activity = VCPU_WAIT_SIPI;
	vendor->run(cpu->vcpu);
}

static bool arrived(const struct percpu *cpu)
{
	for (u32 waited = 0; waited < ARRIVAL_TIMEOUT_US; waited += 100) {
		if (__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
			return true;
		}
		time_delay(100);
	}
	return false;
}

/* NULL, or why the CPU is not there. */
static const char *wake(struct percpu *cpu)
{
	u32 init = (u32)(FIELD_PREP(ICR_DELIVERY_MASK, ICR_DELIVERY_INIT) | ICR_ASSERT);
	u32 sipi = (u32)(FIELD_PREP(ICR_DELIVERY_MASK, ICR_DELIVERY_STARTUP) | ICR_ASSERT |
			 page >> PAGE_SHIFT);

	*(u64 *)in_copy(&trampoline_stack) = cpu->stack_top;
	if (!lapic_send(cpu->apic_id, init)) {
		return "its INIT was not accepted";
	}
	time_delay(10000);
	for (unsigned int i = 0; i < 2 && !cpu->online; i++) {
		if (!lapic_send(cpu->apic_id, sipi)) {
			return "its SIPI was not accepted";
		}
		time_delay(200);
	}
	if (!arrived(cpu)) {
		/* It must not come later, on the stack of the next one. */
		lapic_send(cpu->apic_id, init);
		return "no answer within 500 ms of its SIPI";
	}
	return cpu->vcpu ? NULL : "too little memory for its VP";
}

static bool prepare_trampoline(void)
{
	size_t size = (size_t)(trampoline_end - trampoline_start);

	page = memmap_find_bottom(memory_l1_map(), PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, LOW_MEMORY,
				  NULL, 0);
	if (page == MEMMAP_NONE || memory_map_trampoline(page, true)) {
		return false;
	}
	memcpy(l1_page(page), trampoline_start, size);
	*(u64 *)in_copy(&trampoline_cr3) = memory_cr3();
	*(u64 *)in_copy(&trampoline_entry) = (u64)ap_main;
	return true;
}

void smp_init(const struct acpi_info *acpi, u32 max)
{
	u32 self = lapic_id();
	u32 next = 1;

	if (!prepare_trampoline()) {
		log_warn("no free page below 640 KiB: the other CPUs stay off");
		return;
	}
	for (u32 i = 0; i < acpi->cpu_count && next < max; i++) {
		u32 id = acpi->cpus[i].apic_id;
		struct percpu *cpu;
		const char *why;

		if (id == self || !acpi->cpus[i].enabled) {
			continue;
		}
		cpu = percpu_create(next, id);
		why = cpu ? wake(cpu) : "too little memory for it";
		if (why) {
			log_warn("CPU with APIC id %u stays off: %s", id, why);
			percpu[next] = NULL;
			continue;
		}
		next++;
	}
	memory_map_trampoline(page, false);
	memset(l1_page(page), 0, PAGE_SIZE);
}

void smp_release(void)
{
	__atomic_store_n(&released, true, __ATOMIC_RELEASE);
}
