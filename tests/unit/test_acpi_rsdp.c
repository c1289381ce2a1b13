/* SPDX-License-Identifier: MIT */
/* acpi_find_rsdp over a made-up first MiB: each place where it may be, and damaged ones. */
#include "tests/unit/unit.h"
#include "arch/x86/acpi.h"
#include "lib/bits.h"

static u8 sound[ACPI_RSDP_MAX];

static void fix_sum(u32 len, u32 sum_at)
{
	u8 s = 0;

	for (u32 i = 0; i < len; i++) {
		s += sound[i];
	}
	sound[sum_at] -= s;
}

static void make_rsdp(void)
{
	memset(sound, 0, sizeof(sound));
	memcpy(sound, "RSD PTR ", 8);
	sound[15] = 2;
	sound[20] = ACPI_RSDP_MAX;
	fix_sum(20, 8);
	fix_sum(ACPI_RSDP_MAX, 32);
}

static u8 bios[0x100000];

static const void *map_bios(void *ctx, u64 spa, size_t len)
{
	(void)ctx;
	return range_fits(spa, len, sizeof(bios)) ? bios + spa : NULL;
}

static void test_find_rsdp(void **state)
{
	static const u32 places[] = { 0x9FC00, 0x9FFD0, 0xE0000, 0xFFFD0 };
	static const struct acpi_mem bios_mem = { .map = map_bios };
	u8 rsdp[ACPI_RSDP_MAX];

	(void)state;
	assert_int_equal(acpi_find_rsdp(&bios_mem, rsdp), 0);
	make_rsdp();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		memset(bios, 0, sizeof(bios));
		memcpy(bios + 0x40E, "\xC0\x9F", 2);
		memcpy(bios + places[i], sound, 36);
		assert_int_equal(acpi_find_rsdp(&bios_mem, rsdp), 36);
		assert_memory_equal(rsdp, sound, 36);
		bios[places[i] + 33] ^= 1;
		assert_int_equal(acpi_find_rsdp(&bios_mem, rsdp), 20);
		bios[places[i]] ^= 1;
		assert_int_equal(acpi_find_rsdp(&bios_mem, rsdp), 0);
	}
	/* Not on a multiple of 16; at the very end with version 1's 20 bytes cut off. */
	memset(bios, 0, sizeof(bios));
	memcpy(bios + 0x40E, "\xFF\xFF", 2);
	memcpy(bios + 0xF0008, sound, 36);
	memcpy(bios + 0xFFFF0, sound, 16);
	assert_int_equal(acpi_find_rsdp(&bios_mem, rsdp), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_rsdp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
