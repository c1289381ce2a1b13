/* SPDX-License-Identifier: MIT */
/*
 * A token bucket for messages that a guest can provoke: a burst, then a trickle. Several CPUs may
 * ask at once; the one that finds the bucket busy is simply refused.
 */
#ifndef LIB_RATELIMIT_H
#define LIB_RATELIMIT_H

#include "lib/spinlock.h"
#include "lib/types.h"

enum {
	RATELIMIT_BURST = 10,
	RATELIMIT_MS = 500, /* for one token */
};

struct ratelimit {
	struct spinlock lock;
	u32 spent;	/* [lock] tokens out of the bucket, at most RATELIMIT_BURST */
	u64 refill_ms;	/* [lock] when a token last came back */
	u32 suppressed; /* (a) refused since the last admission */
};

static inline void ratelimit_refill(struct ratelimit *limit, u64 now_ms)
{
	u64 earned = now_ms > limit->refill_ms ? (now_ms - limit->refill_ms) / RATELIMIT_MS : 0;

	if (limit->spent == 0 || earned >= limit->spent) {
		limit->spent = 0;
		limit->refill_ms = now_ms;
	} else {
		limit->spent -= (u32)earned;
		limit->refill_ms += earned * RATELIMIT_MS;
	}
}

/*
 * Whether one more message may go out at now_ms, a clock that never goes back. When it may,
 * *suppressed says how many were refused since the last one.
 */
static inline bool ratelimit_admits(struct ratelimit *limit, u64 now_ms, u32 *suppressed)
{
	bool admitted = false;

	if (spin_trylock(&limit->lock)) {
		ratelimit_refill(limit, now_ms);
		admitted = limit->spent < RATELIMIT_BURST;
		limit->spent += admitted;
		spin_unlock(&limit->lock);
	}
	if (admitted) {
		*suppressed = __atomic_exchange_n(&limit->suppressed, 0, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_add(&limit->suppressed, 1, __ATOMIC_RELAXED);
	}
	return admitted;
}

#endif
