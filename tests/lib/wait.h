/* SPDX-License-Identifier: MIT */
/*
 * Bounded waiting. A wait ends when its condition holds, or when both a number of polls and a span
 * of TSC have passed: neither alone means the same on a slow emulator and on a busy host.
 */
#ifndef TESTS_LIB_WAIT_H
#define TESTS_LIB_WAIT_H

#include "tests/lib/x86.h"

#define WAIT_TICKS 10000000000ull
#define WAIT_POLLS 200000ull

struct wait {
	u64 start, polls;
};

/* Whether to poll once more. */
static inline bool wait_goes_on(struct wait *w, u64 ticks, u64 polls)
{
	if (w->polls++ == 0) {
		w->start = rdtsc();
		return true;
	}
	cpu_pause();
	return w->polls < polls || rdtsc() - w->start < ticks;
}

#define WAIT_FOR_AT_MOST(condition, ticks, polls)                                      \
	({                                                                             \
		struct wait wait_ = { 0 };                                             \
		bool held_;                                                            \
		while (!(held_ = (condition)) && wait_goes_on(&wait_, ticks, polls)) { \
		}                                                                      \
		held_;                                                                 \
	})

/* True as soon as the condition holds, false when it did not within the bound. */
#define WAIT_FOR(condition) WAIT_FOR_AT_MOST(condition, WAIT_TICKS, WAIT_POLLS)

/* For what another CPU computes, which may take it long on a busy host. */
#define WAIT_LONG_FOR(condition) WAIT_FOR_AT_MOST(condition, 10 * WAIT_TICKS, 50 * WAIT_POLLS)

/* Gives things that should not happen some time to happen. */
static inline void wait_a_little(void)
{
	(void)WAIT_FOR_AT_MOST(false, 2000000, 2000);
}

#endif
