/* SPDX-License-Identifier: MIT */
/*
 * A ticket lock: fair among CPUs, two words. Plinth runs with interrupts off, so a lock needs no
 * interrupt state; an NMI handler never takes one. Locks order memory as acquire and release.
 */
#ifndef LIB_SPINLOCK_H
#define LIB_SPINLOCK_H

#include "lib/types.h"

struct spinlock {
	u32 next;  /* (a) the ticket that the next taker draws */
	u32 owner; /* (a) the ticket that holds the lock; equal to next when nobody does */
};

#define SPINLOCK_INIT \
	{             \
		0, 0  \
	}

static inline void spin_lock(struct spinlock *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	/* Pairs with the release in spin_unlock(). */
	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket) {
		__builtin_ia32_pause();
	}
}

static inline bool spin_trylock(struct spinlock *lock)
{
	u32 owner = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);

	/* Drawing the ticket that owns already is taking the lock; any other ticket would wait. */
	return __atomic_compare_exchange_n(&lock->next, &owner, owner + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct spinlock *lock)
{
	u32 owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	__atomic_store_n(&lock->owner, owner + 1, __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&lock->next, __ATOMIC_RELAXED);
}

#endif
