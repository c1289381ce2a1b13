/* SPDX-License-Identifier: MIT */
/* Any bytes as Multiboot2's boot information, and what came out as a memory map and as options. */
#include <stdlib.h>
#include "boot/multiboot2.h"
#include "boot/options.h"
#include "mm/memmap.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void ignore(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	static struct mem_region claims[BOOT_MMAP_MAX];
	static struct memmap map;
	struct options options;

	if (multiboot2_parse(data, size, &info)) {
		return 0;
	}
	for (u32 i = 0; i < info.mmap_count; i++) {
		claims[i] = (struct mem_region){ info.mmap[i].base, info.mmap[i].len,
						 info.mmap[i].type };
	}
	options_parse(info.cmdline, &options, ignore, NULL);
	if (memmap_build(&map, claims, info.mmap_count)) {
		return 0;
	}
	for (u32 i = 0; i < info.module_count; i++) {
		u64 start = info.modules[i].start;

		if (!memmap_hide(&map, start, info.modules[i].end - start)) {
			return 0;
		}
		if (memmap_covers_ram(&map, start, 1) && info.modules[i].end != start) {
			abort();
		}
	}
	return 0;
}
