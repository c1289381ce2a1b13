/* SPDX-License-Identifier: MIT */
/*
 * NPT01 or EPT01: L1's physical memory, GPA = SPA with the largest pages, less what Plinth hides,
 * plus overlay pages. One for all VPs. It changes only under a lock, and whoever takes something
 * away has every VP flush before it goes on.
 */
#ifndef ARCH_X86_SLAT01_H
#define ARCH_X86_SLAT01_H

#include "mm/pagetable.h"

/* `format` is the vendor's, `has_1g` whether it has 1 GiB pages; NULL or what went wrong. */
const char *slat01_init(const struct pt_format *format, bool has_1g);
u64 slat01_root(void);
/* Where a page of L1 really is and what L1 may do there. False: it is hidden or no address. */
bool slat01_lookup(u64 gpa, struct pt_mapping *out);
/* Devices above what was mapped at boot. True: mapped now, run again. */
bool slat01_demand_map(u64 gpa);
/* Shows the page `spa` at `gpa`, without PT_WRITE read only; then all VPs have flushed. */
bool slat01_overlay(u64 gpa, u64 spa, u32 perms);
/* Shows what the machine has at gpa. */
bool slat01_restore(u64 gpa);
/* Pages whose writes Plinth emulates (APIC, I/O APIC). */
bool slat01_write_protect(u64 gpa);

#endif
