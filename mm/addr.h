/* SPDX-License-Identifier: MIT */
/*
 * The four address spaces as four types that do not mix: GVA (a guest's virtual address), GPA (L1's
 * physical), L2 GPA (what L1's nested tables translate), SPA (the machine's). For L1, GPA = SPA by
 * construction, less what Plinth hides; only the code that knows a page to be L1's converts.
 */
#ifndef MM_ADDR_H
#define MM_ADDR_H

#include "lib/bits.h"

typedef struct {
	u64 v;
} gva_t;
typedef struct {
	u64 v;
} gpa_t;
typedef struct {
	u64 v;
} l2gpa_t;
typedef struct {
	u64 v;
} spa_t;

#define GVA(x)	 ((gva_t){ (x) })
#define GPA(x)	 ((gpa_t){ (x) })
#define L2GPA(x) ((l2gpa_t){ (x) })
#define SPA(x)	 ((spa_t){ (x) })

#endif
