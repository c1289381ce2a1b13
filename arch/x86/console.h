/* SPDX-License-Identifier: MIT */
/*
 * The log: levels, one line at a time, to a UART and to a ring in memory that the shell reads.
 * A line is `[SSSSS.UUUUUU] plinth: text`. Text may hold what a guest wrote: whatever is not
 * printable ASCII comes out as '.', and only Plinth's own constants are formats.
 * A panicking CPU, and no other code, goes past the lock.
 */
#ifndef ARCH_X86_CONSOLE_H
#define ARCH_X86_CONSOLE_H

#include "arch/x86/uart.h"
#include "lib/ratelimit.h"
#include "lib/types.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
	LOG_LEVELS,
};

/* (a) Lines of a level above it are not made. Read it here, set it by log_set_level(). */
extern int log_threshold;

#define log_at(level, ...)                      \
	do {                                    \
		if ((level) <= log_threshold) { \
			log_write(__VA_ARGS__); \
		}                               \
	} while (0)

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* For each site that a guest can reach: at most RATELIMIT_BURST lines, then one in RATELIMIT_MS. */
#define log_limited(level, ...)                                                            \
	do {                                                                               \
		static struct ratelimit limit_;                                            \
		if ((level) <= log_threshold && log_admits(&limit_, __FILE__, __LINE__)) { \
			log_write(__VA_ARGS__);                                            \
		}                                                                          \
	} while (0)

/* Writes one line whatever the level; a newline at the end of the text is not needed. */
void log_write(const char *fmt, ...) __printf_like(1, 2) __cold;
void log_vwrite(const char *fmt, va_list args) __printf_like(1, 0) __cold;

/* Asks the site's limit, and logs how many lines of it were suppressed before this one. */
bool log_admits(struct ratelimit *limit, const char *file, int line) __cold;

void log_set_level(enum log_level level);

/* The level with that name or number, -1 when there is none; the name of a level. */
int log_level_from(const char *name);
const char *log_level_name(enum log_level level);

/* Lines carry this clock, microseconds since boot, from then on; 0 before. */
void console_set_clock(u64 (*microseconds)(void));

/* Lines go to the UART too from now on; those logged before are sent first. NULL detaches. */
void console_attach(struct uart *uart);

/* Opens the console to the panicking CPU: waits a bounded time for the lock, then ignores it. */
void console_enter_panic(void);

/*
 * Copies logged text from *position (0: the oldest kept) and moves it on; returns the bytes, 0 at
 * the end. Lines end in a newline; the first one may be cut when older text was overwritten.
 */
size_t console_read(u64 *position, char *buf, size_t size);

/* The position behind the newest line. */
u64 console_end(void);

#endif
