/* SPDX-License-Identifier: MIT */
/* The per-CPU areas: making them and pointing GS at them. */
#include "arch/x86/percpu.h"

#include "arch/x86/asm.h"
#include "arch/x86/memory.h"
#include "arch/x86/spec.h"

struct percpu *percpu[MAX_CPUS];
static unsigned int count;

unsigned int cpu_id(void)
{
	return count ? this_cpu()->id : 0;
}

unsigned int cpu_count(void)
{
	return count ? count : 1;
}

struct percpu *percpu_create(u32 id, u32 apic_id)
{
	struct percpu *cpu = memory_alloc(sizeof(struct percpu));

	if (!cpu) {
		return NULL;
	}
	cpu->self = cpu;
	cpu->id = id;
	stats_init(&cpu->stats, id);
	trace_init(&cpu->trace, id);
	cpu->apic_id = apic_id;
	cpu->stack_top = memory_alloc_stack(CPU_STACK_SIZE);
	cpu->fault_stack_top = memory_alloc_stack(FAULT_STACK_SIZE);
	if (!cpu->stack_top || !cpu->fault_stack_top) {
		return NULL;
	}
	percpu[id] = cpu;
	return cpu;
}

void percpu_load(struct percpu *cpu)
{
	idt_load(cpu);
	wrmsr(MSR_GS_BASE, (u64)cpu);
	/* A hypercall may have its input in XMM registers; Plinth reads them, and uses none. */
	write_cr4(read_cr4() | CR4_OSFXSR);
	if (cpu->id >= count) {
		count = cpu->id + 1;
	}
}
