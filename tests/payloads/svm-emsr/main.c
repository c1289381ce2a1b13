/* SPDX-License-Identifier: MIT */
/*
 * The enlightened MSR bitmap [TLFS "Enlightened MSR Bitmap"]: while L1 has it on and the VMCB's
 * clean bit 31 set, a change of the MSR permission map is not seen; without one of the two, and
 * after another VMCB, at once. `off`: it is not offered, and its bit in the VMCB means nothing.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "SVM enlightened MSR bitmap";

#define OFFER	     BIT(19) /* leaf 0x4000000A EAX */
#define MSR_BITMAP   BIT(1)  /* [TLFS "HV_SVM_ENLIGHTENED_VMCB_FIELDS"] */
#define CLEAN_I	     BIT(0)
#define CLEAN_IOPM   BIT(1)
#define CLEAN	     ((u32)BIT(31))
#define CLEAN_OTHERS 0x7ffu /* every group of the APM */
#define SEEN	     EXIT_MSR
#define NOT_SEEN     EXIT_VMMCALL

asm(".pushsection .text\n"
    "emsr_rdmsr: rdmsr; vmmcall\n"
    "emsr_wrmsr: wrmsr; xor %eax, %eax; rdmsr; vmmcall\n"
    ".popsection");
extern const char emsr_rdmsr[], emsr_wrmsr[];

/* MSRs of which a hypervisor leaves its guest's reads to the hardware, one for each word of map. */
static const u32 msrs[] = { MSR_SYSENTER_ESP, MSR_LSTAR, MSR_FS_BASE };

static struct l2 l2, other;
static u32 msr;
static bool off;

/* One entry: L2 reads the MSR. `clean`: the VMCB's clean field. */
static void expect(const char *what, u32 clean, u64 exit_code)
{
	l2_start_at(&l2, emsr_rdmsr);
	l2.gprs.rcx = msr;
	l2.vmcb->clean = clean;
	l2_run_expect(&l2, what, exit_code);
}

static void change(bool intercept)
{
	l2_intercept_msr(&l2, msr, intercept, false);
}

static void enlighten(bool on)
{
	l2.vmcb->hv_enlightenments[0] = on ? MSR_BITMAP : 0;
}

/* An entry that makes the map known, with the intercept of the MSR off. */
static void start(bool enlightened)
{
	l2_init(&l2);
	l2_use_npt_of_cmdline(&l2);
	l2_intercept(&l2, EXIT_MSR, true);
	enlighten(enlightened);
	change(false);
	expect("first entry", 0, NOT_SEEN);
}

static void without_it_every_change_counts(u32 others)
{
	start(off);
	expect("off, unchanged", CLEAN | others, NOT_SEEN);
	change(true);
	expect("off, changed", CLEAN | others, SEEN);
	change(false);
	expect("off, changed back", CLEAN | others, NOT_SEEN);
}

static void with_it_a_clean_map_stays(u32 others)
{
	start(true);
	expect("unchanged", CLEAN | others, NOT_SEEN);
	change(true);
	expect("changed, but clean", CLEAN | others, NOT_SEEN);
	expect("changed, but still clean", CLEAN | others, NOT_SEEN);
	expect("not clean any more", others, SEEN);
	expect("clean again", CLEAN | others, SEEN);
	change(false);
	expect("changed back, not clean", others, NOT_SEEN);
	change(true);
	expect("the next change, clean", CLEAN | others, NOT_SEEN);
}

/* The clean bit is still set, but another reason makes the map count. */
static void other_reasons(u32 others)
{
	u8 *map = l2.msrpm;

	start(true);
	change(true);
	enlighten(false);
	expect("turned off", CLEAN | others, SEEN);
	start(true);
	change(true);
	l2_run(&other);
	expect("after another VMCB", CLEAN | others, SEEN);
	start(true);
	l2.msrpm = page_alloc_aligned(2, PAGE_SIZE);
	change(true);
	l2.vmcb->msrpm_base = phys(l2.msrpm);
	expect("another map, not said", CLEAN | others | CLEAN_IOPM, NOT_SEEN);
	expect("another map", (CLEAN | others) & ~(u32)CLEAN_IOPM, SEEN);
	l2.msrpm = map;
	start(true);
	l2_intercept(&l2, EXIT_MSR, false);
	expect("no intercept", (CLEAN | others) & ~(u32)CLEAN_I, NOT_SEEN);
	change(true);
	l2_intercept(&l2, EXIT_MSR, true);
	expect("intercept again", (CLEAN | others) & ~(u32)CLEAN_I, SEEN);
}

/* The merged map still exits, L1's own leaves the MSR to L2 by then: the write is L2's. */
static void write_by_an_old_map(void)
{
	const u64 value = 0x00007f1234567000;

	msr = MSR_FS_BASE;
	start(true);
	l2_intercept_msr(&l2, msr, true, true);
	expect("both intercepted", 0, SEEN);
	l2_intercept_msr(&l2, msr, false, false);
	l2_start_at(&l2, emsr_wrmsr);
	l2.gprs.rcx = msr;
	l2.vmcb->rax = low32(value);
	l2.gprs.rdx = value >> 32;
	l2.vmcb->clean = CLEAN;
	l2_run_expect(&l2, "write by an old map", EXIT_VMMCALL);
	check_eq("what L2 wrote", make64(low32(l2.gprs.rdx), low32(l2.vmcb->rax)), value);
}

void test_main(void)
{
	svm_require();
	hv_require();
	off = cmdline_has("off");
	l2.kvm_style = other.kvm_style = cmdline_has("kvm");
	check((cpuid(HV_LEAF_NESTED, 0).eax & OFFER) == (off ? 0 : OFFER),
	      "leaf 0x4000000a EAX is 0x%x", cpuid(HV_LEAF_NESTED, 0).eax);
	l2_init(&other);
	l2_start_at(&other, emsr_rdmsr + 2); /* its VMMCALL */
	for (unsigned int i = 0; i < ARRAY_SIZE(msrs) * 2; i++) {
		u32 others = i & 1 ? CLEAN_OTHERS : 0;

		msr = msrs[i / 2];
		without_it_every_change_counts(others);
		if (!off) {
			with_it_a_clean_map_stays(others);
			other_reasons(others);
		}
	}
	if (!off) {
		write_by_an_old_map();
	}
	report_success();
}
