/* SPDX-License-Identifier: MIT */
/*
 * A ring of bytes that forgets its oldest ones. Positions count from the first byte ever written
 * and never wrap, so a reader that was overtaken knows it. The caller provides storage and lock.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include "lib/types.h"

struct byte_ring {
	char *bytes;
	size_t size; /* a power of two */
	u64 end;     /* the position behind the newest byte */
};

static inline void ring_write(struct byte_ring *ring, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		ring->bytes[(ring->end + i) & (ring->size - 1)] = bytes[i];
	}
	ring->end += len;
}

/* The position of the oldest byte that is still there. */
static inline u64 ring_start(const struct byte_ring *ring)
{
	return ring->end < ring->size ? 0 : ring->end - ring->size;
}

/*
 * Copies the bytes from *position on, at most size of them, and moves *position behind them. A
 * position that was overwritten, or lies in the future, is first set to the oldest byte.
 */
static inline size_t ring_read(const struct byte_ring *ring, u64 *position, char *buf, size_t size)
{
	size_t len;

	if (*position < ring_start(ring) || *position > ring->end) {
		*position = ring_start(ring);
	}
	len = ring->end - *position < size ? (size_t)(ring->end - *position) : size;
	for (size_t i = 0; i < len; i++) {
		buf[i] = ring->bytes[(*position + i) & (ring->size - 1)];
	}
	*position += len;
	return len;
}

#endif
