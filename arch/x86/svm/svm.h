/* SPDX-License-Identifier: MIT */
/*
 * SVM's part of a virtual processor, and what the files of this folder call of each other.
 *
 *   vmcb01	runs L1. Its VMLOAD state is L1's at any time, also while L2 runs.
 *   vmcb12	Plinth's snapshot of the VMCB that L1 last ran
 *   vmcb02	runs L2: vmcb12 merged with what Plinth must keep
 */
#ifndef ARCH_X86_SVM_SVM_H
#define ARCH_X86_SVM_SVM_H

#include "arch/x86/decode.h"
#include "arch/x86/svm/entry_checks.h"
#include "arch/x86/svm/offsets.h"
#include "arch/x86/svm/spec.h"
#include "arch/x86/vcpu.h"
#include "mm/shadow_slat.h"

#define SVM_ASID_L1	1
#define SVM_ASID_NO_NPT 2 /* L2 without nested paging */
#define SVM_ASID_L2	3 /* and one for each shadow set from here */

struct svm_vcpu {
	struct vcpu v;
	struct vmcb *vmcb01; /* (b) */
	struct vmcb *vmcb02; /* (b) */
	struct vmcb *vmcb12; /* (b) the snapshot; contents (o) */
	u64 vmcb02_spa;	     /* (b) */
	u8 *msrpm02;	     /* (b) */
	u8 *iopm02;	     /* (b) built when L2 does I/O that L1 leaves to it */

	bool gif;	    /* (o) L1's global interrupt flag */
	bool svme;	    /* (o) L1's EFER.SVME; the real one is always set */
	bool tlb_flush;	    /* (o) flush everything of this CPU at the next entry */
	u64 injected;	    /* (o) EVENTINJ of the last entry */
	bool soft_injected; /* (o) L1 injected what else an INT n, INT3 or INTO of L2 raises */
	u64 soft_rip;	    /* (o) where L2's RIP belongs if its delivery fails, */
	u64 soft_entry_rip; /* (o) and where it stands meanwhile */
	u64 hsave_pa;	    /* (o) VM_HSAVE_PA; Plinth never stores there */
	u64 vm_cr;	    /* (o) */
	u64 vmcb12_gpa;	    /* (o) of the VMRUN that L2 runs by */
	u64 loaded_gpa;	    /* (o) which vmcb12 the snapshot is of; ~0: none */
	u64 merged_msrpm;   /* (o) which map of L1 msrpm02 was merged from: svm_msrpm_may_stay */
	bool l1_if;	    /* (o) L1's RFLAGS.IF at VMRUN, for V_INTR_MASKING */
	u64 iret_rip;	    /* (o) where L1's NMI handler is about to return */
	bool stepping;	    /* (o) RFLAGS.TF is set, to exit behind that IRET */
	bool l1_steps;	    /* (o) L1 has RFLAGS.TF set at that IRET */
	struct slat slat;   /* (o) */
	u32 set;	    /* (o) the shadow set that L2 runs on, when nested paging is on */
	bool npt12;	    /* (o) L2 runs with nested paging */
	u32 asid12;	    /* (o) of L2 without nested paging: the ASID that the TLB holds */
};

struct svm_machine {
	u32 features; /* CPUID 8000_000A EDX of the hardware */
	u32 asids;    /* and its EBX */
	u32 maxphyaddr;
	u8 walk_model;			  /* GUEST_PAGING_* */
	u64 efer_allowed;		  /* bits that L1 may set */
	struct svm_entry_caps entry_caps; /* of VMRUN as L1 sees it */
	u8 *msrpm01;			  /* deny by default, allow by row */
	u8 *iopm01;
	u8 *iopm_all; /* every port intercepted: L2's until it needs more */
	u64 iopm_all_spa;
	u32 pool_pages; /* of shadow tables, for each VP */
};

/* entry_word[] of struct vcpu: vmcb01, which has L1's VMLOAD state, and Plinth's VMLOAD state. */
#define SVM_SPA_VMCB01 0
#define SVM_SPA_HOST   1
ASSERT_OFFSET(struct svm_vcpu, v.gpr, 0);
ASSERT_OFFSET(struct svm_vcpu, v.entry_word[SVM_SPA_VMCB01], SVM_VCPU_VMCB01_SPA);
ASSERT_OFFSET(struct svm_vcpu, v.entry_word[SVM_SPA_HOST], SVM_VCPU_HOST_SPA);

extern struct svm_machine svm_machine;

static inline struct svm_vcpu *svm_of(struct vcpu *v)
{
	return container_of(v, struct svm_vcpu, v);
}

static inline struct vmcb *svm_vmcb(const struct svm_vcpu *s)
{
	return s->v.in_l2 ? s->vmcb02 : s->vmcb01;
}

/* What INT n, INT3 and INTO raise: run again, the instruction delivers it again. */
static inline bool svm_event_is_of_insn(u64 event)
{
	u64 type = FIELD_GET(EVENT_TYPE_MASK, event);
	u64 vector = FIELD_GET(EVENT_VECTOR_MASK, event);

	return type == EVENT_TYPE_SOFT_INT ||
	       (type == EVENT_TYPE_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF));
}

static inline void vmcb_dirty(struct vmcb *vmcb, u32 groups)
{
	vmcb->control.clean &= ~groups;
}

/* run.c */
void svm_run(struct vcpu *v) __noreturn;
void svm_inject(struct vmcb *vmcb, u64 event);
void svm_inject_exception(struct svm_vcpu *s, u8 vector, bool has_error, u32 error);
void svm_finish(struct svm_vcpu *s, enum outcome outcome);
/* Makes V_INTR_MASKING of vmcb01 follow L1's GIF. */
void svm_set_gif(struct svm_vcpu *s, bool gif);

/* insn.c: the guest's instruction at RIP */
enum decode_mode svm_decode_mode(const struct vmcb *vmcb);
/* Up to 15 bytes at RIP of whoever runs; how many could be had. */
size_t svm_fetch(struct svm_vcpu *s, u8 bytes[INSN_MAX_LENGTH]);
/* Decodes it; a decode_status, or DECODE_NEED_MORE when it is not all mapped. */
int svm_decode(struct svm_vcpu *s, struct insn *insn);
/* Its length, by the hardware's nRIP or by decoding; 0: it cannot be told. */
u32 svm_length(struct svm_vcpu *s);
/* Goes to the next instruction; svm_skip_l1 where it is known that L1 runs. */
void svm_skip(struct svm_vcpu *s);
void svm_skip_l1(struct svm_vcpu *s);

/* RIP `length` bytes further, as wide as the guest's mode has it. */
static inline u64 svm_rip_after(const struct vmcb *vmcb, u32 length)
{
	u64 rip = vmcb->save.rip + length;

	return likely(vmcb->save.cs.attrib & SEG_L) ? rip : low32(rip);
}

/* The instruction at RIP is done; what completed ends the shadow of STI or MOV SS. */
static inline void svm_complete(struct vmcb *vmcb, u64 rip)
{
	vmcb->save.rip = rip;
	vmcb->control.interrupt_shadow = 0;
}

/* exits.c */
void svm_exit_l1(struct svm_vcpu *s);
enum outcome svm_msr_read(struct vcpu *v, u32 msr, u64 *value);
enum outcome svm_msr_write(struct vcpu *v, u32 msr, u64 value);

/* nested.c */
void svm_exit_l2(struct svm_vcpu *s);
void svm_vmrun(struct svm_vcpu *s);
/* Leaves L2 for L1 with an exit; `code` 64-bit as L1 reads it. */
void svm_nested_exit(struct svm_vcpu *s, u64 code, u64 info1, u64 info2);
/* Makes vmcb02 ready for one more entry: shadow root, owed flushes. */
void svm_nested_prepare(struct svm_vcpu *s);

/* nested_insn.c */
void svm_nested_insn(struct svm_vcpu *s, u32 code);

/* npt.c */
enum npt_result {
	NPT_FILLED,  /* the shadow has the page now: run again */
	NPT_REFLECT, /* L1's fault to see: vmcb02's EXITINFO1 and EXITINFO2 are made L1's */
	NPT_EMULATE, /* L1's tables allow it, but the page is one that Plinth keeps or has not */
};
/* A nested page fault of L2; *gpa is set for NPT_EMULATE. */
enum npt_result npt_l2_fault(struct svm_vcpu *s, u64 *gpa);
bool npt_l2_translate(struct svm_vcpu *s, u64 l2gpa, u64 *gpa);

#endif
