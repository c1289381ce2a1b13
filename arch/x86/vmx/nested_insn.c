/* SPDX-License-Identifier: MIT */
/*
 * VMX's instructions as L1 executes them: the shell around insn_emulate.c. It shows it L1 as vmcs01
 * has it, and carries out what came of it.
 */
#include "arch/x86/vmx/nested_insn.h"

#include "arch/x86/hv_shell.h"
#include "arch/x86/memory.h"
#include "arch/x86/vmx/ept.h"
#include "arch/x86/vmx/evmcs.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/merge.h"
#include "arch/x86/vmx/shadow_vmcs.h"
#include "arch/x86/vmx/vmcs01.h"
#include "hv/tlfs.h"
#include "lib/string.h"

/* Segment registers stand in SEG_*'s order, and each of their fields one row after the other. */
#define OF_SEGMENT(field, segment) (VMCS_guest_es_##field + 2 * (segment))

/* [TLFS "HV_VP_ASSIST_PAGE"]: the first byte of each word is what counts. */
#define ASSIST_CONTROL	 offsetof(struct hv_vp_assist_page, nested_enlightenments_control)
#define ASSIST_ENLIGHTEN offsetof(struct hv_vp_assist_page, enlighten_vm_entry)
#define ASSIST_CURRENT	 offsetof(struct hv_vp_assist_page, current_nested_vmcs)

/* Three words of one line, on the way of each entry to L2. */
bool vmx_assist_read(struct vmx_vcpu *x, struct vmx_assist *out)
{
	u64 gpa = hv_vp_assist_gpa(&x->v.hv);
	u64 control, enlighten, current;

	if (gpa == HV_OVERLAY_OFF || !l1_read64(gpa + ASSIST_CONTROL, &control) ||
	    !l1_read64(gpa + ASSIST_ENLIGHTEN, &enlighten) ||
	    !l1_read64(gpa + ASSIST_CURRENT, &current)) {
		return false;
	}
	out->features = low32(control);
	out->enlighten_vm_entry = (enlighten & 0xff) != 0;
	out->current_nested_vmcs = current;
	return true;
}

/* How an instruction ends. */

/* The enlightened VMCS shows each field at once. */
static void show_error(struct vmx_vcpu *x)
{
	if (x->evmcs_gpa != VMX_NO_POINTER && l1_page_is_ram(x->evmcs_gpa)) {
		evmcs_store_error(l1_page(x->evmcs_gpa), x->vmcs12.vm_instruction_error);
	}
}

void vmx_succeed(struct vmx_vcpu *x)
{
	vmwrite(VMCS_guest_rflags, vmx_rflags_succeed(vmread(VMCS_guest_rflags)));
	vmx_finish(x, OUTCOME_NEXT);
}

void vmx_fail_invalid(struct vmx_vcpu *x)
{
	vmwrite(VMCS_guest_rflags, vmx_rflags_fail_invalid(vmread(VMCS_guest_rflags)));
	vmx_finish(x, OUTCOME_NEXT);
}

void vmx_fail(struct vmx_vcpu *x, u32 error)
{
	u64 rflags = vmx_rflags_fail(x, vmread(VMCS_guest_rflags), error);

	if (rflags & RFLAGS_ZF) {
		show_error(x);
	}
	vmwrite(VMCS_guest_rflags, rflags);
	vmx_finish(x, OUTCOME_NEXT);
}

bool vmx_entry_is_refused(struct vmx_vcpu *x, bool launch)
{
	bool mov_ss = vmread(VMCS_guest_interruptibility) & INTERRUPTIBILITY_MOV_SS;
	u32 error = vmx_insn_entry_error(x, mov_ss, launch);

	if (error) {
		vmx_fail(x, error);
	}
	return error != 0;
}

void vmx_current_release(struct vmx_vcpu *x)
{
	if (x->current_gpa != VMX_NO_POINTER) {
		vmx_current_put(x, l1_page_is_ram(x->current_gpa) ? l1_page(x->current_gpa) : NULL);
	}
}

/* L1 as its instruction finds it. */

/* Where there is no RAM of L1's, its tables are ones: reserved bits, and a page fault. */
static bool read_table(void *ctx __maybe_unused, u64 gpa, u64 *value)
{
	if (!l1_read64(gpa, value)) {
		*value = ~0ull;
	}
	return true;
}

static bool cmpxchg_table(void *ctx __maybe_unused, u64 gpa, u64 want, u64 value, bool *swapped)
{
	return l1_cmpxchg64(gpa, want, value, swapped);
}

static void l1_paging(void *ctx __maybe_unused, struct guest_paging *out)
{
	*out = (struct guest_paging){
		.cr0 = vmx_guest_cr0(),
		.cr3 = vmread(VMCS_guest_cr3),
		.cr4 = vmx_guest_cr4(),
		.efer = vmread(VMCS_guest_efer),
		.rflags = vmread(VMCS_guest_rflags),
		.maxphyaddr = (u8)vmx_machine.maxphyaddr,
		.model = vmx_machine.walk_model,
		.read64 = read_table,
		.cmpxchg64 = cmpxchg_table,
	};
}

static void l1_segment(void *ctx __maybe_unused, u32 segment, struct vmx_segment *out)
{
	out->base = vmread(OF_SEGMENT(base, segment));
	out->limit = low32(vmread(OF_SEGMENT(limit, segment)));
	out->access_rights = low32(vmread(OF_SEGMENT(access_rights, segment)));
}

static bool read_gpa(void *ctx __maybe_unused, u64 gpa, void *buf, size_t len)
{
	const u8 *overlay = hv_shell_overlay(gpa);

	if (unlikely(overlay)) {
		memcpy(buf, overlay + (gpa & ~PAGE_MASK), len);
		return true;
	}
	return l1_read(gpa, buf, len);
}

static bool write_gpa(void *ctx __maybe_unused, u64 gpa, const void *buf, size_t len)
{
	return !hv_shell_overlay(gpa) && l1_write(gpa, buf, len);
}

static void *page_of_l1(void *ctx __maybe_unused, u64 gpa)
{
	return l1_page_is_ram(gpa) ? l1_page(gpa) : NULL;
}

static bool read_assist(void *ctx, struct vmx_assist *out)
{
	return vmx_assist_read(ctx, out);
}

static const struct vmx_insn_ops ops = {
	.paging = l1_paging,
	.segment = l1_segment,
	.read = read_gpa,
	.write = write_gpa,
	.page = page_of_l1,
	.assist = read_assist,
};

/* What came of it. */

static void flush(struct vmx_vcpu *x, const struct vmx_insn *insn)
{
	switch (insn->flush) {
	case VMX_FLUSH_EPT_SINGLE:
		ept_invept_single(x, insn->eptp);
		break;
	case VMX_FLUSH_EPT_ALL:
		ept_invept_all(x);
		break;
	case VMX_FLUSH_VPID:
		/* L2 has one VPID whatever L1's number for it: all of it goes, a superset. */
		x->flush_vpid02 = true;
		break;
	case VMX_FLUSH_NOTHING:
		break;
	}
}

static void carry_out(struct vmx_vcpu *x, struct vmx_insn *insn, enum vmx_insn_result result)
{
	switch (result) {
	case VMX_INSN_DONE:
		if (insn->error_is_new) {
			show_error(x);
		}
		flush(x, insn);
		vmwrite(VMCS_guest_rflags, insn->rflags);
		vmx_finish(x, OUTCOME_NEXT);
		break;
	case VMX_INSN_ENTER:
		vmx_vmentry(x, insn->reason == EXIT_REASON_VMLAUNCH);
		break;
	case VMX_INSN_FAULT:
		if (insn->vector == VECTOR_PF) {
			x->cr2 = insn->cr2;
		}
		vmx_inject_exception(x, insn->vector, insn->vector != VECTOR_UD, insn->error_code);
		break;
	case VMX_INSN_AGAIN:
		break;
	}
}

static void execute(struct vmx_vcpu *x, u32 reason)
{
	struct vmx_insn insn = {
		.x = x,
		.caps = &vmx_machine.caps,
		.ops = &ops,
		.ctx = x,
		.reason = reason,
		.efer = vmread(VMCS_guest_efer),
		.cs_access_rights = low32(vmread(VMCS_guest_cs_access_rights)),
		.cpl = (u8)vmx_cpl(),
	};

	/* The way of each entry to L2: nothing else is asked of it here. */
	if (likely((reason == EXIT_REASON_VMRESUME || reason == EXIT_REASON_VMLAUNCH) && x->vmxon &&
		   vmx_insn_is_common(insn.efer, insn.cs_access_rights, insn.cpl))) {
		vmx_vmentry(x, reason == EXIT_REASON_VMLAUNCH);
		return;
	}
	if (!vmx_machine.offered) {
		vmx_finish(x, OUTCOME_UD); /* CPUID does not have it, CR4.VMXE cannot be set */
		return;
	}
	insn.feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
	insn.instruction_info = low32(vmread(VMCS_exit_instruction_info));
	insn.qualification = vmread(VMCS_exit_qualification);
	insn.rflags = vmread(VMCS_guest_rflags);
	carry_out(x, &insn, vmx_insn_emulate(&insn));
	if (reason == EXIT_REASON_VMXON || reason == EXIT_REASON_VMXOFF) {
		vmcs01_guard_cr0(x);
	}
}

/*
 * VMREAD and VMWRITE that go well, between registers in 64-bit mode at CPL 0: most of those that
 * exit. False: nothing was done, the long way decides.
 */
static __hot bool access_field(struct vmx_vcpu *x, u32 reason)
{
	u32 info = low32(vmread(VMCS_exit_instruction_info));
	u64 rflags = vmread(VMCS_guest_rflags);
	struct vmx_operand op;
	u64 encoding;

	if (!x->vmxon || x->current_gpa == VMX_NO_POINTER ||
	    !vmx_insn_is_common(vmread(VMCS_guest_efer), low32(vmread(VMCS_guest_cs_access_rights)),
				(u8)vmx_cpl())) {
		return false;
	}
	vmx_operand_decode(info, 0, &op);
	encoding = x->v.gpr[op.reg2];
	if (!op.is_register) {
		return false;
	}
	if (reason == EXIT_REASON_VMREAD) {
		if (vmcs_read_encoding(&x->vmcs12, encoding, &x->v.gpr[op.reg1]) != VMCS_OK) {
			return false;
		}
	} else {
		if (vmcs_write_encoding(&x->vmcs12, encoding, x->v.gpr[op.reg1]) != VMCS_OK) {
			return false;
		}
		vmx_note_change(x, encoding);
	}
	if (unlikely(vmx_rflags_succeed(rflags) != rflags)) {
		vmwrite(VMCS_guest_rflags, vmx_rflags_succeed(rflags));
	}
	vmx_skip(x);
	return true;
}

/* These touch no field that is shadowed, but the VM-instruction error. */
static bool leaves_shadow_alone(u32 reason)
{
	return reason == EXIT_REASON_VMREAD || reason == EXIT_REASON_VMWRITE ||
	       reason == EXIT_REASON_INVEPT || reason == EXIT_REASON_INVVPID;
}

void vmx_nested_insn(struct vmx_vcpu *x, u32 reason)
{
	u32 error = x->vmcs12.vm_instruction_error;

	if ((reason == EXIT_REASON_VMREAD || reason == EXIT_REASON_VMWRITE) &&
	    likely(access_field(x, reason))) {
		return;
	}
	if (leaves_shadow_alone(reason)) {
		execute(x, reason);
		if (likely(x->vmcs12.vm_instruction_error == error)) {
			return;
		}
		shadow_vmcs_stop(x);
	} else {
		shadow_vmcs_stop(x);
		if (reason != EXIT_REASON_VMLAUNCH && reason != EXIT_REASON_VMRESUME) {
			x->changed = (u32)VMX_GROUPS_ALL; /* another VMCS may become current */
		}
		execute(x, reason);
	}
	if (!x->v.in_l2) {
		shadow_vmcs_start(x);
	}
}
