/* SPDX-License-Identifier: MIT */
/*
 * VMX's part of a virtual processor, and what the files of this folder call of each other.
 *
 *   vmcs01	runs L1
 *   vmcs12	Plinth's snapshot of the VMCS that L1 works with, plain or enlightened
 *   vmcs02	runs L2: vmcs12 merged with what Plinth must keep
 */
#ifndef ARCH_X86_VMX_VMX_H
#define ARCH_X86_VMX_VMX_H

#include "arch/x86/decode.h"
#include "arch/x86/percpu.h"
#include "arch/x86/vcpu.h"
#include "arch/x86/vmx/caps.h"
#include "arch/x86/vmx/controls.h"
#include "arch/x86/vmx/evmcs.h"
#include "arch/x86/vmx/offsets.h"
#include "arch/x86/vmx/vmcs.h"
#include "mm/shadow_slat.h"

#define VMX_VPID_L1    1
#define VMX_VPID_L2    2

#define VMX_NO_POINTER (~0ull) /* [SDM "VMCS Data Structures"]: no current VMCS */

struct vmx_vcpu {
	struct vcpu v;
	u64 vmcs01_spa;	     /* (b) */
	u64 vmcs02_spa;	     /* (b) */
	bool launched01;     /* (o) */
	bool launched02;     /* (o) */
	bool tlb_flush;	     /* (o) flush everything of this CPU at the next entry */
	u32 exit_reason;     /* (o) of the last VM exit, whole: the basic reason in its low half */
	u64 exit_rip;	     /* (o) where the guest was then */
	u64 rsp;	     /* (o) what guest_rsp of the current VMCS has; L1's RSP is in v.gpr */
	u64 cr2;	     /* (o) of whichever guest ran last: VMX leaves it to software */
	struct vmcs picture; /* (o) of the current VMCS, when another CPU asked for it */
	u32 pictures;	     /* (a) how many were made */

	/* Nested: all (o) */
	bool vmxon; /* L1 is in VMX operation */
	u64 vmxon_gpa;
	u64 current_gpa;    /* L1's current VMCS, VMX_NO_POINTER: none */
	bool launched12;    /* its launch state */
	u64 evmcs_gpa;	    /* the enlightened VMCS in use, VMX_NO_POINTER: none */
	struct vmcs vmcs12; /* the snapshot of the current one */
	struct vmcs vmcs02; /* what the hardware's vmcs02 holds */
	u8 *msr_bitmap02;   /* (b) */
	struct slat slat;
	u32 set;	   /* the shadow set that L2 runs on */
	bool flush_vpid02; /* an INVVPID of L1's is owed at the next entry to L2 */
	u32 vpid12;	   /* L1's VPID of the last entry to L2, 0: none */
	u32 changed;	   /* groups of vmcs12 that vmcs02 has not taken over */
	u8 *io_bitmaps02;  /* (b) built when L2 does I/O that L1 leaves to it */
	struct evmcs_enlightenments enlightenments;
	bool is_checked;	 /* the last entry passed the checks, */
	bool checked_long_mode;	 /* which asked for this of L1 */
	bool halted;		 /* L2 is in the activity state HLT */
	bool parked;		 /* and vmcs02 made up for it: park.c */
	u64 park_rflags;	 /* L2's own, meanwhile */
	u64 shadow_spa;		 /* (b) of the shadow VMCS: shadow_vmcs.c */
	bool shadow_on;		 /* vmcs01 is linked to it */
	bool bitmap_is_promised; /* msr_bitmap02 was merged under the enlightened MSR bitmap */
	bool host_is_known;
	struct vmcs host;    /* its host state is Plinth's */
	struct vmcs scratch; /* vmcs01's guest state at an exit to L1 */
};

struct vmx_machine {
	struct vmx_controls controls; /* of vmcs01 */
	u32 revision;
	u32 maxphyaddr;
	u8 walk_model; /* GUEST_PAGING_* */
	bool slat_1g;
	u64 cr0_fixed; /* bits that CR0 must have in a guest: without PE and PG */
	u64 cr4_fixed; /* and CR4 */
	u64 cr4_l1;    /* bits of CR4 that L1 may set, VMXE apart */
	u64 xcr0_l1;   /* and of XCR0; 0: it has no XSAVE */
	u64 eptp01;
	u8 *msr_bitmap01; /* deny by default, allow by row */
	u8 *io_bitmap_a;  /* ports 0 to 7FFFh */
	u8 *io_bitmap_b;
	struct vmx_ctls hardware[VMX_WORDS];
	u64 hw_cr0_fixed0, hw_cr0_fixed1, hw_cr4_fixed1;
	bool shadowing;	      /* the CPU has VMCS shadowing, and it is to be used */
	bool offered;	      /* L1 has VMX */
	struct vmx_caps caps; /* as it sees it */
	u32 pool_pages;	      /* of shadow tables, for each VP */
};

/* entry_word[] of struct vcpu: Plinth's RSP in the guests' VMCSs, and the NMIs that were seen. */
#define VMX_WORD_HOST_RSP 0
#define VMX_WORD_NMIS	  1
ASSERT_OFFSET(struct vmx_vcpu, v.gpr, 0);
ASSERT_OFFSET(struct vmx_vcpu, v.entry_word[VMX_WORD_HOST_RSP], VMX_VCPU_HOST_RSP);
ASSERT_OFFSET(struct vmx_vcpu, v.entry_word[VMX_WORD_NMIS], VMX_VCPU_NMIS);
ASSERT_OFFSET(struct percpu, nmis, VMX_PERCPU_NMIS);
_Static_assert(VMX_HOST_RSP == VMCS_host_rsp, "offsets.h has the field's encoding");

extern struct vmx_machine vmx_machine;

static inline struct vmx_vcpu *vmx_of(struct vcpu *v)
{
	return container_of(v, struct vmx_vcpu, v);
}

/*
 * Inside of an exit's handler the current VMCS is the one of the guest that exited, and `vmread`,
 * `vmwrite` (insn.h) act on it.
 */

/* run.c */
void vmx_run(struct vcpu *v) __noreturn;
/* Gives the guest that is to run next an event: `info` as entry_intr_info, without VALID. */
void vmx_inject(u32 info, u32 error_code);
void vmx_inject_exception(struct vmx_vcpu *x, u8 vector, bool has_error, u32 error_code);
/*
 * The exit came while an event was being delivered, `info` the IDT-vectoring information: it goes
 * on at the next entry, unless the exit's handler had something to say. An NMI is being delivered
 * for the first time still.
 */
void vmx_inject_again(struct vmx_vcpu *x, u32 info);
void vmx_finish(struct vmx_vcpu *x, enum outcome outcome);
/* Goes to the next instruction: the exit was an instruction's, so the VMCS knows its length. */
void vmx_skip(struct vmx_vcpu *x);
/* The same where the length is known otherwise. */
void vmx_complete(u32 length);

/*
 * exits.c: carries out an access that had an EPT violation, to a page that Plinth keeps or has not,
 * and goes on behind the instruction; OUTCOME_GP: it cannot be emulated.
 */
enum outcome vmx_emulate_access(struct vmx_vcpu *x, u64 gpa, u64 qualification, bool delivering);
/* exits.c: what Plinth does with an exit of L1's, here for L2's of the same meaning. */
void vmx_handle(struct vmx_vcpu *x);

/* insn.c: the guest's instruction at RIP */
enum decode_mode vmx_decode_mode(void);
u32 vmx_cpl(void);
/* Decodes it; a decode_status, or DECODE_NEED_MORE when it is not all mapped. */
int vmx_decode(struct vmx_vcpu *x, struct insn *insn);

/* exits.c */
void vmx_exit_l1(struct vmx_vcpu *x);
u32 vmx_exit_index(u32 reason);
const char *vmx_exit_name(u32 index);
enum outcome vmx_msr_read(struct vcpu *v, u32 msr, u64 *value);
enum outcome vmx_msr_write(struct vcpu *v, u32 msr, u64 value);
/* XSETBV by L1, or by an L2 when L1 leaves it alone: there is no second XCR0. */
enum outcome vmx_xsetbv(struct vcpu *v);

/* nested_insn.c: reasons 19 to 27, 50, 53 and 59; what else it has is in nested_insn.h */
void vmx_nested_insn(struct vmx_vcpu *x, u32 reason);

/* nested.c: VMLAUNCH (`launch`) or VMRESUME of L1, in a mode and at a CPL that allow it */
void vmx_vmentry(struct vmx_vcpu *x, bool launch);

#endif
