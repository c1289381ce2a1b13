/* SPDX-License-Identifier: MIT */
/*
 * A plan for starting L1: what goes where in its memory, and with which registers it begins. The
 * planners (l1_linux, l1_multiboot) judge an image and write a plan; the shell carries it out.
 * They touch no memory but their arguments.
 */
#ifndef ARCH_X86_L1_PLAN_H
#define ARCH_X86_L1_PLAN_H

#include "lib/types.h"
#include "mm/addr.h"
#include "mm/memmap.h"

#define L1_PIECES_MAX  64
#define L1_MODULES_MAX 16

enum l1_image {
	L1_IMAGE_UNKNOWN,
	L1_IMAGE_LINUX,
	L1_IMAGE_MULTIBOOT,
};

struct l1_module {
	const u8 *data;
	u64 size;
	const char *cmdline;
};

enum l1_screen_kind {
	L1_SCREEN_NONE,
	L1_SCREEN_VGA_TEXT, /* 80x25 */
	L1_SCREEN_RGB,
};

struct l1_screen {
	enum l1_screen_kind kind;
	u64 addr; /* this and the rest: of L1_SCREEN_RGB */
	u32 pitch;
	u16 width;
	u16 height;
	u8 bpp;
	u8 color_pos[3]; /* red, green, blue */
	u8 color_size[3];
};

/* All of it lies outside of `room`, and stays until the plan is done. */
struct l1_input {
	const u8 *image;
	u64 image_size;
	const char *program; /* the first word of a Multiboot command line */
	const char *cmdline; /* the rest of it, or Linux's whole command line */
	const struct l1_module *modules;
	u32 module_count;
	const struct memmap *map;  /* L1's, as it will see it */
	const struct memmap *room; /* where pieces may go; NULL: everywhere in `map` */
	const u8 *rsdp;		   /* a copy, or NULL */
	u32 rsdp_len;
	struct l1_screen screen;
};

/* src NULL: len zero bytes. len is never 0. */
struct l1_piece {
	gpa_t dest;
	const void *src;
	u64 len;
};

enum l1_mode {
	L1_MODE_PROTECTED, /* 32-bit, flat, paging off */
	L1_MODE_LONG,	   /* 64-bit, flat, paging on with cr3; EFER.LME and LMA, CR4.PAE */
};

/*
 * Interrupts are off, every other general register is 0. Code is read-execute and data read-write,
 * all with base 0 and the largest limit.
 */
struct l1_entry {
	enum l1_mode mode;
	u64 rip;
	u64 rax;
	u64 rbx;
	u64 rsi;
	u64 cr3;
	u64 gdt_base;
	u16 gdt_limit;
	u16 cs;
	u16 ds; /* of SS, ES, FS, GS too */
};

/*
 * Pieces overlap neither each other nor anything but RAM. taken lists what the plan occupies: the
 * pieces, and memory that L1 uses at once though nothing is written there.
 */
struct l1_plan {
	u32 piece_count;
	u32 taken_count;
	struct l1_piece pieces[L1_PIECES_MAX];
	struct mem_region taken[L1_PIECES_MAX];
	struct l1_entry entry;
};

static inline const struct memmap *l1_room(const struct l1_input *in)
{
	return in->room ? in->room : in->map;
}

/* What the size bytes at image are, by their magic numbers alone. */
enum l1_image l1_image_detect(const u8 *image, u64 size);

/* Both return false if the plan is full. */
static inline bool l1_plan_take(struct l1_plan *plan, u64 base, u64 len)
{
	if (plan->taken_count == L1_PIECES_MAX) {
		return false;
	}
	plan->taken[plan->taken_count++] = (struct mem_region){ base, len, MEM_RAM };
	return true;
}

static inline bool l1_plan_add(struct l1_plan *plan, u64 dest, const void *src, u64 len)
{
	if (len == 0) {
		return true;
	}
	if (plan->piece_count == L1_PIECES_MAX) {
		return false;
	}
	plan->pieces[plan->piece_count++] = (struct l1_piece){ GPA(dest), src, len };
	return true;
}

#endif
