/* SPDX-License-Identifier: MIT */
/*
 * All that a payload includes. A payload gives its title and test_main(); its name comes from its
 * folder. It runs on the first CPU, in 64-bit mode, interrupts off, first 4 GiB identity-mapped.
 */
#ifndef TESTS_LIB_PAYLOAD_H
#define TESTS_LIB_PAYLOAD_H

#include "tests/lib/cmdline.h"
#include "tests/lib/console.h"
#include "tests/lib/cpu.h"
#include "tests/lib/memory.h"
#include "tests/lib/multiboot.h"
#include "tests/lib/paging.h"
#include "tests/lib/report.h"
#include "lib/string.h"
#include "tests/lib/trap.h"
#include "tests/lib/x86.h"

extern const char test_title[];
extern const char test_name[];
void test_main(void);

#endif
