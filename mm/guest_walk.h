/* SPDX-License-Identifier: MIT */
/*
 * The walk of somebody else's page tables, as the CPU would make it: a guest's own tables (any
 * paging mode), and L1's nested tables for L2. It owns the architecture's rules of presence,
 * reserved bits and rights; it knows no memory: every entry comes through a callback, once, and
 * what was read is what is judged and used. No allocation, no state, at most five steps.
 */
#ifndef MM_GUEST_WALK_H
#define MM_GUEST_WALK_H

#include "mm/addr.h"
#include "mm/pt_format.h"

/* What is to be done at the address. Without a flag: a supervisor's explicit read. */
#define GUEST_WALK_WRITE    0x01u
#define GUEST_WALK_FETCH    0x02u
#define GUEST_WALK_USER	    0x04u /* CPL 3 */
#define GUEST_WALK_IMPLICIT 0x08u /* of a descriptor table or TSS: supervisor whatever the CPL */
#define GUEST_WALK_SET_AD   0x10u /* set accessed and dirty bits; needs cmpxchg64 */

enum guest_walk_status {
	GUEST_WALK_OK,
	GUEST_WALK_FAULT,	  /* page fault, nested page fault; EPT violation */
	GUEST_WALK_NON_CANONICAL, /* #GP, or #SS for a stack access */
	GUEST_WALK_READ_FAILED,	  /* read64 said no; address is the entry's */
	GUEST_WALK_WRITE_FAILED,  /* cmpxchg64 said no; address is the entry's */
	GUEST_WALK_RETRY,     /* an entry changed under the walk: walk again, or run the guest */
	GUEST_WALK_MISCONFIG, /* EPT misconfiguration */
};

/* Page-fault error code; the low bits of EXITINFO1 of a nested page fault are the same. */
#define PF_PRESENT BIT(0)
#define PF_WRITE   BIT(1)
#define PF_USER	   BIT(2)
#define PF_RSVD	   BIT(3)
#define PF_FETCH   BIT(4)

/* guest_paging.model: where CPUs differ */
#define GUEST_PAGING_NO_1G 0x1u /* CPUID Page1GB is clear: PS in a PDPE is reserved */
#define GUEST_PAGING_AMD_G 0x2u /* bit 8 of a PML4E, and of a PDPE for a table, is reserved */
/* and for EPT, by IA32_VMX_EPT_VPID_CAP; NO_1G too */
#define GUEST_PAGING_NO_2M     0x4u
#define GUEST_PAGING_EXEC_ONLY 0x8u /* pages that can be executed, but not read */

/*
 * What governs a walk. For npt_walk() cr3 is nCR3, and cr0, cr4 and efer are those of the host that
 * executed VMRUN: nested tables have its paging mode. For ept_walk() cr3 is the EPTP, and of the
 * rest only maxphyaddr, model, ctx and read64 count.
 */
struct guest_paging {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u64 rflags;    /* AC; not for npt_walk() */
	u8 maxphyaddr; /* of the walked machine: 32 to 52 */
	u8 model;      /* GUEST_PAGING_* */
	void *ctx;
	/*
	 * Reads the aligned 8 bytes at a physical address of the walked machine (for L2's own
	 * tables an L2 GPA: the callback translates). False ends the walk.
	 */
	bool (*read64)(void *ctx, u64 gpa, u64 *value);
	/* Only for GUEST_WALK_SET_AD: stores `value` if `want` is still there, and says whether. */
	bool (*cmpxchg64)(void *ctx, u64 gpa, u64 want, u64 value, bool *swapped);
};

struct guest_walk_result {
	u64 gpa;	/* OK: the translation; READ_FAILED, WRITE_FAILED: the entry's address */
	u64 entry;	/* the last entry that was read, with the bits that the walk set */
	u32 error_code; /* FAULT: PF_*; not of ept_walk() */
	u8 level;	/* of that entry: PT_LEVEL_*, 4, 5; 0 without paging */
	u8 page_shift;	/* OK: log2 of the page size: 12, 21, 22, 30 */
	/*
	 * OK: PT_*, what the tables allow: all levels together, CR bits not applied. From
	 * ept_walk() with FAULT too: of the entries that were read, none if one is not present.
	 */
	u8 perms;
	bool dirty; /* OK: the page's dirty bit */
};

/*
 * Translates a linear address by the tables that *paging describes, for an access that is a set of
 * GUEST_WALK_* flags. In modes without 64-bit addresses the upper half of gva is ignored. PAE's
 * page-directory-pointer entries are read from memory on each walk, as AMD's CPUs do. Protection
 * keys are not applied.
 */
enum guest_walk_status guest_walk(const struct guest_paging *paging, u64 gva, u32 access,
				  struct guest_walk_result *out);

/*
 * Translates an L2 GPA by L1's nested tables. Every such access is a user access, whatever L2's
 * CPL: GUEST_WALK_USER is implied; [APM "Nested Table Walk"]. The caller adds the bits of EXITINFO1
 * that tell the final access from L2's own table walk (which is a write).
 */
enum guest_walk_status npt_walk(const struct guest_paging *paging, l2gpa_t l2gpa, u32 access,
				struct guest_walk_result *out);

/*
 * Translates an L2 GPA by L1's EPT, for an access that needs the rights PT_READ, PT_WRITE, PT_EXEC
 * in `needed`; with 0, whatever they are. Four levels, no accessed and dirty bits: the EPTP's bit 6
 * is taken to be 0. FAULT is an EPT violation, MISCONFIG an EPT misconfiguration. With OK the
 * memory type is in out->entry: bits 5:3, and 6 for "ignore PAT".
 */
enum guest_walk_status ept_walk(const struct guest_paging *paging, l2gpa_t l2gpa, u32 needed,
				struct guest_walk_result *out);

/*
 * The short way for one question: where are the bytes of the instruction that a CPU in long mode
 * with four levels (EFER.LMA=1, CR4.LA57=0) is just executing? The CPU has judged reserved bits and
 * rights when it fetched, so only the way down is left: some 20 instructions a level with a read64
 * that the compiler can see. False: not present (the tables changed since) or read64 said no; then
 * ask guest_walk(). va is canonical, being where the CPU is.
 */
static inline __attribute__((always_inline)) bool
guest_walk_executed(u64 cr3, u64 va, bool (*read64)(void *ctx, u64 gpa, u64 *value), void *ctx,
		    u64 *gpa)
{
	u64 address = GENMASK(51, 12);
	u64 entry = cr3;

	/* Budgets are counted in instructions: unrolled, and with the mask in a register. */
	__asm__("" : "+r"(address));
#pragma GCC unroll 4
	for (int shift = 39; shift >= PAGE_SHIFT; shift -= 9) {
		u64 offset = BIT(shift) - 1;

		if (!read64(ctx, (entry & address) + (va >> shift & 511) * 8, &entry) ||
		    !(entry & BIT(0))) {
			return false;
		}
		if (shift == PAGE_SHIFT || ((entry & BIT(7)) && shift != 39)) {
			*gpa = (entry & address & ~offset) | (va & offset);
			return true;
		}
	}
	return false;
}

#endif
