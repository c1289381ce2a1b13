/* SPDX-License-Identifier: MIT */
/*
 * The worlds that guest programs start in: real mode, 32-bit protected mode without paging and
 * with each of its two kinds, 64-bit mode. Builds descriptor tables, page tables and registers.
 * Knows nothing of what the programs do.
 */
#ifndef TESTS_LINUX_VMM_WORLD_H
#define TESTS_LINUX_VMM_WORLD_H

#include "tests/linux/vmm/vm.h"

enum world {
	WORLD_REAL,
	WORLD_PROT,  /* 32-bit, no paging */
	WORLD_PAGED, /* 32-bit, two levels, 4M pages */
	WORLD_PAE,
	WORLD_LONG,
	WORLDS
};

/* A machine of the usual RAM with the guest programs loaded. */
struct vm *world_create(bool irqchip);

/* One more VP of the machine, about to run `entry`, a label of the world's guest section. */
struct vp *world_add_vp(struct vm *vm, enum world world, const char *entry);

/* world_create() without irqchip, and one VP. */
struct vp *world_single(enum world world, const char *entry);

/* The GPA (and linear address) at which a label of a guest section was loaded. */
u64 guest_address(const char *label);

/* Entry `index` of the window's page table, as 32-bit paging (wide = false) or others have it. */
void window_set(struct vm *vm, unsigned int index, u64 pte, bool wide);

/* Makes the window reachable from CPL 3 (64-bit). */
void window_open_to_user(struct vm *vm);

#endif
