/* SPDX-License-Identifier: MIT */
/*
 * The flush protocol of mm/tlb.h in every order of its atomic operations, with store buffers: the
 * same C functions, whose __atomic builtins are led into the explorer. Around them is what
 * arch/x86/svm/run.c (enter) and arch/x86/shootdown.c do. Facts I1, I4.
 *
 * What must hold: once a requester stopped waiting, no VP uses a translation from before; and
 * nobody waits for ever. Faults planted into the protocol must be caught, each by its name.
 */
#include "tests/unit/explorer.h"

#define VPS 2

/* Cells: three for each VP's struct tlb_vp, then what surrounds the protocol. */
enum {
	WANT,
	DONE,
	IN_GUEST,
	REQUESTS,
	KICKED,
	PER_VP,
	PTE = VPS * PER_VP, /* L1's page table: the frame that is mapped, counting up */
	FREED,		    /* frames below this are in other hands */
};

#define CELL(vp, what) ((vp)*PER_VP + (what))

enum fault {
	NO_FAULT,
	ENTER_LOADS_FIRST,   /* store and load swapped in the VP */
	WANT_STORES_LAST,    /* store and load swapped in the requester */
	ENTER_STORE_RELEASE, /* the VP's store may linger in the store buffer */
	PAID_READS_WANT,     /* pays what is wanted by now, not what the entry saw */
	REQUEST_LAST,	     /* the requester asks for the flush, then sets the request */
	NO_KICK,
};

static enum fault fault;
static bool with_requests; /* a flush also asks to drop the shadow tables */
static unsigned int entries;

/* mm/tlb.h is compiled against these; an actor's copy of the structure keeps its own stores. */
static struct tlb_vp *model_vps(void);
static unsigned int model_cell(const void *p);

static u64 model_load(const void *p)
{
	return explorer_do(OP_LOAD, model_cell(p), 0);
}

static void model_store(void *p, size_t size, u64 value, int order)
{
	explorer_do(order == __ATOMIC_SEQ_CST ? OP_STORE : OP_STORE_BUFFER, model_cell(p),
		    (u8)value);
	if (size == 8) {
		*(u64 *)p = value;
	} else {
		*(u32 *)p = (u32)value;
	}
}

#define __atomic_load_n(p, order)	model_load(p)
#define __atomic_store_n(p, v, order)	model_store(p, sizeof(*(p)), v, order)
#define __atomic_add_fetch(p, v, order) explorer_do(OP_ADD, model_cell(p), v)
#include "mm/tlb.h"

static struct tlb_vp vps[VPS];

static struct tlb_vp *model_vps(void)
{
	return vps;
}

static unsigned int model_cell(const void *p)
{
	size_t offset = (size_t)((const u8 *)p - (const u8 *)model_vps());
	unsigned int vp = (unsigned int)(offset / sizeof(struct tlb_vp));

	switch (offset % sizeof(struct tlb_vp)) {
	case offsetof(struct tlb_vp, want):
		return CELL(vp, WANT);
	case offsetof(struct tlb_vp, done):
		return CELL(vp, DONE);
	default:
		return CELL(vp, IN_GUEST);
	}
}

/* What a VP has cached, as functions of its log. 0: nothing. */
struct cache {
	u8 tlb;
	u8 shadow;
};

static bool enter_with_fault(struct tlb_vp *vp)
{
	u64 want;

	switch (fault) {
	case ENTER_LOADS_FIRST:
		want = __atomic_load_n(&vp->want, __ATOMIC_SEQ_CST);
		__atomic_store_n(&vp->in_guest, 1, __ATOMIC_SEQ_CST);
		break;
	case ENTER_STORE_RELEASE:
		__atomic_store_n(&vp->in_guest, 1, __ATOMIC_RELEASE);
		want = __atomic_load_n(&vp->want, __ATOMIC_SEQ_CST);
		break;
	default:
		return tlb_enter(vp);
	}
	vp->seen = want;
	return want != vp->done;
}

static void pay(struct tlb_vp *vp, struct cache *cache)
{
	cache->tlb = 0; /* TLB_CONTROL acts before the guest's first instruction */
	if (fault == PAID_READS_WANT) {
		vp->seen = __atomic_load_n(&vp->want, __ATOMIC_SEQ_CST);
	}
	tlb_paid(vp);
}

/* In the guest: translations are filled and used until the guest leaves or a kick ends it. */
static void guest(unsigned int self, struct cache *cache)
{
	bool stays = explorer_do(OP_CHOOSE, 0, 0);

	explorer_mark(true);
	if (!cache->tlb) {
		if (!with_requests || !cache->shadow) {
			cache->shadow = explorer_do(OP_LOAD, PTE, 0);
		}
		cache->tlb = cache->shadow;
	}
	explorer_mark(true);
	explorer_do(OP_AT_LEAST, FREED, cache->tlb);
	if (stays && !explorer_do(OP_LOAD, CELL(self, KICKED), 0)) {
		explorer_again();
	}
	explorer_mark(false);
	explorer_do(OP_EXCHANGE, CELL(self, KICKED), 0);
}

static void vp_enters(unsigned int self, struct cache *cache)
{
	struct tlb_vp *vp = &vps[self];
	bool dropped = false;
	bool owed;

	explorer_mark(false);
	for (;;) {
		owed = enter_with_fault(vp) || dropped;
		if (!with_requests || !explorer_do(OP_LOAD, CELL(self, REQUESTS), 0)) {
			break;
		}
		tlb_leave(vp);
		explorer_do(OP_EXCHANGE, CELL(self, REQUESTS), 0);
		cache->shadow = 0;
		dropped = true;
	}
	if (owed) {
		pay(vp, cache);
	}
	guest(self, cache);
	tlb_leave(vp);
}

static void request_drop(unsigned int vp)
{
	if (with_requests && vp < VPS) {
		explorer_do(OP_OR, CELL(vp, REQUESTS), 1);
	}
}

/* shootdown.c: the generation to await, and whether to kick. */
static bool ask(unsigned int target, u64 *want)
{
	struct tlb_vp *vp = &vps[target];
	bool waits;

	if (fault == WANT_STORES_LAST) {
		waits = __atomic_load_n(&vp->in_guest, __ATOMIC_SEQ_CST);
		*want = tlb_want(vp);
		return waits;
	}
	if (fault != REQUEST_LAST) {
		request_drop(target);
	}
	*want = tlb_want(vp);
	if (fault == REQUEST_LAST) {
		request_drop(target);
	}
	return tlb_must_wait(vp, *want);
}

/* Changes the mapping, flushes `target` and itself, and gives the old frame away. */
static void flush(unsigned int self, unsigned int target)
{
	u8 frame = explorer_do(OP_ADD, PTE, 1);
	u64 want = 0;

	explorer_mark(false);
	if (self < VPS) {
		request_drop(self);
		tlb_want(&vps[self]);
	}
	if (ask(target, &want)) {
		if (fault != NO_KICK) {
			explorer_do(OP_STORE, CELL(target, KICKED), 1);
		}
		explorer_mark(false);
		if (tlb_must_wait(&vps[target], want)) {
			explorer_again();
		}
	}
	explorer_mark(false);
	explorer_do(OP_MAX, FREED, frame);
}

/* Scenarios */

/* VP 0 runs its guest; two others flush it. */
static void one_target(unsigned int self)
{
	struct cache cache = { 0 };

	memset(vps, 0, sizeof(vps));
	if (self > 0) {
		flush(VPS, 0);
		return;
	}
	for (unsigned int i = 0; i < entries; i++) {
		vp_enters(0, &cache);
	}
}

/* The same with one other, who flushes it twice. */
static void flushed_twice(unsigned int self)
{
	one_target(self);
	if (self > 0) {
		flush(VPS, 0);
	}
}

/* Two VPs run guests and flush each other, interrupts off. */
static void each_other(unsigned int self)
{
	struct cache cache = { 0 };

	memset(vps, 0, sizeof(vps));
	vp_enters(self, &cache);
	flush(self, !self);
	for (unsigned int i = 1; i < entries; i++) {
		vp_enters(self, &cache);
	}
}

static const char *run(void (*scenario)(unsigned int), unsigned int actors, unsigned int rounds,
		       bool requests, enum fault planted)
{
	struct explorer_state start;

	memset(&start, 0, sizeof(start));
	start.cell[PTE] = 1;
	fault = planted;
	with_requests = requests;
	entries = rounds;
	return explore(scenario, actors, &start);
}

#define EACH(scenario, actors, entries, requests)                                                 \
	do {                                                                                      \
		const char *found = run(scenario, actors, entries, requests, NO_FAULT);           \
                                                                                                  \
		print_message("%s, %d actors, %d entries%s: %lu states: %s\n", #scenario, actors, \
			      entries, requests ? ", shadow tables" : "", ex.states,              \
			      found ? found : "holds");                                           \
		assert_null(found);                                                               \
	} while (0)

static void i1_all_orders_hold(void **state)
{
	(void)state;
	EACH(one_target, 2, 2, false);
	EACH(one_target, 2, 3, false);
	EACH(one_target, 2, 2, true);
	EACH(flushed_twice, 2, 3, false);
	EACH(flushed_twice, 2, 3, true);
	EACH(one_target, 3, 2, false);
	EACH(one_target, 3, 1, true);
	EACH(each_other, 2, 2, false);
	EACH(each_other, 2, 2, true);
}

static void i1_planted_faults_are_caught(void **state)
{
	static const struct {
		const char *name;
		enum fault fault;
		bool requests;
		const char *expected;
	} faults[] = {
		{ "VP: load before store", ENTER_LOADS_FIRST, false, "freed" },
		{ "requester: load before store", WANT_STORES_LAST, false, "freed" },
		{ "VP: store stays in the buffer", ENTER_STORE_RELEASE, false, "freed" },
		{ "VP: pays what is wanted by now", PAID_READS_WANT, true, "freed" },
		{ "requester: flush before request", REQUEST_LAST, true, "freed" },
		{ "no kick", NO_KICK, false, "for ever" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		const char *a = run(flushed_twice, 2, 2, faults[i].requests, faults[i].fault);

		if (!a || !strstr(a, faults[i].expected)) {
			fail_msg("%s: %s", faults[i].name, a ? a : "not caught");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i1_all_orders_hold),
		cmocka_unit_test(i1_planted_faults_are_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
