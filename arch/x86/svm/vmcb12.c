/* SPDX-License-Identifier: MIT */
/* Loading vmcb12 by groups of clean bits. Pure. */
#include "arch/x86/svm/vmcb12.h"

/* One load of guest memory, which the compiler may neither repeat nor tear. */
#define TAKE(dst, src) ((dst) = *(const volatile __typeof__(src) *)&(src))

static void take_segment(struct vmcb_seg *to, const struct vmcb_seg *from)
{
	const volatile u64 *f = (const volatile u64 *)from;
	u64 low = f[0];

	to->selector = (u16)low;
	to->attrib = (u16)(low >> 16);
	to->limit = high32(low);
	to->base = f[1];
}

/*
 * No clean bit covers these, but for the enlightenments: L1 that turns one off is to be believed
 * at once, and without its clean bit the hint that the bit stands for is worth nothing.
 */
static void take_always(const struct vmcb *from, struct vmcb_control *c, struct vmcb_save *save)
{
	TAKE(c->tlb_control, from->control.tlb_control);
	TAKE(c->interrupt_shadow, from->control.interrupt_shadow);
	TAKE(c->eventinj, from->control.eventinj);
	TAKE(c->nrip, from->control.nrip);
	TAKE(c->hv_enlightenments_control, from->control.hv_enlightenments_control);
	TAKE(save->rflags, from->save.rflags);
	TAKE(save->rip, from->save.rip);
	TAKE(save->rsp, from->save.rsp);
	TAKE(save->rax, from->save.rax);
}

static void take_intercepts(const struct vmcb_control *from, struct vmcb_control *c)
{
	TAKE(c->intercept_cr, from->intercept_cr);
	TAKE(c->intercept_dr, from->intercept_dr);
	TAKE(c->intercept_exceptions, from->intercept_exceptions);
	TAKE(c->intercept_misc1, from->intercept_misc1);
	TAKE(c->intercept_misc2, from->intercept_misc2);
	TAKE(c->intercept_misc3, from->intercept_misc3);
	TAKE(c->pause_filter_threshold, from->pause_filter_threshold);
	TAKE(c->pause_filter_count, from->pause_filter_count);
	TAKE(c->tsc_offset, from->tsc_offset);
}

static void take_paging(const struct vmcb *from, struct vmcb_control *c, struct vmcb_save *save)
{
	TAKE(c->np_enable, from->control.np_enable);
	TAKE(c->n_cr3, from->control.n_cr3);
	TAKE(save->g_pat, from->save.g_pat);
}

static void take_control_registers(const struct vmcb_save *from, struct vmcb_save *save)
{
	TAKE(save->cr0, from->cr0);
	TAKE(save->cr3, from->cr3);
	TAKE(save->cr4, from->cr4);
	TAKE(save->efer, from->efer);
}

static void take_segments(const struct vmcb_save *from, struct vmcb_save *save)
{
	take_segment(&save->es, &from->es);
	take_segment(&save->cs, &from->cs);
	take_segment(&save->ss, &from->ss);
	take_segment(&save->ds, &from->ds);
	TAKE(save->cpl, from->cpl);
}

void vmcb12_load(const struct vmcb *vmcb12, u32 clean, struct vmcb_control *control,
		 struct vmcb_save *save)
{
	take_always(vmcb12, control, save);
	if (!(clean & CLEAN_I)) {
		take_intercepts(&vmcb12->control, control);
	}
	if (!(clean & CLEAN_IOPM)) {
		TAKE(control->iopm_base_pa, vmcb12->control.iopm_base_pa);
		TAKE(control->msrpm_base_pa, vmcb12->control.msrpm_base_pa);
	}
	if (!(clean & CLEAN_ASID)) {
		TAKE(control->guest_asid, vmcb12->control.guest_asid);
	}
	if (!(clean & CLEAN_TPR)) {
		TAKE(control->int_ctl, vmcb12->control.int_ctl);
	}
	if (!(clean & CLEAN_NP)) {
		take_paging(vmcb12, control, save);
	}
	if (!(clean & CLEAN_CRX)) {
		take_control_registers(&vmcb12->save, save);
	}
	if (!(clean & CLEAN_DRX)) {
		TAKE(save->dr6, vmcb12->save.dr6);
		TAKE(save->dr7, vmcb12->save.dr7);
	}
	if (!(clean & CLEAN_DT)) {
		take_segment(&save->gdtr, &vmcb12->save.gdtr);
		take_segment(&save->idtr, &vmcb12->save.idtr);
	}
	if (!(clean & CLEAN_SEG)) {
		take_segments(&vmcb12->save, save);
	}
	if (!(clean & CLEAN_CR2)) {
		TAKE(save->cr2, vmcb12->save.cr2);
	}
	if (!(clean & CLEAN_LBR)) {
		TAKE(save->dbgctl, vmcb12->save.dbgctl);
	}
}
