/* SPDX-License-Identifier: MIT */
/*
 * Whether VMRUN may start a guest from this VMCB: every consistency check of the APM, over an
 * in-memory image. It knows neither where the image came from nor what the hardware checks itself.
 */
#ifndef ARCH_X86_SVM_ENTRY_CHECKS_H
#define ARCH_X86_SVM_ENTRY_CHECKS_H

#include "arch/x86/svm/spec.h"

/*
 * The processor that executes VMRUN, as the hypervisor on it sees it. Boot-constant. Fill it
 * with svm_entry_caps_init(): the members are the masks that the fast path wants.
 */
struct svm_entry_caps {
	u64 phys_mbz;	   /* physical address bits at and above MAXPHYADDR */
	u64 map_end;	   /* permission maps must start below it */
	u64 cr4_mbz;	   /* CR4 bits that the processor does not have */
	u64 efer_mbz;	   /* EFER bits that it does not have; the RAZ bits 7:1 are not here */
	u64 s_cet_mbz;	   /* reserved bits of S_CET; 0 without CET: the field is ignored */
	u64 np_enable;	   /* NP_ENABLE with nested paging, else 0: the bit is ignored */
	u64 v_nmi_enable;  /* V_NMI_ENABLE with virtual NMI, else 0 */
	u32 exceptions;	   /* bit n: vector n is an exception */
	u32 tlb_encodings; /* bit n: n is a TLB_CONTROL encoding */
};

/* One rule of the APM. `broken` looks at this rule alone. */
struct svm_entry_rule {
	const char *name;
	const char *citation;
	bool (*broken)(const struct vmcb_control *control, const struct vmcb_save *save,
		       u64 host_cr0, const struct svm_entry_caps *caps);
};

extern const struct svm_entry_rule svm_entry_rules[];
extern const size_t svm_entry_rules_count;

/*
 * maxphyaddr: 32..52, CPUID Fn8000_0008_EAX[7:0]. cr4_valid, efer_valid: the bits that exist by
 * that hypervisor's CPUID (EFER.SVME, LME and LMA included). features: Fn8000_000A_EDX.
 */
void svm_entry_caps_init(struct svm_entry_caps *caps, unsigned int maxphyaddr, u64 cr4_valid,
			 u64 efer_valid, u32 features);

/*
 * NULL when VMRUN is legal, else the first rule of the table that the VMCB breaks: the answer is
 * then #VMEXIT(VMEXIT_INVALID). control and save are a snapshot that nobody else can write;
 * host_cr0 is CR0 of the hypervisor that executes VMRUN.
 */
const struct svm_entry_rule *svm_entry_check(const struct vmcb_control *control,
					     const struct vmcb_save *save, u64 host_cr0,
					     const struct svm_entry_caps *caps);

/* Its fast path, for the test: whether the table has to be asked at all. */
bool svm_entry_is_suspect(const struct vmcb_control *control, const struct vmcb_save *save,
			  u64 host_cr0, const struct svm_entry_caps *caps);

/*
 * Gives what VMRUN accepts, but the processor ignores or works out itself, the value that the
 * processor works with. Emulators believe these fields, and some stop the whole machine over a
 * contradiction. Call it on the state that is about to run, accepted by svm_entry_check().
 */
void svm_entry_constrain(struct vmcb_save *save);

/* The same for EVENTINJ: without reserved bits, and an error code for exceptions only. */
u64 svm_eventinj_constrain(u64 eventinj);

/* The same for the registers that VMLOAD loads and VMRUN does not: TR and LDTR. */
void svm_vmload_constrain(struct vmcb_save *save);

#endif
