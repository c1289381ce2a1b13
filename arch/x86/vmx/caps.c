/* SPDX-License-Identifier: MIT */
/* VMX as L1 sees it: the hardware's capabilities, less what is in no row here. Pure. */
#include "arch/x86/vmx/caps.h"
#include "arch/x86/vmx/vmcs12.h"

#define REGION_SIZE	 4096
#define CR3_TARGETS	 4
#define VMX_BASIC_WB	 6
#define MSR(table, msr_) ((table)[(msr_)-MSR_VMX_BASIC])

/*
 * Controls that L1 is offered where the hardware has them. The others are not, because
 * - the enlightened VMCS has no field for them, and KVM uses without asking what it is offered:
 *   preemption timer, posted interrupts, tertiary controls, virtualized APIC accesses,
 * APIC-register virtualization, virtual-interrupt delivery, PAUSE-loop exiting, VM functions, VMCS
 * shadowing, PML, EPT-violation #VE, RTIT [TLFS "HV_VMX_ENLIGHTENED_VMCS"];
 * - they are useless without one of those: x2APIC mode, saving the timer, concealing PT;
 * - emulators have faults there: monitor trap flag, IA32_PERF_GLOBAL_CTRL;
 * - or nobody has asked yet: BNDCFGS, ENCLS, mode-based execute, UMWAIT, SMM, what came later.
 */
#define OFFERED_PIN (PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMIS)

#define OFFERED_PRIMARY                                                                           \
	(PROC_INTERRUPT_WINDOW | PROC_TSC_OFFSETTING | PROC_HLT | PROC_INVLPG | PROC_MWAIT |      \
	 PROC_RDPMC | PROC_RDTSC | PROC_CR3_LOAD | PROC_CR3_STORE | PROC_CR8_LOAD |               \
	 PROC_CR8_STORE | PROC_TPR_SHADOW | PROC_NMI_WINDOW | PROC_MOV_DR |                       \
	 PROC_UNCONDITIONAL_IO | PROC_IO_BITMAPS | PROC_MSR_BITMAPS | PROC_MONITOR | PROC_PAUSE | \
	 PROC_SECONDARY)

#define OFFERED_SECONDARY                                                                        \
	(PROC2_EPT | PROC2_DESCRIPTOR_TABLE | PROC2_RDTSCP | PROC2_VPID | PROC2_WBINVD |         \
	 PROC2_UNRESTRICTED_GUEST | PROC2_RDRAND | PROC2_INVPCID | PROC2_RDSEED | PROC2_XSAVES | \
	 PROC2_TSC_SCALING)

#define OFFERED_EXIT                                                                      \
	(EXIT_SAVE_DEBUG | EXIT_HOST_ADDRESS_SPACE | EXIT_ACK_INTERRUPT | EXIT_SAVE_PAT | \
	 EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER)

#define OFFERED_ENTRY (ENTRY_LOAD_DEBUG | ENTRY_IA32E_GUEST | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER)

/* Without accessed and dirty bits, five levels, and advanced exit information. */
#define OFFERED_EPT                                                                               \
	(EPT_CAP_EXEC_ONLY | EPT_CAP_WALK_4 | EPT_CAP_UC | EPT_CAP_WB | EPT_CAP_2M | EPT_CAP_1G | \
	 EPT_CAP_INVEPT | EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)
#define NEEDED_EPT (EPT_CAP_WALK_4 | EPT_CAP_WB | EPT_CAP_INVEPT | EPT_CAP_INVEPT_ALL)

#define OFFERED_VPID                                                            \
	(VPID_CAP_INVVPID | VPID_CAP_ADDRESS | VPID_CAP_SINGLE | VPID_CAP_ALL | \
	 VPID_CAP_SINGLE_GLOBALS)
#define NEEDED_VPID (VPID_CAP_INVVPID | VPID_CAP_ALL)

/* As the hardware has them. Of the activity states HLT; no PT, SMM, or VMWRITE to any field. */
#define OFFERED_MISC (VMX_MISC_EFER_LMA | VMX_MISC_ACTIVITY_HLT | VMX_MISC_ZERO_LENGTH_INJECTION)

/* The words of controls. [SDM "Reserved Controls and Default Settings"] */
static const struct word {
	u16 member;
	u16 msr;
	u16 true_msr; /* 0: none */
	u64 offered;
} words[] = {
#define WORD(name) offsetof(struct vmx_caps, name)
	{ WORD(pin), MSR_VMX_PINBASED_CTLS, MSR_VMX_TRUE_PINBASED_CTLS, OFFERED_PIN },
	{ WORD(primary), MSR_VMX_PROCBASED_CTLS, MSR_VMX_TRUE_PROCBASED_CTLS, OFFERED_PRIMARY },
	{ WORD(secondary), MSR_VMX_PROCBASED_CTLS2, 0, OFFERED_SECONDARY },
	{ WORD(exit), MSR_VMX_EXIT_CTLS, MSR_VMX_TRUE_EXIT_CTLS, OFFERED_EXIT },
	{ WORD(entry), MSR_VMX_ENTRY_CTLS, MSR_VMX_TRUE_ENTRY_CTLS, OFFERED_ENTRY },
};

/*
 * Controls that go when others are missing: pairs, of which KVM refuses one half, and what VM entry
 * would refuse anyway. In this order. [SDM "Checks on VMX Controls"]
 */
static const struct need {
	u16 member;
	u16 other;
	u64 control;
	u64 needs;
} needs[] = {
	{ WORD(entry), WORD(exit), ENTRY_LOAD_PAT, EXIT_LOAD_PAT },
	{ WORD(exit), WORD(entry), EXIT_LOAD_PAT | EXIT_SAVE_PAT, ENTRY_LOAD_PAT },
	{ WORD(entry), WORD(exit), ENTRY_LOAD_EFER, EXIT_LOAD_EFER },
	{ WORD(exit), WORD(entry), EXIT_LOAD_EFER | EXIT_SAVE_EFER, ENTRY_LOAD_EFER },
	{ WORD(primary), WORD(pin), PROC_NMI_WINDOW, PIN_VIRTUAL_NMIS },
	{ WORD(secondary), WORD(secondary), PROC2_UNRESTRICTED_GUEST, PROC2_EPT },
#undef WORD
};

static struct vmx_ctls *word_of(struct vmx_caps *caps, u16 member)
{
	return (struct vmx_ctls *)((u8 *)caps + member);
}

/* [SDM "VMX Capability Reporting Facility"]: which MSRs exist, by the others. */
static bool msr_exists(const u64 *msrs, u32 msr)
{
	u32 primary = high32(MSR(msrs, MSR_VMX_PROCBASED_CTLS));
	u32 secondary = primary & PROC_SECONDARY ? high32(MSR(msrs, MSR_VMX_PROCBASED_CTLS2)) : 0;

	switch (msr) {
	case MSR_VMX_BASIC ... MSR_VMX_VMCS_ENUM:
		return true;
	case MSR_VMX_PROCBASED_CTLS2:
		return primary & PROC_SECONDARY;
	case MSR_VMX_EPT_VPID_CAP:
		return secondary & (PROC2_EPT | PROC2_VPID);
	case MSR_VMX_TRUE_PINBASED_CTLS ... MSR_VMX_TRUE_ENTRY_CTLS:
		return MSR(msrs, MSR_VMX_BASIC) & VMX_BASIC_TRUE_CTLS;
	case MSR_VMX_VMFUNC:
		return secondary & PROC2_VMFUNC;
	default:
		return false;
	}
}

bool vmx_hw_caps_exists(const struct vmx_hw_caps *hw, u32 msr)
{
	return msr_exists(hw->msr, msr);
}

/* A hardware's MSR, 0 where it has none. */
static u64 hw_msr(const struct vmx_hw_caps *hw, u32 msr)
{
	return msr_exists(hw->msr, msr) ? MSR(hw->msr, msr) : 0;
}

/* The default1 bits stay allowed: who reads the plain MSRs alone sets them. */
static void offer_words(struct vmx_caps *caps, const struct vmx_hw_caps *hw)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		struct vmx_ctls *ctls = word_of(caps, words[i].member);
		u64 plain = hw_msr(hw, words[i].msr);
		u64 exact = msr_exists(hw->msr, words[i].true_msr) ? MSR(hw->msr, words[i].true_msr)
								   : plain;

		ctls->must = low32(exact);
		ctls->may = (high32(exact) & (u32)words[i].offered) | low32(plain) | low32(exact);
	}
}

static void drop_needy(struct vmx_caps *caps, const struct vmx_hw_caps *hw)
{
	u64 ept_vpid = hw_msr(hw, MSR_VMX_EPT_VPID_CAP);

	if ((ept_vpid & NEEDED_EPT) != NEEDED_EPT) {
		caps->secondary.may &= (u32)~PROC2_EPT;
	}
	if ((ept_vpid & NEEDED_VPID) != NEEDED_VPID) {
		caps->secondary.may &= (u32)~PROC2_VPID;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(needs); i++) {
		const struct vmx_ctls *other = word_of(caps, needs[i].other);

		if ((other->may & needs[i].needs) != needs[i].needs) {
			word_of(caps, needs[i].member)->may &= (u32)~needs[i].control;
		}
	}
}

static void fill_word_msrs(struct vmx_caps *caps, const struct vmx_hw_caps *hw)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		const struct vmx_ctls *ctls = word_of(caps, words[i].member);
		u32 plain = low32(hw_msr(hw, words[i].msr));

		MSR(caps->msr, words[i].msr) = make64(ctls->may, plain | ctls->must);
		if (words[i].true_msr) {
			MSR(caps->msr, words[i].true_msr) = make64(ctls->may, ctls->must);
		}
	}
}

/* [SDM "Basic VMX Information"] */
static u64 basic_of(const struct vmx_hw_caps *hw)
{
	return VMCS12_REVISION | FIELD_PREP(VMX_BASIC_SIZE_MASK, REGION_SIZE) |
	       FIELD_PREP(VMX_BASIC_MEMTYPE_MASK, VMX_BASIC_WB) | VMX_BASIC_TRUE_CTLS |
	       (hw_msr(hw, MSR_VMX_BASIC) & VMX_BASIC_INS_OUTS);
}

/* [SDM "Miscellaneous Data"]; MSR lists of 512 entries */
static u64 misc_of(const struct vmx_hw_caps *hw)
{
	u64 misc = hw_msr(hw, MSR_VMX_MISC);
	u64 targets = MIN(FIELD_GET(VMX_MISC_CR3_TARGETS_MASK, misc), CR3_TARGETS);

	return (misc & OFFERED_MISC) | FIELD_PREP(VMX_MISC_CR3_TARGETS_MASK, targets);
}

/* [SDM "VPID and EPT Capabilities"] */
static u64 ept_vpid_of(const struct vmx_caps *caps, const struct vmx_hw_caps *hw)
{
	u64 offered = (caps->secondary.may & PROC2_EPT ? OFFERED_EPT : 0) |
		      (caps->secondary.may & PROC2_VPID ? OFFERED_VPID : 0);

	return hw_msr(hw, MSR_VMX_EPT_VPID_CAP) & offered;
}

/* [SDM "VMCS Enumeration"]: the highest index of a field's encoding */
static u64 vmcs_enum(void)
{
	u64 highest = 0;

	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		if (vmcs_fields[i].access != VMCS_ACCESS_L0) {
			highest = MAX(highest, vmcs_fields[i].encoding & VMCS_ENCODING_INDEX_MASK);
		}
	}
	return highest;
}

void vmx_caps_init(struct vmx_caps *caps, const struct vmx_hw_caps *hw, u64 cr4_valid,
		   u32 maxphyaddr)
{
	*caps = (struct vmx_caps){ .maxphyaddr = maxphyaddr };
	offer_words(caps, hw);
	drop_needy(caps, hw);
	caps->unrestricted = caps->secondary.may & PROC2_UNRESTRICTED_GUEST;
	caps->cr0_fixed0 = hw_msr(hw, MSR_VMX_CR0_FIXED0);
	caps->cr0_fixed1 = hw_msr(hw, MSR_VMX_CR0_FIXED1);
	caps->cr4_fixed0 = hw_msr(hw, MSR_VMX_CR4_FIXED0);
	caps->cr4_fixed1 = (hw_msr(hw, MSR_VMX_CR4_FIXED1) & cr4_valid) | caps->cr4_fixed0;
	caps->misc = misc_of(hw);
	caps->ept_vpid = ept_vpid_of(caps, hw);

	fill_word_msrs(caps, hw);
	MSR(caps->msr, MSR_VMX_BASIC) = basic_of(hw);
	MSR(caps->msr, MSR_VMX_MISC) = caps->misc;
	MSR(caps->msr, MSR_VMX_CR0_FIXED0) = caps->cr0_fixed0;
	MSR(caps->msr, MSR_VMX_CR0_FIXED1) = caps->cr0_fixed1;
	MSR(caps->msr, MSR_VMX_CR4_FIXED0) = caps->cr4_fixed0;
	MSR(caps->msr, MSR_VMX_CR4_FIXED1) = caps->cr4_fixed1;
	MSR(caps->msr, MSR_VMX_VMCS_ENUM) = vmcs_enum();
	MSR(caps->msr, MSR_VMX_EPT_VPID_CAP) = caps->ept_vpid;
}

bool vmx_caps_read(const struct vmx_caps *caps, u32 msr, u64 *value)
{
	if (!msr_exists(caps->msr, msr)) {
		return false; /* [SDM "RDMSR"]: #GP for an MSR that does not exist */
	}
	*value = MSR(caps->msr, msr);
	return true;
}
