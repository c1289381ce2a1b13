/* SPDX-License-Identifier: MIT */
/*
 * The shell's core; see shell.h. Input stops being read while much output waits, so a flood of
 * input costs no more than the line can answer.
 */
#include "arch/x86/shell.h"

#include "lib/bits.h"
#include "lib/err.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"

enum {
	POLL_BYTES = 64,	  /* of input taken by one poll */
	OUT_BUSY = SHELL_OUT / 2, /* with more than this waiting, no input is taken */
	FLUSH_POLLS = 100000,	  /* without progress, then the output is dropped */
};

static const char prompt[] = "plinth> ";

static struct {
	const struct shell_command *commands;
	size_t count;
} tables[SHELL_TABLES];
static size_t table_count;

static int run_help(struct shell *sh, int argc, char **argv);
static int run_mode(struct shell *sh, int argc, char **argv);

static const struct shell_command own_commands[] = {
	{ "help", "[COMMAND]", "list the commands, or explain one", run_help },
	{ "mode", "human|records", "how answers look: for you, or for a script", run_mode },
};

/* The index-th of all commands, NULL behind the last. */
static const struct shell_command *command_at(size_t index)
{
	if (index < ARRAY_SIZE(own_commands)) {
		return &own_commands[index];
	}
	index -= ARRAY_SIZE(own_commands);
	for (size_t t = 0; t < table_count; t++) {
		if (index < tables[t].count) {
			return &tables[t].commands[index];
		}
		index -= tables[t].count;
	}
	return NULL;
}

static const struct shell_command *command_find(const char *name)
{
	const struct shell_command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		if (strcmp(command->name, name) == 0) {
			return command;
		}
	}
	return NULL;
}

static u32 out_waiting(const struct shell *sh)
{
	return sh->out_end - sh->out_start;
}

/* Sends one contiguous piece of what waits, as much as the line takes; returns how much. */
static size_t out_drain(struct shell *sh)
{
	u32 at = sh->out_start & (SHELL_OUT - 1);
	size_t piece = MIN(out_waiting(sh), SHELL_OUT - at);
	size_t sent = piece > 0 ? sh->ops->write(sh->ctx, sh->out + at, piece) : 0;

	sent = MIN(sent, piece);
	sh->out_start += (u32)sent;
	return sent;
}

/* Sends until at most `leave` bytes wait; drops them all when the line is stuck. */
static void out_reduce(struct shell *sh, u32 leave)
{
	int polls = 0;

	while (out_waiting(sh) > leave) {
		if (out_drain(sh) > 0) {
			polls = 0;
			sh->stuck = false;
		} else if (sh->stuck || ++polls == FLUSH_POLLS) {
			sh->stuck = true;
			sh->dropped += out_waiting(sh);
			sh->out_start = sh->out_end;
		}
	}
}

static void out_put(struct shell *sh, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (out_waiting(sh) == SHELL_OUT) {
			out_reduce(sh, SHELL_OUT / 2);
		}
		sh->out[sh->out_end++ & (SHELL_OUT - 1)] = bytes[i];
	}
}

void shell_flush(struct shell *sh)
{
	out_reduce(sh, 0);
}

/* The end of a poll: sends what goes out now, and sees to the rest. */
static void out_settle(struct shell *sh)
{
	out_drain(sh);
	if (sh->ops->arm == NULL) {
		shell_flush(sh);
	} else {
		sh->ops->arm(sh->ctx, out_waiting(sh) <= OUT_BUSY, out_waiting(sh) > 0);
	}
}

void shell_printf(struct shell *sh, const char *fmt, ...)
{
	char text[SHELL_TEXT];
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vstr(text, sizeof(text), fmt, args);
	va_end(args);
	if (len >= sizeof(text)) {
		len = sizeof(text) - 1;
		text[len - 1] = '\n'; /* a cut text keeps its line end */
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			out_put(sh, "\r\n", 2);
		} else {
			out_put(sh, text[i] >= 0x20 && text[i] <= 0x7e ? &text[i] : ".", 1);
		}
	}
}

int shell_fail(struct shell *sh, const char *reason)
{
	shell_printf(sh, sh->records ? "error reason=\"%s\"\n" : "%s\n", reason);
	return SHELL_FAILED;
}

bool shell_number(const char *arg, u64 max, u64 *out)
{
	u64 value;

	if (!parse_u64(arg, strlen(arg), &value) || value > max) {
		return false;
	}
	*out = value;
	return true;
}

static void print_usage(struct shell *sh, const struct shell_command *command)
{
	shell_printf(sh, sh->records ? "usage command=%s args=\"%s\"\n" : "usage: %s %s\n",
		     command->name, command->args);
}

static int run_help(struct shell *sh, int argc, char **argv)
{
	const struct shell_command *command;
	bool found = false;

	if (argc > 2) {
		return SHELL_USAGE;
	}
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		if (argc == 2 && strcmp(argv[1], command->name) != 0) {
			continue;
		}
		found = true;
		shell_printf(sh,
			     sh->records ? "command name=%s args=\"%s\" help=\"%s\"\n"
					 : "  %-10s %-28s %s\n",
			     command->name, command->args, command->help);
	}
	return found ? SHELL_OK : SHELL_USAGE;
}

static int run_mode(struct shell *sh, int argc, char **argv)
{
	if (argc != 2) {
		return SHELL_USAGE;
	}
	if (strcmp(argv[1], "records") == 0) {
		sh->records = true;
	} else if (strcmp(argv[1], "human") == 0) {
		sh->records = false;
	} else {
		return SHELL_USAGE;
	}
	sh->edit.echo = !sh->records;
	return SHELL_OK;
}

/* Cuts the line into words in place. Returns their number, SHELL_ARGS + 1 when there are more. */
static int tokenize(char *line, char *argv[SHELL_ARGS])
{
	int argc = 0;

	for (;;) {
		while (*line == ' ') {
			*line++ = '\0';
		}
		if (*line == '\0') {
			return argc;
		}
		if (argc == SHELL_ARGS) {
			return SHELL_ARGS + 1;
		}
		argv[argc++] = line;
		while (*line != '\0' && *line != ' ') {
			line++;
		}
	}
}

/* Runs the command of a line that is cut into words; returns what the end record says. */
static const char *dispatch(struct shell *sh, int argc, char **argv)
{
	const struct shell_command *command = command_find(argv[0]);
	int status;

	if (command == NULL) {
		if (!sh->records) {
			shell_printf(sh, "unknown command \"%s\"; try help\n", argv[0]);
		}
		return "unknown";
	}
	status = argc <= SHELL_ARGS ? command->run(sh, argc, argv) : SHELL_USAGE;
	if (status == SHELL_USAGE) {
		print_usage(sh, command);
		return "usage";
	}
	return status == SHELL_OK ? "ok" : "failed";
}

static void run_line(struct shell *sh)
{
	char *argv[SHELL_ARGS] = { NULL };
	const char *status;
	int argc;

	if (sh->edit.overlong) {
		shell_printf(sh, sh->records ? "end command=- status=overlong\n"
					     : "the line is too long\n");
		return;
	}
	argc = tokenize(sh->edit.text, argv);
	if (argc == 0) {
		return;
	}
	status = dispatch(sh, argc, argv);
	if (sh->records) {
		shell_printf(sh, "end command=%s status=%s\n", argv[0], status);
	}
}

static void edit_out(void *ctx, const char *bytes, size_t len)
{
	out_put(ctx, bytes, len);
}

static const char *edit_candidate(void *ctx, const char *prefix, size_t len, size_t index)
{
	const struct shell_command *command;

	(void)ctx;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		if (strncmp(command->name, prefix, len) == 0 && index-- == 0) {
			return command->name;
		}
	}
	return NULL;
}

static const struct line_edit_ops edit_ops = { edit_out, edit_candidate, prompt };

void shell_poll(struct shell *sh)
{
	out_drain(sh);
	for (int taken = 0; taken < POLL_BYTES && out_waiting(sh) <= OUT_BUSY; taken++) {
		int byte = sh->ops->getc(sh->ctx);

		if (byte < 0) {
			break;
		}
		if (line_edit_byte(&sh->edit, (u8)byte)) {
			run_line(sh);
			line_edit_start(&sh->edit);
		}
	}
	out_settle(sh);
}

int shell_register(const struct shell_command *table, size_t count)
{
	if (table_count == SHELL_TABLES) {
		return -ERANGE_;
	}
	tables[table_count].commands = table;
	tables[table_count].count = count;
	table_count++;
	return 0;
}

void shell_init(struct shell *sh, const struct shell_ops *ops, void *ctx)
{
	memset(sh, 0, sizeof(*sh));
	sh->ops = ops;
	sh->ctx = ctx;
	line_edit_init(&sh->edit, &edit_ops, sh);
	shell_printf(sh, "\nPlinth's shell; help lists the commands.\n");
	line_edit_start(&sh->edit);
	out_settle(sh);
}
