/* SPDX-License-Identifier: MIT */
/* What the fuzzers of L1 images share: a machine, and the check that a plan writes to RAM alone. */
#ifndef TESTS_FUZZ_L1_IMAGE_H
#define TESTS_FUZZ_L1_IMAGE_H

#include <stdlib.h>
#include "arch/x86/l1_plan.h"
#include "lib/bits.h"

/* RAM with a hole at 32 MiB, as if the hypervisor were there. */
static inline const struct memmap *fuzz_map(void)
{
	static const struct mem_region claims[] = { { 0, 0x9FC00, 1 },
						    { 0x9FC00, 0x400, 2 },
						    { 0x100000, 0x7F00000, 1 },
						    { 0x100000000, 0x10000000, 1 } };
	static struct memmap map;

	if (memmap_build(&map, claims, ARRAY_SIZE(claims)) ||
	    !memmap_hide(&map, 0x2000000, 0x200000)) {
		abort();
	}
	return &map;
}

static inline struct l1_input fuzz_input(const u8 *data, size_t size)
{
	static const u8 blob[5000];
	static const struct l1_module modules[] = { { blob, sizeof(blob), "one" },
						    { blob, 1, "two" } };

	return (struct l1_input){ .image = data,
				  .image_size = size,
				  .program = "fuzz",
				  .cmdline = "a b",
				  .modules = modules,
				  .module_count = 2,
				  .map = fuzz_map(),
				  .rsdp = blob,
				  .rsdp_len = 36 };
}

static inline void fuzz_check(const struct l1_input *in, const struct l1_plan *plan)
{
	for (u32 i = 0; i < plan->piece_count; i++) {
		const struct l1_piece *p = &plan->pieces[i];

		if (!memmap_covers_ram(in->map, p->dest.v, p->len)) {
			abort();
		}
		for (u32 j = 0; j < i; j++) {
			if (ranges_overlap(p->dest.v, p->len, plan->pieces[j].dest.v,
					   plan->pieces[j].len)) {
				abort();
			}
		}
		/* Reading every source's ends is enough for the sanitizer. */
		if (p->src) {
			const volatile u8 *src = p->src;

			(void)src[0];
			(void)src[p->len - 1];
		}
	}
	if (!memmap_covers_ram(in->map, plan->entry.rip, 1)) {
		abort();
	}
}

#endif
