/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/l1_multiboot.c: hostile headers and ELF files first (the cases of a hypervisor that
 * loads over itself, beyond the file, or twice), then modules and the information structure.
 */
#include "tests/unit/unit.h"
#include "arch/x86/l1_multiboot.h"
#include "arch/x86/l1_linux.h"
#include "tests/unit/l1_plan_check.h"

#define HEADER_AT  0x1000u
#define IMAGE_SIZE 0x6000u
#define LOAD	   0x100000u

static u8 image[IMAGE_SIZE];
static struct memmap map;
static struct l1_module modules[17];
static struct l1_input in;
static struct l1_multiboot_buffers buffers;
static struct l1_plan plan;

static const struct mem_region pc[] = {
	{ 0, 0x9FC00, 1 },
	{ 0x9FC00, 0x400, 2 },
	{ 0xF0000, 0x10000, 2 },
	{ 0x100000, 0x7EE0000, 1 },
	{ 0x7FE0000, 0x20000, 3 },
	{ 0xFFFC0000, 0x40000, 2 },
	{ 0x100000000, 0x10000000, 1 },
};

struct phdr {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

static void put32(u32 at, u32 v)
{
	memcpy(image + at, &v, sizeof(v));
}

static void put16(u32 at, u16 v)
{
	memcpy(image + at, &v, sizeof(v));
}

static void put_header(u32 at, u32 flags)
{
	put32(at, 0x1BADB002);
	put32(at + 4, flags);
	put32(at + 8, 0 - (0x1BADB002 + flags));
}

static void put_phdrs(const struct phdr *p, u32 count)
{
	put16(44, (u16)count);
	memcpy(image + 52, p, count * sizeof(*p));
}

/* Text and data with BSS behind, and a note that is not loaded. */
static const struct phdr good[] = {
	{ 1, 0x1000, LOAD, LOAD, 0x2000, 0x2000, 5, 0x1000 },
	{ 1, 0x3000, LOAD + 0x4000, LOAD + 0x4000, 0x1800, 0x5000, 6, 0x1000 },
	{ 4, 0xFFFF0000, 0, 0, 0x1000, 0x1000, 4, 4 },
};

static void put_good(void)
{
	for (u32 i = 0; i < IMAGE_SIZE; i++) {
		image[i] = (u8)(i * 11 + (i >> 8));
	}
	memset(image, 0, 512);
	memcpy(image, "\177ELF\x01\x01\x01", 7);
	put16(16, 2);
	put16(18, 3);
	put32(20, 1);
	put32(24, LOAD + 0x20);
	put32(28, 52);
	put16(40, 52);
	put16(42, 32);
	put_phdrs(good, 3);
	put_header(HEADER_AT, 3);
	assert_null(memmap_build(&map, pc, ARRAY_SIZE(pc)));
	in = (struct l1_input){ .image = image,
				.image_size = IMAGE_SIZE,
				.program = "payload.elf",
				.cmdline = "smp=2 verbose",
				.modules = modules,
				.map = &map };
}

static const char *make_plan(void)
{
	static u8 *copy;
	const char *defect;

	free(copy);
	copy = malloc(in.image_size ? in.image_size : 1);
	memcpy(copy, image, in.image_size);
	in.image = copy;
	memset(&buffers, 0xEE, sizeof(buffers));
	memset(&plan, 0xEE, sizeof(plan));
	defect = l1_multiboot_plan(&in, &buffers, &plan);
	if (!defect) {
		plan_assert_sound(&plan, &map);
		assert_int_equal(plan.entry.mode, L1_MODE_PROTECTED);
		assert_int_equal(plan.entry.rax, 0x2BADB002);
	}
	return defect;
}

static void assert_refused(const char *says)
{
	const char *defect = make_plan();

	assert_non_null(defect);
	assert_string_equal(defect, says);
}

static void test_every_truncation_is_refused(void **state)
{
	(void)state;
	put_good();
	for (u64 size = 0; size < 0x4800; size++) {
		in.image_size = size;
		assert_non_null(make_plan());
		assert_int_equal(l1_multiboot_is_image(image, size), size >= HEADER_AT + 12);
	}
	in.image_size = 0x4800;
	assert_null(make_plan());
}

static void test_every_byte_damaged_is_survived(void **state)
{
	static const u8 values[] = { 0, 1, 2, 0x10, 0x7F, 0x80, 0xFF };

	(void)state;
	for (u32 at = 0; at < 52 + 3 * 32; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			put_good();
			image[at] = values[i];
			make_plan();
		}
	}
}

static void test_header_search(void **state)
{
	static const struct {
		u32 at;
		bool found;
	} rows[] = { { 0x200, true }, { 8192 - 12, true }, { 8192 - 8, false },
		     { 8192, false }, { 0x202, false },	   { 0x5000, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_good();
		put32(HEADER_AT, 0);
		put_header(rows[i].at, 0);
		if (rows[i].found) {
			assert_null(make_plan());
		} else {
			assert_refused("L1: no Multiboot header in the image's first 8192 bytes");
		}
	}
	put_good();
	put32(HEADER_AT + 8, 1 - (0x1BADB002u + 3));
	assert_refused("L1: no Multiboot header in the image's first 8192 bytes");
	/* A magic number with a wrong sum before the real header. */
	put_good();
	put32(0x400, 0x1BADB002);
	assert_null(make_plan());
}

static void test_required_flags(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 32; bit++) {
		put_good();
		put_header(HEADER_AT, 1u << bit);
		if (bit >= 2 && bit <= 15) {
			assert_refused(
				"L1: the Multiboot header requires what Plinth does not offer");
		} else if (bit != 16) {
			assert_null(make_plan());
		}
	}
}

static const struct {
	struct phdr p[3];
	u32 count;
	const char *says;
} hostile[] = {
	/* beyond the file */
	{ { { 1, 0x5000, LOAD, LOAD, 0x1001, 0x2000, 7, 0 } },
	  1,
	  "L1: the image is truncated: a segment lies outside of it" },
	{ { { 1, 0xFFFFFFFF, LOAD, LOAD, 0xFFFFFFFF, 0xFFFFFFFF, 7, 0 } },
	  1,
	  "L1: the image is truncated: a segment lies outside of it" },
	{ { { 1, 0x1000, LOAD, LOAD, 0x1001, 0x1000, 7, 0 } },
	  1,
	  "L1: a segment is larger in the image than in memory" },
	/* 4 GiB sizes and ends */
	{ { { 1, 0x1000, LOAD, LOAD, 0x1000, 0xFFFFFFFF, 7, 0 } },
	  1,
	  "L1: a segment ends above 4 GiB" },
	{ { { 1, 0x1000, LOAD, 0xFFFFF000, 0x1000, 0x2000, 7, 0 } },
	  1,
	  "L1: a segment ends above 4 GiB" },
	{ { { 1, 0x1000, LOAD, LOAD, 0x1000, 0xFFF00000, 7, 0 } },
	  1,
	  "L1: a segment lies where L1 has no RAM" },
	/* over reserved memory, over a hole, over what Plinth hides (0x4000000 on) */
	{ { { 1, 0x1000, LOAD, 0x9E000, 0x1000, 0x2000, 7, 0 } },
	  1,
	  "L1: a segment lies where L1 has no RAM" },
	{ { { 1, 0x1000, LOAD, 0xB8000, 0x1000, 0x1000, 7, 0 } },
	  1,
	  "L1: a segment lies where L1 has no RAM" },
	{ { { 1, 0x1000, LOAD, 0x3FFF000, 0x1000, 0x1001, 7, 0 } },
	  1,
	  "L1: a segment lies where L1 has no RAM" },
	{ { { 1, 0x1000, LOAD, 0x4000000, 1, 1, 7, 0 } },
	  1,
	  "L1: a segment lies where L1 has no RAM" },
	/* over each other */
	{ { { 1, 0x1000, LOAD, LOAD, 0x2000, 0x2000, 7, 0 },
	    { 1, 0x3000, LOAD + 0x1FFF, LOAD + 0x1FFF, 0x1000, 0x1000, 7, 0 } },
	  2,
	  "L1: two segments overlap" },
	{ { { 1, 0x1000, LOAD, LOAD, 0, 0x2000, 7, 0 }, { 1, 0x1000, LOAD, LOAD, 0, 0x1, 7, 0 } },
	  2,
	  "L1: two segments overlap" },
	/* entries */
	{ { { 1, 0x1000, LOAD + 0x21, LOAD + 0x21, 0x1000, 0x1000, 7, 0 } },
	  1,
	  "L1: the entry is outside of every segment" },
	{ { { 1, 0x1000, LOAD, LOAD, 0x20, 0x20, 7, 0 } },
	  1,
	  "L1: the entry is outside of every segment" },
	{ { { 1, 0x1000, LOAD, LOAD, 0, 0, 7, 0 } },
	  1,
	  "L1: the entry is outside of every segment" },
	{ { { 0 } }, 0, "L1: the entry is outside of every segment" },
};

static void test_hostile_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		put_good();
		assert_true(memmap_hide(&map, 0x4000000, 0x100000));
		put_phdrs(hostile[i].p, hostile[i].count);
		assert_refused(hostile[i].says);
	}
}

static void test_hostile_elf_headers(void **state)
{
	static const struct {
		u32 at, value;
		const char *says;
	} rows[] = {
		{ 0, 0x464C4500, "L1: the image is no ELF file" },
		{ 4, 0x00010102, "L1: the ELF file is not for 32-bit x86" }, /* 64-bit */
		{ 4, 0x00010201, "L1: the ELF file is not for 32-bit x86" }, /* big endian */
		{ 16, 0x003E0002, "L1: the ELF file is not for 32-bit x86" },
		{ 16, 0x00030003, "L1: the ELF file is no executable" },
		{ 28, 0xFFFFFFE0, "L1: the ELF file's program headers lie outside of it" },
		{ 28, IMAGE_SIZE - 95, "L1: the ELF file's program headers lie outside of it" },
		{ 42, 0xFFFF0020, "L1: the ELF file's program headers lie outside of it" },
		{ 42, 0x0003001F, "L1: the ELF file's program headers lie outside of it" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_good();
		put32(rows[i].at, rows[i].value);
		assert_refused(rows[i].says);
	}
}

static void test_seventeen_segments(void **state)
{
	struct phdr p[17];

	(void)state;
	for (u32 i = 0; i < 17; i++) {
		p[i] = (struct phdr){ 1, 0x2000, LOAD + 0x1000 * i, LOAD + 0x1000 * i, 0x10, 0x800,
				      7, 0 };
	}
	p[0].memsz = 0x21;
	put_good();
	put_header(0x800, 0);
	put_phdrs(p, 16);
	assert_null(make_plan());
	put_phdrs(p, 17);
	assert_refused("L1: the ELF file has more than 16 segments");
}

static void test_good(void **state)
{
	(void)state;
	put_good();
	assert_null(make_plan());
	assert_int_equal(plan.entry.rip, LOAD + 0x20);
	assert_int_equal(plan.entry.rsi, 0);
	assert_int_equal(plan.entry.cr3, 0);
	assert_memory_equal(plan_bytes(&plan, LOAD, 0x2000), image + 0x1000, 0x2000);
	assert_memory_equal(plan_bytes(&plan, LOAD + 0x4000, 0x1800), image + 0x3000, 0x1800);
	assert_true(plan_zeroes(&plan, LOAD + 0x5800, 0x3800));
	assert_int_equal(plan.piece_count, 4);
	/* Loaded at GPA 0. */
	put_phdrs((struct phdr[]){ { 1, 0x1000, 0, 0, 0x2000, 0x9F000, 7, 0 } }, 1);
	put32(24, 0x20);
	assert_null(make_plan());
	assert_int_equal(plan.entry.rip, 0x20);
	assert_true(plan.entry.rbx >= MIB(1));
}

static void test_entry_of_a_kernel_linked_high(void **state)
{
	struct phdr p = { 1, 0x1000, 0xC0100000, LOAD, 0x2000, 0x2000, 7, 0 };

	(void)state;
	put_good();
	put_phdrs(&p, 1);
	put32(24, 0xC0100040);
	assert_null(make_plan());
	assert_int_equal(plan.entry.rip, LOAD + 0x40);
	put32(24, LOAD + 0x44);
	assert_null(make_plan());
	assert_int_equal(plan.entry.rip, LOAD + 0x44);
	put32(24, 0xC0102000);
	assert_refused("L1: the entry is outside of every segment");
}

static void put_addresses(u32 header, u32 load, u32 load_end, u32 bss_end, u32 entry)
{
	put_good();
	memset(image, 0x5A, HEADER_AT);
	put_header(HEADER_AT, 3 | BIT(16));
	put32(HEADER_AT + 12, header);
	put32(HEADER_AT + 16, load);
	put32(HEADER_AT + 20, load_end);
	put32(HEADER_AT + 24, bss_end);
	put32(HEADER_AT + 28, entry);
}

static void test_address_fields(void **state)
{
	static const struct {
		u32 header, load, load_end, bss_end, entry;
		const char *says;
	} rows[] = {
		{ LOAD, LOAD + 1, 0, 0, LOAD,
		  "L1: the Multiboot header's addresses do not fit the image" },
		{ LOAD + 0x1001, LOAD, 0, 0, LOAD,
		  "L1: the Multiboot header's addresses do not fit the image" },
		{ LOAD, LOAD, LOAD - 1, 0, LOAD,
		  "L1: the Multiboot header's load end is below its load address" },
		{ LOAD, LOAD, LOAD + 0x1000, LOAD + 0xFFF, LOAD,
		  "L1: the Multiboot header's BSS ends inside its data" },
		{ LOAD, LOAD, LOAD + 0x1000, 0, LOAD + 0x1000,
		  "L1: the entry is outside of what is loaded" },
		{ LOAD, LOAD, LOAD, 0, LOAD, "L1: the entry is outside of what is loaded" },
		{ LOAD, LOAD, LOAD + 0x5001, 0, LOAD,
		  "L1: the image is truncated: a segment lies outside of it" },
		{ LOAD, LOAD, 0, 0xFFFFFFFF, LOAD, "L1: a segment lies where L1 has no RAM" },
		{ 0xFFFFF000, 0xFFFFF000, 0, 0, 0xFFFFF000, "L1: a segment ends above 4 GiB" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_addresses(rows[i].header, rows[i].load, rows[i].load_end, rows[i].bss_end,
			      rows[i].entry);
		assert_refused(rows[i].says);
	}
	put_addresses(LOAD + 0x800, LOAD, LOAD + 0x2000, LOAD + 0x6000, LOAD + 0x1FFF);
	assert_null(make_plan());
	assert_int_equal(plan.entry.rip, LOAD + 0x1FFF);
	assert_memory_equal(plan_bytes(&plan, LOAD, 0x2000), image + 0x800, 0x2000);
	assert_true(plan_zeroes(&plan, LOAD + 0x2000, 0x4000));
	/* Both ends left out: the rest of the file, no BSS. */
	put_addresses(LOAD + 0x1000, LOAD, 0, 0, LOAD);
	assert_null(make_plan());
	assert_memory_equal(plan_bytes(&plan, LOAD, IMAGE_SIZE), image, IMAGE_SIZE);
	for (u32 size = HEADER_AT + 12; size < HEADER_AT + 32; size++) {
		in.image_size = size;
		assert_refused("L1: the Multiboot header's addresses are cut off");
	}
}

static void test_modules(void **state)
{
	static u8 a[5000], b[1];
	const struct multiboot_info *info;
	const struct multiboot_module *m;

	(void)state;
	put_good();
	memset(a, 1, sizeof(a));
	modules[0] = (struct l1_module){ a, sizeof(a), "initrd one" };
	modules[1] = (struct l1_module){ b, 0, "" };
	modules[2] = (struct l1_module){ b, 1, "three" };
	in.module_count = 3;
	assert_null(make_plan());
	info = plan_bytes(&plan, plan.entry.rbx, sizeof(*info));
	assert_int_equal(info->mods_count, 3);
	m = plan_bytes(&plan, info->mods_addr, 3 * sizeof(*m));
	assert_int_equal(m[0].start, LOAD + 0x9000);
	assert_int_equal(m[0].end, LOAD + 0x9000 + 5000);
	assert_int_equal(m[1].start, LOAD + 0xB000);
	assert_int_equal(m[1].end, LOAD + 0xB000);
	assert_int_equal(m[2].start, LOAD + 0xC000);
	assert_int_equal(m[2].end, LOAD + 0xC001);
	assert_memory_equal(plan_bytes(&plan, m[0].start, sizeof(a)), a, sizeof(a));
	assert_string_equal(plan_bytes(&plan, m[0].string, 11), "initrd one");
	assert_string_equal(plan_bytes(&plan, m[1].string, 1), "");
	assert_string_equal(plan_bytes(&plan, m[2].string, 6), "three");
	/* The kernel at the top of RAM: modules go below it. */
	put_phdrs((struct phdr[]){ { 1, 0x1000, LOAD, 0x7FDE000, 0x2000, 0x2000, 7, 0 } }, 1);
	assert_null(make_plan());
	assert_int_equal(plan.taken[1].base, MIB(1));
	/* Too large; too many. */
	modules[0].size = UINT64_MAX;
	assert_refused("L1: no room in L1's RAM for the modules");
	modules[0].size = MIB(128);
	assert_refused("L1: no room in L1's RAM for the modules");
	in.module_count = 17;
	assert_refused("L1: more than 16 modules");
}

static void test_information(void **state)
{
	const struct multiboot_info *info;
	const struct multiboot_mmap *e;

	(void)state;
	put_good();
	assert_null(make_plan());
	assert_in_range(plan.entry.rbx, 0x10000, 0x9EFFF);
	info = plan_bytes(&plan, plan.entry.rbx, sizeof(*info));
	assert_int_equal(info->flags, 0x24D);
	assert_int_equal(info->mem_lower, 0x9F000 / 1024);
	assert_int_equal(info->mem_upper, 0x7EE0000 / 1024);
	assert_string_equal(plan_bytes(&plan, info->cmdline, 26), "payload.elf smp=2 verbose");
	assert_string_equal(plan_bytes(&plan, info->boot_loader_name, 7), "Plinth");
	assert_int_equal(info->mods_count, 0);
	assert_int_equal(info->mmap_length, ARRAY_SIZE(pc) * 24);
	e = plan_bytes(&plan, info->mmap_addr, info->mmap_length);
	for (u32 i = 0; i < ARRAY_SIZE(pc); i++) {
		assert_int_equal(e[i].size, 20);
		assert_int_equal(e[i].base, pc[i].base);
		assert_int_equal(e[i].len, i == 0 ? 0x9F000 : pc[i].len);
		assert_int_equal(e[i].type, pc[i].type);
	}
	in.cmdline = "";
	assert_null(make_plan());
	assert_string_equal(plan_bytes(&plan, info->cmdline, 12), "payload.elf");
	in.program = "";
	assert_null(make_plan());
	assert_string_equal(plan_bytes(&plan, info->cmdline, 1), "");
}

static void test_memory_sizes_end_at_the_first_hole(void **state)
{
	const struct multiboot_info *info = (const struct multiboot_info *)buffers.info;

	(void)state;
	put_good();
	assert_true(memmap_hide(&map, 0x50000, 0x1000));
	assert_true(memmap_hide(&map, 0x4000000, 0x1000));
	assert_null(make_plan());
	assert_int_equal(info->mem_lower, 0x50000 / 1024);
	assert_int_equal(info->mem_upper, 0x3F00000 / 1024);
	assert_true(memmap_hide(&map, 0, 0x1000));
	assert_null(make_plan());
	assert_int_equal(info->mem_lower, 0);
	/* No low memory at all: the information lies behind kernel and modules. */
	assert_true(memmap_hide(&map, 0, 0xA0000));
	assert_null(make_plan());
	assert_int_equal(plan.entry.rbx, LOAD + 0x9000);
	/* Room for the kernel alone. */
	assert_true(memmap_hide(&map, LOAD + 0x9000, UINT64_MAX));
	assert_refused("L1: no room in L1's RAM for the Multiboot information");
}

static void test_texts_that_do_not_fit(void **state)
{
	static char text[40000];

	(void)state;
	put_good();
	memset(text, 'x', sizeof(text) - 1);
	in.cmdline = text;
	assert_refused("L1: command lines too long for the Multiboot information");
	in.cmdline = "";
	modules[0] = (struct l1_module){ image, 1, text };
	in.module_count = 1;
	assert_refused("L1: command lines too long for the Multiboot information");
}

static void test_detect(void **state)
{
	(void)state;
	put_good();
	assert_int_equal(l1_image_detect(image, IMAGE_SIZE), L1_IMAGE_MULTIBOOT);
	assert_int_equal(l1_image_detect(image, HEADER_AT), L1_IMAGE_UNKNOWN);
	assert_int_equal(l1_image_detect(image, 0), L1_IMAGE_UNKNOWN);
	put16(0x1FE, 0xAA55);
	memcpy(image + 0x202, "HdrS", 4);
	assert_int_equal(l1_image_detect(image, IMAGE_SIZE), L1_IMAGE_LINUX);
	memset(image, 0x55, sizeof(image));
	assert_int_equal(l1_image_detect(image, IMAGE_SIZE), L1_IMAGE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_byte_damaged_is_survived),
		cmocka_unit_test(test_header_search),
		cmocka_unit_test(test_required_flags),
		cmocka_unit_test(test_hostile_segments),
		cmocka_unit_test(test_hostile_elf_headers),
		cmocka_unit_test(test_seventeen_segments),
		cmocka_unit_test(test_address_fields),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_memory_sizes_end_at_the_first_hole),
		cmocka_unit_test(test_texts_that_do_not_fit),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_entry_of_a_kernel_linked_high),
		cmocka_unit_test(test_information),
		cmocka_unit_test(test_detect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
