/* SPDX-License-Identifier: MIT */
/*
 * Counters of a CPU, written by that CPU alone with a plain increment (`cpu->stats.cpuid++`), read
 * by the shell while they run. Exits and hypercalls are counted by level; what an index of those
 * arrays means, their owners say by a name callback.
 */
#ifndef ARCH_X86_STATS_H
#define ARCH_X86_STATS_H

#include "lib/types.h"

enum {
	STATS_CPUS = 64,
	STATS_EXITS = 192,     /* exit reasons, by the vendor's index; the last is "any other" */
	STATS_HYPERCALLS = 32, /* hypercalls, by the row of their table; the last is "any other" */
};

enum stats_level {
	STATS_L1,
	STATS_L2,
	STATS_LEVELS,
};

struct cpu_stats {
#define STAT(field, name, text) u64 field;
#include "arch/x86/stats.def"
#undef STAT
	u64 exits[STATS_LEVELS][STATS_EXITS];
	u64 calls[STATS_LEVELS][STATS_HYPERCALLS];
};

static inline void stats_count_exit(struct cpu_stats *stats, enum stats_level level, u32 index)
{
	stats->exits[level][index < STATS_EXITS ? index : STATS_EXITS - 1]++;
}

static inline void stats_count_call(struct cpu_stats *stats, enum stats_level level, u32 index)
{
	stats->calls[level][index < STATS_HYPERCALLS ? index : STATS_HYPERCALLS - 1]++;
}

/* Makes the counters of a CPU known under its index < STATS_CPUS; they stay where they are. */
void stats_init(struct cpu_stats *stats, unsigned int cpu);

/* The counters of a CPU, NULL when it has none. */
const struct cpu_stats *stats_of(unsigned int cpu);

/* Adds up the counters of all CPUs into *sum. */
void stats_sum(struct cpu_stats *sum);

/* Zeroes the counters of a CPU that has some; an increment that races with it may survive. */
void stats_reset(unsigned int cpu);

/* Who knows the names of the indices; each may return NULL. Set once at boot. */
void stats_set_names(const char *(*exit)(unsigned int index),
		     const char *(*hypercall)(unsigned int index));

/* One counter that is not zero. */
struct stats_line {
	const char *group; /* "counter", "exit" or "hypercall" */
	const char *level; /* "L1", "L2"; "-" for a plain counter */
	const char *name;
	const char *text; /* what a plain counter counts, else "" */
	u64 value;
};

/* Calls emit for each counter that is not zero, in the order of the tables. */
void stats_for_each(const struct cpu_stats *stats,
		    void (*emit)(void *ctx, const struct stats_line *line), void *ctx);

#endif
