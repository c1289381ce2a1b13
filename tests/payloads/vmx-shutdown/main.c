/* SPDX-License-Identifier: MIT */
/*
 * A fault of L2 that cannot be delivered ends in a triple fault, each step of it offered to L1's
 * exception bitmap, and L1 goes on: rows 1.8-15, 1.8-16.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "exceptions of L2 up to its triple fault";

#define ROUNDS 50

asm(".pushsection .text\ni_ud: ud2\ni_ss: mov (%rbp), %rax\n.popsection");
extern const char i_ud[], i_ss[];

static const struct row {
	const char *name, *code;
	u64 bitmap;
	u32 reason, event, vectoring; /* without their valid bits; 0: none */
} rows[] = {
	{ "triple fault", i_ud, 0, REASON_TRIPLE_FAULT, 0, 0 },
	{ "#UD before all", i_ud, ~0u, REASON_EXCEPTION, INFO_EXCEPTION | VEC_UD, 0 },
	{ "#GP of the delivery of #UD", i_ud, BIT(VEC_GP) | BIT(VEC_DF), REASON_EXCEPTION,
	  INFO_EXCEPTION | INFO_ERROR_CODE | VEC_GP, INFO_EXCEPTION | VEC_UD },
	{ "#SS", i_ss, BIT(VEC_SS), REASON_EXCEPTION, INFO_EXCEPTION | INFO_ERROR_CODE | VEC_SS,
	  0 },
	{ "#GP of the delivery of #SS", i_ss, BIT(VEC_GP) | BIT(VEC_DF), REASON_EXCEPTION,
	  INFO_EXCEPTION | INFO_ERROR_CODE | VEC_GP, INFO_EXCEPTION | INFO_ERROR_CODE | VEC_SS },
	{ "#DF of #SS and #GP", i_ss, BIT(VEC_DF), REASON_EXCEPTION,
	  INFO_EXCEPTION | INFO_ERROR_CODE | VEC_DF, 0 },
	{ "triple fault from #SS", i_ss, BIT(VEC_UD), REASON_TRIPLE_FAULT, 0, 0 },
};

static struct vmx_l2 l2;

static void run_row(const struct row *r)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, r->code);
	l2.gprs.rbp = BIT(63);
	vset(GUEST_IDTR_LIMIT, 0);
	vset(EXCEPTION_BITMAP, r->bitmap);
	if (!vmx_l2_expect(&l2, r->name, r->reason)) {
		return;
	}
	check_eq(r->name, vget(GUEST_RIP), phys(r->code));
	check_eq(r->name, vget(EXIT_QUALIFICATION), 0);
	if (r->event) {
		check_eq(r->name, vget(EXIT_INTR_INFO) & ~INFO_NMI_UNBLOCKED,
			 r->event | INFO_VALID);
	}
	if (r->vectoring) {
		check_eq(r->name, vget(IDT_VECTORING_INFO) & ~INFO_NMI_UNBLOCKED,
			 r->vectoring | INFO_VALID);
	}
}

/* An injected event starts the chain as well: #SS injected through an IDT that is none. */
static void injected(u64 bitmap, u32 reason, u32 event)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, l2_code_end);
	vset(GUEST_IDTR_LIMIT, 0);
	vset(EXCEPTION_BITMAP, bitmap);
	vset(ENTRY_INTR_INFO, INFO_VALID | INFO_EXCEPTION | INFO_ERROR_CODE | VEC_SS);
	vset(ENTRY_ERROR_CODE, 0x1230);
	if (vmx_l2_expect(&l2, "1.8-16 injected #SS", reason) && event) {
		check_eq("1.8-16 event of the chain", vget(EXIT_INTR_INFO) & ~INFO_NMI_UNBLOCKED,
			 event | INFO_VALID | INFO_EXCEPTION | INFO_ERROR_CODE);
	}
}

void test_main(void)
{
	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	for (unsigned int i = 0; i < ROUNDS * ARRAY_SIZE(rows); i++) {
		run_row(&rows[i % ARRAY_SIZE(rows)]);
	}
	injected(0, REASON_TRIPLE_FAULT, 0);
	injected(BIT(VEC_SS), REASON_TRIPLE_FAULT, 0);
	injected(BIT(VEC_GP), REASON_EXCEPTION, VEC_GP);
	injected(BIT(VEC_DF), REASON_EXCEPTION, VEC_DF);
	report_success();
}
