/* SPDX-License-Identifier: MIT */
/*
 * The shell's neutral commands (version stat cpuid rdmsr trace log loglvl reboot), and the shell on
 * a UART. What shows a VP or memory is registered by its owner.
 */
#ifndef ARCH_X86_SHELL_COMMANDS_H
#define ARCH_X86_SHELL_COMMANDS_H

#include "arch/x86/shell.h"
#include "arch/x86/uart.h"

struct shell_hooks {
	const char *version;	   /* NULL: unknown */
	u64 (*microseconds)(void); /* since boot; may be NULL */
	void (*reboot)(void);	   /* may be NULL, may return */
};

/* Registers the commands; once, at boot. Returns 0 or the error of shell_register(). */
int shell_commands_init(const struct shell_hooks *hooks);

/*
 * Starts a shell on a UART that nobody else reads or writes. With `interrupts` the UART's line must
 * bring the polling CPU to shell_poll(), edge by edge; without, polls also wait for output.
 */
void shell_open_uart(struct shell *sh, struct uart *uart, bool interrupts);

#endif
