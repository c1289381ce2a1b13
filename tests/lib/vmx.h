/* SPDX-License-Identifier: MIT */
/*
 * VMX as L1 uses it: VMX operation on a CPU, and each instruction as a function that returns what
 * it did. The result is an exinfo: none (VMsucceed), an exception, or one of the VMfail words.
 */
#ifndef TESTS_LIB_VMX_H
#define TESTS_LIB_VMX_H

#include "tests/lib/memory.h"
#include "tests/lib/trap.h"
#include "tests/lib/vmcs.h"

#define CR4_VMXE BIT(13)

/* The flags that VMsucceed and VMfail define [SDM "Conventions"]. */
#define VMX_FLAGS     0x8d5
#define VMX_FLAG_CF   BIT(0)
#define VMX_FLAG_ZF   BIT(6)
#define SET_VMX_FLAGS "pushfq; orq $0x8d5, (%%rsp); popfq\n\t"

bool vmx_offered(void);

/* VMX operation on the calling CPU, with a VMXON region of its own. */
void vmx_enable(void);
void vmx_disable(void);

/* Skips the payload, and ends it, when VMX is missing; otherwise enables it on this CPU. */
void vmx_require(void);

/*
 * Whether Bochs 2.7 runs L2, so that its faults show there; and whether it also carries out L1's
 * VMX instructions and entries itself, as it does without Plinth.
 */
bool vmx_runs_on_bochs(void);
bool vmx_is_of_bochs(void);

/* The calling CPU's VMXON region, and a new page that starts with VMX_BASIC's revision. */
void *vmx_region(void);
void *vmx_new_region(void);

/* Allowed-0 in the low half, allowed-1 in the high one; the TRUE MSRs where there are some. */
u64 vmx_caps(enum vmcs_field controls);
bool vmx_allows(enum vmcs_field controls, u64 bits);
u64 vmx_ept_vpid_caps(void);

/* What RFLAGS behind a VMX instruction means; without reading the error of VMfailValid. */
exinfo_t vmx_flags_result(u64 rflags);

/* The same with the error number read from the current VMCS. */
exinfo_t vmx_result(u64 ex, u64 rflags);

/* clang-format off */
#define VMX_DEFINE(name, insn, params, inputs...)                                            \
	static inline exinfo_t name params                                                    \
	{                                                                                     \
		EXINFO_REG(ex);                                                               \
		u64 rflags = 0;                                                               \
		asm volatile(SET_VMX_FLAGS "1: " insn "\n\tpushfq; popq %[fl]\n2:\n\t"        \
			     EX_TABLE("1b", "2b")                                             \
			     : "+r"(ex), [fl] "+&r"(rflags)                                   \
			     : inputs                                                         \
			     : "memory", "cc");                                               \
		return vmx_result(ex, rflags);                                                \
	}
/* clang-format on */
VMX_DEFINE(vmxon, "vmxon (%[pa])", (u64 pa), [pa] "r"(&pa))
VMX_DEFINE(vmxoff, "vmxoff", (void), "i"(0))
VMX_DEFINE(vmclear, "vmclear (%[pa])", (u64 pa), [pa] "r"(&pa))
VMX_DEFINE(vmptrld, "vmptrld (%[pa])", (u64 pa), [pa] "r"(&pa))
VMX_DEFINE(vmptrst, "vmptrst (%[pa])", (u64 * pa), [pa] "r"(pa))
VMX_DEFINE(vmread_to, "vmread %[f], (%[v])", (u64 f, u64 *v), [f] "r"(f), [v] "r"(v))
VMX_DEFINE(vmwrite, "vmwrite %[v], %[f]", (u64 f, u64 v), [f] "r"(f), [v] "r"(v))
VMX_DEFINE(vmlaunch_only, "vmlaunch", (void), "i"(0))
VMX_DEFINE(vmresume_only, "vmresume", (void), "i"(0))

struct invept_desc {
	u64 eptp, reserved;
};
struct invvpid_desc {
	u64 vpid, gva;
};
VMX_DEFINE(invept, "invept (%[d]), %[t]", (u64 t, u64 eptp, u64 reserved), [t] "r"(t),
	   [d] "r"(&(struct invept_desc){ eptp, reserved }))
VMX_DEFINE(invvpid, "invvpid (%[d]), %[t]",
	   (u64 t, u64 vpid, u64 gva), [t] "r"(t), [d] "r"(&(struct invvpid_desc){ vpid, gva }))

/* A field that must be there; 0 when it is not. */
static inline u64 vmread(u64 field)
{
	u64 v = 0;

	(void)vmread_to(field, &v);
	return v;
}

#endif
