/* SPDX-License-Identifier: MIT */
/* Summing and listing of the counters; see stats.h. */
#include "arch/x86/stats.h"

#include "lib/printf.h"
#include "lib/string.h"

struct stat_text {
	u32 offset;
	const char *name;
	const char *text;
};

static const struct stat_text stat_texts[] = {
#define STAT(field, name, text) { offsetof(struct cpu_stats, field), name, text },
#include "arch/x86/stats.def"
#undef STAT
};

static const char *const level_names[STATS_LEVELS] = {
	[STATS_L1] = "L1",
	[STATS_L2] = "L2",
};

static struct cpu_stats *registered[STATS_CPUS];
static const char *(*exit_name)(unsigned int index);
static const char *(*hypercall_name)(unsigned int index);

void stats_init(struct cpu_stats *stats, unsigned int cpu)
{
	if (cpu < STATS_CPUS) {
		registered[cpu] = stats;
	}
}

const struct cpu_stats *stats_of(unsigned int cpu)
{
	return cpu < STATS_CPUS ? registered[cpu] : NULL;
}

void stats_sum(struct cpu_stats *sum)
{
	u64 *total = (u64 *)sum;

	memset(sum, 0, sizeof(*sum));
	for (unsigned int cpu = 0; cpu < STATS_CPUS; cpu++) {
		const u64 *part = (const u64 *)registered[cpu];

		for (size_t i = 0; part != NULL && i < sizeof(*sum) / sizeof(u64); i++) {
			total[i] += part[i];
		}
	}
}

void stats_reset(unsigned int cpu)
{
	if (cpu < STATS_CPUS && registered[cpu] != NULL) {
		memset(registered[cpu], 0, sizeof(*registered[cpu]));
	}
}

void stats_set_names(const char *(*exit)(unsigned int index),
		     const char *(*hypercall)(unsigned int index))
{
	exit_name = exit;
	hypercall_name = hypercall;
}

/* One array of counters by index, for one level. */
static void list_indexed(const u64 *values, unsigned int count, struct stats_line line,
			 const char *(*name_of)(unsigned int index),
			 void (*emit)(void *ctx, const struct stats_line *line), void *ctx)
{
	char number[16];

	for (unsigned int i = 0; i < count; i++) {
		if (values[i] == 0) {
			continue;
		}
		line.value = values[i];
		line.name = name_of != NULL ? name_of(i) : NULL;
		if (line.name == NULL) {
			fmt_str(number, sizeof(number), "#%u", i);
			line.name = i == count - 1 ? "other" : number;
		}
		emit(ctx, &line);
	}
}

void stats_for_each(const struct cpu_stats *stats,
		    void (*emit)(void *ctx, const struct stats_line *line), void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(stat_texts); i++) {
		const struct stat_text *row = &stat_texts[i];
		u64 value = *(const u64 *)((const char *)stats + row->offset);

		if (value != 0) {
			emit(ctx,
			     &(struct stats_line){ "counter", "-", row->name, row->text, value });
		}
	}
	for (int level = 0; level < STATS_LEVELS; level++) {
		struct stats_line line = { "exit", level_names[level], NULL, "", 0 };

		list_indexed(stats->exits[level], STATS_EXITS, line, exit_name, emit, ctx);
		line.group = "hypercall";
		list_indexed(stats->calls[level], STATS_HYPERCALLS, line, hypercall_name, emit,
			     ctx);
	}
}
