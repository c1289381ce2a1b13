/* SPDX-License-Identifier: MIT */
/*
 * Sets of VPs and flags in flush calls: what is malformed has its status, in memory and fast
 * alike, and VPs that do not exist are no error. The numbers are the rows of the project's list
 * of facts on VP sets.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"

const char test_title[] = "VP sets of the flush calls";

#define EX	   (HV_FLUSH_SPACE_EX)
#define LIST_EX(n) (HV_FLUSH_LIST_EX | HV_REPS(n))
#define FLAGS	   HV_ALL_ADDRESS_SPACES
#define BANKS(n)   (BIT(n) - 1)
#define SPARSE	   HV_SET_SPARSE
#define ALL	   HV_SET_ALL

static const struct row {
	const char *name;
	u64 control, result;
	unsigned int count; /* words of input */
	u64 words[12];	    /* space, flags; mask, or format, banks, contents */
} rows[] = {
#define SET(...) { __VA_ARGS__ },
#include "tests/payloads/vpset/sets.def"
#undef SET
};

static void run_row(const struct row *r)
{
	u64 result = hv_call_memory(r->control, r->words, r->count, 0);

	check_eq(r->name, result, r->result);
	if (cpuid(HV_LEAF_FEATURES, 0).edx & BIT(4) || r->count <= 2) {
		check_eq(r->name, hv_call_fast(r->control, r->words, r->count), r->result);
	}
}

/* Fast input holds 14 words: 4 of header and 10 banks fit, an eleventh does not. */
static void longest_fast_input(void)
{
	u64 words[16] = { 0, FLAGS, SPARSE, BANKS(10), 1 };

	check_eq("4 10 banks in registers", hv_call_fast(EX | HV_VARHEAD(10), words, 14),
		 HV_SUCCESS);
	words[3] = BANKS(11);
	check_eq("4 11 banks in registers", hv_call_fast(EX | HV_VARHEAD(11), words, 14),
		 HV_INVALID_INPUT);
	check_eq("4 the most banks", hv_call_fast(EX | HV_VARHEAD(0x3ff), words, 14),
		 HV_INVALID_INPUT);
}

/*
 * Memory holds a page: 64 full banks are 512 bytes, and a list may follow them up to the page's
 * end.
 */
static void longest_memory_input(void)
{
	static u64 words[512] = { 0, FLAGS, SPARSE, ~0ull };

	words[4] = ~0ull;
	check_eq("64 banks", hv_call_memory(EX | HV_VARHEAD(64), words, 68, 0), HV_SUCCESS);
	check_eq("64 banks and a list to the page's end",
		 hv_call_memory(LIST_EX(444) | HV_VARHEAD(64), words, 512, 0),
		 HV_RESULT(HV_SUCCESS, 444));
	u64 result = hv_call_memory(LIST_EX(445) | HV_VARHEAD(64), words, 512, 0);
	check(result == HV_INVALID_INPUT || result == HV_INVALID_ALIGNMENT,
	      "a list past the page's end: 0x%lx", result);
	check_eq("65 banks", hv_call_memory(EX | HV_VARHEAD(65), words, 69, 0), HV_INVALID_INPUT);
}

void test_main(void)
{
	hv_require();
	hv_enable();
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_row(&rows[i]);
	}
	if (cpuid(HV_LEAF_FEATURES, 0).edx & BIT(4)) {
		longest_fast_input();
	}
	longest_memory_input();
	report_success();
}
