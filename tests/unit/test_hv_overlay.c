/* SPDX-License-Identifier: MIT */
/* hv/overlay: moves, meetings and disappearances; a page that nothing covers shows RAM again. */
#include "tests/unit/unit.h"

#include "hv/overlay.h"

#define PAGE_A 0x4000ull
#define PAGE_B 0x5000ull

static struct hv_overlays overlays;
static struct hv_overlay_view changed[2];

static u32 move(enum hv_overlay_kind kind, u32 vp, u64 gpa)
{
	memset(changed, 0xEE, sizeof(changed));
	return hv_overlay_move(&overlays, kind, vp, gpa, changed);
}

static int setup(void **state)
{
	(void)state;
	hv_overlays_init(&overlays);
	return 0;
}

static void assert_change(u32 i, u64 gpa, enum hv_overlay_kind kind)
{
	assert_int_equal(changed[i].gpa, gpa);
	assert_int_equal(changed[i].kind, kind);
	assert_int_equal(changed[i].writable, kind == HV_OVERLAY_VP_ASSIST);
}

static void overlay_appears_moves_and_goes(void **state)
{
	(void)state;
	assert_int_equal(hv_overlay_at(&overlays, PAGE_A).kind, HV_OVERLAY_NONE);
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, PAGE_A), 1);
	assert_change(0, PAGE_A, HV_OVERLAY_HYPERCALL);
	assert_int_equal(hv_overlay_at(&overlays, PAGE_A + 0xFFF).kind, HV_OVERLAY_HYPERCALL);
	assert_int_equal(hv_overlay_at(&overlays, PAGE_A - 1).kind, HV_OVERLAY_NONE);
	assert_true(hv_overlay_read_only_at(&overlays, PAGE_A + 8));
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, PAGE_A), 0);
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, PAGE_B), 2);
	assert_change(0, PAGE_A, HV_OVERLAY_NONE);
	assert_change(1, PAGE_B, HV_OVERLAY_HYPERCALL);
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, HV_OVERLAY_OFF), 1);
	assert_change(0, PAGE_B, HV_OVERLAY_NONE);
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, HV_OVERLAY_OFF), 0);
	assert_false(hv_overlay_read_only_at(&overlays, PAGE_B));
}

static void overlay_2_2_a19_precedence(void **state)
{
	(void)state;
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, 3, PAGE_A), 1);
	assert_change(0, PAGE_A, HV_OVERLAY_VP_ASSIST);
	assert_int_equal(changed[0].vp, 3);
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, 5, PAGE_A), 0); /* hidden by VP 3's */
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, 0, PAGE_A), 1);
	assert_int_equal(changed[0].vp, 0);
	assert_int_equal(move(HV_OVERLAY_REFERENCE_TSC, 0, PAGE_A), 1);
	assert_change(0, PAGE_A, HV_OVERLAY_REFERENCE_TSC);
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, PAGE_A), 1);
	assert_change(0, PAGE_A, HV_OVERLAY_HYPERCALL);
	/* What is hidden goes away unseen; what goes away shows what it hid. */
	assert_int_equal(move(HV_OVERLAY_REFERENCE_TSC, 0, PAGE_B), 1);
	assert_change(0, PAGE_B, HV_OVERLAY_REFERENCE_TSC);
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, PAGE_B), 2);
	assert_change(0, PAGE_A, HV_OVERLAY_VP_ASSIST);
	assert_change(1, PAGE_B, HV_OVERLAY_HYPERCALL);
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, HV_OVERLAY_OFF), 1);
	assert_change(0, PAGE_B, HV_OVERLAY_REFERENCE_TSC);
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, 0, HV_OVERLAY_OFF), 1);
	assert_int_equal(changed[0].vp, 3);
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, 5, HV_OVERLAY_OFF), 0);
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, 3, HV_OVERLAY_OFF), 1);
	assert_change(0, PAGE_A, HV_OVERLAY_NONE);
}

static void overlay_odd_places(void **state)
{
	(void)state;
	assert_int_equal(move(HV_OVERLAY_HYPERCALL, 0, 0), 1); /* GPA 0 */
	assert_change(0, 0, HV_OVERLAY_HYPERCALL);
	assert_int_equal(move(HV_OVERLAY_REFERENCE_TSC, 0, 0xFFFFFFFFFFFFF000ull), 1);
	assert_int_equal(hv_overlay_at(&overlays, ~0ull).kind, HV_OVERLAY_REFERENCE_TSC);
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, HV_VPS_MAX, PAGE_A), 0);
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, 0xFFFFFFFF, PAGE_A), 0);
	assert_int_equal(move(HV_OVERLAY_NONE, 0, PAGE_A), 0);
	assert_int_equal(move(HV_OVERLAY_VP_ASSIST, HV_VPS_MAX - 1, PAGE_A), 1);
	assert_int_equal(changed[0].vp, HV_VPS_MAX - 1);
}

/* A model that maps pages only as it is told to has to agree with the bookkeeping at any time. */
static void overlay_2_2_a18_a_million_moves(void **state)
{
	enum hv_overlay_kind shown[8] = { 0 };
	u32 seed = 99;

	(void)state;
	for (u32 i = 0; i < 1000000; i++) {
		u32 n, kind, page;

		seed = seed * 1664525 + 1013904223;
		kind = 1 + (seed >> 24) % 3;
		page = (seed >> 16) % 9;
		n = move(kind, (seed >> 10) & 1, page == 8 ? HV_OVERLAY_OFF : (u64)page << 12);
		assert_true(n <= 2);
		for (u32 c = 0; c < n; c++) {
			shown[changed[c].gpa >> 12] = changed[c].kind;
		}
		if (i % 16 == 0) {
			for (u64 p = 0; p < 8; p++) {
				assert_int_equal(shown[p], hv_overlay_at(&overlays, p << 12).kind);
			}
		}
	}
}

#define OVERLAY_TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OVERLAY_TEST(overlay_appears_moves_and_goes),
		OVERLAY_TEST(overlay_2_2_a19_precedence),
		OVERLAY_TEST(overlay_odd_places),
		OVERLAY_TEST(overlay_2_2_a18_a_million_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
