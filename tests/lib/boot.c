/* SPDX-License-Identifier: MIT */
/*
 * Takes the loader's Multiboot information into memory of its own and answers questions about the
 * memory map. Judges nothing: the payload `hello` does.
 */
#include "tests/lib/multiboot.h"

#include "lib/bits.h"
#include "lib/string.h"

struct boot boot;

extern char __image_end[];

static void copy_string(char *to, size_t size, u32 from)
{
	const char *s = (const char *)(uintptr_t)from;
	size_t n = 0;

	while (n + 1 < size && s[n]) {
		to[n] = s[n];
		n++;
	}
	to[n] = '\0';
}

static void raise_end(u64 end)
{
	boot.end = MAX(boot.end, ALIGN_UP(end, PAGE_SIZE));
}

static void copy_modules(const struct mb_info *mbi)
{
	const struct mb_module *m = (const struct mb_module *)(uintptr_t)mbi->mods_addr;

	for (u32 i = 0; i < mbi->mods_count && i < BOOT_MODULES; i++) {
		struct boot_module *to = &boot.modules[boot.n_modules++];

		to->start = m[i].start;
		to->end = m[i].end;
		if (m[i].string) {
			copy_string(to->string, sizeof(to->string), m[i].string);
			raise_end(m[i].string + sizeof(to->string));
		}
		raise_end(m[i].end);
	}
	raise_end(mbi->mods_addr + (u64)mbi->mods_count * sizeof(*m));
}

static void copy_mmap(const struct mb_info *mbi)
{
	u32 at = 0;

	while (at + sizeof(struct mb_mmap) <= mbi->mmap_length && boot.n_mmap < BOOT_MMAP) {
		const struct mb_mmap *e = (const struct mb_mmap *)(uintptr_t)(mbi->mmap_addr + at);

		boot.mmap[boot.n_mmap++] = (struct boot_region){ e->base, e->length, e->type };
		at += e->size + sizeof(e->size);
	}
	raise_end(mbi->mmap_addr + mbi->mmap_length);
}

void boot_copy_info(void)
{
	const struct mb_info *mbi = (const struct mb_info *)(uintptr_t)entry_state.ebx;

	boot.end = ALIGN_UP((u64)(uintptr_t)__image_end, PAGE_SIZE);
	if (entry_state.eax != MB_BOOT_MAGIC || !mbi) {
		return;
	}
	boot.info = *mbi;
	raise_end(entry_state.ebx + sizeof(*mbi));
	if (mbi->flags & MB_INFO_CMDLINE) {
		copy_string(boot.cmdline, sizeof(boot.cmdline), mbi->cmdline);
		raise_end(mbi->cmdline + sizeof(boot.cmdline));
	}
	if (mbi->flags & MB_INFO_MODS) {
		copy_modules(mbi);
	}
	if (mbi->flags & MB_INFO_MMAP) {
		copy_mmap(mbi);
	}
}

bool boot_is_ram(u64 base, u64 length)
{
	for (unsigned int i = 0; i < boot.n_mmap; i++) {
		const struct boot_region *r = &boot.mmap[i];

		if (r->type == MB_MMAP_RAM && base >= r->base &&
		    range_fits(base - r->base, length, r->length)) {
			return true;
		}
	}
	return false;
}

bool boot_lists_page(u64 base)
{
	for (unsigned int i = 0; i < boot.n_mmap; i++) {
		if (ranges_overlap(base, PAGE_SIZE, boot.mmap[i].base, boot.mmap[i].length)) {
			return true;
		}
	}
	return false;
}

u64 boot_top_of_ram(u64 limit)
{
	u64 top = 0;

	for (unsigned int i = 0; i < boot.n_mmap; i++) {
		u64 end = boot.mmap[i].base + boot.mmap[i].length;

		if (boot.mmap[i].type == MB_MMAP_RAM && boot.mmap[i].base < limit) {
			top = MAX(top, MIN(end, limit));
		}
	}
	return top;
}
