/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts and NMIs meet L2 as V_INTR_MASKING, the intercepts, GIF and both interrupt
 * flags say: an intercepted one leaves L2 and reaches L1 after STGI, once, and nothing of it
 * reaches L2.
 */
#include "tests/lib/apic.h"
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"
#include "tests/lib/wait.h"

const char test_title[] = "interrupts, NMI and GIF around L2";

#define PHYSICAL 0x61

asm(".pushsection .text\ni_end: vmmcall\ni_wait: hlt; jmp i_wait\n.popsection");
extern const char i_wait[];

static struct l2 l2;

/* A physical interrupt that waits for GIF, and L2 at `code` with its interrupt flag as given. */
static void prepare(const char *code, bool l2_if, bool pending)
{
	l2_init(&l2);
	l2_use_npt_of_cmdline(&l2);
	l2_start_at(&l2, code);
	l2.vmcb->rflags |= l2_if ? RFLAGS_IF : 0;
	clgi();
	this_cpu()->irq_count[PHYSICAL] = 0;
	this_cpu()->nmi_count = 0;
	if (pending) {
		apic_send(0, ICR_SELF | ICR_ASSERT | PHYSICAL);
	}
}

static const struct row {
	const char *name;
	bool masking, intercept, l1_if, l2_if;
	u64 exit;
	u32 before_stgi; /* deliveries, through either level's IDT, until STGI with IF=1 */
} rows[] = {
	{ "masking, intercept, L1 IF", true, true, true, false, EXIT_INTR, 0 },
	{ "masking, intercept, both IF", true, true, true, true, EXIT_INTR, 0 },
	{ "masking, intercept, L2 IF", true, true, false, true, EXIT_VMMCALL, 0 },
	{ "masking, intercept, no IF", true, true, false, false, EXIT_VMMCALL, 0 },
	{ "intercept, L2 IF", false, true, false, true, EXIT_INTR, 0 },
	{ "intercept, L1 IF", false, true, true, false, EXIT_VMMCALL, 0 },
	{ "nothing, L2 IF", false, false, false, true, EXIT_VMMCALL, 1 },
	{ "nothing, L1 IF", false, false, true, false, EXIT_VMMCALL, 0 },
};

static void physical_interrupt(const struct row *r)
{
	volatile u32 *count = &this_cpu()->irq_count[PHYSICAL];

	prepare(l2_code_end, r->l2_if, true);
	l2.vmcb->int_ctl = r->masking ? V_INTR_MASKING : 0;
	l2_intercept(&l2, EXIT_INTR, r->intercept);
	if (r->l1_if) {
		irq_enable();
	}
	l2_run_expect(&l2, r->name, r->exit);
	irq_enable();
	wait_a_little();
	check(*count == r->before_stgi, "%s: %u deliveries with GIF=0", r->name, *count);
	stgi();
	check(WAIT_FOR(*count == 1), "%s: %u deliveries after STGI", r->name, *count);
	irq_disable();
}

static void nmi_leaves_l2(void)
{
	prepare(l2_code_end, false, false);
	l2_intercept(&l2, EXIT_NMI, true);
	apic_send(apic_id(), ICR_NMI | ICR_ASSERT);
	l2_run_expect(&l2, "NMI", EXIT_NMI);
	check_eq("NMIs in L1 with GIF=0", this_cpu()->nmi_count, 0);
	stgi();
	check(WAIT_FOR(this_cpu()->nmi_count == 1), "the NMI does not reach L1 after STGI");
}

static void timer_ends_hlt_of_l2(void)
{
	prepare(i_wait, true, false);
	l2.vmcb->int_ctl = V_INTR_MASKING;
	l2_intercept(&l2, EXIT_INTR, true);
	apic_timer_start(PHYSICAL, 1000);
	irq_enable();
	l2_run_expect(&l2, "timer while L2 halts", EXIT_INTR);
	stgi();
	check(WAIT_FOR(this_cpu()->irq_count[PHYSICAL] == 1),
	      "the timer's interrupt does not reach L1");
	irq_disable();
}

void test_main(void)
{
	svm_require();
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		physical_interrupt(&rows[i]);
	}
	nmi_leaves_l2();
	timer_ends_hlt_of_l2();
	report_success();
}
