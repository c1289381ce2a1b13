/* SPDX-License-Identifier: MIT */
/*
 * VMRUN refuses each state that the manual calls illegal with exit code -1 in all 64 bits,
 * touches nothing else of L1's VMCB, and accepts the legal neighbour of that state.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "VMRUN consistency checks";

#define SAVE_AREA	    offsetof(struct vmcb, es)
#define SAVE_AREA_END	    offsetof(struct vmcb, reserved_698)
#define GOOD_PAT	    0x0007040600070406ull
#define BAD_PAT		    0x0002040600070406ull /* memory type 2 */
#define EVENT(type, vector) (EVENT_VALID | (type) << 8 | (vector))

static struct l2 l2;
static u64 *npt;

struct row {
	const char *name;
	size_t offset, width;
	u64 good, bad;
	bool nested_paging;
};

#define FIELD_ROW(name, field, good, bad, np)                                                     \
	{                                                                                         \
		name, offsetof(struct vmcb, field), sizeof(((struct vmcb *)0)->field), good, bad, \
			np                                                                        \
	}
#define ROW(name, field, good, bad)    FIELD_ROW(name, field, good, bad, false),
#define NP_ROW(name, field, good, bad) FIELD_ROW(name, field, good, bad, true),
/* An event that is not marked valid is no event, whatever else it says. */
#define EVENT_ROW(name, event) ROW(name, event_inj, (event) & ~EVENT_VALID, event)

asm(".pushsection .text\ni_end: vmmcall\n.popsection");

static void prepare(const struct row *r, u64 value)
{
	l2_init(&l2);
	l2_use_npt(&l2, r->nested_paging ? npt : NULL);
	l2_start_at(&l2, l2_code_end);
	memcpy((u8 *)l2.vmcb + r->offset, &value, r->width);
}

static void run_row(const struct row *r)
{
	static u8 before[PAGE_SIZE];

	prepare(r, r->good);
	l2_run_expect(&l2, r->name, EXIT_VMMCALL);
	prepare(r, r->bad);
	memcpy(before, l2.vmcb, PAGE_SIZE);
	l2.vmcb->exit_code = 0;
	if (!l2_run_expect(&l2, r->name, EXIT_INVALID)) {
		return;
	}
	check(memcmp(before + SAVE_AREA, (u8 *)l2.vmcb + SAVE_AREA, SAVE_AREA_END - SAVE_AREA) == 0,
	      "%s: the save area changed", r->name);
	check(memcmp(before, l2.vmcb, offsetof(struct vmcb, int_ctl)) == 0,
	      "%s: the controls changed", r->name);
}

static void run_all(const struct vmcb *v, u64 limit)
{
	const u64 intercepts = v->intercept[EXIT_VMRUN / 32], iopm = v->iopm_base,
		  msrpm = v->msrpm_base;
	const u32 without_vmrun = v->intercept[EXIT_VMRUN / 32] & ~1u;
	const struct row rows[] = {
#include "tests/payloads/svm-checks/checks.def"
	};
	const struct row ignored = FIELD_ROW("G_PAT without NPT", g_pat, BAD_PAT, 0, false);

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_row(&rows[i]);
	}
	prepare(&ignored, ignored.good);
	l2_run_expect(&l2, ignored.name, EXIT_VMMCALL);
}

void test_main(void)
{
	static struct vmcb legal;

	svm_require();
	if (!hv_present()) {
		report_skip("without Plinth QEMU checks almost nothing at VMRUN");
		return;
	}
	npt = npt_create_identity(GIB(4), PT_2M);
	l2_init(&l2);
	legal = *l2.vmcb;
	run_all(&legal, BIT(cpuid(0x80000008, 0).eax & 0xff));
	report_success();
}
