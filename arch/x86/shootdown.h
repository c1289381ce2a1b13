/* SPDX-License-Identifier: MIT */
/* Flushes that concern several VPs: the shell around the protocol of mm/tlb.h. */
#ifndef ARCH_X86_SHOOTDOWN_H
#define ARCH_X86_SHOOTDOWN_H

#include "hv/vp_set.h"

/*
 * Every VP of the set has dropped its translations of L1 when this returns, or will before it runs
 * a guest instruction. The calling VP, if named, pays at its next entry.
 */
void shootdown_vps(const struct vp_set *targets);
/* L1's physical map changed: all VPs drop everything, nested translations too. */
void shootdown_slat(void);

#endif
