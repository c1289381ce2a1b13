/* SPDX-License-Identifier: MIT */
/*
 * A hypercall whose privilege or recommendation CPUID does not offer is refused with the status
 * that the TLFS gives it, and one that is offered gets as far as its own checks.
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
#define UD     BIT(16) /* beside the 16-bit statuses */
#define DENIED HV_ACCESS_DENIED

static u64 *output;

static const struct row {
	const char *name;
	u64 control;
	enum offer offer;
	u32 bit;
	u32 refused, allowed;
	u64 words[4];
} rows[] = {
#define CALL(...) { __VA_ARGS__ },
#include "tests/payloads/privileges/calls.def"
#undef CALL
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
	const u32 hints = cpuid(HV_LEAF_HINTS, 0).eax;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		bool offered = is_offered(r);
		u32 want = offered ? r->allowed : r->refused;

		/* A refusal of the call itself comes before anything about its input. */
		if ((r->control == HV_SEND_IPI_EX && !(hints & BIT(10))) ||
		    (r->control & HV_FAST && !(hints & BIT(2)))) {
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
