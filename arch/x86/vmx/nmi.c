/* SPDX-License-Identifier: MIT */
/* NMIs under VMX. */
#include "arch/x86/vmx/nmi.h"

#include "arch/x86/panic.h"
#include "arch/x86/shell_io.h"
#include "arch/x86/vmx/insn.h"

#define SHELL_POLLS 64

/* Takes note of the NMIs since the last call; *foreign: how many of them were no kicks. */
static void count_new(struct vmx_vcpu *x, u32 *foreign)
{
	struct percpu *cpu = x->v.cpu;
	u32 seen = (u32)x->v.entry_word[VMX_WORD_NMIS];
	u32 nmis, kicks;

	/* An NMI may come between the two loads. */
	do {
		nmis = __atomic_load_n(&cpu->nmis, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		kicks = __atomic_load_n(&cpu->kicks, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	} while (nmis != __atomic_load_n(&cpu->nmis, __ATOMIC_RELAXED));
	*foreign = (nmis - seen) - (kicks - x->v.kicks_seen);
	x->v.entry_word[VMX_WORD_NMIS] = nmis;
	x->v.kicks_seen = kicks;
}

/* The console's edge may be among them, and then there is no other until it is served. */
void vmx_nmi_forget(struct vmx_vcpu *x)
{
	u32 foreign;

	for (unsigned int i = 0; i < SHELL_POLLS; i++) {
		count_new(x, &foreign);
		if (!shell_serve(x->v.cpu)) {
			break;
		}
	}
}

/*
 * The shell is polled whatever was counted: its NMI may have merged with a kick while they were
 * blocked. Polling arms its UART anew, and the NMIs of that come at once: they end here.
 */
void vmx_nmi_arrived(struct vmx_vcpu *x)
{
	struct vcpu *v = &x->v;
	u32 foreign, ignored;
	bool console, again;

	count_new(x, &foreign);
	if (panic_active()) {
		panic_stop();
	}
	console = foreign ? shell_nmi(v->cpu) : shell_serve(v->cpu);
	again = console;
	for (unsigned int i = 0; i < SHELL_POLLS && again; i++) {
		count_new(x, &ignored);
		again = shell_serve(v->cpu);
	}
	if (console || !foreign) {
		v->cpu->stats.kick_taken++;
	} else {
		v->cpu->stats.nmi_l1++;
		v->nmi_pending = true;
	}
}

static void watch_window(bool on)
{
	u64 controls = vmread(VMCS_primary_controls);

	vmwrite(VMCS_primary_controls,
		on ? controls | PROC_NMI_WINDOW : controls & ~(u64)PROC_NMI_WINDOW);
}

/*
 * "Virtual NMIs" keeps L1's blocking in the VMCS, and its IRET ends it without an exit. Neither
 * behind STI nor behind MOV SS may one be injected. [SDM "Checks on Guest Non-Register State"]
 */
void vmx_nmi_deliver(struct vmx_vcpu *x)
{
	u64 blocked = INTERRUPTIBILITY_NMI | INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;

	if ((vmread(VMCS_guest_interruptibility) & blocked) ||
	    (vmread(VMCS_entry_intr_info) & INTR_VALID)) {
		watch_window(true);
		return;
	}
	watch_window(false);
	vmx_inject((u32)FIELD_PREP(INTR_TYPE_MASK, INTR_TYPE_NMI) | VECTOR_NMI, 0);
	x->v.nmi_pending = false;
	x->v.cpu->stats.inject_nmi++;
	trace_event(&x->v.cpu->trace, TRACE_INJ_NMI, TRACE_L1, 0, x->exit_rip, 0);
}

void vmx_nmi_block_again(void)
{
	vmwrite(VMCS_guest_interruptibility,
		vmread(VMCS_guest_interruptibility) | INTERRUPTIBILITY_NMI);
}
