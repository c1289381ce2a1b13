/* SPDX-License-Identifier: MIT */
/*
 * VMRUN refuses each state that the manual calls illegal with exit code -1 in all 64 bits, touches nothing
 * else of L1's VMCB, and accepts the legal neighbour of that state.
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

#define ROW(name, field, good, bad)                                                               \
	{                                                                                         \
		name, offsetof(struct vmcb, field), sizeof(((struct vmcb *)0)->field), good, bad, \
			false                                                                     \
	}
#define NP_ROW(name, field, good, bad)                                                            \
	{                                                                                         \
		name, offsetof(struct vmcb, field), sizeof(((struct vmcb *)0)->field), good, bad, \
			true                                                                      \
	}
/* An event that is not marked valid is no event, whatever else it says. */
#define EVENT_ROW(name, event) ROW(name, event_inj, (event) & ~EVENT_VALID, event)

asm(".pushsection .text\ni_end: vmmcall\n.popsection");
extern const char i_end[];

static void prepare(const struct row *r, u64 value)
{
	l2_init(&l2);
	l2_use_npt(&l2, r->nested_paging ? npt : NULL);
	l2_start_at(&l2, i_end);
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
		/* [APM "Canonicalization and Consistency Checks"], in its order */
		ROW("EFER.SVME clear", efer, v->efer, v->efer & ~EFER_SVME),
		ROW("CR0.CD clear with CR0.NW", cr0, v->cr0 | CR0_CD | CR0_NW, v->cr0 | CR0_NW),
		ROW("CR0[32]", cr0, v->cr0 | CR0_CD, v->cr0 | BIT(32)),
		ROW("CR0[63]", cr0, v->cr0 | CR0_NE, v->cr0 | BIT(63)),
		ROW("CR3[52]", cr3, v->cr3 | PTE_PWT, v->cr3 | BIT(52)),
		ROW("CR3[63]", cr3, v->cr3 | PTE_PCD, v->cr3 | BIT(63)),
		ROW("CR4[63]", cr4, v->cr4 | CR4_PGE, v->cr4 | BIT(63)),
		ROW("CR4[15]", cr4, v->cr4 | BIT(3), v->cr4 | BIT(15)),
		ROW("DR6[32]", dr6, 0xffff0ff1, v->dr6 | BIT(32)),
		ROW("DR7[32]", dr7, 0x600, v->dr7 | BIT(32)),
		ROW("EFER[9]", efer, v->efer | EFER_SCE, v->efer | BIT(9)),
		ROW("EFER[63]", efer, v->efer & ~EFER_NXE, v->efer | BIT(63)),
		ROW("long mode without PAE", cr4, v->cr4, v->cr4 & ~CR4_PAE),
		ROW("long mode without PE", cr0, v->cr0, v->cr0 & ~CR0_PE),
		ROW("CS.L and CS.D", cs.attrib, ATTRIB_CODE64, ATTRIB_CODE64 | 0x400),
		ROW("VMRUN not intercepted", intercept[4], intercepts, without_vmrun),
		ROW("IOPM at the limit", iopm_base, iopm, limit),
		ROW("IOPM across the limit", iopm_base, iopm, limit - 2 * PAGE_SIZE),
		ROW("IOPM far beyond", iopm_base, iopm, BIT(63)),
		ROW("MSRPM at the limit", msrpm_base, msrpm, limit),
		ROW("MSRPM across the limit", msrpm_base, msrpm, limit - PAGE_SIZE),
		ROW("MSRPM far beyond", msrpm_base, msrpm, ~0ull << 12),
		EVENT_ROW("exception 2", EVENT(3, 2)),
		EVENT_ROW("exception 32", EVENT(3, 32)),
		EVENT_ROW("exception 255", EVENT(3, 255)),
		EVENT_ROW("event type 1", EVENT(1, 0)),
		EVENT_ROW("event type 5", EVENT(5, 0)),
		EVENT_ROW("event type 6", EVENT(6, 0)),
		EVENT_ROW("event type 7", EVENT(7, 0)),
		ROW("ASID 0", asid, 2, 0),
		NP_ROW("nCR3[52]", n_cr3, phys(npt), phys(npt) | BIT(52)),
		NP_ROW("nCR3[63]", n_cr3, phys(npt), phys(npt) | BIT(63)),
		NP_ROW("nCR3 at the limit", n_cr3, phys(npt), limit),
		NP_ROW("G_PAT of type 2", g_pat, GOOD_PAT, BAD_PAT),
		NP_ROW("G_PAT of type 8", g_pat, GOOD_PAT, GOOD_PAT | 8),
	};
	const struct row ignored = ROW("G_PAT without nested paging", g_pat, BAD_PAT, 0);

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
