/* SPDX-License-Identifier: MIT */
/* Reading and decoding of the flight recorder; see trace.h. */
#include "arch/x86/trace.h"

#include "lib/bits.h"
#include "lib/printf.h"
#include "lib/string.h"

struct kind_text {
	const char *event;
	const char *names[3]; /* of a, b, c; NULL: not used */
};

static const struct kind_text kind_texts[TRACE_KINDS] = {
#define TRACE_KIND(name, event, a, b, c) [TRACE_##name] = { event, { a, b, c } },
#include "arch/x86/trace_kinds.def"
#undef TRACE_KIND
};

static struct trace_ring *rings[TRACE_CPUS];
static const char *(*reason_name)(u64 reason);
static const char *(*hypercall_name)(u64 code);

void trace_init(struct trace_ring *ring, unsigned int cpu)
{
	memset(ring, 0, sizeof(*ring));
	ring->cpu = (u32)(u8)cpu << 16;
	ring->step = sizeof(struct trace_event);
	if (cpu < TRACE_CPUS) {
		rings[cpu] = ring;
	}
}

const struct trace_ring *trace_ring_of(unsigned int cpu)
{
	return cpu < TRACE_CPUS ? rings[cpu] : NULL;
}

void trace_set_enabled(bool on)
{
	for (unsigned int cpu = 0; cpu < TRACE_CPUS; cpu++) {
		if (rings[cpu] != NULL) {
			__atomic_store_n(&rings[cpu]->step, on ? sizeof(struct trace_event) : 0,
					 __ATOMIC_RELAXED);
		}
	}
}

bool trace_is_enabled(void)
{
	for (unsigned int cpu = 0; cpu < TRACE_CPUS; cpu++) {
		if (rings[cpu] != NULL) {
			return rings[cpu]->step != 0;
		}
	}
	return false;
}

static u64 events_recorded(const struct trace_ring *ring)
{
	return __atomic_load_n(&ring->end, __ATOMIC_ACQUIRE) / sizeof(struct trace_event);
}

unsigned int trace_snapshot(const struct trace_ring *ring, struct trace_event *out,
			    unsigned int max)
{
	u64 end = events_recorded(ring);
	u64 first = end - MIN(MIN(end, (u64)max), (u64)TRACE_KEPT);
	u64 lost;
	u64 later;

	for (u64 i = first; i < end; i++) {
		out[i - first] = ring->events[i % TRACE_EVENTS];
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	later = events_recorded(ring);
	/* Event i shares its slot with i + TRACE_EVENTS: gone once that one may have been begun. */
	lost = later > first + TRACE_KEPT ? later - TRACE_KEPT - first : 0;
	lost = MIN(lost, end - first);
	memmove(out, out + lost, (size_t)(end - first - lost) * sizeof(*out));
	return (unsigned int)(end - first - lost);
}

void trace_set_names(const char *(*reason)(u64 reason), const char *(*hypercall)(u64 code))
{
	reason_name = reason;
	hypercall_name = hypercall;
}

const char *trace_level_name(unsigned int level)
{
	static const char *const names[] = {
		[TRACE_HOST] = "host",
		[TRACE_L1] = "L1",
		[TRACE_L2] = "L2",
	};

	return level < ARRAY_SIZE(names) ? names[level] : "?";
}

static const char *value_text(const char *name, u64 value)
{
	if (reason_name != NULL && strcmp(name, "reason") == 0) {
		return reason_name(value);
	}
	if (hypercall_name != NULL && strcmp(name, "code") == 0) {
		return hypercall_name(value);
	}
	return NULL;
}

void trace_format(const struct trace_event *event, char *buf, size_t size)
{
	const u64 values[3] = { event->a, event->b, event->c };
	const struct kind_text *kind = &kind_texts[event->kind < TRACE_KINDS ? event->kind : 0];
	size_t len = fmt_str(buf, size, "%s level=%s", kind->event, trace_level_name(event->level));

	for (size_t i = 0; i < ARRAY_SIZE(values) && len < size; i++) {
		const char *text;

		if (kind->names[i] == NULL) {
			continue;
		}
		len += fmt_str(buf + len, size - len, " %s=0x%lx", kind->names[i], values[i]);
		text = value_text(kind->names[i], values[i]);
		if (text != NULL && len < size) {
			len += fmt_str(buf + len, size - len, "(%s)", text);
		}
	}
}
