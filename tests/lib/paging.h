/* SPDX-License-Identifier: MIT */
/*
 * Four-level tables in the long-mode format, for CR3 and for nested page tables alike: an address
 * space is its root. Nothing here flushes a TLB; the caller knows which one.
 */
#ifndef TESTS_LIB_PAGING_H
#define TESTS_LIB_PAGING_H

#include "tests/lib/memory.h"
#include "tests/lib/x86.h"

enum pt_level {
	PT_4K = 1,
	PT_2M = 2,
	PT_1G = 3
};

#define PT_RW  (PTE_P | PTE_RW)
#define PT_RWU (PTE_P | PTE_RW | PTE_US)

/* The address space that the framework runs in. */
extern u64 boot_pml4[512];

static inline u64 pt_size(enum pt_level level)
{
	return 1ull << (3 + 9 * level);
}

/* A new root with nothing mapped. */
u64 *pt_create(void);

/* Maps one page; splits a larger one in the way. Table entries above it allow everything. */
void pt_map(u64 *root, u64 from, u64 to, u64 flags, enum pt_level level);

/* Maps [from, from + len) to itself, all three multiples of the page size. */
void pt_map_identity(u64 *root, u64 from, u64 len, u64 flags, enum pt_level level);

/* The entry that maps `at` at exactly `level`, splitting larger ones and making tables. */
u64 *pt_entry(u64 *root, u64 at, enum pt_level level);

/* The entry that maps `at`, whatever its level; NULL when a table above it is absent. */
u64 *pt_lookup(u64 *root, u64 at, enum pt_level *level);

#endif
