/* SPDX-License-Identifier: MIT */
/* Images to and from the hardware's VMCS. */
#include "arch/x86/vmx/vmcs02.h"

#include "arch/x86/vmx/insn.h"
#include "lib/string.h"

/* The groups of clean fields, those of no group, Plinth's host state, and what never is written. */
#define GROUP_HOST  (EVMCS_GROUP_NONE + 1)
#define GROUP_NEVER (EVMCS_GROUP_NONE + 2)
#define GROUPS	    (EVMCS_GROUP_NONE + 3)

static u8 sorted[VMCS_FIELDS];
static u8 first_of[GROUPS + 1];

/* Groups 13 and 14 are L1's host state in vmcs12, and in vmcs02 Plinth's. */
static u32 group_of(const struct vmcs_field *field)
{
	if (field->access != VMCS_ACCESS_RW) {
		return GROUP_NEVER;
	}
	return BIT(field->group) & VMX_GROUPS_L1HOST ? GROUP_HOST : field->group;
}

void vmcs02_machine_init(void)
{
	u8 n = 0;

	for (u32 group = 0; group < GROUPS; group++) {
		first_of[group] = n;
		for (u32 i = 0; i < VMCS_FIELDS; i++) {
			if (group_of(&vmcs_fields[i]) == group) {
				sorted[n++] = (u8)i;
			}
		}
	}
	first_of[GROUPS] = n;
}

static inline void write_field(const struct vmcs *image, u32 index)
{
	const struct vmcs_field *field = &vmcs_fields[index];

	vmwrite(field->encoding, vmcs_get(image, field));
}

static inline void read_field(struct vmcs *image, u32 index)
{
	const struct vmcs_field *field = &vmcs_fields[index];

	vmcs_set(image, field, vmread(field->encoding));
}

static void read_group(struct vmcs *image, u32 group)
{
	for (u32 i = first_of[group]; i < first_of[group + 1]; i++) {
		read_field(image, sorted[i]);
	}
}

static void write_group(const struct vmcs *image, u32 group)
{
	for (u32 i = first_of[group]; i < first_of[group + 1]; i++) {
		write_field(image, sorted[i]);
	}
}

/* A field that this CPU's VMCS lacks belongs to a control that it lacks: VMWRITE then fails. */
__hot void vmcs02_write(const struct vmcs *image, u32 groups)
{
	for (u32 group = 0; group < GROUP_NEVER; group++) {
		if (groups & BIT(group)) {
			write_group(image, group);
		}
	}
}

bool vmcs02_init(struct vmx_vcpu *x)
{
	memset(&x->host, 0, sizeof(x->host));
	read_group(&x->host, GROUP_HOST);
	return vmclear(x->vmcs02_spa);
}

__hot void vmcs02_read_back(struct vmcs *image)
{
	static const u8 others[] = {
		VMCS_INDEX_guest_cr0,
		VMCS_INDEX_guest_cr3,
		VMCS_INDEX_guest_cr4,
		VMCS_INDEX_cr0_read_shadow,
		VMCS_INDEX_cr4_read_shadow,
		VMCS_INDEX_guest_dr7,
		VMCS_INDEX_guest_rip,
		VMCS_INDEX_primary_controls,
		VMCS_INDEX_entry_controls,
		VMCS_INDEX_entry_intr_info,
		VMCS_INDEX_entry_exception_error_code,
		VMCS_INDEX_entry_instruction_length,
	};

	read_group(image, 10);
	read_group(image, 11);
	read_group(image, 12);
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		read_field(image, others[i]);
	}
}

void vmcs01_read_for_exit(struct vmcs *image)
{
	static const u8 fields[] = {
		VMCS_INDEX_guest_cr0,		VMCS_INDEX_guest_cr4,
		VMCS_INDEX_cr0_guest_host_mask, VMCS_INDEX_cr4_guest_host_mask,
		VMCS_INDEX_cr0_read_shadow,	VMCS_INDEX_cr4_read_shadow,
		VMCS_INDEX_guest_efer,		VMCS_INDEX_guest_pat,
		VMCS_INDEX_entry_controls,	VMCS_INDEX_guest_interruptibility,
		VMCS_INDEX_guest_pdpte0,	VMCS_INDEX_guest_pdpte1,
		VMCS_INDEX_guest_pdpte2,	VMCS_INDEX_guest_pdpte3,
		VMCS_INDEX_vmcs_link_pointer,
	};

	for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
		read_field(image, fields[i]);
	}
}

void vmcs01_write_after_exit(const struct vmcs *image)
{
	static const u8 others[] = {
		VMCS_INDEX_guest_cr0,	    VMCS_INDEX_guest_cr3,	VMCS_INDEX_guest_cr4,
		VMCS_INDEX_cr0_read_shadow, VMCS_INDEX_cr4_read_shadow, VMCS_INDEX_guest_dr7,
		VMCS_INDEX_guest_rip,	    VMCS_INDEX_entry_controls,
	};

	write_group(image, 10);
	write_group(image, 11);
	write_group(image, 12);
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		write_field(image, others[i]);
	}
}
