/* SPDX-License-Identifier: MIT */
/* L1's local APIC writes. */
#include "arch/x86/apic.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/lapic.h"
#include "arch/x86/percpu.h"

#define APIC_LDR	 0x0d0
#define APIC_DFR	 0x0e0
#define APIC_LVT_FIRST	 0x320
#define APIC_LVT_LAST	 0x370
#define LVT_MASKED	 BIT(16)
#define SVR_RESET	 0xff
#define XAPIC_BROADCAST	 0xffu
#define X2APIC_BROADCAST 0xffffffffu
#define DFR_FLAT	 0xf

struct ipi {
	u32 low;
	u32 dest; /* as the mode has it: 8 or 32 bits */
	bool x2apic;
};

/* [APM "Physical Destination Mode" and "Logical Destination Mode"] */
static bool logical_match(const struct vcpu *target, const struct ipi *ipi)
{
	u32 id, cluster;

	if (ipi->x2apic) {
		cluster = target->apic_id >> 4;
		return cluster == ipi->dest >> 16 && (ipi->dest & BIT(target->apic_id & 15));
	}
	id = target->ldr >> 24;
	if (target->dfr >> 28 == DFR_FLAT) {
		return id & ipi->dest;
	}
	return id >> 4 == ipi->dest >> 4 && (id & ipi->dest & 0xf);
}

static bool is_target(const struct vcpu *sender, const struct vcpu *target, const struct ipi *ipi)
{
	switch (FIELD_GET(ICR_SHORTHAND_MASK, ipi->low)) {
	case ICR_SHORTHAND_SELF:
		return target == sender;
	case ICR_SHORTHAND_ALL:
		return true;
	case ICR_SHORTHAND_OTHERS:
		return target != sender;
	}
	if (ipi->dest == (ipi->x2apic ? X2APIC_BROADCAST : XAPIC_BROADCAST)) {
		return true;
	}
	return ipi->low & ICR_DEST_LOGICAL ? logical_match(target, ipi)
					   : target->apic_id == ipi->dest;
}

static void request_targets(struct vcpu *v, const struct ipi *ipi, u32 request)
{
	for (u32 i = 0; i < cpu_count(); i++) {
		struct vcpu *target = vcpus[i];

		if (!target || !is_target(v, target, ipi)) {
			continue;
		}
		if (request == REQUEST_INIT && i == 0) {
			log_limited(LOG_WARN,
				    "an INIT for the boot CPU is ignored: reset the machine");
			continue;
		}
		if (request == REQUEST_SIPI) {
			__atomic_store_n(&target->shared.sipi_vector,
					 low32(FIELD_GET(ICR_VECTOR_MASK, ipi->low)),
					 __ATOMIC_RELEASE);
		}
		vcpu_request(target, request);
	}
}

/* True: done. False: the hardware is to send it. */
static bool emulate_ipi(struct vcpu *v, const struct ipi *ipi)
{
	v->cpu->stats.apic_ipi++;
	trace_event(&v->cpu->trace, TRACE_KVM_APIC_IPI, TRACE_L1, ipi->low, ipi->dest, 0);
	switch (FIELD_GET(ICR_DELIVERY_MASK, ipi->low)) {
	case ICR_DELIVERY_INIT:
		/* The de-assert only synchronises arbitration ids. */
		if (!(ipi->low & ICR_TRIGGER_LEVEL) || (ipi->low & ICR_ASSERT)) {
			request_targets(v, ipi, REQUEST_INIT);
		}
		return true;
	case ICR_DELIVERY_STARTUP:
		request_targets(v, ipi, REQUEST_SIPI);
		return true;
	case ICR_DELIVERY_NMI:
		request_targets(v, ipi, REQUEST_NMI);
		return true;
	case ICR_DELIVERY_SMI:
		log_limited(LOG_WARN, "L1 CPU %u: an SMI by IPI is dropped", v->id);
		return true;
	}
	return false;
}

void apic_write(struct vcpu *v, u32 reg, u32 value)
{
	struct ipi ipi = { .low = value, .dest = v->icr_high >> 24 };

	switch (reg) {
	case APIC_ICR_HIGH:
		v->icr_high = value;
		break;
	case APIC_ICR_LOW:
		if (emulate_ipi(v, &ipi)) {
			return;
		}
		break;
	case APIC_LDR:
		v->ldr = value;
		break;
	case APIC_DFR:
		v->dfr = value;
		break;
	}
	lapic_write(reg, value);
}

enum outcome apic_write_x2apic_icr(struct vcpu *v, u64 value)
{
	struct ipi ipi = { .low = low32(value), .dest = high32(value), .x2apic = true };

	if (!lapic_is_x2apic()) {
		return OUTCOME_GP;
	}
	if (emulate_ipi(v, &ipi)) {
		return OUTCOME_NEXT;
	}
	return wrmsr_safe(MSR_X2APIC_ICR, value) ? OUTCOME_NEXT : OUTCOME_GP;
}

/*
 * The base stays where it is and the APIC stays on: the kick depends on it, and Bochs never turns
 * an APIC on again. x2APIC mode may be entered; leaving it needs the off state, so it is refused.
 */
enum outcome apic_write_base(struct vcpu *v, u64 value)
{
	u64 fixed = PAGE_MASK | APIC_BASE_BSP | APIC_BASE_EN;
	u64 old = v->apic_base;

	if ((value ^ old) & fixed || ((old & ~value) & APIC_BASE_EXTD)) {
		log_limited(LOG_WARN, "L1 CPU %u: IA32_APIC_BASE %llx is refused", v->id,
			    (unsigned long long)value);
		return OUTCOME_GP;
	}
	if (value != old && !wrmsr_safe(MSR_APIC_BASE, value)) {
		return OUTCOME_GP;
	}
	v->apic_base = value;
	return OUTCOME_NEXT;
}

void apic_reset(struct vcpu *v)
{
	for (u32 lvt = APIC_LVT_FIRST; lvt <= APIC_LVT_LAST; lvt += 0x10) {
		lapic_write(lvt, LVT_MASKED);
	}
	lapic_write(APIC_TIMER_INITIAL, 0);
	lapic_write(APIC_TPR, 0);
	lapic_write(APIC_SVR, SVR_RESET);
	v->icr_high = 0;
	v->ldr = 0;
	v->dfr = ~0u;
	if (!lapic_is_x2apic()) {
		lapic_write(APIC_LDR, 0);
		lapic_write(APIC_DFR, ~0u);
	}
}
