/* SPDX-License-Identifier: MIT */
/*
 * The IDT and what a trap means: a fix-up, the end of a guarded call, an interrupt handler, or the
 * end of the payload. Knows no device but the local APIC's EOI.
 */
#include "tests/lib/trap.h"

#include "tests/lib/apic.h"
#include "tests/lib/memory.h"
#include "tests/lib/report.h"

#define STUB_SIZE    16
#define GATE_PRESENT BIT(47)
#define GATE_INTR    FIELD_PREP(GENMASK(43, 40), 0xe)
#define GATE_DPL3    FIELD_PREP(GENMASK(46, 45), 3)
#define FIRST_IRQ    32
#define CPL_MASK     3

struct ex_entry {
	u64 from, to;
};
extern const struct ex_entry __ex_table_start[], __ex_table_end[];
extern char trap_stubs[], guard_recover[];
void user_enter(void *call);
void trap_dispatch(struct trap_frame *f);

static u64 idt[512] __aligned(4096); /* one page, so that tests can hide it */
static irq_handler_t handlers[256];
volatile struct trap_record trap_records[256];

void trap_init(void)
{
	for (unsigned int v = 0; v < 256; v++) {
		u64 at = (u64)(uintptr_t)trap_stubs + v * STUB_SIZE;

		idt[2 * v] = (at & 0xffff) | SEL_CODE64 << 16 | GATE_INTR | GATE_PRESENT |
			     FIELD_PREP(GENMASK(63, 48), at >> 16 & 0xffff);
		idt[2 * v + 1] = at >> 32;
	}
	idt[2 * VEC_USER_EXIT] |= GATE_DPL3;
}

void trap_load_idt(void)
{
	struct table_ptr p = { sizeof(idt) - 1, phys(idt) };

	asm volatile("lidt %0" : : "m"(p));
}

void irq_set_handler(u8 vector, irq_handler_t handler)
{
	handlers[vector] = handler;
}

static void record(struct trap_frame *f)
{
	volatile struct trap_record *r = &trap_records[f->vector];

	r->count++;
	r->error_code = f->error_code;
	r->rip = f->rip;
	r->cr2 = read_cr2();
}

void trap_record(u8 vector)
{
	handlers[vector] = record;
}

static void irq_dispatch(struct trap_frame *f, struct cpu *cpu)
{
	u8 v = (u8)f->vector;

	if (v == VEC_NMI) {
		cpu->nmi_count++;
	} else {
		cpu->irq_count[v]++;
	}
	if (handlers[v]) {
		handlers[v](f);
	} else if (v >= FIRST_IRQ && v != APIC_SPURIOUS_VECTOR) {
		apic_eoi();
	}
}

static bool fix_up(struct trap_frame *f, exinfo_t ex)
{
	for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++) {
		if (e->from == f->rip) {
			f->rip = e->to;
			f->r11 = ex;
			return true;
		}
	}
	return false;
}

static bool end_guarded_call(struct trap_frame *f, struct cpu *cpu, exinfo_t ex)
{
	if (!cpu->guard_rsp) {
		return false;
	}
	f->rip = (u64)(uintptr_t)guard_recover;
	f->rsp = cpu->guard_rsp;
	f->cs = SEL_CODE64;
	f->ss = SEL_DATA;
	f->rax = ex;
	f->rflags &= ~(RFLAGS_TF | RFLAGS_RF);
	return true;
}

void trap_dispatch(struct trap_frame *f)
{
	struct cpu *cpu = this_cpu();
	exinfo_t ex = EXINFO(f->vector, f->error_code);

	if (f->vector == VEC_USER_EXIT && (f->cs & CPL_MASK) == 3) {
		end_guarded_call(f, cpu, EXINFO_NONE);
		return;
	}
	if (f->vector == VEC_NMI || f->vector >= FIRST_IRQ) {
		irq_dispatch(f, cpu);
		return;
	}
	cpu->caught = (struct caught){ ex, f->rip, read_cr2() };
	if (handlers[f->vector]) {
		handlers[f->vector](f);
		return;
	}
	if (fix_up(f, ex) || end_guarded_call(f, cpu, ex)) {
		return;
	}
	report_error("unexpected %s on CPU %u, RIP 0x%lx, CR2 0x%lx", exinfo_text(ex), cpu->index,
		     f->rip, cpu->caught.cr2);
	report_exit();
}

struct user_call {
	void (*fn)(void *);
	void *arg;
};

exinfo_t user_call(void (*fn)(void *), void *arg)
{
	struct user_call call = { fn, arg };

	return guard_call(user_enter, &call);
}
