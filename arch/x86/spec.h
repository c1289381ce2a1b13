/* SPDX-License-Identifier: MIT */
/*
 * What both vendors' manuals define alike: control registers, RFLAGS, MSR numbers, exception
 * vectors, local APIC registers. Definitions only.
 */
#ifndef ARCH_X86_SPEC_H
#define ARCH_X86_SPEC_H

#include "lib/bits.h"

/* clang-format off */

#define CR0_PE		BIT(0)
#define CR0_MP		BIT(1)
#define CR0_EM		BIT(2)
#define CR0_TS		BIT(3)
#define CR0_ET		BIT(4)
#define CR0_NE		BIT(5)
#define CR0_WP		BIT(16)
#define CR0_AM		BIT(18)
#define CR0_NW		BIT(29)
#define CR0_CD		BIT(30)
#define CR0_PG		BIT(31)

#define CR4_VME		BIT(0)
#define CR4_PVI		BIT(1)
#define CR4_TSD		BIT(2)
#define CR4_DE		BIT(3)
#define CR4_PSE		BIT(4)
#define CR4_PAE		BIT(5)
#define CR4_MCE		BIT(6)
#define CR4_PGE		BIT(7)
#define CR4_PCE		BIT(8)
#define CR4_OSFXSR	BIT(9)
#define CR4_OSXMMEXCPT	BIT(10)
#define CR4_UMIP	BIT(11)
#define CR4_LA57	BIT(12)
#define CR4_VMXE	BIT(13)
#define CR4_SMXE	BIT(14)
#define CR4_FSGSBASE	BIT(16)
#define CR4_PCIDE	BIT(17)
#define CR4_OSXSAVE	BIT(18)
#define CR4_SMEP	BIT(20)
#define CR4_SMAP	BIT(21)
#define CR4_PKE		BIT(22)
#define CR4_CET		BIT(23)

#define EFER_SCE	BIT(0)
#define EFER_LME	BIT(8)
#define EFER_LMA	BIT(10)
#define EFER_NXE	BIT(11)
#define EFER_SVME	BIT(12)
#define EFER_LMSLE	BIT(13)
#define EFER_FFXSR	BIT(14)
#define EFER_TCE	BIT(15)

#define RFLAGS_CF	BIT(0)
#define RFLAGS_FIXED	BIT(1)
#define RFLAGS_PF	BIT(2)
#define RFLAGS_AF	BIT(4)
#define RFLAGS_ZF	BIT(6)
#define RFLAGS_SF	BIT(7)
#define RFLAGS_TF	BIT(8)
#define RFLAGS_IF	BIT(9)
#define RFLAGS_OF	BIT(11)
#define RFLAGS_RF	BIT(16)
#define RFLAGS_VM	BIT(17)
#define RFLAGS_AC	BIT(18)

#define DR6_RESET	0xffff0ff0ull
#define DR6_BS		BIT(14)
#define DR7_RESET	0x400ull
#define PAT_RESET	0x0007040600070406ull

#define VECTOR_DE	0
#define VECTOR_DB	1
#define VECTOR_NMI	2
#define VECTOR_BP	3
#define VECTOR_OF	4
#define VECTOR_BR	5
#define VECTOR_UD	6
#define VECTOR_NM	7
#define VECTOR_DF	8
#define VECTOR_TS	10
#define VECTOR_NP	11
#define VECTOR_SS	12
#define VECTOR_GP	13
#define VECTOR_PF	14
#define VECTOR_MF	16
#define VECTOR_AC	17
#define VECTOR_MC	18
#define VECTOR_XF	19
#define VECTOR_CP	21
#define VECTOR_SX	30

#define PF_PRESENT	BIT(0)
#define PF_WRITE	BIT(1)
#define PF_USER		BIT(2)
#define PF_RSVD		BIT(3)
#define PF_FETCH	BIT(4)

#define MSR_TSC			0x10
#define MSR_APIC_BASE		0x1b
#define MSR_FEATURE_CONTROL	0x3a
#define MSR_SPEC_CTRL		0x48
#define MSR_PRED_CMD		0x49
#define MSR_BIOS_SIGN_ID	0x8b
#define MSR_MTRR_CAP		0xfe
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_MCG_CAP		0x179
#define MSR_MISC_ENABLE		0x1a0
#define MSR_DEBUGCTL		0x1d9
#define MSR_PAT			0x277
#define MSR_MTRR_DEF_TYPE	0x2ff
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC_FIRST	0x800
#define MSR_X2APIC_ICR		0x830
#define MSR_X2APIC_LAST		0x8ff
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SFMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103
#define MSR_TSC_RATIO		0xc0000104
#define MSR_SYSCFG		0xc0010010
#define MSR_HWCR		0xc0010015

#define APIC_BASE_BSP		BIT(8)
#define APIC_BASE_EXTD		BIT(10)
#define APIC_BASE_EN		BIT(11)

/* Local APIC registers: byte offsets in the xAPIC page; the x2APIC MSR is 800h + offset / 16 */
#define APIC_ID			0x020
#define APIC_TPR		0x080
#define APIC_EOI		0x0b0
#define APIC_SVR		0x0f0
#define APIC_ICR_LOW		0x300
#define APIC_ICR_HIGH		0x310
#define APIC_LVT_TIMER		0x320
#define APIC_TIMER_INITIAL	0x380
#define APIC_TIMER_CURRENT	0x390
#define APIC_TIMER_DIVIDE	0x3e0

#define ICR_VECTOR_MASK		GENMASK(7, 0)
#define ICR_DELIVERY_MASK	GENMASK(10, 8)
#define ICR_DELIVERY_FIXED	0
#define ICR_DELIVERY_SMI	2
#define ICR_DELIVERY_NMI	4
#define ICR_DELIVERY_INIT	5
#define ICR_DELIVERY_STARTUP	6
#define ICR_DEST_LOGICAL	BIT(11)
#define ICR_PENDING		BIT(12)
#define ICR_ASSERT		BIT(14)
#define ICR_TRIGGER_LEVEL	BIT(15)
#define ICR_SHORTHAND_MASK	GENMASK(19, 18)
#define ICR_SHORTHAND_NONE	0
#define ICR_SHORTHAND_SELF	1
#define ICR_SHORTHAND_ALL	2
#define ICR_SHORTHAND_OTHERS	3

#define CPUID_1_ECX_MONITOR	BIT(3)
#define CPUID_1_ECX_VMX		BIT(5)
#define CPUID_1_ECX_PDCM	BIT(15)
#define CPUID_1_ECX_PCID	BIT(17)
#define CPUID_1_ECX_X2APIC	BIT(21)
#define CPUID_1_ECX_XSAVE	BIT(26)
#define CPUID_1_ECX_OSXSAVE	BIT(27)
#define CPUID_1_ECX_HYPERVISOR	BIT(31)
#define CPUID_7_ECX_OSPKE	BIT(4)
#define CPUID_80000001_ECX_SVM	BIT(2)
#define CPUID_80000001_EDX_NX	BIT(20)
#define CPUID_80000001_EDX_1G	BIT(26)
#define CPUID_80000007_EDX_INVARIANT_TSC BIT(8)

/* CPUID Fn8000_000A_EDX */
#define SVM_FEATURE_NP			BIT(0)
#define SVM_FEATURE_LBR_VIRT		BIT(1)
#define SVM_FEATURE_SVML		BIT(2)
#define SVM_FEATURE_NRIPS		BIT(3)
#define SVM_FEATURE_TSC_RATE_MSR	BIT(4)
#define SVM_FEATURE_VMCB_CLEAN		BIT(5)
#define SVM_FEATURE_FLUSH_BY_ASID	BIT(6)
#define SVM_FEATURE_DECODE_ASSISTS	BIT(7)
#define SVM_FEATURE_PAUSE_FILTER	BIT(10)
#define SVM_FEATURE_PAUSE_THRESHOLD	BIT(12)
#define SVM_FEATURE_VGIF		BIT(16)
#define SVM_FEATURE_SPEC_CTRL		BIT(20)
#define SVM_FEATURE_VNMI		BIT(25)
#define SVM_FEATURE_SVME_ADDR_CHK	BIT(28)

/* clang-format on */

/* Register numbers as ModRM and REX encode them. */
enum gpr {
	GPR_RAX,
	GPR_RCX,
	GPR_RDX,
	GPR_RBX,
	GPR_RSP,
	GPR_RBP,
	GPR_RSI,
	GPR_RDI,
	GPR_R8,
	GPR_R9,
	GPR_R10,
	GPR_R11,
	GPR_R12,
	GPR_R13,
	GPR_R14,
	GPR_R15,
	GPR_COUNT,
};

#endif
