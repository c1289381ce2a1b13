/* SPDX-License-Identifier: MIT */
/*
 * The guest's instruction at RIP, for what the VMCS does not tell of it: fetching its bytes through
 * the guest's own page tables, and decoding them.
 */
#include "arch/x86/vmx/insn.h"

#include "arch/x86/fetch.h"
#include "arch/x86/memory.h"
#include "arch/x86/vmx/ept.h"
#include "mm/guest_walk.h"

enum decode_mode vmx_decode_mode(void)
{
	u64 rights = vmread(VMCS_guest_cs_access_rights);

	if ((vmread(VMCS_guest_efer) & EFER_LMA) && (rights & AR_L)) {
		return DECODE_64;
	}
	return rights & AR_DB ? DECODE_32 : DECODE_16;
}

/* [SDM "Guest Register State"]: SS.DPL is the CPL in every mode. */
u32 vmx_cpl(void)
{
	return (u32)FIELD_GET(AR_DPL_MASK, vmread(VMCS_guest_ss_access_rights));
}

static u64 linear_rip(enum decode_mode mode)
{
	u64 rip = vmread(VMCS_guest_rip);

	return mode == DECODE_64 ? rip : low32(vmread(VMCS_guest_cs_base) + low32(rip));
}

static bool read64_l1(void *ctx __maybe_unused, u64 gpa, u64 *value)
{
	return l1_read64_at(gpa, value);
}

/* For the walk of L2's own tables: each of their entries is at an L2 GPA. */
static bool read64_l2(void *ctx, u64 l2gpa, u64 *value)
{
	u64 gpa;

	return ept_l2_translate(ctx, l2gpa, &gpa) && l1_read64_at(gpa, value);
}

/* The guest-physical (for L2 under EPT: L1's) address of a linear address, to fetch. */
static bool translate(void *ctx, u64 linear, u64 *gpa)
{
	struct vmx_vcpu *x = ctx;
	bool nested = x->v.in_l2 && ept12_is_on(x);
	struct guest_walk_result result;
	struct guest_paging paging = {
		.cr0 = vmread(VMCS_guest_cr0),
		.cr3 = vmread(VMCS_guest_cr3),
		.cr4 = vmread(VMCS_guest_cr4),
		.efer = vmread(VMCS_guest_efer),
		.rflags = vmread(VMCS_guest_rflags),
		.maxphyaddr = (u8)vmx_machine.maxphyaddr,
		.model = vmx_machine.walk_model,
		.ctx = x,
		.read64 = nested ? read64_l2 : read64_l1,
	};
	u32 access = GUEST_WALK_FETCH | (vmx_cpl() == 3 ? GUEST_WALK_USER : 0);

	if (guest_walk(&paging, linear, access, &result) != GUEST_WALK_OK) {
		return false;
	}
	*gpa = result.gpa;
	return !nested || ept_l2_translate(x, result.gpa, gpa);
}

int vmx_decode(struct vmx_vcpu *x, struct insn *insn)
{
	enum decode_mode mode = vmx_decode_mode();
	u8 bytes[INSN_MAX_LENGTH];
	size_t len = fetch_insn(translate, x, linear_rip(mode), bytes);

	return decode_insn(bytes, len, mode, insn);
}
