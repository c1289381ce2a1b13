/* SPDX-License-Identifier: MIT */
/*
 * SVM's own numbers and layouts, in the words of the APM: the VMCB, intercept bits, exit codes,
 * event injection, MSRs. Definitions only; [APM "Layout of VMCB"], [APM "SVM Intercept Codes"].
 */
#ifndef ARCH_X86_SVM_SPEC_H
#define ARCH_X86_SVM_SPEC_H

#include "arch/x86/spec.h"

/* clang-format off */

/* MSRs */
#define MSR_VM_CR		0xc0010114
#define MSR_VM_HSAVE_PA		0xc0010117
#define VM_CR_DPD		BIT(0)
#define VM_CR_R_INIT		BIT(1)
#define VM_CR_DIS_A20M		BIT(2)
#define VM_CR_LOCK		BIT(3)
#define VM_CR_SVMDIS		BIT(4)

/* Intercept words, by their byte offset in the control area */
#define INTERCEPT_CR_READ(n)	BIT(n)			/* word at 000h */
#define INTERCEPT_CR_WRITE(n)	BIT(16 + (n))
#define INTERCEPT_DR_READ(n)	BIT(n)			/* word at 004h */
#define INTERCEPT_DR_WRITE(n)	BIT(16 + (n))

/* word at 00Ch; exit code is VMEXIT_INTR + bit number */
#define INTERCEPT_INTR		BIT(0)
#define INTERCEPT_NMI		BIT(1)
#define INTERCEPT_SMI		BIT(2)
#define INTERCEPT_INIT		BIT(3)
#define INTERCEPT_VINTR		BIT(4)
#define INTERCEPT_CR0_SEL_WRITE	BIT(5)
#define INTERCEPT_IDTR_READ	BIT(6)
#define INTERCEPT_GDTR_READ	BIT(7)
#define INTERCEPT_LDTR_READ	BIT(8)
#define INTERCEPT_TR_READ	BIT(9)
#define INTERCEPT_IDTR_WRITE	BIT(10)
#define INTERCEPT_GDTR_WRITE	BIT(11)
#define INTERCEPT_LDTR_WRITE	BIT(12)
#define INTERCEPT_TR_WRITE	BIT(13)
#define INTERCEPT_RDTSC		BIT(14)
#define INTERCEPT_RDPMC		BIT(15)
#define INTERCEPT_PUSHF		BIT(16)
#define INTERCEPT_POPF		BIT(17)
#define INTERCEPT_CPUID		BIT(18)
#define INTERCEPT_RSM		BIT(19)
#define INTERCEPT_IRET		BIT(20)
#define INTERCEPT_SWINT		BIT(21)
#define INTERCEPT_INVD		BIT(22)
#define INTERCEPT_PAUSE		BIT(23)
#define INTERCEPT_HLT		BIT(24)
#define INTERCEPT_INVLPG	BIT(25)
#define INTERCEPT_INVLPGA	BIT(26)
#define INTERCEPT_IOIO_PROT	BIT(27)
#define INTERCEPT_MSR_PROT	BIT(28)
#define INTERCEPT_TASK_SWITCH	BIT(29)
#define INTERCEPT_FERR_FREEZE	BIT(30)
#define INTERCEPT_SHUTDOWN	BIT(31)

/* word at 010h; exit code is VMEXIT_VMRUN + bit number */
#define INTERCEPT_VMRUN		BIT(0)
#define INTERCEPT_VMMCALL	BIT(1)
#define INTERCEPT_VMLOAD	BIT(2)
#define INTERCEPT_VMSAVE	BIT(3)
#define INTERCEPT_STGI		BIT(4)
#define INTERCEPT_CLGI		BIT(5)
#define INTERCEPT_SKINIT	BIT(6)
#define INTERCEPT_RDTSCP	BIT(7)
#define INTERCEPT_ICEBP		BIT(8)
#define INTERCEPT_WBINVD	BIT(9)
#define INTERCEPT_MONITOR	BIT(10)
#define INTERCEPT_MWAIT		BIT(11)
#define INTERCEPT_MWAIT_ARMED	BIT(12)
#define INTERCEPT_XSETBV	BIT(13)
#define INTERCEPT_RDPRU		BIT(14)
#define INTERCEPT_EFER_WRITE	BIT(15)
#define INTERCEPT_CR_WRITE_TRAP(n) BIT(16 + (n))

/* TLB_CONTROL */
#define TLB_CONTROL_NOTHING		0
#define TLB_CONTROL_FLUSH_ALL		1
#define TLB_CONTROL_FLUSH_ASID		3
#define TLB_CONTROL_FLUSH_ASID_NONGLOBAL 7

/* Virtual interrupt control, 060h */
#define V_TPR_MASK		GENMASK(7, 0)
#define V_IRQ			BIT(8)
#define V_GIF			BIT(9)
#define V_NMI			BIT(11)
#define V_NMI_MASK		BIT(12)
#define V_INTR_PRIO_MASK	GENMASK(19, 16)
#define V_IGN_TPR		BIT(20)
#define V_INTR_MASKING		BIT(24)
#define V_GIF_ENABLE		BIT(25)
#define V_NMI_ENABLE		BIT(26)
#define V_X2AVIC_ENABLE		BIT(30)
#define V_AVIC_ENABLE		BIT(31)
#define V_INTR_VECTOR_MASK	GENMASK(39, 32)

/* Interrupt shadow, 068h */
#define INTERRUPT_SHADOW	BIT(0)
#define GUEST_INTERRUPT_MASK	BIT(1)

/* EXITINTINFO and EVENTINJ */
#define EVENT_VECTOR_MASK	GENMASK(7, 0)
#define EVENT_TYPE_MASK		GENMASK(10, 8)
#define EVENT_TYPE_INTR		0
#define EVENT_TYPE_NMI		2
#define EVENT_TYPE_EXCEPTION	3
#define EVENT_TYPE_SOFT_INT	4
#define EVENT_EV		BIT(11)
#define EVENT_V			BIT(31)
#define EVENT_ERROR_CODE_MASK	GENMASK(63, 32)

/* 090h, 0B8h */
#define NP_ENABLE		BIT(0)
#define LBR_VIRTUALIZATION_ENABLE BIT(0)
#define VIRTUAL_VMLOAD_VMSAVE_ENABLE BIT(1)

/* EXITINFO1 of VMEXIT_NPF: a page-fault error code and where in the walk it happened */
#define NPF_PRESENT		BIT(0)
#define NPF_WRITE		BIT(1)
#define NPF_USER		BIT(2)
#define NPF_RSVD		BIT(3)
#define NPF_EXEC		BIT(4)
#define NPF_FINAL		BIT(32)
#define NPF_WALK		BIT(33)

/* EXITINFO1 of VMEXIT_IOIO */
#define IOIO_IN			BIT(0)
#define IOIO_STRING		BIT(2)
#define IOIO_REP		BIT(3)
#define IOIO_SIZE_MASK		GENMASK(6, 4)	/* 1, 2, 4 bytes */
#define IOIO_ADDR_MASK		GENMASK(9, 7)
#define IOIO_SEGMENT_MASK	GENMASK(12, 10)
#define IOIO_PORT_MASK		GENMASK(31, 16)

/* EXITINFO1 of MOV CR and MOV DR intercepts, with decode assists */
#define EXITINFO_CR_VALID	BIT(63)
#define EXITINFO_GPR_MASK	GENMASK(3, 0)

/* VMCB clean bits, 0C0h */
#define CLEAN_I			BIT(0)
#define CLEAN_IOPM		BIT(1)
#define CLEAN_ASID		BIT(2)
#define CLEAN_TPR		BIT(3)
#define CLEAN_NP		BIT(4)
#define CLEAN_CRX		BIT(5)
#define CLEAN_DRX		BIT(6)
#define CLEAN_DT		BIT(7)
#define CLEAN_SEG		BIT(8)
#define CLEAN_CR2		BIT(9)
#define CLEAN_LBR		BIT(10)
#define CLEAN_AVIC		BIT(11)
#define CLEAN_ENLIGHTENMENTS	BIT(31)		/* for software: [TLFS], 3E0h to 3FFh */

/* [TLFS "HV_SVM_ENLIGHTENED_VMCB_FIELDS"], 3E0h */
#define ENLIGHTENED_MSR_BITMAP	BIT(1)

/* Segment attributes as the VMCB packs them */
#define SEG_TYPE_MASK		GENMASK(3, 0)
#define SEG_S			BIT(4)
#define SEG_DPL_MASK		GENMASK(6, 5)
#define SEG_P			BIT(7)
#define SEG_AVL			BIT(8)
#define SEG_L			BIT(9)
#define SEG_DB			BIT(10)
#define SEG_G			BIT(11)

#define IOPM_SIZE		0x3000
#define MSRPM_SIZE		0x2000

/* clang-format on */

enum svm_exit_code {
	VMEXIT_CR_READ = 0x00,
	VMEXIT_CR_WRITE = 0x10,
	VMEXIT_DR_READ = 0x20,
	VMEXIT_DR_WRITE = 0x30,
	VMEXIT_EXCP = 0x40,
	VMEXIT_INTR = 0x60,
	VMEXIT_NMI,
	VMEXIT_SMI,
	VMEXIT_INIT,
	VMEXIT_VINTR,
	VMEXIT_CR0_SEL_WRITE,
	VMEXIT_IDTR_READ,
	VMEXIT_GDTR_READ,
	VMEXIT_LDTR_READ,
	VMEXIT_TR_READ,
	VMEXIT_IDTR_WRITE,
	VMEXIT_GDTR_WRITE,
	VMEXIT_LDTR_WRITE,
	VMEXIT_TR_WRITE,
	VMEXIT_RDTSC,
	VMEXIT_RDPMC,
	VMEXIT_PUSHF,
	VMEXIT_POPF,
	VMEXIT_CPUID,
	VMEXIT_RSM,
	VMEXIT_IRET,
	VMEXIT_SWINT,
	VMEXIT_INVD,
	VMEXIT_PAUSE,
	VMEXIT_HLT,
	VMEXIT_INVLPG,
	VMEXIT_INVLPGA,
	VMEXIT_IOIO,
	VMEXIT_MSR,
	VMEXIT_TASK_SWITCH,
	VMEXIT_FERR_FREEZE,
	VMEXIT_SHUTDOWN,
	VMEXIT_VMRUN = 0x80,
	VMEXIT_VMMCALL,
	VMEXIT_VMLOAD,
	VMEXIT_VMSAVE,
	VMEXIT_STGI,
	VMEXIT_CLGI,
	VMEXIT_SKINIT,
	VMEXIT_RDTSCP,
	VMEXIT_ICEBP,
	VMEXIT_WBINVD,
	VMEXIT_MONITOR,
	VMEXIT_MWAIT,
	VMEXIT_MWAIT_CONDITIONAL,
	VMEXIT_XSETBV,
	VMEXIT_RDPRU,
	VMEXIT_EFER_WRITE_TRAP,
	VMEXIT_CR_WRITE_TRAP,
	VMEXIT_NPF = 0x400,
};

#define VMEXIT_INVALID (~0ull)

struct vmcb_seg {
	u16 selector;
	u16 attrib;
	u32 limit;
	u64 base;
};
ASSERT_SIZE(struct vmcb_seg, 16);

struct vmcb_control {
	u32 intercept_cr;
	u32 intercept_dr;
	u32 intercept_exceptions;
	u32 intercept_misc1;
	u32 intercept_misc2;
	u32 intercept_misc3;
	u8 reserved_018[0x3c - 0x18];
	u16 pause_filter_threshold;
	u16 pause_filter_count;
	u64 iopm_base_pa;
	u64 msrpm_base_pa;
	u64 tsc_offset;
	u32 guest_asid;
	u8 tlb_control;
	u8 reserved_05d[3];
	u64 int_ctl;
	u64 interrupt_shadow;
	u64 exitcode;
	u64 exitinfo1;
	u64 exitinfo2;
	u64 exitintinfo;
	u64 np_enable;
	u64 avic_apic_bar;
	u64 ghcb_pa;
	u64 eventinj;
	u64 n_cr3;
	u64 virt_ext;
	u32 clean;
	u32 reserved_0c4;
	u64 nrip;
	u8 insn_len;
	u8 insn_bytes[15];
	u8 reserved_0e0[0x3e0 - 0xe0];
	u32 hv_enlightenments_control; /* [TLFS "HV_SVM_ENLIGHTENED_VMCB_FIELDS"] */
	u32 hv_vp_id;
	u64 hv_vm_id;
	u64 hv_partition_assist_page;
	u64 hv_reserved;
};
ASSERT_SIZE(struct vmcb_control, 0x400);
ASSERT_OFFSET(struct vmcb_control, pause_filter_threshold, 0x3c);
ASSERT_OFFSET(struct vmcb_control, iopm_base_pa, 0x40);
ASSERT_OFFSET(struct vmcb_control, guest_asid, 0x58);
ASSERT_OFFSET(struct vmcb_control, int_ctl, 0x60);
ASSERT_OFFSET(struct vmcb_control, exitcode, 0x70);
ASSERT_OFFSET(struct vmcb_control, exitintinfo, 0x88);
ASSERT_OFFSET(struct vmcb_control, np_enable, 0x90);
ASSERT_OFFSET(struct vmcb_control, eventinj, 0xa8);
ASSERT_OFFSET(struct vmcb_control, n_cr3, 0xb0);
ASSERT_OFFSET(struct vmcb_control, virt_ext, 0xb8);
ASSERT_OFFSET(struct vmcb_control, clean, 0xc0);
ASSERT_OFFSET(struct vmcb_control, nrip, 0xc8);
ASSERT_OFFSET(struct vmcb_control, insn_len, 0xd0);
ASSERT_OFFSET(struct vmcb_control, hv_enlightenments_control, 0x3e0);

/* [APM "VMCB Layout, State Save Area"]; offsets are from the start of the save area. */
struct vmcb_save {
	struct vmcb_seg es;
	struct vmcb_seg cs;
	struct vmcb_seg ss;
	struct vmcb_seg ds;
	struct vmcb_seg fs;
	struct vmcb_seg gs;
	struct vmcb_seg gdtr;
	struct vmcb_seg ldtr;
	struct vmcb_seg idtr;
	struct vmcb_seg tr;
	u8 reserved_0a0[0xcb - 0xa0];
	u8 cpl;
	u32 reserved_0cc;
	u64 efer;
	u8 reserved_0d8[0x148 - 0xd8];
	u64 cr4;
	u64 cr3;
	u64 cr0;
	u64 dr7;
	u64 dr6;
	u64 rflags;
	u64 rip;
	u8 reserved_180[0x1d8 - 0x180];
	u64 rsp;
	u64 s_cet;
	u64 ssp;
	u64 isst_addr;
	u64 rax;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
	u64 kernel_gs_base;
	u64 sysenter_cs;
	u64 sysenter_esp;
	u64 sysenter_eip;
	u64 cr2;
	u8 reserved_248[0x268 - 0x248];
	u64 g_pat;
	u64 dbgctl;
	u64 br_from;
	u64 br_to;
	u64 last_excp_from;
	u64 last_excp_to;
	u8 reserved_298[0xc00 - 0x298];
};
ASSERT_SIZE(struct vmcb_save, 0xc00);
ASSERT_OFFSET(struct vmcb_save, tr, 0x90);
ASSERT_OFFSET(struct vmcb_save, cpl, 0xcb);
ASSERT_OFFSET(struct vmcb_save, efer, 0xd0);
ASSERT_OFFSET(struct vmcb_save, cr4, 0x148);
ASSERT_OFFSET(struct vmcb_save, rip, 0x178);
ASSERT_OFFSET(struct vmcb_save, rsp, 0x1d8);
ASSERT_OFFSET(struct vmcb_save, rax, 0x1f8);
ASSERT_OFFSET(struct vmcb_save, cr2, 0x240);
ASSERT_OFFSET(struct vmcb_save, g_pat, 0x268);
ASSERT_OFFSET(struct vmcb_save, last_excp_to, 0x290);

struct vmcb {
	struct vmcb_control control;
	struct vmcb_save save;
};
ASSERT_SIZE(struct vmcb, 0x1000);

#endif
