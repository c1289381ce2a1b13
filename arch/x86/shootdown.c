/* SPDX-License-Identifier: MIT */
/* Asking VPs for flushes, and waiting for those that are in a guest. */
#include "arch/x86/shootdown.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/lapic.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/vcpu.h"

/* A kick takes microseconds: after so many polls it is sent once more, and said so. */
#define POLLS_UNTIL_KICK 20000000u

static void await(struct vcpu *v, u64 want)
{
	u32 polls = 0;

	while (tlb_must_wait(&v->shared.tlb, want)) {
		cpu_pause();
		if (panic_active()) {
			panic_stop();
		}
		if (++polls == POLLS_UNTIL_KICK) {
			polls = 0;
			log_limited(LOG_WARN, "CPU %u does not answer a flush: kicked again",
				    v->id);
			/* Not vcpu_kick(): the NMI that it believes on its way is the lost one. */
			__atomic_store_n(&v->shared.kicked, 1, __ATOMIC_SEQ_CST);
			lapic_send_nmi(v->apic_id);
		}
	}
}

void shootdown_vps(const struct vp_set *targets)
{
	u64 want[MAX_CPUS];
	struct percpu *self = this_cpu();
	u32 i;

	vp_set_for_each(i, targets) {
		struct vcpu *v = i < MAX_CPUS ? vcpus[i] : NULL;

		if (!v) {
			continue;
		}
		want[i] = tlb_want(&v->shared.tlb);
		if (v->cpu != self && tlb_must_wait(&v->shared.tlb, want[i])) {
			vcpu_kick(v);
		}
	}
	vp_set_for_each(i, targets) {
		if (i < MAX_CPUS && vcpus[i] && vcpus[i]->cpu != self) {
			await(vcpus[i], want[i]);
		}
	}
}

void shootdown_slat(void)
{
	struct vp_set all = vp_set_first(cpu_count());

	for (u32 i = 0; i < cpu_count(); i++) {
		if (vcpus[i]) {
			__atomic_fetch_or(&vcpus[i]->shared.requests, REQUEST_SLAT_DROP,
					  __ATOMIC_SEQ_CST);
		}
	}
	shootdown_vps(&all);
}
