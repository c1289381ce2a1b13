/* SPDX-License-Identifier: MIT */
/*
 * The memory that the map hides cannot be reached: below the top of the machine's RAM, on every
 * page that no entry of the map lists, L1 and an L2 whose nested table maps it read nothing and
 * change nothing.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"
#include "tests/lib/vp.h"

const char test_title[] = "the memory that the map hides";

#define FIRST	MIB(1) /* below it the holes are the machine's own: video memory, firmware */
#define NOTHING (~0ull)
#define PATTERN 0x00c0ffee00c0ffeeull
#define WINDOW \
	GIB(64) /* of L2: its physical addresses that the nested table maps to hidden pages */

asm(".pushsection .text\n"
    "i_access: mov (%rbx), %rax; mov %rcx, (%rbx); mov (%rbx), %rdx;" L2_CALL ".popsection");
extern const char i_access[];

static struct vp vp;
static u64 *slat, *l2_tables;
static u64 pages_seen, leaks;

static const u64 offsets[] = { 0, 0x7f8, 0xff8 };

static u64 *mapped(u64 page)
{
	if (page >= GIB(4)) {
		pt_map(boot_pml4, ALIGN_DOWN(page, MIB(2)), ALIGN_DOWN(page, MIB(2)), PT_RW, PT_2M);
	}
	return (u64 *)page;
}

static void leaked(const char *who, u64 page)
{
	if (leaks++ == 0) {
		report_failure("%s reaches the hidden page at 0x%lx", who, page);
	}
}

/* Nothing is all ones, or a fault; twice, because the first write might have had an effect. */
static void try_from_l1(u64 page)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		u64 at = phys(mapped(page)) + offsets[i], v = NOTHING;

		if (read_u64_safe(at, &v) == EXINFO_NONE && v != NOTHING) {
			leaked("L1", page);
		}
		(void)write_u64_safe(at, PATTERN);
		v = NOTHING;
		if (read_u64_safe(at, &v) == EXINFO_NONE && v != NOTHING) {
			leaked("L1 after a write", page);
		}
	}
}

/* An exit to L1 is as good as nothing; an access that goes through must read nothing. */
static void try_from_l2(u64 page, enum pt_level level)
{
	u64 base = ALIGN_DOWN(page, pt_size(level));

	slat_map(slat, WINDOW, base, level);
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		vp_init(&vp);
		vp_use_slat(&vp, slat);
		vp_start_at(&vp, i_access);
		vp_set_cr3(&vp, phys(l2_tables));
		vp_flush(&vp);
		*vp_reg(&vp, VP_RBX) = WINDOW + (page - base) + offsets[i];
		*vp_reg(&vp, VP_RCX) = PATTERN;
		enum vp_exit exit = vp_run(&vp);

		if (exit == VP_CALL &&
		    (*vp_reg(&vp, VP_RAX) != NOTHING || *vp_reg(&vp, VP_RDX) != NOTHING)) {
			leaked("L2", page);
		}
		check(exit != VP_OTHER && exit != VP_INTR, "L2 at a hidden page: exit %d", exit);
	}
}

void test_main(void)
{
	u64 top = MAX(boot_top_of_ram(~0ull), cmdline_u64("memory", 0));
	bool with_l2 = vp_offered();

	hv_require();
	if (with_l2) {
		vp_require();
		slat = slat_create_identity(GIB(1), PT_2M);
		l2_tables = pt_create();
		pt_map_identity(l2_tables, 0, MIB(512), PT_RW, PT_2M);
		pt_map_identity(l2_tables, WINDOW, GIB(1), PT_RW, PT_2M);
	}
	for (u64 page = FIRST; page < top; page += PAGE_SIZE) {
		if (boot_lists_page(page) ||
		    (page >= GIB(3) && page < GIB(4))) { /* devices below 4 GiB */
			continue;
		}
		pages_seen++;
		try_from_l1(page);
		if (with_l2) {
			try_from_l2(page, page & BIT(12) ? PT_4K : PT_2M);
		}
	}
	check(leaks == 0, "%lu accesses reached something", leaks);
	check(pages_seen > 0, "the map hides nothing below 0x%lx", top);
	report_success();
}
