/* SPDX-License-Identifier: MIT */
/* A bump allocator over the RAM region that holds the image; running out ends the payload. */
#include "tests/lib/memory.h"

#include "tests/lib/multiboot.h"
#include "tests/lib/report.h"
#include "lib/string.h"

static u64 next, limit;

void memory_init(void)
{
	next = boot.end;
	limit = next + MIB(16); /* what a loader without a memory map still owes */
	for (unsigned int i = 0; i < boot.n_mmap; i++) {
		const struct boot_region *r = &boot.mmap[i];

		if (r->type == MB_MMAP_RAM && next >= r->base && next - r->base < r->length) {
			limit = MIN(r->base + r->length, GIB(4));
		}
	}
}

void *page_alloc_aligned(unsigned int n, u64 align)
{
	/* Other CPUs may fill nested tables at the same time. */
	static volatile bool lock;

	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE)) {
		asm volatile("pause");
	}
	u64 at = ALIGN_UP(next, align);
	bool fits = at + n * PAGE_SIZE <= limit;

	next = fits ? at + n * PAGE_SIZE : next;
	__atomic_clear(&lock, __ATOMIC_RELEASE);
	if (!fits) {
		report_error("out of memory for %u pages", n);
		report_exit();
	}
	return memset((void *)at, 0, n * PAGE_SIZE);
}

void *page_alloc(void)
{
	return page_alloc_aligned(1, PAGE_SIZE);
}
