/* SPDX-License-Identifier: MIT */
/* Cases: memory slots that come, go and change; the dirty log; large and small pages. */
#include "tests/linux/vmm/cases.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_memory[], guest_walk[];

enum {
	READ = 0,
	WRITE = 1,
	FILL = 2,
	COMPARE = 3,
	SLOT_ROUNDS = 50,
	WALK_ROUNDS = 20,
	STORM_PAGES = 4096,
	LOG_PAGES = 512,
	BACKING_PAGES = 1024,
};

static void ask(struct vp *vp, u64 operation, u64 address, u64 value, u64 items)
{
	struct report *report = vp_report(vp);

	report->result[0] = operation;
	report->result[1] = address;
	report->result[2] = value;
	report->result[3] = items;
	report->result[4] = PAGE_SIZE;
}

static u64 guest_read(struct vp *vp, u64 address)
{
	ask(vp, READ, address, 0, 1);
	expect_step(vp, 1);
	return vp_report(vp)->result[2];
}

static void guest_write(struct vp *vp, u64 address, u64 value)
{
	ask(vp, WRITE, address, value, 1);
	expect_step(vp, 1);
}

static void guest_fill(struct vp *vp, u64 address, u64 value, u64 pages)
{
	ask(vp, FILL, address, value, pages);
	expect_step(vp, 1);
}

static u64 guest_compare(struct vp *vp, u64 address, u64 value, u64 pages)
{
	ask(vp, COMPARE, address, value, pages);
	expect_step(vp, 1);
	return vp_report(vp)->result[5];
}

static void check_read(struct vp *vp, u64 address, u64 expected, const char *what)
{
	u64 value = guest_read(vp, address);

	CHECK(value == expected, "%s: the guest reads %#llx; expected %#llx", what,
	      (unsigned long long)value, (unsigned long long)expected);
}

/* A word of host memory as the guest has left it. */
static u64 word(const u8 *memory, u64 offset)
{
	u64 value;

	memcpy(&value, memory + offset, sizeof(value));
	return value;
}

static void put_word(u8 *memory, u64 offset, u64 value)
{
	memcpy(memory + offset, &value, sizeof(value));
}

static void check_absent(struct vp *vp, u64 gpa)
{
	ask(vp, READ, gpa, 0, 1);
	expect_mmio_read(vp, gpa, 8, 0x1122334455667788);
	expect_step(vp, 1);
	check_result(vp, 2, 0x1122334455667788, "a read where the slot was");
}

void case_memslot(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_memory);
	u8 *pages = vm_host_memory(2 * PAGE_SIZE, PAGE_SIZE);

	for (u64 round = 0; round < SLOT_ROUNDS; round++) {
		u8 *page = pages + (round & 1) * PAGE_SIZE;

		put_word(page, 0, round);
		vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, PAGE_SIZE, 0);
		check_read(vp, GUEST_SLOT1, round, "new slot");
		guest_write(vp, GUEST_SLOT1 + 8, ~round);
		CHECK(word(page, 8) == ~round, "round %llu: the VMM does not see the write",
		      (unsigned long long)round);
		vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, 0, 0);
		check_absent(vp, GUEST_SLOT1);
	}
	/* the same slot at another address */
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, pages, PAGE_SIZE, 0);
	put_word(pages, 0, 0x77);
	check_read(vp, GUEST_SLOT1, 0x77, "slot before its move");
	vm_set_slot(vp->vm, 1, GUEST_SLOT1 + PAGE_SIZE, pages, PAGE_SIZE, 0);
	check_read(vp, GUEST_SLOT1 + PAGE_SIZE, 0x77, "slot after its move");
	check_absent(vp, GUEST_SLOT1);
}

void case_readonly(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_memory);
	u8 *page = vm_host_memory(PAGE_SIZE, PAGE_SIZE);

	NEED(vp->vm, KVM_CAP_READONLY_MEM);
	put_word(page, 0, 0xc0ffee);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, PAGE_SIZE, KVM_MEM_READONLY);
	check_read(vp, GUEST_SLOT1, 0xc0ffee, "read-only slot");
	ask(vp, WRITE, GUEST_SLOT1, 0xbad, 1);
	expect_mmio_write(vp, GUEST_SLOT1, 8, 0xbad);
	expect_step(vp, 1);
	check_read(vp, GUEST_SLOT1, 0xc0ffee, "read-only slot after a write");
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, 0, 0);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, page, PAGE_SIZE, 0);
	guest_write(vp, GUEST_SLOT1, 0xfeed);
	CHECK(word(page, 0) == 0xfeed, "the slot did not become writable");
}

static void check_log(struct vm *vm, const u32 *pages, size_t count)
{
	u8 expected[LOG_PAGES / 8] = { 0 };
	u8 bitmap[LOG_PAGES / 8] = { 0 };
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };

	for (size_t i = 0; i < count; i++) {
		expected[pages[i] / 8] |= (u8)BIT(pages[i] % 8);
	}
	KVM(vm->fd, KVM_GET_DIRTY_LOG, &log);
	for (u32 page = 0; page < LOG_PAGES; page++) {
		bool is = bitmap[page / 8] & BIT(page % 8);
		bool must = expected[page / 8] & BIT(page % 8);

		CHECK(is == must, "page %u is %sin the log", page, is ? "" : "not ");
	}
}

/* The log is switched on over pages that the guest has already written. */
void case_dirty(void)
{
	static const u32 written[] = { 0, 1, 7, 64, 300, LOG_PAGES - 1 };
	struct vp *vp = world_single(WORLD_LONG, guest_memory);
	u8 *memory = vm_host_memory(LOG_PAGES * PAGE_SIZE, MIB(2));

	madvise(memory, LOG_PAGES * PAGE_SIZE, MADV_HUGEPAGE);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, memory, LOG_PAGES * PAGE_SIZE, 0);
	guest_fill(vp, GUEST_SLOT1, 0, LOG_PAGES);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, memory, LOG_PAGES * PAGE_SIZE, KVM_MEM_LOG_DIRTY_PAGES);
	check_log(vp->vm, NULL, 0);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
			guest_write(vp, GUEST_SLOT1 + written[i] * PAGE_SIZE + 8, i);
		}
		CHECK(guest_compare(vp, GUEST_SLOT1, 0, LOG_PAGES) == 0,
		      "the guest's pages differ");
		check_log(vp->vm, written, ARRAY_SIZE(written));
		check_log(vp->vm, NULL, 0);
	}
	guest_fill(vp, GUEST_SLOT1 + 7 * PAGE_SIZE, 7, 1);
	check_log(vp->vm, (const u32[]){ 7 }, 1);
}

static void check_pages(struct vp *vp, const u8 *memory, u64 pages, u64 value)
{
	u64 wrong = guest_compare(vp, GUEST_SLOT1, value, pages);

	CHECK(wrong == 0, "the guest finds %llu pages wrong", (unsigned long long)wrong);
	for (u64 page = 0; page < pages; page++) {
		CHECK(word(memory, page * PAGE_SIZE) == value + page,
		      "the VMM finds page %llu wrong", (unsigned long long)page);
	}
}

/* Fresh pages one after the other, then all of them once more in another order of life. */
void case_storm(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_memory);
	u8 *memory = vm_host_memory(STORM_PAGES * PAGE_SIZE, MIB(2));

	madvise(memory, STORM_PAGES * PAGE_SIZE, MADV_NOHUGEPAGE);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, memory, STORM_PAGES * PAGE_SIZE, 0);
	guest_fill(vp, GUEST_SLOT1, 1000, STORM_PAGES);
	check_pages(vp, memory, STORM_PAGES, 1000);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, memory, 0, 0);
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, memory, STORM_PAGES * PAGE_SIZE, 0);
	check_pages(vp, memory, STORM_PAGES, 1000);
}

/* Bytes of the mapping at `memory` that are in huge pages now. */
static u64 huge_bytes(const u8 *memory)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long start, end, kib;
	char line[256];
	bool inside = false;
	u64 bytes = 0;

	if (!file) {
		return 0;
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			inside = start <= (u64)memory && (u64)memory < end;
		} else if (inside && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1) {
			bytes += KIB(kib);
		}
	}
	fclose(file);
	return bytes;
}

/* Two pages go away below the guest, in the middle of what may be a large page. */
static void run_backing(int advice)
{
	static const u64 holes[] = { 5, 700 };
	struct vp *vp = world_single(WORLD_LONG, guest_memory);
	u8 *memory = vm_host_memory(BACKING_PAGES * PAGE_SIZE, MIB(2));

	if (madvise(memory, BACKING_PAGES * PAGE_SIZE, advice) != 0) {
		case_skip("L1's kernel has no transparent huge pages");
	}
	vm_set_slot(vp->vm, 1, GUEST_SLOT1, memory, BACKING_PAGES * PAGE_SIZE, 0);
	guest_fill(vp, GUEST_SLOT1, 0x5000, BACKING_PAGES);
	if (advice == MADV_HUGEPAGE && huge_bytes(memory) == 0) {
		case_skip("L1 gives no huge page");
	}
	check_pages(vp, memory, BACKING_PAGES, 0x5000);
	for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
		u64 offset = holes[i] * PAGE_SIZE;

		madvise(memory + offset, PAGE_SIZE, MADV_DONTNEED);
		check_read(vp, GUEST_SLOT1 + offset, 0, "a page that was given back");
		check_read(vp, GUEST_SLOT1 + offset + PAGE_SIZE, 0x5000 + holes[i] + 1,
			   "the page behind it");
		guest_write(vp, GUEST_SLOT1 + offset, 0x5000 + holes[i]);
	}
	check_pages(vp, memory, BACKING_PAGES, 0x5000);
}

void case_backing_4k(void)
{
	run_backing(MADV_NOHUGEPAGE);
}

/* Linux switches huge pages off by itself where memory is small. */
static void allow_huge_pages(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "we");

	if (file) {
		fputs("madvise", file);
		fclose(file);
	}
}

void case_backing_2m(void)
{
	allow_huge_pages();
	run_backing(MADV_HUGEPAGE);
}

/* The window's page table lives in slot 1 and is replaced between two walks. */
void case_walk(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_walk);
	u8 *tables = vm_host_memory(2 * PAGE_SIZE, PAGE_SIZE);
	u8 *directory = vm_memory(vp->vm, GUEST_PD, 4 * PAGE_SIZE);

	put_word(directory, (GUEST_WINDOW >> 21) * 8, GUEST_SLOT1 | 3);
	for (u64 round = 0; round < WALK_ROUNDS; round++) {
		u64 page = GUEST_DATA + (round & 3) * PAGE_SIZE;
		u8 *table = tables + (round & 1) * PAGE_SIZE;

		put_word(vm_memory(vp->vm, page, PAGE_SIZE), 0, round);
		put_word(table, 0, page | 3);
		vm_set_slot(vp->vm, 1, GUEST_SLOT1, table, PAGE_SIZE, 0);
		expect_step(vp, 1);
		check_result(vp, 0, round, "what the guest reads through the new table");
		CHECK(word(vm_memory(vp->vm, page, PAGE_SIZE), 8) == round,
		      "the write went elsewhere");
		CHECK(word(table, 0) == (page | 0x63), "the entry is %#llx, not accessed and dirty",
		      (unsigned long long)word(table, 0));
		vm_set_slot(vp->vm, 1, GUEST_SLOT1, table, 0, 0);
	}
}
