/* SPDX-License-Identifier: MIT */
/* VMX's instructions of L1, each in the order of its pseudo-code in the SDM. Pure. */
#include "arch/x86/vmx/insn_parts.h"
#include "arch/x86/vmx/vmcs12.h"

#define POINTER_SIZE 8

/* The operand of VMXON, VMCLEAR and VMPTRLD: 64 bits in every mode. */
static enum vmx_insn_result read_pointer(struct vmx_insn *insn, u64 *pointer)
{
	struct vmx_operand op;

	vmx_operand_decode(insn->instruction_info, insn->qualification, &op);
	*pointer = 0;
	return vmx_insn_read(insn, &op, pointer, POINTER_SIZE);
}

/* The address of a page, within the physical address width. */
static bool pointer_is_good(const struct vmx_insn *insn, u64 pointer)
{
	return IS_ALIGNED(pointer, PAGE_SIZE) && pointer < BIT(insn->caps->maxphyaddr);
}

/*
 * The region's revision word, with bit 31, the shadow-VMCS indicator, which cannot be set here.
 * What is no RAM of L1's reads as ones, and that is no revision.
 */
static bool revision_is_good(const struct vmx_insn *insn, const void *page)
{
	u64 basic = insn->caps->msr[0]; /* IA32_VMX_BASIC */

	return page && vmcs12_read_revision(page) == FIELD_GET(VMX_BASIC_REVISION_MASK, basic);
}

static bool is_enlightened(const struct vmx_insn *insn, struct vmx_assist *assist)
{
	return insn->ops->assist(insn->ctx, assist) && assist->enlighten_vm_entry;
}

/* VMXON and VMXOFF */

/* [SDM "VMXON"]: #GP(0) outside of VMX operation; A20M mode and SMX are things of the past. */
static bool may_vmxon(struct vmx_insn *insn)
{
	const u64 needed = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
	const struct vmx_caps *caps = insn->caps;
	struct guest_paging paging;

	insn->ops->paging(insn->ctx, &paging);
	return insn->cpl == 0 && (paging.cr0 & caps->cr0_fixed0) == caps->cr0_fixed0 &&
	       !(paging.cr0 & ~caps->cr0_fixed1) &&
	       (paging.cr4 & caps->cr4_fixed0) == caps->cr4_fixed0 &&
	       !(paging.cr4 & ~caps->cr4_fixed1) && (insn->feature_control & needed) == needed;
}

static enum vmx_insn_result insn_vmxon(struct vmx_insn *insn)
{
	struct vmx_vcpu *x = insn->x;
	enum vmx_insn_result result;
	u64 pointer;

	if (x->vmxon) {
		if (insn->cpl != 0) {
			return vmx_insn_fault(insn, VECTOR_GP); /* [SDM "VMXON"] */
		}
		return vmx_insn_fail(insn, VMFAIL_VMXON_IN_ROOT);
	}
	if (!may_vmxon(insn)) {
		return vmx_insn_fault(insn, VECTOR_GP); /* [SDM "VMXON"] */
	}
	result = read_pointer(insn, &pointer);
	if (result != VMX_INSN_DONE) {
		return result;
	}
	if (!pointer_is_good(insn, pointer) ||
	    !revision_is_good(insn, insn->ops->page(insn->ctx, pointer))) {
		return vmx_insn_fail_invalid(insn); /* [SDM "VMXON"] */
	}
	x->vmxon = true;
	x->vmxon_gpa = pointer;
	x->current_gpa = VMX_NO_POINTER;
	x->evmcs_gpa = VMX_NO_POINTER;
	return vmx_insn_succeed(insn);
}

void vmx_current_put(struct vmx_vcpu *x, void *page)
{
	if (x->current_gpa != VMX_NO_POINTER && page) {
		vmcs12_store(page, &x->vmcs12, x->launched12);
	}
	x->current_gpa = VMX_NO_POINTER;
}

static void put_current(struct vmx_insn *insn)
{
	struct vmx_vcpu *x = insn->x;

	if (x->current_gpa != VMX_NO_POINTER) {
		vmx_current_put(x, insn->ops->page(insn->ctx, x->current_gpa));
	}
}

/* There is no dual-monitor treatment that could hold it up. [SDM "VMXOFF"] */
static enum vmx_insn_result insn_vmxoff(struct vmx_insn *insn)
{
	put_current(insn);
	insn->x->evmcs_gpa = VMX_NO_POINTER;
	insn->x->vmxon_gpa = VMX_NO_POINTER;
	insn->x->vmxon = false;
	return vmx_insn_succeed(insn);
}

/* VMCLEAR, VMPTRLD, VMPTRST */

/*
 * An enlightened VMCS goes from active to non-active [TLFS "Enlightened VMCS"], and its
 * page stays as it is. Whose region it is that L1 clears before the first use cannot be told: only
 * what Plinth has stored there itself is touched, and no revision is looked at.
 */
static enum vmx_insn_result insn_vmclear(struct vmx_insn *insn)
{
	struct vmx_vcpu *x = insn->x;
	u64 pointer;
	enum vmx_insn_result result = read_pointer(insn, &pointer);
	void *page;

	if (result != VMX_INSN_DONE) {
		return result;
	}
	if (!pointer_is_good(insn, pointer)) {
		return vmx_insn_fail(insn, VMFAIL_VMCLEAR_ADDRESS); /* [SDM "VMCLEAR"] */
	}
	if (pointer == x->vmxon_gpa) {
		return vmx_insn_fail(insn, VMFAIL_VMCLEAR_VMXON_POINTER); /* [SDM "VMCLEAR"] */
	}
	if (pointer == x->evmcs_gpa) {
		x->evmcs_gpa = VMX_NO_POINTER;
		return vmx_insn_succeed(insn);
	}
	page = insn->ops->page(insn->ctx, pointer);
	if (pointer == x->current_gpa) {
		x->launched12 = false;
		vmx_current_put(x, page);
	} else if (page) {
		vmcs12_clear(page);
	}
	return vmx_insn_succeed(insn);
}

/*
 * With an enlightened VMCS in use there is no place for another: VMfailInvalid, as Hyper-V's other
 * implementations have it. It is in use as long as the assist page says so and it is active.
 */
static enum vmx_insn_result insn_vmptrld(struct vmx_insn *insn)
{
	struct vmx_vcpu *x = insn->x;
	struct vmx_assist assist;
	u64 pointer;
	enum vmx_insn_result result = read_pointer(insn, &pointer);
	void *page;

	if (result != VMX_INSN_DONE) {
		return result;
	}
	if (!pointer_is_good(insn, pointer)) {
		return vmx_insn_fail(insn, VMFAIL_VMPTRLD_ADDRESS); /* [SDM "VMPTRLD"] */
	}
	if (pointer == x->vmxon_gpa) {
		return vmx_insn_fail(insn, VMFAIL_VMPTRLD_VMXON_POINTER); /* [SDM "VMPTRLD"] */
	}
	if (x->evmcs_gpa != VMX_NO_POINTER && is_enlightened(insn, &assist)) {
		return vmx_insn_fail_invalid(insn); /* [TLFS "Enlightened VMCS"] */
	}
	page = insn->ops->page(insn->ctx, pointer);
	if (!revision_is_good(insn, page)) {
		return vmx_insn_fail(insn, VMFAIL_VMPTRLD_REVISION); /* [SDM "VMPTRLD"] */
	}
	if (pointer != x->current_gpa) {
		put_current(insn);
		vmcs12_load(page, &x->vmcs12, &x->launched12);
		x->current_gpa = pointer;
		x->evmcs_gpa = VMX_NO_POINTER;
	}
	return vmx_insn_succeed(insn);
}

static enum vmx_insn_result insn_vmptrst(struct vmx_insn *insn)
{
	struct vmx_operand op;
	struct vmx_assist assist;
	u64 pointer = insn->x->current_gpa;
	enum vmx_insn_result result;

	if (is_enlightened(insn, &assist)) {
		pointer = assist.current_nested_vmcs;
	}
	vmx_operand_decode(insn->instruction_info, insn->qualification, &op);
	result = vmx_insn_write(insn, &op, &pointer, POINTER_SIZE);
	return result == VMX_INSN_DONE ? vmx_insn_succeed(insn) : result;
}

/* VMREAD, VMWRITE */

/* The operand size of VMREAD and VMWRITE goes by the mode alone, not by prefixes. */
static u32 natural_size(const struct vmx_insn *insn)
{
	return vmx_insn_is_64bit(insn) ? sizeof(u64) : sizeof(u32);
}

/*
 * Beside an active enlightened VMCS neither is supported, nor said what comes of it. [TLFS
 * "Enlightened VMCS"] VMREAD answers from what Plinth holds of it; VMWRITE is VMfailInvalid, for
 * the page is L1's to change.
 */
static enum vmx_insn_result insn_vmread(struct vmx_insn *insn)
{
	struct vmx_operand op;
	enum vmx_insn_result result;
	u64 value;

	if (!vmx_has_current(insn->x)) {
		return vmx_insn_fail_invalid(insn); /* [SDM "VMREAD"] */
	}
	vmx_operand_decode(insn->instruction_info, insn->qualification, &op);
	if (vmcs_read_encoding(&insn->x->vmcs12, vmx_insn_read_reg(insn, op.reg2), &value) !=
	    VMCS_OK) {
		return vmx_insn_fail(insn, VMFAIL_UNSUPPORTED_FIELD); /* [SDM "VMREAD"] */
	}
	if (op.is_register) {
		vmx_insn_write_reg(insn, op.reg1, value);
		return vmx_insn_succeed(insn);
	}
	result = vmx_insn_write(insn, &op, &value, natural_size(insn));
	return result == VMX_INSN_DONE ? vmx_insn_succeed(insn) : result;
}

void vmx_note_change(struct vmx_vcpu *x, u64 encoding)
{
	x->changed |= (u32)BIT(vmcs_field_of(low32(encoding) & ~1u)->group);
}

static enum vmx_insn_result insn_vmwrite(struct vmx_insn *insn)
{
	struct vmx_operand op;
	enum vmx_insn_result result;
	u64 value = 0;

	if (insn->x->current_gpa == VMX_NO_POINTER) {
		return vmx_insn_fail_invalid(insn); /* [SDM "VMWRITE"] */
	}
	vmx_operand_decode(insn->instruction_info, insn->qualification, &op);
	if (op.is_register) {
		value = vmx_insn_read_reg(insn, op.reg1);
	} else {
		result = vmx_insn_read(insn, &op, &value, natural_size(insn));
		if (result != VMX_INSN_DONE) {
			return result;
		}
	}
	switch (vmcs_write_encoding(&insn->x->vmcs12, vmx_insn_read_reg(insn, op.reg2), value)) {
	case VMCS_OK:
		vmx_note_change(insn->x, vmx_insn_read_reg(insn, op.reg2));
		return vmx_insn_succeed(insn);
	case VMCS_READ_ONLY:
		return vmx_insn_fail(insn, VMFAIL_VMWRITE_READ_ONLY); /* [SDM "VMWRITE"] */
	default:
		return vmx_insn_fail(insn, VMFAIL_UNSUPPORTED_FIELD); /* [SDM "VMWRITE"] */
	}
}

/* VMLAUNCH, VMRESUME */

static enum vmx_insn_result insn_enter(struct vmx_insn *insn __maybe_unused)
{
	return VMX_INSN_ENTER;
}

u32 vmx_insn_entry_error(const struct vmx_vcpu *x, bool mov_ss, bool launch)
{
	if (!vmx_has_current(x) || mov_ss) {
		return VMFAIL_ENTRY_MOV_SS; /* [SDM "VMLAUNCH/VMRESUME"] */
	}
	if (x->current_gpa == VMX_NO_POINTER) {
		return 0; /* an enlightened VMCS has no launch state */
	}
	if (launch) {
		return x->launched12 ? VMFAIL_VMLAUNCH_NOT_CLEAR : 0;
	}
	return x->launched12 ? 0 : VMFAIL_VMRESUME_NOT_LAUNCHED;
}

/* The instructions. VMFUNC has no row: #UD. */

struct row {
	enum vmx_insn_result (*run)(struct vmx_insn *insn);
	u64 needs; /* in caps->ept_vpid, else #UD */
};

static const struct row *row_of(u32 reason)
{
	static const struct row rows[] = {
		[EXIT_REASON_VMCLEAR] = { insn_vmclear, 0 },
		[EXIT_REASON_VMLAUNCH] = { insn_enter, 0 },
		[EXIT_REASON_VMPTRLD] = { insn_vmptrld, 0 },
		[EXIT_REASON_VMPTRST] = { insn_vmptrst, 0 },
		[EXIT_REASON_VMREAD] = { insn_vmread, 0 },
		[EXIT_REASON_VMRESUME] = { insn_enter, 0 },
		[EXIT_REASON_VMWRITE] = { insn_vmwrite, 0 },
		[EXIT_REASON_VMXOFF] = { insn_vmxoff, 0 },
		[EXIT_REASON_VMXON] = { insn_vmxon, 0 },
		[EXIT_REASON_INVEPT] = { vmx_insn_invept, EPT_CAP_INVEPT },
		[EXIT_REASON_INVVPID] = { vmx_insn_invvpid, VPID_CAP_INVVPID },
	};

	return reason < ARRAY_SIZE(rows) && rows[reason].run ? &rows[reason] : NULL;
}

/* CR0.PE = 0, RFLAGS.VM = 1, IA32_EFER.LMA = 1 and CS.L = 0: #UD for every one of them. */
static bool mode_is_right(const struct vmx_insn *insn)
{
	struct guest_paging paging;

	if (insn->efer & EFER_LMA) {
		return (insn->cs_access_rights & AR_L) != 0;
	}
	insn->ops->paging(insn->ctx, &paging);
	return (paging.cr0 & CR0_PE) && !(insn->rflags & RFLAGS_VM);
}

static bool has_vmxe(const struct vmx_insn *insn)
{
	struct guest_paging paging;

	insn->ops->paging(insn->ctx, &paging);
	return (paging.cr4 & CR4_VMXE) != 0;
}

/*
 * While L1 is in VMX operation its CR4.VMXE is 1, being fixed. The processor exits before it looks
 * at CPL: that is left to do, and VMXON, which has its own order, does it itself.
 */
enum vmx_insn_result vmx_insn_emulate(struct vmx_insn *insn)
{
	const struct row *row = row_of(insn->reason);
	bool is_vmxon = insn->reason == EXIT_REASON_VMXON;

	insn->error_code = 0;
	insn->cr2 = 0;
	insn->flush = VMX_FLUSH_NOTHING;
	insn->error_is_new = false;
	if (!row || !mode_is_right(insn) || (is_vmxon ? !has_vmxe(insn) : !insn->x->vmxon) ||
	    (insn->caps->ept_vpid & row->needs) != row->needs) {
		return vmx_insn_fault(
			insn, VECTOR_UD); /* [SDM "VMX Instructions"], first of each one's */
	}
	if (!is_vmxon && insn->cpl != 0) {
		return vmx_insn_fault(insn, VECTOR_GP); /* [SDM "VMX Instructions"] */
	}
	return row->run(insn);
}
