/* SPDX-License-Identifier: MIT */
/*
 * The operator's shell on a serial line: it owns lines, commands' dispatch, the output that waits,
 * and the two modes. It never waits for the line but when a command prints more than SHELL_OUT
 * bytes, and then for a bounded time. It knows no UART and no hypervisor: those are operations and
 * registered commands. One CPU polls a shell; nothing here is locked.
 *
 * Mode `human` echoes and edits. Mode `records` is for scripts: no echo, one record to a line as
 * `word key=value ...`, after each command the record `end command=NAME status=STATUS`, and the
 * prompt on a line of its own.
 */
#ifndef ARCH_X86_SHELL_H
#define ARCH_X86_SHELL_H

#include "arch/x86/line_edit.h"
#include "lib/types.h"

enum {
	SHELL_OUT = 16384, /* bytes of output that may wait; a power of two */
	SHELL_ARGS = 8,	   /* words of a line, the command among them */
	SHELL_TABLES = 8,
	SHELL_TEXT = 400, /* bytes of one shell_printf() */
};

struct shell;

/* What a command returns. */
enum shell_status {
	SHELL_OK,
	SHELL_USAGE,  /* wrong arguments: the shell prints the usage line */
	SHELL_FAILED, /* the command said why */
};

struct shell_command {
	const char *name;
	const char *args; /* as the usage line shows them */
	const char *help; /* one line */
	int (*run)(struct shell *sh, int argc, char **argv);
};

struct shell_ops {
	/* The next byte of input, -1 when there is none now. */
	int (*getc)(void *ctx);
	/* Sends what can be sent without waiting; returns how many bytes, 0 when none. */
	size_t (*write)(void *ctx, const char *bytes, size_t len);
	/*
	 * The poll is over: interrupt for the next input if it is wanted (it is not while much
	 * output waits), and for room if output waits. Must make a new edge of what is pending.
	 * NULL: there are no interrupts, and a poll waits a bounded time until its output is sent.
	 */
	void (*arm)(void *ctx, bool input_wanted, bool output_waits);
};

struct shell {
	const struct shell_ops *ops;
	void *ctx;
	bool records;
	bool stuck;    /* the line took nothing for long: do not wait for it again */
	u32 out_start; /* positions in out, not wrapped */
	u32 out_end;
	u64 dropped; /* bytes that the line did not take in time */
	struct line_edit edit;
	char out[SHELL_OUT];
};

/* Adds commands for all shells; boot only. Returns 0, or -ERANGE_ behind SHELL_TABLES tables. */
int shell_register(const struct shell_command *table, size_t count);

/* Starts a shell in human mode, and prints the banner and the prompt. */
void shell_init(struct shell *sh, const struct shell_ops *ops, void *ctx);

/*
 * Takes the input that is there and runs what it completes. Bounded and harmless at any time, but
 * several port accesses: for the UART's interrupts and every millisecond, not for every exit.
 */
void shell_poll(struct shell *sh);

/*
 * Prints for the operator; a newline ends a line. Anything else that is not printable ASCII comes
 * out as '.', so text of a guest may be an argument.
 */
void shell_printf(struct shell *sh, const char *fmt, ...) __printf_like(2, 3);

/* Prints why a command failed; returns SHELL_FAILED. */
int shell_fail(struct shell *sh, const char *reason);

/* Sends what waits; gives up, and drops it, when the line takes nothing for long. */
void shell_flush(struct shell *sh);

/* An argument as a number of at most max. Returns false on anything else. */
bool shell_number(const char *arg, u64 max, u64 *out);

#endif
