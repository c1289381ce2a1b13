/* SPDX-License-Identifier: MIT */
/* Cases: interrupts and NMIs that come to a guest from outside, and events that come twice. */
#include "tests/linux/vmm/cases.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_inject[], guest_shadow[], guest_shadow_end[], guest_timer[], guest_wait[],
	guest_wait_nmi[], guest_nmi[], guest_reinject[], guest_reinject_int[];

enum {
	DE = 0,
	NMI = 2,
	BP = 3,
	GP = 13,
	PF = 14,
	WAKES = 5,
	TIMER_COUNT = 200000, /* of KVM's APIC clock of 1 GHz */
};

static void inject(struct vp *vp, u32 vector)
{
	struct kvm_interrupt interrupt = { .irq = vector };

	CHECK(vp->run->ready_for_interrupt_injection, "KVM is not ready for an interrupt");
	KVM(vp->fd, KVM_INTERRUPT, &interrupt);
}

void case_inject(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_inject);
	struct report *report = vp_report(vp);

	expect_exit(vp, KVM_EXIT_HLT);
	CHECK(report->irqs == 0, "an interrupt came that nobody sent");
	inject(vp, VECTOR_IRQ);
	expect_step(vp, 1);
	CHECK(report->irqs == 1, "%llu interrupts after HLT", (unsigned long long)report->irqs);
	expect_step(vp, 2);
	CHECK(!vp->run->ready_for_interrupt_injection, "ready for an interrupt with IF = 0");
	vp->run->request_interrupt_window = 1;
	expect_exit(vp, KVM_EXIT_IRQ_WINDOW_OPEN);
	CHECK(report->irqs == 1, "an interrupt came before it was sent");
	vp->run->request_interrupt_window = 0;
	inject(vp, VECTOR_USER);
	expect_step(vp, 3);
	CHECK(report->vector == VECTOR_USER, "vector %llu", (unsigned long long)report->vector);
	check_result(vp, 0, 2, "number of interrupts");
	expect_exit(vp, KVM_EXIT_HLT);
}

/* An interrupt window must not open in the shadow of STI, though IF is 1. */
void case_shadow(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_shadow);
	struct kvm_vcpu_events events;
	u64 rip;

	NEED(vp->vm, KVM_CAP_VCPU_EVENTS);
	expect_step(vp, 1);
	/* the OUT must be over before the shadow begins: a run that ends at once */
	vp_kick(vp);
	CHECK(vp_run_kicked(vp) == KVM_EXIT_INTR, "the VP entered its guest");
	KVM(vp->fd, KVM_GET_VCPU_EVENTS, &events);
	events.flags = KVM_VCPUEVENT_VALID_SHADOW;
	events.interrupt.shadow = KVM_X86_SHADOW_INT_STI;
	KVM(vp->fd, KVM_SET_VCPU_EVENTS, &events);
	vp->run->request_interrupt_window = 1;
	expect_exit(vp, KVM_EXIT_IRQ_WINDOW_OPEN);
	rip = vp_rip(vp);
	CHECK(rip == guest_address(guest_shadow_end), "the window opened at %#llx; expected %#llx",
	      (unsigned long long)rip, (unsigned long long)guest_address(guest_shadow_end));
	vp->run->request_interrupt_window = 0;
	inject(vp, VECTOR_IRQ);
	expect_step(vp, 2);
	CHECK(vp_report(vp)->irqs == 1 && vp_report(vp)->rip == rip, "the interrupt came at %#llx",
	      (unsigned long long)vp_report(vp)->rip);
}

void case_timer(void)
{
	struct vm *vm = world_create(true);
	struct vp *vp = world_add_vp(vm, WORLD_LONG, guest_timer);

	vp_report(vp)->result[0] = TIMER_COUNT;
	expect_step(vp, 1);
	CHECK(vp_report(vp)->irqs == 1, "%llu interrupts of a one-shot timer",
	      (unsigned long long)vp_report(vp)->irqs);
	expect_step(vp, 2);
	CHECK(vp_report(vp)->traps == vp_report(vp)->irqs, "a trap came that was no interrupt");
}

static atomic_bool halting;
static atomic_bool woken;

static void run_waiter(struct vp *vp)
{
	expect_step(vp, 1);
	atomic_store(&halting, true);
	expect_step(vp, 2);
	atomic_store(&woken, true);
}

static u64 irqs_seen(struct vp *vp)
{
	return *(volatile u64 *)&vp_report(vp)->irqs;
}

/* The guest is likely to be in HLT each time; a lost event shows as the case's time-out. */
static void wake_guest(const char *entry, u32 msi_data)
{
	struct vm *vm = world_create(true);
	struct vp *vp = world_add_vp(vm, WORLD_LONG, entry);
	struct kvm_msi msi = { .address_lo = GUEST_APIC, .data = msi_data };

	vp_report(vp)->result[0] = WAKES;
	vp_start(vp, run_waiter);
	while (!atomic_load(&halting)) {
		usleep(1000);
	}
	for (u64 i = 0; i < WAKES; i++) {
		usleep(10000);
		CHECK(irqs_seen(vp) == i, "an event came that nobody sent");
		CHECK(KVM(vm->fd, KVM_SIGNAL_MSI, &msi) == 1, "the MSI was not delivered");
		while (irqs_seen(vp) == i) {
			usleep(100);
		}
	}
	vp_join(vp);
	CHECK(irqs_seen(vp) == WAKES, "more events came than were sent");
}

void case_wake(void)
{
	wake_guest(guest_wait, VECTOR_IRQ);
}

void case_wake_nmi(void)
{
	wake_guest(guest_wait_nmi, 4 << 8);
}

void case_nmi(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_nmi);
	struct report *report = vp_report(vp);

	expect_step(vp, 1);
	KVM(vp->fd, KVM_NMI, 0);
	expect_step(vp, 2);
	CHECK(report->vector == NMI && report->irqs == 1, "the first NMI came as trap %llu",
	      (unsigned long long)report->vector);
	KVM(vp->fd, KVM_NMI, 0);
	expect_step(vp, 3);
	CHECK(report->irqs == 1, "an NMI came inside the handler of an NMI");
	expect_step(vp, 4);
	CHECK(report->irqs == 2, "%llu NMIs of two", (unsigned long long)report->irqs);
	check_result(vp, 1, 1, "the greatest depth of NMI handlers");
	expect_exit(vp, KVM_EXIT_HLT);
}

/* The guest's IDT moves to a slot of its own, whose pages leave the nested tables at will. */
static u8 *move_idt(struct vp *vp)
{
	u8 *page = vm_host_memory(PAGE_SIZE, PAGE_SIZE);
	struct kvm_sregs sregs;

	memcpy(page, vm_memory(vp->vm, GUEST_IDT, PAGE_SIZE), PAGE_SIZE);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, PAGE_SIZE, 0);
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	sregs.idt.base = GUEST_SLOT1;
	KVM(vp->fd, KVM_SET_SREGS, &sregs);
	return page;
}

static void unmap_idt(struct vp *vp, u8 *page)
{
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, 0, 0);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, PAGE_SIZE, 0);
}

struct event_row {
	u64 vector;
	u64 error;
};

static void expect_events(struct vp *vp, u8 *page, const struct event_row *rows, u32 count)
{
	struct report *report = vp_report(vp);

	expect_step(vp, 0);
	for (u32 i = 0; i < count; i++) {
		unmap_idt(vp, page);
		expect_step(vp, i + 1);
		check_trap(vp, rows[i].vector, rows[i].error);
		CHECK(report->traps == i + 1, "%llu traps of %u", (unsigned long long)report->traps,
		      i + 1);
	}
}

void case_reinject(void)
{
	static const struct event_row rows[] = { { DE, 0 }, { PF, 0 }, { GP, SEL_BAD } };
	struct vp *vp = world_single(WORLD_LONG, guest_reinject);
	u8 *page = move_idt(vp);

	expect_events(vp, page, rows, ARRAY_SIZE(rows));
	unmap_idt(vp, page);
	inject(vp, VECTOR_IRQ);
	expect_step(vp, 4);
	check_result(vp, 0, 1, "number of interrupts");
	unmap_idt(vp, page);
	KVM(vp->fd, KVM_NMI, 0);
	expect_step(vp, 5);
	check_result(vp, 1, 2, "number of interrupts and NMIs");
	CHECK(vp_report(vp)->vector == NMI, "the NMI came as trap %llu",
	      (unsigned long long)vp_report(vp)->vector);
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_reinject_int(void)
{
	static const struct event_row rows[] = { { VECTOR_IRQ, 0 }, { BP, 0 }, { VECTOR_USER, 0 } };
	struct vp *vp = world_single(WORLD_LONG, guest_reinject_int);

	expect_events(vp, move_idt(vp), rows, ARRAY_SIZE(rows));
	expect_exit(vp, KVM_EXIT_HLT);
}
