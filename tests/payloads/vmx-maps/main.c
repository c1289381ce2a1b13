/* SPDX-License-Identifier: MIT */
/*
 * The MSR and I/O bitmaps of L1 decide bit by bit which accesses of L2 leave it, with the
 * information that the manual gives, and the others reach the machine: rows 1.8-19, 1.8-20.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "VMX MSR and I/O bitmaps";

#define PORT	   0x80
#define HIGH_PORT  0x8080 /* in the second bitmap */
#define MAGIC	   0x1234567812345678ull
#define IO_SIZE(n) ((n)-1)
#define IO_IN	   BIT(3)
#define IO_STRING  BIT(4)
#define IO_REP	   BIT(5)
#define IO_IMM	   BIT(6)

#define IO(id, insn, last, qualification)                                                     \
	asm(".pushsection .text\nio_" #id ": " insn "\nio_" #id "_end: vmcall\n.popsection"); \
	extern const char io_##id[], io_##id##_end[];
#include "tests/payloads/vmx-maps/ports.def"
#undef IO
asm(".pushsection .text\nm_rdmsr: rdmsr; vmcall\nm_wrmsr: wrmsr; vmcall\n.popsection");
extern const char m_rdmsr[], m_wrmsr[];

static u8 page[4096] __aligned(4096);
static struct vmx_l2 l2;

static void start(const char *code)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, code);
	l2.gprs = (struct vmx_gprs){ .rcx = 2, .rdx = PORT, .rsi = phys(page), .rdi = phys(page) };
}

struct io_row {
	const char *name, *code, *end;
	u16 last; /* of the access's ports, the one whose bit alone must do */
	u64 qualification;
};

static void stays(const struct io_row *r, const char *why)
{
	u32 reason = vmx_l2_run(&l2);

	check(reason == REASON_VMCALL, "%s: exit 0x%x %s", r->name, reason, why);
}

static void leaves(const struct io_row *r, u16 port)
{
	if (vmx_l2_expect(&l2, r->name, REASON_IO)) {
		check_eq(r->name, vget(EXIT_QUALIFICATION), r->qualification | (u64)port << 16);
		check(vget(GUEST_RIP) == phys(r->code), "%s: RIP moved", r->name);
		check_eq(r->name, vget(EXIT_INSN_LENGTH), phys(r->end) - phys(r->code));
		if (r->qualification & IO_STRING) {
			check_eq(r->name, vget(GUEST_LINEAR_ADDRESS), phys(page));
		}
	}
}

static void run_io_row(const struct io_row *r)
{
	start(r->code);
	vmx_l2_intercept_port(&l2, PORT + r->last, true);
	leaves(r, PORT);
	start(r->code);
	vmx_l2_intercept_port(&l2, PORT - 1, true);
	if (r->qualification & IO_REP && vmx_runs_on_bochs()) {
		check_skip("1.8-19 %s: Bochs 2.7 looks at one port more", r->name);
	} else {
		vmx_l2_intercept_port(&l2, PORT + r->last + 1, true);
	}
	stays(r, "though only its neighbours are in the bitmap");
	start(r->code);
	vmx_l2_intercept_port(&l2, PORT, true); /* the bitmaps count only with their control */
	vclear_bits(PROC_CONTROLS, PROC_IO_BITMAPS);
	stays(r, "though the bitmaps are off");
	start(r->code);
	vset_bits(PROC_CONTROLS, PROC_IO); /* they are in force before this one */
	stays(r, "though the bitmap does not have it");
	start(r->code);
	vset_bits(PROC_CONTROLS, PROC_IO);
	vclear_bits(PROC_CONTROLS, PROC_IO_BITMAPS);
	leaves(r, PORT);
	if (!(r->qualification & IO_IMM)) {
		start(r->code);
		l2.gprs.rdx = HIGH_PORT;
		vmx_l2_intercept_port(&l2, HIGH_PORT + r->last, true);
		leaves(r, HIGH_PORT);
	}
}

/* An access that wraps around the port space leaves, whatever the bitmaps say. */
static void wrap_around(void)
{
	start(io_out16);
	l2.gprs.rdx = 0xffff;
	vmx_l2_expect(&l2, "access across the last port", REASON_IO);
}

#define GP 13

static void msr_leaves(const char *what, u32 msr, const char *code, bool write)
{
	start(code);
	l2.gprs.rcx = msr;
	l2.gprs.rdx = MAGIC >> 32;
	l2.gprs.rax = low32(MAGIC);
	vmx_l2_intercept_msr(&l2, msr, !write, write);
	if (vmx_l2_expect(&l2, what, write ? REASON_WRMSR : REASON_RDMSR)) {
		check(vget(GUEST_RIP) == phys(code), "%s: RIP moved", what);
		check_eq(what, vget(EXIT_INSN_LENGTH), 2);
		check_eq(what, l2.gprs.rcx, msr);
		check_eq(what, l2.gprs.rax, low32(MAGIC));
	}
}

/* No bit stands for them: they always leave. */
static void msr_out_of_range(u32 msr)
{
	start(m_rdmsr);
	l2.gprs.rcx = msr;
	vmx_l2_expect(&l2, "RDMSR out of the bitmap", REASON_RDMSR);
	start(m_wrmsr);
	l2.gprs.rcx = msr;
	vmx_l2_expect(&l2, "WRMSR out of the bitmap", REASON_WRMSR);
}

static void msr_stays(u32 msr, u64 want)
{
	start(m_wrmsr);
	l2.gprs.rcx = msr;
	l2.gprs.rdx = want >> 32;
	l2.gprs.rax = low32(want);
	vmx_l2_intercept_msr(&l2, msr - 1, true, true);
	vmx_l2_intercept_msr(&l2, msr + 1, true, true);
	vmx_l2_intercept_msr(&l2, msr, true, false);
	vmx_l2_expect(&l2, "WRMSR with only reads in the bitmap", REASON_VMCALL);
	vmx_l2_intercept_msr(&l2, msr, false, true);
	vmx_l2_start_at(&l2, m_rdmsr);
	l2.gprs.rax = 0;
	l2.gprs.rdx = 0;
	vmx_l2_expect(&l2, "RDMSR with only writes in the bitmap", REASON_VMCALL);
	check_eq("MSR in L2", make64(low32(l2.gprs.rdx), low32(l2.gprs.rax)), want);
	start(m_rdmsr);
	l2.gprs.rcx = msr;
	vclear_bits(PROC_CONTROLS, PROC_MSR_BITMAPS);
	vmx_l2_expect(&l2, "RDMSR without bitmaps", REASON_RDMSR);
}

/* L1 leaves it to L2, and no processor has it: #GP, which is L1's if it asked for that. */
static void msr_is_not_there(u32 msr)
{
	if (vmx_is_of_bochs()) {
		check_skip("an MSR that is not there: Bochs is told to ignore that");
		return;
	}
	start(m_wrmsr);
	l2.gprs.rcx = msr;
	vmx_l2_intercept_msr(&l2, msr, false, false);
	vset_bits(EXCEPTION_BITMAP, BIT(GP));
	if (vmx_l2_expect(&l2, "WRMSR without such an MSR", REASON_EXCEPTION)) {
		check_eq("#GP that exits", vget(EXIT_INTR_INFO),
			 INFO_VALID | INFO_ERROR_CODE | INFO_EXCEPTION | GP);
		check_eq("its error code", vget(EXIT_INTR_ERROR_CODE), 0);
		check(vget(GUEST_RIP) == phys(m_wrmsr), "#GP: RIP moved");
	}
}

void test_main(void)
{
	static const u32 msrs[] = { MSR_SYSENTER_ESP, 0x1fff, MSR_EFER, MSR_LSTAR, 0xc0001fff, 0 };
	static const u32 outside[] = { 0x2000, 0x40000000, 0xbfffffff, 0xc0002000, 0xffffffff };
	const struct io_row rows[] = {
#define IO(id, insn, last, qual) { #id, io_##id, io_##id##_end, last, qual },
#include "tests/payloads/vmx-maps/ports.def"
	};

	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_io_row(&rows[i]);
	}
	wrap_around();
	for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++) {
		msr_leaves("RDMSR", msrs[i], m_rdmsr, false);
		msr_leaves("WRMSR", msrs[i], m_wrmsr, true);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(outside); i++) {
		msr_out_of_range(outside[i]);
	}
	msr_stays(MSR_SYSENTER_ESP, 0x12345678);
	msr_stays(MSR_LSTAR, 0x00007fff12345000);
	msr_stays(MSR_KERNEL_GS, 0xffff800012345000);
	msr_is_not_there(0x1ffe);
	report_success();
}
