/* SPDX-License-Identifier: MIT */
/* The way back of a nested exit, in the order of [APM "#VMEXIT"]. */
#include "arch/x86/svm/reflect.h"

#include "lib/string.h"

static void reflect_control(const struct vmcb_control *c, const struct svm_exit_info *exit,
			    u64 int_ctl12, struct vmcb_control *out)
{
	out->int_ctl = svm_reflect_int_ctl(c->int_ctl, int_ctl12); /* [APM "Virtual GIF"] */
	out->interrupt_shadow = c->interrupt_shadow;
	out->exitcode = exit->code;
	out->exitinfo1 = exit->info1;
	out->exitinfo2 = exit->info2;
	out->exitintinfo = c->exitintinfo;
	out->eventinj = 0;
	out->nrip = exit->nrip;
	out->insn_len = exit->insn_len;
	memcpy(out->insn_bytes, exit->insn_bytes, sizeof(out->insn_bytes));
}

static void reflect_save(const struct vmcb_save *save, struct vmcb_save *out)
{
	out->es = save->es;
	out->cs = save->cs;
	out->ss = save->ss;
	out->ds = save->ds;
	out->gdtr = save->gdtr;
	out->idtr = save->idtr;
	out->cpl = save->cpl;
	out->efer = save->efer;
	out->cr4 = save->cr4;
	out->cr3 = save->cr3;
	out->cr0 = save->cr0;
	out->dr7 = save->dr7;
	out->dr6 = save->dr6;
	out->rflags = save->rflags;
	out->rip = save->rip;
	out->rsp = save->rsp;
	out->rax = save->rax;
	out->cr2 = save->cr2;
}

void svm_reflect(const struct vmcb *vmcb02, const struct svm_exit_info *exit,
		 const struct vmcb_control *given, struct vmcb *vmcb12)
{
	reflect_control(&vmcb02->control, exit, given->int_ctl, &vmcb12->control);
	reflect_save(&vmcb02->save, &vmcb12->save);
	/* Without nested paging G_PAT is not part of the guest; vmcb02's is L1's own then. */
	if (given->np_enable & NP_ENABLE) {
		vmcb12->save.g_pat = vmcb02->save.g_pat;
	}
}

void svm_reflect_invalid(struct vmcb *vmcb12)
{
	vmcb12->control.exitcode = VMEXIT_INVALID;
	vmcb12->control.exitinfo1 = 0;
	vmcb12->control.exitinfo2 = 0;
}
