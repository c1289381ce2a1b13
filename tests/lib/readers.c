/* SPDX-License-Identifier: MIT */
/*
 * The sides are more than the swaps that a CPU may sit out: a translation that is several swaps
 * old still shows an old version, never a page that is in use again.
 */
#include "tests/lib/readers.h"

#define SIDES	  8
#define PAGES_MAX 8
#define PASSES	  64 /* between two looks at the stop flag */

static volatile u64 *sides[SIDES][PAGES_MAX];
static u64 *tables, base, version;
static unsigned int pages;

static volatile u64 published; /* version that the expected CPUs must see at least */
static volatile u64 expected;  /* a bit for each of them */
static volatile bool stop;
static volatile struct {
	u64 passes, stale;
} __aligned(64) readers[MAX_CPUS];

void readers_init(u64 *root, u64 window, unsigned int n)
{
	tables = root;
	base = window;
	pages = MIN(n, PAGES_MAX);
	expected = 0;
	stop = false;
	for (unsigned int i = 0; i < SIDES * pages; i++) {
		sides[i % SIDES][i / SIDES] = page_alloc();
	}
	readers_swap();
}

static void pass(unsigned int cpu)
{
	for (unsigned int p = 0; p < pages; p++) {
		u64 at_least = published;
		bool counts = expected & BIT(cpu);
		u64 seen = *(volatile u64 *)(base + p * PAGE_SIZE);

		readers[cpu].stale += counts && seen < at_least;
	}
	readers[cpu].passes++;
}

void readers_loop(void)
{
	unsigned int cpu = this_cpu()->index;

	while (!stop) {
		for (unsigned int i = 0; i < PASSES; i++) {
			pass(cpu);
		}
	}
}

void readers_swap(void)
{
	expected = 0;
	version++;
	for (unsigned int p = 0; p < pages; p++) {
		volatile u64 *page = sides[version % SIDES][p];

		*page = version;
		pt_map(tables, base + p * PAGE_SIZE, phys(page), PT_RWU, PT_4K);
	}
}

bool readers_expect(u64 mask)
{
	published = version;
	expected = mask;
	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		u64 passes = readers[i].passes;

		/* The first pass that ends may have begun before. */
		if (mask & BIT(i) && i != this_cpu()->index &&
		    !WAIT_LONG_FOR(readers[i].passes >= passes + 2)) {
			return false;
		}
	}
	return true;
}

u64 readers_stale(unsigned int cpu)
{
	if (cpu == this_cpu()->index) {
		pass(cpu);
	}
	u64 stale = readers[cpu].stale;

	readers[cpu].stale = 0;
	return stale;
}

void readers_stop(void)
{
	stop = true;
}
