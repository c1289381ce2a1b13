/* SPDX-License-Identifier: MIT */
/*
 * Each kind of event that L1 injects arrives in L2 exactly once, before L2's next instruction,
 * with its error code, address and return address.
 */
#include "tests/lib/l2_events.h"
#include "tests/lib/payload.h"

const char test_title[] = "event injection";

asm(".pushsection .text\ni_end: vmmcall\n.popsection");

static struct l2 l2;

static void inject(const struct l2_event *e)
{
	l2_init(&l2);
	l2_use_npt_of_cmdline(&l2);
	l2_start_at(&l2, l2_code_end);
	l2_event_inject(&l2, e);
	l2_run_expect(&l2, e->name, EXIT_VMMCALL);
	l2_event_check(e, 1, l2_code_end);
	check(!(l2.vmcb->exit_int_info & EVENT_VALID), "%s: EXITINTINFO is valid after it",
	      e->name);
	check(!(l2.vmcb->event_inj & EVENT_VALID), "%s: EVENTINJ is valid after it", e->name);
	l2_start_at(&l2, l2_code_end);
	l2_run_expect(&l2, e->name, EXIT_VMMCALL);
	l2_event_check(e, 1, l2_code_end);
}

/* An injected event is not intercepted [APM "Event Injection"]. */
static void intercepts_do_not_count(const struct l2_event *e)
{
	l2_init(&l2);
	l2_use_npt_of_cmdline(&l2);
	l2_start_at(&l2, l2_code_end);
	l2.vmcb->intercept[EXIT_EXCEPTION / 32] = ~0u;
	l2_intercept(&l2, EXIT_NMI, true);
	l2_intercept(&l2, EXIT_SWINT, true);
	l2_event_inject(&l2, e);
	l2_run_expect(&l2, e->name, EXIT_VMMCALL);
	l2_event_check(e, 1, l2_code_end);
}

void test_main(void)
{
	svm_require();
	l2.kvm_style = cmdline_has("kvm");
	l2_events_record();
	for (unsigned int i = 0; i < L2_EVENTS; i++) {
		inject(&l2_events[i]);
		intercepts_do_not_count(&l2_events[i]);
	}
	report_success();
}
