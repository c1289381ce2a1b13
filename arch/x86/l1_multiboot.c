/* SPDX-License-Identifier: MIT */
/*
 * Owns the start of a Multiboot1 kernel [Multiboot]: judges the image, finds places for its
 * modules and the information structure, and builds that. Knows nothing of the virtual CPU that
 * will run it, nor of how memory is written.
 */
#include "arch/x86/l1_multiboot.h"
#include "arch/x86/l1_linux.h"
#include "lib/bits.h"
#include "lib/string.h"

#define SEARCH_MAX   8192u /* the header is within these first bytes [Multiboot "Header layout"] */
#define HEADER_SIZE  12u
#define KLUDGE_SIZE  32u
#define SEGMENTS_MAX 16u
#define LIMIT	     GIB(4)

/* [Multiboot "Header magic fields"]: a loader refuses what it does not know in bits 15:0. */
#define FLAG_PAGE_ALIGN BIT(0)
#define FLAG_MEMORY	BIT(1)
#define FLAGS_REQUIRED	GENMASK(15, 0)
#define FLAG_ADDRESSES	BIT(16)

/* Above the BIOS's data and where boot code is wont to be; below the EBDA and the VGA. */
#define LOW_FROM 0x10000u
#define LOW_TO	 0xA0000u

static const char loader_name[] = "Plinth";
static const char too_many[] = "L1: too many pieces";

struct elf32_header {
	u8 ident[16];
	u16 type;
	u16 machine;
	u32 version;
	u32 entry;
	u32 phoff;
	u32 shoff;
	u32 flags;
	u16 ehsize;
	u16 phentsize;
	u16 phnum;
	u16 shentsize;
	u16 shnum;
	u16 shstrndx;
};
ASSERT_OFFSET(struct elf32_header, phoff, 28);
ASSERT_OFFSET(struct elf32_header, phnum, 44);
ASSERT_SIZE(struct elf32_header, 52);

#define ET_EXEC 2
#define EM_386	3
#define PT_LOAD 1

struct elf32_phdr {
	u32 type;
	u32 offset;
	u32 vaddr;
	u32 paddr;
	u32 filesz;
	u32 memsz;
	u32 flags;
	u32 align;
};
ASSERT_SIZE(struct elf32_phdr, 32);

/* What the loader reads of the Multiboot header, [Multiboot "Header address fields"]. */
struct mb_header {
	u32 magic;
	u32 flags;
	u32 checksum;
	u32 header_addr;
	u32 load_addr;
	u32 load_end_addr;
	u32 bss_end_addr;
	u32 entry_addr;
};
ASSERT_SIZE(struct mb_header, KLUDGE_SIZE);

/* The offset of the header in the image, or SEARCH_MAX. */
static u32 find_header(const u8 *image, u64 size)
{
	u32 end = (u32)MIN(size, (u64)SEARCH_MAX);

	for (u32 at = 0; at + HEADER_SIZE <= end; at += 4) {
		u32 words[3];

		memcpy(words, image + at, sizeof(words));
		if (words[0] == MULTIBOOT_HEADER_MAGIC && words[0] + words[1] + words[2] == 0) {
			return at;
		}
	}
	return SEARCH_MAX;
}

bool l1_multiboot_is_image(const u8 *image, u64 size)
{
	return find_header(image, size) != SEARCH_MAX;
}

enum l1_image l1_image_detect(const u8 *image, u64 size)
{
	if (l1_linux_is_image(image, size)) {
		return L1_IMAGE_LINUX;
	}
	return l1_multiboot_is_image(image, size) ? L1_IMAGE_MULTIBOOT : L1_IMAGE_UNKNOWN;
}

/* Plans one stretch of the kernel: filesz bytes of the image at offset, then zeros up to memsz. */
static const char *load_segment(const struct l1_input *in, u64 offset, u64 addr, u64 filesz,
				u64 memsz, struct l1_plan *plan)
{
	if (filesz > memsz) {
		return "L1: a segment is larger in the image than in memory";
	}
	if (!range_fits(offset, filesz, in->image_size)) {
		return "L1: the image is truncated: a segment lies outside of it";
	}
	if (!range_fits(addr, memsz, LIMIT)) {
		return "L1: a segment ends above 4 GiB";
	}
	if (!memmap_covers_ram(l1_room(in), addr, memsz)) {
		return "L1: a segment lies where L1 has no RAM";
	}
	for (u32 i = 0; i < plan->taken_count; i++) {
		if (ranges_overlap(addr, memsz, plan->taken[i].base, plan->taken[i].len)) {
			return "L1: two segments overlap";
		}
	}
	if (!l1_plan_take(plan, addr, memsz) ||
	    !l1_plan_add(plan, addr, in->image + offset, filesz) ||
	    !l1_plan_add(plan, addr + filesz, NULL, memsz - filesz)) {
		return too_many;
	}
	return NULL;
}

/* [Multiboot "Header address fields"]: the header says itself what is loaded where. */
static const char *load_by_addresses(const struct l1_input *in, u32 at, struct l1_plan *plan)
{
	struct mb_header h;
	u64 offset, filesz, bss;

	if (!range_fits(at, KLUDGE_SIZE, in->image_size)) {
		return "L1: the Multiboot header's addresses are cut off";
	}
	memcpy(&h, in->image + at, sizeof(h));
	if (h.header_addr < h.load_addr || h.header_addr - h.load_addr > at) {
		return "L1: the Multiboot header's addresses do not fit the image";
	}
	offset = at - (h.header_addr - h.load_addr);
	filesz = in->image_size - offset;
	if (h.load_end_addr != 0) {
		if (h.load_end_addr < h.load_addr) {
			return "L1: the Multiboot header's load end is below its load address";
		}
		filesz = h.load_end_addr - h.load_addr;
	}
	bss = 0;
	if (h.bss_end_addr != 0) {
		if (h.bss_end_addr < h.load_addr + filesz) {
			return "L1: the Multiboot header's BSS ends inside its data";
		}
		bss = h.bss_end_addr - (h.load_addr + filesz);
	}
	if (h.entry_addr < h.load_addr || h.entry_addr - h.load_addr >= filesz) {
		return "L1: the entry is outside of what is loaded";
	}
	plan->entry.rip = h.entry_addr;
	return load_segment(in, offset, h.load_addr, filesz, filesz + bss, plan);
}

static const char *check_elf(const struct l1_input *in, struct elf32_header *h)
{
	if (in->image_size < sizeof(*h)) {
		return "L1: the image is no ELF file";
	}
	memcpy(h, in->image, sizeof(*h));
	if (memcmp(h->ident, "\177ELF", 4) != 0) {
		return "L1: the image is no ELF file";
	}
	if (h->ident[4] != 1 || h->ident[5] != 1 || h->machine != EM_386) {
		return "L1: the ELF file is not for 32-bit x86";
	}
	if (h->type != ET_EXEC) {
		return "L1: the ELF file is no executable";
	}
	if (h->phentsize < sizeof(struct elf32_phdr) ||
	    !range_fits(h->phoff, (u64)h->phnum * h->phentsize, in->image_size)) {
		return "L1: the ELF file's program headers lie outside of it";
	}
	return NULL;
}

/* Where entry is if it is inside the segment, by its virtual address or else by its physical. */
static u64 entry_within(const struct elf32_phdr *p, u32 entry, bool by_vaddr)
{
	u32 base = by_vaddr ? p->vaddr : p->paddr;

	if (entry >= base && entry - base < p->memsz) {
		return (u64)entry - base + p->paddr;
	}
	return MEMMAP_NONE;
}

static const char *load_elf(const struct l1_input *in, struct l1_plan *plan)
{
	struct elf32_header h;
	const char *defect = check_elf(in, &h);
	u64 by_vaddr = MEMMAP_NONE;
	u64 by_paddr = MEMMAP_NONE;

	for (u32 i = 0; !defect && i < h.phnum; i++) {
		struct elf32_phdr p;

		memcpy(&p, in->image + h.phoff + (u64)i * h.phentsize, sizeof(p));
		if (p.type != PT_LOAD || p.memsz == 0) {
			continue;
		}
		if (plan->taken_count == SEGMENTS_MAX) {
			return "L1: the ELF file has more than 16 segments";
		}
		defect = load_segment(in, p.offset, p.paddr, p.filesz, p.memsz, plan);
		by_vaddr = MIN(by_vaddr, entry_within(&p, h.entry, true));
		by_paddr = MIN(by_paddr, entry_within(&p, h.entry, false));
	}
	if (defect) {
		return defect;
	}
	/* e_entry is virtual by ELF; kernels linked high often give the physical address. */
	plan->entry.rip = by_vaddr != MEMMAP_NONE ? by_vaddr : by_paddr;
	return plan->entry.rip != MEMMAP_NONE ? NULL : "L1: the entry is outside of every segment";
}

/* Places each module on pages of its own behind the kernel, or wherever above 1 MiB RAM is free. */
static const char *place_modules(const struct l1_input *in, u64 kernel_end, u64 *addrs,
				 struct l1_plan *plan)
{
	for (u32 i = 0; i < in->module_count; i++) {
		const struct l1_module *m = &in->modules[i];
		u64 room = MAX(m->size, 1);
		u64 addr = memmap_find_bottom(l1_room(in), room, PAGE_SIZE, kernel_end, LIMIT,
					      plan->taken, plan->taken_count);

		if (addr == MEMMAP_NONE) {
			addr = memmap_find_bottom(l1_room(in), room, PAGE_SIZE, MIB(1), LIMIT,
						  plan->taken, plan->taken_count);
		}
		if (addr == MEMMAP_NONE) {
			return "L1: no room in L1's RAM for the modules";
		}
		if (!l1_plan_take(plan, addr, room) || !l1_plan_add(plan, addr, m->data, m->size)) {
			return too_many;
		}
		addrs[i] = addr;
	}
	return NULL;
}

/* The information structure as it grows: parts one behind the other, each on 8 bytes. */
struct builder {
	u8 *buf;
	u64 size; /* of buf */
	u64 used;
	u64 base; /* the GPA that buf will be at */
	bool full;
};

/* The offset of len new zero bytes; 0, where the structure itself is, when there is no room. */
static u64 reserve(struct builder *b, u64 len)
{
	u64 at = b->used;

	if (b->full || len > b->size - b->used) {
		b->full = true;
		return 0;
	}
	b->used = MIN(ALIGN_UP(at + len, 8), b->size);
	return at;
}

static u32 gpa_of(const struct builder *b, u64 at)
{
	return low32(b->base + at);
}

static u64 append_text(struct builder *b, const char *first, const char *second)
{
	u64 first_len = strlen(first);
	u64 second_len = strlen(second);
	u64 gap = first_len > 0 && second_len > 0;
	u64 len = first_len + gap + second_len + 1;
	u64 at = reserve(b, len);

	if (!b->full) {
		memcpy(b->buf + at, first, first_len);
		b->buf[at + first_len] = gap ? ' ' : '\0';
		memcpy(b->buf + at + first_len + gap, second, second_len);
		b->buf[at + len - 1] = '\0';
	}
	return at;
}

static u64 append_mmap(struct builder *b, const struct memmap *map)
{
	u64 at = reserve(b, map->count * sizeof(struct multiboot_mmap));

	for (u32 i = 0; !b->full && i < map->count; i++) {
		struct multiboot_mmap entry = { .size = sizeof(entry) - sizeof(entry.size),
						.base = map->regions[i].base,
						.len = map->regions[i].len,
						.type = map->regions[i].type };

		memcpy(b->buf + at + i * sizeof(entry), &entry, sizeof(entry));
	}
	return at;
}

static u64 append_modules(struct builder *b, const struct l1_input *in, const u64 *addrs)
{
	u64 at = reserve(b, in->module_count * sizeof(struct multiboot_module));

	for (u32 i = 0; i < in->module_count; i++) {
		u64 text = append_text(b, in->modules[i].cmdline, "");
		struct multiboot_module m = { .start = low32(addrs[i]),
					      .end = low32(addrs[i] + in->modules[i].size),
					      .string = gpa_of(b, text) };

		if (!b->full) {
			memcpy(b->buf + at + i * sizeof(m), &m, sizeof(m));
		}
	}
	return at;
}

/* KiB of RAM from addr up to the first hole. */
static u32 ram_from(const struct memmap *map, u64 addr, u64 limit)
{
	for (u32 i = 0; i < map->count; i++) {
		const struct mem_region *r = &map->regions[i];

		if (r->type == MEM_RAM && addr >= r->base && addr - r->base < r->len) {
			return (u32)(MIN(r->base + r->len - addr, limit) >> 10);
		}
	}
	return 0;
}

/* Fills the buffer for the GPA base; nothing in its size depends on base. */
static void build_info(const struct l1_input *in, const u64 *addrs, struct builder *b)
{
	struct multiboot_info info = { 0 };

	b->used = 0;
	b->full = false;
	memset(b->buf, 0, b->size);
	reserve(b, sizeof(info));
	info.flags = MULTIBOOT_INFO_MEMORY | MULTIBOOT_INFO_CMDLINE | MULTIBOOT_INFO_MODS |
		     MULTIBOOT_INFO_MMAP | MULTIBOOT_INFO_LOADER;
	info.mem_lower = ram_from(in->map, 0, KIB(640));
	info.mem_upper = ram_from(in->map, MIB(1), KIB((u64)UINT32_MAX));
	info.mmap_addr = gpa_of(b, append_mmap(b, in->map));
	info.mmap_length = in->map->count * (u32)sizeof(struct multiboot_mmap);
	info.mods_addr = gpa_of(b, append_modules(b, in, addrs));
	info.mods_count = in->module_count;
	info.cmdline = gpa_of(b, append_text(b, in->program, in->cmdline));
	info.boot_loader_name = gpa_of(b, append_text(b, loader_name, ""));
	memcpy(b->buf, &info, sizeof(info));
}

static const char *place_info(const struct l1_input *in, const u64 *addrs, u64 kernel_end,
			      struct builder *b, struct l1_plan *plan)
{
	build_info(in, addrs, b);
	if (b->full) {
		return "L1: command lines too long for the Multiboot information";
	}
	b->base = memmap_find_bottom(l1_room(in), b->used, 8, LOW_FROM, LOW_TO, plan->taken,
				     plan->taken_count);
	if (b->base == MEMMAP_NONE) {
		b->base = memmap_find_bottom(l1_room(in), b->used, 8, kernel_end, LIMIT,
					     plan->taken, plan->taken_count);
	}
	if (b->base == MEMMAP_NONE) {
		return "L1: no room in L1's RAM for the Multiboot information";
	}
	build_info(in, addrs, b);
	if (!l1_plan_take(plan, b->base, b->used) || !l1_plan_add(plan, b->base, b->buf, b->used)) {
		return too_many;
	}
	return NULL;
}

static const char *load_kernel(const struct l1_input *in, struct l1_plan *plan)
{
	u32 at = find_header(in->image, in->image_size);
	u32 flags;

	if (at == SEARCH_MAX) {
		return "L1: no Multiboot header in the image's first 8192 bytes";
	}
	memcpy(&flags, in->image + at + 4, sizeof(flags));
	if (flags & FLAGS_REQUIRED & ~(FLAG_PAGE_ALIGN | FLAG_MEMORY)) {
		/* [Multiboot "Header magic fields"] */
		return "L1: the Multiboot header requires what Plinth does not offer";
	}
	return flags & FLAG_ADDRESSES ? load_by_addresses(in, at, plan) : load_elf(in, plan);
}

const char *l1_multiboot_plan(const struct l1_input *in, struct l1_multiboot_buffers *buffers,
			      struct l1_plan *plan)
{
	struct builder b = { .buf = buffers->info, .size = sizeof(buffers->info) };
	u64 addrs[L1_MODULES_MAX];
	u64 kernel_end = MIB(1);
	const char *defect;

	plan->piece_count = 0;
	plan->taken_count = 0;
	/* Selectors and GDTR are free [Multiboot "Machine state"]; these are as harmless as any. */
	plan->entry = (struct l1_entry){
		.mode = L1_MODE_PROTECTED, .rax = MULTIBOOT_BOOTLOADER_MAGIC, .cs = 0x08, .ds = 0x10
	};
	if (in->module_count > L1_MODULES_MAX) {
		return "L1: more than 16 modules";
	}
	defect = load_kernel(in, plan);
	for (u32 i = 0; i < plan->taken_count; i++) {
		kernel_end = MAX(kernel_end, plan->taken[i].base + plan->taken[i].len);
	}
	if (!defect) {
		defect = place_modules(in, kernel_end, addrs, plan);
	}
	if (!defect) {
		defect = place_info(in, addrs, kernel_end, &b, plan);
	}
	plan->entry.rbx = b.base;
	return defect;
}
