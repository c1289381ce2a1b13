/* SPDX-License-Identifier: MIT */
/* The VMCB that runs L1. */
#include "arch/x86/svm/vmcb01.h"

#include "arch/x86/asm.h"
#include "arch/x86/memory.h"
#include "arch/x86/slat01.h"
#include "lib/string.h"

/* Segment attributes: present, and type as [APM "Segment-Descriptor Format"] has it. */
#define ATTR_CODE  (SEG_P | SEG_S | 0xb)
#define ATTR_DATA  (SEG_P | SEG_S | 0x3)
#define ATTR_LDT   (SEG_P | 0x2)
#define ATTR_TSS   (SEG_P | 0xb)
#define LIMIT_REAL 0xffffu
#define LIMIT_FLAT 0xffffffffu

static const struct vmcb_control controls = {
	.intercept_misc1 = (u32)(INTERCEPT_NMI | INTERCEPT_INIT | INTERCEPT_CPUID | INTERCEPT_INVD |
				 INTERCEPT_INVLPGA | INTERCEPT_IOIO_PROT | INTERCEPT_MSR_PROT |
				 INTERCEPT_SHUTDOWN),
	.intercept_misc2 =
		(u32)(INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
		      INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT),
	.guest_asid = SVM_ASID_L1,
	.np_enable = NP_ENABLE,
};

static void set_data_segments(struct vmcb_save *save, struct vmcb_seg seg)
{
	save->ds = seg;
	save->es = seg;
	save->fs = seg;
	save->gs = seg;
	save->ss = seg;
}

static void reset_save(struct vmcb_save *save)
{
	struct vmcb_seg data = { .attrib = ATTR_DATA, .limit = LIMIT_REAL };

	memset(save, 0, sizeof(*save));
	set_data_segments(save, data);
	save->cs = (struct vmcb_seg){ .attrib = ATTR_CODE, .limit = LIMIT_REAL };
	save->gdtr.limit = LIMIT_REAL;
	save->idtr.limit = LIMIT_REAL;
	save->ldtr = (struct vmcb_seg){ .attrib = ATTR_LDT, .limit = LIMIT_REAL };
	save->tr = (struct vmcb_seg){ .attrib = ATTR_TSS, .limit = LIMIT_REAL };
	save->cr0 = CR0_ET;
	save->efer = EFER_SVME;
	save->rflags = RFLAGS_FIXED;
	save->dr6 = DR6_RESET;
	save->dr7 = DR7_RESET;
	save->g_pat = PAT_RESET;
}

static void reset_vcpu(struct svm_vcpu *s)
{
	memset(s->v.gpr, 0, sizeof(s->v.gpr));
	reset_save(&s->vmcb01->save);
	s->vmcb01->control.clean = 0;
	s->vmcb01->control.eventinj = 0;
	s->vmcb01->control.int_ctl = 0;
	s->vmcb01->control.interrupt_shadow = 0;
	s->gif = true;
	s->svme = false;
	s->iret_rip = 0;
	s->stepping = false;
	s->hsave_pa = 0;
	s->loaded_gpa = ~0ull;
	s->v.in_l2 = false;
}

void vmcb01_init(struct svm_vcpu *s, u64 ncr3)
{
	s->vmcb01->control = controls;
	s->vmcb01->control.iopm_base_pa = heap_spa(svm_machine.iopm01);
	s->vmcb01->control.msrpm_base_pa = heap_spa(svm_machine.msrpm01);
	s->vmcb01->control.n_cr3 = ncr3;
	reset_vcpu(s);
}

void vmcb01_start_at_sipi(struct svm_vcpu *s, u32 vector)
{
	u32 regs[4];

	reset_vcpu(s);
	s->vmcb01->control.intercept_misc1 = controls.intercept_misc1;
	s->vmcb01->control.intercept_exceptions = controls.intercept_exceptions;
	s->vmcb01->save.cs.selector = (u16)(vector << 8);
	s->vmcb01->save.cs.base = vector << 12;
	cpuid(1, 0, regs);
	s->v.gpr[GPR_RDX] = regs[0];
}

void vmcb01_start_l1(struct svm_vcpu *s, const struct l1_entry *entry)
{
	struct vmcb_save *save = &s->vmcb01->save;
	bool is_64 = entry->mode == L1_MODE_LONG;
	struct vmcb_seg data = {
		.selector = entry->ds,
		.attrib = ATTR_DATA | SEG_DB | SEG_G,
		.limit = LIMIT_FLAT,
	};

	reset_vcpu(s);
	set_data_segments(save, data);
	save->cs = (struct vmcb_seg){
		.selector = entry->cs,
		.attrib = (u16)(ATTR_CODE | SEG_G | (is_64 ? SEG_L : SEG_DB)),
		.limit = LIMIT_FLAT,
	};
	save->gdtr.base = entry->gdt_base;
	save->gdtr.limit = entry->gdt_limit;
	save->cr0 = CR0_PE | CR0_ET;
	if (is_64) {
		save->cr0 |= CR0_PG;
		save->cr3 = entry->cr3;
		save->cr4 = CR4_PAE;
		save->efer |= EFER_LME | EFER_LMA;
	}
	save->rip = entry->rip;
	s->v.gpr[GPR_RAX] = entry->rax;
	s->v.gpr[GPR_RBX] = entry->rbx;
	s->v.gpr[GPR_RSI] = entry->rsi;
}
