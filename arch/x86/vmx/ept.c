/* SPDX-License-Identifier: MIT */
/* The shell around the walk of EPT12 and the composition: L1's memory, the VP's sets. */
#include "arch/x86/vmx/ept.h"

#include "arch/x86/console.h"
#include "arch/x86/memory.h"
#include "arch/x86/percpu.h"
#include "arch/x86/slat01.h"
#include "arch/x86/slat02.h"

static const struct slat02_env env = {
	.format = &pt_format_ept,
	.lookup = slat01_lookup,
	.demand_map = slat01_demand_map,
};

static bool read64(void *ctx __maybe_unused, u64 gpa, u64 *value)
{
	return l1_read64(gpa, value);
}

static enum guest_walk_status walk12(struct vmx_vcpu *x, u64 l2gpa, u32 needed,
				     struct guest_walk_result *result)
{
	struct guest_paging paging = {
		.cr3 = x->vmcs12.ept_pointer,
		.maxphyaddr = (u8)vmx_machine.caps.maxphyaddr,
		.model = ept_walk_model(vmx_machine.caps.ept_vpid),
		.read64 = read64,
	};

	return ept_walk(&paging, L2GPA(l2gpa), needed, result);
}

u64 ept_select(struct vmx_vcpu *x)
{
	if (!ept12_is_on(x)) {
		return vmx_machine.eptp01;
	}
	x->set = slat02_select(&x->slat, x->vmcs12.ept_pointer & EPTP_EP4TA);
	return ept_pointer(slat_root_spa(&x->slat, x->set));
}

bool ept_take_flush(struct vmx_vcpu *x)
{
	return ept12_is_on(x) && slat02_take_debt(&x->slat, x->set);
}

bool ept_l2_translate(struct vmx_vcpu *x, u64 l2gpa, u64 *gpa)
{
	struct guest_walk_result result;

	if (unlikely(!ept12_is_on(x))) {
		*gpa = l2gpa;
		return true;
	}
	if (likely(slat02_translate(&x->slat, x->set, l2gpa, gpa))) {
		return true;
	}
	if (walk12(x, l2gpa, 0, &result) != GUEST_WALK_OK) {
		return false;
	}
	*gpa = result.gpa;
	return true;
}

/* L2 without nested paging runs on EPT01 itself. */
static enum ept_result plain_fault(struct ept_fault *fault)
{
	fault->gpa = fault->l2gpa;
	return slat01_demand_map(fault->l2gpa) ? EPT_FILLED : EPT_EMULATE;
}

/*
 * The hardware refused an entry that Plinth made. Trying again could go on for ever: L1 is told
 * what the hardware told, and the set begins anew.
 */
static enum ept_result misconfigured(struct vmx_vcpu *x, struct ept_fault *fault)
{
	log_limited(LOG_ERROR, "L1 CPU %u: hardware refused an entry of EPT%s at %llx", x->v.id,
		    ept12_is_on(x) ? "02" : "01", (unsigned long long)fault->l2gpa);
	slat_drop_all(&x->slat);
	fault->qualification = 0;
	return EPT_REFLECT;
}

enum ept_result ept_l2_fault(struct vmx_vcpu *x, struct ept_fault *fault)
{
	u32 needed = ept_needed(fault->qualification);
	struct guest_walk_result walk;
	enum guest_walk_status status;

	if (unlikely(fault->reason == EXIT_REASON_EPT_MISCONFIG)) {
		return misconfigured(x, fault);
	}
	if (!ept12_is_on(x)) {
		return plain_fault(fault);
	}
	status = walk12(x, fault->l2gpa, needed, &walk);
	if (ept_reflect(status, &walk, fault)) {
		return EPT_REFLECT;
	}
	fault->gpa = walk.gpa;
	/* Select anew: making room may have dropped the set that L2 runs on. */
	ept_select(x);
	switch (slat02_fill(&env, &x->slat, x->set, fault->l2gpa, &walk, needed)) {
	case SLAT02_FILLED:
		return EPT_FILLED;
	case SLAT02_KEPT:
		return EPT_EMULATE;
	default:
		ept_reflect(GUEST_WALK_FAULT, &walk, fault);
		return EPT_REFLECT;
	}
}

void ept_invept_single(struct vmx_vcpu *x, u64 eptp12)
{
	slat02_drop_root(&x->slat, eptp12 & EPTP_EP4TA);
	x->v.cpu->stats.nested_tlb_evict++;
}

void ept_invept_all(struct vmx_vcpu *x)
{
	slat_drop_all(&x->slat);
	x->v.cpu->stats.nested_tlb_evict++;
}
