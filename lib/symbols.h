/* SPDX-License-Identifier: MIT */
/*
 * Names of code addresses, from the compact table that tools/symtab puts last into the image.
 * Knows nothing of the stack: the panic code walks it and asks here.
 */
#ifndef LIB_SYMBOLS_H
#define LIB_SYMBOLS_H

#include "lib/types.h"

struct symbol_table {
	u64 base;	     /* what addrs are relative to */
	u32 count;	     /* entries of addrs and of names */
	const u32 *addrs;    /* rising */
	const u32 *names;    /* offsets into strings */
	const char *strings; /* NUL-terminated names */
};

/* An address further than this behind the last symbol before it belongs to no function. */
#define SYMBOL_SPAN_MAX 0x10000ull

/*
 * The name of the function that holds address, and how far into it the address lies.
 * Returns NULL, and leaves *offset alone, when no function does.
 */
const char *symbols_find(const struct symbol_table *table, u64 address, u64 *offset);

/* The table of the running image; meaningful in the hypervisor only. */
extern const u32 symtab_count;
extern const u32 symtab_addrs[];
extern const u32 symtab_names[];
extern const char symtab_strings[];

static inline struct symbol_table symbols_of_image(void)
{
	return (struct symbol_table){
		.base = 0xffffffff80000000ull,
		.count = symtab_count,
		.addrs = symtab_addrs,
		.names = symtab_names,
		.strings = symtab_strings,
	};
}

#endif
