/* SPDX-License-Identifier: MIT */
/*
 * An exhaustive explorer of interleavings: a few actors run C code whose atomic operations come
 * here, and every order of them is tried, with x86's store buffers: a store that is not seq_cst
 * may become visible later. An actor is a function of what its operations returned, so it is run
 * again from its start for each step: no threads, no stacks to save. It knows no protocol.
 *
 * Shared memory is cells of u8. A state that was seen before is not explored again.
 */
#ifndef TESTS_UNIT_EXPLORER_H
#define TESTS_UNIT_EXPLORER_H

#include "lib/types.h"
#include "tests/unit/unit.h"

#define EXPLORER_ACTORS 3
#define EXPLORER_CELLS	16
#define EXPLORER_LOG	46
#define EXPLORER_BUFFER 4
#define EXPLORER_SEEN	(1u << 22) /* a power of two */

struct explorer_actor {
	u8 log[EXPLORER_LOG]; /* what its operations returned */
	u8 length;
	u8 mark; /* length of the log where the present poll began */
	u8 idle; /* the poll may go on for ever */
	u8 finished;
	u8 buffered;
	u8 buffer_cell[EXPLORER_BUFFER];
	u8 buffer_value[EXPLORER_BUFFER];
};

struct explorer_state {
	u8 cell[EXPLORER_CELLS];
	struct explorer_actor actor[EXPLORER_ACTORS];
} __aligned(8);

struct explorer {
	void (*run)(unsigned int self);
	unsigned int actors;
	/* of the step that is being made */
	struct explorer_state *s;
	struct explorer_actor *a;
	unsigned int at; /* of the log */
	u8 choice;	 /* what OP_CHOOSE returns */
	bool stepped, chose, again;
	jmp_buf out;
	/* of the whole search */
	struct explorer_state *stack;
	size_t depth, room;
	u64 *seen;
	unsigned long states;
	const char *violation; /* the first one; NULL: none */
};

static struct explorer ex;

enum explorer_op {
	OP_LOAD,
	OP_STORE,	 /* seq_cst */
	OP_STORE_BUFFER, /* release or relaxed */
	OP_ADD,		 /* this and the next: atomic, return the new value */
	OP_OR,
	OP_MAX,
	OP_EXCHANGE, /* returns the old value */
	OP_CHOOSE,   /* returns 0 or 1, both are tried */
	OP_AT_LEAST, /* a cell greater than the value is a violation */
};

static void explorer_violation(const char *what)
{
	if (!ex.violation) {
		ex.violation = what;
	}
}

static void explorer_drain(struct explorer_state *s, struct explorer_actor *a)
{
	s->cell[a->buffer_cell[0]] = a->buffer_value[0];
	a->buffered--;
	memmove(a->buffer_cell, a->buffer_cell + 1, sizeof(a->buffer_cell) - 1);
	memmove(a->buffer_value, a->buffer_value + 1, sizeof(a->buffer_value) - 1);
	/* What is behind the end must not make equal states differ. */
	a->buffer_cell[a->buffered] = 0;
	a->buffer_value[a->buffered] = 0;
}

static u8 explorer_load(unsigned int cell)
{
	for (unsigned int i = ex.a->buffered; i-- > 0;) {
		if (ex.a->buffer_cell[i] == cell) {
			return ex.a->buffer_value[i];
		}
	}
	return ex.s->cell[cell];
}

static u8 explorer_perform(enum explorer_op op, unsigned int cell, u8 value)
{
	u8 *c = &ex.s->cell[cell];
	u8 old;

	if (op == OP_STORE_BUFFER) {
		assert_true(ex.a->buffered < EXPLORER_BUFFER);
		ex.a->buffer_cell[ex.a->buffered] = (u8)cell;
		ex.a->buffer_value[ex.a->buffered++] = value;
		return 0;
	}
	if (op == OP_STORE || op == OP_ADD || op == OP_OR || op == OP_MAX || op == OP_EXCHANGE) {
		while (ex.a->buffered) {
			explorer_drain(ex.s, ex.a);
		}
	}
	old = *c;
	switch (op) {
	case OP_STORE:
		return *c = value;
	case OP_ADD:
		return *c = (u8)(old + value);
	case OP_OR:
		return *c = old | value;
	case OP_MAX:
		return *c = old > value ? old : value;
	case OP_EXCHANGE:
		*c = value;
		return old;
	case OP_CHOOSE:
		ex.chose = true;
		return ex.choice;
	case OP_AT_LEAST:
		if (old > value) {
			explorer_violation("used what was already freed");
		}
		return 0;
	default:
		return explorer_load(cell);
	}
}

/* For the actors: one operation on shared memory. */
static u8 explorer_do(enum explorer_op op, unsigned int cell, u8 value)
{
	u8 result;

	if (ex.at < ex.a->length) {
		return ex.a->log[ex.at++];
	}
	if (ex.stepped) {
		longjmp(ex.out, 1);
	}
	assert_true(ex.at < EXPLORER_LOG);
	ex.stepped = true;
	result = explorer_perform(op, cell, value);
	ex.a->log[ex.at++] = result;
	ex.a->length = (u8)ex.at;
	return result;
}

/* Where a poll begins; `idle`: nobody minds when it never ends. */
static void explorer_mark(bool idle)
{
	ex.a->mark = (u8)ex.at;
	ex.a->idle = idle;
}

/* The poll failed: back to its begin. */
static void explorer_again(void)
{
	memset(ex.a->log + ex.a->mark, 0, ex.a->length - ex.a->mark);
	ex.a->length = ex.a->mark;
	ex.again = true;
	longjmp(ex.out, 1);
}

/* One more operation of an actor, and the code up to its next one. */
static void explorer_step(struct explorer_state *s, unsigned int self, u8 choice)
{
	ex.s = s;
	ex.a = &s->actor[self];
	ex.at = 0;
	ex.choice = choice;
	ex.stepped = false;
	ex.chose = false;
	ex.again = false;
	if (setjmp(ex.out) == 0) {
		ex.run(self);
		ex.a->finished = true;
		memset(ex.a->log, 0, sizeof(ex.a->log));
		ex.a->length = 0;
	}
}

static u64 explorer_hash(const struct explorer_state *s)
{
	const u64 *p = (const u64 *)s;
	u64 h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(*s) / 8; i++) {
		h = (h ^ p[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return h ? h : 1;
}

/* Puts a state on the stack, unless it was there before. */
static void explorer_push(const struct explorer_state *s)
{
	u64 h = explorer_hash(s);
	size_t i = h % EXPLORER_SEEN;

	while (ex.seen[i] && ex.seen[i] != h) {
		i = (i + 1) % EXPLORER_SEEN;
	}
	if (ex.seen[i]) {
		return;
	}
	ex.seen[i] = h;
	assert_true(++ex.states < EXPLORER_SEEN / 4 * 3);
	if (ex.depth == ex.room) {
		ex.room = ex.room ? 2 * ex.room : 1024;
		ex.stack = realloc(ex.stack, ex.room * sizeof(*s));
		assert_non_null(ex.stack);
	}
	ex.stack[ex.depth++] = *s;
}

/* Whether this actor is in a poll that, left alone, fails; what it began before does not count. */
static bool explorer_blocked(const struct explorer_state *s, unsigned int self)
{
	struct explorer_state copy = *s;
	unsigned int failed = 0;

	/* A poll is of three operations at most. */
	for (int i = 0; i < 8 && !copy.actor[self].finished; i++) {
		explorer_step(&copy, self, 0);
		if (copy.actor[self].mark > s->actor[self].length) {
			return false;
		}
		failed += ex.again;
		if (failed == 2) {
			return true;
		}
	}
	return false;
}

static void explorer_check_stuck(const struct explorer_state *s)
{
	bool waits = false;

	for (unsigned int i = 0; i < ex.actors; i++) {
		if (s->actor[i].buffered || (!s->actor[i].finished && !explorer_blocked(s, i))) {
			return;
		}
		waits |= !s->actor[i].finished && !s->actor[i].idle;
	}
	if (waits) {
		explorer_violation("waits for ever");
	}
}

static void explorer_expand(const struct explorer_state *s)
{
	for (unsigned int i = 0; i < ex.actors; i++) {
		struct explorer_state next = *s;

		if (s->actor[i].buffered) {
			explorer_drain(&next, &next.actor[i]);
			explorer_push(&next);
		}
		if (s->actor[i].finished) {
			continue;
		}
		for (u8 choice = 0; choice == 0 || (choice == 1 && ex.chose); choice++) {
			next = *s;
			explorer_step(&next, i, choice);
			explorer_push(&next);
		}
	}
	explorer_check_stuck(s);
}

/* Explores all orders from `start`; the first violation, or NULL. ex.states: how many states. */
static const char *explore(void (*run)(unsigned int self), unsigned int actors,
			   const struct explorer_state *start)
{
	memset(&ex, 0, sizeof(ex));
	ex.run = run;
	ex.actors = actors;
	ex.seen = calloc(EXPLORER_SEEN, sizeof(*ex.seen));
	assert_non_null(ex.seen);
	explorer_push(start);
	while (ex.depth && !ex.violation) {
		struct explorer_state s = ex.stack[--ex.depth];

		explorer_expand(&s);
	}
	free(ex.stack);
	free(ex.seen);
	return ex.violation;
}

#endif
