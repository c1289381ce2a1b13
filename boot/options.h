/* SPDX-License-Identifier: MIT */
/*
 * Plinth's own command line: words of the form name=value, parted by blanks. The table of options
 * is the one place that knows their names, values and explanations; help prints it.
 */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "lib/types.h"

#define OPTION_TEXT_MAX 128

enum option_uart {
	OPTION_NONE,
	OPTION_COM1,
	OPTION_COM2,
};

enum option_loglvl {
	LOGLVL_ERROR,
	LOGLVL_WARN,
	LOGLVL_INFO,
	LOGLVL_DEBUG,
};

enum option_panic {
	OPTION_PANIC_HALT,
	OPTION_PANIC_REBOOT,
	OPTION_PANIC_POWEROFF,
};

struct options {
	u32 console;		  /* enum option_uart: where the log goes */
	u32 loglvl;		  /* enum option_loglvl */
	u32 shell;		  /* enum option_uart */
	u32 panic;		  /* enum option_panic */
	u32 trace;		  /* 1: the event rings record */
	u32 x2apic;		  /* 1: L1 is offered x2APIC where the CPU has it */
	u32 vmcs_shadow;	  /* 1: VMCS shadowing is used where the CPU has it */
	u64 l1_mem;		  /* bytes of RAM that L1 gets at most; 0: all */
	u64 l1_cpus;		  /* CPUs that L1 gets at most; 0: all */
	u64 l1_exit;		  /* port whose OUT ends the run, value 0 as success; 0: none */
	u64 pool;		  /* MiB of the shadow table pool; 0: Plinth's choice */
	char hv[OPTION_TEXT_MAX]; /* PROFILE[,+feature][,-feature], parsed by the hv policy */
};

enum option_kind {
	OPTION_CHOICE, /* u32: the index of the word among choices */
	OPTION_NUMBER, /* u64 within [min, max] */
	OPTION_TEXT,   /* char[OPTION_TEXT_MAX] */
};

struct option {
	const char *name;
	enum option_kind kind;
	u32 offset;		    /* of the member in struct options */
	const char *const *choices; /* of OPTION_CHOICE: words, NULL behind the last one */
	u64 min, max;		    /* of OPTION_NUMBER */
	const char *accepts;	    /* the values, for warnings and for help */
	const char *help;
};

extern const struct option options_table[];
extern const size_t options_count;

/* Gets one line of text without a newline, printable ASCII only, for each thing that is odd. */
typedef void (*options_warn_fn)(void *ctx, const char *text);

/*
 * Fills *out from the defaults and then from cmdline. Unknown options and bad values are reported
 * to warn and change nothing; of a repeated option the last one holds.
 */
void options_parse(const char *cmdline, struct options *out, options_warn_fn warn, void *ctx);

#endif
