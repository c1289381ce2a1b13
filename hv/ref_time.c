/* SPDX-License-Identifier: MIT */
/* The partition reference time: the page's scale and offset, and how the page is written. */
#include "hv/ref_time.h"

/*
 * (high * 2^64) / divisor with high < divisor, by shift and subtract: a 128-bit division would be a
 * call into libgcc.
 */
static u64 divide_shifted(u64 high, u64 divisor)
{
	u64 quotient = 0;
	u64 rest = high;

	for (int i = 0; i < 64; i++) {
		bool carry = rest >> 63;

		rest <<= 1;
		quotient <<= 1;
		if (carry || rest >= divisor) {
			rest -= divisor;
			quotient |= 1;
		}
	}
	return quotient;
}

bool hv_ref_time_possible(u64 tsc_hz)
{
	return tsc_hz > HV_REF_TIME_HZ; /* or the scale would not fit into 64 bits */
}

struct hv_ref_time hv_ref_time_start(u64 tsc_hz, u64 tsc)
{
	struct hv_ref_time clock = { 0 };

	if (hv_ref_time_possible(tsc_hz)) {
		clock.scale = divide_shifted(HV_REF_TIME_HZ, tsc_hz);
		clock.offset = -(s64)hv_ref_time_at(&clock, tsc);
	}
	return clock;
}

void hv_ref_time_fill_page(const struct hv_ref_time *clock, u32 sequence,
			   struct hv_reference_tsc_page *page)
{
	/* A reader takes scale and offset only between two equal sequences that are not 0. */
	__atomic_store_n(&page->tsc_sequence, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&page->tsc_scale, clock->scale, __ATOMIC_RELAXED);
	__atomic_store_n(&page->tsc_offset, clock->offset, __ATOMIC_RELAXED);
	__atomic_store_n(&page->tsc_sequence, sequence, __ATOMIC_RELEASE);
}

u32 hv_ref_time_next_sequence(u32 sequence)
{
	return sequence >= 0xFFFFFFFEu ? 1 : sequence + 1;
}
