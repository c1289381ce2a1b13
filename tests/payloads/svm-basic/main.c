/* SPDX-License-Identifier: MIT */
/*
 * Each instruction that L1 can intercept leaves L2 with its exit code, RIP, next RIP and
 * information, and runs in L2 without an exit when L1 does not ask for one. (INVD, XSETBV, INT3
 * and RDTSCP cannot be intercepted on every machine that we test on.)
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "SVM instruction intercepts";

#define STAYS  BIT(0) /* do not run it without its intercept: it halts, faults or does harm */
#define ASSIST BIT(1) /* exit_info1 is given by the decode assists, when CPUID offers them */
#define MOV_CR BIT(63)

#define INSN(id, first, insn, exit, flags, info)                                       \
	asm(".pushsection .text\ni_" #id ": " first "\ni_" #id "_at: " insn "\ni_" #id \
	    "_end: vmmcall\n.popsection");                                             \
	extern const char i_##id[], i_##id##_at[], i_##id##_end[];
#include "tests/payloads/svm-basic/insns.def"
#undef INSN

struct row {
	const char *name, *code, *at, *end;
	u32 exit, flags;
	u64 info1;
};

static u8 page[4096] __aligned(4096);
static struct l2 l2;

static void prepare(const struct row *r)
{
	u64 scratch = phys(page);

	*(struct table_ptr *)page = read_gdtr();
	*(struct table_ptr *)(page + 16) = read_idtr();
	l2_init(&l2);
	l2_start_at(&l2, r->code);
	l2.vmcb->rax = scratch;
	l2.gprs = (struct gprs){ .rbx = scratch,
				 .rsi = read_cr0(),
				 .rdi = read_cr3(),
				 .rbp = read_cr4(),
				 .r9 = 0x400,
				 .r10 = BIT(63) };
	l2_use_npt_of_cmdline(&l2);
}

static void run_row(const struct row *r)
{
	prepare(r);
	l2_intercept(&l2, r->exit, true);
	if (!l2_run_expect(&l2, r->name, r->exit)) {
		return;
	}
	check(l2.vmcb->rip == phys(r->at), "%s: RIP is %ld bytes off", r->name,
	      (s64)(l2.vmcb->rip - phys(r->at)));
	if (svm_features() & SVM_NRIP_SAVE && r->exit / 32 != EXIT_EXCEPTION / 32) {
		check(l2.vmcb->next_rip == phys(r->end), "%s: next RIP is %ld bytes off", r->name,
		      (s64)(l2.vmcb->next_rip - phys(r->end)));
	}
	if (svm_features() & SVM_DECODE_ASSISTS && r->flags & ASSIST) {
		check(l2.vmcb->exit_info1 == r->info1, "%s: exit_info1 is 0x%lx", r->name,
		      l2.vmcb->exit_info1);
	}
	if (r->flags & STAYS) {
		return;
	}
	prepare(r);
	if (l2_run_expect(&l2, r->name, EXIT_VMMCALL)) {
		check(l2.vmcb->rip == phys(r->end), "%s without intercept ends elsewhere", r->name);
	}
}

void test_main(void)
{
	u64 scratch = phys(page);
	const struct row rows[] = {
#define INSN(id, first, insn, exit, flags, info) \
	{ #id, i_##id, i_##id##_at, i_##id##_end, exit, flags, info },
#include "tests/payloads/svm-basic/insns.def"
	};

	svm_require();
	l2.kvm_style = cmdline_has("kvm");
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_row(&rows[i]);
	}
	report_success();
}
