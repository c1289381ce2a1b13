/* SPDX-License-Identifier: MIT */
/*
 * What exits cost: medians of TSC ticks (instructions, where the machine counts them), less the
 * cost of the measuring itself, one line for each operation of L1 and of L2.
 */
#include "tests/lib/bench.h"
#include "tests/lib/hyperv.h"
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "cost of exits";

#define WINDOW GIB(2)
#define MSR    MSR_VM_CR /* intercepted by every L0, and of no effect */

asm(".pushsection .text\n"
    "l2_cpuid: xor %eax, %eax; cpuid; jmp l2_cpuid\n"
    "l2_out: out %al, $0x80; jmp l2_out\n"
    "l2_rdmsr: mov $0xc0010114, %ecx; rdmsr; jmp l2_rdmsr\n"
    "l2_touch: mov (%rbx), %rax; add $4096, %rbx; vmmcall; jmp l2_touch\n"
    ".popsection");
extern const char l2_cpuid[], l2_out[], l2_rdmsr[], l2_touch[];

static struct l2 l2;
static u64 *npt;

static void op_cpuid(void)
{
	(void)cpuid(0, 0);
}

static void op_rdmsr(void)
{
	(void)rdmsr(MSR);
}

static void op_hypercall(void)
{
	(void)hv_call(0xbeef, 0, 0);
}

static void op_flush(void)
{
	static const u64 words[] = { 0, HV_ALL_PROCESSORS | HV_ALL_ADDRESS_SPACES };

	(void)hv_call_fast(HV_FLUSH_SPACE, words, 3);
}

/* The exit is for L1, which steps over the instruction and goes back. */
static void op_l2(void)
{
	(void)l2_run(&l2);
	l2.vmcb->rip += 2; /* CPUID, OUT imm8, RDMSR */
}

static void op_l2_to_vmmcall(void)
{
	(void)l2_run(&l2);
	l2.vmcb->rip += 3;
}

/* The fault, L1's new entry with a flush, and L2 up to its VMMCALL; that exit is in it too. */
static void op_l2_fault(void)
{
	(void)l2_run(&l2);
	*pt_entry(npt, l2.vmcb->exit_info2, PT_4K) = phys(npt) | PT_RWU;
	l2.vmcb->tlb_control = TLB_FLUSH_ALL;
	(void)l2_run(&l2);
	l2.vmcb->tlb_control = TLB_DO_NOTHING;
	l2.vmcb->rip += 3;
}

static void prepare(const char *code, unsigned int exit)
{
	l2_init(&l2);
	l2_use_npt(&l2, npt);
	l2_intercept(&l2, exit, true);
	l2_intercept_port(&l2, 0x80, true);
	l2_intercept_msr(&l2, MSR, true, true);
	l2_start_at(&l2, code);
	l2.gprs.rbx = WINDOW;
}

static void bench_l2(const char *name, const char *code, unsigned int exit, bool kvm_style,
		     void (*operation)(void))
{
	prepare(code, exit);
	l2.kvm_style = kvm_style;
	operation();
	check_eq(name, l2.vmcb->exit_code, exit);
	bench(name, operation);
	check_eq(name, l2.vmcb->exit_code, exit);
	stgi();
}

void test_main(void)
{
	svm_require();
	bench("l1-cpuid", op_cpuid);
	bench("l1-rdmsr", op_rdmsr);
	if (hv_present()) {
		hv_enable();
		bench("l1-vmmcall", op_hypercall);
		bench("l1-flush-space", op_flush);
	}
	npt = npt_create_identity(MIB(512), PT_2M);
	bench_l2("l2-cpuid-lean", l2_cpuid, EXIT_CPUID, false, op_l2);
	bench_l2("l2-cpuid-kvm", l2_cpuid, EXIT_CPUID, true, op_l2);
	bench_l2("l2-out", l2_out, EXIT_IOIO, false, op_l2);
	bench_l2("l2-rdmsr", l2_rdmsr, EXIT_MSR, false, op_l2);
	bench_l2("l2-fault-map-flush", l2_touch, EXIT_VMMCALL, false, op_l2_fault);
	for (u64 i = 0; i < 2 * BENCH_SAMPLES; i++) {
		pt_map(npt, WINDOW + GIB(1) + i * PAGE_SIZE, phys(npt), PT_RWU, PT_4K);
	}
	prepare(l2_touch, EXIT_VMMCALL);
	l2.gprs.rbx = WINDOW + GIB(1);
	bench("l2-first-touch", op_l2_to_vmmcall);
	report_success();
}
