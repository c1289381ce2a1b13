/* SPDX-License-Identifier: MIT */
/* Images to and from the hardware's VMCS. */
#include "arch/x86/vmx/vmcs02.h"

#include "arch/x86/vmx/insn.h"
#include "lib/string.h"

/*
 * Straight code for each group, made of the table by the compiler: a loop over rows costs ten times
 * as much, and this is on the way of each entry and exit. NONE is a group's name in the table.
 */
enum {
	NONE = EVMCS_GROUP_NONE,
	HOST = EVMCS_GROUP_NONE + 1,
	RARE = EVMCS_GROUP_NONE + 2,
};
_Static_assert(VMX_GROUP_HOST == BIT(HOST) && VMX_GROUP_RARE == BIT(RARE), "merge.h names them");

/* Groups 13 and 14 are L1's host state in vmcs12, and in vmcs02 Plinth's. */
#define GROUP_OF(encoding, group)                                                     \
	((group) == 13 || (group) == 14					    ? HOST    \
	 : (group) != NONE						    ? (group) \
	 : (encoding) == VMCS_guest_rip || (encoding) == VMCS_tpr_threshold ? NONE    \
									    : RARE)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A field that this CPU's VMCS lacks belongs to a control that it lacks: VMWRITE then fails. */
ALWAYS_INLINE void write_group(const struct vmcs *image, u32 wanted)
{
#define FIELD(type, member, encoding, access, evmcs, group)                                  \
	if (VMCS_ACCESS_##access == VMCS_ACCESS_RW && GROUP_OF(encoding, group) == wanted) { \
		vmwrite(encoding, image->member);                                            \
	}
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
}

ALWAYS_INLINE void read_group(struct vmcs *image, u32 wanted)
{
#define FIELD(type, member, encoding, access, evmcs, group)                                  \
	if (VMCS_ACCESS_##access == VMCS_ACCESS_RW && GROUP_OF(encoding, group) == wanted) { \
		image->member = (VMCS_TYPE_##type)vmread(encoding);                          \
	}
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
}

#define WRITE(image, member) vmwrite(VMCS_##member, (image)->member)
#define READ(image, member)  ((image)->member = (__typeof__((image)->member))vmread(VMCS_##member))

__hot void vmcs02_write(const struct vmcs *image, u32 groups)
{
#define GROUP(n)                       \
	if (groups & BIT(n)) {         \
		write_group(image, n); \
	}
	GROUP(NONE)
	GROUP(0)
	GROUP(1)
	GROUP(2)
	GROUP(3)
	GROUP(4)
	GROUP(5)
	GROUP(6)
	GROUP(7)
	GROUP(8)
	GROUP(9)
	GROUP(10)
	GROUP(11)
	GROUP(12)
	GROUP(HOST)
	GROUP(RARE)
#undef GROUP
}

bool vmcs02_init(struct vmx_vcpu *x)
{
	memset(&x->host, 0, sizeof(x->host));
	read_group(&x->host, HOST);
	return vmclear(x->vmcs02_spa);
}

__hot void vmcs02_read_back(struct vmcs *image)
{
	read_group(image, 10);
	read_group(image, 11);
	read_group(image, 12);
	READ(image, guest_cr0);
	READ(image, guest_cr3);
	READ(image, guest_cr4);
	READ(image, cr0_read_shadow);
	READ(image, cr4_read_shadow);
	READ(image, guest_dr7);
	READ(image, guest_rip);
	READ(image, primary_controls);
	READ(image, entry_controls);
	READ(image, entry_intr_info);
	READ(image, entry_exception_error_code);
	READ(image, entry_instruction_length);
}

__hot void vmcs01_read_for_exit(struct vmcs *image)
{
	READ(image, guest_cr0);
	READ(image, guest_cr4);
	READ(image, cr0_guest_host_mask);
	READ(image, cr4_guest_host_mask);
	READ(image, cr0_read_shadow);
	READ(image, cr4_read_shadow);
	READ(image, guest_efer);
	READ(image, guest_pat);
	READ(image, entry_controls);
	READ(image, guest_interruptibility);
	READ(image, guest_pdpte0);
	READ(image, guest_pdpte1);
	READ(image, guest_pdpte2);
	READ(image, guest_pdpte3);
	READ(image, vmcs_link_pointer);
}

__hot void vmcs01_write_after_exit(const struct vmcs *image)
{
	write_group(image, 10);
	write_group(image, 11);
	write_group(image, 12);
	WRITE(image, guest_cr0);
	WRITE(image, guest_cr3);
	WRITE(image, guest_cr4);
	WRITE(image, cr0_read_shadow);
	WRITE(image, cr4_read_shadow);
	WRITE(image, guest_dr7);
	WRITE(image, guest_rip);
	WRITE(image, entry_controls);
}
