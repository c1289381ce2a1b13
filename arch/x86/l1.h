/* SPDX-License-Identifier: MIT */
/* Loading L1 from the boot loader's modules: the first is its image, the rest is L1's. */
#ifndef ARCH_X86_L1_H
#define ARCH_X86_L1_H

#include "arch/x86/l1_plan.h"
#include "boot/boot_info.h"

/*
 * Moves the modules to the top of L1's RAM: the loader may have put them where Plinth or L1 has to
 * be. Before anything is written to L1's RAM. NULL, or one clear message.
 */
const char *l1_set_aside(const struct boot_info *info);
/*
 * Plans and carries out the start of L1. NULL and *entry filled, or one clear message. After
 * l1_set_aside().
 */
const char *l1_load(const struct boot_info *info, struct l1_entry *entry);

#endif
