/* SPDX-License-Identifier: MIT */
/* What a VP must do next, and the words for what it did instead. */
#include "tests/linux/vmm/expect.h"

#include <stdio.h>
#include <string.h>

enum {
	TEXT_SIZE = 160,
};

static const char *const exit_names[] = {
	[KVM_EXIT_UNKNOWN] = "UNKNOWN",
	[KVM_EXIT_EXCEPTION] = "EXCEPTION",
	[KVM_EXIT_IO] = "IO",
	[KVM_EXIT_HYPERCALL] = "HYPERCALL",
	[KVM_EXIT_DEBUG] = "DEBUG",
	[KVM_EXIT_HLT] = "HLT",
	[KVM_EXIT_MMIO] = "MMIO",
	[KVM_EXIT_IRQ_WINDOW_OPEN] = "IRQ_WINDOW_OPEN",
	[KVM_EXIT_SHUTDOWN] = "SHUTDOWN",
	[KVM_EXIT_FAIL_ENTRY] = "FAIL_ENTRY",
	[KVM_EXIT_INTR] = "INTR",
	[KVM_EXIT_SET_TPR] = "SET_TPR",
	[KVM_EXIT_NMI] = "NMI",
	[KVM_EXIT_INTERNAL_ERROR] = "INTERNAL_ERROR",
	[KVM_EXIT_SYSTEM_EVENT] = "SYSTEM_EVENT",
	[KVM_EXIT_X86_RDMSR] = "X86_RDMSR",
	[KVM_EXIT_X86_WRMSR] = "X86_WRMSR",
};

static const char *exit_name(u32 reason)
{
	bool known = reason < ARRAY_SIZE(exit_names) && exit_names[reason];

	return known ? exit_names[reason] : "of another kind";
}

static u64 little_endian(const u8 *data, u32 size)
{
	u64 value = 0;

	memcpy(&value, data, MIN(size, (u32)sizeof(value)));
	return value;
}

static u8 *io_data(struct vp *vp)
{
	return (u8 *)vp->run + vp->run->io.data_offset;
}

static void describe(struct vp *vp, char *text)
{
	const struct kvm_run *run = vp->run;
	int length = snprintf(text, TEXT_SIZE, "exit %s (%u)", exit_name(run->exit_reason),
			      run->exit_reason);

	text += length;
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		snprintf(text, TEXT_SIZE - length, ", %u times %s %u at port %#x, value %#llx",
			 run->io.count, run->io.direction == KVM_EXIT_IO_OUT ? "out" : "in",
			 run->io.size, run->io.port,
			 (unsigned long long)little_endian(io_data(vp), run->io.size));
		break;
	case KVM_EXIT_MMIO:
		snprintf(text, TEXT_SIZE - length, ", %s %u at %#llx, value %#llx",
			 run->mmio.is_write ? "write" : "read", run->mmio.len,
			 (unsigned long long)run->mmio.phys_addr,
			 (unsigned long long)little_endian(run->mmio.data, run->mmio.len));
		break;
	case KVM_EXIT_FAIL_ENTRY:
		snprintf(text, TEXT_SIZE - length, ", hardware reason %#llx",
			 (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(text, TEXT_SIZE - length, ", suberror %u, data %#llx %#llx",
			 run->internal.suberror, (unsigned long long)run->internal.data[0],
			 (unsigned long long)run->internal.data[1]);
		break;
	default:
		break;
	}
}

static bool exit_is_trap(struct vp *vp)
{
	return vp->run->exit_reason == KVM_EXIT_IO && vp->run->io.port == PORT_TRAP;
}

void fail_exit(struct vp *vp, const char *expected)
{
	struct report *report = vp_report(vp);
	char text[TEXT_SIZE];

	if (exit_is_trap(vp)) {
		case_fail("VP %u took trap %llu, error %#llx, CR2 %#llx, at rip %#llx; expected %s",
			  vp->id, (unsigned long long)report->vector,
			  (unsigned long long)report->error, (unsigned long long)report->cr2,
			  (unsigned long long)report->rip, expected);
	}
	describe(vp, text);
	case_fail("VP %u at rip %#llx: %s; expected %s", vp->id, (unsigned long long)vp_rip(vp),
		  text, expected);
}

void expect_exit(struct vp *vp, u32 reason)
{
	if (vp_run(vp) != reason || exit_is_trap(vp)) {
		fail_exit(vp, exit_name(reason));
	}
}

bool exit_is_step(struct vp *vp, u32 *n)
{
	const struct kvm_run *run = vp->run;

	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT_STEP ||
	    run->io.direction != KVM_EXIT_IO_OUT || run->io.size != 4) {
		return false;
	}
	*n = (u32)little_endian(io_data(vp), 4);
	return true;
}

void expect_step(struct vp *vp, u32 n)
{
	char text[TEXT_SIZE];
	u32 came;

	vp_run(vp);
	if (!exit_is_step(vp, &came) || came != n) {
		snprintf(text, sizeof(text), "step %#x", n);
		fail_exit(vp, text);
	}
}

u8 *expect_io(struct vp *vp, u8 direction, u16 port, u8 size, u32 count)
{
	const struct kvm_run *run = vp->run;
	char text[TEXT_SIZE];

	if (vp_run(vp) != KVM_EXIT_IO || run->io.direction != direction || run->io.port != port ||
	    run->io.size != size || run->io.count != count) {
		snprintf(text, sizeof(text), "%u times %s %u at port %#x", count,
			 direction == KVM_EXIT_IO_OUT ? "out" : "in", size, port);
		fail_exit(vp, text);
	}
	return io_data(vp);
}

static void expect_mmio(struct vp *vp, u64 gpa, u32 size, bool is_write, u64 value)
{
	struct kvm_run *run = vp->run;
	char text[TEXT_SIZE];

	if (vp_run(vp) != KVM_EXIT_MMIO || run->mmio.phys_addr != gpa || run->mmio.len != size ||
	    run->mmio.is_write != is_write ||
	    (is_write && little_endian(run->mmio.data, size) != value)) {
		snprintf(text, sizeof(text), "%s %u at %#llx, value %#llx",
			 is_write ? "write" : "read", size, (unsigned long long)gpa,
			 (unsigned long long)value);
		fail_exit(vp, text);
	}
}

void expect_mmio_write(struct vp *vp, u64 gpa, u32 size, u64 value)
{
	expect_mmio(vp, gpa, size, true, value);
}

void expect_mmio_read(struct vp *vp, u64 gpa, u32 size, u64 answer)
{
	expect_mmio(vp, gpa, size, false, 0);
	memcpy(vp->run->mmio.data, &answer, MIN(size, (u32)sizeof(answer)));
}

void check_trap(struct vp *vp, u64 vector, u64 error)
{
	struct report *report = vp_report(vp);

	CHECK(report->vector == vector && report->error == error && report->rip == report->at,
	      "trap %llu, error %#llx at rip %#llx; expected %llu, error %#llx at %#llx",
	      (unsigned long long)report->vector, (unsigned long long)report->error,
	      (unsigned long long)report->rip, (unsigned long long)vector,
	      (unsigned long long)error, (unsigned long long)report->at);
}

void check_result(struct vp *vp, unsigned int index, u64 expected, const char *what)
{
	u64 value = vp_report(vp)->result[index];

	CHECK(value == expected, "%s is %#llx; expected %#llx", what, (unsigned long long)value,
	      (unsigned long long)expected);
}
