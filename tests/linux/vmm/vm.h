/* SPDX-License-Identifier: MIT */
/*
 * One KVM machine: its RAM, memory slots, VPs, and the running of them with a time limit. What
 * KVM refuses ends the case as a failure that names the ioctl. Knows nothing of guest modes.
 */
#ifndef TESTS_LINUX_VMM_VM_H
#define TESTS_LINUX_VMM_VM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/bits.h"
#include "lib/types.h"
#include "tests/linux/vmm/layout.h"
#include "tests/linux/vmm/verdict.h"

enum {
	MAX_VPS = 4,
	VP_CPUID_ENTRIES = 128,
};

struct vm;

struct vp {
	struct vm *vm;
	int fd;
	unsigned int id;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	atomic_bool running; /* `thread` is between vp_start() and vp_join() */
	void (*body)(struct vp *vp);
};

struct vm {
	int kvm;
	int fd;
	bool irqchip;
	u8 *ram; /* slot 0, from GPA 0 */
	u64 ram_size;
	unsigned int nr_vps;
	struct vp vps[MAX_VPS];
};

struct cpuid_table {
	u32 nent;
	u32 padding;
	struct kvm_cpuid_entry2 entries[VP_CPUID_ENTRIES];
};

/* An ioctl that must succeed; returns its value. */
int kvm_call(int fd, unsigned long request, unsigned long argument, const char *name);
#define KVM(fd, request, argument) kvm_call(fd, request, (unsigned long)(argument), #request)

/* The value of KVM_CHECK_EXTENSION, 0 for what is not there. */
int vm_extension(struct vm *vm, unsigned long capability);
/* Skips the case where the capability is missing. */
#define NEED(vm, capability)                                       \
	do {                                                       \
		if (vm_extension(vm, capability) <= 0) {           \
			case_skip("this KVM has no " #capability); \
		}                                                  \
	} while (0)

/* A machine without VPs; RAM of ram_size bytes at GPA 0. One machine for each process. */
struct vm *vm_create(u64 ram_size, bool irqchip);

/* Zeroed memory of whole pages, aligned to `align` (a power of two, at least a page). */
u8 *vm_host_memory(u64 size, u64 align);

/* Slot 1 and up; size 0 removes the slot. */
void vm_set_slot(struct vm *vm, u32 slot, u64 gpa, void *host, u64 size, u32 flags);

/* RAM of slot 0 at a GPA; [gpa, gpa + size) lies in it. */
void *vm_memory(struct vm *vm, u64 gpa, u64 size);

struct report *vp_report(struct vp *vp);

/* The next VP, reset, with the CPUID that KVM supports and its own APIC ID. */
struct vp *vm_add_vp(struct vm *vm);
void vm_get_cpuid(struct vm *vm, struct cpuid_table *table);
struct kvm_cpuid_entry2 *cpuid_find(struct cpuid_table *table, u32 function, u32 index);
/* The entry, made when it is missing. */
struct kvm_cpuid_entry2 *cpuid_entry(struct cpuid_table *table, u32 function, u32 index);

u64 vp_get_msr(struct vp *vp, u32 index);
void vp_set_msr(struct vp *vp, u32 index, u64 value);
u64 vp_rip(struct vp *vp);

/* One KVM_RUN; returns the exit reason. The case fails at its time limit or on KVM's error. */
u32 vp_run(struct vp *vp);

/* The same, but a signal ends it too, as KVM_EXIT_INTR. */
u32 vp_run_kicked(struct vp *vp);
/* Brings a VP that another thread runs out of the guest, or back at once if it enters next. */
void vp_kick(struct vp *vp);

/* Runs body(vp) in a thread of its own. */
void vp_start(struct vp *vp, void (*body)(struct vp *vp));
void vp_join(struct vp *vp);

/* From now on this thread, and those it starts, stay on the CPU where it is. */
void vm_stay_on_cpu(void);

/*
 * Keeps two idle machines for the life of the process, so that KVM does not switch (and L1's
 * kernel not patch) its static branches at the first and after the last machine of each case.
 */
void vm_hold_static_branches(void);

/* Catches SIGALRM: from then on vp_run() fails the case and says where its guest is. */
void vm_catch_alarm(void);

#endif
