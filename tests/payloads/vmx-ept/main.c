/* SPDX-License-Identifier: MIT */
/*
 * L2's accesses obey the EPT of L1 at each page size: violations carry the manual's qualification
 * and both addresses, misconfigurations are told apart from them, and a repaired entry counts at
 * once: rows 1.8-10 to 1.8-12.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "EPT violations and misconfigurations";

#define WINDOW	  GIB(2) /* L2 physical, no RAM there; L2's own tables map it to itself */
#define CODE	  0xaaaaaaaac1010full /* VMCALL and a mark */
#define QUAL_MASK GENMASK(8, 0)
#define FINAL	  (QUAL_EPT_LINEAR | QUAL_EPT_FINAL)
#define WALK	  QUAL_EPT_LINEAR

static const struct fault_row {
	const char *name, *code;
	u64 flags, access, allowed;
} rows[] = {
#define FAULT(...) { __VA_ARGS__ },
#include "tests/payloads/vmx-ept/faults.def"
#undef FAULT
};

static u64 *ept, *page;
static struct vmx_l2 l2;

/* Maps the window at `level` so that the address returned reaches `target`. */
static u64 map_window(const u64 *target, u64 flags, enum pt_level level)
{
	u64 offset = phys(target) & (pt_size(level) - 1);

	pt_map(ept, WINDOW, phys(target) - offset, flags, level);
	return WINDOW + offset;
}

static void enter_at(const char *code, u64 at)
{
	vmx_l2_init(&l2);
	vmx_l2_use_ept(ept);
	vmx_l2_start_at(&l2, code);
	l2.gprs.rbx = at;
	l2.gprs.rax = CODE;
	check_ex("INVEPT", invept(1, ept_pointer(ept), 0), EXINFO_NONE);
}

static void check_violation(const char *what, u64 qualification, u64 gpa, u64 gva)
{
	check_eq(what, vget(EXIT_QUALIFICATION) & QUAL_MASK, qualification);
	check_eq(what, vget(GUEST_PHYSICAL_ADDRESS), gpa);
	check_eq(what, vget(GUEST_LINEAR_ADDRESS), gva);
}

/* Making an entry more permissive needs no flush [SDM "Guidelines for Use of INVEPT"]. */
static void fault_and_repair(const struct fault_row *r, enum pt_level level)
{
	u64 at = map_window(page, r->flags, level);

	enter_at(r->code, at);
	if (!vmx_l2_expect(&l2, r->name, REASON_EPT_VIOLATION)) {
		return;
	}
	check_violation(r->name, r->access | r->allowed | FINAL, at, at);
	map_window(page, EPT_RWX | EPT_WB, level);
	vmx_l2_expect(&l2, r->name, REASON_VMCALL);
	check_eq(r->name, l2.gprs.rax, CODE);
}

static void execute_only(enum pt_level level)
{
	u64 at = map_window(page, EPT_X | EPT_WB, level);
	bool offered = vmx_ept_vpid_caps() & CAP_EXEC_ONLY;

	enter_at(l2_code_exec, at);
	vmx_l2_expect(&l2, "1.8-11 fetch from an execute-only page",
		      offered ? REASON_VMCALL : REASON_EPT_MISCONFIG);
	enter_at(l2_code_read, at);
	vmx_l2_expect(&l2, "1.8-11 read of an execute-only page",
		      offered ? REASON_EPT_VIOLATION : REASON_EPT_MISCONFIG);
	check(!offered || (vget(EXIT_QUALIFICATION) & QUAL_MASK) ==
				  (QUAL_EPT_READ | QUAL_EPT_X | FINAL),
	      "1.8-10 execute-only page: qualification 0x%lx", vget(EXIT_QUALIFICATION));
}

static void misconfigured(const char *name, u64 at)
{
	enter_at(l2_code_read, at);
	if (vmx_l2_expect(&l2, name, REASON_EPT_MISCONFIG)) {
		check_eq(name, vget(GUEST_PHYSICAL_ADDRESS), at);
		check_eq(name, vget(GUEST_RIP), phys(l2_code_read));
	}
}

static void bad_leaf(const char *name, enum pt_level level, u64 bits)
{
	u64 at = map_window(page, EPT_RWX | EPT_WB, level);
	u64 *entry = pt_entry(ept, WINDOW, level);

	*(volatile u64 *)entry = (*entry & ~(EPT_RWX | EPT_MEMTYPE)) | bits;
	misconfigured(name, at);
	map_window(page, EPT_RWX | EPT_WB, level);
	vmx_l2_expect(&l2, name, REASON_VMCALL);
}

static void bad_table(const char *name, unsigned int level, u64 bits)
{
	u64 at = map_window(page, EPT_RWX | EPT_WB, PT_4K);
	u64 *entry = level == 4 ? ept : pt_entry(ept, WINDOW, level), before = *entry;

	if (level != 4) { /* pt_entry() may have put a leaf's place there: go down again */
		map_window(page, EPT_RWX | EPT_WB, PT_4K);
		before = *entry;
	}
	*(volatile u64 *)entry = before | bits;
	if (level == 4) { /* whatever L2 touches first */
		enter_at(l2_code_read, at);
		vmx_l2_expect(&l2, name, REASON_EPT_MISCONFIG);
	} else {
		misconfigured(name, at);
	}
	*(volatile u64 *)entry = before;
	vmx_l2_expect(&l2, name, REASON_VMCALL);
}

static void misconfigurations(enum pt_level highest)
{
	const u64 limit = BIT(cpuid(0x80000008, 0).eax & 0xff);
	const struct {
		const char *name;
		enum pt_level low, high;
		u64 bits;
	} leaves[] = {
#define BAD(...) { __VA_ARGS__ },
#define TABLE(name, level, bits)
#include "tests/payloads/vmx-ept/misconfigs.def"
#undef TABLE
#undef BAD
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (vmx_is_of_bochs() && leaves[i].low > PT_4K && leaves[i].bits & BIT(12)) {
			check_skip("1.8-12 %s: Bochs 2.7 does not reserve it", leaves[i].name);
			continue;
		}
		for (enum pt_level level = leaves[i].low; level <= MIN(leaves[i].high, highest);
		     level++) {
			bad_leaf(leaves[i].name, level, leaves[i].bits);
		}
	}
#define BAD(...)
#define TABLE(name, level, bits) bad_table(name, level, bits);
#include "tests/payloads/vmx-ept/misconfigs.def"
}

/* L2's tables are in the window: violations of the walk, one for the read of each entry. */
static void fault_in_walk(void)
{
	u64 *table = page_alloc();

	memcpy(table, boot_pml4, PAGE_SIZE);
	enter_at(l2_code_read, phys(page));
	u64 at = map_window(table, 0, PT_4K);

	vset(GUEST_CR3, at);
	if (vmx_l2_expect(&l2, "1.8-10 walk", REASON_EPT_VIOLATION)) {
		check_eq("1.8-10 qualification of a walk",
			 vget(EXIT_QUALIFICATION) & QUAL_MASK & ~QUAL_EPT_WRITE,
			 QUAL_EPT_READ | WALK);
		check_eq("1.8-10 address of a walk",
			 ALIGN_DOWN(vget(GUEST_PHYSICAL_ADDRESS), PAGE_SIZE), at);
	}
	/* Setting the accessed bit writes. */
	table[0] &= ~PTE_A;
	map_window(table, EPT_R | EPT_WB, PT_4K);
	check_ex("INVEPT", invept(2, 0, 0), EXINFO_NONE);
	if (vmx_runs_on_bochs()) {
		check_skip("1.8-10 accessed bit in a read-only page: Bochs 2.7 sets it");
	} else if (vmx_l2_expect(&l2, "1.8-10 accessed bit", REASON_EPT_VIOLATION)) {
		check_eq("1.8-10 qualification of the accessed bit",
			 vget(EXIT_QUALIFICATION) & (QUAL_MASK & ~QUAL_EPT_READ),
			 QUAL_EPT_WRITE | QUAL_EPT_R | WALK);
	}
	map_window(table, EPT_RWX | EPT_WB, PT_4K);
	vmx_l2_expect(&l2, "1.8-10 walk after the repair", REASON_VMCALL);
	check_eq("1.8-10 value read after the walk", l2.gprs.rax, CODE);
}

void test_main(void)
{
	vmx_require();
	if (!vmx_allows(PROC2_CONTROLS, PROC2_EPT)) {
		report_skip("no EPT");
		return;
	}
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	enum pt_level highest = vmx_ept_vpid_caps() & CAP_1G ? PT_1G : PT_2M;

	ept = ept_create_identity(GIB(1), PT_2M);
	page = page_alloc();
	*page = CODE;
	for (enum pt_level level = highest; level >= PT_4K; level--) {
		for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
			fault_and_repair(&rows[i], level);
		}
		execute_only(level);
	}
	misconfigurations(highest);
	fault_in_walk();
	report_success();
}
