/* SPDX-License-Identifier: MIT */
/*
 * One event of each kind that L1 can inject, and what must have arrived in an L2 on L1's own IDT.
 */
#ifndef TESTS_LIB_L2_EVENTS_H
#define TESTS_LIB_L2_EVENTS_H

#include "tests/lib/l2.h"

struct l2_event {
	const char *name;
	u64 event; /* as EVENTINJ has it, without the valid bit */
};

#define L2_EVENTS 8
extern const struct l2_event l2_events[L2_EVENTS];

/* From now on the vectors of all events are recorded, and L2 goes on after them. */
void l2_events_record(void);

/* Puts the event into EVENTINJ, with CR2 for a page fault, and forgets what arrived before. */
void l2_event_inject(struct l2 *l2, const struct l2_event *e);

/* Checks that it arrived `times` times, with its error code, CR2 and this return address. */
void l2_event_check(const struct l2_event *e, u32 times, const void *rip);

#endif
