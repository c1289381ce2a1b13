/* SPDX-License-Identifier: MIT */
/* Any bytes as a Multiboot1 kernel; a header is put in, for a fuzzer seldom guesses its sum. */
#include <string.h>
#include "arch/x86/l1_multiboot.h"
#include "tests/fuzz/l1_image.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct l1_multiboot_buffers buffers;
	static struct l1_plan plan;
	struct l1_input in;
	u8 *image;

	if (size < 256) {
		return 0;
	}
	image = malloc(size);
	memcpy(image, data, size);
	if (data[0] & 1) {
		u32 words[3] = { MULTIBOOT_HEADER_MAGIC, data[1] & 3u ? 3 : BIT(16), 0 };

		words[2] = 0 - words[0] - words[1];
		memcpy(image + 192, words, sizeof(words));
		memcpy(image, "\177ELF\x01\x01\x01", 7);
		memcpy(image + 16, "\x02\x00\x03\x00", 4);
	}
	in = fuzz_input(image, size);
	if (!l1_multiboot_plan(&in, &buffers, &plan)) {
		fuzz_check(&in, &plan);
	}
	free(image);
	return 0;
}
