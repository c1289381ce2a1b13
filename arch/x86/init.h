/* SPDX-License-Identifier: MIT */
#ifndef ARCH_X86_INIT_H
#define ARCH_X86_INIT_H

#include "lib/types.h"

/* Called by boot/entry.S: the loader's EAX and EBX, and where the image is. */
__noreturn void init_bsp(u32 magic, u32 mbi, u32 image_spa);

#endif
