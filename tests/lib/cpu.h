/* SPDX-License-Identifier: MIT */
/*
 * The per-CPU record, reached through the GS base. Each CPU writes its own; the job and counter
 * words are read by others, so they are volatile and change by single stores.
 */
#ifndef TESTS_LIB_CPU_H
#define TESTS_LIB_CPU_H

#include "tests/lib/exinfo.h"
#include "tests/lib/x86.h"

struct tss64 {
	u32 reserved0;
	u64 rsp0, rsp1, rsp2;
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, iomap_base;
} __packed;
ASSERT_SIZE(struct tss64, 104);

/* The registers of an interrupted context, in the order that trap.S pushes them. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};
ASSERT_OFFSET(struct trap_frame, rip, 136);

/* The last exception that was turned into a value on this CPU. */
struct caught {
	exinfo_t ex;
	u64 rip, cr2;
};

struct cpu {
	struct cpu *self;
	u32 index, apic_id;
	u64 guard_rsp; /* where a guarded call resumes, 0 when none is armed */
	struct tss64 tss;
	struct caught caught;

	void (*volatile job)(void *);
	void *volatile job_arg;
	volatile u32 job_seq, job_done;
	volatile u32 starts; /* how often this CPU came out of the trampoline */
	volatile u32 start_vector;
	volatile u32 nmi_count;
	volatile u32 irq_count[256];
} __aligned(64);
ASSERT_OFFSET(struct cpu, index, CPU_INDEX);
ASSERT_OFFSET(struct cpu, guard_rsp, CPU_GUARD_RSP);
ASSERT_OFFSET(struct cpu, tss.rsp0, CPU_TSS_RSP0);

extern struct cpu cpus[MAX_CPUS];

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	asm volatile("mov %%gs:%c1, %0" : "=r"(c) : "i"(CPU_SELF));
	return c;
}

/* GDT, TSS, IDT and GS base of the calling CPU. */
void cpu_init(unsigned int index);

#endif
