/* SPDX-License-Identifier: MIT */
/* Cases: MSRs that the guest owns, that KVM refuses, and that the VMM answers. */
#include "tests/linux/vmm/cases.h"

#include <stdio.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_msr[];

#define MSR_SYSENTER_CS	   0x174
#define MSR_SYSENTER_ESP   0x175
#define MSR_SYSENTER_EIP   0x176
#define MSR_PAT		   0x277
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_CSTAR	   0xc0000083
#define MSR_SFMASK	   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_UNKNOWN	   0x12345678 /* outside all ranges of a permission map */
#define MSR_UNKNOWN_AMD	   0xc0011fff

enum {
	READ = 0,
	WRITE = 1,
	VECTOR_GP = 13,
};

static void prepare(struct vp *vp, u64 operation, u32 msr, u64 value)
{
	struct report *report = vp_report(vp);

	report->result[0] = operation;
	report->result[1] = msr;
	report->result[2] = value;
	report->result[3] = 0;
}

static u64 finish(struct vp *vp, u32 msr, bool faults)
{
	struct report *report = vp_report(vp);

	expect_step(vp, 1);
	CHECK(report->result[3] == faults, "%s MSR %#x %s",
	      report->result[0] ? "WRMSR of" : "RDMSR of", msr,
	      faults ? "did not fault" : "faulted");
	if (faults) {
		check_trap(vp, VECTOR_GP, 0);
	}
	return report->result[2];
}

static u64 guest_access(struct vp *vp, u64 operation, u32 msr, u64 value, bool faults)
{
	prepare(vp, operation, msr, value);
	return finish(vp, msr, faults);
}

void case_msr(void)
{
	static const struct {
		u32 msr;
		u64 value;
		u64 other;
	} rows[] = {
		{ MSR_SYSENTER_CS, 0x10, 0x20 },
		{ MSR_SYSENTER_ESP, 0x12345678, 0x9000 },
		{ MSR_SYSENTER_EIP, 0x23456789, 0xa000 },
		{ MSR_PAT, 0x0007040600070406, 0x0007010600070106 },
		{ MSR_STAR, 0x0023001000000000, 0x001b000800000000 },
		{ MSR_LSTAR, 0xffffffff81000000, 0x1000 },
		{ MSR_CSTAR, 0xffffffff82000000, 0x2000 },
		{ MSR_SFMASK, 0x47700, 0x200 },
		{ MSR_FS_BASE, 0x00007f0012345000, 0xffff800000000000 },
		{ MSR_KERNEL_GS_BASE, 0xffff888000000000, 0x5000 },
	};
	static const u32 unknown[] = { MSR_UNKNOWN, MSR_UNKNOWN_AMD };
	struct vp *vp = world_single(WORLD_LONG, guest_msr);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 msr = rows[i].msr;
		u64 value;

		guest_access(vp, WRITE, msr, rows[i].value, false);
		value = vp_get_msr(vp, msr);
		CHECK(value == rows[i].value, "MSR %#x is %#llx in the VMM; expected %#llx", msr,
		      (unsigned long long)value, (unsigned long long)rows[i].value);
		vp_set_msr(vp, msr, rows[i].other);
		value = guest_access(vp, READ, msr, 0, false);
		CHECK(value == rows[i].other, "MSR %#x is %#llx in the guest; expected %#llx", msr,
		      (unsigned long long)value, (unsigned long long)rows[i].other);
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		guest_access(vp, READ, unknown[i], 0, true);
		guest_access(vp, WRITE, unknown[i], 1, true);
	}
}

static void expect_msr_exit(struct vp *vp, u32 reason, u32 why, u32 msr)
{
	const struct kvm_run *run = vp->run;
	char text[64];

	if (vp_run(vp) != reason || run->msr.index != msr || run->msr.reason != why) {
		snprintf(text, sizeof(text), "exit %u for MSR %#x because of %u", reason, msr, why);
		fail_exit(vp, text);
	}
}

/* STAR is denied to the guest, LSTAR beside it stays the guest's own. */
static void deny_star(struct vm *vm)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args = { KVM_MSR_EXIT_REASON_FILTER | KVM_MSR_EXIT_REASON_UNKNOWN |
			  KVM_MSR_EXIT_REASON_INVAL },
	};
	static u8 allowed = 0x02;
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = {
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.base = MSR_STAR,
			.nmsrs = 2,
			.bitmap = &allowed,
		},
	};

	KVM(vm->fd, KVM_ENABLE_CAP, &cap);
	KVM(vm->fd, KVM_X86_SET_MSR_FILTER, &filter);
}

void case_msr_filter(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_msr);
	struct kvm_run *run = vp->run;
	u64 value;

	NEED(vp->vm, KVM_CAP_X86_USER_SPACE_MSR);
	NEED(vp->vm, KVM_CAP_X86_MSR_FILTER);
	guest_access(vp, WRITE, MSR_STAR, 0x0011000000000000, false);
	deny_star(vp->vm);

	prepare(vp, READ, MSR_STAR, 0);
	expect_msr_exit(vp, KVM_EXIT_X86_RDMSR, KVM_MSR_EXIT_REASON_FILTER, MSR_STAR);
	run->msr.data = 0xfedcba9876543210;
	run->msr.error = 0;
	value = finish(vp, MSR_STAR, false);
	CHECK(value == 0xfedcba9876543210, "the guest read %#llx", (unsigned long long)value);

	prepare(vp, WRITE, MSR_STAR, 0x0123456789abcdef);
	expect_msr_exit(vp, KVM_EXIT_X86_WRMSR, KVM_MSR_EXIT_REASON_FILTER, MSR_STAR);
	CHECK(run->msr.data == 0x0123456789abcdef, "the VMM sees WRMSR of %#llx",
	      (unsigned long long)run->msr.data);
	run->msr.error = 1;
	finish(vp, MSR_STAR, true);

	prepare(vp, READ, MSR_UNKNOWN, 0);
	expect_msr_exit(vp, KVM_EXIT_X86_RDMSR, KVM_MSR_EXIT_REASON_UNKNOWN, MSR_UNKNOWN);
	run->msr.error = 1;
	finish(vp, MSR_UNKNOWN, true);

	guest_access(vp, WRITE, MSR_LSTAR, 0x1234, false);
	value = guest_access(vp, READ, MSR_LSTAR, 0, false);
	CHECK(value == 0x1234, "LSTAR reads %#llx", (unsigned long long)value);
	value = vp_get_msr(vp, MSR_STAR);
	CHECK(value == 0x0011000000000000, "the denied write has changed STAR to %#llx",
	      (unsigned long long)value);
}
