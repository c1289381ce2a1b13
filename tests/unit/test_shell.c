/* SPDX-License-Identifier: MIT */
/*
 * The shell's core on a made-up line: dispatch, both modes, hostile input, and a line that takes
 * little, late or nothing.
 */
#include "tests/unit/unit.h"

#include "arch/x86/shell.c"

static struct {
	const uint8_t *input;
	size_t input_len;
	size_t taken;
	char output[4 << 20];
	size_t output_len;
	size_t accept; /* bytes that one write takes */
	size_t writes;
	bool input_wanted;
	bool output_waits;
} line;

static int runs;
static int last_argc;
static char last_argv[SHELL_ARGS][LINE_LEN_MAX + 1];
static struct shell sh;

static int test_getc(void *ctx)
{
	assert_ptr_equal(ctx, &line);
	return line.taken < line.input_len ? line.input[line.taken++] : -1;
}

static size_t test_write(void *ctx, const char *bytes, size_t len)
{
	size_t some = len < line.accept ? len : line.accept;

	assert_ptr_equal(ctx, &line);
	line.writes++;
	if (line.output_len + some < sizeof(line.output)) {
		memcpy(line.output + line.output_len, bytes, some);
		line.output_len += some;
	} else {
		line.output_len = 0;
	}
	line.output[line.output_len] = '\0';
	return some;
}

static void test_arm(void *ctx, bool input_wanted, bool output_waits)
{
	assert_ptr_equal(ctx, &line);
	line.input_wanted = input_wanted;
	line.output_waits = output_waits;
}

static const struct shell_ops polled = { test_getc, test_write, NULL };
static const struct shell_ops interrupting = { test_getc, test_write, test_arm };

static int run_probe(struct shell *s, int argc, char **argv)
{
	uint64_t number;

	runs++;
	last_argc = argc;
	for (int i = 0; i < argc; i++) {
		strcpy(last_argv[i], argv[i]);
	}
	if (argc > 1 && strcmp(argv[1], "fail") == 0) {
		return shell_fail(s, "it cannot");
	}
	if (argc > 1 && strcmp(argv[1], "big") == 0) {
		for (int i = 0; i < 2000; i++) {
			shell_printf(s, "big line number %06d\n", i);
		}
		return SHELL_OK;
	}
	if (argc > 1 && strcmp(argv[1], "number") == 0) {
		return argc == 3 && shell_number(argv[2], 1000, &number) ? SHELL_OK : SHELL_USAGE;
	}
	shell_printf(s, "probe %s\n", argc > 1 ? argv[1] : "-");
	return SHELL_OK;
}

static const struct shell_command probes[] = {
	{ "probe", "[WORD]...", "runs for the test", run_probe },
};

static void start(const struct shell_ops *ops)
{
	if (table_count == 0) {
		assert_int_equal(shell_register(probes, 1), 0);
	}
	memset(&line, 0, sizeof(line));
	line.accept = SIZE_MAX;
	runs = 0;
	shell_init(&sh, ops, &line);
}

static void clear_output(void)
{
	line.output_len = 0;
	line.output[0] = '\0';
}

static void type(const char *text)
{
	line.input = (const uint8_t *)text;
	line.input_len = strlen(text);
	line.taken = 0;
	while (line.taken < line.input_len) {
		shell_poll(&sh);
	}
	shell_poll(&sh);
}

static void test_banner_and_prompt(void **state)
{
	(void)state;
	start(&polled);
	assert_non_null(strstr(line.output, "help lists the commands.\r\nplinth> "));
}

static void test_dispatch(void **state)
{
	(void)state;
	start(&polled);
	clear_output();
	type("  probe  one   two \r");
	assert_int_equal(runs, 1);
	assert_int_equal(last_argc, 3);
	assert_string_equal(last_argv[1], "one");
	assert_string_equal(last_argv[2], "two");
	assert_string_equal(line.output, "  probe  one   two \r\nprobe one\r\nplinth> ");
	clear_output();
	type("\r   \r");
	assert_string_equal(line.output, "\r\nplinth>    \r\nplinth> ");
	clear_output();
	type("nonsense 1\r");
	assert_non_null(strstr(line.output, "unknown command \"nonsense\"; try help\r\nplinth> "));
	assert_int_equal(runs, 1);
}

static void test_records(void **state)
{
	static const struct {
		const char *typed;
		const char *answer;
	} cases[] = {
		{ "probe x\r", "probe x\r\nend command=probe status=ok\r\nplinth> \r\n" },
		{ "probe fail\r", "error reason=\"it cannot\"\r\n"
				  "end command=probe status=failed\r\nplinth> \r\n" },
		{ "probe number\r", "usage command=probe args=\"[WORD]...\"\r\n"
				    "end command=probe status=usage\r\nplinth> \r\n" },
		{ "probe 1 2 3 4 5 6 7 8\r", "usage command=probe args=\"[WORD]...\"\r\n"
					     "end command=probe status=usage\r\nplinth> \r\n" },
		{ "what\r", "end command=what status=unknown\r\nplinth> \r\n" },
		{ "\r", "plinth> \r\n" },
		{ "help probe\r", "command name=probe args=\"[WORD]...\" help=\"runs for the test\""
				  "\r\nend command=help status=ok\r\nplinth> \r\n" },
		{ "help a b\r", "usage command=help args=\"[COMMAND]\"\r\n"
				"end command=help status=usage\r\nplinth> \r\n" },
		{ "mode\r", "usage command=mode args=\"human|records\"\r\n"
			    "end command=mode status=usage\r\nplinth> \r\n" },
		{ "mode 7\r", "usage command=mode args=\"human|records\"\r\n"
			      "end command=mode status=usage\r\nplinth> \r\n" },
		{ "mode human\r", "plinth> " },
		{ "mode human\r", "mode human\r\nplinth> " },
	};

	(void)state;
	start(&polled);
	type("mode records\r");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		clear_output();
		type(cases[i].typed);
		assert_string_equal(line.output, cases[i].answer);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{ "0", true, 0 },     { "1000", true, 1000 },
		{ "0x10", true, 16 }, { "1001", false, 0 },
		{ "-1", false, 0 },   { "", false, 0 },
		{ "0x", false, 0 },   { "18446744073709551616", false, 0 },
		{ "12z", false, 0 },  { "99999999999999999999999999999999999999", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 77;

		assert_int_equal(shell_number(cases[i].text, 1000, &value), cases[i].good);
		assert_int_equal(value, cases[i].good ? cases[i].value : 77);
	}
}

static void test_text_of_a_guest_is_sanitised(void **state)
{
	(void)state;
	start(&polled);
	clear_output();
	shell_printf(&sh, "[%s]\n", "a\x1b[2Jb\r\x80%n");
	shell_flush(&sh);
	assert_string_equal(line.output, "[a.[2Jb..%n]\r\n");
}

static void test_long_text_keeps_its_line_end(void **state)
{
	(void)state;
	start(&polled);
	clear_output();
	shell_printf(&sh, "%*s\n", 3000, "x");
	shell_flush(&sh);
	assert_int_equal(line.output_len, SHELL_TEXT - 2 + 2);
	assert_string_equal(line.output + line.output_len - 2, "\r\n");
}

static void check_big_output(void)
{
	const char *at = line.output;
	char expected[32];

	for (int i = 0; i < 2000; i++) {
		snprintf(expected, sizeof(expected), "big line number %06d\r\n", i);
		at = strstr(at, expected);
		assert_non_null(at);
	}
	assert_non_null(strstr(at, "plinth> "));
}

static void test_output_beyond_the_buffer(void **state)
{
	(void)state;
	start(&polled);
	line.accept = 16;
	type("probe big\r");
	check_big_output();
	assert_int_equal(sh.dropped, 0);
}

static void test_output_by_interrupts(void **state)
{
	(void)state;
	start(&interrupting);
	line.accept = 16;
	type("probe big\r");
	assert_true(line.output_waits);
	for (int i = 0; i < 10000 && line.output_waits; i++) {
		shell_poll(&sh);
	}
	assert_false(line.output_waits);
	assert_true(line.input_wanted);
	check_big_output();
}

static void test_K3_line_that_takes_nothing(void **state)
{
	(void)state;
	start(&polled);
	line.accept = 0;
	line.writes = 0;
	type("probe big\r");
	assert_int_equal(runs, 1);
	assert_true(line.writes <= 2 * FLUSH_POLLS + 100);
	assert_true(sh.dropped > 0);
	/* Once known to be stuck it costs no waiting. */
	line.writes = 0;
	type("probe big\r");
	assert_true(line.writes < 2000);
	line.accept = 16;
	clear_output();
	type("probe back\r");
	assert_non_null(strstr(line.output, "probe back\r\nplinth> "));
}

/* A flood must not be read faster than its answers leave, nor may a poll take longer for it. */
static void test_K2_flood_waits_for_the_line(void **state)
{
	static uint8_t flood[1 << 16];

	(void)state;
	memset(flood, 0x0c, sizeof(flood)); /* Ctrl-L: the most output for a byte */
	start(&interrupting);
	type("some text to repaint");
	line.input = flood;
	line.input_len = sizeof(flood);
	line.taken = 0;
	line.accept = 0;
	for (int i = 0; i < 100000; i++) {
		line.writes = 0;
		shell_poll(&sh);
		assert_true(line.writes <= 2);
	}
	assert_true(line.taken < SHELL_OUT);
	assert_int_equal(sh.dropped, 0);
	assert_false(line.input_wanted);
	assert_true(line.output_waits);
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
	static uint8_t bytes[1 << 20];
	uint32_t seed = 99;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)random_next(&seed);
	}
	start(&polled);
	line.input = bytes;
	line.input_len = sizeof(bytes);
	while (line.taken < line.input_len) {
		shell_poll(&sh);
	}
	clear_output();
	type("\x03probe alive\r");
	assert_non_null(strstr(line.output, "probe alive\r\nplinth> "));
}

static void test_K1_random_words(void **state)
{
	static const char *const words[] = { "probe",
					     "help",
					     "mode",
					     "records",
					     "human",
					     "number",
					     "-1",
					     "\r",
					     "\r",
					     "\t",
					     "fail",
					     "%n%s%x",
					     "99999999999999999999999999999999999999999999999999",
					     "\x1b[A",
					     "\xff\xfe",
					     "0x",
					     "big" };
	uint32_t seed = 5;

	(void)state;
	start(&polled);
	for (int i = 0; i < 20000; i++) {
		type(words[random_next(&seed) % (sizeof(words) / sizeof(words[0]))]);
		if (random_next(&seed) % 4 != 0) {
			type(" ");
		}
		if (line.output_len > sizeof(line.output) / 2) {
			clear_output();
		}
	}
	assert_true(runs > 0);
	type("\r");
	clear_output();
	type("probe alive\r");
	assert_non_null(strstr(line.output, "probe alive\r\n"));
}

static void test_K1_line_of_64_kib(void **state)
{
	static char text[65536 + 2];

	(void)state;
	start(&polled);
	memset(text, 'p', 65536);
	text[65536] = '\r';
	clear_output();
	type(text);
	assert_non_null(strstr(line.output, "the line is too long\r\nplinth> "));
	assert_int_equal(runs, 0);
	type("mode records\r");
	clear_output();
	type(text);
	assert_string_equal(line.output, "end command=- status=overlong\r\nplinth> \r\n");
}

static void test_register_has_an_end(void **state)
{
	size_t before = table_count;

	(void)state;
	while (table_count < SHELL_TABLES) {
		assert_int_equal(shell_register(probes, 0), 0);
	}
	assert_int_equal(shell_register(probes, 1), -ERANGE_);
	table_count = before;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_banner_and_prompt),
		cmocka_unit_test(test_dispatch),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text_of_a_guest_is_sanitised),
		cmocka_unit_test(test_long_text_keeps_its_line_end),
		cmocka_unit_test(test_output_beyond_the_buffer),
		cmocka_unit_test(test_output_by_interrupts),
		cmocka_unit_test(test_K3_line_that_takes_nothing),
		cmocka_unit_test(test_K2_flood_waits_for_the_line),
		cmocka_unit_test(test_K1_random_bytes),
		cmocka_unit_test(test_K1_random_words),
		cmocka_unit_test(test_K1_line_of_64_kib),
		cmocka_unit_test(test_register_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
