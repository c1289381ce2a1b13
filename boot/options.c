/* SPDX-License-Identifier: MIT */
/*
 * Owns the options' names, defaults and spellings. Knows nothing of what they do: the parts of
 * Plinth read struct options.
 */
#include "boot/options.h"
#include "lib/bits.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"

#define NAME_SHOWN  31 /* characters of a name that are compared and printed */
#define VALUE_SHOWN 60 /* characters of a value that are printed */

static const char *const uart_words[] = { "none", "com1", "com2", NULL };
static const char *const loglvl_words[] = { "error", "warn", "info", "debug", NULL };
static const char *const panic_words[] = { "halt", "reboot", "poweroff", NULL };
static const char *const switch_words[] = { "off", "on", NULL };

#define MEMBER(m) offsetof(struct options, m)

/* clang-format off */
const struct option options_table[] = {
	{ "console", OPTION_CHOICE, MEMBER(console), uart_words, 0, 0, "com1|com2|none",
	  "the UART of the log" },
	{ "loglvl", OPTION_CHOICE, MEMBER(loglvl), loglvl_words, 0, 0, "error|warn|info|debug",
	  "the least important message that is logged" },
	{ "shell", OPTION_CHOICE, MEMBER(shell), uart_words, 0, 0, "com1|com2|none",
	  "the UART of the shell" },
	{ "hv", OPTION_TEXT, MEMBER(hv), NULL, 0, 0, "PROFILE[,+feature][,-feature]",
	  "the Hyper-V interface that L1 is offered; profiles: default, none" },
	{ "l1.mem", OPTION_NUMBER, MEMBER(l1_mem), NULL, MIB(1), 1ull << 52,
	  "a size such as 512M, 1M or more", "the most RAM that L1 gets" },
	{ "l1.cpus", OPTION_NUMBER, MEMBER(l1_cpus), NULL, 1, 4096, "a number from 1",
	  "the most CPUs that L1 gets" },
	{ "l1.exit", OPTION_NUMBER, MEMBER(l1_exit), NULL, 1, 0xFFFF, "an I/O port such as 0xf4",
	  "an OUT of L1 to this port ends the run, value 0 as success" },
	{ "trace", OPTION_CHOICE, MEMBER(trace), switch_words, 0, 0, "on|off",
	  "the per-CPU event rings" },
	{ "panic", OPTION_CHOICE, MEMBER(panic), panic_words, 0, 0, "reboot|halt|poweroff",
	  "what follows a panic's report" },
	{ "pool", OPTION_NUMBER, MEMBER(pool), NULL, 1, 65536, "a number of MiB from 1 to 65536",
	  "the memory for shadow tables" },
	{ "x2apic", OPTION_CHOICE, MEMBER(x2apic), switch_words, 0, 0, "on|off",
	  "whether L1 is offered x2APIC where the CPU has it" },
	{ "vmcs-shadow", OPTION_CHOICE, MEMBER(vmcs_shadow), switch_words, 0, 0, "on|off",
	  "whether VMCS shadowing is used where the CPU has it" },
};
/* clang-format on */
const size_t options_count = ARRAY_SIZE(options_table);

static const struct options defaults = {
	.console = OPTION_COM1,
	.loglvl = LOGLVL_INFO,
	.shell = OPTION_COM2,
	.panic = OPTION_PANIC_HALT,
	.trace = 1,
	.x2apic = 1,
	.vmcs_shadow = 1,
	.hv = "default",
};

struct word {
	const char *s;
	size_t len;
};

struct reporter {
	options_warn_fn warn;
	void *ctx;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool word_is(struct word w, const char *text)
{
	return strlen(text) == w.len && memcmp(w.s, text, w.len) == 0;
}

/* The word for a message: cut, and whatever is not printable ASCII as a question mark. */
static const char *word_show(struct word w, char *buf, size_t size)
{
	size_t len = MIN(w.len, size - 1);

	for (size_t i = 0; i < len; i++) {
		buf[i] = w.s[i] >= ' ' && w.s[i] <= '~' ? w.s[i] : '?';
	}
	buf[len] = '\0';
	return buf;
}

/* Levenshtein's distance of the first NAME_SHOWN characters. */
static u32 edit_distance(struct word a, const char *b)
{
	size_t alen = MIN(a.len, (size_t)NAME_SHOWN);
	size_t blen = MIN(strlen(b), (size_t)NAME_SHOWN);
	u8 row[NAME_SHOWN + 1];

	for (size_t j = 0; j <= blen; j++) {
		row[j] = (u8)j;
	}
	for (size_t i = 1; i <= alen; i++) {
		u8 diagonal = row[0];

		row[0] = (u8)i;
		for (size_t j = 1; j <= blen; j++) {
			u8 replaced = diagonal + (a.s[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(MIN(row[j], row[j - 1]) + 1, replaced);
		}
	}
	return row[blen];
}

static void warn_unknown(const struct reporter *to, struct word name)
{
	const struct option *nearest = &options_table[0];
	char shown[NAME_SHOWN + 1];
	char text[160];

	for (size_t i = 1; i < options_count; i++) {
		if (edit_distance(name, options_table[i].name) <
		    edit_distance(name, nearest->name)) {
			nearest = &options_table[i];
		}
	}
	fmt_str(text, sizeof(text), "unknown option '%s': did you mean %s=%s?",
		word_show(name, shown, sizeof(shown)), nearest->name, nearest->accepts);
	to->warn(to->ctx, text);
}

static void warn_value(const struct reporter *to, const struct option *option, struct word value)
{
	char shown[VALUE_SHOWN + 1];
	char text[240];

	fmt_str(text, sizeof(text), "option %s: '%s' is not accepted; it takes %s", option->name,
		word_show(value, shown, sizeof(shown)), option->accepts);
	to->warn(to->ctx, text);
}

/* Returns false, with *out untouched, when the value is none that the option takes. */
static bool store_value(const struct option *option, struct word value, struct options *out)
{
	char *member = (char *)out + option->offset;
	u64 number;

	switch (option->kind) {
	case OPTION_CHOICE:
		for (u32 i = 0; option->choices[i]; i++) {
			if (word_is(value, option->choices[i])) {
				memcpy(member, &i, sizeof(i));
				return true;
			}
		}
		return false;
	case OPTION_NUMBER:
		if (!parse_u64(value.s, value.len, &number) || number < option->min ||
		    number > option->max) {
			return false;
		}
		memcpy(member, &number, sizeof(number));
		return true;
	case OPTION_TEXT:
		if (value.len == 0 || value.len >= OPTION_TEXT_MAX) {
			return false;
		}
		memcpy(member, value.s, value.len);
		member[value.len] = '\0';
		return true;
	}
	return false;
}

static void parse_word(const struct reporter *to, struct word w, struct options *out)
{
	struct word name = { w.s, 0 };
	struct word value;

	while (name.len < w.len && w.s[name.len] != '=') {
		name.len++;
	}
	value.s = w.s + MIN(name.len + 1, w.len);
	value.len = (size_t)(w.s + w.len - value.s);
	for (size_t i = 0; i < options_count; i++) {
		if (word_is(name, options_table[i].name)) {
			if (!store_value(&options_table[i], value, out)) {
				warn_value(to, &options_table[i], value);
			}
			return;
		}
	}
	warn_unknown(to, name);
}

void options_parse(const char *cmdline, struct options *out, options_warn_fn warn, void *ctx)
{
	struct reporter to = { warn, ctx };
	const char *s = cmdline;

	*out = defaults;
	while (*s != '\0') {
		struct word w;

		if (is_blank(*s)) {
			s++;
			continue;
		}
		w.s = s;
		while (*s != '\0' && !is_blank(*s)) {
			s++;
		}
		w.len = (size_t)(s - w.s);
		parse_word(&to, w, out);
	}
}
