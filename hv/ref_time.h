/* SPDX-License-Identifier: MIT */
/*
 * The partition reference time: units of 100 ns since the partition was made, computed from the TSC
 * by the formula of the reference TSC page, so that the page and HV_X64_MSR_TIME_REF_COUNT give the
 * same number for the same TSC. [TLFS "Partition Reference Time Enlightenment"]
 */
#ifndef HV_REF_TIME_H
#define HV_REF_TIME_H

#include "hv/tlfs.h"

#define HV_REF_TIME_HZ 10000000ull

struct hv_ref_time {
	u64 scale;  /* HV_REF_TIME_HZ * 2^64 / TSC frequency, rounded down; 0: no clock */
	s64 offset; /* makes the time 0 at the partition's start */
};

/* Whether a TSC of this frequency can carry the clock: it must be faster than 10 MHz. */
bool hv_ref_time_possible(u64 tsc_hz);

/* The clock that shows 0 when the TSC is `tsc`. An impossible frequency gives one that stays 0. */
struct hv_ref_time hv_ref_time_start(u64 tsc_hz, u64 tsc);

/* The time at `tsc`, which is the TSC by which the page is read: never less for a later TSC. */
static inline u64 hv_ref_time_at(const struct hv_ref_time *clock, u64 tsc)
{
	return (u64)(((unsigned __int128)tsc * clock->scale) >> 64) + (u64)clock->offset;
}

/*
 * Writes the first three members of the page, in an order that a guest which reads meanwhile
 * survives; the rest is the caller's to zero once. `sequence` 0 is written as it is (not usable).
 */
void hv_ref_time_fill_page(const struct hv_ref_time *clock, u32 sequence,
			   struct hv_reference_tsc_page *page);

/* The sequence after `sequence`: never 0 and never ~0, which old guests take for invalid. */
u32 hv_ref_time_next_sequence(u32 sequence);

#endif
