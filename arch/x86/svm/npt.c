/* SPDX-License-Identifier: MIT */
/* L2's nested paging: L1's tables walked, composed with NPT01 and put into the shadow set. */
#include "arch/x86/memory.h"
#include "arch/x86/slat01.h"
#include "arch/x86/slat02.h"
#include "arch/x86/svm/svm.h"

static const struct slat02_env env = {
	.format = &pt_format_npt,
	.lookup = slat01_lookup,
	.demand_map = slat01_demand_map,
};

static bool read64(void *ctx __maybe_unused, u64 gpa, u64 *value)
{
	return l1_read64(gpa, value);
}

static bool cmpxchg64(void *ctx __maybe_unused, u64 gpa, u64 want, u64 value, bool *swapped)
{
	return l1_cmpxchg64(gpa, want, value, swapped);
}

static enum guest_walk_status walk12(struct svm_vcpu *s, u64 l2gpa, u32 access,
				     struct guest_walk_result *result)
{
	const struct vmcb_save *host = &s->vmcb01->save;
	struct guest_paging paging = {
		.cr0 = host->cr0,
		.cr3 = s->vmcb12->control.n_cr3,
		.cr4 = host->cr4,
		.efer = host->efer,
		.maxphyaddr = (u8)svm_machine.maxphyaddr,
		.model = svm_machine.walk_model,
		.read64 = read64,
		.cmpxchg64 = cmpxchg64,
	};
	enum guest_walk_status status;

	/* Another CPU may change an entry under the walk; twice is chance, more is a game. */
	for (unsigned int i = 0; i < 4; i++) {
		status = npt_walk(&paging, L2GPA(l2gpa), access, result);
		if (status != GUEST_WALK_RETRY) {
			break;
		}
	}
	return status;
}

bool npt_l2_translate(struct svm_vcpu *s, u64 l2gpa, u64 *gpa)
{
	struct guest_walk_result result;

	if (likely(slat02_translate(&s->slat, s->set, l2gpa, gpa))) {
		return true;
	}
	if (walk12(s, l2gpa, 0, &result) != GUEST_WALK_OK) {
		return false;
	}
	*gpa = result.gpa;
	return true;
}

/* Says in vmcb02 what L1's tables say. [APM "Nested versus Guest Page Faults, Fault Ordering"] */
static enum npt_result reflect(struct vmcb_control *c, u64 error_code)
{
	c->exitinfo1 = (c->exitinfo1 & (NPF_FINAL | NPF_WALK)) | NPF_USER | error_code;
	return NPT_REFLECT;
}

/* L2 without nested paging runs on NPT01 itself. */
static enum npt_result plain_fault(u64 l2gpa, u64 *gpa)
{
	*gpa = l2gpa;
	return slat01_demand_map(l2gpa) ? NPT_FILLED : NPT_EMULATE;
}

enum npt_result npt_l2_fault(struct svm_vcpu *s, u64 *gpa)
{
	struct vmcb_control *c = &s->vmcb02->control;
	bool write = c->exitinfo1 & NPF_WRITE;
	bool fetch = c->exitinfo1 & NPF_EXEC;
	u32 access =
		(write ? GUEST_WALK_WRITE : 0) | (fetch ? GUEST_WALK_FETCH : 0) | GUEST_WALK_SET_AD;
	u32 needed = PT_READ | (write ? PT_WRITE : 0) | (fetch ? PT_EXEC : 0);
	struct guest_walk_result walk;

	if (!s->npt12) {
		return plain_fault(c->exitinfo2, gpa);
	}
	switch (walk12(s, c->exitinfo2, access, &walk)) {
	case GUEST_WALK_OK:
		break;
	case GUEST_WALK_RETRY:
		return NPT_FILLED;
	case GUEST_WALK_FAULT:
		return reflect(c, walk.error_code);
	default:
		/* L1's tables lie where L1 has no memory. */
		return reflect(c, write ? NPF_WRITE : 0);
	}
	*gpa = walk.gpa;
	/*
	 * Writable only once L1's entry says dirty: the write that makes it so has to be seen. The
	 * dirty bit of the shadow entry itself means nothing.
	 */
	if (!walk.dirty) {
		walk.perms &= (u8)~PT_WRITE;
	}
	/* Select anew: making room may have dropped the set that L2 runs on. */
	svm_nested_prepare(s);
	switch (slat02_fill(&env, &s->slat, s->set, c->exitinfo2, &walk, needed)) {
	case SLAT02_FILLED:
		return NPT_FILLED;
	case SLAT02_KEPT:
		return NPT_EMULATE;
	default:
		return reflect(c, write ? NPF_WRITE : 0);
	}
}
