/* SPDX-License-Identifier: MIT */
/* KVM's objects and the bounded run of a VP. Knows nothing of guest modes or of cases. */
#include "tests/linux/vmm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	API_VERSION = 12,
	IDENTITY_MAP = 0xfffbc000, /* Intel without unrestricted guest wants one page here */
	TSS_PAGES = 0xfffbd000,	   /* and three here */
};

static struct vm machine;
static atomic_bool time_is_over;

/* Signals only break KVM_RUN; a signal between two runs leaves its mark in immediate_exit. */
static void on_alarm(int signal)
{
	(void)signal;
	atomic_store(&time_is_over, true);
	for (unsigned int i = 0; i < machine.nr_vps; i++) {
		vp_kick(&machine.vps[i]);
	}
}

static void on_kick(int signal)
{
	(void)signal;
}

void vm_catch_alarm(void)
{
	struct sigaction alarm_action = { .sa_handler = on_alarm };
	struct sigaction kick_action = { .sa_handler = on_kick };

	sigaction(SIGALRM, &alarm_action, NULL);
	sigaction(SIGUSR1, &kick_action, NULL);
}

/*
 * QEMU's TCG with several CPUs can go on executing code that was patched away: both CPUs of L1 were
 * seen to take the #BP of a static branch's patching for ever. KVM has branches for "a VM exists",
 * "a VP without APIC exists" and "an APIC is off". Errors are for the cases to find.
 */
void vm_hold_static_branches(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	for (int irqchip = 0; irqchip < 2; irqchip++) {
		int fd = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

		if (fd >= 0 && (!irqchip || ioctl(fd, KVM_CREATE_IRQCHIP, 0) == 0)) {
			(void)ioctl(fd, KVM_CREATE_VCPU, 0);
		}
	}
}

void vm_stay_on_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

int kvm_call(int fd, unsigned long request, unsigned long argument, const char *name)
{
	int value = ioctl(fd, request, argument);

	CHECK(value >= 0, "%s: %s", name, strerror(errno));
	return value;
}

int vm_extension(struct vm *vm, unsigned long capability)
{
	int value = ioctl(vm->fd, KVM_CHECK_EXTENSION, capability);

	return value < 0 ? 0 : value;
}

u8 *vm_host_memory(u64 size, u64 align)
{
	u64 whole = size + align;
	u8 *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(memory != MAP_FAILED, "no memory for %llu KiB", (unsigned long long)(size >> 10));
	return (u8 *)ALIGN_UP((u64)memory, align);
}

void vm_set_slot(struct vm *vm, u32 slot, u64 gpa, void *host, u64 size, u32 flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (u64)host,
	};

	KVM(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

struct vm *vm_create(u64 ram_size, bool irqchip)
{
	struct vm *vm = &machine;
	u64 identity_map = IDENTITY_MAP;

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	CHECK(vm->kvm >= 0, "/dev/kvm: %s", strerror(errno));
	CHECK(KVM(vm->kvm, KVM_GET_API_VERSION, 0) == API_VERSION, "KVM's API is not version 12");
	vm->fd = KVM(vm->kvm, KVM_CREATE_VM, 0);
	KVM(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	KVM(vm->fd, KVM_SET_TSS_ADDR, TSS_PAGES);
	if (irqchip) {
		KVM(vm->fd, KVM_CREATE_IRQCHIP, 0);
	}
	vm->irqchip = irqchip;
	vm->ram_size = ram_size;
	vm->ram = vm_host_memory(ram_size, MIB(2));
	vm_set_slot(vm, 0, 0, vm->ram, ram_size, 0);
	return vm;
}

void *vm_memory(struct vm *vm, u64 gpa, u64 size)
{
	CHECK(range_fits(gpa, size, vm->ram_size), "the VMM looks beyond RAM at %#llx",
	      (unsigned long long)gpa);
	return vm->ram + gpa;
}

struct report *vp_report(struct vp *vp)
{
	return vm_memory(vp->vm, GUEST_REPORT + vp->id * PAGE_SIZE, sizeof(struct report));
}

void vm_get_cpuid(struct vm *vm, struct cpuid_table *table)
{
	table->nent = VP_CPUID_ENTRIES;
	table->padding = 0;
	KVM(vm->kvm, KVM_GET_SUPPORTED_CPUID, table);
}

struct kvm_cpuid_entry2 *cpuid_find(struct cpuid_table *table, u32 function, u32 index)
{
	for (u32 i = 0; i < table->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &table->entries[i];

		if (entry->function == function &&
		    (!(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || entry->index == index)) {
			return entry;
		}
	}
	return NULL;
}

struct kvm_cpuid_entry2 *cpuid_entry(struct cpuid_table *table, u32 function, u32 index)
{
	struct kvm_cpuid_entry2 *entry = cpuid_find(table, function, index);

	if (!entry) {
		CHECK(table->nent < VP_CPUID_ENTRIES, "the CPUID table is full");
		entry = &table->entries[table->nent++];
		memset(entry, 0, sizeof(*entry));
		entry->function = function;
		entry->index = index;
		entry->flags = index ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
	}
	return entry;
}

/* The APIC ID stands in leaf 1 and in each subleaf of leaves 0xb and 0x1f. */
static void set_cpuid(struct vp *vp)
{
	struct cpuid_table table;

	vm_get_cpuid(vp->vm, &table);
	for (u32 i = 0; i < table.nent; i++) {
		struct kvm_cpuid_entry2 *entry = &table.entries[i];

		if (entry->function == 1) {
			entry->ebx = (entry->ebx & 0xffffff) | vp->id << 24;
		} else if (entry->function == 0xb || entry->function == 0x1f) {
			entry->edx = vp->id;
		}
	}
	KVM(vp->fd, KVM_SET_CPUID2, &table);
}

struct vp *vm_add_vp(struct vm *vm)
{
	struct vp *vp = &vm->vps[vm->nr_vps];

	CHECK(vm->nr_vps < MAX_VPS, "too many VPs");
	vp->vm = vm;
	vp->id = vm->nr_vps;
	vp->fd = KVM(vm->fd, KVM_CREATE_VCPU, vp->id);
	vp->run_size = (size_t)KVM(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vp->run = mmap(NULL, vp->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vp->fd, 0);
	CHECK(vp->run != MAP_FAILED, "no mapping of kvm_run: %s", strerror(errno));
	set_cpuid(vp);
	vm->nr_vps++;
	return vp;
}

/* struct kvm_msrs with room for one entry */
struct one_msr {
	u32 nmsrs;
	u32 padding;
	struct kvm_msr_entry entry;
};
ASSERT_OFFSET(struct one_msr, entry, sizeof(struct kvm_msrs));

u64 vp_get_msr(struct vp *vp, u32 index)
{
	struct one_msr msrs = { .nmsrs = 1, .entry = { .index = index } };

	CHECK(KVM(vp->fd, KVM_GET_MSRS, &msrs) == 1, "KVM_GET_MSRS refuses %#x", index);
	return msrs.entry.data;
}

void vp_set_msr(struct vp *vp, u32 index, u64 value)
{
	struct one_msr msrs = { .nmsrs = 1, .entry = { .index = index, .data = value } };

	CHECK(KVM(vp->fd, KVM_SET_MSRS, &msrs) == 1, "KVM_SET_MSRS refuses %#x", index);
}

u64 vp_rip(struct vp *vp)
{
	struct kvm_regs regs;

	KVM(vp->fd, KVM_GET_REGS, &regs);
	return regs.rip;
}

u32 vp_run_kicked(struct vp *vp)
{
	for (;;) {
		if (ioctl(vp->fd, KVM_RUN, 0) == 0) {
			return vp->run->exit_reason;
		}
		CHECK(errno == EINTR || errno == EAGAIN, "KVM_RUN: %s", strerror(errno));
		CHECK(!atomic_load(&time_is_over), "time-out; VP %u is at rip %#llx", vp->id,
		      (unsigned long long)vp_rip(vp));
		if (errno == EINTR) {
			vp->run->immediate_exit = 0;
			return KVM_EXIT_INTR;
		}
	}
}

u32 vp_run(struct vp *vp)
{
	u32 reason;

	do {
		reason = vp_run_kicked(vp);
	} while (reason == KVM_EXIT_INTR);
	return reason;
}

void vp_kick(struct vp *vp)
{
	vp->run->immediate_exit = 1;
	if (atomic_load(&vp->running)) {
		pthread_kill(vp->thread, SIGUSR1);
	}
}

static void *run_body(void *argument)
{
	struct vp *vp = argument;

	vp->body(vp);
	return NULL;
}

void vp_start(struct vp *vp, void (*body)(struct vp *vp))
{
	int error;

	vp->body = body;
	error = pthread_create(&vp->thread, NULL, run_body, vp);
	CHECK(error == 0, "no thread: %s", strerror(error));
	atomic_store(&vp->running, true);
}

void vp_join(struct vp *vp)
{
	pthread_join(vp->thread, NULL);
	atomic_store(&vp->running, false);
}
