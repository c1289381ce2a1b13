/* SPDX-License-Identifier: MIT */
/* NMIs under SVM. */
#include "arch/x86/svm/nmi.h"

#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/shell_io.h"
#include "arch/x86/svm/insn.h"

#define SHELL_POLLS 64

/*
 * Polling arms the UART anew, and the edges of that end here: each NMI that is taken is followed by
 * one more poll, so that none is lost.
 */
bool svm_serve_shell(const struct percpu *cpu)
{
	bool raised = shell_nmi(cpu);
	bool again = raised;

	for (unsigned int i = 0; again && i < SHELL_POLLS; i++) {
		svm_take_nmi();
		again = shell_serve(cpu);
	}
	return raised;
}

void svm_nmi_arrived(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;
	bool ours;

	svm_take_nmi();
	if (panic_active()) {
		panic_stop();
	}
	ours = svm_serve_shell(v->cpu);
	/* After the last NMI taken here: it may have been a kick as well. */
	ours |= vcpu_kick_arrived(v);
	if (ours) {
		v->cpu->stats.kick_taken++;
	} else {
		v->cpu->stats.nmi_l1++;
		v->nmi_pending = true;
	}
}

void svm_iret_arrived(struct svm_vcpu *s, struct vmcb *vmcb)
{
	/*
	 * The intercept is before the instruction: unmasking now would let the next NMI in on top
	 * of a frame that IRET has not left yet, so it waits until RIP has moved on.
	 */
	s->v.nmi_masked = false;
	s->iret_rip = vmcb->save.rip;
	vmcb->control.intercept_misc1 &= ~(u32)INTERCEPT_IRET;
	vmcb_dirty(vmcb, CLEAN_I);
}

void svm_watch_iret(const struct svm_vcpu *s, struct vmcb *vmcb)
{
	if (unlikely(s->v.nmi_masked)) {
		vmcb->control.intercept_misc1 |= INTERCEPT_IRET;
		vmcb_dirty(vmcb, CLEAN_I);
	}
}

/*
 * RFLAGS.TF at the start of IRET traps behind it, whatever IRET makes of TF. L2's own NMIs, which
 * L1 left to the hardware, wait for the next exit instead.
 */
void svm_step_over_iret(struct svm_vcpu *s)
{
	struct vmcb *vmcb = s->vmcb01;

	/* A kick may end the entry before IRET has run: then TF is set, and it is ours. */
	if (s->v.in_l2 || s->stepping) {
		return;
	}
	s->stepping = true;
	s->l1_steps = vmcb->save.rflags & RFLAGS_TF;
	vmcb->save.rflags |= RFLAGS_TF;
	vmcb->control.intercept_exceptions |= (u32)BIT(VECTOR_DB);
	vmcb_dirty(vmcb, CLEAN_I);
}

void svm_step_arrived(struct svm_vcpu *s)
{
	struct vmcb *vmcb = s->vmcb01;

	vmcb->control.intercept_exceptions &= ~(u32)BIT(VECTOR_DB);
	vmcb_dirty(vmcb, CLEAN_I | CLEAN_DRX);
	s->stepping = false;
	s->iret_rip = 0;
	if (s->l1_steps) {
		/* L1 had TF set itself: the trap is its own, and the NMI comes after it. */
		svm_inject_exception(s, VECTOR_DB, false, 0);
	} else {
		vmcb->save.dr6 &= ~DR6_BS;
	}
}
