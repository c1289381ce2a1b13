/* SPDX-License-Identifier: MIT */
/*
 * Owns the start of a Linux kernel [Linux/x86 Boot Protocol]: judges the image, finds places for
 * it, its initrd and the small structures, and builds those. Knows nothing of the virtual CPU that
 * will run it, nor of how memory is written.
 */
#include "arch/x86/l1_linux.h"
#include "lib/bits.h"
#include "lib/string.h"

#define HEADER_AT		   offsetof(struct boot_params, hdr)
#define HEADER_END		   offsetof(struct boot_params, reserved_290)
#define HEADER_LEAST		   0x268u /* where the header of protocol 2.12 ends */
#define HDRS			   0x53726448u
#define BOOT_FLAG		   0xAA55u
#define VERSION_LEAST		   0x020Cu /* 2.12: xloadflags */
#define SECTOR			   512u

#define XLF_KERNEL_64		   BIT(0)
#define XLF_CAN_BE_LOADED_ABOVE_4G BIT(1)
#define LOADED_HIGH		   BIT(0)
#define CAN_USE_HEAP		   BIT(7)
#define LOADER_UNDEFINED	   0xFFu
#define VID_MODE_NORMAL		   0xFFFFu
#define ENTRY_64		   0x200u
#define VIDEO_TYPE_VLFB		   0x23

#define BOOT_CS			   0x10
#define BOOT_DS			   0x18

#define PT_PRESENT		   BIT(0)
#define PT_WRITE		   BIT(1)
#define PT_LARGE		   BIT(7)
#define MAPPED_SIZE		   GIB(4)

/* The low block, in pages: zero page, page tables, GDT, RSDP, command line. */
#define LOW_TABLES  1
#define LOW_GDT	    (LOW_TABLES + L1_LINUX_TABLES)
#define LOW_RSDP    (LOW_GDT + 1)
#define LOW_CMDLINE (LOW_RSDP + 1)
/* Above the BIOS's data and where boot code is wont to be; below the EBDA and the VGA. */
#define LOW_FROM 0x10000u
#define LOW_TO	 0xA0000u

static const char too_many[] = "L1: too many pieces";

static const u64 boot_gdt[] = {
	[0] = 0,
	[BOOT_CS / 8] = 0x00AF9B000000FFFF, /* 64-bit code, DPL 0, accessed */
	[BOOT_DS / 8] = 0x00CF93000000FFFF, /* data, flat, DPL 0, accessed */
};

struct kernel {
	struct setup_header hdr;
	u32 header_len; /* of the header's bytes in the image */
	const u8 *code; /* what follows the real-mode part */
	u64 code_size;
	u64 reserve; /* bytes from its address on that the kernel uses before it looks at e820 */
	u64 addr;
};

bool l1_linux_is_image(const u8 *image, u64 size)
{
	struct setup_header hdr;

	if (size < HEADER_END) {
		return false;
	}
	memcpy(&hdr, image + HEADER_AT, sizeof(hdr));
	return hdr.boot_flag == BOOT_FLAG && hdr.header == HDRS;
}

static const char *read_image(const struct l1_input *in, struct kernel *k)
{
	u64 setup_size;

	if (!l1_linux_is_image(in->image, in->image_size)) {
		return "L1: no Linux setup header in the image";
	}
	memcpy(&k->hdr, in->image + HEADER_AT, sizeof(k->hdr));
	if (k->hdr.version < VERSION_LEAST) {
		return "L1: the kernel's boot protocol is older than 2.12";
	}
	if (!(k->hdr.xloadflags & XLF_KERNEL_64)) {
		return "L1: the kernel has no 64-bit entry";
	}
	if (!(k->hdr.loadflags & LOADED_HIGH)) {
		return "L1: the kernel is no bzImage";
	}
	k->header_len = MIN(0x202u + in->image[0x201], (u32)HEADER_END) - (u32)HEADER_AT;
	if (k->header_len < HEADER_LEAST - HEADER_AT) {
		return "L1: the kernel's setup header is cut off";
	}
	/* [Linux/x86 "Loading The Rest of The Kernel"]: 0 sectors mean 4. */
	setup_size = SECTOR * (1ull + (k->hdr.setup_sects ? k->hdr.setup_sects : 4u));
	k->code_size = (u64)k->hdr.syssize * 16;
	if (!range_fits(setup_size, k->code_size, in->image_size)) {
		return "L1: the kernel image is truncated";
	}
	if (k->code_size <= ENTRY_64) {
		return "L1: the kernel image has no code at its 64-bit entry";
	}
	k->code = in->image + setup_size;
	k->reserve = MAX(k->code_size, (u64)k->hdr.init_size);
	return NULL;
}

static const char *place_kernel(const struct l1_input *in, struct kernel *k, struct l1_plan *plan)
{
	u64 align = k->hdr.kernel_alignment;

	k->addr = k->hdr.pref_address;
	if (k->addr < MIB(1) || !range_fits(k->addr, k->reserve, MAPPED_SIZE) ||
	    !memmap_covers_ram(l1_room(in), k->addr, k->reserve)) {
		if (!k->hdr.relocatable_kernel) {
			return "L1: no RAM at the address of the kernel, which is not relocatable";
		}
		if (align == 0 || (align & (align - 1)) != 0) {
			return "L1: the kernel's alignment is no power of two";
		}
		/* Below its preferred address, a kernel would move itself up to there. */
		k->addr =
			memmap_find_bottom(l1_room(in), k->reserve, MAX(align, PAGE_SIZE),
					   MAX(k->hdr.pref_address, MIB(1)), MAPPED_SIZE, NULL, 0);
		if (k->addr == MEMMAP_NONE) {
			return "L1: no room in L1's RAM for the kernel";
		}
	}
	if (!l1_plan_take(plan, k->addr, k->reserve) ||
	    !l1_plan_add(plan, k->addr, k->code, k->code_size)) {
		return too_many;
	}
	return NULL;
}

/* Identity-maps the first MAPPED_SIZE bytes with tables that will be at the GPA base. */
static void build_tables(u64 tables[L1_LINUX_TABLES][512], u64 base)
{
	memset(tables, 0, L1_LINUX_TABLES * PAGE_SIZE);
	tables[0][0] = (base + PAGE_SIZE) | PT_PRESENT | PT_WRITE;
	for (u32 i = 0; i < MAPPED_SIZE / GIB(1); i++) {
		tables[1][i] = (base + (2 + i) * PAGE_SIZE) | PT_PRESENT | PT_WRITE;
		for (u32 j = 0; j < 512; j++) {
			tables[2 + i][j] = (GIB(i) + MIB(2) * j) | PT_PRESENT | PT_WRITE | PT_LARGE;
		}
	}
}

/* Returns false if the table is full. */
static bool add_e820(struct boot_params *bp, u64 base, u64 end, u32 type)
{
	if (base >= end) {
		return true;
	}
	if (bp->e820_entries == E820_MAX) {
		return false;
	}
	bp->e820_table[bp->e820_entries++] = (struct linux_e820){ base, end - base, type };
	return true;
}

/* The RSDP's page is RAM that Linux must keep: it goes into the table as ACPI memory. */
static const char *build_e820(const struct memmap *map, struct boot_params *bp)
{
	u64 hole = ALIGN_DOWN(bp->acpi_rsdp_addr, PAGE_SIZE);
	bool ok = true;

	for (u32 i = 0; i < map->count; i++) {
		const struct mem_region *r = &map->regions[i];
		u64 end = r->base + r->len;

		if (hole != 0 && hole >= r->base && hole < end) {
			ok &= add_e820(bp, r->base, hole, r->type);
			ok &= add_e820(bp, hole, hole + PAGE_SIZE, MEM_ACPI);
			ok &= add_e820(bp, hole + PAGE_SIZE, end, r->type);
		} else {
			ok &= add_e820(bp, r->base, end, r->type);
		}
	}
	return ok ? NULL : "L1: the memory map has more than 128 entries";
}

static void build_screen(const struct l1_screen *screen, struct linux_screen_info *out)
{
	if (screen->kind == L1_SCREEN_VGA_TEXT) {
		out->orig_video_mode = 3;
		out->orig_video_cols = 80;
		out->orig_video_lines = 25;
		out->orig_video_points = 16;
		out->orig_video_isvga = 1;
	} else if (screen->kind == L1_SCREEN_RGB) {
		out->orig_video_isvga = VIDEO_TYPE_VLFB;
		out->lfb_width = screen->width;
		out->lfb_height = screen->height;
		out->lfb_depth = screen->bpp;
		out->lfb_base = low32(screen->addr);
		out->ext_lfb_base = high32(screen->addr);
		out->capabilities = high32(screen->addr) ? BIT(1) : 0; /* 64-bit base */
		out->lfb_size = (u32)(((u64)screen->pitch * screen->height + 0xFFFF) >> 16);
		out->lfb_linelength = (u16)screen->pitch;
		for (u32 i = 0; i < 3; i++) {
			out->colors[2 * i] = screen->color_size[i];
			out->colors[2 * i + 1] = screen->color_pos[i];
		}
	}
}

static const char *place_initrd(const struct l1_input *in, const struct kernel *k,
				struct boot_params *bp, struct l1_plan *plan)
{
	u64 total = 0;
	u64 addr;

	for (u32 i = 0; i < in->module_count; i++) {
		/* Linux takes archives one behind the other if they begin on 4 bytes. */
		if (in->modules[i].size > MEMMAP_LIMIT) {
			return "L1: a module has an impossible size";
		}
		total += ALIGN_UP(in->modules[i].size, 4);
	}
	if (total == 0) {
		return NULL;
	}
	addr = memmap_find_top(l1_room(in), total, PAGE_SIZE,
			       MIN((u64)k->hdr.initrd_addr_max + 1, MAPPED_SIZE), plan->taken,
			       plan->taken_count);
	if (addr == MEMMAP_NONE && (k->hdr.xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G)) {
		addr = memmap_find_top(l1_room(in), total, PAGE_SIZE, MEMMAP_LIMIT, plan->taken,
				       plan->taken_count);
	}
	if (addr == MEMMAP_NONE) {
		return "L1: no room in L1's RAM for the initrd";
	}
	bp->hdr.ramdisk_image = low32(addr);
	bp->ext_ramdisk_image = high32(addr);
	bp->hdr.ramdisk_size = low32(total);
	bp->ext_ramdisk_size = high32(total);
	if (!l1_plan_take(plan, addr, total)) {
		return too_many;
	}
	for (u32 i = 0; i < in->module_count; i++) {
		u64 size = in->modules[i].size;

		if (!l1_plan_add(plan, addr, in->modules[i].data, size) ||
		    !l1_plan_add(plan, addr + size, NULL, ALIGN_UP(size, 4) - size)) {
			return too_many;
		}
		addr += ALIGN_UP(size, 4);
	}
	return NULL;
}

static void build_params(const struct l1_input *in, const struct kernel *k, u64 low,
			 struct boot_params *bp)
{
	memset(bp, 0, sizeof(*bp));
	memcpy(&bp->hdr, in->image + HEADER_AT, MIN(k->header_len, (u32)sizeof(bp->hdr)));
	if (k->header_len > sizeof(bp->hdr)) {
		memcpy(bp->hdr_rest, in->image + HEADER_AT + sizeof(bp->hdr),
		       k->header_len - sizeof(bp->hdr));
	}
	bp->hdr.type_of_loader = LOADER_UNDEFINED;
	bp->hdr.ext_loader_type = 0;
	bp->hdr.ext_loader_ver = 0;
	bp->hdr.loadflags &= (u8)~CAN_USE_HEAP;
	bp->hdr.vid_mode = VID_MODE_NORMAL;
	bp->hdr.code32_start = low32(k->addr);
	bp->hdr.ramdisk_image = 0;
	bp->hdr.ramdisk_size = 0;
	bp->hdr.setup_data = 0;
	bp->hdr.cmd_line_ptr = low32(low + LOW_CMDLINE * PAGE_SIZE);
	bp->acpi_rsdp_addr = in->rsdp_len > 0 ? low + LOW_RSDP * PAGE_SIZE : 0;
	build_screen(&in->screen, &bp->screen_info);
}

/* Finds the low block's place and plans what is in it. */
static const char *place_low(const struct l1_input *in, const struct kernel *k,
			     struct l1_linux_buffers *buffers, struct l1_plan *plan, u64 *low)
{
	u64 cmdline_len = strlen(in->cmdline) + 1;
	u64 size = LOW_CMDLINE * PAGE_SIZE + ALIGN_UP(cmdline_len, PAGE_SIZE);
	bool ok;

	if (cmdline_len - 1 > k->hdr.cmdline_size) {
		return "L1: the command line is longer than the kernel takes";
	}
	if (in->rsdp_len > PAGE_SIZE) {
		return "L1: the RSDP has an impossible length";
	}
	*low = memmap_find_bottom(l1_room(in), size, PAGE_SIZE, LOW_FROM, LOW_TO, plan->taken,
				  plan->taken_count);
	if (*low == MEMMAP_NONE) {
		*low = memmap_find_top(l1_room(in), size, PAGE_SIZE, MAPPED_SIZE, plan->taken,
				       plan->taken_count);
	}
	if (*low == MEMMAP_NONE) {
		return "L1: no room in L1's RAM for the kernel's parameters";
	}
	ok = l1_plan_take(plan, *low, size) &&
	     l1_plan_add(plan, *low, &buffers->params, sizeof(buffers->params)) &&
	     l1_plan_add(plan, *low + LOW_TABLES * PAGE_SIZE, buffers->tables,
			 sizeof(buffers->tables)) &&
	     l1_plan_add(plan, *low + LOW_GDT * PAGE_SIZE, boot_gdt, sizeof(boot_gdt)) &&
	     l1_plan_add(plan, *low + LOW_RSDP * PAGE_SIZE, in->rsdp, in->rsdp_len) &&
	     l1_plan_add(plan, *low + LOW_CMDLINE * PAGE_SIZE, in->cmdline, cmdline_len);
	return ok ? NULL : too_many;
}

const char *l1_linux_plan(const struct l1_input *in, struct l1_linux_buffers *buffers,
			  struct l1_plan *plan)
{
	struct kernel k;
	const char *defect;
	u64 low;

	plan->piece_count = 0;
	plan->taken_count = 0;
	if (in->module_count > L1_MODULES_MAX) {
		return "L1: more than 16 modules";
	}
	defect = read_image(in, &k);
	if (!defect) {
		defect = place_kernel(in, &k, plan);
	}
	if (!defect) {
		defect = place_low(in, &k, buffers, plan, &low);
	}
	if (defect) {
		return defect;
	}
	build_params(in, &k, low, &buffers->params);
	build_tables(buffers->tables, low + LOW_TABLES * PAGE_SIZE);
	defect = build_e820(in->map, &buffers->params);
	if (!defect) {
		defect = place_initrd(in, &k, &buffers->params, plan);
	}
	plan->entry = (struct l1_entry){ .mode = L1_MODE_LONG,
					 .rip = k.addr + ENTRY_64,
					 .rsi = low,
					 .cr3 = low + LOW_TABLES * PAGE_SIZE,
					 .gdt_base = low + LOW_GDT * PAGE_SIZE,
					 .gdt_limit = sizeof(boot_gdt) - 1,
					 .cs = BOOT_CS,
					 .ds = BOOT_DS };
	return defect;
}
