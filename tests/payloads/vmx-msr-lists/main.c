/* SPDX-License-Identifier: MIT */
/*
 * The three MSR lists are processed in order, at the right moment, and a bad entry of the one for
 * entry ends it with reason 34 and its number: rows 1.8-3, 1.8-4.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "MSR lists of VM entry and exit";

#define L1_VALUE 0x1111000ull
#define L2_VALUE 0x2222000ull
#define LAST	 0x3333000ull

asm(".pushsection .text\n"
    "i_swap: mov $0xc0000082, %ecx; rdmsr; mov %eax, %ebx; mov $0x4444000, %eax; wrmsr; vmcall\n"
    ".popsection");
extern const char i_swap[];

struct entry {
	u32 index, reserved;
	u64 value;
};

static struct vmx_l2 l2;
static struct entry *store, *load_l1, *load_l2;

static void prepare(void)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, i_swap);
	vset(EXIT_MSR_STORE, phys(store));
	vset(EXIT_MSR_LOAD, phys(load_l1));
	vset(ENTRY_MSR_LOAD, phys(load_l2));
	memset(store, 0, PAGE_SIZE);
	memset(load_l1, 0, PAGE_SIZE);
	memset(load_l2, 0, PAGE_SIZE);
	wrmsr(MSR_LSTAR, L1_VALUE);
	wrmsr(MSR_KERNEL_GS, L1_VALUE);
}

static void all_three(void)
{
	prepare();
	store[0].index = MSR_LSTAR;
	store[1].index = MSR_KERNEL_GS;
	load_l2[0] = (struct entry){ MSR_LSTAR, 0, LAST };
	load_l2[1] = (struct entry){ MSR_LSTAR, 0, L2_VALUE };
	load_l2[2] = (struct entry){ MSR_KERNEL_GS, 0, L2_VALUE };
	load_l1[0] = (struct entry){ MSR_LSTAR, 0, L1_VALUE + 1 };
	load_l1[1] = (struct entry){ MSR_LSTAR, 0, LAST };
	vset(EXIT_MSR_STORE_COUNT, 2);
	vset(ENTRY_MSR_LOAD_COUNT, 3);
	vset(EXIT_MSR_LOAD_COUNT, 2);
	vmx_l2_expect(&l2, "1.8-4 MSR lists", REASON_VMCALL);
	check_eq("1.8-4 loaded for L2, in order", l2.gprs.rbx, L2_VALUE);
	check_eq("1.8-4 stored at the exit", store[0].value, 0x4444000);
	check_eq("1.8-4 stored at the exit", store[1].value, L2_VALUE);
	check_eq("1.8-4 loaded for L1, in order", rdmsr(MSR_LSTAR), LAST);
	check_eq("1.8-4 no list is no load", rdmsr(MSR_KERNEL_GS), L2_VALUE);
}

/* Entries that may not be loaded [SDM "Loading MSRs"]. */
static void refused(const char *what, u32 index, u32 reserved, u64 value)
{
	for (unsigned int at = 0; at < 3; at++) {
		prepare();
		for (unsigned int i = 0; i < at; i++) {
			load_l2[i] = (struct entry){ MSR_LSTAR, 0, L2_VALUE };
		}
		load_l2[at] = (struct entry){ index, reserved, value };
		load_l1[0] = (struct entry){ MSR_LSTAR, 0, LAST };
		store[0].index = MSR_LSTAR;
		vset(ENTRY_MSR_LOAD_COUNT, at + 1);
		vset(EXIT_MSR_LOAD_COUNT, 1);
		vset(EXIT_MSR_STORE_COUNT, 1);
		vset(ENTRY_INTR_INFO, INFO_VALID | INFO_EXCEPTION | VEC_UD);
		if (vmx_l2_expect(&l2, what, REASON_MSR_LOAD | REASON_ENTRY_FAILURE)) {
			check(vget(EXIT_QUALIFICATION) == at + 1, "1.8-3 %s: qualification %lu",
			      what, vget(EXIT_QUALIFICATION));
			check_eq("1.8-4 nothing is stored then", store[0].value, 0);
			check_eq("1.8-4 L1's list is loaded then", rdmsr(MSR_LSTAR), LAST);
			check_eq("1.8-4 the event stays valid", vget(ENTRY_INTR_INFO) & INFO_VALID,
				 INFO_VALID);
			check_eq("1.8-4 RIP stays", vget(GUEST_RIP), phys(i_swap));
		}
	}
}

/* On VMfail and bad guest state no list of entry or store is processed. */
static void no_entry(void)
{
	prepare();
	load_l2[0] = (struct entry){ MSR_LSTAR, 0, L2_VALUE };
	load_l1[0] = (struct entry){ MSR_LSTAR, 0, LAST };
	vset(ENTRY_MSR_LOAD_COUNT, 1);
	vset(EXIT_MSR_LOAD_COUNT, 1);
	vset(HOST_CS_SELECTOR, 0);
	vmx_l2_expect_fail(&l2, "1.8-4 bad host state", VMFAIL_VALID(8));
	check_eq("1.8-4 no MSR is loaded at VMfail", rdmsr(MSR_LSTAR), L1_VALUE);
	vset(HOST_CS_SELECTOR, SEL_CODE64);
	vset(GUEST_CR3, ~0ull);
	vmx_l2_expect(&l2, "1.8-5 bad guest state", REASON_GUEST_STATE | REASON_ENTRY_FAILURE);
	check_eq("1.8-4 L1's list is loaded at that exit", rdmsr(MSR_LSTAR), LAST);
	vset(GUEST_CR3, read_cr3());
	vmx_l2_expect(&l2, "1.8-5 after the repair", REASON_VMCALL);
}

void test_main(void)
{
	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	store = page_alloc();
	load_l1 = page_alloc();
	load_l2 = page_alloc();
	all_three();
	refused("1.8-3 FS_BASE", MSR_FS_BASE, 0, 0);
	refused("1.8-3 GS_BASE", MSR_GS_BASE, 0, phys(this_cpu()));
	refused("1.8-3 reserved word", MSR_LSTAR, 1, L2_VALUE);
	refused("1.8-3 no canonical value", MSR_LSTAR, 0, BIT(63));
	refused("1.8-3 EFER with a reserved bit", MSR_EFER, 0, rdmsr(MSR_EFER) | BIT(9));
	if (vmx_is_of_bochs()) { /* ignore_bad_msrs: it has them all */
		check_skip("1.8-3 unknown MSR: this machine has no unknown MSRs");
	} else {
		refused("1.8-3 unknown MSR", 0x12345678, 0, 0);
	}
	no_entry();
	report_success();
}
