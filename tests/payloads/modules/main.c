/* SPDX-License-Identifier: MIT */
/*
 * The modules that the loader was given are where the information structure says: whole, aligned to
 * pages, in RAM beside the image, each with its string.
 */
#include "tests/lib/payload.h"

const char test_title[] = "Multiboot1 modules";

extern char __image_start[], __image_end[];

/* The files module1.txt, ... say their number in the first line, and end in a full stop. */
static void check_module(unsigned int n, const struct boot_module *m)
{
	const char *data = (const char *)(uintptr_t)m->start;
	const size_t size = m->end - m->start;
	char text[16];

	check(IS_ALIGNED(m->start, PAGE_SIZE), "module %u is not page-aligned", n);
	check(!ranges_overlap(m->start, size, phys(__image_start),
			      (u64)(__image_end - __image_start)),
	      "module %u lies over the image", n);
	fmt_str(text, sizeof(text), "module %u\n", n);
	if (check(m->end > m->start + strlen(text) && boot_is_ram(m->start, size),
		  "module %u is empty or not in RAM", n)) {
		check(memcmp(data, text, strlen(text)) == 0, "module %u has other contents", n);
		check(data[size - 1] == '.', "module %u has another length", n);
	}
	fmt_str(text, sizeof(text), "string%u", n);
	size_t len = strlen(m->string), tail = strlen(text);
	check(len >= tail && strcmp(m->string + len - tail, text) == 0,
	      "module %u has the string '%s'", n, m->string);
}

void test_main(void)
{
	u64 want = cmdline_u64("modules", 0);

	check_eq("number of modules", boot.n_modules, want);
	check(want == 0 || boot.info.flags & MB_INFO_MODS, "the flag of the modules is not set");
	for (unsigned int i = 0; i < boot.n_modules && i < want; i++) {
		check_module(i + 1, &boot.modules[i]);
		for (unsigned int j = 0; j < i; j++) {
			check(!ranges_overlap(boot.modules[i].start,
					      boot.modules[i].end - boot.modules[i].start,
					      boot.modules[j].start,
					      boot.modules[j].end - boot.modules[j].start),
			      "modules %u and %u overlap", j + 1, i + 1);
		}
	}
	report_success();
}
