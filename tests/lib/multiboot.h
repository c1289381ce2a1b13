/* SPDX-License-Identifier: MIT */
/*
 * The Multiboot1 information structure [Multiboot "Boot information format"], and the copy of it
 * that the framework takes before anything else can overwrite the loader's.
 */
#ifndef TESTS_LIB_MULTIBOOT_H
#define TESTS_LIB_MULTIBOOT_H

#include "lib/types.h"

#define MB_HEADER_MAGIC 0x1badb002
#define MB_BOOT_MAGIC	0x2badb002

#define MB_INFO_MEMORY	0x001
#define MB_INFO_CMDLINE 0x004
#define MB_INFO_MODS	0x008
#define MB_INFO_MMAP	0x040

#define MB_MMAP_RAM	1

struct mb_info {
	u32 flags;
	u32 mem_lower; /* KiB below 1 MiB */
	u32 mem_upper; /* KiB above 1 MiB */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count;
	u32 mods_addr;
	u32 syms[4];
	u32 mmap_length;
	u32 mmap_addr;
};
ASSERT_OFFSET(struct mb_info, cmdline, 16);
ASSERT_OFFSET(struct mb_info, mods_count, 20);
ASSERT_OFFSET(struct mb_info, mmap_length, 44);

struct mb_module {
	u32 start, end, string, reserved;
};
ASSERT_SIZE(struct mb_module, 16);

/* `size` does not count itself: the next entry is at size + 4. */
struct mb_mmap {
	u32 size;
	u64 base, length;
	u32 type;
} __packed;
ASSERT_SIZE(struct mb_mmap, 24);

/* What the CPU held at the very first instruction; entry.S fills it before it uses any memory. */
struct entry_state {
	u32 eax, ebx, cr0, eflags;
	u32 bss_dirty; /* first dword of .bss that was not zero, or 0 */
};
extern struct entry_state entry_state;

#define BOOT_MODULES 8
#define BOOT_MMAP    64

struct boot_module {
	u32 start, end;
	char string[64];
};

struct boot_region {
	u64 base, length;
	u32 type;
};

struct boot {
	struct mb_info info;
	char cmdline[512];
	struct boot_module modules[BOOT_MODULES];
	struct boot_region mmap[BOOT_MMAP];
	unsigned int n_modules, n_mmap;
	u64 end; /* first byte above the image and everything the loader put above 1 MiB */
};
extern struct boot boot;

void boot_copy_info(void);

/* Whether [base, base + length) is inside one RAM entry of the map. */
bool boot_is_ram(u64 base, u64 length);

/* Whether any entry of the map, RAM or not, touches the page at `base`. */
bool boot_lists_page(u64 base);

/* Highest RAM address of the map below `limit`. */
u64 boot_top_of_ram(u64 limit);

#endif
