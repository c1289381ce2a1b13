/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/l1_linux.c: truncated and hostile bzImages first, then where things go in sound and in
 * awkward memory maps, then what is built, byte by byte of the boot protocol.
 */
#include "tests/unit/unit.h"
#include "arch/x86/l1_linux.h"
#include "tests/unit/l1_plan_check.h"

#define SETUP_SECTS 3u
#define CODE_SIZE   0x3000u
#define IMAGE_SIZE  ((SETUP_SECTS + 1) * 512 + CODE_SIZE)
#define INIT_SIZE   0x2000000u

static u8 image[IMAGE_SIZE + 64];
static struct memmap map;
static struct l1_module modules[17];
static struct l1_input in;
static struct l1_linux_buffers buffers;
static struct l1_plan plan;

/* A PC with 1 GiB below 4 GiB and 1 GiB above. */
static const struct mem_region pc[] = {
	{ 0, 0x9FC00, 1 },	     { 0x9FC00, 0x400, 2 },	     { 0xF0000, 0x10000, 2 },
	{ 0x100000, 0x3FEE0000, 1 }, { 0x3FFE0000, 0x10000, 3 },     { 0x3FFF0000, 0x10000, 4 },
	{ 0xFFFC0000, 0x40000, 2 },  { 0x100000000, 0x40000000, 1 }, { 0x150000000, 0x1000, 5 },
};

static struct setup_header *header(void)
{
	return (struct setup_header *)(image + 0x1F1);
}

static void put_good(void)
{
	struct setup_header *h = header();

	for (u32 i = 0; i < sizeof(image); i++) {
		image[i] = (u8)(i * 13 + (i >> 8));
	}
	memset(image + 0x1F1, 0, 0x290 - 0x1F1);
	h->setup_sects = SETUP_SECTS;
	h->syssize = CODE_SIZE / 16;
	h->boot_flag = 0xAA55;
	h->jump = 0x6AEB; /* the header ends at 0x202 + 0x6A */
	h->header = 0x53726448;
	h->version = 0x020F;
	h->loadflags = 0x81;
	h->initrd_addr_max = 0x7FFFFFFF;
	h->kernel_alignment = 0x200000;
	h->relocatable_kernel = 1;
	h->xloadflags = 0x3;
	h->cmdline_size = 2047;
	h->setup_data = 0xBAD;
	h->pref_address = 0x1000000;
	h->init_size = INIT_SIZE;
	h->kernel_info_offset = 0x12345678;
	assert_null(memmap_build(&map, pc, ARRAY_SIZE(pc)));
	in = (struct l1_input){ .image = image,
				.image_size = IMAGE_SIZE,
				.program = "linux",
				.cmdline = "console=ttyS0 root=/dev/vda",
				.modules = modules,
				.map = &map,
				.rsdp = (const u8 *)"RSD PTR 234567890123456789012345678",
				.rsdp_len = 36 };
}

/* Plans with the image in an allocation of exactly its size, so that ASan sees every overrun. */
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
	defect = l1_linux_plan(&in, &buffers, &plan);
	if (!defect) {
		plan_assert_sound(&plan, &map);
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
	for (u64 size = 0; size < IMAGE_SIZE; size++) {
		in.image_size = size;
		assert_non_null(make_plan());
		assert_int_equal(l1_linux_is_image(in.image, size), size >= 0x290);
	}
	in.image_size = IMAGE_SIZE;
	assert_null(make_plan());
}

static void test_every_header_byte_damaged_is_survived(void **state)
{
	static const u8 values[] = { 0, 1, 0x0F, 0x7F, 0x80, 0xFF };

	(void)state;
	for (u32 at = 0x1F1; at < 0x290; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			put_good();
			image[at] = values[i];
			make_plan();
		}
	}
}

static void test_refused_headers(void **state)
{
	(void)state;
	put_good();
	header()->boot_flag = 0;
	assert_refused("L1: no Linux setup header in the image");
	put_good();
	header()->header = 0;
	assert_refused("L1: no Linux setup header in the image");
	put_good();
	header()->version = 0x020B;
	assert_refused("L1: the kernel's boot protocol is older than 2.12");
	put_good();
	header()->xloadflags = 2;
	assert_refused("L1: the kernel has no 64-bit entry");
	put_good();
	header()->loadflags = 0;
	assert_refused("L1: the kernel is no bzImage");
	put_good();
	header()->jump = 0x65EB;
	assert_refused("L1: the kernel's setup header is cut off");
	put_good();
	header()->syssize = 0xFFFFFFFF;
	assert_refused("L1: the kernel image is truncated");
	put_good();
	header()->setup_sects = 255;
	assert_refused("L1: the kernel image is truncated");
	put_good();
	header()->syssize = 0x20;
	assert_refused("L1: the kernel image has no code at its 64-bit entry");
	put_good();
	header()->cmdline_size = strlen(in.cmdline) - 1;
	assert_refused("L1: the command line is longer than the kernel takes");
	put_good();
	in.module_count = 17;
	assert_refused("L1: more than 16 modules");
}

static void test_no_room(void **state)
{
	static const struct mem_region low_only[] = { { 0, 0xA0000, 1 } };

	(void)state;
	put_good();
	header()->init_size = 0xFFFFFFFF;
	assert_refused("L1: no room in L1's RAM for the kernel");
	put_good();
	header()->pref_address = UINT64_MAX;
	assert_refused("L1: no room in L1's RAM for the kernel");
	put_good();
	assert_null(memmap_build(&map, low_only, 1));
	assert_refused("L1: no room in L1's RAM for the kernel");
	header()->relocatable_kernel = 0;
	assert_refused("L1: no RAM at the address of the kernel, which is not relocatable");
	put_good();
	assert_true(memmap_hide(&map, 0x1100000, 0x1000));
	header()->kernel_alignment = 0x300000;
	assert_refused("L1: the kernel's alignment is no power of two");
	header()->kernel_alignment = 0;
	assert_refused("L1: the kernel's alignment is no power of two");
	put_good();
	modules[0] = (struct l1_module){ image, GIB(3), "" };
	in.module_count = 1;
	assert_refused("L1: no room in L1's RAM for the initrd");
	modules[0].size = UINT64_MAX;
	assert_refused("L1: a module has an impossible size");
	modules[0].size = MEMMAP_LIMIT;
	assert_refused("L1: no room in L1's RAM for the initrd");
}

static void test_kernel_goes_where_it_likes_or_next_best(void **state)
{
	static const struct {
		u64 hidden, len, want;
	} rows[] = {
		{ 0, 0, 0x1000000 },
		{ 0x1000000 + INIT_SIZE, 0x1000, 0x1000000 },
		{ 0x1000000 + INIT_SIZE - 1, 1, 0x3000000 },
		{ 0x1000000, 0x1000, 0x1200000 },
		{ 0x800000, 0x900000, 0x1200000 },
		{ 0x900000, 0x1A00000, 0x2400000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_good();
		assert_true(memmap_hide(&map, rows[i].hidden, rows[i].len));
		assert_null(make_plan());
		assert_int_equal(plan.taken[0].base, rows[i].want);
		assert_int_equal(plan.taken[0].len, INIT_SIZE);
		assert_int_equal(plan.entry.rip, rows[i].want + 0x200);
		assert_int_equal(buffers.params.hdr.code32_start, rows[i].want);
		assert_memory_equal(plan_bytes(&plan, rows[i].want, CODE_SIZE), image + 2048,
				    CODE_SIZE);
	}
}

static void test_setup_sects_zero_means_four(void **state)
{
	(void)state;
	put_good();
	header()->setup_sects = 0;
	header()->syssize = (IMAGE_SIZE - 5 * 512) / 16;
	assert_null(make_plan());
	assert_memory_equal(plan_bytes(&plan, 0x1000000, 64), image + 5 * 512, 64);
	header()->syssize++;
	assert_refused("L1: the kernel image is truncated");
}

static void test_small_structures_without_low_memory(void **state)
{
	(void)state;
	put_good();
	assert_true(memmap_hide(&map, 0, 0xA0000));
	assert_null(make_plan());
	assert_true(plan.entry.rsi >= 0x100000 && plan.entry.rsi < GIB(4));
	/* Room for the kernel alone. */
	put_good();
	assert_true(memmap_hide(&map, 0, 0x1000000));
	assert_true(memmap_hide(&map, 0x1000000 + INIT_SIZE, UINT64_MAX));
	assert_refused("L1: no room in L1's RAM for the kernel's parameters");
}

static void test_parameters(void **state)
{
	const struct boot_params *bp;
	const u8 zero[64] = { 0 };

	(void)state;
	put_good();
	assert_null(make_plan());
	assert_int_equal(plan.entry.mode, L1_MODE_LONG);
	assert_int_equal(plan.entry.cs, 0x10);
	assert_int_equal(plan.entry.ds, 0x18);
	assert_int_equal(plan.entry.rax, 0);
	assert_int_equal(plan.entry.rbx, 0);
	assert_in_range(plan.entry.rsi, 0x10000, 0x9EFFF);
	bp = plan_bytes(&plan, plan.entry.rsi, sizeof(*bp));
	assert_ptr_equal(bp, &buffers.params);
	assert_int_equal(bp->hdr.type_of_loader, 0xFF);
	assert_int_equal(bp->hdr.loadflags, 0x01);
	assert_int_equal(bp->hdr.setup_data, 0);
	assert_int_equal(bp->hdr.vid_mode, 0xFFFF);
	assert_int_equal(bp->hdr.pref_address, 0x1000000);
	assert_int_equal(bp->hdr.kernel_info_offset, 0x12345678);
	assert_int_equal(bp->hdr.ramdisk_size, 0);
	assert_int_equal(bp->sentinel, 0);
	assert_memory_equal(bp->reserved_0cc, zero, sizeof(zero));
	assert_string_equal(plan_bytes(&plan, bp->hdr.cmd_line_ptr, strlen(in.cmdline) + 1),
			    in.cmdline);
	assert_memory_equal(plan_bytes(&plan, bp->acpi_rsdp_addr, 36), in.rsdp, 36);
	assert_int_equal(bp->screen_info.orig_video_isvga, 0);
}

static void test_header_longer_and_shorter_than_known(void **state)
{
	(void)state;
	put_good();
	header()->jump = 0xFFEB;
	image[0x28F] = 0x77;
	image[0x26C] = 0x66;
	assert_null(make_plan());
	assert_int_equal(buffers.params.hdr_rest[0], 0x66);
	assert_int_equal(buffers.params.hdr_rest[0x23], 0x77);
	assert_int_equal(buffers.params.reserved_290[0], 0);
	header()->jump = 0x66EB; /* up to 0x268: without kernel_info_offset */
	assert_null(make_plan());
	assert_int_equal(buffers.params.hdr.kernel_info_offset, 0);
	assert_int_equal(buffers.params.hdr_rest[0], 0);
}

static void test_e820(void **state)
{
	const struct boot_params *bp = &buffers.params;
	u64 rsdp;

	(void)state;
	put_good();
	assert_null(make_plan());
	rsdp = bp->acpi_rsdp_addr;
	assert_int_equal(bp->e820_entries, ARRAY_SIZE(pc) + 2);
	assert_int_equal(bp->e820_table[0].addr, 0);
	assert_int_equal(bp->e820_table[0].size, rsdp);
	assert_int_equal(bp->e820_table[0].type, 1);
	assert_int_equal(bp->e820_table[1].addr, rsdp);
	assert_int_equal(bp->e820_table[1].size, 4096);
	assert_int_equal(bp->e820_table[1].type, 3);
	assert_int_equal(bp->e820_table[2].addr, rsdp + 4096);
	assert_int_equal(bp->e820_table[2].size, 0x9F000 - rsdp - 4096);
	for (u32 i = 1; i < ARRAY_SIZE(pc); i++) {
		assert_int_equal(bp->e820_table[i + 2].addr, pc[i].base);
		assert_int_equal(bp->e820_table[i + 2].size, pc[i].len);
		assert_int_equal(bp->e820_table[i + 2].type, pc[i].type);
	}
	in.rsdp = NULL;
	in.rsdp_len = 0;
	assert_null(make_plan());
	assert_int_equal(bp->acpi_rsdp_addr, 0);
	assert_int_equal(bp->e820_entries, ARRAY_SIZE(pc));
}

static void test_e820_has_128_entries(void **state)
{
	(void)state;
	for (u32 extra = 117; extra <= 118; extra++) {
		put_good();
		for (u32 i = 0; i < extra; i++) {
			assert_true(memmap_mark(&map, 0x200000000 + i * 0x2000ull, 0x1000,
						MEM_RESERVED));
		}
		if (extra == 117) {
			assert_null(make_plan());
			assert_int_equal(buffers.params.e820_entries, E820_MAX);
		} else {
			assert_refused("L1: the memory map has more than 128 entries");
		}
	}
}

/* Walks the plan's tables as the CPU would, for every 2 MiB below 4 GiB. */
static void test_tables_map_the_first_4_gib(void **state)
{
	const u64 mask = 0x000FFFFFFFFFF000ull;

	(void)state;
	put_good();
	assert_null(make_plan());
	for (u64 a = 0; a < GIB(4); a += MIB(2)) {
		const u64 *t = plan_bytes(&plan, plan.entry.cr3, 4096);
		u64 e = t[(a >> 39) & 511];

		assert_int_equal(e & 0xFFF, 3);
		t = plan_bytes(&plan, e & mask, 4096);
		e = t[(a >> 30) & 511];
		assert_int_equal(e & 0xFFF, 3);
		t = plan_bytes(&plan, e & mask, 4096);
		assert_int_equal(t[(a >> 21) & 511], a | 0x83);
	}
	assert_int_equal(buffers.tables[0][1], 0);
	assert_int_equal(buffers.tables[1][4], 0);
}

static void test_gdt(void **state)
{
	const u64 *gdt;

	(void)state;
	put_good();
	assert_null(make_plan());
	assert_int_equal(plan.entry.gdt_limit, 31);
	gdt = plan_bytes(&plan, plan.entry.gdt_base, 32);
	assert_int_equal(gdt[0], 0);
	assert_int_equal((gdt[2] >> 40) & 0xFF, 0x9B); /* present, code, readable, accessed */
	assert_int_equal((gdt[2] >> 52) & 0xF, 0xA);   /* G, L */
	assert_int_equal((gdt[3] >> 40) & 0xFF, 0x93);
	assert_int_equal((gdt[3] >> 52) & 0xF, 0xC); /* G, B */
}

static void test_initrd(void **state)
{
	static u8 a[5000], b[4096];
	const struct setup_header *h = &buffers.params.hdr;

	(void)state;
	put_good();
	memset(a, 1, sizeof(a));
	memset(b, 2, sizeof(b));
	modules[0] = (struct l1_module){ a, 4999, "" };
	modules[1] = (struct l1_module){ b, 0, "" };
	modules[2] = (struct l1_module){ b, sizeof(b), "" };
	in.module_count = 3;
	assert_null(make_plan());
	assert_int_equal(h->ramdisk_image, 0x3FFE0000 - 0x3000);
	assert_int_equal(h->ramdisk_size, 5000 + 4096);
	assert_memory_equal(plan_bytes(&plan, h->ramdisk_image, 4999), a, 4999);
	assert_true(plan_zeroes(&plan, h->ramdisk_image + 4999, 1));
	assert_memory_equal(plan_bytes(&plan, h->ramdisk_image + 5000, 4096), b, 4096);
	header()->initrd_addr_max = 0x37FFFFFF;
	assert_null(make_plan());
	assert_int_equal(h->ramdisk_image, 0x38000000 - 0x3000);
	/* Only above 4 GiB there is room: for kernels that can. */
	header()->initrd_addr_max = 0xFFFFF;
	modules[0].size = sizeof(a);
	assert_true(memmap_hide(&map, 0, 0x1000000));
	assert_null(make_plan());
	assert_int_equal(h->ramdisk_image, 0x40000000 - 0x3000);
	assert_int_equal(buffers.params.ext_ramdisk_image, 1);
	header()->xloadflags = 1;
	assert_refused("L1: no room in L1's RAM for the initrd");
}

static void test_screens(void **state)
{
	const struct linux_screen_info *s = &buffers.params.screen_info;

	(void)state;
	put_good();
	in.screen.kind = L1_SCREEN_VGA_TEXT;
	assert_null(make_plan());
	assert_int_equal(s->orig_video_isvga, 1);
	assert_int_equal(s->orig_video_cols, 80);
	in.screen = (struct l1_screen){ .kind = L1_SCREEN_RGB,
					.addr = 0x2FD000000,
					.pitch = 4096,
					.width = 1024,
					.height = 768,
					.bpp = 32,
					.color_pos = { 16, 8, 0 },
					.color_size = { 8, 8, 8 } };
	assert_null(make_plan());
	assert_int_equal(s->orig_video_isvga, 0x23);
	assert_int_equal(s->lfb_base, 0xFD000000);
	assert_int_equal(s->ext_lfb_base, 2);
	assert_int_equal(s->capabilities, 2);
	assert_int_equal(s->lfb_size, 48);
	assert_int_equal(s->lfb_linelength, 4096);
	assert_int_equal(s->colors[0], 8);
	assert_int_equal(s->colors[1], 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_header_byte_damaged_is_survived),
		cmocka_unit_test(test_refused_headers),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_kernel_goes_where_it_likes_or_next_best),
		cmocka_unit_test(test_setup_sects_zero_means_four),
		cmocka_unit_test(test_small_structures_without_low_memory),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_header_longer_and_shorter_than_known),
		cmocka_unit_test(test_e820),
		cmocka_unit_test(test_e820_has_128_entries),
		cmocka_unit_test(test_tables_map_the_first_4_gib),
		cmocka_unit_test(test_gdt),
		cmocka_unit_test(test_initrd),
		cmocka_unit_test(test_screens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
