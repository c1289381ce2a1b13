/* SPDX-License-Identifier: MIT */
/*
 * The guest's instruction at RIP, for what the VMCS does not tell of it: fetching its bytes through
 * the guest's own page tables, and decoding them.
 */
#include "arch/x86/vmx/insn.h"

#include "arch/x86/hv_shell.h"
#include "arch/x86/memory.h"
#include "arch/x86/vmx/vmcs01.h"
#include "lib/string.h"
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

static void describe_paging(struct guest_paging *paging)
{
	*paging = (struct guest_paging){
		.cr0 = vmread(VMCS_guest_cr0),
		.cr3 = vmread(VMCS_guest_cr3),
		.cr4 = vmread(VMCS_guest_cr4),
		.efer = vmread(VMCS_guest_efer),
		.rflags = vmread(VMCS_guest_rflags),
		.maxphyaddr = (u8)vmx_machine.maxphyaddr,
		.model = vmx_machine.walk_model,
		.read64 = read64_l1,
	};
}

/* What is executed at gpa: an overlay page's bytes are not in L1's RAM. */
static bool read_code(u64 gpa, u8 *bytes, size_t len)
{
	const u8 *overlay = hv_shell_overlay(gpa);

	if (unlikely(overlay)) {
		memcpy(bytes, overlay + (gpa & ~PAGE_MASK), len);
		return true;
	}
	return l1_read(gpa, bytes, len);
}

static bool fetch(const struct guest_paging *paging, u64 linear, u8 *bytes, size_t len)
{
	u32 access = GUEST_WALK_FETCH | (vmx_cpl() == 3 ? GUEST_WALK_USER : 0);
	struct guest_walk_result result;

	return guest_walk(paging, linear, access, &result) == GUEST_WALK_OK &&
	       read_code(result.gpa, bytes, len);
}

int vmx_decode(struct vmx_vcpu *x __maybe_unused, struct insn *insn)
{
	enum decode_mode mode = vmx_decode_mode();
	u64 linear = linear_rip(mode);
	size_t first = MIN(PAGE_SIZE - (linear & ~PAGE_MASK), (u64)INSN_MAX_LENGTH);
	struct guest_paging paging;
	u8 bytes[INSN_MAX_LENGTH];
	size_t len = 0;

	describe_paging(&paging);
	if (fetch(&paging, linear, bytes, first)) {
		len = first;
		if (first < INSN_MAX_LENGTH &&
		    fetch(&paging, linear + first, bytes + first, INSN_MAX_LENGTH - first)) {
			len = INSN_MAX_LENGTH;
		}
	}
	return decode_insn(bytes, len, mode, insn);
}
