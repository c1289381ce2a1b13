/* SPDX-License-Identifier: MIT */
/*
 * The flush protocol between virtual processors: who owes a flush, and when it is done. It knows
 * neither vendor nor Hyper-V, and moves no hardware; its caller kicks CPUs and flushes.
 *
 * A requester stores `want`, then loads `in_guest`; an entering VP stores `in_guest`, then loads
 * `want`. Both pairs are seq_cst: at least one of the two sees the other (Dekker). So either the
 * VP pays before its entry, or the requester sees it in the guest, kicks it and waits until it came
 * out. A VP outside its guest is never waited for, so two CPUs that flush each other both go on.
 */
#ifndef MM_TLB_H
#define MM_TLB_H

#include "lib/types.h"

struct tlb_vp {
	u64 want;     /* (a) generation that was asked for, by anyone */
	u64 done;     /* (a) generation that the owner has paid, by the owner */
	u64 seen;     /* (o) generation that the entry under way pays */
	u32 in_guest; /* (a) by the owner */
};

/* Asks for a flush; the generation to await. Pairs with tlb_enter(). */
static inline u64 tlb_want(struct tlb_vp *vp)
{
	return __atomic_add_fetch(&vp->want, 1, __ATOMIC_SEQ_CST);
}

/* Whether the VP may still use a translation from before generation `want`. */
static inline bool tlb_must_wait(const struct tlb_vp *vp, u64 want)
{
	return __atomic_load_n(&vp->in_guest, __ATOMIC_SEQ_CST) &&
	       __atomic_load_n(&vp->done, __ATOMIC_ACQUIRE) < want;
}

/*
 * Announces the entry; returns whether a flush is owed, which the caller then carries out with the
 * entry itself, and says so by tlb_paid(). Pairs with tlb_want().
 */
static inline bool tlb_enter(struct tlb_vp *vp)
{
	__atomic_store_n(&vp->in_guest, 1, __ATOMIC_SEQ_CST);
	vp->seen = __atomic_load_n(&vp->want, __ATOMIC_SEQ_CST);
	return unlikely(vp->seen != vp->done);
}

/*
 * Pays what tlb_enter() saw, not what is wanted by now: who came later may have left a request
 * beside its flush, which this entry has not looked at. It finds us in the guest and kicks.
 */
static inline void tlb_paid(struct tlb_vp *vp)
{
	__atomic_store_n(&vp->done, vp->seen, __ATOMIC_RELEASE);
}

static inline void tlb_leave(struct tlb_vp *vp)
{
	__atomic_store_n(&vp->in_guest, 0, __ATOMIC_RELEASE);
}

#endif
