/* SPDX-License-Identifier: MIT */
/*
 * The flight recorder: one ring of 32-byte events for each CPU, always on, written by its CPU
 * alone. It owns recording and decoding; the shell and the panic print. A ring may be read while
 * its CPU runs: then the newest event may be half written.
 */
#ifndef ARCH_X86_TRACE_H
#define ARCH_X86_TRACE_H

#include "arch/x86/asm.h"
#include "lib/types.h"

enum {
	TRACE_EVENTS = 256,	       /* of a CPU; a power of two */
	TRACE_KEPT = TRACE_EVENTS - 1, /* the next event's slot may be half written, or off */
	TRACE_CPUS = 64,
	TRACE_TEXT = 160, /* enough for any event as text */
};

enum trace_kind {
#define TRACE_KIND(name, event, a, b, c) TRACE_##name,
#include "arch/x86/trace_kinds.def"
#undef TRACE_KIND
	TRACE_KINDS,
};

enum trace_level {
	TRACE_HOST,
	TRACE_L1,
	TRACE_L2,
};

struct trace_event {
	u64 tsc;
	u16 kind;
	u8 cpu;
	u8 level;
	u32 a;
	u64 b;
	u64 c;
};

ASSERT_SIZE(struct trace_event, 32);
ASSERT_OFFSET(struct trace_event, kind, 8);
ASSERT_OFFSET(struct trace_event, cpu, 10);
ASSERT_OFFSET(struct trace_event, level, 11);
ASSERT_OFFSET(struct trace_event, a, 12);
ASSERT_OFFSET(struct trace_event, c, 24);

struct trace_ring {
	u64 end;  /* (o) bytes ever recorded */
	u64 step; /* (a) the size of an event; 0: off */
	u32 cpu;  /* (b) the index, shifted to where an event has it */
	struct trace_event events[TRACE_EVENTS] __aligned(32);
};

/*
 * Records one event. Without a branch: off, the event is written, but stays outside of what counts
 * as recorded.
 */
static inline void trace_event(struct trace_ring *ring, enum trace_kind kind,
			       enum trace_level level, u32 a, u64 b, u64 c)
{
	u64 end = ring->end;
	char *place = (char *)ring->events + (end & (sizeof(ring->events) - sizeof(*ring->events)));
	struct trace_event *event = (struct trace_event *)place;
	u32 what = ring->cpu | (u32)level << 24 | (u32)kind; /* one store for the three */

	ring->end = end + ring->step;
	event->tsc = rdtsc();
	__builtin_memcpy(&event->kind, &what, sizeof(what));
	event->a = a;
	event->b = b;
	event->c = c;
}

/* Starts the ring of a CPU, empty and on, and makes it known under the CPU's index < TRACE_CPUS. */
void trace_init(struct trace_ring *ring, unsigned int cpu);

/* The ring of a CPU, NULL when it has none. */
const struct trace_ring *trace_ring_of(unsigned int cpu);

void trace_set_enabled(bool on); /* the rings of all CPUs */
bool trace_is_enabled(void);

/*
 * Copies the newest events, at most max, oldest first; returns how many. Of a ring that its CPU
 * writes meanwhile, those that may have been overwritten during the copy are left out.
 */
unsigned int trace_snapshot(const struct trace_ring *ring, struct trace_event *out,
			    unsigned int max);

/* Who knows the names of exit reasons and hypercalls; each may return NULL. Set once at boot. */
void trace_set_names(const char *(*reason)(u64 reason), const char *(*hypercall)(u64 code));

/* The event as `kvm_exit level=L1 reason=0x72(CPUID) rip=0x...`, without tsc and cpu. */
void trace_format(const struct trace_event *event, char *buf, size_t size);

const char *trace_level_name(unsigned int level);

#endif
