/* SPDX-License-Identifier: MIT */
/* Bits, ranges and alignment. Values are 64-bit; callers narrow on purpose. */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include "lib/types.h"

#define BIT(n)		    (1ull << (n))
#define GENMASK(h, l)	    ((~0ull >> (63 - (h))) & (~0ull << (l)))

#define FIELD_SHIFT(mask)   ((unsigned int)__builtin_ctzll(mask))
#define FIELD_GET(mask, v)  (((u64)(v) & (mask)) >> FIELD_SHIFT(mask))
#define FIELD_PREP(mask, v) (((u64)(v) << FIELD_SHIFT(mask)) & (mask))

#define ALIGN_DOWN(v, a)    ((v) & ~((__typeof__(v))(a)-1))
#define ALIGN_UP(v, a)	    ALIGN_DOWN((v) + (a)-1, a)
#define IS_ALIGNED(v, a)    (((v) & ((__typeof__(v))(a)-1)) == 0)

#define KIB(n)		    ((u64)(n) << 10)
#define MIB(n)		    ((u64)(n) << 20)
#define GIB(n)		    ((u64)(n) << 30)

#define PAGE_SHIFT	    12
#define PAGE_SIZE	    4096ull
#define PAGE_MASK	    (~(PAGE_SIZE - 1))

#define MIN(a, b)	    ((a) < (b) ? (a) : (b))
#define MAX(a, b)	    ((a) > (b) ? (a) : (b))

static inline u32 low32(u64 v)
{
	return (u32)v;
}

static inline u32 high32(u64 v)
{
	return (u32)(v >> 32);
}

static inline u64 make64(u32 high, u32 low)
{
	return (u64)high << 32 | low;
}

/* Whether [start, start + len) neither wraps nor leaves [0, limit). */
static inline bool range_fits(u64 start, u64 len, u64 limit)
{
	return len <= limit && start <= limit - len;
}

static inline bool ranges_overlap(u64 a, u64 alen, u64 b, u64 blen)
{
	return alen != 0 && blen != 0 && (a <= b ? b - a < alen : a - b < blen);
}

#endif
