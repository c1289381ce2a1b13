/* SPDX-License-Identifier: MIT */
/* Access to the local APIC in whichever mode L1 or firmware has put it. */
#include "arch/x86/lapic.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/memory.h"
#include "arch/x86/spec.h"
#include "lib/err.h"

#define ICR_WAIT_POLLS 1000000u

static volatile u8 *page;

bool lapic_is_x2apic(void)
{
	u64 want = APIC_BASE_EN | APIC_BASE_EXTD;

	return (rdmsr(MSR_APIC_BASE) & want) == want;
}

u32 lapic_read(u32 reg)
{
	u64 value = 0;

	/* A register that this APIC does not have is #GP in x2APIC mode. */
	if (lapic_is_x2apic()) {
		return rdmsr_safe(MSR_X2APIC_FIRST + (reg >> 4), &value) ? low32(value) : 0;
	}
	return *(volatile u32 *)(page + reg);
}

void lapic_write(u32 reg, u32 value)
{
	if (lapic_is_x2apic()) {
		if (!wrmsr_safe(MSR_X2APIC_FIRST + (reg >> 4), value)) {
			log_limited(LOG_DEBUG, "the local APIC refuses %x in register %x", value,
				    reg);
		}
		return;
	}
	*(volatile u32 *)(page + reg) = value;
}

u32 lapic_id(void)
{
	u32 id = lapic_read(APIC_ID);

	return lapic_is_x2apic() ? id : id >> 24;
}

static bool icr_idle(void)
{
	for (u32 i = 0; i < ICR_WAIT_POLLS; i++) {
		if (!(lapic_read(APIC_ICR_LOW) & ICR_PENDING)) {
			return true;
		}
		cpu_pause();
	}
	return false;
}

bool lapic_send(u32 dest, u32 low)
{
	u32 high;

	if (lapic_is_x2apic()) {
		wrmsr(MSR_X2APIC_ICR, make64(dest, low));
		return true;
	}
	if (!icr_idle()) {
		return false;
	}
	high = lapic_read(APIC_ICR_HIGH);
	lapic_write(APIC_ICR_HIGH, dest << 24);
	lapic_write(APIC_ICR_LOW, low);
	lapic_write(APIC_ICR_HIGH, high);
	return true;
}

void lapic_send_nmi(u32 dest)
{
	lapic_send(dest, (u32)(FIELD_PREP(ICR_DELIVERY_MASK, ICR_DELIVERY_NMI) | ICR_ASSERT));
}

int lapic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if ((base & PAGE_MASK & GENMASK(51, 0)) != LAPIC_DEFAULT_BASE) {
		return -ENODEV_;
	}
	if (!(base & APIC_BASE_EN)) {
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_EN);
	}
	page = memory_map_mmio(LAPIC_DEFAULT_BASE, PAGE_SIZE);
	return page ? 0 : -ENOMEM_;
}
