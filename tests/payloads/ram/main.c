/* SPDX-License-Identifier: MIT */
/*
 * The RAM of the memory map is there, at its ends and every 64 MiB, no two places the same, above
 * 4 GiB too. It is `least=` to `most=` bytes in all, and `above=` of them lie above 4 GiB at least.
 */
#include "tests/lib/payload.h"

const char test_title[] = "the RAM that the memory map lists";

#define PIECE MIB(2)
#define STEP  MIB(64) /* touching all of it would cost the emulator's host as much memory */
#define FIRST MIB(16) /* below it are the image, the tables and what the loader gave */
#define SEED  0x9e3779b97f4a7c15ull

static u64 total, above;
static u64 touched;

static void for_each_piece(void (*fn)(volatile u64 *at))
{
	for (unsigned int i = 0; i < boot.n_mmap; i++) {
		const struct boot_region *r = &boot.mmap[i];
		u64 at = ALIGN_UP(MAX(r->base, FIRST), PIECE);
		u64 last = ALIGN_DOWN(r->base + r->length, PIECE) - PIECE;

		if (r->type != MB_MMAP_RAM || r->length < PIECE || at > last) {
			continue;
		}
		for (; at < last; at += STEP) {
			fn((volatile u64 *)at);
		}
		fn((volatile u64 *)last);
	}
}

static void map(volatile u64 *at)
{
	if (phys(at) >= GIB(4)) {
		pt_map(boot_pml4, phys(at), phys(at), PT_RW, PT_2M);
	}
}

static void fill(volatile u64 *at)
{
	at[0] = phys(at) ^ SEED;
	at[PIECE / sizeof(u64) - 1] = phys(at) * SEED;
	touched++;
}

static void compare(volatile u64 *at)
{
	check(at[0] == (phys(at) ^ SEED) && at[PIECE / sizeof(u64) - 1] == phys(at) * SEED,
	      "the RAM at 0x%lx does not keep what was written", phys(at));
}

void test_main(void)
{
	for (unsigned int i = 0; i < boot.n_mmap; i++) {
		const struct boot_region *r = &boot.mmap[i];

		if (r->type == MB_MMAP_RAM) {
			total += r->length;
			above += r->base >= GIB(4) ? r->length : 0;
		}
	}
	printf("ram: %lu KiB, %lu KiB above 4 GiB\n", total >> 10, above >> 10);
	check(total >= cmdline_u64("least", 0), "%lu KiB are too little", total >> 10);
	check(total <= cmdline_u64("most", ~0ull), "%lu KiB are too much", total >> 10);
	check(above >= cmdline_u64("above", 0), "only %lu KiB above 4 GiB", above >> 10);
	for_each_piece(map);
	for_each_piece(fill);
	for_each_piece(compare);
	check(touched > 0, "there is no RAM to try");
	report_success();
}
