/* SPDX-License-Identifier: MIT */
/* The identity map of L1. */
#include "arch/x86/slat01.h"

#include "arch/x86/asm.h"
#include "arch/x86/memory.h"
#include "arch/x86/spec.h"
#include "arch/x86/shootdown.h"
#include "lib/spinlock.h"

/* Mapped at boot; what devices have above is mapped on the first touch. */
#define BOOT_LIMIT GIB(512)

/*
 * Behind the APIC page devices write interrupt messages. No CPU has business there, and where a
 * CPU's write counts as a message (QEMU), it would be an INIT that Plinth never sees.
 */
#define MSI_BASE    0xfee01000ull
#define MSI_SIZE    0xff000ull

#define GUARDED_MAX 4

static struct pt slat;
static u64 phys_limit;
static u64 boot_limit;
static u64 guarded[GUARDED_MAX]; /* (b) pages whose writes Plinth emulates */
static u32 guarded_count;	 /* (b) */
static bool typed;		 /* (b) MTRRs do not count: the entries say what is no memory */
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
	       (gpa >= memory_image_base() && gpa - memory_image_base() < memory_image_size()) ||
	       (gpa >= MSI_BASE && gpa - MSI_BASE < MSI_SIZE);
}

static bool is_guarded(u64 gpa)
{
	for (u32 i = 0; i < guarded_count; i++) {
		if (guarded[i] == (gpa & PAGE_MASK)) {
			return true;
		}
	}
	return false;
}

/*
 * Under EPT the MTRRs do not count [SDM "Memory Type Used for Translated Guest-Physical
 * Addresses"]: what firmware does not call memory is a device. NPT combines with them, and says WB
 * throughout.
 */
static bool is_memory(enum mem_type type)
{
	return type == MEM_RAM || type == MEM_ACPI || type == MEM_NVS;
}

static u32 attr_at(u64 gpa, u32 perms)
{
	bool device = typed && !is_memory(memmap_type_at(memory_l1_map(), gpa));

	return PT_ATTR(perms | PT_USER, device ? PT_UC : PT_WB);
}

/* The whole as devices, then what is memory. */
static int map_typed(u64 limit)
{
	const struct memmap *map = memory_l1_map();
	int err = pt_map(&slat, 0, 0, limit, PT_ATTR(PT_RWX | PT_USER, PT_UC), PT_LEVEL_1G);

	for (u32 i = 0; !err && i < map->count; i++) {
		const struct mem_region *r = &map->regions[i];
		u64 base = ALIGN_UP(r->base, PAGE_SIZE);
		u64 end = ALIGN_DOWN(MIN(r->base + r->len, limit), PAGE_SIZE);

		if (is_memory(r->type) && base < end) {
			err = pt_map(&slat, base, base, end - base,
				     PT_ATTR(PT_RWX | PT_USER, PT_WB), PT_LEVEL_1G);
		}
	}
	return err;
}

static int map_identity(u64 limit)
{
	return typed ? map_typed(limit)
		     : pt_map(&slat, 0, 0, limit, PT_ATTR(PT_RWX | PT_USER, PT_WB), PT_LEVEL_1G);
}

const char *slat01_init(const struct pt_format *format, bool has_1g)
{
	unsigned int maxphyaddr;
	u64 root = table_alloc(NULL);
	u64 limit;
	u32 regs[4];

	cpuid(0x80000008, 0, regs);
	maxphyaddr = regs[0] & 0xff;
	limit = MIN(BIT(maxphyaddr), BOOT_LIMIT);

	if (root == PT_NO_PAGE) {
		return "too little memory for L1's tables";
	}
	phys_limit = BIT(MIN(maxphyaddr, 48u));
	typed = format == &pt_format_ept;
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
	if (map_identity(limit) || pt_unmap(&slat, memory_heap_base(), memory_heap_size()) ||
	    pt_unmap(&slat, memory_image_base(), memory_image_size()) ||
	    pt_unmap(&slat, MSI_BASE, MSI_SIZE)) {
		return "too little memory for L1's tables";
	}
	boot_limit = limit;
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

	/* Below, what is not mapped is hidden, and `size` bytes around it must not come back. */
	if (gpa < boot_limit || gpa >= phys_limit) {
		return false;
	}
	spin_lock(&lock);
	/* Another CPU may have been here first; what is mapped faults for another reason. */
	if (pt_lookup(&slat, gpa, &mapping) != 0) {
		mapped = pt_map(&slat, base, base, size, attr_at(gpa, PT_RWX), PT_LEVEL_1G) == 0;
	}
	spin_unlock(&lock);
	return mapped;
}

static bool change(u64 gpa, u64 spa, u32 perms)
{
	int err;

	gpa &= PAGE_MASK;
	spin_lock(&lock);
	err = pt_map(&slat, gpa, spa, PAGE_SIZE, attr_at(gpa, perms), PT_LEVEL_4K);
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
	u32 perms = is_guarded(gpa) ? PT_READ | PT_EXEC : PT_RWX;

	return !is_hidden(gpa) && change(gpa, gpa & PAGE_MASK, perms);
}

bool slat01_write_protect(u64 gpa)
{
	if (is_hidden(gpa) || guarded_count == GUARDED_MAX) {
		return false;
	}
	guarded[guarded_count++] = gpa & PAGE_MASK;
	return slat01_restore(gpa);
}
