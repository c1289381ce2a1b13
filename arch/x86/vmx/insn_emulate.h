/* SPDX-License-Identifier: MIT */
/*
 * What VMX's instructions of L1 do, after the pseudo-code of each in the SDM, to a struct vmx_vcpu
 * and to L1's memory. It owns the order of the checks; it knows no hardware: what L1's processor
 * looks like and what is at an address it asks for, what remains to be done it says.
 */
#ifndef ARCH_X86_VMX_INSN_EMULATE_H
#define ARCH_X86_VMX_INSN_EMULATE_H

#include "arch/x86/vmx/caps.h"
#include "arch/x86/vmx/linear_access.h"
#include "arch/x86/vmx/vmx.h"
#include "arch/x86/vmx/vmx_operand.h"

enum vmx_insn_result {
	VMX_INSN_DONE,	/* rflags is set: go to the next instruction */
	VMX_INSN_ENTER, /* VMLAUNCH or VMRESUME, which may go on */
	VMX_INSN_FAULT, /* the exception in vector, error_code and cr2 */
	VMX_INSN_AGAIN, /* run L1 again */
};

enum vmx_insn_flush {
	VMX_FLUSH_NOTHING,
	VMX_FLUSH_EPT_SINGLE, /* of eptp */
	VMX_FLUSH_EPT_ALL,
	VMX_FLUSH_VPID, /* all that L1's VPIDs stand for */
};

/* What VMX's instructions want of [TLFS "HV_VP_ASSIST_PAGE"], each read once. */
struct vmx_assist {
	u32 features; /* of the nested enlightenments control */
	bool enlighten_vm_entry;
	u64 current_nested_vmcs;
};

struct vmx_insn_ops {
	/* L1's control registers, as L1 sees them, and how to read its tables. */
	void (*paging)(void *ctx, struct guest_paging *out);
	void (*segment)(void *ctx, u32 segment, struct vmx_segment *out);
	/* L1's memory at a GPA; false: there is none of L1's. */
	bool (*read)(void *ctx, u64 gpa, void *buf, size_t len);
	bool (*write)(void *ctx, u64 gpa, const void *buf, size_t len);
	/* A page of L1's RAM, which may change at any time; NULL: not L1's RAM. */
	void *(*page)(void *ctx, u64 gpa);
	/* As vmx_assist_read(). */
	bool (*assist)(void *ctx, struct vmx_assist *out);
};

struct vmx_insn {
	/* in */
	struct vmx_vcpu *x;
	const struct vmx_caps *caps;
	const struct vmx_insn_ops *ops;
	void *ctx;
	u32 reason; /* EXIT_REASON_* */
	u32 instruction_info;
	u64 qualification;
	u64 feature_control; /* IA32_FEATURE_CONTROL as L1 reads it */
	u64 efer;
	u32 cs_access_rights;
	u8 cpl;
	/* in and out */
	u64 rflags;
	/* out */
	u8 vector; /* VMX_INSN_FAULT; error_code with all but #UD */
	u32 error_code;
	u64 cr2; /* #PF */
	enum vmx_insn_flush flush;
	u64 eptp;
	bool error_is_new; /* vmcs12.vm_instruction_error was set: the enlightened VMCS wants it */
};

/* The instructions by exit reason: VMCLEAR to VMXON, VMLAUNCH and VMRESUME, INVEPT, INVVPID,
 * VMFUNC. */
enum vmx_insn_result vmx_insn_emulate(struct vmx_insn *insn);

/* 64-bit mode with CPL 0, in which VMX's instructions have nothing to fear but their operands. */
static inline bool vmx_insn_is_common(u64 efer, u32 cs_access_rights, u8 cpl)
{
	return (efer & EFER_LMA) && (cs_access_rights & AR_L) && cpl == 0;
}

/* Of a VMWRITE that went well: what the next VM entry has to look at. */
void vmx_note_change(struct vmx_vcpu *x, u64 encoding);

/*
 * What VMLAUNCH (`launch`) and VMRESUME check before they look at the VMCS' contents, when the
 * enlightened VMCS, if one is to be used, is loaded and in x->evmcs_gpa. Returns 0, or the number
 * to VMfail with; without a current VMCS that is VMfailInvalid, whatever the number.
 */
u32 vmx_insn_entry_error(const struct vmx_vcpu *x, bool mov_ss, bool launch);

/*
 * [SDM "Conventions"]: RFLAGS after VMsucceed, VMfailInvalid and VMfail(error), which is
 * VMfailValid if there is a current VMCS (its VM-instruction error becomes `error`, and the result
 * has ZF), else VMfailInvalid.
 */
u64 vmx_rflags_succeed(u64 rflags);
u64 vmx_rflags_fail_invalid(u64 rflags);
u64 vmx_rflags_fail(struct vmx_vcpu *x, u64 rflags, u32 error);

/* Whether VM entry would take this EPTP. [SDM "VM-Execution Control Fields"] */
bool vmx_eptp_is_valid(const struct vmx_caps *caps, u64 eptp);

/*
 * The current plain VMCS of L1, if there is one, goes back into its region, and none is current.
 * `page`: its region, NULL if that is gone.
 */
void vmx_current_put(struct vmx_vcpu *x, void *page);

#endif
