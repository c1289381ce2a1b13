/* SPDX-License-Identifier: MIT */
/*
 * Plinth's address space and everything that touches physical memory.
 *
 *   DIRECT_BASE + spa	L1's RAM and nothing else: what is hidden from L1 and what is no RAM is not
 *			mapped here, and Plinth's own mappings are all in the upper half. So no
 *			address below 2^52 can make Plinth touch its own memory: a bad one faults,
 *			and fails softly in the l1_* accessors
 *   HEAP_BASE + spa	Plinth's own region, taken from the top of RAM at boot
 *   MMIO_BASE + spa	device registers
 *   STACKS_BASE	stacks, each with an unmapped page below it
 *   image		at its linked address, W^X
 */
#ifndef ARCH_X86_MEMORY_H
#define ARCH_X86_MEMORY_H

#include "mm/addr.h"
#include "mm/memmap.h"
#include "mm/pagetable.h"

#define DIRECT_BASE 0x0000100000000000ull
#define HEAP_BASE   0xffffa00000000000ull
#define MMIO_BASE   0xffffc00000000000ull
#define STACKS_BASE 0xffffe00000000000ull
#define IMAGE_BASE  0xffffffff80000000ull

/* RAM above this (exclusive) is L1's, but out of Plinth's reach. */
#define DIRECT_LIMIT 0x600000000000ull
/* No physical address is larger; DIRECT_BASE plus a smaller one never reaches the upper half. */
#define PHYS_LIMIT BIT(52)

struct boot_info;

/*
 * Builds the memory map, takes `heap_size` bytes (a multiple of 2 MiB) from the top of RAM below
 * 4 GiB, builds Plinth's page tables and moves onto them. NULL, or one clear message.
 */
const char *memory_init(const struct boot_info *info, u64 image_spa, u64 heap_size);
/* L1's map: firmware's, less what Plinth hides. Valid after memory_init. */
struct memmap *memory_l1_map(void);
u64 memory_heap_base(void);
u64 memory_heap_size(void);
u64 memory_heap_free(void);
u64 memory_image_base(void);
u64 memory_image_size(void);
u64 memory_cr3(void);

/* Zeroed, page-aligned, never freed; NULL when the heap is exhausted. */
void *memory_alloc(size_t size);
/* A stack with an unmapped page below it; its top, or 0. */
u64 memory_alloc_stack(size_t size);
/* The physical address of something from memory_alloc. */
static inline u64 heap_spa(const void *va)
{
	return (u64)va - HEAP_BASE;
}

static inline void *heap_va(u64 spa)
{
	return (void *)(spa + HEAP_BASE);
}

void *memory_map_mmio(u64 spa, u64 len);
/* The page that waking CPUs start in, at its physical address; off again once all are there. */
int memory_map_trampoline(u64 spa, bool on);

/* L1's memory by guest-physical address; false: not L1's RAM, nothing (or a part) was moved. */
bool l1_read(u64 gpa, void *buf, size_t len);
bool l1_write(u64 gpa, const void *buf, size_t len);

/* The same for one aligned word at an address that is below PHYS_LIMIT already. */
static inline __must_check bool l1_read64_at(u64 gpa, u64 *v)
{
	u64 value;

	/* volatile: with an output gcc would drop a probe whose value nobody uses */
	__asm__ volatile goto("1: mov (%1), %0\n"
			      ".pushsection .extable, \"a\"\n .quad 1b, %l2\n .popsection\n"
			      : "=r"(value)
			      : "r"(DIRECT_BASE + gpa)
			      : "memory"
			      : fault);
	*v = value;
	return true;
fault:
	return false;
}

static inline __must_check bool l1_read64(u64 gpa, u64 *v)
{
	return likely(gpa < PHYS_LIMIT) && l1_read64_at(gpa, v);
}

/* Compare-and-exchange on L1's memory; *swapped says whether `want` was there. */
static inline __must_check bool l1_cmpxchg64(u64 gpa, u64 want, u64 value, bool *swapped)
{
	bool ok = false, equal = false;

	if (unlikely(gpa >= PHYS_LIMIT)) {
		return false;
	}
	__asm__ volatile("1: lock cmpxchg %4, (%3)\n sete %b1\n mov $1, %b0\n 2:\n"
			 ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection\n"
			 : "+r"(ok), "+r"(equal), "+a"(want)
			 : "r"(DIRECT_BASE + gpa), "r"(value)
			 : "memory", "cc");
	*swapped = equal;
	return ok;
}

/* A pointer for an operation that touches a whole page of L1; only with l1_page_is_ram. */
static inline void *l1_page(u64 gpa)
{
	return (void *)(DIRECT_BASE + gpa);
}

static inline __must_check bool l1_page_is_ram(u64 gpa)
{
	u64 probe;

	return l1_read64(gpa & PAGE_MASK, &probe);
}

#endif
