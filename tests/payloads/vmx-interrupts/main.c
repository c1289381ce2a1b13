/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts meet L2 as external-interrupt exiting, acknowledging and L2's flag say, each
 * once, and the interrupt window opens where the manual says: rows 1.8-23, 1.8-24.
 */
#include "tests/lib/apic.h"
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"
#include "tests/lib/wait.h"

const char test_title[] = "interrupts and the interrupt window on VMX";

#define PHYSICAL 0x61

asm(".pushsection .text\n"
    "i_sti: sti\n nop\ni_after_sti: nop\n vmcall\n"
    "i_ss: mov %eax, %ss\n nop\ni_after_ss: nop\n vmcall\n"
    "i_nops: nop\ni_after_nop: nop\n vmcall\n"
    "i_wait: hlt\n jmp i_wait\n"
    ".popsection");
extern const char i_sti[], i_after_sti[], i_ss[], i_after_ss[], i_nops[], i_after_nop[], i_wait[];

static struct vmx_l2 l2;

static void prepare(const char *code, bool l2_if)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, code);
	vset_bits(GUEST_RFLAGS, l2_if ? RFLAGS_IF : 0);
	l2.gprs.rax = SEL_DATA;
	this_cpu()->irq_count[PHYSICAL] = 0;
}

static const struct row {
	const char *name;
	bool exiting, ack, l2_if;
	u32 reason;
	u32 in_l2; /* deliveries through L2's IDT */
} rows[] = {
	{ "exiting", true, false, true, REASON_EXTINT, 0 },
	{ "exiting, acknowledged", true, true, true, REASON_EXTINT, 0 },
	{ "exiting, L2 with IF clear", true, false, false, REASON_EXTINT, 0 },
	{ "exiting, acknowledged, L2 with IF clear", true, true, false, REASON_EXTINT, 0 },
	{ "not exiting", false, false, true, REASON_VMCALL, 1 },
	{ "not exiting, L2 with IF clear", false, false, false, REASON_VMCALL, 0 },
};

static void physical_interrupt(const struct row *r)
{
	volatile u32 *count = &this_cpu()->irq_count[PHYSICAL];

	if (r->exiting && !r->l2_if && vmx_runs_on_bochs()) {
		check_skip("1.8-23 %s: Bochs 2.7 leaves it until L2's flag changes", r->name);
		return;
	}
	prepare(i_nops, r->l2_if);
	vset_bits(PIN_CONTROLS, r->exiting ? PIN_EXTINT : 0);
	vset_bits(EXIT_CONTROLS, r->ack ? EXITC_ACK_INTR : 0);
	apic_send(0, ICR_SELF | ICR_ASSERT | PHYSICAL);
	vmx_l2_expect(&l2, r->name, r->reason);
	check(*count == r->in_l2, "1.8-23 %s: %u deliveries in L2", r->name, *count);
	if (r->exiting) {
		check_eq(r->name, vget(GUEST_RIP), phys(i_nops));
		check_eq(r->name, vget(EXIT_INTR_INFO),
			 r->ack ? INFO_VALID | INFO_EXTINT | PHYSICAL : 0);
	}
	if (r->ack) {
		apic_eoi();
	}
	irq_enable();
	if (r->ack) {
		wait_a_little();
		check(*count == 0, "1.8-23 %s: acknowledged, and delivered again", r->name);
	} else {
		check(WAIT_FOR(*count == 1), "1.8-23 %s: %u deliveries in the end", r->name,
		      *count);
	}
	irq_disable();
}

/* Row of the window: where it opens, seen from the code that L2 starts at. */
static void window(const char *what, const char *code, bool l2_if, u64 blocking, const char *opens)
{
	prepare(code, l2_if);
	vset(GUEST_INTERRUPTIBILITY, blocking);
	vset_bits(PROC_CONTROLS, PROC_INTR_WINDOW);
	if (!opens) {
		vmx_l2_expect(&l2, what, REASON_VMCALL);
		return;
	}
	if (vmx_l2_expect(&l2, what, REASON_INTR_WINDOW)) {
		check(vget(GUEST_RIP) == phys(opens), "1.8-24 %s: RIP is %ld bytes off", what,
		      (s64)(vget(GUEST_RIP) - phys(opens)));
		check_eq(what, vget(GUEST_INTERRUPTIBILITY), 0);
	}
	vclear_bits(PROC_CONTROLS, PROC_INTR_WINDOW);
	vset(ENTRY_INTR_INFO, INFO_VALID | INFO_EXTINT | PHYSICAL);
	vmx_l2_expect(&l2, what, REASON_VMCALL);
	check(this_cpu()->irq_count[PHYSICAL] == 1, "1.8-24 %s: %u interrupts in L2", what,
	      this_cpu()->irq_count[PHYSICAL]);
}

static void timer_ends_hlt_of_l2(bool activity)
{
	prepare(activity ? i_nops : i_wait, true);
	vset_bits(PIN_CONTROLS, PIN_EXTINT);
	vset(GUEST_ACTIVITY, activity ? ACTIVITY_HLT : ACTIVITY_ACTIVE);
	apic_timer_start(PHYSICAL, 1000);
	bool left = vmx_l2_expect(&l2, "1.8-25 timer while L2 halts", REASON_EXTINT);

	if (vmx_runs_on_bochs()) {
		check_skip("1.8-25 activity saved at that exit: Bochs 2.7 says active");
	} else if (left) {
		check_eq("1.8-25 activity saved", vget(GUEST_ACTIVITY), ACTIVITY_HLT);
	}
	irq_enable();
	check(WAIT_FOR(this_cpu()->irq_count[PHYSICAL] == 1),
	      "1.8-25 the timer's interrupt does not reach L1");
	irq_disable();
}

/* An injected interrupt wakes it, and it does not halt again. */
static void injection_ends_hlt(void)
{
	prepare(i_nops, true);
	vset(GUEST_ACTIVITY, ACTIVITY_HLT);
	vset(ENTRY_INTR_INFO, INFO_VALID | INFO_EXTINT | PHYSICAL);
	vmx_l2_expect(&l2, "1.8-25 injection into HLT", REASON_VMCALL);
	check_eq("1.8-25 interrupts in L2", this_cpu()->irq_count[PHYSICAL], 1);
	if (vmx_is_of_bochs()) {
		check_skip("1.8-25 interrupt window in HLT: Bochs 2.7 does not wake for it");
		return;
	}
	prepare(i_nops, true);
	vset(GUEST_ACTIVITY, ACTIVITY_HLT);
	vset_bits(PROC_CONTROLS, PROC_INTR_WINDOW);
	vmx_l2_expect(&l2, "1.8-25 interrupt window in HLT", REASON_INTR_WINDOW);
}

void test_main(void)
{
	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		physical_interrupt(&rows[i]);
	}
	window("open at entry", i_nops, true, 0, i_nops);
	window("never open", i_nops, false, 0, NULL);
	window("opened by STI", i_sti, false, 0, i_after_sti);
	window("behind STI at entry", i_nops, true, BLOCKED_BY_STI, i_after_nop);
	window("behind MOV SS at entry", i_nops, true, BLOCKED_BY_MOV_SS, i_after_nop);
	timer_ends_hlt_of_l2(false);
	if (rdmsr(MSR_VMX_MISC) & MISC_HLT) {
		timer_ends_hlt_of_l2(true);
		injection_ends_hlt();
	}
	report_success();
}
