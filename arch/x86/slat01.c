/* SPDX-License-Identifier: MIT */
/* The identity map of L1. */
#include "arch/x86/slat01.h"

#include "arch/x86/memory.h"
#include "arch/x86/shootdown.h"
#include "lib/spinlock.h"

/* Mapped at boot; what devices have above is mapped on the first touch. */
#define BOOT_LIMIT GIB(512)

static struct pt slat;
static u64 phys_limit;
static struct spinlock lock;

static u64 *table_at(void *ctx __maybe_unused, u64 pa)
{
	return heap_va(pa);
}

static u64 table_alloc(void *ctx __maybe_unused)
{
	void *page = memory_alloc(PAGE_SIZE);

	return page ? heap_spa(page) : PT_NO_PAGE;
}

static const struct pt_ops ops = { .table = table_at, .alloc = table_alloc };

static bool is_hidden(u64 gpa)
{
	return (gpa >= memory_heap_base() && gpa - memory_heap_base() < memory_heap_size()) ||
	       (gpa >= memory_image_base() && gpa - memory_image_base() < memory_image_size());
}

const char *slat01_init(const struct pt_format *format, bool has_1g, unsigned int maxphyaddr)
{
	u64 root = table_alloc(NULL);
	u64 limit = MIN(BIT(maxphyaddr), BOOT_LIMIT);

	if (root == PT_NO_PAGE) {
		return "too little memory for L1's tables";
	}
	phys_limit = BIT(MIN(maxphyaddr, 48u));
	slat = (struct pt){
		.format = format,
		.ops = &ops,
		.root = root,
		.max_level = has_1g ? PT_LEVEL_1G : PT_LEVEL_2M,
	};
	if (!has_1g) {
		/* A table for each GiB: no more than RAM and what is below 4 GiB. */
		limit = MAX(GIB(4), ALIGN_UP(memmap_ram_top(memory_l1_map()), GIB(1)));
	}
	if (pt_map(&slat, 0, 0, limit, PT_ATTR(PT_RWX | PT_USER, PT_WB), PT_LEVEL_1G) ||
	    pt_unmap(&slat, memory_heap_base(), memory_heap_size()) ||
	    pt_unmap(&slat, memory_image_base(), memory_image_size())) {
		return "too little memory for L1's tables";
	}
	return NULL;
}

u64 slat01_root(void)
{
	return slat.root;
}

bool slat01_lookup(u64 gpa, struct pt_mapping *out)
{
	return pt_lookup(&slat, gpa, out) == 0;
}

bool slat01_demand_map(u64 gpa)
{
	struct pt_mapping mapping;
	u64 base = ALIGN_DOWN(gpa, slat.max_level == PT_LEVEL_1G ? GIB(1) : MIB(2));
	u64 size = slat.max_level == PT_LEVEL_1G ? GIB(1) : MIB(2);
	bool mapped = false;

	if (gpa >= phys_limit || is_hidden(gpa)) {
		return false;
	}
	spin_lock(&lock);
	/* Another CPU may have been here first; what is mapped faults for another reason. */
	if (pt_lookup(&slat, gpa, &mapping) != 0) {
		mapped = pt_map(&slat, base, base, size, PT_ATTR(PT_RWX | PT_USER, PT_WB),
				PT_LEVEL_1G) == 0;
	}
	spin_unlock(&lock);
	return mapped;
}

static bool change(u64 gpa, u64 spa, u32 perms)
{
	int err;

	gpa &= PAGE_MASK;
	spin_lock(&lock);
	err = pt_map(&slat, gpa, spa, PAGE_SIZE, PT_ATTR(perms | PT_USER, PT_WB), PT_LEVEL_4K);
	spin_unlock(&lock);
	if (err) {
		return false;
	}
	shootdown_slat();
	return true;
}

bool slat01_overlay(u64 gpa, u64 spa, u32 perms)
{
	return !is_hidden(gpa) && change(gpa, spa, perms);
}

bool slat01_restore(u64 gpa)
{
	return !is_hidden(gpa) && change(gpa, gpa & PAGE_MASK, PT_RWX);
}

bool slat01_write_protect(u64 gpa)
{
	return !is_hidden(gpa) && change(gpa, gpa & PAGE_MASK, PT_READ | PT_EXEC);
}
