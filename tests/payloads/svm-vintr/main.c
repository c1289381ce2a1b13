/* SPDX-License-Identifier: MIT */
/*
 * A virtual interrupt of L1 reaches L2 when L2's flag and V_TPR let it, once, and V_IRQ is clear
 * then; with the VINTR intercept L2 leaves just before. (No case lets L2 write CR8 meanwhile:
 * QEMU 7.2 aborts at that.)
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "V_IRQ, V_TPR and the VINTR intercept";

#define VIRTUAL	 0x71
#define PRIORITY (VIRTUAL >> 4)

asm(".pushsection .text\ni_sti: nop; sti; nop; nop; vmmcall\ni_nop: nop; vmmcall\n.popsection");
extern const char i_sti[], i_nop[];

static const struct row {
	const char *name, *code;
	bool l2_if, intercept;
	u8 tpr;
	u64 int_ctl; /* more bits of it */
	u64 exit;
	u32 arrives;
} rows[] = {
	{ "at once", i_sti, true, false, 0, 0, EXIT_VMMCALL, 1 },
	{ "at STI", i_sti, false, false, 0, 0, EXIT_VMMCALL, 1 },
	{ "intercepted at once", i_sti, true, true, 0, 0, EXIT_VINTR, 0 },
	{ "intercepted at STI", i_sti, false, true, 0, 0, EXIT_VINTR, 0 },
	{ "under V_TPR", i_sti, true, false, PRIORITY + 1, 0, EXIT_VMMCALL, 0 },
	{ "under V_TPR, ignored", i_sti, true, false, 0xf, V_IGN_TPR, EXIT_VMMCALL, 1 },
	{ "with IF clear for ever", i_nop, false, false, 0, 0, EXIT_VMMCALL, 0 },
};

static struct l2 l2;

static void run_row(const struct row *r)
{
	volatile u32 *arrived = &trap_records[VIRTUAL].count;

	*arrived = 0;
	l2_init(&l2);
	l2_use_npt_of_cmdline(&l2);
	l2_start_at(&l2, r->code);
	l2.vmcb->rflags |= r->l2_if ? RFLAGS_IF : 0;
	l2.vmcb->int_ctl =
		(u32)(V_IRQ | V_INTR_PRIO(PRIORITY) | V_INTR_MASKING | V_TPR(r->tpr) | r->int_ctl);
	l2.vmcb->int_vector = VIRTUAL;
	l2_intercept(&l2, EXIT_VINTR, r->intercept);
	l2_run_expect(&l2, r->name, r->exit);
	check(*arrived == r->arrives, "%s: arrived %u times", r->name, *arrived);
	check(!(l2.vmcb->int_ctl & V_IRQ) == (r->arrives > 0), "%s: int_ctl is 0x%x", r->name,
	      l2.vmcb->int_ctl);
	if (r->exit == EXIT_VINTR) {
		l2_intercept(&l2, EXIT_VINTR, false);
		l2_run_expect(&l2, r->name, EXIT_VMMCALL);
		check(*arrived == 1, "%s: arrived %u times after the window", r->name, *arrived);
	}
	stgi();
}

void test_main(void)
{
	svm_require();
	trap_record(VIRTUAL);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_row(&rows[i]);
	}
	report_success();
}
