/* SPDX-License-Identifier: MIT */
/*
 * Faults as values: guarded calls for whole functions, fix-ups for single instructions, and the
 * table of interrupt handlers. An exception that nobody expects ends the payload as an Error.
 */
#ifndef TESTS_LIB_TRAP_H
#define TESTS_LIB_TRAP_H

#include "tests/lib/cpu.h"

/*
 * One fix-up: a fault at the instruction labelled `from` continues at `to` with the exinfo in R11.
 * Code that uses it declares `EXINFO_REG(ex)` and passes it as "+r".
 */
#define EX_TABLE(from, to) \
	".pushsection .ex_table, \"a\"\n\t.quad " from ", " to "\n\t.popsection\n\t"
#define EXINFO_REG(name) register u64 name asm("r11") = EXINFO_NONE

typedef void (*irq_handler_t)(struct trap_frame *frame);

void trap_init(void);
void trap_load_idt(void);

/* Handler of one interrupt vector; it sends its own EOI. NULL: count and EOI. Vector 2 is NMI. */
void irq_set_handler(u8 vector, irq_handler_t handler);

/*
 * Makes a vector be recorded instead, and continued after: for events that L1 injects into an L2
 * on the same IDT. No EOI.
 */
struct trap_record {
	u32 count;
	u64 error_code, rip, cr2;
};
extern volatile struct trap_record trap_records[256];
void trap_record(u8 vector);

/* Runs fn(arg); a fault inside it ends it and is returned. this_cpu()->caught has the details. */
exinfo_t guard_call(void (*fn)(void *), void *arg);

/* The same at CPL 3. The function may use only its stack and what pages with PTE_US hold. */
exinfo_t user_call(void (*fn)(void *), void *arg);

static inline exinfo_t rdmsr_safe(u32 msr, u64 *v)
{
	EXINFO_REG(ex);
	u32 lo = 0, hi = 0;

	asm volatile("1: rdmsr\n2:\n\t" EX_TABLE("1b", "2b")
		     : "+r"(ex), "+a"(lo), "=d"(hi)
		     : "c"(msr));
	*v = ex == EXINFO_NONE ? make64(hi, lo) : 0;
	return (exinfo_t)ex;
}

static inline exinfo_t wrmsr_safe(u32 msr, u64 v)
{
	EXINFO_REG(ex);

	asm volatile("1: wrmsr\n2:\n\t" EX_TABLE("1b", "2b")
		     : "+r"(ex)
		     : "c"(msr), "a"(low32(v)), "d"(high32(v))
		     : "memory");
	return (exinfo_t)ex;
}

static inline exinfo_t read_u64_safe(u64 gva, u64 *v)
{
	EXINFO_REG(ex);
	u64 value = 0;

	asm volatile("1: mov (%2), %1\n2:\n\t" EX_TABLE("1b", "2b")
		     : "+r"(ex), "+r"(value)
		     : "r"(gva)
		     : "memory");
	*v = value;
	return (exinfo_t)ex;
}

static inline exinfo_t write_u64_safe(u64 gva, u64 v)
{
	EXINFO_REG(ex);

	asm volatile("1: mov %1, (%2)\n2:\n\t" EX_TABLE("1b", "2b")
		     : "+r"(ex)
		     : "r"(v), "r"(gva)
		     : "memory");
	return (exinfo_t)ex;
}

#endif
