/* SPDX-License-Identifier: MIT */
/*
 * What each CPU owns. GS points to it whenever Plinth runs (VMLOAD and VM exits restore it), so
 * `this_cpu()` is one load. Fields: (b) set at boot, (o) only the owner CPU writes, (a) atomic.
 */
#ifndef ARCH_X86_PERCPU_H
#define ARCH_X86_PERCPU_H

#include "arch/x86/idt.h"
#include "arch/x86/stats.h"
#include "arch/x86/trace.h"

#define MAX_CPUS	 64
#define CPU_STACK_SIZE	 (4 * PAGE_SIZE)
#define FAULT_STACK_SIZE PAGE_SIZE

struct vcpu;

struct percpu {
	struct percpu *self;	 /* (b) */
	u32 id;			 /* (b) dense, 0 is the boot CPU */
	u32 apic_id;		 /* (b) */
	u64 stack_top;		 /* (b) */
	u64 fault_stack_top;	 /* (b) */
	u64 gdt[5];		 /* (b) */
	struct tss tss;		 /* (b) */
	struct vcpu *vcpu;	 /* (b) */
	bool online;		 /* (a) the CPU has arrived in Plinth */
	u32 nmis;		 /* (o) NMIs taken by Plinth's own handler */
	u32 kicks;		 /* (o) of them, those that were kicks */
	struct cpu_stats stats;	 /* (o) */
	struct trace_ring trace; /* (o) */
};

extern struct percpu *percpu[MAX_CPUS]; /* (b) by id */

static inline struct percpu *this_cpu(void)
{
	struct percpu *p;

	__asm__("mov %%gs:0, %0" : "=r"(p));
	return p;
}

unsigned int cpu_id(void);
unsigned int cpu_count(void);

/* Allocates and fills the area of CPU `id`; NULL when memory is short. */
struct percpu *percpu_create(u32 id, u32 apic_id);
/* Makes `cpu` the calling CPU's area: GS base, descriptor tables. */
void percpu_load(struct percpu *cpu);

#endif
