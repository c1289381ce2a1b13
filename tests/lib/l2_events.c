/* SPDX-License-Identifier: MIT */
/* Events in the order of their types [APM "Event Injection"]. */
#include "tests/lib/l2_events.h"

#include "tests/lib/cmdline.h"
#include "tests/lib/report.h"

#define CR2 0x5678000

const struct l2_event l2_events[L2_EVENTS] = {
	{ "external interrupt", EVENT_INTR | 0x51 },
	{ "NMI", EVENT_NMI | VEC_NMI },
	{ "#UD", EVENT_EXCEPTION | VEC_UD },
	{ "#DB", EVENT_EXCEPTION | VEC_DB },
	{ "#GP", EVENT_EXCEPTION | VEC_GP | EVENT_EV | 0x1230ull << 32 },
	{ "#PF", EVENT_EXCEPTION | VEC_PF | EVENT_EV | (PFEC_RW | PFEC_US) << 32 },
	{ "#AC", EVENT_EXCEPTION | VEC_AC | EVENT_EV },
	{ "software interrupt", EVENT_SOFT_INT | 0x91 },
};

static u8 vector_of(const struct l2_event *e)
{
	return (u8)FIELD_GET(EVENT_VECTOR, e->event);
}

void l2_events_record(void)
{
	for (unsigned int i = 0; i < L2_EVENTS; i++) {
		trap_record(vector_of(&l2_events[i]));
	}
}

void l2_event_inject(struct l2 *l2, const struct l2_event *e)
{
	l2->vmcb->event_inj = e->event | EVENT_VALID;
	l2->vmcb->cr2 = CR2;
	l2->vmcb->next_rip = l2->vmcb->rip; /* what a software interrupt pushes where nRIP exists */
	trap_records[vector_of(e)].count = 0;
}

void l2_event_check(const struct l2_event *e, u32 times, const void *rip)
{
	const volatile struct trap_record *r = &trap_records[vector_of(e)];

	check(r->count == times, "%s: arrived %u times, want %u", e->name, r->count, times);
	check_eq(e->name, r->rip, phys(rip));
	check_eq(e->name, r->error_code, FIELD_GET(EVENT_ERROR_CODE, e->event));
	/* The word `no-cr2` is for machines whose VMRUN does not load CR2 (payloads.cfg). */
	if (vector_of(e) == VEC_PF && !cmdline_has("no-cr2")) {
		check_eq("CR2 with an injected #PF", r->cr2, CR2);
	}
}
