/* SPDX-License-Identifier: MIT */
/*
 * One virtual processor: what is neutral of it. The vendor's part embeds this structure first.
 * `struct vcpu` belongs to its own CPU; what other CPUs may touch is in `shared`, and only by
 * atomic operations. (b) set at boot, (o) owner only, (a) atomic.
 */
#ifndef ARCH_X86_VCPU_H
#define ARCH_X86_VCPU_H

#include "arch/x86/spec.h"
#include "hv/partition.h"
#include "lib/types.h"
#include "mm/tlb.h"

/* Wishes of other CPUs (and of this one), examined at one place before each entry. */
#define REQUEST_INIT	  BIT(0)
#define REQUEST_SIPI	  BIT(1)
#define REQUEST_NMI	  BIT(2) /* an NMI for L1 that its ICR sent */
#define REQUEST_SLAT_DROP BIT(3) /* L1's physical map changed: nested translations are stale */
#define REQUEST_PICTURE	  BIT(4) /* the hardware's state copied to memory, for a dump */

enum vcpu_activity {
	VCPU_ACTIVE,
	VCPU_WAIT_SIPI,
};

/* What an emulated instruction came to; the vendor loop carries it out. */
enum outcome {
	OUTCOME_NEXT,  /* done: go to the next instruction */
	OUTCOME_AGAIN, /* run again from the present RIP */
	OUTCOME_GP,    /* #GP(0) */
	OUTCOME_UD,    /* #UD */
};

struct vcpu_shared {
	u32 requests;	   /* (a) */
	u32 sipi_vector;   /* (a) written before REQUEST_SIPI */
	u32 kicked;	   /* (a) a kick's NMI is on its way */
	struct tlb_vp tlb; /* (a) */
};

struct vcpu {
	u64 gpr[GPR_COUNT];	     /* (o) of whichever guest ran last, RSP and RAX included */
	u64 entry_word[2];	     /* (o) the vendor's, for its entry code */
	u32 id;			     /* (b) also the Hyper-V VP index */
	u32 apic_id;		     /* (b) */
	struct percpu *cpu;	     /* (b) */
	enum vcpu_activity activity; /* (o) */
	bool in_l2;		     /* (o) */
	u32 kicks_seen;		     /* (o) of its CPU's kicks */
	bool nmi_pending;	     /* (o) an NMI that L1 has not been given yet */
	bool nmi_masked;	     /* (o) L1 is in its NMI handler */
	u64 tsc_offset;		     /* (o) L1's TSC is the real one plus this */
	u64 apic_base;		     /* (o) IA32_APIC_BASE as L1 sees it */
	u32 icr_high;		     /* (o) */
	u32 ldr, dfr;	 /* (o) logical APIC id, read by others to find an IPI's targets */
	struct hv_vp hv; /* (o) */

	struct vcpu_shared shared __aligned(64);
};

extern struct vcpu *vcpus[]; /* (b) by VP index; cpu_count() of them */

/* Sets request bits and, if the VP is in a guest, makes it come out. */
void vcpu_request(struct vcpu *v, u32 bits);
/* Sends the NMI that brings the VP's CPU out of a guest or of its idle wait. */
void vcpu_kick(struct vcpu *v);
/* Plinth's own handler took an NMI on `cpu`. */
void vcpu_nmi_taken(struct percpu *cpu);
/* Whether a kick was among the NMIs that the handler took since the last call. */
bool vcpu_kick_arrived(struct vcpu *v);
/*
 * Sleeps by `idle` until a SIPI comes, if the VP waits for one; true: it came, and the VP is to
 * start at its vector. `idle` returns after an NMI, or when there is a request.
 */
bool vcpu_wait_for_sipi(struct vcpu *v, void (*idle)(u32 *requests));
/* What is neutral of an INIT that is among `requests`: afterwards the VP waits for a SIPI. */
void vcpu_take_init(struct vcpu *v, u32 requests);
/* Takes and clears all request bits. */
u32 vcpu_requests_take(struct vcpu *v);

#endif
