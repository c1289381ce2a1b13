/* SPDX-License-Identifier: MIT */
/*
 * SVM's instructions as L1 executes them: VMRUN, VMLOAD, VMSAVE, STGI, CLGI, INVLPGA, SKINIT. The
 * hardware has checked mode and CPL before it exits; EFER.SVME is L1's own and is checked here.
 */
#include "arch/x86/svm/svm.h"

#include "arch/x86/memory.h"
#include "arch/x86/percpu.h"
#include "arch/x86/svm/insn.h"

/* [APM "VMRUN Instruction"], likewise VMLOAD and VMSAVE: an aligned physical address, else #GP. */
static bool operand_is_good(const struct svm_vcpu *s, u64 gpa)
{
	return IS_ALIGNED(gpa, PAGE_SIZE) && gpa < BIT(svm_machine.maxphyaddr) &&
	       l1_page_is_ram(gpa) && s->svme;
}

/* The state that VMLOAD and VMSAVE move. [APM "VMLOAD Instruction"] */
static void copy_vmload_state(const struct vmcb_save *from, struct vmcb_save *to)
{
	to->fs = from->fs;
	to->gs = from->gs;
	to->tr = from->tr;
	to->ldtr = from->ldtr;
	to->kernel_gs_base = from->kernel_gs_base;
	to->star = from->star;
	to->lstar = from->lstar;
	to->cstar = from->cstar;
	to->sfmask = from->sfmask;
	to->sysenter_cs = from->sysenter_cs;
	to->sysenter_esp = from->sysenter_esp;
	to->sysenter_eip = from->sysenter_eip;
}

static u64 make_canonical(u64 v)
{
	return (u64)((s64)(v << 16) >> 16);
}

/*
 * What L1 loads is executed by the hardware's VMLOAD at the next entry, which canonicalizes bases
 * [APM "Canonicalization and Consistency Checks"]: done here once, so vmcb01 stays loadable.
 */
static void constrain_vmload_state(struct vmcb_save *save)
{
	u64 *bases[] = { &save->fs.base,	&save->gs.base,	     &save->tr.base,
			 &save->ldtr.base,	&save->lstar,	     &save->cstar,
			 &save->kernel_gs_base, &save->sysenter_esp, &save->sysenter_eip };

	for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++) {
		*bases[i] = make_canonical(*bases[i]);
	}
}

static enum outcome insn_vmrun(struct svm_vcpu *s)
{
	u32 length;

	if (!operand_is_good(s, s->v.gpr[GPR_RAX]) || !s->hsave_pa) {
		return OUTCOME_GP;
	}
	length = svm_length(s);
	if (!length) {
		return OUTCOME_UD;
	}
	/* VMRUN saves the host at the following instruction; L1 goes on there after #VMEXIT. */
	svm_complete(s->vmcb01, svm_rip_after(s->vmcb01, length));
	svm_vmrun(s);
	return OUTCOME_AGAIN;
}

static enum outcome insn_vmload(struct svm_vcpu *s)
{
	const struct vmcb *vmcb = l1_page(s->v.gpr[GPR_RAX]);

	if (!operand_is_good(s, s->v.gpr[GPR_RAX])) {
		return OUTCOME_GP;
	}
	s->v.cpu->stats.nested_vmload++;
	copy_vmload_state(&vmcb->save, &s->vmcb01->save);
	constrain_vmload_state(&s->vmcb01->save);
	svm_vmload_constrain(&s->vmcb01->save);
	return OUTCOME_NEXT;
}

static enum outcome insn_vmsave(struct svm_vcpu *s)
{
	struct vmcb *vmcb = l1_page(s->v.gpr[GPR_RAX]);

	if (!operand_is_good(s, s->v.gpr[GPR_RAX])) {
		return OUTCOME_GP;
	}
	s->v.cpu->stats.nested_vmsave++;
	copy_vmload_state(&s->vmcb01->save, &vmcb->save);
	return OUTCOME_NEXT;
}

static enum outcome insn_stgi(struct svm_vcpu *s)
{
	s->v.cpu->stats.nested_stgi++;
	svm_set_gif(s, true);
	return OUTCOME_NEXT;
}

static enum outcome insn_clgi(struct svm_vcpu *s)
{
	s->v.cpu->stats.nested_clgi++;
	svm_set_gif(s, false);
	return OUTCOME_NEXT;
}

/*
 * ASID 0 is L1's own: flushed by the hardware. Another one is of L1's guests, where an address may
 * stand for any nested translation that the shadow tables hold: they go, which is a superset.
 */
static enum outcome insn_invlpga(struct svm_vcpu *s)
{
	u32 asid = low32(s->v.gpr[GPR_RCX]);

	s->v.cpu->stats.nested_invlpga++;
	if (asid == 0) {
		invlpga(s->v.gpr[GPR_RAX], SVM_ASID_L1);
	} else {
		slat_drop_asid(&s->slat, asid);
		s->tlb_flush = true;
	}
	return OUTCOME_NEXT;
}

/* Not offered in CPUID. [APM "SKINIT Instruction"] */
static enum outcome insn_skinit(struct svm_vcpu *s __maybe_unused)
{
	return OUTCOME_UD;
}

void svm_nested_insn(struct svm_vcpu *s, u32 code)
{
	static enum outcome (*const insns[])(struct svm_vcpu * s) = {
		[VMEXIT_INVLPGA - VMEXIT_INVLPGA] = insn_invlpga,
		[VMEXIT_VMRUN - VMEXIT_INVLPGA] = insn_vmrun,
		[VMEXIT_VMLOAD - VMEXIT_INVLPGA] = insn_vmload,
		[VMEXIT_VMSAVE - VMEXIT_INVLPGA] = insn_vmsave,
		[VMEXIT_STGI - VMEXIT_INVLPGA] = insn_stgi,
		[VMEXIT_CLGI - VMEXIT_INVLPGA] = insn_clgi,
		[VMEXIT_SKINIT - VMEXIT_INVLPGA] = insn_skinit,
	};

	/* Outside of 64-bit mode the operand is EAX. [APM "VMRUN Instruction"] */
	if (unlikely(svm_decode_mode(svm_vmcb(s)) != DECODE_64)) {
		s->v.gpr[GPR_RAX] = low32(s->v.gpr[GPR_RAX]);
	}
	svm_finish(s, s->svme ? insns[code - VMEXIT_INVLPGA](s) : OUTCOME_UD);
}
