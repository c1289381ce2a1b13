/* SPDX-License-Identifier: MIT */
/* Loading L1 from the boot loader's modules: the first is its image, the rest is L1's. */
#ifndef ARCH_X86_L1_H
#define ARCH_X86_L1_H

#include "arch/x86/l1_plan.h"
#include "boot/boot_info.h"

/*
 * Plans and carries out the start of L1. NULL and *entry filled, or one clear message and L1's
 * memory as it was, but for the modules, which are moved out of the way first.
 */
const char *l1_load(const struct boot_info *info, struct l1_entry *entry);

#endif
