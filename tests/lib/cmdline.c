/* SPDX-License-Identifier: MIT */
/* Finds words on the copy of the command line that boot_copy_info() took; keeps no state. */
#include "tests/lib/cmdline.h"

#include "lib/parse.h"
#include "lib/string.h"
#include "tests/lib/multiboot.h"

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t') {
		p++;
	}
	return p;
}

static const char *word_end(const char *p)
{
	while (*p && *p != ' ' && *p != '\t') {
		p++;
	}
	return p;
}

static void copy_word(char *to, size_t size, const char *from, const char *end)
{
	size_t n = 0;

	for (; from < end && n + 1 < size; from++) {
		to[n++] = *from;
	}
	to[n] = '\0';
}

bool cmdline_get(const char *key, char *value, size_t size)
{
	size_t len = strlen(key);

	for (const char *p = skip_blanks(word_end(skip_blanks(boot.cmdline))); *p;
	     p = skip_blanks(word_end(p))) {
		const char *end = word_end(p);

		if (strncmp(p, key, len) == 0 && (p + len == end || p[len] == '=')) {
			copy_word(value, size, p[len] == '=' ? p + len + 1 : end, end);
			return true;
		}
	}
	return false;
}

bool cmdline_has(const char *key)
{
	char value[2];

	return cmdline_get(key, value, sizeof(value));
}

u64 cmdline_u64(const char *key, u64 otherwise)
{
	char text[24];
	u64 v = otherwise;

	if (cmdline_get(key, text, sizeof(text))) {
		(void)parse_u64(text, strlen(text), &v);
	}
	return v;
}

void cmdline_program(char *name, size_t size)
{
	const char *p = skip_blanks(boot.cmdline);

	copy_word(name, size, p, word_end(p));
}
