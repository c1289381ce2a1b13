/* SPDX-License-Identifier: MIT */
/*
 * A translation that L1 changes counts for L2 after each kind of flush that the architecture gives
 * L1: INVEPT for its EPT at every page size, INVVPID for L2's own tables: row 1.8-22.
 */
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "INVEPT and INVVPID";

#define WINDOW GIB(2) /* L2 physical, no RAM there; L2's own tables map it to itself */
#define MARK_A 0xaaaaaaaaull
#define MARK_B 0xbbbbbbbbull
#define ROUNDS 10
#define VPID   5

enum flush {
	SINGLE_CONTEXT,
	ALL_CONTEXTS,
	FLUSHES
};
static const char *const flush_text[] = { "INVEPT of the context", "INVEPT of all" };

static u64 *ept, *large_a, *large_b; /* 2 MiB each, A and B in every 4 KiB page of them */
static struct vmx_l2 l2;

static void read_window(u64 offset)
{
	vmx_l2_start_at(&l2, l2_code_read);
	l2.gprs.rbx = WINDOW + offset;
	vmx_l2_expect(&l2, "read", REASON_VMCALL);
}

static void flush(enum flush how)
{
	check_ex(flush_text[how],
		 how == SINGLE_CONTEXT ? invept(1, ept_pointer(ept), 0) : invept(2, 0, 0),
		 EXINFO_NONE);
}

static void check_swap(enum flush how, u64 offset, enum pt_level from, enum pt_level to)
{
	u64 part_a = from == PT_4K ? offset : 0, part_b = to == PT_4K ? offset : 0;

	pt_map(ept, WINDOW + part_a, phys(large_a) + part_a, EPT_RWX | EPT_WB, from);
	flush(ALL_CONTEXTS);
	read_window(offset);
	check_eq("1.8-22 value before the change", l2.gprs.rax, MARK_A);
	pt_map(ept, WINDOW + part_b, phys(large_b) + part_b, EPT_RWX | EPT_WB, to);
	flush(how);
	read_window(offset);
	check(l2.gprs.rax == MARK_B, "1.8-22 old translation after %s, level %d to %d",
	      flush_text[how], from, to);
}

/* Also from readable to absent, and to read-only: the fault must come, and once. */
static void check_removal(enum flush how, u64 flags, const char *code)
{
	pt_map(ept, WINDOW, phys(large_a), EPT_RWX | EPT_WB, PT_4K);
	flush(ALL_CONTEXTS);
	read_window(0);
	*(volatile u64 *)pt_entry(ept, WINDOW, PT_4K) = flags ? phys(large_a) | flags : 0;
	flush(how);
	vmx_l2_start_at(&l2, code);
	l2.gprs.rbx = WINDOW;
	vmx_l2_expect(&l2, flush_text[how], REASON_EPT_VIOLATION);
	pt_map(ept, WINDOW, phys(large_b), EPT_RWX | EPT_WB, PT_4K);
	read_window(0);
	check_eq("1.8-22 value after the fault", l2.gprs.rax, MARK_B);
	*large_b = MARK_B;
}

/* L2's own table, with and without EPT, under a VPID. */
static void vpids(void)
{
	static const struct {
		const char *name;
		u64 type, vpid;
	} kinds[] = {
		{ "INVVPID of an address", 0, VPID },
		{ "INVVPID of the VPID", 1, VPID },
		{ "INVVPID of all", 2, 0 },
		{ "INVVPID but globals", 3, VPID },
	};
	u64 *tables = pt_create();

	memcpy(tables, boot_pml4, PAGE_SIZE);
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(kinds); i++) {
		u64 at = GIB(513); /* a slot of its own in the top table */

		if (!(vmx_ept_vpid_caps() & BIT(40 + kinds[i / 2].type))) {
			check_skip("1.8-22 %s: not offered", kinds[i / 2].name);
			continue;
		}
		vmx_l2_init(&l2);
		vmx_l2_use_ept(i % 2 ? ept : NULL);
		vmx_l2_controls2(PROC2_VPID);
		vset(VMCS_VPID, VPID);
		vset(GUEST_CR3, phys(tables));
		for (u64 round = 0; round < ROUNDS; round++) {
			u64 *now = round % 2 ? large_b : large_a;

			pt_map(tables, at, phys(now), PT_RWU, PT_4K);
			check_ex(kinds[i / 2].name,
				 invvpid(kinds[i / 2].type, kinds[i / 2].vpid, at), EXINFO_NONE);
			vmx_l2_start_at(&l2, l2_code_read);
			l2.gprs.rbx = at;
			vmx_l2_expect(&l2, kinds[i / 2].name, REASON_VMCALL);
			check(l2.gprs.rax == *now, "1.8-22 old translation after %s",
			      kinds[i / 2].name);
		}
	}
}

void test_main(void)
{
	vmx_require();
	if (!vmx_allows(PROC2_CONTROLS, PROC2_EPT)) {
		report_skip("no EPT");
		return;
	}
	ept = ept_create_identity(GIB(1), PT_2M);
	large_a = page_alloc_aligned(512, MIB(2));
	large_b = page_alloc_aligned(512, MIB(2));
	for (unsigned int i = 0; i < 512; i++) {
		large_a[i * 512] = MARK_A;
		large_b[i * 512] = MARK_B;
	}
	vmx_l2_init(&l2);
	vmx_l2_use_ept(ept);
	for (enum flush how = SINGLE_CONTEXT; how < FLUSHES; how++) {
		for (u64 round = 0; round < ROUNDS; round++) {
			u64 offset = round * 5 * PAGE_SIZE;

			check_swap(how, offset, PT_4K, PT_4K);
			check_swap(how, offset, PT_2M, PT_2M);
			check_swap(how, offset, PT_2M, PT_4K);
			check_swap(how, offset, PT_4K, PT_2M);
			check_removal(how, 0, l2_code_read);
			check_removal(how, EPT_R | EPT_WB, l2_code_write);
		}
	}
	vpids();
	report_success();
}
