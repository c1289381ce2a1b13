/* SPDX-License-Identifier: MIT */
/*
 * Each kind of malformed hypercall of a 64-bit caller gets its status and no effect, and a good
 * one changes no register but RAX. The numbers are the rows of the project's list of facts on
 * hypercall entry.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"

const char test_title[] = "hypercall control word and input";

#define LIST_OF(n)     (HV_FLUSH_LIST | HV_REPS(n))
#define ANY_ERROR      (BIT(HV_INVALID_INPUT) | BIT(HV_INVALID_ALIGNMENT))
#define ONLY(status)   BIT(status)
#define AT_END(bytes)  (PAGE_SIZE - (bytes))
#define APIC_PAGE      0xfee00000ull
#define PAST_THE_SPACE BIT(51)

static u8 *input; /* one page: the block of a flush of everything, at the offset that a row wants */
static const u64 block[] = { 0,	       HV_ALL_PROCESSORS | HV_ALL_ADDRESS_SPACES,
			     0,	       0x200000,
			     0x201000, 0x202000 };

static const struct row {
	const char *name;
	u64 control, statuses, reps; /* statuses: a bit for each that will do */
	u64 offset;		     /* of the input in its page */
	u64 gpa;		     /* instead of that page */
} rows[] = {
	{ "6 unknown code", 0xbeef, ONLY(HV_INVALID_CODE), 0, 0, 0 },
	{ "6 code 0", 0, ONLY(HV_INVALID_CODE), 0, 0, 0 },
	{ "6 unknown extended code", 0x8fff, ONLY(HV_INVALID_CODE), 0, 0, 0 },
	{ "7b Is Nested", HV_FLUSH_SPACE | HV_NESTED, ONLY(HV_INVALID_INPUT), 0, 0, 0 },
	{ "7d input in no memory", HV_FLUSH_SPACE, ONLY(HV_INVALID_INPUT), 0, 0, 0xfeb00000 },
	{ "8 list of none", LIST_OF(0), ONLY(HV_INVALID_INPUT), 0, 0, 0 },
	{ "9 start = count", LIST_OF(2) | HV_START(2), ONLY(HV_INVALID_INPUT), 0, 0, 0 },
	{ "9 start > count", LIST_OF(2) | HV_START(0xfff), ONLY(HV_INVALID_INPUT), 0, 0, 0 },
	{ "10 list of 3", LIST_OF(3), ONLY(HV_SUCCESS), 3, 0, 0 },
	{ "10 list of 3 from 1", LIST_OF(3) | HV_START(1), ONLY(HV_SUCCESS), 3, 0, 0 },
	{ "11 simple call with a count", HV_FLUSH_SPACE | HV_REPS(1), ONLY(HV_INVALID_INPUT), 0, 0,
	  0 },
	{ "11 simple call with a start", HV_FLUSH_SPACE | HV_START(1), ONLY(HV_INVALID_INPUT), 0, 0,
	  0 },
	{ "12 variable header, space", HV_FLUSH_SPACE | HV_VARHEAD(1), ONLY(HV_INVALID_INPUT), 0, 0,
	  0 },
	{ "12 variable header, list", LIST_OF(1) | HV_VARHEAD(1), ONLY(HV_INVALID_INPUT), 0, 0, 0 },
	{ "13 unaligned input", HV_FLUSH_SPACE, ONLY(HV_INVALID_ALIGNMENT), 0, 4, 0 },
	{ "14 input up to the page's end", HV_FLUSH_SPACE, ONLY(HV_SUCCESS), 0, AT_END(24), 0 },
	{ "14 input across the page's end", HV_FLUSH_SPACE, ANY_ERROR, 0, AT_END(16), 0 },
	{ "14 list across the page's end", LIST_OF(3), ANY_ERROR, 0, AT_END(40), 0 },
	{ "14 list longer than a page", LIST_OF(0xfff), ANY_ERROR, 0, 0, 0 },
	{ "15 input in the APIC page", HV_FLUSH_SPACE, ONLY(HV_INVALID_INPUT), 0, 0, APIC_PAGE },
	{ "15 input past the GPA space", HV_FLUSH_SPACE, ONLY(HV_INVALID_INPUT), 0, 0,
	  PAST_THE_SPACE },
	{ "15 input that would wrap", HV_FLUSH_SPACE, ANY_ERROR, 0, 0, ~7ull },
	{ "23 refused call, unaligned", HV_POST_MESSAGE, ONLY(HV_ACCESS_DENIED), 0, 4, 0 },
};

static void run_row(const struct row *r)
{
	memset(input, 0, PAGE_SIZE);
	memcpy(input + r->offset, block, MIN(sizeof(block), PAGE_SIZE - r->offset));
	/* The output address is ignored by calls without output (row 17). */
	u64 result =
		hv_call(r->control, r->gpa ? r->gpa : phys(input) + r->offset, 0xfffffffffffffff3);

	check(result < BIT(44) && BIT(result & 0x3f) & r->statuses, "%s: result 0x%lx", r->name,
	      result);
	if (r->statuses == ONLY(HV_SUCCESS)) {
		check_eq(r->name, result, HV_RESULT(HV_SUCCESS, r->reps));
	}
}

static void reserved_bits(void)
{
	const u64 reserved = GENMASK(30, 27) | GENMASK(47, 44) | GENMASK(63, 60);

	memcpy(input, block, sizeof(block));
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (reserved & BIT(bit)) {
			check(hv_call(HV_FLUSH_SPACE | BIT(bit), phys(input), 0) ==
				      HV_INVALID_INPUT,
			      "7 reserved bit %u", bit);
		}
	}
}

static void registers_survive(void)
{
	struct hv_regs in, out;

	for (unsigned int i = 0; i < sizeof(in) / sizeof(u64); i++) {
		((u64 *)&in)[i] = 0x0101010101010101ull * (i + 1);
	}
	in.rcx = HV_FLUSH_SPACE | HV_FAST;
	in.rdx = 0;
	in.r8 = block[1];
	out = in;
	hv_call_regs(&out);
	if (cpuid(HV_LEAF_FEATURES, 0).edx & BIT(4)) {
		check_eq("19 fast call with an XMM word", out.rax, HV_SUCCESS);
		out.rax = in.rax;
		check(memcmp(&in, &out, sizeof(in)) == 0, "19 a call changes registers");
	}
}

void test_main(void)
{
	hv_require();
	input = page_alloc();
	hv_enable();
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_row(&rows[i]);
	}
	reserved_bits();
	registers_survive();
	(void)hv_call(HV_FLUSH_SPACE, phys(hv_page),
		      0); /* row 16: any status, and we are still here */
	report_success();
}
