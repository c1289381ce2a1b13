/* SPDX-License-Identifier: MIT */
/* The wishes of CPUs for each other. */
#include "arch/x86/vcpu.h"

#include "arch/x86/lapic.h"
#include "arch/x86/percpu.h"

struct vcpu *vcpus[MAX_CPUS];

void vcpu_kick(struct vcpu *v)
{
	__atomic_store_n(&v->shared.kicked, 1, __ATOMIC_SEQ_CST);
	this_cpu()->stats.kick_sent++;
	lapic_send_nmi(v->apic_id);
}

bool vcpu_kick_arrived(struct vcpu *v)
{
	return __atomic_exchange_n(&v->shared.kicked, 0, __ATOMIC_SEQ_CST);
}

void vcpu_request(struct vcpu *v, u32 bits)
{
	__atomic_fetch_or(&v->shared.requests, bits, __ATOMIC_SEQ_CST);
	/*
	 * Pairs with the entry: it stores in_guest, then loads requests. A VP that waits for a SIPI
	 * sleeps outside of any guest, so INIT and SIPI wake it in any case.
	 */
	if (v->cpu != this_cpu() &&
	    (__atomic_load_n(&v->shared.tlb.in_guest, __ATOMIC_SEQ_CST) ||
	     (bits & (REQUEST_INIT | REQUEST_SIPI)))) {
		vcpu_kick(v);
	}
}

u32 vcpu_requests_take(struct vcpu *v)
{
	return __atomic_exchange_n(&v->shared.requests, 0, __ATOMIC_SEQ_CST);
}
