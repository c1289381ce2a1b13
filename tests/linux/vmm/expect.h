/* SPDX-License-Identifier: MIT */
/*
 * Runs a VP and demands what must happen next; anything else fails the case with both sides
 * named: the exit or trap that came and the one that was due.
 */
#ifndef TESTS_LINUX_VMM_EXPECT_H
#define TESTS_LINUX_VMM_EXPECT_H

#include "tests/linux/vmm/vm.h"

/* Runs to the next exit, which must have this reason. */
void expect_exit(struct vp *vp, u32 reason);

/* Runs until the guest reports step n; no other exit may come. */
void expect_step(struct vp *vp, u32 n);

/* Whether the exit that vp_run() has just returned is the guest's report of a step; sets *n. */
bool exit_is_step(struct vp *vp, u32 *n);

/* Runs to a port access of `count` items; returns kvm_run's data. */
u8 *expect_io(struct vp *vp, u8 direction, u16 port, u8 size, u32 count);

/* Runs to a write to unbacked memory; its little-endian value must be `value`. */
void expect_mmio_write(struct vp *vp, u64 gpa, u32 size, u64 value);
/* Runs to a read of unbacked memory and answers it. */
void expect_mmio_read(struct vp *vp, u64 gpa, u32 size, u64 answer);

/* The trap that the guest's handler has last recorded. */
void check_trap(struct vp *vp, u64 vector, u64 error);

/* A result of the guest's report page. */
void check_result(struct vp *vp, unsigned int index, u64 expected, const char *what);

/* Fails the case with what KVM_RUN returned and what was due. */
__noreturn void fail_exit(struct vp *vp, const char *expected);

#endif
