/* SPDX-License-Identifier: MIT */
/*
 * A Linux bzImage as L1, by the 64-bit entry of [Linux/x86 "64-bit Boot Protocol"].
 */
#ifndef ARCH_X86_L1_LINUX_H
#define ARCH_X86_L1_LINUX_H

#include "arch/x86/l1_plan.h"

#define E820_MAX 128

/* [Linux/x86 "The Real-Mode Kernel Header"]; offsets in the image are 0x1F1 higher. */
struct setup_header {
	u8 setup_sects;
	u16 root_flags;
	u32 syssize;
	u16 ram_size;
	u16 vid_mode;
	u16 root_dev;
	u16 boot_flag;
	u16 jump;
	u32 header;
	u16 version;
	u32 realmode_swtch;
	u16 start_sys_seg;
	u16 kernel_version;
	u8 type_of_loader;
	u8 loadflags;
	u16 setup_move_size;
	u32 code32_start;
	u32 ramdisk_image;
	u32 ramdisk_size;
	u32 bootsect_kludge;
	u16 heap_end_ptr;
	u8 ext_loader_ver;
	u8 ext_loader_type;
	u32 cmd_line_ptr;
	u32 initrd_addr_max;
	u32 kernel_alignment;
	u8 relocatable_kernel;
	u8 min_alignment;
	u16 xloadflags;
	u32 cmdline_size;
	u32 hardware_subarch;
	u64 hardware_subarch_data;
	u32 payload_offset;
	u32 payload_length;
	u64 setup_data;
	u64 pref_address;
	u32 init_size;
	u32 handover_offset;
	u32 kernel_info_offset;
} __packed;

struct linux_screen_info {
	u8 orig_x;
	u8 orig_y;
	u16 ext_mem_k;
	u16 orig_video_page;
	u8 orig_video_mode;
	u8 orig_video_cols;
	u8 flags;
	u8 unused2;
	u16 orig_video_ega_bx;
	u16 unused3;
	u8 orig_video_lines;
	u8 orig_video_isvga;
	u16 orig_video_points;
	u16 lfb_width;
	u16 lfb_height;
	u16 lfb_depth;
	u32 lfb_base;
	u32 lfb_size; /* in 64 KiB */
	u16 cl_magic;
	u16 cl_offset;
	u16 lfb_linelength;
	u8 colors[8]; /* size and position of red, green, blue, reserved */
	u16 vesapm_seg;
	u16 vesapm_off;
	u16 pages;
	u16 vesa_attributes;
	u32 capabilities;
	u32 ext_lfb_base;
	u8 reserved[2];
} __packed;

struct linux_e820 {
	u64 addr;
	u64 size;
	u32 type;
} __packed;

/* [Linux/x86 "Zero Page"] */
struct boot_params {
	struct linux_screen_info screen_info;
	u8 reserved_040[0x30];
	u64 acpi_rsdp_addr;
	u8 reserved_078[0x48];
	u32 ext_ramdisk_image;
	u32 ext_ramdisk_size;
	u32 ext_cmd_line_ptr;
	u8 reserved_0cc[0x11C];
	u8 e820_entries;
	u8 reserved_1e9[6];
	u8 sentinel;
	u8 reserved_1f0;
	struct setup_header hdr;
	u8 hdr_rest[0x24]; /* of headers longer than this one */
	u8 reserved_290[0x40];
	struct linux_e820 e820_table[E820_MAX];
	u8 reserved_cd0[0x330];
} __packed;

ASSERT_OFFSET(struct linux_screen_info, orig_video_isvga, 0x0F);
ASSERT_OFFSET(struct linux_screen_info, lfb_base, 0x18);
ASSERT_OFFSET(struct linux_screen_info, lfb_linelength, 0x24);
ASSERT_OFFSET(struct linux_screen_info, ext_lfb_base, 0x3A);
ASSERT_SIZE(struct linux_screen_info, 0x40);
ASSERT_SIZE(struct linux_e820, 20);
ASSERT_OFFSET(struct boot_params, acpi_rsdp_addr, 0x070);
ASSERT_OFFSET(struct boot_params, ext_ramdisk_image, 0x0C0);
ASSERT_OFFSET(struct boot_params, e820_entries, 0x1E8);
ASSERT_OFFSET(struct boot_params, sentinel, 0x1EF);
ASSERT_OFFSET(struct boot_params, hdr, 0x1F1);
ASSERT_OFFSET(struct boot_params, hdr.boot_flag, 0x1FE);
ASSERT_OFFSET(struct boot_params, hdr.header, 0x202);
ASSERT_OFFSET(struct boot_params, hdr.version, 0x206);
ASSERT_OFFSET(struct boot_params, hdr.type_of_loader, 0x210);
ASSERT_OFFSET(struct boot_params, hdr.code32_start, 0x214);
ASSERT_OFFSET(struct boot_params, hdr.ramdisk_image, 0x218);
ASSERT_OFFSET(struct boot_params, hdr.cmd_line_ptr, 0x228);
ASSERT_OFFSET(struct boot_params, hdr.initrd_addr_max, 0x22C);
ASSERT_OFFSET(struct boot_params, hdr.kernel_alignment, 0x230);
ASSERT_OFFSET(struct boot_params, hdr.xloadflags, 0x236);
ASSERT_OFFSET(struct boot_params, hdr.cmdline_size, 0x238);
ASSERT_OFFSET(struct boot_params, hdr.setup_data, 0x250);
ASSERT_OFFSET(struct boot_params, hdr.pref_address, 0x258);
ASSERT_OFFSET(struct boot_params, hdr.init_size, 0x260);
ASSERT_OFFSET(struct boot_params, hdr.kernel_info_offset, 0x268);
ASSERT_OFFSET(struct boot_params, hdr_rest, 0x26C);
ASSERT_OFFSET(struct boot_params, e820_table, 0x2D0);
ASSERT_OFFSET(struct boot_params, reserved_cd0, 0xCD0);
ASSERT_SIZE(struct boot_params, 4096);

/* PML4, one table of 512 GiB, and the 2 MiB pages of the first 4 GiB. */
#define L1_LINUX_TABLES 6

/* What the planner builds and the plan's pieces point at. */
struct l1_linux_buffers {
	struct boot_params params;
	u64 tables[L1_LINUX_TABLES][512];
};

bool l1_linux_is_image(const u8 *image, u64 size);

/*
 * Plans the start of in->image with all modules, one behind the other, as its initrd. Returns NULL,
 * or why it cannot be started; *plan is then not to be used.
 */
const char *l1_linux_plan(const struct l1_input *in, struct l1_linux_buffers *buffers,
			  struct l1_plan *plan);

#endif
