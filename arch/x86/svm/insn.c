/* SPDX-License-Identifier: MIT */
/*
 * The guest's instruction at RIP: fetching its bytes through the guest's own page tables, its
 * length where the hardware has no nRIP save. Both L1 and L2.
 */
#include "arch/x86/fetch.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/memory.h"
#include "arch/x86/svm/svm.h"
#include "lib/string.h"
#include "mm/guest_walk.h"

enum decode_mode svm_decode_mode(const struct vmcb *vmcb)
{
	if ((vmcb->save.efer & EFER_LMA) && (vmcb->save.cs.attrib & SEG_L)) {
		return DECODE_64;
	}
	return vmcb->save.cs.attrib & SEG_DB ? DECODE_32 : DECODE_16;
}

static u64 linear_rip(const struct vmcb *vmcb)
{
	if (svm_decode_mode(vmcb) == DECODE_64) {
		return vmcb->save.rip;
	}
	return low32(vmcb->save.cs.base + low32(vmcb->save.rip));
}

static inline bool read64_l1(void *ctx __maybe_unused, u64 gpa, u64 *value)
{
	return l1_read64_at(gpa, value);
}

/* For the walk of L2's own tables: each of their entries is at an L2 GPA. */
static bool read64_l2(void *ctx, u64 l2gpa, u64 *value)
{
	u64 gpa;

	return npt_l2_translate(ctx, l2gpa, &gpa) && l1_read64_at(gpa, value);
}

/* Apart, so that the way of L1 needs few registers. */
static __attribute__((noinline)) bool find_l2_code(struct svm_vcpu *s, u64 linear, u64 *gpa)
{
	return guest_walk_executed(s->vmcb02->save.cr3, linear, read64_l2, s, gpa) &&
	       npt_l2_translate(s, *gpa, gpa);
}

static bool walk_tables(struct svm_vcpu *s, u64 linear, u64 *gpa)
{
	const struct vmcb *vmcb = svm_vmcb(s);
	bool nested = s->v.in_l2 && s->npt12;
	struct guest_walk_result result;
	struct guest_paging paging = {
		.cr0 = vmcb->save.cr0,
		.cr3 = vmcb->save.cr3,
		.cr4 = vmcb->save.cr4,
		.efer = vmcb->save.efer,
		.rflags = vmcb->save.rflags,
		.maxphyaddr = (u8)svm_machine.maxphyaddr,
		.ctx = s,
		.read64 = nested ? read64_l2 : read64_l1,
	};
	u32 access = GUEST_WALK_FETCH | (vmcb->save.cpl == 3 ? GUEST_WALK_USER : 0);

	if (guest_walk(&paging, linear, access, &result) != GUEST_WALK_OK) {
		return false;
	}
	*gpa = result.gpa;
	return !nested || npt_l2_translate(s, result.gpa, gpa);
}

/* The guest-physical (for L2 under nested paging: L1's) address of a linear address, to fetch. */
static bool translate(void *ctx, u64 linear, u64 *gpa)
{
	struct svm_vcpu *s = ctx;
	const struct vmcb_save *save = &svm_vmcb(s)->save;

	if (likely((save->efer & EFER_LMA) && !(save->cr4 & CR4_LA57))) {
		if (likely(!s->v.in_l2 || !s->npt12)) {
			return guest_walk_executed(save->cr3, linear, read64_l1, NULL, gpa);
		}
		return find_l2_code(s, linear, gpa);
	}
	return walk_tables(s, linear, gpa);
}

size_t svm_fetch(struct svm_vcpu *s, u8 bytes[INSN_MAX_LENGTH])
{
	return fetch_insn(translate, s, linear_rip(svm_vmcb(s)), bytes);
}

int svm_decode(struct svm_vcpu *s, struct insn *insn)
{
	u8 bytes[INSN_MAX_LENGTH];
	size_t len = svm_fetch(s, bytes);

	return decode_insn(bytes, len, svm_decode_mode(svm_vmcb(s)), insn);
}

/*
 * The length of what is intercepted most, by its bytes alone: no prefix, no operand in memory. 0:
 * ask the decoder.
 */
static inline u32 common_length(u64 bytes)
{
	u32 second = bytes >> 8 & 0xff;

	if (likely((bytes & 0xff) == 0x0f)) {
		if (second == 0xa2 || (second & 0xfc) == 0x30) {
			return 2; /* CPUID; WRMSR, RDTSC, RDMSR, RDPMC */
		}
		/* With a register operand: VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, ... */
		return second == 0x01 && (bytes >> 22 & 3) == 3 ? 3 : 0;
	}
	return (bytes & 0xff) == 0xf4 ? 1 : 0; /* HLT */
}

/* The first 8 bytes of the instruction, when they are on one page; 0 does as "none". */
static inline __attribute__((always_inline)) u64 first_bytes(struct svm_vcpu *s,
							     const struct vmcb *vmcb, bool nested)
{
	u64 linear = vmcb->save.rip;
	u64 gpa, bytes;

	if (unlikely((linear & ~PAGE_MASK) > PAGE_SIZE - sizeof(bytes))) {
		return 0;
	}
	if (!nested) {
		if (!guest_walk_executed(vmcb->save.cr3, linear, read64_l1, NULL, &gpa)) {
			return 0;
		}
	} else if (!find_l2_code(s, linear, &gpa)) {
		return 0;
	}
	if (unlikely(hv_shell_overlay(gpa))) {
		memcpy(&bytes, hv_shell_overlay(gpa) + (gpa & ~PAGE_MASK), sizeof(bytes));
		return bytes;
	}
	return l1_read64_at(gpa, &bytes) ? bytes : 0;
}

static __attribute__((noinline)) u32 decoded_length(struct svm_vcpu *s)
{
	struct insn insn;

	return svm_decode(s, &insn) == DECODE_OK ? insn.length : 0;
}

static inline __attribute__((always_inline)) u32 length_of(struct svm_vcpu *s,
							   const struct vmcb *vmcb, bool nested)
{
	u32 length;

	if (svm_machine.features & SVM_FEATURE_NRIPS) {
		return low32(vmcb->control.nrip - vmcb->save.rip);
	}
	if (likely((vmcb->save.cs.attrib & SEG_L) && (vmcb->save.efer & EFER_LMA) &&
		   !(vmcb->save.cr4 & CR4_LA57))) {
		length = common_length(first_bytes(s, vmcb, nested));
		if (likely(length)) {
			return length;
		}
	}
	return decoded_length(s);
}

__hot u32 svm_length(struct svm_vcpu *s)
{
	return length_of(s, svm_vmcb(s), s->v.in_l2 && s->npt12);
}

static inline __attribute__((always_inline)) void skip(struct svm_vcpu *s, struct vmcb *vmcb,
						       bool nested)
{
	u32 length = length_of(s, vmcb, nested);

	if (likely(length)) {
		svm_complete(vmcb, svm_rip_after(vmcb, length));
	} else {
		/* Its bytes went away since it ran: it faults again, and this time for good. */
		svm_inject_exception(s, VECTOR_UD, false, 0);
	}
}

__hot void svm_skip_l1(struct svm_vcpu *s)
{
	skip(s, s->vmcb01, false);
}

void svm_skip(struct svm_vcpu *s)
{
	skip(s, svm_vmcb(s), s->v.in_l2 && s->npt12);
}
