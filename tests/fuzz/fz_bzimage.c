/* SPDX-License-Identifier: MIT */
/* Any bytes as a bzImage; the magic numbers are put in half of the time. */
#include <string.h>
#include "arch/x86/l1_linux.h"
#include "tests/fuzz/l1_image.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct l1_linux_buffers buffers;
	static struct l1_plan plan;
	struct l1_input in;
	u8 *image;

	if (size < 0x290) {
		return 0;
	}
	image = malloc(size);
	memcpy(image, data, size);
	if (data[0] & 1) {
		memcpy(image + 0x1FE, "\x55\xAA", 2);
		memcpy(image + 0x202, "HdrS", 4);
		image[0x201] = 0x6A;
		image[0x207] = 2;
		image[0x206] |= 0x0C;
		image[0x211] |= 1;
		image[0x236] |= 1;
		image[0x1F1] &= 3;
		memset(image + 0x1F5, 0, 3);
	}
	in = fuzz_input(image, size);
	if (!l1_linux_plan(&in, &buffers, &plan)) {
		fuzz_check(&in, &plan);
	}
	free(image);
	return 0;
}
