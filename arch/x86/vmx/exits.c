/* SPDX-License-Identifier: MIT */
/* What Plinth does with each exit of L1: one row of exit_reasons.def, one handler here. */
#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/io.h"
#include "arch/x86/mmio.h"
#include "arch/x86/msr.h"
#include "arch/x86/msr_policy.h"
#include "arch/x86/power.h"
#include "arch/x86/slat01.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/nmi.h"
#include "arch/x86/vmx/vmcs01.h"
#include "arch/x86/vmx/vmx_operand.h"

/* Exit qualification of a control-register access. */
#define CR_NUMBER_MASK	 GENMASK(3, 0)
#define CR_ACCESS_MASK	 GENMASK(5, 4)
#define CR_ACCESS_MOV_TO 0
#define CR_REGISTER_MASK GENMASK(11, 8)

#define EXIT_ROWS	 (EXIT_REASON_TPAUSE + 2) /* the last is "other" */

static enum outcome efer_write(struct vmx_vcpu *x __maybe_unused, u64 value)
{
	u64 old = vmread(VMCS_guest_efer);
	u64 allowed = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;

	/* [SDM "Extended Feature Enable Register"]: reserved bits, LME while paging */
	if (value & ~allowed) {
		return OUTCOME_GP;
	}
	if ((vmread(VMCS_guest_cr0) & CR0_PG) && ((old ^ value) & EFER_LME)) {
		return OUTCOME_GP;
	}
	/* LMA is the processor's: it follows LME and CR0.PG, which writing EFER cannot change. */
	vmwrite(VMCS_guest_efer, (value & ~(u64)EFER_LMA) | (old & EFER_LMA));
	return OUTCOME_NEXT;
}

static enum outcome pat_write(u64 value)
{
	if (!msr_pat_legal(value)) {
		return OUTCOME_GP;
	}
	vmwrite(VMCS_guest_pat, value);
	return OUTCOME_NEXT;
}

/* [SDM "IA32_DEBUGCTL MSR"]: what needs no MSR that L1 has not */
static enum outcome debugctl_write(u64 value)
{
	if (value & ~(u64)DEBUGCTL_BTF) {
		return OUTCOME_GP;
	}
	vmwrite(VMCS_guest_debugctl, value);
	return OUTCOME_NEXT;
}

/* The TSC as the guest that runs now reads it. */
static u64 guest_tsc(struct vmx_vcpu *x)
{
	u64 tsc = rdtsc();

	if (x->v.in_l2 && (x->vmcs02.secondary_controls & PROC2_TSC_SCALING)) {
		tsc = (u64)((unsigned __int128)tsc * x->vmcs02.tsc_multiplier >> 48);
	}
	return tsc + vmread(VMCS_tsc_offset);
}

/* L2's TSC is L1's plus an offset of L1's: writing it without L1's interest moves both. */
static void tsc_write(struct vmx_vcpu *x, u64 value)
{
	u64 delta = value - guest_tsc(x);

	x->v.tsc_offset += delta;
	vmwrite(VMCS_tsc_offset, vmread(VMCS_tsc_offset) + delta);
}

/* The field of an MSR that the VMCS switches and L1's map lets through; 0: it is none. */
static u32 field_of(u32 msr)
{
	switch (msr) {
	case MSR_SYSENTER_CS:
		return VMCS_guest_sysenter_cs;
	case MSR_SYSENTER_ESP:
		return VMCS_guest_sysenter_esp;
	case MSR_SYSENTER_EIP:
		return VMCS_guest_sysenter_eip;
	case MSR_FS_BASE:
		return VMCS_guest_fs_base;
	case MSR_GS_BASE:
		return VMCS_guest_gs_base;
	default:
		return 0;
	}
}

static enum outcome switched_write(u32 msr, u64 value)
{
	/* [SDM "WRMSR"]: #GP for a linear address that is not canonical */
	if (msr != MSR_SYSENTER_CS && !vmx_is_canonical(value, 48)) {
		return OUTCOME_GP;
	}
	vmwrite(field_of(msr), value);
	return OUTCOME_NEXT;
}

static u64 feature_control(void)
{
	return FEATURE_CONTROL_LOCK | (vmx_machine.offered ? FEATURE_CONTROL_VMX : 0);
}

enum outcome vmx_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	struct vmx_vcpu *x = vmx_of(v);

	switch (msr) {
	case MSR_TSC:
		*value = guest_tsc(x);
		return OUTCOME_NEXT;
	case MSR_FEATURE_CONTROL:
		*value = feature_control();
		return OUTCOME_NEXT;
	case MSR_DEBUGCTL:
		*value = vmread(VMCS_guest_debugctl);
		return OUTCOME_NEXT;
	case MSR_PAT:
		*value = vmread(VMCS_guest_pat);
		return OUTCOME_NEXT;
	case MSR_EFER:
		*value = vmread(VMCS_guest_efer);
		return OUTCOME_NEXT;
	case MSR_SYSENTER_CS ... MSR_SYSENTER_EIP:
	case MSR_FS_BASE ... MSR_GS_BASE:
		*value = vmread(field_of(msr));
		return OUTCOME_NEXT;
	case MSR_VMX_BASIC ... MSR_VMX_VMFUNC:
		return vmx_caps_read(&vmx_machine.caps, msr, value) ? OUTCOME_NEXT : OUTCOME_GP;
	}
	return OUTCOME_GP;
}

/* IA32_FEATURE_CONTROL is locked, and the capability MSRs are read-only: #GP. */
enum outcome vmx_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	struct vmx_vcpu *x = vmx_of(v);

	switch (msr) {
	case MSR_TSC:
		tsc_write(x, value);
		return OUTCOME_NEXT;
	case MSR_DEBUGCTL:
		return debugctl_write(value);
	case MSR_PAT:
		return pat_write(value);
	case MSR_EFER:
		return efer_write(x, value);
	case MSR_SYSENTER_CS ... MSR_SYSENTER_EIP:
	case MSR_FS_BASE ... MSR_GS_BASE:
		return switched_write(msr, value);
	}
	return OUTCOME_GP;
}

static __hot void exit_cpuid(struct vmx_vcpu *x)
{
	vcpu_cpuid(&x->v, vmread(VMCS_guest_cr4));
	vmx_skip(x);
}

static void exit_rdmsr(struct vmx_vcpu *x)
{
	struct vcpu *v = &x->v;
	enum outcome outcome;
	u64 value;

	v->cpu->stats.msr_access++;
	outcome = vcpu_rdmsr(v, low32(v->gpr[GPR_RCX]), &value);
	if (outcome == OUTCOME_NEXT) {
		v->gpr[GPR_RAX] = low32(value);
		v->gpr[GPR_RDX] = high32(value);
	}
	vmx_finish(x, outcome);
}

static void exit_wrmsr(struct vmx_vcpu *x)
{
	struct vcpu *v = &x->v;
	u64 value = make64(low32(v->gpr[GPR_RDX]), low32(v->gpr[GPR_RAX]));

	v->cpu->stats.msr_access++;
	vmx_finish(x, vcpu_wrmsr(v, low32(v->gpr[GPR_RCX]), value));
}

static void exit_io(struct vmx_vcpu *x)
{
	u64 qualification = vmread(VMCS_exit_qualification);
	struct io_access io = {
		.port = (u16)FIELD_GET(IO_PORT_MASK, qualification),
		.size = (u8)(FIELD_GET(IO_SIZE_MASK, qualification) + 1),
		.in = qualification & IO_IN,
		.string = qualification & IO_STRING,
	};

	x->v.cpu->stats.io_access++;
	vcpu_io(&x->v, &io);
	vmx_skip(x);
}

/*
 * [SDM "Move to/from Control Registers"]. The PDPTEs of PAE paging are not looked at: if one is
 * bad, the shadow has changed before the #GP.
 */
static bool cr0_write_faults(u64 value)
{
	u64 cr4 = vmread(VMCS_guest_cr4);
	u64 efer = vmread(VMCS_guest_efer);
	bool is_64 = (efer & EFER_LMA) && (vmread(VMCS_guest_cs_access_rights) & AR_L);
	bool enables = !(vmread(VMCS_guest_cr0) & CR0_PG) && (value & CR0_PG);

	if (high32(value) || ((value & CR0_PG) && !(value & CR0_PE)) ||
	    ((value & CR0_NW) && !(value & CR0_CD))) {
		return true;
	}
	if (!(value & CR0_PG)) {
		return is_64 || (cr4 & CR4_PCIDE);
	}
	return enables && (efer & EFER_LME) &&
	       (!(cr4 & CR4_PAE) || (vmread(VMCS_guest_cs_access_rights) & AR_L));
}

/*
 * L1 changes a bit that is Plinth's (NE; in VMX operation PE and PG too). Only the shadow changes
 * here: then L1 executes the MOV again, which no longer differs from the shadow, and the hardware
 * does the rest of it.
 */
static void guest_writes_cr0(struct vmx_vcpu *x, u64 value)
{
	u64 fixed = x->vmxon ? vmx_machine.caps.cr0_fixed0 : 0;

	/* [SDM "Restrictions on VMX Operation"] */
	if (cr0_write_faults(value) || (value & fixed) != fixed) {
		vmx_finish(x, OUTCOME_GP);
		return;
	}
	vmwrite(VMCS_cr0_read_shadow, value);
}

/* The same for CR4. VMXE is L1's to set where it has VMX, the others that are Plinth's are not. */
static void guest_writes_cr4(struct vmx_vcpu *x, u64 value)
{
	u64 allowed = vmx_machine.cr4_l1 | (vmx_machine.offered ? CR4_VMXE : 0);

	/* [SDM "Restrictions on VMX Operation"]: in VMX operation CR4.VMXE stays */
	if ((value & ~allowed) || (x->vmxon && !(value & CR4_VMXE))) {
		vmx_finish(x, OUTCOME_GP);
		return;
	}
	vmwrite(VMCS_cr4_read_shadow, value);
}

static void exit_cr_access(struct vmx_vcpu *x)
{
	u64 qualification = vmread(VMCS_exit_qualification);
	u64 value = x->v.gpr[FIELD_GET(CR_REGISTER_MASK, qualification)];

	x->v.cpu->stats.cr_access++;
	if (vmx_decode_mode() != DECODE_64) {
		value = low32(value);
	}
	if (FIELD_GET(CR_NUMBER_MASK, qualification) == 0) {
		guest_writes_cr0(x, value);
	} else {
		guest_writes_cr4(x, value);
	}
}

/* Page tables, code or a stack where there is no memory of L1's are beyond emulation. */
enum outcome vmx_emulate_access(struct vmx_vcpu *x, u64 gpa, u64 qualification, bool delivering)
{
	enum outcome outcome;
	struct insn insn;

	if (!(qualification & EPT_QUAL_GLA_VALID) || !(qualification & EPT_QUAL_FINAL) ||
	    (qualification & EPT_QUAL_FETCH) || delivering || vmx_decode(x, &insn) != DECODE_OK) {
		return OUTCOME_GP;
	}
	outcome = vcpu_mmio(&x->v, gpa, &insn);
	if (outcome == OUTCOME_NEXT) {
		vmx_complete(insn.length);
	}
	return outcome;
}

static void exit_ept_violation(struct vmx_vcpu *x)
{
	u64 gpa = vmread(VMCS_guest_physical_address);
	u64 qualification = vmread(VMCS_exit_qualification);
	bool delivering = vmread(VMCS_idt_vectoring_info) & INTR_VALID;
	enum outcome outcome;

	x->v.cpu->stats.slat_fault++;
	if (!delivering && (qualification & EPT_QUAL_NMI_UNBLOCKING)) {
		vmx_nmi_block_again();
	}
	if (slat01_demand_map(gpa)) {
		return;
	}
	outcome = vmx_emulate_access(x, gpa, qualification, delivering);
	if (likely(outcome == OUTCOME_NEXT)) {
		return;
	}
	log_limited(LOG_WARN, "L1 CPU %u: access to page %llx at RIP %llx: #GP", x->v.id,
		    (unsigned long long)gpa, (unsigned long long)x->exit_rip);
	vmx_finish(x, outcome);
}

static void exit_vmcall(struct vmx_vcpu *x)
{
	struct hv_caller caller = {
		.cpl = (u8)vmx_cpl(),
		.protected = vmread(VMCS_guest_cr0) & CR0_PE,
		.long_mode = vmx_decode_mode() == DECODE_64,
	};

	vmx_finish(x, hv_shell_hypercall(&x->v, &caller));
}

/* L1's exceptions do not exit, so it is an NMI. It stays blocked until an IRET. */
static void exit_exception(struct vmx_vcpu *x __maybe_unused)
{
	vmx_take_nmi();
}

/* The loop delivers what waits, if it still does: L1 may have got it as an exit of its guest. */
static void exit_nmi_window(struct vmx_vcpu *x __maybe_unused)
{
	vmwrite(VMCS_primary_controls, vmread(VMCS_primary_controls) & ~(u64)PROC_NMI_WINDOW);
}

/*
 * An INIT that L1's ICR did not send: of an I/O APIC entry, an MSI, the chipset. For the boot CPU
 * it is a reset anyway.
 */
static void exit_init(struct vmx_vcpu *x __maybe_unused)
{
	power_l1_init();
}

static void log_state(const struct vmx_vcpu *x, const char *what)
{
	log_error("L1 CPU %u: %s at CS:RIP %llx:%llx, CR0 %llx CR3 %llx CR4 %llx EFER %llx, "
		  "qualification %llx",
		  x->v.id, what, (unsigned long long)vmread(VMCS_guest_cs_selector),
		  (unsigned long long)x->exit_rip, (unsigned long long)vmread(VMCS_guest_cr0),
		  (unsigned long long)vmread(VMCS_guest_cr3),
		  (unsigned long long)vmread(VMCS_guest_cr4),
		  (unsigned long long)vmread(VMCS_guest_efer),
		  (unsigned long long)vmread(VMCS_exit_qualification));
}

static void exit_triple_fault(struct vmx_vcpu *x)
{
	x->v.cpu->stats.triple_fault++;
	log_state(x, "shutdown (triple fault)");
	power_l1_shutdown();
}

static void exit_task_switch(struct vmx_vcpu *x)
{
	/* It exits whatever the controls say, and no system that L1 may be uses it. */
	log_state(x, "a task switch, which Plinth does not emulate,");
	power_l1_shutdown();
}

static void exit_entry_failure(struct vmx_vcpu *x)
{
	log_state(x,
		  x->exit_reason & EXIT_REASON_ENTRY_FAILURE ? "VM entry fails" : "machine check");
	power_l1_shutdown();
}

static void exit_ept_misconfig(struct vmx_vcpu *x)
{
	log_error("L1 CPU %u: EPT misconfiguration at GPA %llx", x->v.id,
		  (unsigned long long)vmread(VMCS_guest_physical_address));
	log_state(x, "it was");
	power_l1_shutdown();
}

static void exit_invd(struct vmx_vcpu *x)
{
	wbinvd();
	vmx_finish(x, OUTCOME_NEXT);
}

/* What CPUID denies, and what needs a mode that L1 cannot be in. */
static void exit_undefined(struct vmx_vcpu *x)
{
	vmx_finish(x, OUTCOME_UD);
}

/* The exit is behind the checks of CPL and CR4.OSXSAVE. [SDM "XSETBV"] */
enum outcome vmx_xsetbv(struct vcpu *v)
{
	u64 value = make64(low32(v->gpr[GPR_RDX]), low32(v->gpr[GPR_RAX]));

	if (low32(v->gpr[GPR_RCX]) != 0 || (value & ~vmx_machine.xcr0_l1)) {
		return OUTCOME_GP;
	}
	return xsetbv_safe(0, value) ? OUTCOME_NEXT : OUTCOME_GP;
}

static void exit_xsetbv(struct vmx_vcpu *x)
{
	vmx_finish(x, vmx_xsetbv(&x->v));
}

static void exit_nested_insn(struct vmx_vcpu *x)
{
	vmx_nested_insn(x, x->exit_reason);
}

static void exit_unexpected(struct vmx_vcpu *x)
{
	/* No control of vmcs01 leads here: either the hardware or Plinth is wrong, not L1. */
	log_error("L1 CPU %u: exit %x (%s)", x->v.id, x->exit_reason,
		  vmx_exit_name(vmx_exit_index(x->exit_reason)));
	log_state(x, "it was");
	power_l1_shutdown();
}

static const struct exit_row {
	void (*handler)(struct vmx_vcpu *x);
	const char *name;
} exits[EXIT_ROWS] = {
#define EXIT(reason, owner, handler) [EXIT_REASON_##reason] = { exit_##handler, #reason },
#include "arch/x86/vmx/exit_reasons.def"
#undef EXIT
};

_Static_assert((int)EXIT_ROWS <= (int)STATS_EXITS, "a counter for each row");

u32 vmx_exit_index(u32 reason)
{
	return MIN((u32)(reason & EXIT_REASON_BASIC_MASK), EXIT_ROWS - 1u);
}

const char *vmx_exit_name(u32 index)
{
	return index < EXIT_ROWS && exits[index].name ? exits[index].name : "other";
}

void vmx_handle(struct vmx_vcpu *x)
{
	exits[vmx_exit_index(x->exit_reason)].handler(x);
}

__hot void vmx_exit_l1(struct vmx_vcpu *x)
{
	struct percpu *cpu = x->v.cpu;
	u32 reason = low32(vmread(VMCS_exit_reason));
	u32 index = vmx_exit_index(reason);

	x->exit_reason = reason;
	x->exit_rip = vmread(VMCS_guest_rip);
	trace_event(&cpu->trace, TRACE_KVM_EXIT, TRACE_L1, reason, x->exit_rip,
		    vmread(VMCS_exit_qualification));
	cpu->stats.exits[STATS_L1][index]++;
	if (likely(exits[index].handler)) {
		exits[index].handler(x);
	} else {
		exit_unexpected(x);
	}
}
