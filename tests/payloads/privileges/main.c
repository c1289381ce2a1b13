/* SPDX-License-Identifier: MIT */
/*
 * A hypercall whose privilege or recommendation CPUID does not offer is refused with the status that the TLFS
 * gives it, and one that is offered gets as far as its own checks.
 */
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"

const char test_title[] = "hypercalls against the offered privileges";

enum offer {
	F_EBX,
	F_EDX,
	H_EAX,
	SPIN,
	NEVER
};
#define UD BIT(16) /* beside the 16-bit statuses */

static u64 *output;

static const struct row {
	const char *name;
	u64 control;
	enum offer offer;
	u32 bit;
	u32 refused, allowed;
	u64 words[4];
} rows[] = {
	{ "POST_MESSAGE", HV_POST_MESSAGE, F_EBX, 4, HV_ACCESS_DENIED, HV_INVALID_INPUT, { 0 } },
	{ "SIGNAL_EVENT", HV_SIGNAL_EVENT, F_EBX, 5, HV_ACCESS_DENIED, HV_INVALID_INPUT, { 0 } },
	{ "RESET_DEBUG_SESSION", HV_RESET_DEBUG_SESSION, NEVER, 0, HV_INVALID_CODE, 0, { 0 } },
	{ "FLUSH_SPACE", HV_FLUSH_SPACE, H_EAX, 2, HV_ACCESS_DENIED, HV_SUCCESS, { 0, 3, 0 } },
	{ "FLUSH_LIST",
	  HV_FLUSH_LIST | HV_REPS(0),
	  H_EAX,
	  2,
	  HV_ACCESS_DENIED,
	  HV_INVALID_INPUT,
	  { 0, 3, 0 } },
	{ "FLUSH_SPACE_EX",
	  HV_FLUSH_SPACE_EX,
	  H_EAX,
	  11,
	  HV_ACCESS_DENIED,
	  HV_SUCCESS,
	  { 0, 3, HV_SET_ALL } },
	{ "FLUSH_LIST_EX",
	  HV_FLUSH_LIST_EX,
	  H_EAX,
	  11,
	  HV_ACCESS_DENIED,
	  HV_INVALID_INPUT,
	  { 0, 3, 1 } },
	{ "SEND_IPI", HV_SEND_IPI, H_EAX, 10, HV_ACCESS_DENIED, HV_INVALID_INPUT, { 0 } },
	{ "SEND_IPI_EX", HV_SEND_IPI_EX, H_EAX, 11, HV_ACCESS_DENIED, HV_SUCCESS, { 0 } },
	{ "LONG_SPIN_WAIT", HV_LONG_SPIN_WAIT, SPIN, 0, HV_ACCESS_DENIED, HV_SUCCESS, { 0 } },
	{ "EXT_QUERY_CAPABILITIES",
	  HV_EXT_QUERY_CAPABILITIES,
	  F_EBX,
	  20,
	  HV_ACCESS_DENIED,
	  HV_SUCCESS,
	  { 0 } },
	{ "FLUSH_SPACE through XMM",
	  HV_FLUSH_SPACE | HV_FAST,
	  F_EDX,
	  4,
	  UD,
	  HV_SUCCESS,
	  { 0, 3, 0 } },
};

static bool is_offered(const struct row *r)
{
	struct cpuid_regs f = cpuid(HV_LEAF_FEATURES, 0), h = cpuid(HV_LEAF_HINTS, 0);

	switch (r->offer) {
	case F_EBX:
		return f.ebx & BIT(r->bit);
	case F_EDX:
		return f.edx & BIT(r->bit);
	case H_EAX:
		return h.eax & BIT(r->bit);
	case SPIN:
		return h.ebx != 0 && h.ebx != ~0u;
	default:
		return false;
	}
}

static u64 result;

static void call(void *arg)
{
	const struct row *r = arg;

	result = r->control & HV_FAST ? hv_call_fast(r->control, r->words, 3)
				      : hv_call_memory(r->control, r->words, 4, phys(output));
}

void test_main(void)
{
	hv_require();
	hv_enable();
	output = page_alloc();
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		bool offered = is_offered(r);
		u32 want = offered ? r->allowed : r->refused;

		/* The Ex forms of IPI need their own recommendation too. */
		if (r->control == HV_SEND_IPI_EX && !(cpuid(HV_LEAF_HINTS, 0).eax & BIT(10))) {
			want = HV_ACCESS_DENIED;
		}
		*output = ~0ull;
		exinfo_t ex = guard_call(call, (void *)r);

		check(ex == (want == UD ? EXINFO_UD : EXINFO_NONE), "%s, %soffered: %s", r->name,
		      offered ? "" : "not ", exinfo_text(ex));
		check(want == UD || result == want, "%s, %soffered: 0x%lx, want 0x%x", r->name,
		      offered ? "" : "not ", result, want);
		if (r->control == HV_EXT_QUERY_CAPABILITIES) {
			check((*output != ~0ull) == offered, "the output is %swritten",
			      offered ? "not " : "");
		}
	}
	report_success();
}
