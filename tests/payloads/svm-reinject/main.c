/* SPDX-License-Identifier: MIT */
/*
 * When the delivery of an event to L2 faults, EXITINTINFO names the event, and L1 completes it by
 * injecting just that again: exactly one arrives, however often it is done.
 */
#include "tests/lib/l2_events.h"
#include "tests/lib/payload.h"

const char test_title[] = "EXITINTINFO and injecting again";

#define IDT_WINDOW GIB(2) /* where L2's IDT is: hidden by the nested table at first */
#define ROUNDS	   50
#define INT_VECTOR 0x91

asm(".pushsection .text\ni_end: vmmcall\ni_int: int $0x91\ni_int_end: vmmcall\n.popsection");
extern const char i_int[], i_int_end[];

static struct l2 l2;
static u64 *npt;

static void prepare(const char *code)
{
	l2_init(&l2);
	l2_use_npt(&l2, npt);
	l2_start_at(&l2, code);
	l2.vmcb->idtr.base = IDT_WINDOW;
	*pt_entry(npt, IDT_WINDOW, PT_4K) = 0;
	l2.vmcb->tlb_control = TLB_FLUSH_ALL;
}

/* The table shows the page, and what did not arrive is injected. */
static void repair(void)
{
	pt_map(npt, IDT_WINDOW, read_idtr().base, PT_RWU, PT_4K);
	l2.vmcb->event_inj = l2.vmcb->exit_int_info;
	l2.vmcb->next_rip = l2.vmcb->rip; /* #VMEXIT cleared it [APM "State Saved on Exit"] */
	l2.vmcb->tlb_control = TLB_FLUSH_ALL;
}

static void injected_event(const struct l2_event *e)
{
	prepare(l2_code_end);
	l2_event_inject(&l2, e);
	u64 cr2 = l2.vmcb->cr2;

	if (!l2_run_expect(&l2, e->name, EXIT_NPF)) {
		return;
	}
	check_eq(e->name, l2.vmcb->exit_int_info & ~EVENT_ERROR_CODE,
		 (e->event & ~EVENT_ERROR_CODE) | EVENT_VALID);
	if (e->event & EVENT_EV) {
		check_eq(e->name, l2.vmcb->exit_int_info >> 32, e->event >> 32);
	}
	check_eq(e->name, l2.vmcb->rip, phys(l2_code_end));
	repair();
	l2.vmcb->cr2 = cr2;
	l2_run_expect(&l2, e->name, EXIT_VMMCALL);
	l2_event_check(e, 1, l2_code_end);
}

/* INT n of L2 itself: RIP stays at it, and injecting needs the address behind it. */
static void own_software_interrupt(void)
{
	prepare(i_int);
	trap_records[INT_VECTOR].count = 0;
	if (!l2_run_expect(&l2, "INT n", EXIT_NPF)) {
		return;
	}
	check_eq("EXITINTINFO of INT n", l2.vmcb->exit_int_info & ~EVENT_ERROR_CODE,
		 EVENT_SOFT_INT | INT_VECTOR | EVENT_VALID);
	check_eq("RIP of INT n", l2.vmcb->rip, phys(i_int));
	repair();
	l2.vmcb->rip = phys(i_int_end);
	l2.vmcb->next_rip = phys(i_int_end);
	l2_run_expect(&l2, "INT n, injected", EXIT_VMMCALL);
	check_eq("INT n", trap_records[INT_VECTOR].count, 1);
	check_eq("where INT n returns to", trap_records[INT_VECTOR].rip, phys(i_int_end));
}

/*
 * A software interrupt through an IDT that is too short. Of the error code only the flags are
 * judged: QEMU gives 16 times the vector where the manual has 8 times.
 */
static void fault_of_int(void)
{
	prepare(i_int);
	l2.vmcb->idtr.base = read_idtr().base;
	l2.vmcb->idtr.limit = 16 * VEC_DF - 1;
	l2_intercept(&l2, EXIT_EXCEPTION + VEC_GP, true);
	if (l2_run_expect(&l2, "INT n beyond the IDT", EXIT_EXCEPTION + VEC_GP)) {
		check_eq("flags of that error code", l2.vmcb->exit_info1 & 7, 2);
		check_eq("RIP of that #GP", l2.vmcb->rip, phys(i_int));
		check_eq("EXITINTINFO of that #GP", l2.vmcb->exit_int_info & ~EVENT_ERROR_CODE,
			 EVENT_SOFT_INT | INT_VECTOR | EVENT_VALID);
	}
}

void test_main(void)
{
	svm_require();
	l2.kvm_style = cmdline_has("kvm");
	npt = npt_create_identity(GIB(4), PT_2M);
	l2_events_record();
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < L2_EVENTS; i++) {
			injected_event(&l2_events[i]);
		}
		own_software_interrupt();
	}
	fault_of_int();
	report_success();
}
