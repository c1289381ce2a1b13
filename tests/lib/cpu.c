/* SPDX-License-Identifier: MIT */
/*
 * Loads the tables of a CPU and its GS base; the GDT is entry.S's, the TSS slots are filled here.
 */
#include "tests/lib/cpu.h"

#include "tests/lib/memory.h"
#include "tests/lib/trap.h"

#define TSS_AVAILABLE 0x89

struct cpu cpus[MAX_CPUS];
extern u64 gdt[];
extern struct table_ptr gdt_ptr;

static void load_tss(struct cpu *c)
{
	u64 base = phys(&c->tss);
	u64 *slot = &gdt[SEL_TSS / 8 + 2 * c->index];

	slot[0] = (sizeof(c->tss) - 1) | (base & 0xffffff) << 16 | (u64)TSS_AVAILABLE << 40 |
		  (base >> 24 & 0xff) << 56;
	slot[1] = base >> 32;
	asm volatile("ltr %w0" : : "r"(SEL_TSS + 16 * c->index));
}

void cpu_init(unsigned int index)
{
	struct cpu *c = &cpus[index];

	asm volatile("lgdt %0" : : "m"(gdt_ptr));
	asm volatile("mov %w0, %%ds; mov %w0, %%es; mov %w0, %%ss; mov %w0, %%fs; mov %w0, %%gs"
		     :
		     : "r"(SEL_DATA));
	c->self = c;
	c->index = index;
	c->apic_id = cpuid(1, 0).ebx >> 24;
	c->guard_rsp = 0;
	c->tss.iomap_base = sizeof(c->tss);
	wrmsr(MSR_GS_BASE, phys(c));
	load_tss(c);
	trap_load_idt();
}
