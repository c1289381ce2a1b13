/* SPDX-License-Identifier: MIT */
/* The exit table as data, and the decisions that its owner column names. Pure. */
#include "arch/x86/vmx/exit_rows.h"

#include "arch/x86/vmx/vmcs_copy.h"

struct exit {
	u32 reason;
	u32 intr_info;
	u32 intr_error;
	u64 qualification;
};

typedef enum vmx_exit_owner decide(const struct exit *exit, const struct vmcs *vmcs12,
				   const struct vmx_exit_query *q);

static enum vmx_exit_owner l1_if(bool asked)
{
	return asked ? VMX_OWNER_L1 : VMX_OWNER_L0;
}

/*
 * A page fault reverses what bit 14 of the exception bitmap says unless its error code matches.
 * [SDM "Exception Bitmap"]
 */
static decide decide_exception;
static enum vmx_exit_owner decide_exception(const struct exit *exit, const struct vmcs *vmcs12,
					    const struct vmx_exit_query *q)
{
	u32 vector = (u32)FIELD_GET(INTR_VECTOR_MASK, exit->intr_info);
	bool asked;

	(void)q;
	/* It may be Plinth's kick. */
	if (FIELD_GET(INTR_TYPE_MASK, exit->intr_info) == INTR_TYPE_NMI) {
		return VMX_OWNER_L0_FIRST;
	}
	asked = vector < 32 && (vmcs12->exception_bitmap & BIT(vector));
	if (vector == VECTOR_PF &&
	    (exit->intr_error & vmcs12->pf_error_code_mask) != vmcs12->pf_error_code_match) {
		asked = !asked;
	}
	return l1_if(asked);
}

/* Exit qualification of a control-register access */
#define CR_NUMBER_MASK	   GENMASK(3, 0)
#define CR_ACCESS_MASK	   GENMASK(5, 4)
#define CR_ACCESS_MOV_TO   0
#define CR_ACCESS_MOV_FROM 1
#define CR_ACCESS_CLTS	   2
#define CR_ACCESS_LMSW	   3
#define CR_GPR_MASK	   GENMASK(11, 8)
#define CR_LMSW_MASK	   GENMASK(31, 16)

static bool is_cr3_target(const struct vmcs *vmcs12, u64 value)
{
	const u64 targets[] = { vmcs12->cr3_target0, vmcs12->cr3_target1, vmcs12->cr3_target2,
				vmcs12->cr3_target3 };

	for (u32 i = 0; i < ARRAY_SIZE(targets) && i < vmcs12->cr3_target_count; i++) {
		if (targets[i] == value) {
			return true;
		}
	}
	return false;
}

static bool asked_mov_to_cr(u32 number, u64 value, const struct vmcs *vmcs12)
{
	switch (number) {
	case 0:
		return (value ^ vmcs12->cr0_read_shadow) & vmcs12->cr0_guest_host_mask;
	case 3:
		return (vmcs12->primary_controls & PROC_CR3_LOAD) && !is_cr3_target(vmcs12, value);
	case 4:
		return (value ^ vmcs12->cr4_read_shadow) & vmcs12->cr4_guest_host_mask;
	case 8:
		return vmcs12->primary_controls & PROC_CR8_LOAD;
	default:
		return false;
	}
}

static bool asked_mov_from_cr(u32 number, const struct vmcs *vmcs12)
{
	switch (number) {
	case 3:
		return vmcs12->primary_controls & PROC_CR3_STORE;
	case 8:
		return vmcs12->primary_controls & PROC_CR8_STORE;
	default:
		return false;
	}
}

/* LMSW can set PE and not clear it; MP, EM, TS it can do both to. */
static bool asked_lmsw(u64 source, const struct vmcs *vmcs12)
{
	u64 mask = vmcs12->cr0_guest_host_mask;
	u64 shadow = vmcs12->cr0_read_shadow;

	return (mask & source & ~shadow & CR0_PE) ||
	       ((source ^ shadow) & mask & (CR0_MP | CR0_EM | CR0_TS));
}

/* [SDM "Instructions That Cause VM Exits Conditionally"] */
static decide decide_cr_access;
static enum vmx_exit_owner decide_cr_access(const struct exit *exit, const struct vmcs *vmcs12,
					    const struct vmx_exit_query *q)
{
	u32 number = (u32)FIELD_GET(CR_NUMBER_MASK, exit->qualification);
	u64 value;

	switch (FIELD_GET(CR_ACCESS_MASK, exit->qualification)) {
	case CR_ACCESS_MOV_TO:
		value = q->gpr[FIELD_GET(CR_GPR_MASK, exit->qualification)];
		return l1_if(asked_mov_to_cr(number, q->mode_64bit ? value : low32(value), vmcs12));
	case CR_ACCESS_MOV_FROM:
		return l1_if(asked_mov_from_cr(number, vmcs12));
	case CR_ACCESS_CLTS:
		return l1_if(vmcs12->cr0_guest_host_mask & vmcs12->cr0_read_shadow & CR0_TS);
	default:
		return l1_if(asked_lmsw(FIELD_GET(CR_LMSW_MASK, exit->qualification), vmcs12));
	}
}

/* Exit qualification of an I/O instruction */
#define IO_SIZE_MASK GENMASK(2, 0)
#define IO_PORT_MASK GENMASK(31, 16)

/* An access past port FFFFh exits whatever the bitmaps say. [SDM "I/O-Bitmap Addresses"] */
static decide decide_io;
static enum vmx_exit_owner decide_io(const struct exit *exit, const struct vmcs *vmcs12,
				     const struct vmx_exit_query *q)
{
	u32 first = (u32)FIELD_GET(IO_PORT_MASK, exit->qualification);
	u32 last = first + (u32)FIELD_GET(IO_SIZE_MASK, exit->qualification);
	u8 bits = 0;

	if (!(vmcs12->primary_controls & PROC_IO_BITMAPS)) {
		return l1_if(vmcs12->primary_controls & PROC_UNCONDITIONAL_IO);
	}
	if (last > 0xffff) {
		return VMX_OWNER_L1;
	}
	for (u32 port = first; port <= last; port++) {
		u64 bitmap = port < 0x8000 ? vmcs12->io_bitmap_a : vmcs12->io_bitmap_b;

		if ((port == first || port % 8 == 0) &&
		    !q->read8(q->ctx, bitmap + port % 0x8000 / 8, &bits)) {
			return VMX_OWNER_L1;
		}
		if (bits & BIT(port % 8)) {
			return VMX_OWNER_L1;
		}
	}
	return VMX_OWNER_L0;
}

static decide decide_msr;
static enum vmx_exit_owner decide_msr(const struct exit *exit, const struct vmcs *vmcs12,
				      const struct vmx_exit_query *q)
{
	bool write = (exit->reason & EXIT_REASON_BASIC_MASK) == EXIT_REASON_WRMSR;
	u32 byte, shift;
	u8 bits;

	if (!(vmcs12->primary_controls & PROC_MSR_BITMAPS) ||
	    !vmx_msr_bitmap_place(low32(q->gpr[GPR_RCX]), write, &byte, &shift) ||
	    !q->read8(q->ctx, vmcs12->msr_bitmap + byte, &bits)) {
		return VMX_OWNER_L1;
	}
	return l1_if(bits & BIT(shift));
}

/* XSAVES and XRSTORS. [SDM "XSS-Exiting Bitmap"] */
static decide decide_xsaves;
static enum vmx_exit_owner decide_xsaves(const struct exit *exit, const struct vmcs *vmcs12,
					 const struct vmx_exit_query *q)
{
	u64 wanted = make64(low32(q->gpr[GPR_RDX]), low32(q->gpr[GPR_RAX]));

	(void)exit;
	return l1_if((vmcs_secondary(vmcs12) & PROC2_XSAVES) &&
		     (wanted & q->xss & vmcs12->xss_exiting_bitmap));
}

/* A row's owner is fixed, or depends on one control, or is for a function to decide. */
struct row {
	u8 owner;
	u16 word;    /* offset of a word of controls in struct vmcs; 0: `owner` is it */
	u32 control; /* one bit of it */
	decide *decide;
};

#define OWNER_L0	  .owner = VMX_OWNER_L0
#define OWNER_L1	  .owner = VMX_OWNER_L1
#define OWNER_L0_FIRST	  .owner = VMX_OWNER_L0_FIRST
#define OWNER_DECIDE(how) .decide = decide_##how
#define OWNER_L1_IF(controls, bit) \
	.word = offsetof(struct vmcs, controls##_controls), .control = (u32)(bit)

/* A reason without a row is of a control that vmcs02 never has: Plinth's. */
static const struct row rows[EXIT_REASON_TPAUSE + 1] = {
#define EXIT(reason, who, handler) [EXIT_REASON_##reason] = { OWNER_##who },
#include "arch/x86/vmx/exit_reasons.def"
#undef EXIT
};

static bool has_control(const struct vmcs *vmcs12, const struct row *row)
{
	u32 word;

	if (row->word == offsetof(struct vmcs, secondary_controls)) {
		return vmcs_secondary(vmcs12) & row->control;
	}
	memcpy(&word, (const u8 *)vmcs12 + row->word, sizeof(word));
	return word & row->control;
}

__hot enum vmx_exit_owner vmx_exit_owner(u32 reason, u64 qualification, u32 intr_info,
					 u32 intr_error, const struct vmcs *vmcs12,
					 const struct vmx_exit_query *q)
{
	const struct exit exit = { reason, intr_info, intr_error, qualification };
	u32 basic = reason & (u32)EXIT_REASON_BASIC_MASK;
	const struct row *row;

	/* The hardware refused vmcs02: Plinth says so in its log, and L1 gets a failed entry. */
	if (unlikely((reason & EXIT_REASON_ENTRY_FAILURE) || basic >= ARRAY_SIZE(rows))) {
		return VMX_OWNER_L0;
	}
	row = &rows[basic];
	if (row->decide) {
		return row->decide(&exit, vmcs12, q);
	}
	return row->word ? l1_if(has_control(vmcs12, row)) : (enum vmx_exit_owner)row->owner;
}

bool vmx_msr_bitmap_place(u32 msr, bool write, u32 *byte, u32 *shift)
{
	u32 n = msr >= 0xc0000000 ? msr - 0xc0000000 : msr;

	if (n >= 0x2000) {
		return false;
	}
	*byte = n / 8 + (msr >= 0xc0000000 ? 0x400 : 0) + (write ? 0x800 : 0);
	*shift = n % 8;
	return true;
}
