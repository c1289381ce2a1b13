/* SPDX-License-Identifier: MIT */
/*
 * Carrying out a plan. The loader put the modules wherever it liked, perhaps where L1 has to be, so
 * they first go to the top of L1's RAM, and the planners keep clear of that.
 */
#include "arch/x86/l1.h"

#include "arch/x86/console.h"
#include "arch/x86/l1_linux.h"
#include "arch/x86/l1_multiboot.h"
#include "arch/x86/memory.h"
#include "lib/printf.h"
#include "lib/string.h"

union l1_buffers {
	struct l1_linux_buffers linux_;
	struct l1_multiboot_buffers multiboot;
};

static union l1_buffers *buffers;
static struct l1_plan plan;
static struct memmap room; /* L1's map without the modules */
static struct l1_module modules[BOOT_MODULES_MAX];

/* The highest module first, so that a move upwards never runs over one that still waits. */
static u32 highest_unmoved(const struct boot_info *info, u32 moved)
{
	u32 best = BOOT_MODULES_MAX;

	for (u32 i = 0; i < info->module_count; i++) {
		if (!(moved & BIT(i)) && (best == BOOT_MODULES_MAX ||
					  info->modules[i].start > info->modules[best].start)) {
			best = i;
		}
	}
	return best;
}

/* Whether [dest, end) holds the start of a module that has not been moved, other than `self`. */
static bool runs_over(const struct boot_info *info, u32 moved, u32 self, u64 dest, u64 end)
{
	for (u32 i = 0; i < info->module_count; i++) {
		const struct boot_module *m = &info->modules[i];

		if (i != self && !(moved & BIT(i)) &&
		    ranges_overlap(dest, end - dest, m->start, m->end - m->start)) {
			return true;
		}
	}
	return false;
}

const char *l1_set_aside(const struct boot_info *info)
{
	u32 moved = 0;
	u64 top = GIB(4);

	if (info->module_count == 0) {
		return "no L1 given: the boot loader's first module2 is L1's kernel";
	}
	room = *memory_l1_map();
	for (u32 n = 0; n < info->module_count; n++) {
		u32 i = highest_unmoved(info, moved);
		const struct boot_module *m = &info->modules[i];
		u64 size = m->end - m->start;
		u64 dest;

		if (!memmap_covers_ram(memory_l1_map(), m->start, MAX(size, 1))) {
			return "a module lies outside of RAM: the boot loader is at fault";
		}
		dest = memmap_find_top(memory_l1_map(), MAX(size, 1), PAGE_SIZE, top, NULL, 0);
		if (dest == MEMMAP_NONE || dest < m->start ||
		    runs_over(info, moved, i, dest, dest + size)) {
			return "too little memory to set L1's modules aside: give the machine more";
		}
		memmove(l1_page(dest), l1_page(m->start), size);
		modules[i] = (struct l1_module){ .data = l1_page(dest),
						 .size = size,
						 .cmdline = m->cmdline };
		if (!memmap_hide(&room, dest, MAX(size, 1))) {
			return "the memory map has too many pieces";
		}
		top = dest;
		moved |= (u32)BIT(i);
	}
	return NULL;
}

/* The name of the module's file is no argument: Linux gets the rest, Multiboot the name first. */
static void carry_out(void)
{
	for (u32 i = 0; i < plan.piece_count; i++) {
		const struct l1_piece *piece = &plan.pieces[i];

		if (piece->src) {
			memcpy(l1_page(piece->dest.v), piece->src, piece->len);
		} else {
			memset(l1_page(piece->dest.v), 0, piece->len);
		}
	}
}

static const char *make_plan(const struct boot_info *info, const struct l1_input *in)
{
	switch (l1_image_detect(in->image, in->image_size)) {
	case L1_IMAGE_LINUX:
		log_info("L1: a Linux kernel, %u modules, command line: %s", info->module_count - 1,
			 in->cmdline);
		return l1_linux_plan(in, &buffers->linux_, &plan);
	case L1_IMAGE_MULTIBOOT:
		log_info("L1: a Multiboot kernel, %u modules, command line: %s",
			 info->module_count - 1, in->cmdline);
		return l1_multiboot_plan(in, &buffers->multiboot, &plan);
	default:
		return "the first module is neither a bzImage nor a Multiboot1 kernel";
	}
}

/* What a planner refuses is cured by another file or by more memory: say which file, how much. */
static const char *with_facts(const char *why, const struct l1_input *in)
{
	static char text[240];

	fmt_str(text, sizeof(text),
		"%s (the file is the first module2's, %llu bytes; L1 has %llu MiB of RAM)", why,
		(unsigned long long)in->image_size,
		(unsigned long long)(memmap_ram_bytes(in->map) >> 20));
	return text;
}

const char *l1_load(const struct boot_info *info, struct l1_entry *entry)
{
	struct l1_input in = { .program = "l1", .rsdp = info->rsdp, .rsdp_len = info->rsdp_len };
	const char *why;

	buffers = memory_alloc(sizeof(*buffers));
	if (!buffers) {
		return "too little memory to plan the start of L1";
	}
	in.map = memory_l1_map();
	in.room = &room;
	in.image = modules[0].data;
	in.image_size = modules[0].size;
	in.cmdline = modules[0].cmdline;
	in.modules = modules + 1;
	in.module_count = info->module_count - 1;
	if (!info->rsdp_len) {
		in.rsdp = NULL;
	}
	if (!info->efi_system_table) {
		in.screen.kind = L1_SCREEN_VGA_TEXT;
	}
	why = make_plan(info, &in);
	if (why) {
		return with_facts(why, &in);
	}
	carry_out();
	*entry = plan.entry;
	return NULL;
}
