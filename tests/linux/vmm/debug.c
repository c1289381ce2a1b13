/* SPDX-License-Identifier: MIT */
/* Cases: single steps and breakpoints, by the VMM and by the guest itself. */
#include "tests/linux/vmm/cases.h"

#include <string.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_step[], guest_step_rips[], guest_breaks[], guest_breaks_code[],
	guest_breaks_data[], guest_breaks_int3[], guest_debug[], guest_tf[], guest_tf_rips[];

#define DR6_B0	    BIT(0)
#define DR6_B1	    BIT(1)
#define DR6_BS	    BIT(14)
#define DR7_LEN4_W1 (FIELD_PREP(GENMASK(23, 22), 3) | FIELD_PREP(GENMASK(21, 20), 1))

enum {
	DB = 1,
	BP = 3,
	DR7_FIXED = 0x400,
	DR7_L0 = 0x1,
	DR7_L1 = 0x4,
};

static void set_debug(struct vp *vp, u32 control, u64 dr0, u64 dr1, u64 dr7)
{
	struct kvm_guest_debug debug = {
		.control = control,
		.arch.debugreg = { [0] = dr0, [1] = dr1, [7] = dr7 },
	};

	KVM(vp->fd, KVM_SET_GUEST_DEBUG, &debug);
}

/* A list of offsets from `base`, ended by 0, that lies beside the guest's code. */
static u64 listed_rip(const char *list, const char *base, unsigned int index)
{
	u64 offset;

	memcpy(&offset, list + index * sizeof(offset), sizeof(offset));
	return offset ? guest_address(base) + offset : 0;
}

static void expect_debug(struct vp *vp, u32 exception, u64 rip, u64 dr6)
{
	const struct kvm_debug_exit_arch *debug = &vp->run->debug.arch;

	expect_exit(vp, KVM_EXIT_DEBUG);
	CHECK(debug->exception == exception && debug->pc == rip,
	      "debug exit %u at %#llx; expected %u at %#llx", debug->exception,
	      (unsigned long long)debug->pc, exception, (unsigned long long)rip);
	CHECK((debug->dr6 & (DR6_B0 | DR6_B1 | DR6_BS)) == dr6, "DR6 is %#llx; expected bits %#llx",
	      (unsigned long long)debug->dr6, (unsigned long long)dr6);
}

void case_step(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_step);
	const struct kvm_run *run = vp->run;
	u32 step;
	u64 rip;

	NEED(vp->vm, KVM_CAP_SET_GUEST_DEBUG);
	expect_step(vp, 1);
	set_debug(vp, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0, 0, 0);
	/* the end of the OUT of step 1 */
	expect_exit(vp, KVM_EXIT_DEBUG);
	for (unsigned int i = 0; (rip = listed_rip(guest_step_rips, guest_step, i)); i++) {
		if (vp_run(vp) == KVM_EXIT_IO && run->io.port == PORT_TEXT) {
			vp_run(vp);
		}
		if (run->exit_reason != KVM_EXIT_DEBUG) {
			fail_exit(vp, "a single step");
		}
		CHECK(run->debug.arch.pc == rip && (run->debug.arch.dr6 & DR6_BS),
		      "step %u ended at %#llx, DR6 %#llx; expected %#llx", i,
		      (unsigned long long)run->debug.arch.pc,
		      (unsigned long long)run->debug.arch.dr6, (unsigned long long)rip);
	}
	set_debug(vp, 0, 0, 0, 0);
	vp_run(vp);
	CHECK(exit_is_step(vp, &step) && step == 2, "no step 2 after the end of single steps");
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_breaks(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_breaks);
	u32 control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
	u64 code = guest_address(guest_breaks_code);
	u64 data = guest_address(guest_breaks_data);
	u64 watched = GUEST_REPORT + RESULT(5);

	NEED(vp->vm, KVM_CAP_SET_GUEST_DEBUG);
	expect_step(vp, 1);
	set_debug(vp, control, code, 0, DR7_FIXED | DR7_L0);
	expect_debug(vp, DB, code, DR6_B0);
	set_debug(vp, control, 0, watched, DR7_FIXED | DR7_L1 | DR7_LEN4_W1);
	expect_debug(vp, DB, data, DR6_B1);
	check_result(vp, 5, 3, "the watched word");
}

void case_int3(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_breaks);

	NEED(vp->vm, KVM_CAP_SET_GUEST_DEBUG);
	expect_step(vp, 1);
	set_debug(vp, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP, 0, 0, 0);
	expect_debug(vp, BP, guest_address(guest_breaks_int3), 0);
	CHECK(vp_report(vp)->traps == 0, "the guest has taken #BP itself");
}

void case_debug(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_debug);
	struct report *report = vp_report(vp);
	struct kvm_debugregs registers;

	expect_step(vp, 1);
	check_trap(vp, DB, 0);
	CHECK((report->result[0] & 0xf) == DR6_B0, "DR6 is %#llx after a breakpoint on code",
	      (unsigned long long)report->result[0]);
	KVM(vp->fd, KVM_GET_DEBUGREGS, &registers);
	CHECK(registers.db[1] == GUEST_REPORT + RESULT(8) && registers.dr7 == 0xd00405,
	      "the VMM sees DR1 %#llx, DR7 %#llx", (unsigned long long)registers.db[1],
	      (unsigned long long)registers.dr7);
	expect_step(vp, 2);
	check_trap(vp, DB, 0);
	CHECK((report->result[1] & 0xf) == DR6_B1, "DR6 is %#llx after a breakpoint on data",
	      (unsigned long long)report->result[1]);
	expect_step(vp, 3);
	CHECK(report->traps == 2, "%llu debug exceptions of two",
	      (unsigned long long)report->traps);
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_tf(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_tf);
	struct report *report = vp_report(vp);
	unsigned int count = 0;
	u64 rip;

	expect_io(vp, KVM_EXIT_IO_OUT, PORT_TEXT, 1, 1);
	expect_step(vp, 1);
	while ((rip = listed_rip(guest_tf_rips, guest_tf, count))) {
		check_result(vp, 8 + count, rip, "RIP of a single-step trap");
		count++;
	}
	CHECK(report->irqs == count, "%llu single-step traps of %u",
	      (unsigned long long)report->irqs, count);
	CHECK(report->result[1] & DR6_BS, "DR6 is %#llx after a single step",
	      (unsigned long long)report->result[1]);
	expect_exit(vp, KVM_EXIT_HLT);
}
