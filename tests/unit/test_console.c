/* SPDX-License-Identifier: MIT */
/*
 * The log: the form of a line, what a guest may put into one, levels, rate limits, the memory ring,
 * and the panic's way past the lock. The UART is a buffer here.
 */
#include "tests/unit/unit.h"

#include "arch/x86/console.c"

static char sent[1 << 17];
static size_t sent_len;
static u64 now;
static struct uart uart;

void uart_write(struct uart *to, const char *bytes, size_t len)
{
	assert_ptr_equal(to, &uart);
	assert_true(sent_len + len < sizeof(sent));
	memcpy(sent + sent_len, bytes, len);
	sent_len += len;
	sent[sent_len] = '\0';
}

static u64 clock_now(void)
{
	return now;
}

static void start(void)
{
	memset(&console, 0, sizeof(console));
	console.ring.bytes = ring_bytes;
	console.ring.size = RING_SIZE;
	console_set_clock(clock_now);
	console_attach(&uart);
	log_set_level(LOG_INFO);
	now = 0;
	sent_len = 0;
	sent[0] = '\0';
}

static void test_form_of_a_line(void **state)
{
	static const struct {
		u64 now;
		const char *head;
	} cases[] = {
		{ 0, "[    0.000000] plinth: x\r\n" },
		{ 1, "[    0.000001] plinth: x\r\n" },
		{ 12345678, "[   12.345678] plinth: x\r\n" },
		{ 123456000001ull, "[123456.000001] plinth: x\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		now = cases[i].now;
		log_info("x\n");
		assert_string_equal(sent, cases[i].head);
	}
	start();
	console_set_clock(NULL);
	log_info("%s", "x");
	assert_string_equal(sent, cases[0].head);
}

static void test_K5_text_of_a_guest(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
	} cases[] = {
		{ "%n%s%x", "%n%s%x" },
		{ "a\r\nplinth: panic", "a..plinth: panic" },
		{ "\x1b[2J\x07\t\x7f\x80\xff", ".[2J....." },
		{ "end\n\r\n", "end" },
		{ "", "" },
	};
	char expected[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		log_info("%s", cases[i].text);
		snprintf(expected, sizeof(expected), "[    0.000000] plinth: %s\r\n",
			 cases[i].shown);
		assert_string_equal(sent, expected);
	}
}

static void test_long_lines_are_cut(void **state)
{
	(void)state;
	for (int width = 1; width < 1000; width++) {
		start();
		log_info("%*d", width, 7);
		assert_true(sent_len <= LINE_SIZE);
		assert_string_equal(sent + sent_len - 2, "\r\n");
		if (sent_len < strlen("[    0.000000] plinth: \r\n") + (size_t)width) {
			assert_string_equal(sent + sent_len - 5, "...\r\n");
		} else {
			assert_string_equal(sent + sent_len - 3, "7\r\n");
		}
	}
}

static void test_levels(void **state)
{
	(void)state;
	for (int level = 0; level < LOG_LEVELS; level++) {
		start();
		log_set_level((enum log_level)level);
		log_error("e");
		log_warn("w");
		log_info("i");
		log_debug("d");
		assert_int_equal(sent_len,
				 (size_t)(level + 1) * strlen("[    0.000000] plinth: x\r\n"));
		assert_int_equal(log_level_from(log_level_name((enum log_level)level)), level);
	}
	assert_int_equal(log_level_from("2"), LOG_INFO);
	assert_int_equal(log_level_from("4"), -1);
	assert_int_equal(log_level_from("-1"), -1);
	assert_int_equal(log_level_from(""), -1);
	assert_int_equal(log_level_from("infor"), -1);
}

static void test_lines_before_the_uart(void **state)
{
	(void)state;
	start();
	console_attach(NULL);
	log_info("one");
	log_info("two");
	assert_int_equal(sent_len, 0);
	console_attach(&uart);
	assert_string_equal(sent, "[    0.000000] plinth: one\r\n[    0.000000] plinth: two\r\n");
}

static void test_ring_keeps_the_end(void **state)
{
	char text[RING_SIZE];
	u64 position = 0;
	size_t len;

	(void)state;
	start();
	console_attach(NULL);
	for (int i = 0; i < 2000; i++) {
		log_info("line %d", i);
	}
	len = console_read(&position, text, sizeof(text));
	assert_int_equal(len, RING_SIZE);
	assert_int_equal(position, console_end());
	assert_int_equal(console_read(&position, text, sizeof(text)), 0);
	assert_memory_equal(text + len - 10, "line 1999\n", 10);
	position = console_end() + 1; /* nonsense starts again at the oldest */
	assert_int_equal(console_read(&position, text, sizeof(text)), RING_SIZE);
}

static void storm(int lines)
{
	for (int i = 0; i < lines; i++) {
		log_limited(LOG_WARN, "storm");
	}
}

static size_t lines_sent(void)
{
	size_t lines = 0;

	for (const char *at = sent; (at = strstr(at, "\r\n")) != NULL; at += 2) {
		lines++;
	}
	return lines;
}

static void test_K4_log_storm(void **state)
{
	(void)state;
	start();
	storm(1000000);
	assert_int_equal(lines_sent(), RATELIMIT_BURST);
	now = RATELIMIT_MS * 1000 - 1;
	storm(1000);
	assert_int_equal(lines_sent(), RATELIMIT_BURST);
	now = RATELIMIT_MS * 1000;
	storm(1000);
	assert_int_equal(lines_sent(), RATELIMIT_BURST + 2);
	assert_non_null(strstr(sent, ": 1000990 more suppressed\r\n"));
	now = 3600ull * 1000000;
	sent_len = 0;
	sent[0] = '\0';
	storm(1000);
	assert_int_equal(lines_sent(), RATELIMIT_BURST + 1);
	assert_non_null(strstr(sent, ": 999 more suppressed\r\n"));
	now = 0; /* a clock that goes back gives nothing */
	sent_len = 0;
	sent[0] = '\0';
	storm(1000);
	assert_int_equal(lines_sent(), 0);
}

static void test_limited_below_the_level_costs_nothing(void **state)
{
	static struct ratelimit limit;
	u32 suppressed = 0;

	(void)state;
	start();
	for (int i = 0; i < 100; i++) {
		log_limited(LOG_DEBUG, "quiet");
	}
	assert_int_equal(sent_len, 0);
	/* A bucket that another CPU holds refuses. */
	spin_lock(&limit.lock);
	assert_false(ratelimit_admits(&limit, 0, &suppressed));
	spin_unlock(&limit.lock);
	assert_true(ratelimit_admits(&limit, 0, &suppressed));
	assert_int_equal(suppressed, 1);
}

static void test_panic_passes_the_lock(void **state)
{
	(void)state;
	start();
	spin_lock(&console.lock); /* of a CPU that was stopped in the middle of a line */
	console_enter_panic();
	log_write("panic: %s", "REASON");
	assert_string_equal(sent, "[    0.000000] plinth: panic: REASON\r\n");
}

static void test_spinlock(void **state)
{
	struct spinlock lock = { UINT32_MAX, UINT32_MAX };

	(void)state;
	for (int i = 0; i < 3; i++) {
		spin_lock(&lock);
		assert_true(spin_is_locked(&lock));
		assert_false(spin_trylock(&lock));
		spin_unlock(&lock);
		assert_false(spin_is_locked(&lock));
		assert_true(spin_trylock(&lock));
		spin_unlock(&lock);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form_of_a_line),
		cmocka_unit_test(test_K5_text_of_a_guest),
		cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_lines_before_the_uart),
		cmocka_unit_test(test_ring_keeps_the_end),
		cmocka_unit_test(test_K4_log_storm),
		cmocka_unit_test(test_limited_below_the_level_costs_nothing),
		cmocka_unit_test(test_panic_passes_the_lock),
		cmocka_unit_test(test_spinlock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
