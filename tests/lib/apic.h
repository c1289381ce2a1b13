/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of the calling CPU, through its page or, once x2APIC mode is on, through the
 * MSRs. Register names are the page's offsets in both modes [SDM "Advanced Programmable Interrupt
 * Controller"].
 */
#ifndef TESTS_LIB_APIC_H
#define TESTS_LIB_APIC_H

#include "lib/bits.h"

#define APIC_SPURIOUS_VECTOR 0xff

enum apic_register {
	APIC_ID = 0x020,
	APIC_VERSION = 0x030,
	APIC_TPR = 0x080,
	APIC_EOI = 0x0b0,
	APIC_SVR = 0x0f0,
	APIC_IRR = 0x200,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define ICR_FIXED	   0x000
#define ICR_NMI		   0x400
#define ICR_INIT	   0x500
#define ICR_STARTUP	   0x600
#define ICR_PENDING	   BIT(12)
#define ICR_ASSERT	   BIT(14)
#define ICR_SELF	   (1ull << 18)
#define ICR_ALL		   (2ull << 18)
#define ICR_ALL_BUT_SELF   (3ull << 18)
#define LVT_MASKED	   BIT(16)
#define LVT_PERIODIC	   BIT(17)
#define LVT_TSC_DEADLINE   (2ull << 17)
#define TIMER_DIVIDE_BY_16 3

/* Software-enables the APIC and masks both 8259s. Called on each CPU by the framework. */
void apic_enable(void);
bool apic_in_x2apic_mode(void);
bool apic_offers_x2apic(void);

/* Switches the calling CPU to x2APIC mode. */
void apic_enter_x2apic_mode(void);

u32 apic_read(enum apic_register r);
void apic_write(enum apic_register r, u32 v);
u32 apic_id(void);
void apic_eoi(void);

/* Sends what `low` says (delivery, shorthand, vector) to `dest`; false when it stays pending. */
bool apic_send(u32 dest, u32 low);

/* Starts the timer, divided by 16: `lvt` is the vector with LVT_PERIODIC or nothing. */
void apic_timer_start(u32 lvt, u32 count);
void apic_timer_stop(void);

#endif
