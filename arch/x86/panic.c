/* SPDX-License-Identifier: MIT */
/*
 * The report of a panic; see panic.h. Nothing here allocates, takes a lock or trusts a pointer
 * that it did not check: a fault in here comes back as a second panic of the same CPU.
 */
#include "arch/x86/panic.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/idt.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trace.h"
#include "lib/printf.h"
#include "lib/symbols.h"

enum {
	NO_CPU = -1,
	FRAMES_MAX = 24,
	EVENTS_SHOWN = 16,
};

unsigned long __stack_chk_guard = 0x595e9fbd94fda766ul;

static const char *const action_names[PANIC_ACTIONS] = {
	[PANIC_THEN_HALT] = "halt",
	[PANIC_THEN_REBOOT] = "reboot",
	[PANIC_THEN_POWEROFF] = "poweroff",
};

static int panic_cpu = NO_CPU; /* (a) */
static int panic_depth;	       /* of panic_cpu: a panic inside of the report */
static struct panic_hooks hooks;
static enum panic_action panic_action = PANIC_THEN_HALT;

void panic_set_hooks(const struct panic_hooks *new_hooks)
{
	hooks = *new_hooks;
}

void panic_set_action(enum panic_action action)
{
	panic_action = action;
}

bool panic_active(void)
{
	return __atomic_load_n(&panic_cpu, __ATOMIC_ACQUIRE) != NO_CPU;
}

__noreturn void panic_stop(void)
{
	for (;;) {
		__asm__ volatile("cli; hlt" ::: "memory");
	}
}

static void log_symbol(const char *what, u64 address, u64 looked_up)
{
	struct symbol_table table = symbols_of_image();
	u64 offset = 0;
	const char *name = symbols_find(&table, looked_up, &offset);

	if (name == NULL) {
		log_write("%s %016lx", what, address);
	} else {
		log_write("%s %016lx %s+0x%lx", what, address, name,
			  offset + (address - looked_up));
	}
}

static void log_registers(const struct regs *r)
{
	log_write("vector %lu error %lx cr2 %016lx cr3 %016lx", r->vector, r->error, read_cr2(),
		  read_cr3());
	log_write("rip %04lx:%016lx rsp %04lx:%016lx rflags %08lx", r->cs, r->rip, r->ss, r->rsp,
		  r->rflags);
	log_write("rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
	log_write("rsi %016lx rdi %016lx rbp %016lx r8  %016lx", r->rsi, r->rdi, r->rbp, r->r8);
	log_write("r9  %016lx r10 %016lx r11 %016lx r12 %016lx", r->r9, r->r10, r->r11, r->r12);
	log_write("r13 %016lx r14 %016lx r15 %016lx", r->r13, r->r14, r->r15);
}

/*
 * Follows the frame pointers as long as they stay in the stack and rise. A return address is
 * looked up one byte before itself: behind a call that does not return another function may start.
 */
static void log_backtrace(u64 frame)
{
	u64 low = 0;
	u64 high = 0;

	if (hooks.stack_bounds == NULL || !hooks.stack_bounds(frame, &low, &high) ||
	    high - low < 16) {
		log_write("no backtrace: frame %016lx is in no stack of this CPU", frame);
		return;
	}
	for (int i = 0; i < FRAMES_MAX; i++) {
		const u64 *words = (const u64 *)frame;

		if (frame < low || frame > high - 16 || !IS_ALIGNED(frame, 8)) {
			return;
		}
		if (words[1] == 0) {
			return;
		}
		log_symbol("  from", words[1], words[1] - 1);
		if (words[0] <= frame) {
			return;
		}
		frame = words[0];
	}
}

static void log_events(unsigned int cpu)
{
	static struct trace_event events[EVENTS_SHOWN];
	const struct trace_ring *ring = trace_ring_of(cpu);
	unsigned int count = ring != NULL ? trace_snapshot(ring, events, EVENTS_SHOWN) : 0;
	u64 now = rdtsc();

	for (unsigned int i = 0; i < count; i++) {
		char text[TRACE_TEXT];

		trace_format(&events[i], text, sizeof(text));
		log_write("event -%lu %s", now - events[i].tsc, text);
	}
}

__noreturn static void panic_finish(void)
{
	log_write("end of the report; now: %s", action_names[panic_action]);
	if (hooks.finish != NULL) {
		hooks.finish(panic_action);
	}
	panic_stop();
}

/* The part that may itself fail, in the order of how much it helps. */
static void report(int cpu, const struct regs *regs, u64 frame)
{
	log_write("cpu %d level %s", cpu, hooks.level != NULL ? hooks.level() : "host");
	if (regs != NULL) {
		log_registers(regs);
		log_symbol("  at  ", regs->rip, regs->rip);
	}
	log_backtrace(frame);
	log_events((unsigned int)cpu);
	if (hooks.describe != NULL) {
		hooks.describe();
	}
}

/* Returns on the CPU whose report this is; every other one stops here. */
static void panic_enter(int cpu)
{
	int expected = NO_CPU;

	if (__atomic_compare_exchange_n(&panic_cpu, &expected, cpu, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		if (hooks.stop_others != NULL) {
			hooks.stop_others();
		}
		console_enter_panic();
		return;
	}
	if (expected != cpu) {
		panic_stop();
	}
}

__noreturn static void panic_report(const struct regs *regs, u64 frame, const char *fmt,
				    va_list args)
{
	int cpu = (int)cpu_id();
	char reason[240];

	panic_enter(cpu);
	panic_depth++;
	if (panic_depth > 2) {
		panic_stop();
	}
	fmt_vstr(reason, sizeof(reason), fmt, args);
	log_write("%s: %s", panic_depth == 1 ? "panic" : "panic in the panic's report", reason);
	if (panic_depth == 1) {
		report(cpu, regs, frame);
	}
	panic_finish();
}

__noreturn void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	panic_report(NULL, (u64)__builtin_frame_address(0), fmt, args);
}

__noreturn void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	panic_report(regs, regs->rbp, fmt, args);
}

__noreturn void __stack_chk_fail(void)
{
	panic("stack overrun in a function called by %p", __builtin_return_address(0));
}
