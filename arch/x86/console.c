/* SPDX-License-Identifier: MIT */
/*
 * The log's only lock, line buffer, memory ring and UART; see console.h.
 */
#include "arch/x86/console.h"

#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/ring.h"
#include "lib/string.h"

enum {
	LINE_SIZE = 320,
	RING_SIZE = 16384,
	PANIC_LOCK_POLLS = 1000000,
};

int log_threshold = LOG_INFO;

static const char *const level_names[LOG_LEVELS] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static char ring_bytes[RING_SIZE];

static struct {
	struct spinlock lock;
	bool panicking;		   /* (a) one CPU writes, without the lock */
	struct uart *uart;	   /* [lock] NULL: the ring only */
	u64 (*microseconds)(void); /* (b) */
	struct byte_ring ring;	   /* [lock] */
	char line[LINE_SIZE];	   /* [lock] */
} console = {
	.ring = { .bytes = ring_bytes, .size = RING_SIZE },
};

static void console_lock(void)
{
	if (!__atomic_load_n(&console.panicking, __ATOMIC_RELAXED)) {
		spin_lock(&console.lock);
	}
}

static void console_unlock(void)
{
	if (!__atomic_load_n(&console.panicking, __ATOMIC_RELAXED)) {
		spin_unlock(&console.lock);
	}
}

static u64 console_microseconds(void)
{
	return console.microseconds != NULL ? console.microseconds() : 0;
}

static size_t sanitise(char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e) {
			text[i] = '.';
		}
	}
	return len;
}

/* Makes the line, without its end, in console.line; returns its length. */
static size_t format_line(const char *fmt, va_list args)
{
	const size_t room = LINE_SIZE - 2; /* for "\r\n" over the terminator and one more */
	u64 now = console_microseconds();
	size_t head = fmt_str(console.line, room, "[%5u.%06u] plinth: ", (u32)(now / 1000000),
			      (u32)(now % 1000000));
	size_t text = fmt_vstr(console.line + head, room - head, fmt, args);

	if (text >= room - head) {
		text = room - head - 1;
		memcpy(console.line + head + text - 3, "...", 3);
	}
	return head + sanitise(console.line + head, text);
}

void log_vwrite(const char *fmt, va_list args)
{
	size_t len;

	console_lock();
	len = format_line(fmt, args);
	console.line[len] = '\n';
	ring_write(&console.ring, console.line, len + 1);
	if (console.uart != NULL) {
		console.line[len] = '\r';
		console.line[len + 1] = '\n';
		uart_write(console.uart, console.line, len + 2);
	}
	console_unlock();
}

void log_write(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vwrite(fmt, args);
	va_end(args);
}

bool log_admits(struct ratelimit *limit, const char *file, int line)
{
	u32 suppressed = 0;

	if (!ratelimit_admits(limit, console_microseconds() / 1000, &suppressed)) {
		return false;
	}
	if (suppressed != 0) {
		log_write("%s:%d: %u more suppressed", file, line, suppressed);
	}
	return true;
}

void log_set_level(enum log_level level)
{
	__atomic_store_n(&log_threshold, (int)level, __ATOMIC_RELAXED);
}

int log_level_from(const char *name)
{
	u64 number;

	for (int level = 0; level < LOG_LEVELS; level++) {
		if (strcmp(name, level_names[level]) == 0) {
			return level;
		}
	}
	if (parse_u64(name, strlen(name), &number) && number < LOG_LEVELS) {
		return (int)number;
	}
	return -1;
}

const char *log_level_name(enum log_level level)
{
	return level < LOG_LEVELS ? level_names[level] : "?";
}

void console_set_clock(u64 (*microseconds)(void))
{
	console.microseconds = microseconds;
}

/* The ring ends its lines in '\n' alone; a terminal wants the carriage return too. */
static void send_ring(struct uart *uart)
{
	char chunk[64];
	u64 position = 0;
	size_t len;

	while ((len = ring_read(&console.ring, &position, chunk, sizeof(chunk))) != 0) {
		size_t start = 0;

		for (size_t i = 0; i < len; i++) {
			if (chunk[i] == '\n') {
				uart_write(uart, chunk + start, i - start);
				uart_write(uart, "\r\n", 2);
				start = i + 1;
			}
		}
		uart_write(uart, chunk + start, len - start);
	}
}

void console_attach(struct uart *uart)
{
	console_lock();
	console.uart = uart;
	if (uart != NULL) {
		send_ring(uart);
	}
	console_unlock();
}

void console_enter_panic(void)
{
	for (int poll = 0; poll < PANIC_LOCK_POLLS && spin_is_locked(&console.lock); poll++) {
		__builtin_ia32_pause();
	}
	__atomic_store_n(&console.panicking, true, __ATOMIC_RELAXED);
}

size_t console_read(u64 *position, char *buf, size_t size)
{
	size_t len;

	console_lock();
	len = ring_read(&console.ring, position, buf, size);
	console_unlock();
	return len;
}

u64 console_end(void)
{
	u64 end;

	console_lock();
	end = console.ring.end;
	console_unlock();
	return end;
}
