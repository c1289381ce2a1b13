/* SPDX-License-Identifier: MIT */
/* NMIs under SVM. */
#include "arch/x86/svm/nmi.h"

#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/shell_io.h"
#include "arch/x86/svm/insn.h"

void svm_nmi_arrived(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;
	bool ours;

	svm_take_nmi();
	if (panic_active()) {
		panic_stop();
	}
	ours = shell_nmi(v->cpu);
	if (ours) {
		/* Polling arms the UART anew: the edges of that are its own, and end here. */
		svm_take_nmi();
	}
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
