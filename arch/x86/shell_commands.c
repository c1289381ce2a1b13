/* SPDX-License-Identifier: MIT */
/*
 * The neutral commands; see shell_commands.h. Each refuses what it does not understand, and the
 * shell then prints its usage line.
 */
#include "arch/x86/shell_commands.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/percpu.h"
#include "arch/x86/stats.h"
#include "arch/x86/trace.h"
#include "lib/bits.h"
#include "lib/string.h"

enum {
	LOG_LINES = 20,
	TRACE_SHOWN = 20,
};

static struct shell_hooks hooks;

static int run_version(struct shell *sh, int argc, char **argv)
{
	u64 now = hooks.microseconds != NULL ? hooks.microseconds() : 0;
	const char *version = hooks.version != NULL ? hooks.version : "unknown";

	(void)argv;
	if (argc != 1) {
		return SHELL_USAGE;
	}
	shell_printf(sh,
		     sh->records ? "version name=Plinth version=%s cpus=%u uptime_us=%lu\n"
				 : "Plinth %s, %u CPUs, up %lu us\n",
		     version, cpu_count(), now);
	return SHELL_OK;
}

static void print_stat(void *ctx, const struct stats_line *line)
{
	struct shell *sh = ctx;

	if (sh->records) {
		shell_printf(sh, "stat group=%s level=%s name=%s value=%lu\n", line->group,
			     line->level, line->name, line->value);
	} else {
		shell_printf(sh, "%14lu  %-9s %-2s  %-42s %s\n", line->value, line->group,
			     line->level, line->name, line->text);
	}
}

static int run_stat(struct shell *sh, int argc, char **argv)
{
	static struct cpu_stats sum;
	const struct cpu_stats *shown = &sum;
	bool reset = argc > 1 && strcmp(argv[argc - 1], "reset") == 0;
	u64 cpu = 0;
	u64 last = STATS_CPUS - 1;

	argc -= reset;
	if (argc > 2 || (argc == 2 && !shell_number(argv[1], last, &cpu))) {
		return SHELL_USAGE;
	}
	if (argc == 2) {
		last = cpu;
		shown = stats_of((unsigned int)cpu);
	} else {
		stats_sum(&sum);
	}
	if (shown == NULL) {
		return shell_fail(sh, "no such CPU");
	}
	stats_for_each(shown, print_stat, sh);
	for (; reset && cpu <= last; cpu++) {
		stats_reset((unsigned int)cpu);
	}
	return SHELL_OK;
}

static int run_cpuid(struct shell *sh, int argc, char **argv)
{
	u64 leaf;
	u64 subleaf = 0;
	u32 regs[4];

	if (argc < 2 || argc > 3 || !shell_number(argv[1], UINT32_MAX, &leaf) ||
	    (argc == 3 && !shell_number(argv[2], UINT32_MAX, &subleaf))) {
		return SHELL_USAGE;
	}
	cpuid((u32)leaf, (u32)subleaf, regs);
	shell_printf(sh,
		     "cpuid leaf=0x%lx subleaf=0x%lx eax=0x%08x ebx=0x%08x ecx=0x%08x "
		     "edx=0x%08x\n",
		     leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
	return SHELL_OK;
}

static int run_rdmsr(struct shell *sh, int argc, char **argv)
{
	u64 msr;
	u64 value;

	if (argc != 2 || !shell_number(argv[1], UINT32_MAX, &msr)) {
		return SHELL_USAGE;
	}
	if (!rdmsr_safe((u32)msr, &value)) {
		shell_printf(sh, "rdmsr msr=0x%lx error=gp\n", msr);
		return SHELL_FAILED;
	}
	shell_printf(sh, "rdmsr msr=0x%lx value=0x%016lx\n", msr, value);
	return SHELL_OK;
}

static void print_events(struct shell *sh, const struct trace_ring *ring, unsigned int max)
{
	static struct trace_event events[TRACE_KEPT];
	unsigned int count = trace_snapshot(ring, events, MIN(max, (unsigned int)TRACE_KEPT));
	u64 now = rdtsc();

	for (unsigned int i = 0; i < count; i++) {
		char text[TRACE_TEXT];

		trace_format(&events[i], text, sizeof(text));
		if (sh->records) {
			shell_printf(sh, "trace tsc=%lu cpu=%u event=%s\n", events[i].tsc,
				     events[i].cpu, text);
		} else {
			shell_printf(sh, "%16ld cpu%-2u %s\n", (s64)(events[i].tsc - now),
				     events[i].cpu, text);
		}
	}
}

static int run_trace(struct shell *sh, int argc, char **argv)
{
	const struct trace_ring *ring;
	u64 cpu = 0;
	u64 count = TRACE_SHOWN;

	if (argc == 2 && (strcmp(argv[1], "on") == 0 || strcmp(argv[1], "off") == 0)) {
		trace_set_enabled(argv[1][1] == 'n');
		return SHELL_OK;
	}
	if (argc > 3 || (argc > 1 && !shell_number(argv[1], TRACE_CPUS - 1, &cpu)) ||
	    (argc > 2 && !shell_number(argv[2], UINT32_MAX, &count))) {
		return SHELL_USAGE;
	}
	ring = trace_ring_of((unsigned int)cpu);
	if (ring == NULL) {
		return shell_fail(sh, "no such CPU");
	}
	print_events(sh, ring, (unsigned int)count);
	if (!trace_is_enabled()) {
		shell_printf(sh, sh->records ? "trace state=off\n" : "the trace is off\n");
	}
	return SHELL_OK;
}

/* The position where the last `lines` lines of the log start. */
static u64 log_tail(u64 end, u64 lines)
{
	char chunk[128];
	u64 position = 0;
	u64 total = 0;
	size_t len;

	while (position < end && (len = console_read(&position, chunk, sizeof(chunk))) > 0) {
		for (size_t i = 0; i < len; i++) {
			total += chunk[i] == '\n';
		}
	}
	position = 0;
	while (total > lines && (len = console_read(&position, chunk, sizeof(chunk))) > 0) {
		for (size_t i = 0; i < len && total > lines; i++) {
			total -= chunk[i] == '\n';
			if (total == lines) {
				return position - len + i + 1;
			}
		}
	}
	return 0;
}

static int run_log(struct shell *sh, int argc, char **argv)
{
	u64 end = console_end(); /* other CPUs may log all the time */
	u64 lines = LOG_LINES;
	u64 position;
	char line[SHELL_TEXT - 16];
	size_t len = 0;
	char c;

	if (argc > 2 || (argc == 2 && !shell_number(argv[1], UINT32_MAX, &lines))) {
		return SHELL_USAGE;
	}
	position = lines > 0 ? log_tail(end, lines) : end;
	while (position < end && console_read(&position, &c, 1) == 1) {
		if (c != '\n' && len < sizeof(line) - 1) {
			line[len++] = c;
			continue;
		}
		line[len] = '\0';
		shell_printf(sh, sh->records ? "log line=%s\n" : "%s\n", line);
		len = 0;
		if (c != '\n') {
			line[len++] = c;
		}
	}
	return SHELL_OK;
}

static int run_loglvl(struct shell *sh, int argc, char **argv)
{
	if (argc == 2) {
		int level = log_level_from(argv[1]);

		if (level < 0) {
			return SHELL_USAGE;
		}
		log_set_level((enum log_level)level);
	} else if (argc != 1) {
		return SHELL_USAGE;
	}
	shell_printf(sh, "loglvl level=%s\n", log_level_name((enum log_level)log_threshold));
	return SHELL_OK;
}

static int run_reboot(struct shell *sh, int argc, char **argv)
{
	(void)argv;
	if (argc != 1) {
		return SHELL_USAGE;
	}
	if (hooks.reboot != NULL) {
		log_write("reboot asked by the shell");
		shell_printf(sh, "rebooting\n");
		shell_flush(sh);
		hooks.reboot();
	}
	return shell_fail(sh, "cannot reboot this machine");
}

static const struct shell_command commands[] = {
	{ "version", "", "Plinth's version, CPUs and uptime", run_version },
	{ "stat", "[CPU] [reset]", "counters that are not zero, of all CPUs or one", run_stat },
	{ "cpuid", "LEAF [SUBLEAF]", "CPUID of this machine, not of L1", run_cpuid },
	{ "rdmsr", "MSR", "an MSR of this machine's boot CPU", run_rdmsr },
	{ "trace", "[CPU [COUNT]] | on | off", "the newest events of a CPU, oldest first",
	  run_trace },
	{ "log", "[LINES]", "the end of the log", run_log },
	{ "loglvl", "[error|warn|info|debug]", "show or set the level of the log", run_loglvl },
	{ "reboot", "", "reset the machine, L1 with it, now", run_reboot },
};

int shell_commands_init(const struct shell_hooks *new_hooks)
{
	hooks = *new_hooks;
	return shell_register(commands, ARRAY_SIZE(commands));
}

static int line_getc(void *ctx)
{
	return uart_getc(ctx);
}

static size_t line_write(void *ctx, const char *bytes, size_t len)
{
	return uart_write_some(ctx, bytes, len);
}

static void line_arm(void *ctx, bool input_wanted, bool output_waits)
{
	uart_set_interrupts(ctx, input_wanted, output_waits);
}

void shell_open_uart(struct shell *sh, struct uart *uart, bool interrupts)
{
	static const struct shell_ops polled = { line_getc, line_write, NULL };
	static const struct shell_ops interrupting = { line_getc, line_write, line_arm };

	shell_init(sh, interrupts ? &interrupting : &polled, uart);
}
