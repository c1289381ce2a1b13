/* SPDX-License-Identifier: MIT */
/*
 * The line editor: keys and what they make of the line, and the terminal that follows its output.
 * A small model of a terminal's line executes every byte that the editor prints, so that each case
 * also proves that what the operator sees is what will be run.
 */
#include "tests/unit/unit.h"

#include "arch/x86/line_edit.h"

#define UP    "\x1b[A"
#define DOWN  "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT  "\x1b[D"
#define HOME  "\x1b[H"
#define END   "\x1b[F"
#define DEL   "\x1b[3~"

struct terminal {
	char line[2048];
	size_t cursor;
	size_t printed;
	size_t bells;
	char sequence[32];
	size_t sequence_len;
};

static struct terminal term;
static struct line_edit edit;
static char entered[64][LINE_LEN_MAX + 1];
static size_t entered_count;

static void terminal_csi(char final, size_t count)
{
	size_t len = strlen(term.line);

	switch (final) {
	case 'C':
		term.cursor += count;
		break;
	case 'D':
		assert_true(term.cursor >= count);
		term.cursor -= count;
		break;
	case 'K':
		memset(term.line + term.cursor, 0, sizeof(term.line) - term.cursor);
		break;
	case 'P':
		assert_true(term.cursor + count <= len);
		memmove(term.line + term.cursor, term.line + term.cursor + count,
			len - term.cursor - count);
		memset(term.line + len - count, 0, count);
		break;
	case '@':
		memmove(term.line + term.cursor + 1, term.line + term.cursor,
			len - term.cursor + 1);
		term.line[term.cursor] = ' ';
		break;
	case 'H':
		break;
	case 'J':
		memset(term.line, 0, sizeof(term.line));
		term.cursor = 0;
		break;
	default:
		fail_msg("the editor printed CSI %c", final);
	}
	assert_true(term.cursor <= strlen(term.line));
}

static void terminal_byte(char c)
{
	if (term.sequence_len > 0 || c == '\x1b') {
		term.sequence[term.sequence_len++] = c;
		assert_true(term.sequence_len < sizeof(term.sequence));
		if (term.sequence_len > 2 && c >= 0x40) {
			term.sequence[term.sequence_len] = '\0';
			term.sequence_len = 0;
			terminal_csi(c, strtoul(term.sequence + 2, NULL, 10));
		}
	} else if (c == '\a') {
		term.bells++;
	} else if (c == '\r') {
		term.cursor = 0;
	} else if (c == '\n') {
		memset(term.line, 0, sizeof(term.line));
	} else {
		assert_in_range(c, 0x20, 0x7e);
		term.line[term.cursor++] = c;
	}
}

static void take_output(void *ctx, const char *bytes, size_t len)
{
	assert_ptr_equal(ctx, &term);
	term.printed += len;
	for (size_t i = 0; i < len; i++) {
		terminal_byte(bytes[i]);
	}
}

static const char *word(void *ctx, const char *prefix, size_t len, size_t index)
{
	static const char *const words[] = { "help", "loglvl", "log", "trace", "version" };

	(void)ctx;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strncmp(words[i], prefix, len) == 0 && index-- == 0) {
			return words[i];
		}
	}
	return NULL;
}

static const struct line_edit_ops ops = { take_output, word, "> " };

static void start(void)
{
	memset(&term, 0, sizeof(term));
	entered_count = 0;
	line_edit_init(&edit, &ops, &term);
	line_edit_start(&edit);
}

static void check_invariants(void)
{
	assert_true(edit.len <= LINE_LEN_MAX);
	assert_true(edit.cursor <= edit.len);
	assert_int_equal(edit.text[edit.len], 0);
	assert_int_equal(strlen(edit.text), edit.len);
	assert_true(edit.stored <= LINE_HISTORY);
	assert_true(edit.browsing <= edit.stored);
}

static void check_terminal(void)
{
	if (edit.echo && term.sequence_len == 0) {
		assert_int_equal(strncmp(term.line, "> ", 2), 0);
		assert_string_equal(term.line + 2, edit.text);
		assert_int_equal(term.cursor, edit.cursor + 2);
	}
}

static void feed(const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line_edit_byte(&edit, ((const unsigned char *)bytes)[i])) {
			check_invariants();
			if (entered_count < 64) {
				strcpy(entered[entered_count++], edit.text);
			}
			line_edit_start(&edit);
		}
		check_invariants();
		check_terminal();
	}
}

static void type(const char *keys)
{
	feed(keys, strlen(keys));
}

static void test_keys(void **state)
{
	static const struct {
		const char *keys;
		const char *line;
		size_t cursor;
	} cases[] = {
		{ "stat", "stat", 4 },
		{ "stat\x7f", "sta", 3 },
		{ "\x7f\b", "", 0 },
		{ "ab" LEFT "X", "aXb", 2 },
		{ "ab" LEFT LEFT LEFT "X", "Xab", 1 },
		{ "ab" LEFT RIGHT RIGHT "X", "abX", 3 },
		{ "abc" HOME "X" END "Y", "XabcY", 5 },
		{ "abc\x1b[1~X\x1b[4~Y", "XabcY", 5 },
		{ "abc\x1b[7~X\x1b[8~Y", "XabcY", 5 },
		{ "abc\x1bOHX\x1bOFY", "XabcY", 5 },
		{ "abc\x01X\x05Y", "XabcY", 5 },
		{ "abc\x02\x02X\x06Y", "aXbYc", 4 },
		{ "abc" HOME DEL, "bc", 0 },
		{ "abc" DEL, "abc", 3 },
		{ "abc\x01\x04\x04", "c", 0 },
		{ "abc" LEFT "\x7f", "ac", 1 },
		{ "abc def" LEFT LEFT "\x0b", "abc d", 5 },
		{ "abc def" LEFT LEFT "\x15", "ef", 0 },
		{ "abc def\x17", "abc ", 4 },
		{ "abc def  \x17\x17\x17", "", 0 },
		{ "abc\x0c", "abc", 3 },
		{ "abc" LEFT "\x0c", "abc", 2 },
		{ "abc\x03xy", "xy", 2 },
		{ "a\x1b[5~b", "ab", 2 },	   /* PageUp */
		{ "a\x1b[12~b\x1b[~c", "abc", 3 }, /* F2; no parameter */
		{ "a\x1b[1;5Cb", "ab", 2 },	   /* Ctrl-Right */
		{ "a\x1b[31~b", "ab", 2 },	   /* not Del */
		{ "a\x1b\x1b\x1b[D"
		  "b",
		  "ba", 1 },
		{ "a\x1bxb", "ab", 2 },
		{ "a\x1b[\x01X", "Xa", 1 }, /* a control key ends a broken sequence */
		{ "a\xc3\xa4"
		  "b\xff\x80",
		  "ab", 2 },
		{ "a\x01\x1b[\xc3"
		  "b",
		  "ba", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		type(cases[i].keys);
		assert_string_equal(edit.text, cases[i].line);
		assert_int_equal(edit.cursor, cases[i].cursor);
	}
}

static void test_line_ends(void **state)
{
	(void)state;
	start();
	type("a\rb\nc\r\nd\n\r");
	assert_int_equal(entered_count, 5);
	assert_string_equal(entered[0], "a");
	assert_string_equal(entered[1], "b");
	assert_string_equal(entered[2], "c");
	assert_string_equal(entered[3], "d");
	assert_string_equal(entered[4], ""); /* "\n\r" is two ends */
	type("e\x1b[\r");
	assert_string_equal(entered[5], "e");
	type("f\x1b\n");
	assert_string_equal(entered[6], "f");
	type("ab" LEFT "\r");
	assert_string_equal(entered[7], "ab");
}

static void test_history(void **state)
{
	(void)state;
	start();
	type(UP DOWN "x" UP);
	assert_string_equal(edit.text, "x");
	type("\x15one\rtwo\rtwo\r\rthree\r"); /* repeated and empty lines are not kept */
	type("fresh" UP);
	assert_string_equal(edit.text, "three");
	type(UP UP);
	assert_string_equal(edit.text, "one");
	type(UP UP);
	assert_string_equal(edit.text, "one");
	type(DOWN);
	assert_string_equal(edit.text, "two");
	type("X" DOWN UP);
	assert_string_equal(edit.text, "two");
	type(DOWN DOWN);
	assert_string_equal(edit.text, "fresh");
	type(DOWN);
	assert_string_equal(edit.text, "fresh");
	type("\x15" UP UP "\r");
	assert_string_equal(entered[5], "two");
}

static void test_history_keeps_16(void **state)
{
	char line[32];

	(void)state;
	start();
	for (int i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "line %d\r", i);
		type(line);
	}
	for (int age = 0; age < 20; age++) {
		type(UP);
		snprintf(line, sizeof(line), "line %d", 39 - (age < 16 ? age : 15));
		assert_string_equal(edit.text, line);
	}
}

static void test_completion(void **state)
{
	(void)state;
	start();
	type("h\t");
	assert_string_equal(edit.text, "help ");
	type("\x15"
	     "l\t");
	assert_string_equal(edit.text, "log");
	term.printed = 0;
	type("\t");
	assert_true(term.printed > strlen("log  loglvl"));
	assert_string_equal(edit.text, "log");
	type("l\t");
	assert_string_equal(edit.text, "loglvl ");
	type("t\t");
	assert_string_equal(edit.text, "loglvl t"); /* only the first word is a command */
	type("\x15zz\t");
	assert_string_equal(edit.text, "zz");
	type("\x15\t\t");
	assert_string_equal(edit.text, "");
	type("tr 1" HOME RIGHT RIGHT "\t");
	assert_string_equal(edit.text, "trace  1");
}

static void test_K1_line_of_64_kib(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 65536; i++) {
		type("y");
	}
	assert_int_equal(edit.len, LINE_LEN_MAX);
	assert_true(edit.overlong);
	assert_int_equal(term.bells, 1);
	assert_true(line_edit_byte(&edit, '\r'));
	assert_true(edit.overlong);
	line_edit_start(&edit);
	assert_false(edit.overlong);
	type(UP);
	assert_string_equal(edit.text, ""); /* a cut line is no history */
}

static void test_overlong_ends_with_an_empty_line(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 300; i++) {
		type("z");
	}
	type("\x7f");
	assert_true(edit.overlong); /* the characters that did not fit are still missing */
	type("\x15ok");
	assert_false(edit.overlong);
}

static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void test_K1_random_bytes(void **state)
{
	uint32_t seed = 20261120;

	(void)state;
	start();
	for (int i = 0; i < 1 << 20; i++) {
		uint8_t byte = (uint8_t)random_next(&seed);
		size_t before = term.printed;

		feed(&byte, 1);
		assert_true(term.printed - before < 2 * LINE_LEN_MAX);
	}
}

/* Keys, not bytes, so that history, sequences and full lines are met often. */
static void test_K1_random_keys(void **state)
{
	static const char *const keys[] = { UP,	    DOWN,   LEFT,   RIGHT,
					    HOME,   END,    DEL,    "a",
					    "b",    " ",    "help", "\x7f",
					    "\x17", "\x0b", "\x15", "\x0c",
					    "\t",   "\r",   "\x03", "lorem ipsum dolor sit amet",
					    "\x1b" };
	uint32_t seed = 7;

	(void)state;
	start();
	for (int i = 0; i < 200000; i++) {
		type(keys[random_next(&seed) % (sizeof(keys) / sizeof(keys[0]))]);
	}
}

static void test_no_echo(void **state)
{
	(void)state;
	start();
	edit.echo = false;
	term.printed = 0;
	type("abc" LEFT UP DOWN "\x0c\t\x7f");
	assert_int_equal(term.printed, 0);
	assert_true(line_edit_byte(&edit, '\r'));
	assert_int_equal(term.printed, 0);
	line_edit_start(&edit);
	assert_int_equal(term.printed, strlen("> \r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_history_keeps_16),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_K1_line_of_64_kib),
		cmocka_unit_test(test_overlong_ends_with_an_empty_line),
		cmocka_unit_test(test_K1_random_bytes),
		cmocka_unit_test(test_K1_random_keys),
		cmocka_unit_test(test_no_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
