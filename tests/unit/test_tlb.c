/* SPDX-License-Identifier: MIT */
/*
 * mm/tlb.h call by call, and under two threads that run guests and flush each other without pause
 * (facts I1). Every order of its operations is in test_tlb_model.c; here are a real compiler
 * and a real memory order. Also clean under -fsanitize=thread.
 */
#include "mm/tlb.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>

static void nobody_waits_for_a_vp_outside(void **state)
{
	struct tlb_vp vp = { 0 };
	u64 want = tlb_want(&vp);

	(void)state;
	assert_int_equal(want, 1);
	assert_false(tlb_must_wait(&vp, want));
	assert_true(tlb_enter(&vp));
	assert_true(tlb_must_wait(&vp, want));
	tlb_leave(&vp);
	assert_false(tlb_must_wait(&vp, want));
}

/* An entry that turned back owes still. */
static void debt_stays_until_paid(void **state)
{
	struct tlb_vp vp = { 0 };

	(void)state;
	assert_false(tlb_enter(&vp));
	tlb_leave(&vp);
	tlb_want(&vp);
	assert_true(tlb_enter(&vp));
	tlb_leave(&vp);
	assert_true(tlb_enter(&vp));
	tlb_paid(&vp);
	tlb_leave(&vp);
	assert_false(tlb_enter(&vp));
}

/* One flush pays for all that were asked for before it. */
static void many_wants_are_one_flush(void **state)
{
	struct tlb_vp vp = { 0 };
	u64 want = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		want = tlb_want(&vp);
	}
	assert_true(tlb_enter(&vp));
	tlb_paid(&vp);
	assert_false(tlb_must_wait(&vp, want));
	assert_false(tlb_must_wait(&vp, 1));
	tlb_leave(&vp);
	assert_false(tlb_enter(&vp));
}

/*
 * Who asks between tlb_enter() and tlb_paid() has to wait: a request that goes with the flush (drop
 * the shadow tables) was not there yet when the entry looked for requests.
 */
static void entry_pays_only_what_it_saw(void **state)
{
	struct tlb_vp vp = { 0 };
	u64 first = tlb_want(&vp);
	u64 second;

	(void)state;
	assert_true(tlb_enter(&vp));
	second = tlb_want(&vp);
	tlb_paid(&vp);
	assert_false(tlb_must_wait(&vp, first));
	assert_true(tlb_must_wait(&vp, second));
	tlb_leave(&vp);
	assert_true(tlb_enter(&vp));
	tlb_paid(&vp);
	assert_false(tlb_must_wait(&vp, second));
}

/* The storm */

#define VPS    2
#define ROUNDS 1000000

struct storm_vp {
	struct tlb_vp tlb;
	u32 kicked;
	u64 cached; /* the VP's TLB: the frame it translates to; 0 none */
	u64 used_freed;
	u64 waited;
	u64 rounds;
	pthread_t thread;
} __aligned(64);

static struct storm_vp storm[VPS];
static u64 mapped = 1; /* the frame in L1's table: each change maps the next one */
static u64 freed;      /* frames below are in other hands */

/* One entry, some accesses, one exit. */
static void run_guest(struct storm_vp *vp, unsigned int accesses)
{
	if (tlb_enter(&vp->tlb)) {
		vp->cached = 0;
		tlb_paid(&vp->tlb);
	}
	do {
		if (!vp->cached) {
			vp->cached = __atomic_load_n(&mapped, __ATOMIC_RELAXED);
		}
		vp->used_freed += vp->cached < __atomic_load_n(&freed, __ATOMIC_RELAXED);
	} while (accesses-- && !__atomic_exchange_n(&vp->kicked, 0, __ATOMIC_SEQ_CST));
	tlb_leave(&vp->tlb);
}

static void free_below(u64 frame)
{
	u64 old = __atomic_load_n(&freed, __ATOMIC_RELAXED);

	while (old < frame && !__atomic_compare_exchange_n(&freed, &old, frame, false,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
	}
}

static void flush(struct storm_vp *self, struct storm_vp *target)
{
	u64 frame = __atomic_add_fetch(&mapped, 1, __ATOMIC_RELAXED);
	u64 want;

	tlb_want(&self->tlb);
	want = tlb_want(&target->tlb);
	if (tlb_must_wait(&target->tlb, want)) {
		self->waited++;
		__atomic_store_n(&target->kicked, 1, __ATOMIC_SEQ_CST);
	}
	for (unsigned int polls = 0; tlb_must_wait(&target->tlb, want); polls++) {
		if (polls % 64 == 63) {
			sched_yield(); /* the host may have one CPU for both */
		}
	}
	free_below(frame);
}

static void *storm_thread(void *arg)
{
	struct storm_vp *self = arg;
	struct storm_vp *other = &storm[self == &storm[0]];
	u32 random = self == &storm[0] ? 1 : 2;

	for (u64 i = 0; i < ROUNDS; i++) {
		random = random * 1664525 + 1013904223;
		run_guest(self, random >> 26);
		/* Every other round enters without a debt of its own. */
		if (random >> 29 & 1) {
			flush(self, other);
		}
		self->rounds++;
	}
	return NULL;
}

static void i1_two_vps_flush_each_other(void **state)
{
	(void)state;
	for (int i = 0; i < VPS; i++) {
		assert_int_equal(pthread_create(&storm[i].thread, NULL, storm_thread, &storm[i]),
				 0);
	}
	for (int i = 0; i < VPS; i++) {
		assert_int_equal(pthread_join(storm[i].thread, NULL), 0);
		assert_int_equal(storm[i].rounds, ROUNDS);
		assert_int_equal(storm[i].used_freed, 0);
		print_message("VP %d waited for the other %llu times\n", i,
			      (unsigned long long)storm[i].waited);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits_for_a_vp_outside),
		cmocka_unit_test(debt_stays_until_paid),
		cmocka_unit_test(many_wants_are_one_flush),
		cmocka_unit_test(entry_pays_only_what_it_saw),
		cmocka_unit_test(i1_two_vps_flush_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
