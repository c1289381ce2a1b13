/* SPDX-License-Identifier: MIT */
/* The wishes of CPUs for each other; INIT and SIPI. */
#include "arch/x86/vcpu.h"

#include "arch/x86/apic.h"
#include "arch/x86/lapic.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"

struct vcpu *vcpus[MAX_CPUS];

void vcpu_kick(struct vcpu *v)
{
	/*
	 * One NMI on its way does for all wishes: it is taken, and `kicked` cleared with it, after
	 * they were made and before they are looked for. A second one could come after the
	 * clearing, and would pass for L1's.
	 */
	if (__atomic_exchange_n(&v->shared.kicked, 1, __ATOMIC_SEQ_CST)) {
		return;
	}
	this_cpu()->stats.kick_sent++;
	lapic_send_nmi(v->apic_id);
}

void vcpu_nmi_taken(struct percpu *cpu)
{
	cpu->nmis++;
	/* Where the NMI itself is taken, so that the flag never outlives it, nor goes before it. */
	if (cpu->vcpu && __atomic_exchange_n(&cpu->vcpu->shared.kicked, 0, __ATOMIC_SEQ_CST)) {
		cpu->kicks++;
	}
}

bool vcpu_kick_arrived(struct vcpu *v)
{
	u32 kicks = __atomic_load_n(&v->cpu->kicks, __ATOMIC_RELAXED);
	bool taken = kicks != v->kicks_seen;

	v->kicks_seen = kicks;
	return taken;
}

void vcpu_request(struct vcpu *v, u32 bits)
{
	__atomic_fetch_or(&v->shared.requests, bits, __ATOMIC_SEQ_CST);
	/*
	 * Pairs with the entry: it stores in_guest, then loads requests. A VP that waits for a SIPI
	 * sleeps outside of any guest, so INIT and SIPI wake it in any case.
	 */
	if (v->cpu != this_cpu() && (__atomic_load_n(&v->shared.tlb.in_guest, __ATOMIC_SEQ_CST) ||
				     (bits & (REQUEST_INIT | REQUEST_SIPI)))) {
		vcpu_kick(v);
	}
}

u32 vcpu_requests_take(struct vcpu *v)
{
	return __atomic_exchange_n(&v->shared.requests, 0, __ATOMIC_SEQ_CST);
}

bool vcpu_wait_for_sipi(struct vcpu *v, void (*idle)(u32 *requests))
{
	if (likely(v->activity != VCPU_WAIT_SIPI)) {
		return false;
	}
	while (v->activity == VCPU_WAIT_SIPI) {
		idle(&v->shared.requests);
		if (panic_active()) {
			panic_stop();
		}
		vcpu_kick_arrived(v);
		if (vcpu_requests_take(v) & REQUEST_SIPI) {
			v->activity = VCPU_ACTIVE;
			v->cpu->stats.sipi++;
		}
	}
	return true;
}

void vcpu_take_init(struct vcpu *v, u32 requests)
{
	if (!(requests & REQUEST_INIT)) {
		return;
	}
	v->cpu->stats.init++;
	v->activity = VCPU_WAIT_SIPI;
	v->in_l2 = false;
	v->nmi_pending = false;
	v->nmi_masked = false;
	apic_reset(v);
	/* A SIPI that came along with the INIT is for the state that follows it. */
	if (requests & REQUEST_SIPI) {
		vcpu_request(v, REQUEST_SIPI);
	}
}
