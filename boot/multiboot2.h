/* SPDX-License-Identifier: MIT */
/* The information structure of Multiboot2, made into a struct boot_info. */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "boot/boot_info.h"

#define MULTIBOOT2_BOOTLOADER_MAGIC 0x36D76289u /* in EAX at the entry */

/*
 * Reads the structure at mbi, of which max_size bytes may be touched, and fills *out. Returns NULL,
 * or what is wrong with it in words for the user; *out is then not to be used. A memory map must be
 * there, everything else is optional. The strings may lack their terminator.
 */
const char *multiboot2_parse(const void *mbi, size_t max_size, struct boot_info *out);

#endif
