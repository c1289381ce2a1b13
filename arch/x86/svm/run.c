/* SPDX-License-Identifier: MIT */
/*
 * The inner loop of a VP under SVM: serve requests, deliver events, enter, dispatch the exit.
 * Plinth runs with GIF=0 throughout; an NMI kick that comes while it does stays pending and ends
 * the next VMRUN at once, so no wish of another CPU is slept over.
 */
#include "arch/x86/svm/svm.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/svm/exit_rows.h"
#include "arch/x86/svm/insn.h"
#include "arch/x86/svm/nmi.h"
#include "arch/x86/svm/vmcb01.h"

#define CLEAN_ALL     GENMASK(10, 0)
#define TPR_HOLDS_ALL 15

void svm_idle(u32 *requests);

void svm_inject(struct vmcb *vmcb, u64 event)
{
	vmcb->control.eventinj = event | EVENT_V;
}

void svm_inject_exception(struct svm_vcpu *s, u8 vector, bool has_error, u32 error)
{
	u64 event = FIELD_PREP(EVENT_VECTOR_MASK, vector) |
		    FIELD_PREP(EVENT_TYPE_MASK, EVENT_TYPE_EXCEPTION);

	if (has_error) {
		event |= EVENT_EV | FIELD_PREP(EVENT_ERROR_CODE_MASK, error);
	}
	if (s->v.in_l2 && svm_l1_asked(&s->vmcb12->control, VMEXIT_EXCP + vector)) {
		svm_nested_exit(s, VMEXIT_EXCP + vector, has_error ? error : 0, 0);
		return;
	}
	svm_inject(svm_vmcb(s), event);
	s->v.cpu->stats.inject_exception++;
	trace_event(&s->v.cpu->trace, TRACE_KVM_INJ_EXCEPTION, TRACE_L1, vector, error,
		    svm_vmcb(s)->save.rip);
}

void svm_finish(struct svm_vcpu *s, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NEXT:
		svm_skip(s);
		break;
	case OUTCOME_AGAIN:
		break;
	case OUTCOME_GP:
		svm_inject_exception(s, VECTOR_GP, true, 0);
		break;
	case OUTCOME_UD:
		svm_inject_exception(s, VECTOR_UD, false, 0);
		break;
	}
}

/*
 * L1's interrupts are delivered by the hardware, so while L1's GIF is 0 the hardware must hold
 * them: V_INTR_MASKING puts physical interrupts under Plinth's RFLAGS.IF, which is 0. It also turns
 * CR8 into V_TPR, so that moves along. Bochs lets them through all the same while L1's own IF is 1
 * (KVM has it so around VMRUN). The real TPR, which L1's CR8 does not reach then, holds those that
 * Bochs has not signalled yet; one that it has still comes, as the spurious vector.
 */
void svm_set_gif(struct svm_vcpu *s, bool gif)
{
	struct vmcb *vmcb = s->vmcb01;

	if (s->gif == gif) {
		return;
	}
	s->gif = gif;
	if (!gif) {
		vmcb->control.int_ctl = V_INTR_MASKING | read_cr8();
		write_cr8(TPR_HOLDS_ALL);
	} else {
		write_cr8(vmcb->control.int_ctl & GENMASK(3, 0));
		vmcb->control.int_ctl = 0;
	}
	vmcb_dirty(vmcb, CLEAN_TPR);
}

static void wait_for_sipi(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;

	if (vcpu_wait_for_sipi(v, svm_idle)) {
		slat_drop_all(&s->slat);
		s->tlb_flush = true;
		vmcb01_start_at_sipi(s, __atomic_load_n(&v->shared.sipi_vector, __ATOMIC_ACQUIRE));
	}
}

static void serve_requests(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;
	u32 requests = vcpu_requests_take(v);

	if (requests & REQUEST_SLAT_DROP) {
		slat_drop_all(&s->slat);
		s->tlb_flush = true;
	}
	if (requests & REQUEST_NMI) {
		v->nmi_pending = true;
	}
	vcpu_take_init(v, requests);
	wait_for_sipi(s);
}

/* Gives L1 (or L2, when L1 leaves NMIs to it) an NMI that waits, if its state allows it. */
static void deliver_nmi(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;

	if (v->in_l2 && (s->vmcb12->control.intercept_misc1 & INTERCEPT_NMI)) {
		if (s->vmcb02->control.eventinj & EVENT_V) {
			vcpu_kick(v); /* comes back right after that injection */
			return;
		}
		svm_nested_exit(s, VMEXIT_NMI, 0, 0);
	}
	if (!s->gif || v->nmi_masked) {
		return;
	}
	if (svm_vmcb(s)->control.eventinj & EVENT_V) {
		vcpu_kick(v);
		return;
	}
	/* Its IRET has not run yet: an NMI before that would use the handler's stack again. */
	if (s->iret_rip && svm_vmcb(s)->save.rip == s->iret_rip) {
		svm_step_over_iret(s);
		return;
	}
	s->iret_rip = 0;
	/* If the IRET faulted, its step never came: the next #DB is L1's own. */
	s->vmcb01->control.intercept_exceptions &= ~(u32)BIT(VECTOR_DB);
	s->stepping = false;
	svm_inject(svm_vmcb(s), FIELD_PREP(EVENT_TYPE_MASK, EVENT_TYPE_NMI) | VECTOR_NMI);
	v->nmi_pending = false;
	v->nmi_masked = true;
	svm_vmcb(s)->control.intercept_misc1 |= INTERCEPT_IRET;
	vmcb_dirty(svm_vmcb(s), CLEAN_I);
	v->cpu->stats.inject_nmi++;
	trace_event(&v->cpu->trace, TRACE_INJ_NMI, v->in_l2 ? TRACE_L2 : TRACE_L1, 0,
		    svm_vmcb(s)->save.rip, 0);
}

/* The flush rides on the entry: TLB_CONTROL acts before the first guest instruction. */
static void pay_flush(struct svm_vcpu *s, struct vmcb *vmcb)
{
	vmcb->control.tlb_control = TLB_CONTROL_FLUSH_ALL;
	s->tlb_flush = false;
	s->v.cpu->stats.flush_served++;
	tlb_paid(&s->v.shared.tlb);
}

/*
 * [APM "EXITINTINFO Pseudo-Code"], where QEMU differs: it calls an external interrupt whose
 * delivery faulted an exception, though no exception has such a vector, and leaves V_IRQ set for a
 * virtual one that is in EXITINTINFO already.
 */
static void correct_event(struct vmcb_control *c)
{
	u64 vector = FIELD_GET(EVENT_VECTOR_MASK, c->exitintinfo);

	if (FIELD_GET(EVENT_TYPE_MASK, c->exitintinfo) == EVENT_TYPE_EXCEPTION && vector > 31) {
		c->exitintinfo &= ~(EVENT_TYPE_MASK | EVENT_EV | EVENT_ERROR_CODE_MASK);
	}
	if (FIELD_GET(EVENT_TYPE_MASK, c->exitintinfo) == EVENT_TYPE_INTR &&
	    FIELD_GET(V_INTR_VECTOR_MASK, c->int_ctl) == vector) {
		c->int_ctl &= ~V_IRQ;
	}
}

/*
 * The exit came while an event was being delivered. L2's is svm_exit_l2's to place; L1's own goes
 * on at the next entry, but for what an instruction raised: RIP is still at that one.
 */
static void exit_in_delivery(struct svm_vcpu *s)
{
	u64 event;

	correct_event(&svm_vmcb(s)->control);
	if (s->v.in_l2) {
		svm_exit_l2(s);
		return;
	}
	event = s->vmcb01->control.exitintinfo;
	svm_exit_l1(s);
	if (!s->v.in_l2 && !(s->vmcb01->control.eventinj & EVENT_V) &&
	    !svm_event_is_of_insn(event)) {
		s->vmcb01->control.eventinj = event;
		s->v.cpu->stats.inject_again++;
	}
}

static __hot void enter(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;
	struct vmcb *vmcb = s->vmcb01;
	u64 spa = v->entry_word[SVM_SPA_VMCB01];
	u32 host_if = 0;
	bool owed;

	if (v->in_l2) {
		svm_nested_prepare(s);
		vmcb = s->vmcb02;
		spa = s->vmcb02_spa;
		host_if = s->l1_if && s->gif;
	}
	owed = tlb_enter(&v->shared.tlb) || s->tlb_flush;
	/* Pairs with vcpu_request(): it saw us in the guest, or we see its wish now. */
	if (unlikely(__atomic_load_n(&v->shared.requests, __ATOMIC_SEQ_CST))) {
		tlb_leave(&v->shared.tlb);
		serve_requests(s);
		return;
	}
	if (unlikely(owed)) {
		pay_flush(s, vmcb);
	}
	s->injected = vmcb->control.eventinj;
	vmcb->save.rax = v->gpr[GPR_RAX];
	vmcb->save.rsp = v->gpr[GPR_RSP];
	svm_enter_guest(s, spa, host_if);
	tlb_leave(&v->shared.tlb);
	v->gpr[GPR_RAX] = vmcb->save.rax;
	v->gpr[GPR_RSP] = vmcb->save.rsp;
	vmcb->control.tlb_control = TLB_CONTROL_NOTHING;
	vmcb->control.clean = CLEAN_ALL;
	vmcb->control.eventinj = 0;
	if (unlikely(vmcb->control.exitintinfo & EVENT_V)) {
		exit_in_delivery(s);
	} else if (v->in_l2) {
		svm_exit_l2(s);
	} else {
		svm_exit_l1(s);
	}
}

void svm_run(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v);

	clgi();
	/* An NMI from before L1's first instruction is not L1's. */
	svm_take_nmi();
	svm_serve_shell(v->cpu);
	wait_for_sipi(s);
	for (;;) {
		if (unlikely(v->nmi_pending)) {
			deliver_nmi(s);
		}
		enter(s);
	}
}
