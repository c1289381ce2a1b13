/* SPDX-License-Identifier: MIT */
/*
 * CPUs that read a few pages all the time and notice a translation that should be gone: each swap
 * puts other pages behind the same addresses, with a higher version in them, and an older one
 * seen is a stale one used.
 */
#ifndef TESTS_LIB_READERS_H
#define TESTS_LIB_READERS_H

#include "tests/lib/paging.h"
#include "tests/lib/smp.h"

/*
 * The pages from `window` on are mapped in `root`, a table of L1 or a nested one, in 4 KiB pages.
 */
void readers_init(u64 *root, u64 window, unsigned int pages);

/* Reads without a pause until readers_stop(); the loop of a reader, in L1 or in an L2. */
void readers_loop(void);

/* Puts new pages in place. Until readers_expect() old and new are equally right. */
void readers_swap(void);

/*
 * From now on the CPUs of the mask must see the pages of the last swap. Waits until each of the
 * readers among them, all but this CPU, has read all pages since; false when one stands still.
 */
bool readers_expect(u64 cpus);

/* How many stale reads the CPU had since the last question; this CPU reads once for it. */
u64 readers_stale(unsigned int cpu);

void readers_stop(void);

#endif
