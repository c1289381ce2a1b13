/* SPDX-License-Identifier: MIT */
/*
 * What an instruction did, as a value: nothing, an exception with its error code, or VMfail, packed
 * into one word that tests compare. Zero is "no fault".
 */
#ifndef TESTS_LIB_EXINFO_H
#define TESTS_LIB_EXINFO_H

#include "lib/bits.h"

typedef u32 exinfo_t;

#define EXINFO_VALID	   0x80000000u
#define EXINFO(vector, ec) ((exinfo_t)(EXINFO_VALID | (u32)(vector) << 16 | ((ec)&0xffff)))
#define EXINFO_NONE	   ((exinfo_t)0)
#define EXINFO_UD	   EXINFO(6, 0)
#define EXINFO_GP	   EXINFO(13, 0)

/* VMX instructions end in these ways too; FLAGS is one that the manual does not know. */
#define VMFAIL_INVALID	    ((exinfo_t)0x40000000)
#define VMFAIL_VALID(n)	    ((exinfo_t)(0x20000000 | (n)))
#define VMFAIL_FLAGS(flags) ((exinfo_t)(0x10000000 | (flags)))

static inline unsigned int exinfo_vector(exinfo_t ex)
{
	return ex >> 16 & 0xff;
}

static inline unsigned int exinfo_error_code(exinfo_t ex)
{
	return ex & 0xffff;
}

#endif
