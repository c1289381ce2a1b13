/* SPDX-License-Identifier: MIT */
/* VMX's instructions as functions, and the one entry into a guest (arch/x86/vmx/entry.S). */
#ifndef ARCH_X86_VMX_INSN_H
#define ARCH_X86_VMX_INSN_H

#include "arch/x86/vmx/vmx.h"

#define VMX_INSN_OK(ok, insn, ...) \
	__asm__ volatile(insn "\n seta %b0" : "+r"(ok) : __VA_ARGS__ : "memory", "cc")

/* Each of these is false when the instruction failed: VMfailInvalid or VMfailValid. */
static inline __must_check bool vmxon(u64 region_spa)
{
	bool ok = false;

	VMX_INSN_OK(ok, "vmxon %1", "m"(region_spa));
	return ok;
}

static inline __must_check bool vmclear(u64 vmcs_spa)
{
	bool ok = false;

	VMX_INSN_OK(ok, "vmclear %1", "m"(vmcs_spa));
	return ok;
}

static inline __must_check bool vmptrld(u64 vmcs_spa)
{
	bool ok = false;

	VMX_INSN_OK(ok, "vmptrld %1", "m"(vmcs_spa));
	return ok;
}

struct vmx_inv_descriptor {
	u64 id; /* EPTP, or VPID */
	u64 address;
};
ASSERT_SIZE(struct vmx_inv_descriptor, 16);

static inline bool invept(u64 type, u64 eptp)
{
	struct vmx_inv_descriptor descriptor = { .id = eptp };
	bool ok = false;

	VMX_INSN_OK(ok, "invept %1, %2", "m"(descriptor), "r"(type));
	return ok;
}

static inline bool invvpid(u64 type, u16 vpid, u64 address)
{
	struct vmx_inv_descriptor descriptor = { .id = vpid, .address = address };
	bool ok = false;

	VMX_INSN_OK(ok, "invvpid %1, %2", "m"(descriptor), "r"(type));
	return ok;
}

/* A field of the current VMCS; one that this CPU's VMCS has. */
static inline u64 vmread(u64 field)
{
	u64 value;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmwrite(u64 field, u64 value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"(field), "r"(value) : "cc");
}

/* The same for one that it may lack; then it reads as 0. */
static inline bool vmread_safe(u64 field, u64 *value)
{
	bool ok = false;

	*value = 0;
	__asm__ volatile("vmread %2, %1\n seta %b0" : "+r"(ok), "+r"(*value) : "r"(field) : "cc");
	return ok;
}

/* Plinth's own handler takes an NMI in software: its IRET lets the next one of the hardware in. */
static inline void vmx_take_nmi(void)
{
	__asm__ volatile("int $2" ::: "memory");
}

enum vmx_entered {
	VMX_EXITED,	 /* the guest ran, and left */
	VMX_NOT_ENTERED, /* an NMI came first */
	VMX_FAILED,	 /* VMfail: what vm_instruction_error says */
};

/* Runs the guest of the current VMCS until its next VM exit. RSP is in the VMCS. */
static inline enum vmx_entered vmx_enter_guest(struct vmx_vcpu *x, bool launched)
{
	u64 resume = launched;
	u32 result;

	__asm__ volatile("call vmx_enter"
			 : "=a"(result), "+D"(x), "+S"(resume)
			 :
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "r13", "r14", "r15", "memory",
			   "cc");
	return result;
}

#endif
