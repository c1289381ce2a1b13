/* SPDX-License-Identifier: MIT */
/* Plinth's memory: the maps, the heap, Plinth's page tables, the accessors of L1's memory. */
#include "arch/x86/memory.h"

#include "arch/x86/asm.h"
#include "arch/x86/spec.h"
#include "boot/boot_info.h"
#include "lib/spinlock.h"
#include "lib/string.h"

#define STACK_SLOT KIB(64)

extern char image_start[], image_text_end[], image_rodata_end[], image_end[];

static struct memmap l1_map;
static struct pt host;
static u64 image_spa;
static u64 heap_base;
static u64 heap_size;
static u64 heap_next;
static u64 stack_next = STACKS_BASE;
/* Where table pages are seen: at their physical address until Plinth's own tables are loaded. */
static u64 table_base;
static struct spinlock lock;

struct memmap *memory_l1_map(void)
{
	return &l1_map;
}

u64 memory_heap_base(void)
{
	return heap_base;
}

u64 memory_heap_size(void)
{
	return heap_size;
}

u64 memory_heap_free(void)
{
	return heap_base + heap_size - heap_next;
}

u64 memory_image_base(void)
{
	return image_spa;
}

u64 memory_image_size(void)
{
	return (u64)(image_end - image_start);
}

u64 memory_cr3(void)
{
	return host.root;
}

/* Physical address of `size` zeroed bytes, page-aligned; PT_NO_PAGE. */
static u64 heap_take(u64 size)
{
	u64 spa = PT_NO_PAGE;

	size = ALIGN_UP(size, PAGE_SIZE);
	spin_lock(&lock);
	if (size <= heap_base + heap_size - heap_next) {
		spa = heap_next;
		heap_next += size;
	}
	spin_unlock(&lock);
	if (spa != PT_NO_PAGE) {
		memset((void *)(spa + table_base), 0, size);
	}
	return spa;
}

static u64 *table_at(void *ctx __maybe_unused, u64 pa)
{
	return (u64 *)(pa + table_base);
}

static u64 table_alloc(void *ctx __maybe_unused)
{
	return heap_take(PAGE_SIZE);
}

static const struct pt_ops host_ops = { .table = table_at, .alloc = table_alloc };

void *memory_alloc(size_t size)
{
	u64 spa = heap_take(size);

	return spa == PT_NO_PAGE ? NULL : heap_va(spa);
}

u64 memory_alloc_stack(size_t size)
{
	u64 spa = heap_take(size);
	u64 top = stack_next + STACK_SLOT;

	if (spa == PT_NO_PAGE ||
	    pt_map(&host, top - size, spa, size, PT_ATTR(PT_READ | PT_WRITE, PT_WB), PT_LEVEL_4K)) {
		return 0;
	}
	stack_next = top;
	return top;
}

void *memory_map_mmio(u64 spa, u64 len)
{
	u64 first = spa & PAGE_MASK;

	len = ALIGN_UP(spa + len, PAGE_SIZE) - first;
	if (pt_map(&host, MMIO_BASE + first, first, len, PT_ATTR(PT_READ | PT_WRITE, PT_UC),
		   PT_LEVEL_4K)) {
		return NULL;
	}
	return (void *)(MMIO_BASE + spa);
}

int memory_map_trampoline(u64 spa, bool on)
{
	if (!on) {
		return pt_unmap(&host, spa, PAGE_SIZE);
	}
	return pt_map(&host, spa, spa, PAGE_SIZE, PT_ATTR(PT_RWX, PT_WB), PT_LEVEL_4K);
}

/* The fault-safe copy: `ok` stays false when an access failed. */
static bool copy_safe(void *to, const void *from, size_t len)
{
	bool ok = false;

	__asm__ volatile("1: rep movsb\n mov $1, %b0\n 2:\n"
			 ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection\n"
			 : "+r"(ok), "+D"(to), "+S"(from), "+c"(len)
			 :
			 : "memory");
	return ok;
}

bool l1_read(u64 gpa, void *buf, size_t len)
{
	return range_fits(gpa, len, PHYS_LIMIT) && copy_safe(buf, l1_page(gpa), len);
}

bool l1_write(u64 gpa, const void *buf, size_t len)
{
	return range_fits(gpa, len, PHYS_LIMIT) && copy_safe(l1_page(gpa), buf, len);
}

/* Boot */

static const char *build_map(const struct boot_info *info)
{
	static struct mem_region claims[BOOT_MMAP_MAX];

	for (u32 i = 0; i < info->mmap_count; i++) {
		claims[i] = (struct mem_region){
			.base = info->mmap[i].base,
			.len = info->mmap[i].len,
			.type = info->mmap[i].type,
		};
	}
	return memmap_build(&l1_map, claims, info->mmap_count);
}

static const char *take_heap(const struct boot_info *info)
{
	struct mem_region avoid[1 + BOOT_MODULES_MAX];
	size_t n = 0;

	avoid[n++] = (struct mem_region){ .base = image_spa, .len = memory_image_size() };
	for (u32 i = 0; i < info->module_count; i++) {
		const struct boot_module *module = &info->modules[i];

		avoid[n++] = (struct mem_region){ .base = module->start,
						  .len = module->end - module->start };
	}
	heap_base = memmap_find_top(&l1_map, heap_size, MIB(2), GIB(4), avoid, n);
	if (heap_base == MEMMAP_NONE) {
		return "too little memory: Plinth needs one free piece of RAM below 4 GiB for itself "
		       "(give the machine more memory, or lower pool=)";
	}
	heap_next = heap_base;
	if (!memmap_hide(&l1_map, heap_base, heap_size) ||
	    !memmap_hide(&l1_map, image_spa, memory_image_size())) {
		return "the firmware's memory map has too many pieces";
	}
	return NULL;
}

static int map_image(const char *from, const char *to, u32 perms)
{
	u64 offset = (u64)from - IMAGE_BASE;

	return pt_map(&host, (u64)from, image_spa + offset, (u64)(to - from), PT_ATTR(perms, PT_WB),
		      PT_LEVEL_4K);
}

static int map_self(void)
{
	int err = map_image(image_start, image_text_end, PT_READ | PT_EXEC);

	err = err ? err : map_image(image_text_end, image_rodata_end, PT_READ);
	err = err ? err : map_image(image_rodata_end, image_end, PT_READ | PT_WRITE);
	return err ? err
		   : pt_map(&host, HEAP_BASE + heap_base, heap_base, heap_size,
			    PT_ATTR(PT_READ | PT_WRITE, PT_WB), PT_LEVEL_1G);
}

static int map_l1_ram(void)
{
	for (u32 i = 0; i < l1_map.count; i++) {
		const struct mem_region *r = &l1_map.regions[i];
		int err;

		if (r->type != MEM_RAM || r->base + r->len > DIRECT_LIMIT) {
			continue;
		}
		err = pt_map(&host, DIRECT_BASE + r->base, r->base, r->len,
			     PT_ATTR(PT_READ | PT_WRITE, PT_WB), PT_LEVEL_1G);
		if (err) {
			return err;
		}
	}
	return 0;
}

const char *memory_init(const struct boot_info *info, u64 image, u64 size)
{
	u32 regs[4];
	const char *why;

	image_spa = image;
	heap_size = size;
	why = build_map(info);
	why = why ? why : take_heap(info);
	if (why) {
		return why;
	}
	cpuid(0x80000001, 0, regs);
	host = (struct pt){
		.format = &pt_format_long,
		.ops = &host_ops,
		.root = heap_take(PAGE_SIZE),
		.max_level = regs[3] & CPUID_80000001_EDX_1G ? PT_LEVEL_1G : PT_LEVEL_2M,
	};
	if (map_self() || map_l1_ram()) {
		return "too little memory for Plinth's page tables (lower pool=, or ask for less)";
	}
	write_cr3(host.root);
	table_base = HEAP_BASE;
	return NULL;
}
