/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader told, in one bounded structure of Plinth's own: nothing in it points into
 * loader memory. Whichever entry was taken fills it; later code knows no other source. The numbers
 * in it are the loader's claims: addresses and lengths are checked by whoever uses them.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "lib/types.h"

#define BOOT_TEXT_MAX	 1024 /* a command line with its terminator */
#define BOOT_LOADER_MAX	 64
#define BOOT_MMAP_MAX	 256
#define BOOT_MODULES_MAX 16
#define BOOT_RSDP_MAX	 36 /* an RSDP of ACPI 2.0 and later; version 1 has 20 bytes */

/* Types of struct boot_mmap [Multiboot2 "Memory map"], those of E820; others are reserved. */
#define BOOT_MEM_AVAILABLE 1
#define BOOT_MEM_RESERVED  2
#define BOOT_MEM_ACPI	   3
#define BOOT_MEM_NVS	   4
#define BOOT_MEM_BAD	   5

struct boot_mmap {
	u64 base;
	u64 len; /* bytes; may be 0, may wrap, may overlap others: firmware writes it */
	u32 type;
};

struct boot_module {
	u64 start; /* physical */
	u64 end;   /* first byte behind it; >= start */
	char cmdline[BOOT_TEXT_MAX];
};

/* The values of boot_framebuffer.type, [Multiboot2 "Framebuffer info"]. */
#define BOOT_FB_INDEXED 0
#define BOOT_FB_RGB	1
#define BOOT_FB_TEXT	2 /* EGA text: width and height in characters */

struct boot_framebuffer {
	bool present;
	u8 type;
	u8 bpp;
	u32 pitch; /* bytes in a line */
	u32 width;
	u32 height;
	u64 addr;
	/* Of type BOOT_FB_RGB: position and size in bits of red, green, blue. */
	u8 color_pos[3];
	u8 color_size[3];
};

struct boot_info {
	char cmdline[BOOT_TEXT_MAX]; /* options only: GRUB leaves the program's name out */
	char loader[BOOT_LOADER_MAX];
	u32 mmap_count;
	u32 module_count;
	struct boot_mmap mmap[BOOT_MMAP_MAX];
	struct boot_module modules[BOOT_MODULES_MAX];
	u32 rsdp_len; /* bytes in rsdp: 0 when the loader gave none, else 20 or 36 */
	u8 rsdp[BOOT_RSDP_MAX];
	bool has_load_base;
	u64 load_base;		/* where the loader put the image, if has_load_base */
	u64 efi_system_table;	/* 0: not booted by UEFI, or unknown */
	bool efi_boot_services; /* the loader left them running */
	struct boot_framebuffer framebuffer;
};

#endif
