/* SPDX-License-Identifier: MIT */
/*
 * Whether VM entry may start a guest from this VMCS: every check of the SDM over an in-memory
 * image, in its three stages. It knows neither where the image came from nor guest memory: what
 * the checks need of it, the caller reads and passes.
 */
#ifndef ARCH_X86_VMX_ENTRY_CHECKS_H
#define ARCH_X86_VMX_ENTRY_CHECKS_H

#include "arch/x86/vmx/caps.h"
#include "arch/x86/vmx/vmcs.h"

/* The hypervisor that executes VM entry, and what its VMCS points to. */
struct vmx_entry_host {
	bool long_mode;	   /* its EFER.LMA */
	bool rtm;	   /* its CPUID has RTM */
	u8 vtpr;	   /* byte 80h of the virtual-APIC page, if vmx_entry_reads_vtpr() */
	u32 revision;	   /* its VMX_BASIC[30:0] */
	u32 link_revision; /* first 4 bytes at the link pointer, if vmx_entry_reads_link() */
	u64 current_vmcs;  /* address of the VMCS that is entered */
};

/*
 * One rule of the SDM. `broken` looks at this rule alone. `group` is the answer: VMfailValid with
 * VMFAIL_ENTRY_CONTROLS or VMFAIL_ENTRY_HOST_STATE, or a VM exit with
 * EXIT_REASON_INVALID_GUEST_STATE (and EXIT_REASON_ENTRY_FAILURE) and the exit qualification.
 */
struct vmx_entry_rule {
	const char *name;
	const char *citation;
	bool (*broken)(const struct vmcs *vmcs, const struct vmx_caps *caps,
		       const struct vmx_entry_host *host);
	u8 group;
	u8 qualification;
};

extern const struct vmx_entry_rule vmx_entry_rules[];
extern const size_t vmx_entry_rules_count;

/*
 * NULL when this stage passes, else the first rule of the table that the VMCS breaks. vmcs is a
 * snapshot that nobody else can write. Ask in this order; a stage does not repeat an earlier one.
 * A stage that has passed passes again as long as nothing that it reads has changed; the host's
 * reads the fields of the host-state area, exit_controls, IA-32e mode guest and host->long_mode.
 */
const struct vmx_entry_rule *vmx_entry_check_controls(const struct vmcs *vmcs,
						      const struct vmx_caps *caps,
						      const struct vmx_entry_host *host);
const struct vmx_entry_rule *vmx_entry_check_host(const struct vmcs *vmcs,
						  const struct vmx_caps *caps,
						  const struct vmx_entry_host *host);
const struct vmx_entry_rule *vmx_entry_check_guest(const struct vmcs *vmcs,
						   const struct vmx_caps *caps,
						   const struct vmx_entry_host *host);

/* Their fast paths, for the test: whether the table has to be asked at all. */
bool vmx_entry_controls_are_suspect(const struct vmcs *vmcs, const struct vmx_caps *caps,
				    const struct vmx_entry_host *host);
bool vmx_entry_host_is_suspect(const struct vmcs *vmcs, const struct vmx_caps *caps,
			       const struct vmx_entry_host *host);
bool vmx_entry_guest_is_suspect(const struct vmcs *vmcs, const struct vmx_caps *caps,
				const struct vmx_entry_host *host);

/*
 * Whether the check of the controls wants host->vtpr. When the page at virtual_apic_address
 * cannot be read, pass FFh, as an empty bus would; a bad address breaks a rule of its own.
 */
static inline bool vmx_entry_reads_vtpr(const struct vmcs *vmcs)
{
	return (vmcs->primary_controls & PROC_TPR_SHADOW) && vmcs->tpr_threshold != 0;
}

/* Whether the check of the guest wants host->link_revision; unreadable: pass ~0. */
static inline bool vmx_entry_reads_link(const struct vmcs *vmcs)
{
	return vmcs->vmcs_link_pointer != ~0ull;
}

/* Address bits at and above MAXPHYADDR. */
static inline u64 vmx_phys_mbz(const struct vmx_caps *caps)
{
	return ~0ull << caps->maxphyaddr;
}

/*
 * Whether a PDPTE may be loaded. For a guest with PAE paging and without EPT the four at CR3 are
 * the caller's to read; an illegal one fails VM entry with qualification VMX_QUALIFICATION_PDPTE.
 * [SDM "Checks on Guest Page-Directory-Pointer-Table Entries"]
 */
static inline bool vmx_pdpte_is_legal(u64 pdpte, const struct vmx_caps *caps)
{
	return !(pdpte & 1) || !(pdpte & (vmx_phys_mbz(caps) | GENMASK(8, 5) | GENMASK(2, 1)));
}

/* Exit qualification: [SDM "VM-Entry Failures During or After Loading Guest State"] */
#define VMX_QUALIFICATION_OTHER 0
#define VMX_QUALIFICATION_PDPTE 2
#define VMX_QUALIFICATION_NMI	3
#define VMX_QUALIFICATION_LINK	4

#endif
