/* SPDX-License-Identifier: MIT */
/*
 * The guest's instruction at RIP: fetching its bytes through the guest's own page tables, its
 * length where the hardware has no nRIP save. Both L1 and L2.
 */
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

#define ENTRY_P	   BIT(0)
#define ENTRY_PS   BIT(7)
#define ENTRY_ADDR GENMASK(51, 12)

/*
 * The processor has just fetched the instruction, so its address is mapped and executable: in long
 * mode what is left of the walk is to follow the pointers. Other modes go the long way.
 */
static bool follow_tables(struct svm_vcpu *s, u64 linear, u64 *gpa)
{
	bool nested = s->v.in_l2 && s->npt12;
	u64 entry = svm_vmcb(s)->save.cr3;

	for (int shift = 39; shift >= 12; shift -= 9) {
		u64 place = (entry & ENTRY_ADDR) + (linear >> shift & 511) * 8;

		if ((nested && !npt_l2_translate(s, place, &place)) || !l1_read64(place, &entry) ||
		    !(entry & ENTRY_P)) {
			return false;
		}
		if ((entry & ENTRY_PS) && (shift == 21 || shift == 30)) {
			u64 mask = BIT(shift) - 1;

			*gpa = (entry & ENTRY_ADDR & ~mask) | (linear & mask);
			return !nested || npt_l2_translate(s, *gpa, gpa);
		}
	}
	*gpa = (entry & ENTRY_ADDR) | (linear & ~PAGE_MASK);
	return !nested || npt_l2_translate(s, *gpa, gpa);
}

/* For the walk of L2's own tables: each of their entries is at an L2 GPA. */
static bool read64_l2(void *ctx, u64 l2gpa, u64 *value)
{
	u64 gpa;

	return npt_l2_translate(ctx, l2gpa, &gpa) && l1_read64(gpa, value);
}

static bool read64_l1(void *ctx __maybe_unused, u64 gpa, u64 *value)
{
	return l1_read64(gpa, value);
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
static bool translate(struct svm_vcpu *s, u64 linear, u64 *gpa)
{
	const struct vmcb_save *save = &svm_vmcb(s)->save;

	if (likely((save->efer & EFER_LMA) && (save->cr0 & CR0_PG) && !(save->cr4 & CR4_LA57))) {
		return follow_tables(s, linear, gpa);
	}
	return walk_tables(s, linear, gpa);
}

/* What is executed at gpa: an overlay page's bytes are not in L1's RAM. */
static bool read_code(u64 gpa, u8 *bytes, size_t len)
{
	const u8 *overlay = hv_shell_overlay(gpa);

	if (unlikely(overlay)) {
		memcpy(bytes, overlay + (gpa & ~PAGE_MASK), len);
		return true;
	}
	return l1_read(gpa, bytes, len);
}

size_t svm_fetch(struct svm_vcpu *s, u8 bytes[INSN_MAX_LENGTH])
{
	u64 linear = linear_rip(svm_vmcb(s));
	size_t first = MIN(PAGE_SIZE - (linear & ~PAGE_MASK), (u64)INSN_MAX_LENGTH);
	u64 gpa;

	if (!translate(s, linear, &gpa) || !read_code(gpa, bytes, first)) {
		return 0;
	}
	if (first < INSN_MAX_LENGTH && translate(s, linear + first, &gpa) &&
	    read_code(gpa, bytes + first, INSN_MAX_LENGTH - first)) {
		return INSN_MAX_LENGTH;
	}
	return first;
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
static u32 common_length(u64 bytes)
{
	switch (bytes & 0xffff) {
	case 0x010f: /* with a register operand: VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, ... */
		return (bytes >> 16 & 0xc0) == 0xc0 ? 3 : 0;
	case 0x300f: /* WRMSR */
	case 0x310f: /* RDTSC */
	case 0x320f: /* RDMSR */
	case 0xa20f: /* CPUID */
		return 2;
	}
	return (bytes & 0xff) == 0xf4 ? 1 : 0; /* HLT */
}

static u32 quick_length(struct svm_vcpu *s, u64 linear)
{
	u64 gpa, bytes;

	if (unlikely((linear & ~PAGE_MASK) > PAGE_SIZE - sizeof(bytes)) ||
	    !translate(s, linear, &gpa)) {
		return 0;
	}
	if (unlikely(hv_shell_overlay(gpa))) {
		memcpy(&bytes, hv_shell_overlay(gpa) + (gpa & ~PAGE_MASK), sizeof(bytes));
	} else if (!l1_read64(gpa, &bytes)) {
		return 0;
	}
	return common_length(bytes);
}

bool svm_next_rip(struct svm_vcpu *s, u64 *rip)
{
	struct vmcb *vmcb = svm_vmcb(s);
	u32 length;
	struct insn insn;

	if (svm_machine.features & SVM_FEATURE_NRIPS) {
		*rip = vmcb->control.nrip;
		return true;
	}
	length = quick_length(s, linear_rip(vmcb));
	if (unlikely(!length)) {
		if (svm_decode(s, &insn) != DECODE_OK) {
			return false;
		}
		length = insn.length;
	}
	*rip = vmcb->save.rip + length;
	if (svm_decode_mode(vmcb) != DECODE_64) {
		*rip = low32(*rip);
	}
	return true;
}
