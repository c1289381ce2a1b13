/* SPDX-License-Identifier: MIT */
/*
 * The MSR and I/O permission maps of L1 decide bit by bit which accesses of L2 leave it, with the
 * exit information that the manual gives, and the others reach the machine.
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "SVM MSR and I/O permission maps";

#define PORT  0x80
#define MAGIC 0x1234567812345678ull
#define INFO1_MASK \
	(IOIO_PORT | IOIO_SIZE8 | IOIO_SIZE16 | IOIO_SIZE32 | IOIO_IN | IOIO_STRING | IOIO_REP)

#define IO(id, insn, last, info)                                                               \
	asm(".pushsection .text\nio_" #id ": " insn "\nio_" #id "_end: vmmcall\n.popsection"); \
	extern const char io_##id[], io_##id##_end[];
#include "tests/payloads/svm-maps/ports.def"
#undef IO
asm(".pushsection .text\nm_rdmsr: rdmsr; vmmcall\nm_wrmsr: wrmsr; vmmcall\n.popsection");
extern const char m_rdmsr[], m_wrmsr[];

static u8 page[4096] __aligned(4096);
static struct l2 l2;

static void start(const char *code)
{
	l2_init(&l2);
	l2_start_at(&l2, code);
	l2_use_npt_of_cmdline(&l2);
	l2.gprs = (struct gprs){ .rcx = 2, .rdx = PORT, .rsi = phys(page), .rdi = phys(page) };
}

struct io_row {
	const char *name, *code, *end;
	u16 last; /* of the access's ports, the one whose bit alone must do */
	u64 info1;
};

static void run_io_row(const struct io_row *r)
{
	start(r->code);
	l2_intercept(&l2, EXIT_IOIO, true);
	l2_intercept_port(&l2, PORT + r->last, true);
	if (l2_run_expect(&l2, r->name, EXIT_IOIO)) {
		check_eq(r->name, l2.vmcb->exit_info1 & INFO1_MASK,
			 r->info1 | FIELD_PREP(IOIO_PORT, PORT));
		check(l2.vmcb->rip == phys(r->code), "%s: RIP moved", r->name);
		check(l2.vmcb->exit_info2 == phys(r->end), "%s: exit_info2 is not the next RIP",
		      r->name);
	}
	l2_intercept_port(&l2, PORT + r->last, false);
	l2_intercept_port(&l2, PORT - 1, true);
	l2_intercept_port(&l2, PORT + 4, true);
	l2_run_expect(&l2, r->name, EXIT_VMMCALL);
	start(r->code);
	l2_intercept_port(&l2, PORT, true); /* the map counts only with the intercept */
	l2_run_expect(&l2, r->name, EXIT_VMMCALL);
}

#define GP 13

static void msr_leaves(const char *what, u32 msr, const char *code, bool write)
{
	start(code);
	l2.gprs.rcx = msr;
	l2.gprs.rdx = MAGIC >> 32;
	l2.vmcb->rax = low32(MAGIC);
	l2_intercept(&l2, EXIT_MSR, true);
	l2_intercept_msr(&l2, msr, !write, write);
	if (l2_run_expect(&l2, what, EXIT_MSR)) {
		check_eq(what, l2.vmcb->exit_info1, write);
		check(l2.vmcb->rip == phys(code), "%s: RIP moved", what);
		check_eq(what, l2.gprs.rcx, msr);
	}
}

static void msr_stays(u32 msr, u64 want)
{
	start(m_wrmsr);
	l2.gprs.rcx = msr;
	l2.gprs.rdx = want >> 32;
	l2.vmcb->rax = low32(want);
	l2_intercept(&l2, EXIT_MSR, true);
	l2_intercept_msr(&l2, msr - 1, true, true);
	l2_intercept_msr(&l2, msr + 1, true, true);
	l2_intercept_msr(&l2, msr, true, false);
	l2_run_expect(&l2, "WRMSR with only reads intercepted", EXIT_VMMCALL);
	l2_intercept_msr(&l2, msr, false, true);
	l2_start_at(&l2, m_rdmsr);
	l2.vmcb->rax = 0;
	l2.gprs.rdx = 0;
	l2_run_expect(&l2, "RDMSR with only writes intercepted", EXIT_VMMCALL);
	check_eq("MSR in L2", make64(low32(l2.gprs.rdx), low32(l2.vmcb->rax)), want);
}

/* L1 leaves it to L2, and no processor has it: #GP, which is L1's if it asked for that. */
static void msr_is_not_there(u32 msr)
{
	start(m_wrmsr);
	l2.gprs.rcx = msr;
	l2_intercept_msr(&l2, msr, false, false);
	l2_intercept(&l2, EXIT_EXCEPTION + GP, true);
	l2_run_expect(&l2, "WRMSR without such an MSR", EXIT_EXCEPTION + GP);
	check_eq("its error code", l2.vmcb->exit_info1, 0);
	check(l2.vmcb->rip == phys(m_wrmsr), "#GP: RIP moved");
}

void test_main(void)
{
	static const u32 msrs[] = { MSR_SYSENTER_ESP, 0x1fff,	  MSR_EFER,
				    MSR_LSTAR,	      0xc0001fff, MSR_VM_HSAVE_PA };
	const struct io_row rows[] = {
#define IO(id, insn, last, info) { #id, io_##id, io_##id##_end, last, info },
#include "tests/payloads/svm-maps/ports.def"
	};

	svm_require();
	l2.kvm_style = cmdline_has("kvm");
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_io_row(&rows[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++) {
		msr_leaves("RDMSR", msrs[i], m_rdmsr, false);
		msr_leaves("WRMSR", msrs[i], m_wrmsr, true);
	}
	msr_stays(MSR_SYSENTER_ESP, 0x12345678);
	msr_stays(MSR_LSTAR, 0x00007fff12345000);
	msr_is_not_there(0x1ffe);
	report_success();
}
