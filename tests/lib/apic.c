/* SPDX-License-Identifier: MIT */
/*
 * The local APIC in both of its modes; the mode is looked up at each access, so tests may switch.
 */
#include "tests/lib/apic.h"

#include "tests/lib/wait.h"
#include "tests/lib/x86.h"

#define SVR_ENABLE    BIT(8)
#define PIC1_DATA     0x21
#define PIC2_DATA     0xa1
#define CPUID1_X2APIC BIT(21)

bool apic_in_x2apic_mode(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

bool apic_offers_x2apic(void)
{
	return cpuid(1, 0).ecx & CPUID1_X2APIC;
}

void apic_enter_x2apic_mode(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_X2APIC);
}

static volatile u32 *page_register(enum apic_register r)
{
	return (volatile u32 *)(uintptr_t)((rdmsr(MSR_APIC_BASE) & PTE_ADDR) + r);
}

u32 apic_read(enum apic_register r)
{
	if (apic_in_x2apic_mode()) {
		return (u32)rdmsr(MSR_X2APIC_BASE + (u32)r / 16);
	}
	return *page_register(r);
}

void apic_write(enum apic_register r, u32 v)
{
	if (apic_in_x2apic_mode()) {
		wrmsr(MSR_X2APIC_BASE + (u32)r / 16, v);
	} else {
		*page_register(r) = v;
	}
}

u32 apic_id(void)
{
	u32 v = apic_read(APIC_ID);

	return apic_in_x2apic_mode() ? v : v >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_enable(void)
{
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_SVR, SVR_ENABLE | APIC_SPURIOUS_VECTOR);
}

bool apic_send(u32 dest, u32 low)
{
	if (apic_in_x2apic_mode()) {
		/* WRMSR to the ICR is not serializing: earlier stores must be out first. */
		asm volatile("mfence" : : : "memory");
		wrmsr(MSR_X2APIC_BASE + APIC_ICR / 16, make64(dest, low));
		return true;
	}
	*page_register(APIC_ICR_HIGH) = dest << 24;
	*page_register(APIC_ICR) = low;
	return WAIT_FOR(!(*page_register(APIC_ICR) & ICR_PENDING));
}

void apic_timer_start(u32 lvt, u32 count)
{
	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(APIC_LVT_TIMER, lvt);
	apic_write(APIC_TIMER_INITIAL, count);
}

void apic_timer_stop(void)
{
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, 0);
}
