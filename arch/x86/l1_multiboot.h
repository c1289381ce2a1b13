/* SPDX-License-Identifier: MIT */
/* A Multiboot1 kernel as L1, ELF32 or by the addresses in its Multiboot header [Multiboot]. */
#ifndef ARCH_X86_L1_MULTIBOOT_H
#define ARCH_X86_L1_MULTIBOOT_H

#include "arch/x86/l1_plan.h"

#define MULTIBOOT_HEADER_MAGIC	   0x1BADB002u
#define MULTIBOOT_BOOTLOADER_MAGIC 0x2BADB002u /* in EAX at the entry */

/* [Multiboot "Boot information format"] */
struct multiboot_info {
	u32 flags;
	u32 mem_lower; /* KiB */
	u32 mem_upper; /* KiB */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count;
	u32 mods_addr;
	u32 syms[4];
	u32 mmap_length;
	u32 mmap_addr;
	u32 drives_length;
	u32 drives_addr;
	u32 config_table;
	u32 boot_loader_name;
	u32 apm_table;
	u32 vbe[4];
	u64 framebuffer_addr;
	u32 framebuffer_pitch;
	u32 framebuffer_width;
	u32 framebuffer_height;
	u8 framebuffer_bpp;
	u8 framebuffer_type;
	u8 color_info[6];
	u8 reserved[4];
};
ASSERT_OFFSET(struct multiboot_info, cmdline, 16);
ASSERT_OFFSET(struct multiboot_info, mods_count, 20);
ASSERT_OFFSET(struct multiboot_info, mmap_length, 44);
ASSERT_OFFSET(struct multiboot_info, boot_loader_name, 64);
ASSERT_OFFSET(struct multiboot_info, vbe, 72);
ASSERT_OFFSET(struct multiboot_info, framebuffer_addr, 88);
ASSERT_OFFSET(struct multiboot_info, color_info, 110);
ASSERT_SIZE(struct multiboot_info, 120);

#define MULTIBOOT_INFO_MEMORY  BIT(0)
#define MULTIBOOT_INFO_CMDLINE BIT(2)
#define MULTIBOOT_INFO_MODS    BIT(3)
#define MULTIBOOT_INFO_MMAP    BIT(6)
#define MULTIBOOT_INFO_LOADER  BIT(9)

struct multiboot_module {
	u32 start;
	u32 end;
	u32 string;
	u32 reserved;
};
ASSERT_SIZE(struct multiboot_module, 16);

/* size does not count itself: the next entry is size + 4 bytes further. */
struct multiboot_mmap {
	u32 size;
	u64 base;
	u64 len;
	u32 type;
} __packed;
ASSERT_SIZE(struct multiboot_mmap, 24);

/* What the planner builds and the plan's pieces point at. */
struct l1_multiboot_buffers {
	u8 info[32768] __aligned(8);
};

bool l1_multiboot_is_image(const u8 *image, u64 size);

/*
 * Plans the start of in->image. Returns NULL, or why it cannot be started; *plan is then not to be
 * used.
 */
const char *l1_multiboot_plan(const struct l1_input *in, struct l1_multiboot_buffers *buffers,
			      struct l1_plan *plan);

#endif
