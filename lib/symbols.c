/* SPDX-License-Identifier: MIT */
/* Binary search in the symbol table; see symbols.h. */
#include "lib/symbols.h"

/* The number of entries whose address is not above offset. */
static u32 entries_up_to(const struct symbol_table *table, u32 offset)
{
	u32 low = 0;
	u32 high = table->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (table->addrs[middle] <= offset) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

const char *symbols_find(const struct symbol_table *table, u64 address, u64 *offset)
{
	u64 relative = address - table->base;
	u32 entries;

	if (address < table->base || relative > UINT32_MAX) {
		return NULL;
	}
	entries = entries_up_to(table, (u32)relative);
	if (entries == 0 || relative - table->addrs[entries - 1] >= SYMBOL_SPAN_MAX) {
		return NULL;
	}
	*offset = relative - table->addrs[entries - 1];
	return table->strings + table->names[entries - 1];
}
