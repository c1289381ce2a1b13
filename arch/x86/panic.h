/* SPDX-License-Identifier: MIT */
/*
 * The end of Plinth by its own bug: one CPU reports, the others stop. No guest's action and no
 * fault of the environment may lead here. Usable from the first instruction in C on; what the
 * hooks would tell is left out until they are set.
 */
#ifndef ARCH_X86_PANIC_H
#define ARCH_X86_PANIC_H

#include "lib/types.h"

struct regs; /* arch/x86/idt.h */

/* In the order of the option's words (boot/options.h). */
enum panic_action {
	PANIC_THEN_HALT,
	PANIC_THEN_REBOOT,
	PANIC_THEN_POWEROFF,
	PANIC_ACTIONS,
};

/* What panic asks of its owner; each may be NULL. They run on the panicking CPU, without locks. */
struct panic_hooks {
	/* Whose code ran last on this CPU: "L1", "L2" or "host". */
	const char *(*level)(void);
	/* Makes the other CPUs call panic_stop(), by an NMI. */
	void (*stop_others)(void);
	/* The bounds of the mapped stack of this CPU that holds the address; false: none does. */
	bool (*stack_bounds)(u64 address, u64 *low, u64 *high);
	/* Logs more: the VP, its last exit, the failing rule. */
	void (*describe)(void);
	/* Carries the action out; may return where it cannot, then the CPU halts. */
	void (*finish)(enum panic_action action);
};

void panic_set_hooks(const struct panic_hooks *hooks);

/* What follows the report; PANIC_THEN_HALT unless set. */
void panic_set_action(enum panic_action action);

__noreturn void panic(const char *fmt, ...) __printf_like(1, 2) __cold;

/* The same for an exception: registers and backtrace are those of regs. */
__noreturn void panic_regs(const struct regs *regs, const char *fmt, ...)
	__printf_like(2, 3) __cold;

/* Whether some CPU panicked; the NMI path of every other CPU then calls panic_stop(). */
bool panic_active(void);
__noreturn void panic_stop(void) __cold;

#define bug() panic("bug at %s:%d", __FILE__, __LINE__)

#define BUG_ON(cond)                                                          \
	do {                                                                  \
		if (unlikely(cond)) {                                         \
			panic("bug at %s:%d: %s", __FILE__, __LINE__, #cond); \
		}                                                             \
	} while (0)

/* The compiler's stack protector: seed the guard at boot, in code that is not protected. */
extern unsigned long __stack_chk_guard;
__noreturn void __stack_chk_fail(void);

#endif
