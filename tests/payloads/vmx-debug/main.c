/* SPDX-License-Identifier: MIT */
/*
 * Debug exceptions and interruptibility of L2 over entries and exits: single steps, pending ones,
 * the shadows of STI and MOV SS, DR7: rows 1.8-27, 1.8-28.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "pending debug exceptions and shadows of L2";

#define BS	BIT(14)
#define ENABLED BIT(12)
#define DR7_GD	BIT(13)

asm(".pushsection .text\n"
    "i_nops: nop\ni_after_nop: nop\n vmcall\n"
    "i_sti: sti\ni_cpuid: cpuid\n vmcall\n"
    "i_ss: mov %eax, %ss\ni_ss_cpuid: cpuid\n vmcall\n"
    "i_ss_nop: mov %eax, %ss\n nop\ni_after_ss_nop: nop\n vmcall\n"
    "i_dr7: mov %rax, %dr7\n vmcall\n"
    ".popsection");
extern const char i_nops[], i_after_nop[], i_sti[], i_cpuid[], i_ss[], i_ss_cpuid[], i_ss_nop[],
	i_after_ss_nop[], i_dr7[];

static struct vmx_l2 l2;

static void prepare(const char *code, u64 rflags, u64 blocking, u64 pending)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, code);
	vset_bits(GUEST_RFLAGS, rflags);
	vset(GUEST_INTERRUPTIBILITY, blocking);
	vset(GUEST_PENDING_DEBUG, pending);
	vset(EXCEPTION_BITMAP, BIT(VEC_DB));
	l2.gprs.rax = SEL_DATA;
}

static void db_exit(const char *what, const char *at, u64 qualification)
{
	if (vmx_l2_expect(&l2, what, REASON_EXCEPTION)) {
		check_eq(what, vget(EXIT_INTR_INFO) & ~INFO_NMI_UNBLOCKED,
			 INFO_VALID | INFO_EXCEPTION | VEC_DB);
		check(vget(EXIT_QUALIFICATION) == qualification, "1.8-27 %s: qualification 0x%lx",
		      what, vget(EXIT_QUALIFICATION));
		check(vget(GUEST_RIP) == phys(at), "1.8-27 %s: RIP is %ld bytes off", what,
		      (s64)(vget(GUEST_RIP) - phys(at)));
	}
}

static void steps(void)
{
	prepare(i_nops, RFLAGS_TF, 0, 0);
	db_exit("1.8-27 TF at entry", i_after_nop, BS);
	prepare(i_nops, RFLAGS_TF, 0, BS);
	db_exit("1.8-27 TF and BS at entry", i_nops, BS);
	prepare(i_nops, 0, 0, ENABLED | BIT(0));
	db_exit("1.8-27 B0 at entry", i_nops, BIT(0));
	prepare(i_ss_nop, RFLAGS_TF, 0, 0);
	db_exit("1.8-27 TF over MOV SS", i_after_ss_nop, BS);
	/* Behind MOV SS the trap waits for one instruction more. */
	prepare(i_nops, RFLAGS_TF, BLOCKED_BY_MOV_SS, BS);
	db_exit("1.8-27 TF and MOV SS at entry", i_after_nop, BS);
	prepare(i_nops, 0, 0, 0);
	vset(ENTRY_INTR_INFO, 0);
	vmx_l2_expect(&l2, "1.8-27 nothing pending", REASON_VMCALL);
}

static void shadows(void)
{
	prepare(i_sti, 0, 0, 0);
	if (vmx_l2_expect(&l2, "1.8-28 exit behind STI", REASON_CPUID)) {
		check_eq("1.8-28 blocking by STI", vget(GUEST_INTERRUPTIBILITY), BLOCKED_BY_STI);
	}
	prepare(i_sti, RFLAGS_IF, 0, 0);
	if (vmx_l2_expect(&l2, "1.8-28 exit behind STI with IF set", REASON_CPUID)) {
		check_eq("1.8-28 no blocking by STI", vget(GUEST_INTERRUPTIBILITY), 0);
	}
	prepare(i_ss, 0, 0, 0);
	if (vmx_l2_expect(&l2, "1.8-28 exit behind MOV SS", REASON_CPUID)) {
		check_eq("1.8-28 blocking by MOV SS", vget(GUEST_INTERRUPTIBILITY),
			 BLOCKED_BY_MOV_SS);
		check_eq("1.8-28 nothing pending", vget(GUEST_PENDING_DEBUG), 0);
	}
	prepare(i_ss, RFLAGS_TF, 0, 0);
	if (vmx_l2_expect(&l2, "1.8-28 exit behind MOV SS with TF", REASON_CPUID)) {
		check_eq("1.8-28 the step is pending", vget(GUEST_PENDING_DEBUG) & BS, BS);
	}
	/* The exit ends the shadow only if L1 says so. */
	prepare(i_nops, RFLAGS_IF, BLOCKED_BY_STI, 0);
	vmx_l2_expect(&l2, "1.8-28 entry behind STI", REASON_VMCALL);
	check_eq("1.8-28 the shadow is over", vget(GUEST_INTERRUPTIBILITY), 0);
}

static void debug_registers(void)
{
	prepare(i_dr7, 0, 0, 0);
	l2.gprs.rax = 0x700;
	vset_bits(ENTRY_CONTROLS, ENTRYC_LOAD_DEBUG);
	vset_bits(EXIT_CONTROLS, EXITC_SAVE_DEBUG);
	vset(GUEST_DR7, 0x400);
	vmx_l2_expect(&l2, "1.8-27 DR7 written by L2", REASON_VMCALL);
	check_eq("1.8-27 DR7 saved", vget(GUEST_DR7), 0x700);
	check_eq("1.8-27 DR7 in L1", read_dr7(), 0x400);
	prepare(i_dr7, 0, 0, 0);
	l2.gprs.rax = 0x600;
	vset_bits(ENTRY_CONTROLS, ENTRYC_LOAD_DEBUG);
	vset(GUEST_DR7, 0x400 | DR7_GD);
	db_exit("1.8-27 DR7.GD loaded", i_dr7, BIT(13));
}

void test_main(void)
{
	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	steps();
	shadows();
	debug_registers();
	report_success();
}
