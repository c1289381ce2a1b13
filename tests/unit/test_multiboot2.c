/* SPDX-License-Identifier: MIT */
/*
 * boot/multiboot2.c: hostile information structures first (each byte of a good one cut off or
 * overwritten too), then what is read from a good one.
 */
#include "tests/unit/unit.h"
#include "boot/multiboot2.h"
#include "lib/bits.h"

static u8 mbi[65536];
static size_t mbi_len;
static struct boot_info info;

static void put(const void *data, size_t len)
{
	memcpy(mbi + mbi_len, data, len);
	mbi_len += len;
}

static void put32(u32 v)
{
	put(&v, sizeof(v));
}

static void put64(u64 v)
{
	put(&v, sizeof(v));
}

static void begin(void)
{
	memset(mbi, 0, sizeof(mbi));
	mbi_len = 8;
}

static void tag(u32 type, u32 payload)
{
	mbi_len = ALIGN_UP(mbi_len, 8);
	put32(type);
	put32(payload + 8);
}

static void tag_text(u32 type, const char *text)
{
	tag(type, strlen(text) + 1);
	put(text, strlen(text) + 1);
}

static void tag_module(u32 start, u32 end, const char *text)
{
	tag(3, 8 + strlen(text) + 1);
	put32(start);
	put32(end);
	put(text, strlen(text) + 1);
}

static void tag_mmap(u32 entry_size, u32 count)
{
	tag(6, 8 + entry_size * count);
	put32(entry_size);
	put32(0);
	for (u32 i = 0; i < count; i++) {
		put64(i * 0x100000ull);
		put64(0x1000);
		put32(i % 5 + 1);
		mbi_len += entry_size - 20;
	}
}

static void finish(void)
{
	u32 total;

	tag(0, 0);
	total = (u32)mbi_len;
	memcpy(mbi, &total, sizeof(total));
}

/* Parses from an allocation of exactly the given size, so that ASan sees one byte too many. */
static const char *parse_sized(size_t size)
{
	u8 *copy = malloc(size ? size : 1);
	const char *defect;

	memcpy(copy, mbi, size);
	defect = multiboot2_parse(copy, size, &info);
	free(copy);
	return defect;
}

static const char *parse(void)
{
	return parse_sized(mbi_len);
}

static void put_good(void)
{
	begin();
	tag_text(1, "console=com1 loglvl=debug");
	tag_text(2, "GRUB 2.06");
	tag_module(0x200000, 0x300000, "vmlinuz root=/dev/vda");
	tag_module(0x300000, 0x300000, "");
	tag_mmap(24, 3);
	tag(8, 30);
	put64(0xFD000000);
	put32(4096);
	put32(1024);
	put32(768);
	put("\x20\x01\0\0\x10\x08\x08\x08\x00\x08", 10);
	tag(12, 8);
	put64(0x7F00001000);
	tag(14, 20);
	put("RSD PTR old.........", 20);
	tag(15, 36);
	put("RSD PTR new.........................", 36);
	tag(18, 0);
	tag(21, 4);
	put32(0x1000000);
	tag(0xDEAD, 13);
	mbi_len += 13;
	finish();
}

static void test_good(void **state)
{
	(void)state;
	put_good();
	assert_null(parse());
	assert_string_equal(info.cmdline, "console=com1 loglvl=debug");
	assert_string_equal(info.loader, "GRUB 2.06");
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.modules[0].start, 0x200000);
	assert_int_equal(info.modules[0].end, 0x300000);
	assert_string_equal(info.modules[0].cmdline, "vmlinuz root=/dev/vda");
	assert_string_equal(info.modules[1].cmdline, "");
	assert_int_equal(info.mmap_count, 3);
	assert_int_equal(info.mmap[2].base, 0x200000);
	assert_int_equal(info.mmap[2].len, 0x1000);
	assert_int_equal(info.mmap[2].type, BOOT_MEM_ACPI);
	assert_int_equal(info.rsdp_len, 36);
	assert_memory_equal(info.rsdp, "RSD PTR new", 11);
	assert_true(info.has_load_base);
	assert_int_equal(info.load_base, 0x1000000);
	assert_int_equal(info.efi_system_table, 0x7F00001000);
	assert_true(info.efi_boot_services);
	assert_true(info.framebuffer.present);
	assert_int_equal(info.framebuffer.addr, 0xFD000000);
	assert_int_equal(info.framebuffer.width, 1024);
	assert_int_equal(info.framebuffer.bpp, 32);
	assert_int_equal(info.framebuffer.color_pos[0], 16);
	assert_int_equal(info.framebuffer.color_size[2], 8);
}

static void test_least(void **state)
{
	(void)state;
	begin();
	tag_mmap(24, 1);
	finish();
	assert_null(parse());
	assert_string_equal(info.cmdline, "");
	assert_string_equal(info.loader, "");
	assert_int_equal(info.module_count, 0);
	assert_int_equal(info.rsdp_len, 0);
	assert_false(info.has_load_base);
	assert_false(info.framebuffer.present);
}

static void test_every_truncation_is_refused(void **state)
{
	size_t good;

	(void)state;
	put_good();
	good = mbi_len;
	for (size_t size = 0; size < good; size++) {
		assert_non_null(parse_sized(size));
	}
	/* The same with a total_size that agrees: nothing has an end tag then. */
	for (u32 size = 8; size < good; size++) {
		memcpy(mbi, &size, sizeof(size));
		assert_non_null(parse_sized(size));
	}
}

/* No single damaged byte may make the parser leave the structure (ASan watches) or hang. */
static void test_every_byte_damaged_is_survived(void **state)
{
	static const u8 values[] = { 0, 1, 7, 8, 15, 0x7F, 0x80, 0xFF };

	(void)state;
	put_good();
	for (size_t at = 0; at < mbi_len; at++) {
		u8 was = mbi[at];

		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			mbi[at] = values[i];
			parse();
			assert_true(info.mmap_count <= BOOT_MMAP_MAX);
			assert_true(info.module_count <= BOOT_MODULES_MAX);
		}
		mbi[at] = was;
	}
}

static void test_impossible_tag_sizes(void **state)
{
	static const u32 sizes[] = { 0, 1, 7, 0x1000, 0x7FFFFFFF, 0xFFFFFFF8, 0xFFFFFFFF };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin();
		tag_mmap(24, 1);
		tag(0x77, 0);
		memcpy(mbi + mbi_len - 4, &sizes[i], 4);
		finish();
		assert_string_equal(parse(), "Multiboot2: a tag has an impossible size");
	}
}

static void test_tags_shorter_than_their_members(void **state)
{
	static const struct {
		u32 type, least;
	} rows[] = { { 3, 8 },	{ 6, 8 },   { 8, 24 },	{ 11, 4 },
		     { 12, 8 }, { 14, 20 }, { 15, 36 }, { 21, 4 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 len = 0; len < rows[i].least; len++) {
			const char *defect;

			begin();
			tag_mmap(24, 1);
			tag(rows[i].type, len);
			mbi_len += len;
			finish();
			defect = parse();
			assert_non_null(defect);
			assert_non_null(strstr(defect, "cut off"));
		}
	}
}

static void test_memory_map_entries(void **state)
{
	static const struct {
		u32 entry_size, count, extra;
		const char *defect;
	} rows[] = {
		{ 24, 256, 0, NULL },
		{ 32, 5, 0, NULL },
		{ 24, 257, 0, "Multiboot2: more than 256 entries in the memory map" },
		{ 24, 1, 8, "Multiboot2: the memory map ends inside an entry" },
		{ 24, 0, 0, "Multiboot2: there is no memory map" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *defect;
		u32 size;

		begin();
		tag_mmap(rows[i].entry_size, rows[i].count);
		memcpy(&size, mbi + 12, 4);
		size += rows[i].extra;
		memcpy(mbi + 12, &size, 4);
		mbi_len += rows[i].extra;
		finish();
		defect = parse();
		if (rows[i].defect) {
			assert_non_null(defect);
			assert_string_equal(defect, rows[i].defect);
		} else {
			assert_null(defect);
			assert_int_equal(info.mmap_count, rows[i].count);
		}
	}
	for (u32 size = 0; size < 24; size++) {
		begin();
		tag_mmap(24, 2);
		memcpy(mbi + 16, &size, 4);
		finish();
		assert_string_equal(
			parse(), "Multiboot2: the memory map's entries are shorter than 24 bytes");
	}
}

static void test_texts_unterminated_and_too_long(void **state)
{
	static char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text));
	begin();
	tag(1, 1023);
	put(text, 1023);
	tag(2, 300);
	put(text, 300);
	tag(3, 8 + 5);
	put64(0);
	put(text, 5);
	tag_mmap(24, 1);
	finish();
	assert_null(parse());
	assert_int_equal(strlen(info.cmdline), 1023);
	assert_int_equal(strlen(info.loader), BOOT_LOADER_MAX - 1);
	assert_string_equal(info.modules[0].cmdline, "aaaaa");

	begin();
	tag(1, 1024);
	put(text, 1024);
	tag_mmap(24, 1);
	finish();
	assert_string_equal(parse(), "Multiboot2: the command line is longer than 1023 characters");

	begin();
	tag(3, 8 + 1024);
	put64(0);
	put(text, 1024);
	tag_mmap(24, 1);
	finish();
	assert_string_equal(parse(),
			    "Multiboot2: a module's command line is longer than 1023 characters");
}

static void test_modules(void **state)
{
	(void)state;
	for (u32 count = 15; count <= 17; count++) {
		begin();
		tag_mmap(24, 1);
		for (u32 i = 0; i < count; i++) {
			tag_module(i, i + 1, "m");
		}
		finish();
		if (count <= BOOT_MODULES_MAX) {
			assert_null(parse());
			assert_int_equal(info.module_count, count);
		} else {
			assert_string_equal(parse(), "Multiboot2: more than 16 modules");
		}
	}
	begin();
	tag_mmap(24, 1);
	tag_module(0x2000, 0x1FFF, "m");
	finish();
	assert_string_equal(parse(), "Multiboot2: a module ends before it starts");
}

static void test_old_rsdp_alone_and_behind_the_new_one(void **state)
{
	(void)state;
	begin();
	tag_mmap(24, 1);
	tag(14, 20);
	put("RSD PTR old.........", 20);
	finish();
	assert_null(parse());
	assert_int_equal(info.rsdp_len, 20);

	begin();
	tag_mmap(24, 1);
	tag(15, 36);
	put("RSD PTR new.........................", 36);
	tag(14, 20);
	put("RSD PTR old.........", 20);
	finish();
	assert_null(parse());
	assert_int_equal(info.rsdp_len, 36);
	assert_memory_equal(info.rsdp, "RSD PTR new", 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_byte_damaged_is_survived),
		cmocka_unit_test(test_impossible_tag_sizes),
		cmocka_unit_test(test_tags_shorter_than_their_members),
		cmocka_unit_test(test_memory_map_entries),
		cmocka_unit_test(test_texts_unterminated_and_too_long),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_old_rsdp_alone_and_behind_the_new_one),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
