/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the memory that holds the ACPI tables; the first 36 are the RSDP, whatever their
 * sums are. The table sums are mended on the way, for a fuzzer seldom guesses them.
 */
#include <stdlib.h>
#include <string.h>
#include "arch/x86/acpi.h"

#define COPIES 1024

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct image {
	const u8 *data;
	size_t size;
	u8 *copies[COPIES];
	u32 copied;
};

static void mend(u8 *p, size_t len, size_t sum_at)
{
	u8 s = 0;

	for (size_t i = 0; i < len; i++) {
		s += p[i];
	}
	p[sum_at] -= s;
}

/* A copy of exactly len bytes: the sanitizer sees every byte too many. */
static const void *map(void *ctx, u64 spa, size_t len)
{
	struct image *im = ctx;
	u8 *p;

	if (spa > im->size || len > im->size - spa || im->copied == COPIES) {
		return NULL;
	}
	p = malloc(len);
	memcpy(p, im->data + spa, len);
	if (len > 9) {
		mend(p, len, 9);
	}
	im->copies[im->copied++] = p;
	return p;
}

static void warn(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct image im;
	static struct acpi_info info;
	const struct acpi_mem mem = { .map = map, .warn = warn, .ctx = &im };
	u8 rsdp[ACPI_RSDP_MAX];

	if (size < sizeof(rsdp)) {
		return 0;
	}
	im = (struct image){ .data = data, .size = size };
	memcpy(rsdp, data, sizeof(rsdp));
	memcpy(rsdp, "RSD PTR ", 8);
	mend(rsdp, 20, 8);
	mend(rsdp, 36, 32);
	acpi_parse(&mem, rsdp, sizeof(rsdp), &info);
	while (im.copied > 0) {
		free(im.copies[--im.copied]);
	}
	if (info.cpu_count > ACPI_CPUS_MAX || info.s5_slp_typa > 7) {
		abort();
	}
	return 0;
}
