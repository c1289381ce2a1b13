/* SPDX-License-Identifier: MIT */
#ifndef ARCH_X86_VERSION_H
#define ARCH_X86_VERSION_H

extern const char plinth_version[];

#endif
