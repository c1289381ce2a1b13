/* SPDX-License-Identifier: MIT */
/*
 * The hypercall ABI, from registers to handler and back. Nothing here knows what a call does; the
 * two handlers at the end are the ones too small for a file.
 */
#include "hv/hypercall.h"

#define RAISE_UD 0x10000u /* beside the 16-bit statuses */

/* clang-format off */
#define SIMPLE(c, f, h, v, o, w, n, fn)                                                            \
	{ .code = (c), .name = #c, .fast = (f), .header = (h), .variable_max = (v),                \
	  .output = (o), .word = (w), .needs = (u32)(n), .handler = (fn) },
#define REP(c, f, h, e, v, w, n, fn)                                                               \
	{ .code = (c), .name = #c, .rep = true, .fast = (f), .header = (h), .element = (e),        \
	  .variable_max = (v), .word = (w), .needs = (u32)(n), .handler = (fn) },
#define REFUSED(c) { .code = (c), .name = #c },
/* clang-format on */

static const struct hv_hypercall_row hypercalls[] = {
#include "hv/hypercalls.def"
};

/* The caller's registers, one form. */
struct request {
	u64 control;
	u64 input;  /* GPA, or the first 8 bytes */
	u64 output; /* GPA, or the second 8 bytes */
};

static struct request read_registers(const struct hv_caller *caller,
				     const struct hv_hypercall_regs *r)
{
	if (caller->long_mode) {
		return (struct request){ r->rcx, r->rdx, r->r8 };
	}
	return (struct request){ make64(low32(r->rdx), low32(r->rax)),
				 make64(low32(r->rbx), low32(r->rcx)),
				 make64(low32(r->rdi), low32(r->rsi)) };
}

static const struct hv_hypercall_row *find_row(const struct hv_hypercall_row *rows, u32 count,
					       u16 code)
{
	for (u32 i = 0; i < count; i++) {
		if (rows[i].code == code) {
			return &rows[i];
		}
	}
	return NULL;
}

static bool is_offered(const struct hv_policy *policy, const struct hv_hypercall_row *row)
{
	if (row->handler == NULL) {
		return false;
	}
	if (row->word == HV_HINTS_EBX) { /* a number, and two values of it mean "never" */
		return hv_policy_has_spin_notify(policy);
	}
	return hv_policy_has(policy, row->word, row->needs);
}

static u32 check_control(const struct hv_hypercall_row *row, u64 control, struct hv_call *call)
{
	u32 variable = (u32)FIELD_GET(HV_HYPERCALL_VARIABLE_HEADER_SIZE, control);
	u32 count = (u32)FIELD_GET(HV_HYPERCALL_REP_COUNT, control);
	u32 start = (u32)FIELD_GET(HV_HYPERCALL_REP_START, control);

	if (control & (HV_HYPERCALL_RSVDZ | HV_HYPERCALL_IS_NESTED)) {
		/* Is Nested addresses the hypervisor below Plinth, and there is none. */
		return HV_STATUS_INVALID_HYPERCALL_INPUT; /* [TLFS "Hypercall Inputs"] */
	}
	if (row->rep ? start >= count : (start | count) != 0) {
		return HV_STATUS_INVALID_HYPERCALL_INPUT; /* [TLFS "Hypercall Inputs"] */
	}
	if (variable > row->variable_max) {
		/* [TLFS "Variable Sized Hypercall Input Headers"] */
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	}
	call->variable = variable;
	call->rep_count = count;
	call->rep_start = start;
	call->reps_done = start;
	return HV_STATUS_SUCCESS;
}

static u32 fetch_fast(const struct hv_hypercall_row *row, const struct request *request, u32 size,
		      const struct hv_hypercall_io *io, struct hv_call *call)
{
	const struct hv_policy *policy = call->partition->policy;

	if (!row->fast) {
		return HV_STATUS_INVALID_PARAMETER; /* has output, which would need registers */
	}
	if (size > HV_FAST_INPUT_GPR_BYTES &&
	    !hv_policy_has(policy, HV_FEATURES_EDX,
			   HV_XMM_REGISTERS_FOR_FAST_HYPERCALL_AVAILABLE)) {
		return RAISE_UD; /* [TLFS "XMM Fast Hypercall Input"] */
	}
	if (size > HV_FAST_INPUT_MAX_BYTES) {
		return HV_STATUS_INVALID_HYPERCALL_INPUT; /* [TLFS "XMM Fast Hypercall Input"] */
	}
	call->input[0] = request->input;
	call->input[1] = request->output;
	if (size > HV_FAST_INPUT_GPR_BYTES) {
		io->read_xmm(io->ctx, (size - HV_FAST_INPUT_GPR_BYTES + 15) / 16, call->input + 2);
	}
	return HV_STATUS_SUCCESS;
}

static u32 check_gpa(const struct hv_platform *platform, u64 gpa, u32 size)
{
	if (size == 0) {
		return HV_STATUS_SUCCESS; /* [TLFS "Alignment Requirements"]: ignored */
	}
	if ((gpa & 7) != 0 || (gpa & ~PAGE_MASK) + size > PAGE_SIZE) {
		return HV_STATUS_INVALID_ALIGNMENT; /* [TLFS "Alignment Requirements"] */
	}
	if (gpa >= platform->max_gpa) {
		return HV_STATUS_INVALID_HYPERCALL_INPUT; /* treated as any page that is not RAM */
	}
	return HV_STATUS_SUCCESS;
}

static u32 fetch_memory(const struct hv_hypercall_row *row, const struct request *request, u32 size,
			const struct hv_hypercall_io *io, struct hv_call *call)
{
	const struct hv_partition *partition = call->partition;
	u32 status = check_gpa(partition->platform, request->input, size);

	if (status == HV_STATUS_SUCCESS) {
		status = check_gpa(partition->platform, request->output, row->output);
	}
	if (status != HV_STATUS_SUCCESS) {
		return status;
	}
	if (row->output != 0) {
		if (ranges_overlap(request->input, size, request->output, row->output) ||
		    hv_overlay_read_only_at(&partition->overlays, request->output)) {
			/* [TLFS "Alignment Requirements"] */
			return HV_STATUS_INVALID_HYPERCALL_INPUT;
		}
	}
	if (size != 0 && !io->read(io->ctx, request->input, call->input, size)) {
		return HV_STATUS_INVALID_HYPERCALL_INPUT; /* [TLFS "Alignment Requirements"] */
	}
	return HV_STATUS_SUCCESS;
}

static u32 run_row(const struct hv_hypercall_row *row, const struct request *request,
		   const struct hv_hypercall_io *io, struct hv_call *call)
{
	bool fast = (request->control & HV_HYPERCALL_FAST) != 0;
	u32 status = check_control(row, request->control, call);
	u32 header, size;

	if (status != HV_STATUS_SUCCESS) {
		return status;
	}
	header = row->header + call->variable * 8;
	size = header + call->rep_count * row->element; /* at most 4095 elements: no overflow */
	status = fast ? fetch_fast(row, request, size, io, call)
		      : fetch_memory(row, request, size, io, call);
	if (status != HV_STATUS_SUCCESS) {
		return status;
	}
	call->list = call->input + header / 8;
	status = row->handler(call);
	if (row->rep) {
		call->result->reps = (u16)call->reps_done;
	}
	if (status == HV_STATUS_SUCCESS && row->output != 0 &&
	    !io->write(io->ctx, request->output, call->output, row->output)) {
		return HV_STATUS_INVALID_HYPERCALL_INPUT; /* [TLFS "Alignment Requirements"] */
	}
	return status;
}

/* The instruction runs again, with the rep start index moved on. */
static void continue_call(u64 control, bool long_mode, struct hv_hypercall_result *result)
{
	u64 next = (control & ~HV_HYPERCALL_REP_START) |
		   FIELD_PREP(HV_HYPERCALL_REP_START, result->reps);

	result->action = HV_HYPERCALL_CONTINUE;
	if (long_mode) {
		result->rcx = next;
		result->writes = HV_WRITES_RCX;
	} else {
		result->rdx = high32(next); /* EAX, the other half, stays */
		result->writes = HV_WRITES_RDX;
	}
}

static void complete_call(u16 status, bool long_mode, struct hv_hypercall_result *result)
{
	u64 value = status | FIELD_PREP(HV_HYPERCALL_RESULT_REPS, result->reps);

	result->action = HV_HYPERCALL_COMPLETE;
	result->status = status;
	if (long_mode) {
		result->rax = value;
		result->writes = HV_WRITES_RAX;
	} else {
		result->rax = low32(value);
		result->rdx = high32(value);
		result->writes = HV_WRITES_RAX | HV_WRITES_RDX;
	}
}

static bool may_call(const struct hv_partition *partition, const struct hv_caller *caller)
{
	/* [TLFS "Legal Hypercall Environments"] */
	return caller->cpl == 0 && caller->protected &&
	       (partition->hypercall & HV_OVERLAY_MSR_ENABLE) != 0;
}

void hv_hypercall_by_rows(const struct hv_hypercall_row *rows, u32 count,
			  const struct hv_partition *partition, struct hv_vp *vp,
			  const struct hv_caller *caller, const struct hv_hypercall_regs *regs,
			  const struct hv_hypercall_io *io, struct hv_hypercall_result *result)
{
	struct request request = read_registers(caller, regs);
	const struct hv_hypercall_row *row;
	struct hv_call call;
	u32 status;

	if (!may_call(partition, caller)) {
		result->action = HV_HYPERCALL_UD;
		return;
	}
	result->code = (u16)FIELD_GET(HV_HYPERCALL_CODE, request.control);
	result->effect = HV_EFFECT_NONE;
	result->reps = 0;
	row = find_row(rows, count, result->code);
	if (row == NULL) {
		status = HV_STATUS_INVALID_HYPERCALL_CODE;
	} else if (!is_offered(partition->policy, row)) {
		status = HV_STATUS_ACCESS_DENIED; /* [TLFS "Ordering of Error Conditions"] */
	} else {
		call.partition = partition;
		call.input = vp->input;
		call.result = result;
		status = run_row(row, &request, io, &call);
	}
	if (status == RAISE_UD) {
		result->action = HV_HYPERCALL_UD;
	} else if (status == HV_STATUS_SUCCESS && row->rep && call.reps_done < call.rep_count) {
		continue_call(request.control, caller->long_mode, result);
	} else {
		complete_call((u16)status, caller->long_mode, result);
	}
}

void hv_hypercall(const struct hv_partition *partition, struct hv_vp *vp,
		  const struct hv_caller *caller, const struct hv_hypercall_regs *regs,
		  const struct hv_hypercall_io *io, struct hv_hypercall_result *result)
{
	hv_hypercall_by_rows(hypercalls, ARRAY_SIZE(hypercalls), partition, vp, caller, regs, io,
			     result);
}

const char *hv_hypercall_name(u16 code)
{
	const struct hv_hypercall_row *row = find_row(hypercalls, ARRAY_SIZE(hypercalls), code);

	return row == NULL ? NULL : row->name;
}

u16 hv_notify_long_spin_wait(struct hv_call *call)
{
	call->result->effect = HV_EFFECT_YIELD;
	return HV_STATUS_SUCCESS; /* advisory: whatever the spin count says */
}

u16 hv_ext_query_capabilities(struct hv_call *call)
{
	call->output[0] = 0; /* no other extended hypercall */
	return HV_STATUS_SUCCESS;
}
