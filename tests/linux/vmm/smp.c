/* SPDX-License-Identifier: MIT */
/* Cases: two VPs at once, each in a thread of its own. */
#include "tests/linux/vmm/cases.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_count[], guest_lock[], guest_ipi[], guest_shootdown[], guest_reader[],
	guest_start[], guest_spin[];

enum {
	PAIR = 2,
	COUNT_ROUNDS = 3000,
	LOCK_ROUNDS = 20000,
	IPI_ROUNDS = 500,
	SHOOTDOWNS = 200,
	REMAPS = 100,
	RING = 4, /* pages that take turns, so that an old one is not rewritten too soon */
	STARTS = 3,
};

static void run_to_step(struct vp *vp)
{
	expect_step(vp, 1);
}

/* Two VPs with the same program and the same RESULT(0) and RESULT(1). */
static struct vm *create_pair(const char *entry, bool irqchip, u64 result0, u64 result1)
{
	struct vm *vm = world_create(irqchip);

	for (int i = 0; i < PAIR; i++) {
		struct vp *vp = world_add_vp(vm, WORLD_LONG, entry);

		vp_report(vp)->result[0] = result0;
		vp_report(vp)->result[1] = result1;
	}
	return vm;
}

static void run_pair(struct vm *vm, void (*body)(struct vp *vp))
{
	for (int i = 0; i < PAIR; i++) {
		vp_start(&vm->vps[i], body);
	}
	for (int i = 0; i < PAIR; i++) {
		vp_join(&vm->vps[i]);
	}
}

static volatile u64 *shared_word(struct vm *vm, u64 gpa)
{
	return vm_memory(vm, gpa, sizeof(u64));
}

static void serve_count(struct vp *vp)
{
	for (u64 i = 0; i < COUNT_ROUNDS; i++) {
		u8 byte = *expect_io(vp, KVM_EXIT_IO_OUT, PORT_TEXT, 1, 1);

		CHECK(byte == (u8)(COUNT_ROUNDS - i), "VP %u wrote %#x in round %llu", vp->id, byte,
		      (unsigned long long)i);
		CHECK(vp_report(vp)->result[1] == i, "VP %u is in round %llu, not %llu", vp->id,
		      (unsigned long long)vp_report(vp)->result[1], (unsigned long long)i);
	}
	expect_step(vp, 1);
}

void case_smp_count(void)
{
	run_pair(create_pair(guest_count, false, COUNT_ROUNDS, 0), serve_count);
}

void case_smp_lock(void)
{
	struct vm *vm = create_pair(guest_lock, false, LOCK_ROUNDS, 0);
	u64 counter;

	run_pair(vm, run_to_step);
	counter = *shared_word(vm, S_COUNTER);
	CHECK(counter == PAIR * LOCK_ROUNDS, "the counter is %llu of %u",
	      (unsigned long long)counter, PAIR * LOCK_ROUNDS);
}

static void run_ipi(bool busy, bool x2apic)
{
	struct vm *vm = create_pair(guest_ipi, true, IPI_ROUNDS, busy);

	for (int i = 0; i < PAIR; i++) {
		vp_report(&vm->vps[i])->x2apic = x2apic;
	}
	run_pair(vm, run_to_step);
	for (int i = 0; i < PAIR; i++) {
		struct report *report = vp_report(&vm->vps[i]);

		CHECK(report->irqs == IPI_ROUNDS && report->traps == IPI_ROUNDS,
		      "VP %d took %llu IPIs and %llu traps; expected %u", i,
		      (unsigned long long)report->irqs, (unsigned long long)report->traps,
		      IPI_ROUNDS);
	}
}

void case_smp_ipi(void)
{
	run_ipi(false, false);
}

void case_smp_ipi_busy(void)
{
	run_ipi(true, false);
}

void case_smp_ipi_x2apic(void)
{
	run_ipi(false, true);
}

void case_smp_shootdown(void)
{
	struct vm *vm = create_pair(guest_shootdown, true, SHOOTDOWNS, 0);
	struct vp *reader = &vm->vps[1];

	window_set(vm, 0, GUEST_DATA | 3, true);
	run_pair(vm, run_to_step);
	check_result(&vm->vps[0], 1, 0, "number of stale reads of the VP that changes");
	check_result(reader, 1, 0, "number of stale reads of the other VP");
	CHECK(vp_report(reader)->irqs == SHOOTDOWNS, "%llu IPIs of %u",
	      (unsigned long long)vp_report(reader)->irqs, SHOOTDOWNS);
	CHECK(vp_report(reader)->result[2] > SHOOTDOWNS, "the other VP has hardly read");
}

/* While the slot is away its reads come here; all ones are newer than every epoch. */
static void serve_reader(struct vp *vp)
{
	struct kvm_run *run = vp->run;
	u32 step;

	for (;;) {
		if (vp_run(vp) == KVM_EXIT_MMIO && !run->mmio.is_write &&
		    run->mmio.phys_addr == GUEST_SLOT1) {
			memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		} else if (exit_is_step(vp, &step)) {
			return;
		} else {
			fail_exit(vp, "a read of slot 1, or the end");
		}
	}
}

/* Shows the running guest another page, whose first word is the epoch. */
typedef void (*remap_fn)(struct vm *vm, u64 epoch);

static u8 *ring;
static u8 *view;
static int ring_file;

static void remap_slot(struct vm *vm, u64 epoch)
{
	u8 *page = ring + epoch % RING * PAGE_SIZE;

	memcpy(page, &epoch, sizeof(epoch));
	vm_set_slot(vm, 1, GUEST_SLOT1, page, 0, 0);
	vm_set_slot(vm, 1, GUEST_SLOT1, page, PAGE_SIZE, 0);
}

static void remap_host(struct vm *vm, u64 epoch)
{
	off_t offset = (off_t)(epoch % RING * PAGE_SIZE);

	(void)vm;
	CHECK(pwrite(ring_file, &epoch, sizeof(epoch), offset) == sizeof(epoch), "no write");
	CHECK(mmap(view, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ring_file,
		   offset) == view,
	      "no mapping of the next page");
}

static void run_remaps(struct vm *vm, remap_fn remap)
{
	struct vp *vp = world_add_vp(vm, WORLD_LONG, guest_reader);
	volatile u64 *epoch = shared_word(vm, S_EPOCH);
	volatile u64 *reads = &vp_report(vp)->result[2];

	vp_start(vp, serve_reader);
	for (u64 i = 1; i <= REMAPS; i++) {
		u64 before;

		remap(vm, i);
		*epoch = i;
		/* the first read after this one may have begun before the epoch */
		for (before = *reads; *reads < before + 3;) {
			usleep(50);
		}
	}
	*shared_word(vm, S_STOP) = 1;
	vp_join(vp);
	check_result(vp, 1, 0, "number of reads of an old page");
}

void case_smp_memslot(void)
{
	struct vm *vm = world_create(false);

	ring = vm_host_memory(RING * PAGE_SIZE, PAGE_SIZE);
	vm_set_slot(vm, 1, GUEST_SLOT1, ring, PAGE_SIZE, 0);
	run_remaps(vm, remap_slot);
}

void case_smp_remap(void)
{
	struct vm *vm = world_create(false);

	ring_file = memfd_create("ring", MFD_CLOEXEC);
	CHECK(ring_file >= 0 && ftruncate(ring_file, RING * PAGE_SIZE) == 0, "no memory file");
	view = vm_host_memory(PAGE_SIZE, PAGE_SIZE);
	remap_host(vm, 0);
	vm_set_slot(vm, 1, GUEST_SLOT1, view, PAGE_SIZE, 0);
	run_remaps(vm, remap_host);
}

/* One CPU for the guest and for the thread that ends it: only L1's interrupts can come between. */
void case_spin(void)
{
	struct vm *vm = world_create(false);
	struct vp *vp = world_add_vp(vm, WORLD_LONG, guest_spin);

	vm_stay_on_cpu();
	vp_start(vp, run_to_step);
	while (!*shared_word(vm, S_READY)) {
		usleep(100);
	}
	usleep(100000);
	*shared_word(vm, S_STOP) = 1;
	vp_join(vp);
}

static atomic_bool start_is_over;

static void serve_starter(struct vp *vp)
{
	expect_step(vp, 1);
	atomic_store(&start_is_over, true);
	/* The other VP spins for ever; a kick brings it out to see that all is over. */
	vp_kick(&vp->vm->vps[1]);
}

static void serve_started(struct vp *vp)
{
	while (!atomic_load(&start_is_over)) {
		if (vp_run_kicked(vp) != KVM_EXIT_INTR) {
			fail_exit(vp, "no exit");
		}
	}
}

void case_smp_start(void)
{
	struct vm *vm = create_pair(guest_start, true, STARTS, 0);
	struct kvm_mp_state waiting = { .mp_state = KVM_MP_STATE_UNINITIALIZED };

	KVM(vm->vps[1].fd, KVM_SET_MP_STATE, &waiting);
	vp_start(&vm->vps[1], serve_started);
	vp_start(&vm->vps[0], serve_starter);
	vp_join(&vm->vps[0]);
	vp_join(&vm->vps[1]);
	CHECK(*shared_word(vm, S_AP_COUNT) == STARTS, "VP 1 was started %llu times",
	      (unsigned long long)*shared_word(vm, S_AP_COUNT));
}
