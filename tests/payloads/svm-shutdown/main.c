/* SPDX-License-Identifier: MIT */
/*
 * A fault of L2 that cannot be delivered ends in a shutdown, each step of it offered to L1's
 * intercepts, and L1 goes on. (The step of the double fault is not: QEMU looks at intercepts
 * before it makes one.)
 */
#include "tests/lib/l2.h"
#include "tests/lib/payload.h"

const char test_title[] = "exceptions of L2 up to its shutdown";

#define ROUNDS 100

asm(".pushsection .text\ni_ud: ud2\n.popsection");
extern const char i_ud[];

static const struct row {
	const char *name;
	u64 intercepts, exit;
} rows[] = {
	{ "shutdown", 0, EXIT_SHUTDOWN },
	{ "#GP of the delivery first", BIT(VEC_GP), EXIT_EXCEPTION + VEC_GP },
	{ "#UD before all", BIT(VEC_GP) | BIT(VEC_UD), EXIT_EXCEPTION + VEC_UD },
};

static struct l2 l2;

void test_main(void)
{
	svm_require();
	l2.kvm_style = cmdline_has("kvm");
	for (unsigned int i = 0; i < ROUNDS * ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i % ARRAY_SIZE(rows)];

		l2_init(&l2);
		l2_use_npt_of_cmdline(&l2);
		l2_start_at(&l2, i_ud);
		l2.vmcb->idtr.limit = 0;
		l2.vmcb->intercept[EXIT_EXCEPTION / 32] = (u32)r->intercepts;
		l2_run_expect(&l2, r->name, r->exit);
	}
	report_success();
}
