/* SPDX-License-Identifier: MIT */
/* What Plinth does with each exit of L1: one row of exit_codes.def, one handler here. */
#include "arch/x86/svm/svm.h"

#include "arch/x86/apic.h"
#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/io.h"
#include "arch/x86/memory.h"
#include "arch/x86/mmio.h"
#include "arch/x86/msr.h"
#include "arch/x86/msr_policy.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/slat01.h"
#include "arch/x86/svm/exit_rows.h"
#include "arch/x86/svm/insn.h"
#include "arch/x86/svm/nmi.h"

static void set_efer(struct svm_vcpu *s, u64 value)
{
	struct vmcb *vmcb = svm_vmcb(s);

	s->svme = value & EFER_SVME;
	/* LMA is the processor's: it follows LME and CR0.PG, which writing EFER cannot change. */
	vmcb->save.efer = (value & ~(u64)EFER_LMA) | (vmcb->save.efer & EFER_LMA) | EFER_SVME;
	vmcb_dirty(vmcb, CLEAN_CRX);
}

static enum outcome efer_read(struct svm_vcpu *s, u64 *value)
{
	*value = svm_vmcb(s)->save.efer & ~(u64)EFER_SVME;
	*value |= s->svme ? EFER_SVME : 0;
	return OUTCOME_NEXT;
}

static enum outcome efer_write(struct svm_vcpu *s, u64 value)
{
	const struct vmcb *vmcb = svm_vmcb(s);

	/* [APM "Extended Feature Enable Register (EFER)"]: reserved bits, LME while paging */
	if (value & ~(svm_machine.efer_allowed | EFER_LMA)) {
		return OUTCOME_GP;
	}
	if ((vmcb->save.cr0 & CR0_PG) && ((vmcb->save.efer ^ value) & EFER_LME)) {
		return OUTCOME_GP;
	}
	set_efer(s, value);
	return OUTCOME_NEXT;
}

/* Under nested paging L1's PAT is the VMCB's; an L2 without nested paging shares it. */
static enum outcome pat_write(struct svm_vcpu *s, u64 value)
{
	if (!msr_pat_legal(value)) {
		return OUTCOME_GP;
	}
	svm_vmcb(s)->save.g_pat = value;
	vmcb_dirty(svm_vmcb(s), CLEAN_NP);
	if (s->v.in_l2 && !s->npt12) {
		s->vmcb01->save.g_pat = value;
		vmcb_dirty(s->vmcb01, CLEAN_NP);
	}
	return OUTCOME_NEXT;
}

static enum outcome vm_cr_write(struct svm_vcpu *s, u64 value)
{
	/* [APM "VM_CR MSR (C001_0114h)"]: LOCK freezes LOCK and SVMDIS; SVMDIS needs SVME off. */
	u64 frozen = s->vm_cr & VM_CR_LOCK ? VM_CR_LOCK | VM_CR_SVMDIS : 0;

	if (value & ~(VM_CR_DPD | VM_CR_R_INIT | VM_CR_DIS_A20M | VM_CR_LOCK | VM_CR_SVMDIS)) {
		return OUTCOME_GP;
	}
	if ((value & VM_CR_SVMDIS) && s->svme) {
		return OUTCOME_GP;
	}
	s->vm_cr = (s->vm_cr & frozen) | (value & ~frozen);
	return OUTCOME_NEXT;
}

static enum outcome hsave_write(struct svm_vcpu *s, u64 value)
{
	/* [APM "VM_HSAVE_PA MSR (C001_0117h)"] */
	if (!IS_ALIGNED(value, PAGE_SIZE) || value >= BIT(svm_machine.maxphyaddr)) {
		return OUTCOME_GP;
	}
	s->hsave_pa = value;
	return OUTCOME_NEXT;
}

/* L2's TSC is L1's plus an offset of L1's: it moves along. */
static void tsc_write(struct svm_vcpu *s, u64 value)
{
	u64 offset = value - rdtsc();

	s->vmcb02->control.tsc_offset += offset - s->v.tsc_offset;
	s->vmcb01->control.tsc_offset = offset;
	s->v.tsc_offset = offset;
	vmcb_dirty(s->vmcb01, CLEAN_I);
	vmcb_dirty(s->vmcb02, CLEAN_I);
}

/* Of the VMLOAD state, which vmcb01 has for both L1 and L2; NULL: it is none of these. */
static u64 *vmload_state(struct svm_vcpu *s, u32 msr)
{
	struct vmcb_save *save = &s->vmcb01->save;

	switch (msr) {
	case MSR_SYSENTER_CS:
		return &save->sysenter_cs;
	case MSR_SYSENTER_ESP:
		return &save->sysenter_esp;
	case MSR_SYSENTER_EIP:
		return &save->sysenter_eip;
	case MSR_FS_BASE:
		return &save->fs.base;
	case MSR_GS_BASE:
		return &save->gs.base;
	default:
		return NULL;
	}
}

static enum outcome vmload_state_write(struct svm_vcpu *s, u32 msr, u64 value)
{
	/* [APM "WRMSR"]: #GP for an address that is not canonical */
	if (msr != MSR_SYSENTER_CS && (u64)((s64)(value << 16) >> 16) != value) {
		return OUTCOME_GP;
	}
	*vmload_state(s, msr) = value;
	return OUTCOME_NEXT;
}

enum outcome svm_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	struct svm_vcpu *s = svm_of(v);

	switch (msr) {
	case MSR_EFER:
		return efer_read(s, value);
	case MSR_TSC:
		*value = rdtsc() + svm_vmcb(s)->control.tsc_offset;
		return OUTCOME_NEXT;
	case MSR_PAT:
		*value = svm_vmcb(s)->save.g_pat;
		return OUTCOME_NEXT;
	case MSR_VM_CR:
		*value = s->vm_cr;
		return OUTCOME_NEXT;
	case MSR_VM_HSAVE_PA:
		*value = s->hsave_pa;
		return OUTCOME_NEXT;
	case MSR_SYSENTER_CS ... MSR_SYSENTER_EIP:
	case MSR_FS_BASE ... MSR_GS_BASE:
		*value = *vmload_state(s, msr);
		return OUTCOME_NEXT;
	}
	return OUTCOME_GP;
}

enum outcome svm_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	struct svm_vcpu *s = svm_of(v);

	switch (msr) {
	case MSR_TSC:
		tsc_write(s, value);
		return OUTCOME_NEXT;
	case MSR_EFER:
		return efer_write(s, value);
	case MSR_PAT:
		return pat_write(s, value);
	case MSR_VM_CR:
		return vm_cr_write(s, value);
	case MSR_VM_HSAVE_PA:
		return hsave_write(s, value);
	case MSR_SYSENTER_CS ... MSR_SYSENTER_EIP:
	case MSR_FS_BASE ... MSR_GS_BASE:
		return vmload_state_write(s, msr, value);
	}
	return OUTCOME_GP;
}

static __hot void exit_cpuid(struct svm_vcpu *s)
{
	vcpu_cpuid(&s->v, s->vmcb01->save.cr4);
	svm_skip_l1(s);
}

static void exit_msr(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;
	u32 msr = low32(v->gpr[GPR_RCX]);
	u64 value = make64(low32(v->gpr[GPR_RDX]), low32(v->gpr[GPR_RAX]));
	enum outcome outcome;

	v->cpu->stats.msr_access++;
	if (s->vmcb01->control.exitinfo1) {
		outcome = vcpu_wrmsr(v, msr, value);
	} else {
		outcome = vcpu_rdmsr(v, msr, &value);
		if (outcome == OUTCOME_NEXT) {
			v->gpr[GPR_RAX] = low32(value);
			v->gpr[GPR_RDX] = high32(value);
		}
	}
	svm_finish(s, outcome);
}

static void exit_ioio(struct svm_vcpu *s)
{
	struct vmcb_control *control = &s->vmcb01->control;
	struct io_access io = {
		.port = (u16)FIELD_GET(IOIO_PORT_MASK, control->exitinfo1),
		.size = (u8)FIELD_GET(IOIO_SIZE_MASK, control->exitinfo1),
		.in = control->exitinfo1 & IOIO_IN,
		.string = control->exitinfo1 & IOIO_STRING,
	};
	u64 next = control->exitinfo2;

	s->v.cpu->stats.io_access++;
	vcpu_io(&s->v, &io);
	svm_complete(s->vmcb01, next);
}

static void exit_npf(struct svm_vcpu *s)
{
	struct vmcb *vmcb = s->vmcb01;
	u64 gpa = vmcb->control.exitinfo2;
	enum outcome outcome = OUTCOME_GP;
	struct insn insn;

	s->v.cpu->stats.slat_fault++;
	if (slat01_demand_map(gpa)) {
		return;
	}
	/* Page tables, code or a stack where there is no memory of L1's are beyond emulation. */
	if (!(vmcb->control.exitinfo1 & (NPF_WALK | NPF_EXEC)) &&
	    !(vmcb->control.exitintinfo & EVENT_V) && svm_decode(s, &insn) == DECODE_OK) {
		outcome = vcpu_mmio(&s->v, gpa, &insn);
	}
	if (likely(outcome == OUTCOME_NEXT)) {
		svm_complete(vmcb, svm_rip_after(vmcb, insn.length));
		return;
	}
	log_limited(LOG_WARN, "L1 CPU %u: access to page %llx at RIP %llx: #GP", s->v.id,
		    (unsigned long long)gpa, (unsigned long long)vmcb->save.rip);
	svm_finish(s, outcome);
}

static void exit_vmmcall(struct svm_vcpu *s)
{
	struct vmcb *vmcb = s->vmcb01;
	struct hv_caller caller = {
		.cpl = vmcb->save.rflags & RFLAGS_VM ? 3 : vmcb->save.cpl,
		.protected = vmcb->save.cr0 & CR0_PE,
		.long_mode = svm_decode_mode(vmcb) == DECODE_64,
	};

	svm_finish(s, hv_shell_hypercall(&s->v, &caller));
}

static void exit_nmi(struct svm_vcpu *s)
{
	svm_nmi_arrived(s);
}

/*
 * An INIT that L1's ICR did not send: of an I/O APIC entry, an MSI, the chipset. It stays pending
 * and ends every VMRUN [APM "INIT Intercept"], and for the boot CPU it is a reset anyway.
 */
static void exit_init(struct svm_vcpu *s __maybe_unused)
{
	power_l1_init();
}

static void exit_iret(struct svm_vcpu *s)
{
	svm_iret_arrived(s, s->vmcb01);
}

static void exit_step(struct svm_vcpu *s)
{
	svm_step_arrived(s);
}

static void exit_shutdown(struct svm_vcpu *s)
{
	const struct vmcb_save *save = &s->vmcb01->save;

	s->v.cpu->stats.triple_fault++;
	log_error(
		"L1 CPU %u: shutdown (triple fault) at CS:RIP %x:%llx, CR0 %llx CR3 %llx CR4 %llx",
		s->v.id, save->cs.selector, (unsigned long long)save->rip,
		(unsigned long long)save->cr0, (unsigned long long)save->cr3,
		(unsigned long long)save->cr4);
	power_l1_shutdown();
}

static void exit_invd(struct svm_vcpu *s)
{
	wbinvd();
	svm_finish(s, OUTCOME_NEXT);
}

static void exit_nested_insn(struct svm_vcpu *s)
{
	svm_nested_insn(s, low32(s->vmcb01->control.exitcode));
}

static void exit_unexpected(struct svm_vcpu *s)
{
	const struct vmcb *vmcb = s->vmcb01;

	/* No intercept of vmcb01 leads here: either the hardware or Plinth is wrong, not L1. */
	log_error("L1 CPU %u: exit %llx, info %llx %llx, RIP %llx, CR0 %llx CR4 %llx EFER %llx",
		  s->v.id, (unsigned long long)vmcb->control.exitcode,
		  (unsigned long long)vmcb->control.exitinfo1,
		  (unsigned long long)vmcb->control.exitinfo2, (unsigned long long)vmcb->save.rip,
		  (unsigned long long)vmcb->save.cr0, (unsigned long long)vmcb->save.cr4,
		  (unsigned long long)vmcb->save.efer);
	power_l1_shutdown();
}

typedef void (*exit_fn)(struct svm_vcpu *s);

static const exit_fn exits[SVM_EXIT_ROWS] = {
	[SVM_EXIT_INDEX(VMEXIT_EXCP) + VECTOR_DB] = exit_step,
#define EXIT(code, owner, insn, handler) [SVM_EXIT_INDEX(VMEXIT_##code)] = exit_##handler,
#include "arch/x86/svm/exit_codes.def"
#undef EXIT
};

_Static_assert((int)SVM_EXIT_ROWS <= (int)STATS_EXITS, "a counter for each row");

__hot void svm_exit_l1(struct svm_vcpu *s)
{
	const struct vmcb *vmcb = s->vmcb01;
	struct percpu *cpu = s->v.cpu;
	/* A failed VMRUN shows as 32-bit -1 on QEMU, 64-bit on hardware: 32 bits tell all apart. */
	u32 code = low32(vmcb->control.exitcode);
	u32 index = SVM_EXIT_INDEX(code);

	trace_event(&cpu->trace, TRACE_KVM_EXIT, TRACE_L1, code, vmcb->save.rip,
		    vmcb->control.exitinfo1);
	cpu->stats.exits[STATS_L1][index]++;
	if (likely(exits[index])) {
		exits[index](s);
	} else {
		exit_unexpected(s);
	}
}
