/* SPDX-License-Identifier: MIT */
/* Pages for tables and test data, from RAM above the image; they are never given back. */
#ifndef TESTS_LIB_MEMORY_H
#define TESTS_LIB_MEMORY_H

#include "lib/bits.h"

void memory_init(void);

/* n pages in a row, zeroed, the first aligned to `align` bytes (a power of two). Below 4 GiB. */
void *page_alloc_aligned(unsigned int n, u64 align);
void *page_alloc(void);

static inline u64 phys(const volatile void *p)
{
	return (u64)(uintptr_t)p;
}

#endif
