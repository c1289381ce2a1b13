/* SPDX-License-Identifier: MIT */
/* Cases: exits to the VMM and back, by ports, strings, memory, CPUID and MSRs. */
#include "tests/linux/vmm/cases.h"

#include <string.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_io[], guest_io_string[], guest_io_fault[], guest_mmio[], guest_cpuid[],
	guest_exits[];

enum {
	TEST_PORT = 0x5a8,
	STRING_ITEMS = 16,
	ROUNDS = 10000, /* of two exits */
	VECTOR_PF = 14,
};

void case_io(void)
{
	static const struct {
		u16 port;
		u8 size;
		u32 value;
	} out[] = {
		{ 0xe0, 1, 0x44 },	{ 0xe2, 2, 0x3344 },	      { 0xe4, 4, 0x11223344 },
		{ TEST_PORT, 1, 0x44 }, { TEST_PORT, 4, 0x11223344 }, { 0xfffe, 2, 0x3344 },
	};
	static const struct {
		u16 port;
		u8 size;
		u32 value;
		u64 result;
	} in[] = {
		{ 0xe0, 1, 0xa1, 0xffffffffffffffa1 },
		{ 0xe2, 2, 0xb2b1, 0xffffffffffffb2b1 },
		{ 0xe4, 4, 0xc4c3c2c1, 0xc4c3c2c1 },
		{ TEST_PORT, 1, 0x01, 0xffffffffffffff01 },
		{ TEST_PORT, 2, 0x0203, 0xffffffffffff0203 },
		{ 0xfffc, 4, 0x84050607, 0x84050607 },
	};
	struct vp *vp = world_single(WORLD_LONG, guest_io);

	for (size_t i = 0; i < ARRAY_SIZE(out); i++) {
		u32 value = 0;

		memcpy(&value, expect_io(vp, KVM_EXIT_IO_OUT, out[i].port, out[i].size, 1),
		       out[i].size);
		CHECK(value == out[i].value, "OUT %zu wrote %#x; expected %#x", i, value,
		      out[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		memcpy(expect_io(vp, KVM_EXIT_IO_IN, in[i].port, in[i].size, 1), &in[i].value,
		       in[i].size);
	}
	expect_step(vp, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(in); i++) {
		check_result(vp, i, in[i].result, "RAX after IN");
	}
	expect_exit(vp, KVM_EXIT_HLT);
}

static u8 pattern(unsigned int seed, unsigned int i)
{
	return (u8)(seed * 37 + i * 7 + 1);
}

/* Moves `items` between the port and data in as many exits as KVM likes. */
static void serve_string(struct vp *vp, u8 direction, u8 size, u8 *data, u32 items)
{
	struct kvm_run *run = vp->run;

	while (items) {
		u8 *io = (u8 *)run;
		size_t bytes;

		if (vp_run(vp) != KVM_EXIT_IO || run->io.port != TEST_PORT ||
		    run->io.direction != direction || run->io.size != size || run->io.count == 0 ||
		    run->io.count > items) {
			fail_exit(vp, "one or more items of a string at the port");
		}
		io += run->io.data_offset;
		bytes = (size_t)run->io.count * size;
		if (direction == KVM_EXIT_IO_IN) {
			memcpy(io, data, bytes);
		} else {
			memcpy(data, io, bytes);
		}
		data += bytes;
		items -= run->io.count;
	}
}

/* Copies between memory and a string in the order of the port, as DF says. */
static void copy_items(u8 *string, const u8 *memory, u8 size, bool down)
{
	for (int i = 0; i < STRING_ITEMS; i++) {
		memcpy(string + i * size, memory + (down ? -i : i) * size, size);
	}
}

struct string_row {
	u8 direction;
	u8 size;
	bool down;
};

static void run_string(struct vp *vp, const struct string_row *row, unsigned int number, u64 gpa)
{
	u8 *memory = vm_memory(vp->vm, gpa, 64);
	struct report *report = vp_report(vp);
	u8 string[STRING_ITEMS * 4];
	u8 other[STRING_ITEMS * 4];
	s64 moved = (s64)STRING_ITEMS * row->size * (row->down ? -1 : 1);

	for (int i = -64; i < 64; i++) {
		memory[i] = pattern(number, (unsigned int)(i + 64));
	}
	for (unsigned int i = 0; i < sizeof(string); i++) {
		string[i] = pattern(number + 1, i);
	}
	report->result[0] = gpa;
	copy_items(other, memory, row->size, row->down);
	serve_string(vp, row->direction, row->size, string, STRING_ITEMS);
	expect_step(vp, 1);
	if (row->direction == KVM_EXIT_IO_IN) {
		copy_items(other, memory, row->size, row->down);
	}
	CHECK(memcmp(other, string, (size_t)STRING_ITEMS * row->size) == 0,
	      "string %u: the items differ", number);
	check_result(vp, 2 + 2 * number, gpa + (u64)moved, "RSI or RDI after a string");
	check_result(vp, 3 + 2 * number, 0, "RCX after a string");
}

void case_io_string(void)
{
	static const struct string_row rows[] = {
		{ KVM_EXIT_IO_OUT, 1, false }, { KVM_EXIT_IO_OUT, 2, false },
		{ KVM_EXIT_IO_OUT, 4, false }, { KVM_EXIT_IO_IN, 1, false },
		{ KVM_EXIT_IO_IN, 2, false },  { KVM_EXIT_IO_IN, 4, false },
		{ KVM_EXIT_IO_OUT, 2, true },  { KVM_EXIT_IO_IN, 1, true },
	};
	struct vp *vp = world_single(WORLD_LONG, guest_io_string);
	u64 gpa = GUEST_DATA + PAGE_SIZE; /* strings cross into the next page or the one before */

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_string(vp, &rows[i], i, gpa + (rows[i].down ? 8 : -8));
	}
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_io_fault(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_io_fault);
	u64 gpa = GUEST_DATA;
	u8 tail[4];

	memcpy(vm_memory(vp->vm, gpa + 0xffc, 4), "tail", 4);
	window_set(vp->vm, 0, gpa | 3, true);
	serve_string(vp, KVM_EXIT_IO_OUT, 1, tail, 4);
	expect_step(vp, 1);
	CHECK(memcmp(tail, "tail", 4) == 0, "the items before the fault differ");
	check_trap(vp, VECTOR_PF, 0);
	CHECK(vp_report(vp)->cr2 == GUEST_WINDOW + PAGE_SIZE, "CR2 is %#llx",
	      (unsigned long long)vp_report(vp)->cr2);
	check_result(vp, 0, STRING_ITEMS - 4, "RCX after the faulting string");
	check_result(vp, 1, GUEST_WINDOW + PAGE_SIZE, "RSI after the faulting string");
	expect_exit(vp, KVM_EXIT_HLT);
}

void case_mmio(void)
{
	static const struct {
		bool is_write;
		u32 offset;
		u32 size;
		u64 value;
	} rows[] = {
		{ true, 0x01, 1, 0x11 },
		{ true, 0x02, 2, 0x2211 },
		{ true, 0x04, 4, 0x44332211 },
		{ true, 0x08, 8, 0x8877665544332211 },
		{ true, 0x10, 1, 0x5a },
		{ true, 0x14, 4, 0x12345678 },
		{ true, 0x18, 8, 0xfffffffffffffffe },
		{ false, 0x21, 1, 0xf1 },
		{ false, 0x22, 2, 0xe2e1 },
		{ false, 0x24, 4, 0xd4d3d2d1 },
		{ false, 0x28, 8, 0xc8c7c6c5c4c3c2c1 },
		{ false, 0x30, 1, 0xb1 },
		{ false, 0x32, 2, 0xa2a1 },
		{ false, 0x34, 4, 0x0fffffff },
		{ true, 0x34, 4, 0x10000000 },
		{ false, 0x38, 4, 0x77665544 },
		{ true, 0x38, 4, 0x99 },
		{ false, 0x3c, 1, 0x80 },
		{ true, 0x40, 4, 0xaabbccdd },
		{ true, 0x44, 4, 0xaabbccdd },
		{ false, 0x50, 4, 0x01020304 },
		{ false, 0x54, 4, 0x05060708 },
		{ true, 0xffc, 4, 0x55667788 },
		{ true, 0x1000, 4, 0x11223344 },
	};
	static const u64 results[] = {
		0xfffffffffffffff1, 0xffffffffffffe2e1, 0xd4d3d2d1, 0xc8c7c6c5c4c3c2c1, 0xb1,
		0xffffffffffffa2a1, 0x77665544,		1,	    0x0506070801020304,
	};
	struct vp *vp = world_single(WORLD_LONG, guest_mmio);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].is_write) {
			expect_mmio_write(vp, GUEST_HOLE + rows[i].offset, rows[i].size,
					  rows[i].value);
		} else {
			expect_mmio_read(vp, GUEST_HOLE + rows[i].offset, rows[i].size,
					 rows[i].value);
		}
	}
	expect_step(vp, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(results); i++) {
		check_result(vp, i, results[i], "what the guest has read");
	}
	expect_exit(vp, KVM_EXIT_HLT);
}

#define LEAF(f, i, a, b, c, d)                                                    \
	{                                                                         \
		.function = f, .index = i, .eax = a, .ebx = b, .ecx = c, .edx = d \
	}

static const struct kvm_cpuid_entry2 own_leaves[] = {
	LEAF(0x40000000, 0, 0x40000001, 0x6e696c50, 0x56206874, 0x4d4d),
	LEAF(0x40000001, 0, 1, 2, 3, 4),
	LEAF(0x80000002, 0, 0x80000001, 0xffffffff, 0, 0x7fffffff),
	LEAF(0x80000003, 0, 0x11, 0x22, 0x33, 0x44),
	LEAF(0xb, 0, 7, 6, 0x100, 0),
	LEAF(0xb, 1, 5, 4, 0x201, 0),
	LEAF(0xb, 2, 0, 0, 2, 0),
};

static void ask_cpuid(struct vp *vp, const struct kvm_cpuid_entry2 *expected)
{
	struct report *report = vp_report(vp);
	u32 index = expected->index;

	report->result[0] = expected->function;
	report->result[1] = index;
	expect_step(vp, 1);
	CHECK(report->result[2] == expected->eax && report->result[3] == expected->ebx &&
		      report->result[4] == expected->ecx && report->result[5] == expected->edx,
	      "leaf %#x.%u answers %#llx %#llx %#llx %#llx; expected %#x %#x %#x %#x",
	      expected->function, index, (unsigned long long)report->result[2],
	      (unsigned long long)report->result[3], (unsigned long long)report->result[4],
	      (unsigned long long)report->result[5], expected->eax, expected->ebx, expected->ecx,
	      expected->edx);
}

void case_cpuid(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_cpuid);
	struct kvm_cpuid_entry2 *entry;
	struct cpuid_table table;
	struct kvm_cpuid_entry2 leaf1;

	vm_get_cpuid(vp->vm, &table);
	entry = cpuid_entry(&table, 1, 0);
	entry->eax = 0x00800f12;
	entry->ebx = 0x5a040800;
	leaf1 = *entry;
	for (u32 i = 0; i < table.nent; i++) {
		if (table.entries[i].function == 0xb) {
			table.entries[i] = table.entries[--table.nent];
			i--;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(own_leaves); i++) {
		const struct kvm_cpuid_entry2 *own = &own_leaves[i];
		u32 flags = own->function == 0xb ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;

		entry = cpuid_entry(&table, own->function, own->index);
		*entry = *own;
		entry->flags = flags;
	}
	KVM(vp->fd, KVM_SET_CPUID2, &table);
	for (size_t i = 0; i < ARRAY_SIZE(own_leaves); i++) {
		ask_cpuid(vp, &own_leaves[i]);
	}
	/* OSXSAVE follows CR4, which is 0 in that bit. */
	leaf1.ecx &= (u32)~BIT(27);
	ask_cpuid(vp, &leaf1);
}

void case_exits(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_exits);

	vp_report(vp)->result[0] = ROUNDS;
	for (u32 left = ROUNDS; left > 0; left--) {
		u8 byte = *expect_io(vp, KVM_EXIT_IO_OUT, PORT_TEXT, 1, 1);

		CHECK(byte == (u8)left, "OUT wrote %#x with %u rounds left", byte, left);
	}
	expect_step(vp, 1);
	check_result(vp, 1, 0, "number of wrong answers of CPUID");
	expect_exit(vp, KVM_EXIT_HLT);
}
