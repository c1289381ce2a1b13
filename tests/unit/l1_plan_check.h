/* SPDX-License-Identifier: MIT */
/* What must hold for every plan of L1, whatever was planned; and reading what a plan writes. */
#ifndef TESTS_UNIT_L1_PLAN_CHECK_H
#define TESTS_UNIT_L1_PLAN_CHECK_H

#include "arch/x86/l1_plan.h"
#include "lib/bits.h"

/* Pieces are in RAM, disjoint, not empty, and each inside one range that the plan takes. */
static inline void plan_assert_sound(const struct l1_plan *plan, const struct memmap *map)
{
	for (u32 i = 0; i < plan->piece_count; i++) {
		const struct l1_piece *p = &plan->pieces[i];
		bool taken = false;

		assert_true(p->len > 0);
		assert_true(memmap_covers_ram(map, p->dest.v, p->len));
		for (u32 j = 0; j < i; j++) {
			assert_false(ranges_overlap(p->dest.v, p->len, plan->pieces[j].dest.v,
						    plan->pieces[j].len));
		}
		for (u32 j = 0; j < plan->taken_count; j++) {
			const struct mem_region *t = &plan->taken[j];

			taken |= p->dest.v >= t->base &&
				 range_fits(p->dest.v - t->base, p->len, t->len);
		}
		assert_true(taken);
	}
	for (u32 i = 0; i < plan->taken_count; i++) {
		assert_true(memmap_covers_ram(map, plan->taken[i].base, plan->taken[i].len));
		for (u32 j = 0; j < i; j++) {
			assert_false(ranges_overlap(plan->taken[i].base, plan->taken[i].len,
						    plan->taken[j].base, plan->taken[j].len));
		}
	}
}

/* The len bytes that the plan puts at gpa, from one piece; fails if there are none. */
static inline const void *plan_bytes(const struct l1_plan *plan, u64 gpa, u64 len)
{
	for (u32 i = 0; i < plan->piece_count; i++) {
		const struct l1_piece *p = &plan->pieces[i];

		if (p->src && gpa >= p->dest.v && range_fits(gpa - p->dest.v, len, p->len)) {
			return (const u8 *)p->src + (gpa - p->dest.v);
		}
	}
	fail_msg("the plan writes nothing at %llx", (unsigned long long)gpa);
	return NULL;
}

/* Whether the plan fills exactly [gpa, gpa + len) with zeros, as one piece. */
static inline bool plan_zeroes(const struct l1_plan *plan, u64 gpa, u64 len)
{
	for (u32 i = 0; i < plan->piece_count; i++) {
		const struct l1_piece *p = &plan->pieces[i];

		if (!p->src && p->dest.v == gpa && p->len == len) {
			return true;
		}
	}
	return false;
}

#endif
