/* SPDX-License-Identifier: MIT */
/*
 * The three stages of the checks. VM entry is a hot path, so each stage has a filter that folds
 * its rules into a few words; only an image that it suspects is walked through the table of
 * entry_rules.c.
 */
#include "arch/x86/vmx/entry_checks.h"
#include "arch/x86/msr_policy.h"
#include "arch/x86/vmx/entry_rules.h"

/*
 * The filters: false means that no rule of the stage is broken; otherwise the table decides. They
 * never suspect too little, and too much only what is rare: the unit test compares them with the
 * table, and has the images that must pass without it. Most tests fold into one word `bad`, and
 * one branch follows for several of them.
 */

/* What may be 1 includes what must be 1, here and in the next one. */
static inline u32 suspect_ctls(struct vmx_ctls ctls, u32 value)
{
	return ((value & ctls.may) | ctls.must) ^ value;
}

static inline u64 suspect_cr(u64 cr, u64 fixed0, u64 fixed1)
{
	return ((cr & fixed1) | fixed0) ^ cr;
}

/* To be ORed over addresses, and shifted down by LINEAR_BITS once: 0 when all are canonical. */
static inline u64 uncanonical(u64 va)
{
	return va + BIT(LINEAR_BITS - 1);
}

static inline u64 suspect_list(u64 address, u32 count, u64 phys_mbz)
{
	if (count == 0) {
		return 0;
	}
	return ((address | list_last_byte(address, count)) & phys_mbz) | (address & 15);
}

static inline bool counts_are_suspect(const struct vmcs *v, const struct vmx_caps *caps)
{
	u64 mbz = vmx_phys_mbz(caps);
	u64 bad = v->cr3_target_count > FIELD_GET(VMX_MISC_CR3_TARGETS_MASK, caps->misc);

	bad |= suspect_list(v->exit_msr_store_address, v->exit_msr_store_count, mbz);
	bad |= suspect_list(v->exit_msr_load_address, v->exit_msr_load_count, mbz);
	bad |= suspect_list(v->entry_msr_load_address, v->entry_msr_load_count, mbz);
	return bad != 0;
}

static inline bool event_is_suspect(const struct vmcs *v)
{
	u32 info = v->entry_intr_info;
	u64 bad = info & GENMASK(30, 12);

	switch (FIELD_GET(INTR_TYPE_MASK, info)) {
	case INTR_TYPE_EXTERNAL:
		return bad | (info & INTR_ERROR_CODE);
	case INTR_TYPE_HARD_EXCEPTION:
		bad |= (info & INTR_VECTOR_MASK) > 31;
		bad |= !(info & INTR_ERROR_CODE) == event_has_error_code(v);
		return bad | (info & INTR_ERROR_CODE ? v->entry_exception_error_code >> 16 : 0);
	default:
		return true;
	}
}

static inline u64 suspect_proc2(const struct vmcs *v, const struct vmx_caps *caps)
{
	u32 proc2 = v->secondary_controls;
	u64 usual = EPTP_MEMTYPE_WB | FIELD_PREP(EPTP_WALK_MASK, EPTP_WALK_4);
	u64 bad = suspect_ctls(caps->secondary, proc2);

	if (proc2 & PROC2_EPT) {
		bad |= (v->ept_pointer & (vmx_phys_mbz(caps) | GENMASK(11, 0))) ^ usual;
		bad |= ~caps->ept_vpid & (EPT_CAP_WB | EPT_CAP_WALK_4);
	} else {
		bad |= proc2 & PROC2_UNRESTRICTED_GUEST;
	}
	if (proc2 & PROC2_VPID) {
		bad |= v->vpid == 0;
	}
	if (proc2 & PROC2_TSC_SCALING) {
		bad |= v->tsc_multiplier == 0;
	}
	return bad;
}

static inline __attribute__((always_inline)) bool
controls_are_suspect(const struct vmcs *v, const struct vmx_caps *caps,
		     const struct vmx_entry_host *host)
{
	u32 pin = v->pin_based_controls;
	u32 proc = v->primary_controls;
	u64 pages = 0;
	u64 bad = suspect_ctls(caps->pin, pin) | suspect_ctls(caps->primary, proc) |
		  suspect_ctls(caps->exit, v->exit_controls) |
		  suspect_ctls(caps->entry, v->entry_controls);

	if (proc & PROC_SECONDARY) {
		bad |= suspect_proc2(v, caps);
	}
	if (proc & PROC_IO_BITMAPS) {
		pages |= v->io_bitmap_a | v->io_bitmap_b;
	}
	if (proc & PROC_MSR_BITMAPS) {
		pages |= v->msr_bitmap;
	}
	if (proc & PROC_TPR_SHADOW) {
		pages |= v->virtual_apic_address;
		bad |= v->tpr_threshold != 0 && v->tpr_threshold > host->vtpr >> 4;
	}
	bad |= pages & (vmx_phys_mbz(caps) | (PAGE_SIZE - 1));
	bad |= pin & PIN_VIRTUAL_NMIS ? ~pin & PIN_NMI : proc & PROC_NMI_WINDOW;
	if (v->cr3_target_count | v->exit_msr_store_count | v->exit_msr_load_count |
	    v->entry_msr_load_count) {
		bad |= counts_are_suspect(v, caps);
	}
	return bad || ((v->entry_intr_info & INTR_VALID) && event_is_suspect(v));
}

/* RPL and TI of four that follow each other in the VMCS, which the compiler loads as one word. */
static inline u64 suspect_selectors(u16 a, u16 b, u16 c, u16 d)
{
	return (a | (u64)b << 16 | (u64)c << 32 | (u64)d << 48) & 0x0007000700070007;
}

/* A host of 32 bits is left to the table. */
static inline __attribute__((always_inline)) bool host_is_suspect(const struct vmcs *v,
								  const struct vmx_caps *caps,
								  const struct vmx_entry_host *host)
{
	u32 exit = v->exit_controls;
	u64 linear = uncanonical(v->host_sysenter_esp) | uncanonical(v->host_sysenter_eip) |
		     uncanonical(v->host_fs_base) | uncanonical(v->host_gs_base) |
		     uncanonical(v->host_tr_base) | uncanonical(v->host_gdtr_base) |
		     uncanonical(v->host_idtr_base) | uncanonical(v->host_rip);
	u64 bad = linear >> LINEAR_BITS;

	bad |= suspect_cr(v->host_cr0, caps->cr0_fixed0, caps->cr0_fixed1);
	bad |= suspect_cr(v->host_cr4, caps->cr4_fixed0 | CR4_PAE, caps->cr4_fixed1);
	bad |= v->host_cr3 & vmx_phys_mbz(caps);
	bad |= suspect_selectors(v->host_es_selector, v->host_cs_selector, v->host_ss_selector,
				 v->host_ds_selector);
	bad |= suspect_selectors(v->host_ds_selector, v->host_fs_selector, v->host_gs_selector,
				 v->host_tr_selector);
	if ((exit & EXIT_LOAD_PAT) && !msr_pat_legal(v->host_pat)) {
		return true;
	}
	if (exit & EXIT_LOAD_EFER) {
		bad |= (v->host_efer & ~EFER_FREE) ^ (EFER_LME | EFER_LMA);
	}
	return bad || !(exit & EXIT_HOST_ADDRESS_SPACE) || !host->long_mode ||
	       v->host_cs_selector == 0 || v->host_tr_selector == 0;
}

static inline u64 suspect_pdptes(const struct vmcs *v, const struct vmx_caps *caps)
{
	if (!guest_loads_pdptes(v)) {
		return 0;
	}
	return !vmx_pdpte_is_legal(v->guest_pdpte0, caps) ||
	       !vmx_pdpte_is_legal(v->guest_pdpte1, caps) ||
	       !vmx_pdpte_is_legal(v->guest_pdpte2, caps) ||
	       !vmx_pdpte_is_legal(v->guest_pdpte3, caps);
}

static inline __attribute__((always_inline)) bool
guest_registers_are_suspect(const struct vmcs *v, const struct vmx_caps *caps)
{
	u32 entry = v->entry_controls;
	u64 cr0_must = caps->cr0_fixed0;
	u64 cr4_must = caps->cr4_fixed0;
	u64 lma = 0;
	u64 linear = uncanonical(v->guest_sysenter_esp) | uncanonical(v->guest_sysenter_eip) |
		     uncanonical(v->guest_tr_base) | uncanonical(v->guest_fs_base) |
		     uncanonical(v->guest_gs_base) | uncanonical(v->guest_gdtr_base) |
		     uncanonical(v->guest_idtr_base);
	u64 bad = linear >> LINEAR_BITS;

	bad |= v->guest_cr3 & vmx_phys_mbz(caps);
	bad |= (v->guest_gdtr_limit | v->guest_idtr_limit) >> 16;
	if (entry & ENTRY_IA32E_GUEST) {
		lma = EFER_LMA | EFER_LME;
		cr0_must |= CR0_PG | CR0_PE;
		cr4_must |= CR4_PAE;
	} else {
		cr0_must = guest_cr0_fixed0(v, caps) | (v->guest_cr0 & CR0_PG ? CR0_PE : 0);
		bad |= (v->guest_cr4 & CR4_PCIDE) | suspect_pdptes(v, caps);
	}
	bad |= suspect_cr(v->guest_cr0, cr0_must, caps->cr0_fixed1);
	bad |= suspect_cr(v->guest_cr4, cr4_must, caps->cr4_fixed1);
	if (entry & ENTRY_LOAD_DEBUG) {
		bad |= (v->guest_debugctl & ~DEBUGCTL_VALID) | v->guest_dr7 >> 32;
	}
	if ((entry & ENTRY_LOAD_PAT) && !msr_pat_legal(v->guest_pat)) {
		return true;
	}
	if (entry & ENTRY_LOAD_EFER) {
		bad |= (v->guest_efer & ~EFER_FREE) ^ lma;
	}
	return bad != 0;
}

/* Any descriptor: the bits of `mask` shall be `fixed`. */
static inline bool descriptor_is_suspect(u32 ar, u32 limit, u32 fixed, u32 mask)
{
	return ((ar ^ fixed) & (mask | AR_RESERVED)) ||
	       (ar & AR_G ? ~limit & 0xfff : limit >> 20) != 0;
}

/* The usual descriptors are recognized at once: flat ones, and small ones of the system. */
static inline bool user_is_suspect(u32 ar, u32 limit, u32 fixed, u32 mask)
{
	if ((ar & (mask | AR_G | AR_RESERVED)) == (fixed | AR_G) && limit == ~0u) {
		return false;
	}
	return descriptor_is_suspect(ar, limit, fixed, mask);
}

static inline bool system_is_suspect(u32 ar, u32 limit, u32 fixed, u32 mask)
{
	if ((ar & (mask | AR_G | AR_RESERVED)) == fixed && limit >> 20 == 0) {
		return false;
	}
	return descriptor_is_suspect(ar, limit, fixed, mask);
}

static inline bool data_is_suspect(u32 ar, u32 limit)
{
	u32 any = AR_P | AR_S | AR_ACCESSED;
	u32 usual = any | AR_WRITABLE; /* of code: readable */

	if ((ar & AR_UNUSABLE) || !user_is_suspect(ar, limit, usual, usual)) {
		return false;
	}
	return (ar & (AR_CODE | AR_WRITABLE)) == AR_CODE ||
	       descriptor_is_suspect(ar, limit, any, any);
}

/* Virtual-8086 mode, and a data segment in CS, as real mode has it, are left to the table. */
static inline bool cs_ss_are_suspect(const struct vmcs *v)
{
	u32 cs = v->guest_cs_access_rights;
	u32 ss = v->guest_ss_access_rights;
	u32 code = AR_P | AR_S | AR_CODE | AR_ACCESSED;
	u32 stack = AR_P | AR_S | AR_WRITABLE | AR_ACCESSED;
	u64 bad = v->guest_cs_base >> 32;

	if (v->entry_controls & ENTRY_IA32E_GUEST) {
		bad |= cs & cs >> 1 & AR_L;
		_Static_assert(AR_DB == AR_L << 1, "D is moved onto L");
	}
	if (((cs ^ ss) & AR_DPL_MASK) && !((cs & AR_CONFORMING) && DPL(cs) < DPL(ss))) {
		return true;
	}
	if ((ss & AR_DPL_MASK) && !(v->guest_cr0 & CR0_PE)) {
		return true;
	}
	if (!(ss & AR_UNUSABLE)) {
		bad |= v->guest_ss_base >> 32;
		bad |= user_is_suspect(ss, v->guest_ss_limit, stack, stack | AR_CODE);
	}
	return bad || user_is_suspect(cs, v->guest_cs_limit, code, code);
}

static inline bool tr_ldtr_are_suspect(const struct vmcs *v)
{
	u32 tr = v->guest_tr_access_rights;
	u32 ldtr = v->guest_ldtr_access_rights;
	u32 mask = AR_TYPE_MASK | AR_S | AR_P | AR_UNUSABLE;
	u32 tss = AR_P | TYPE_TSS_BUSY;

	if (!(v->entry_controls & ENTRY_IA32E_GUEST) && (tr & AR_TYPE_MASK) == TYPE_TSS_16_BUSY) {
		tss = AR_P | TYPE_TSS_16_BUSY;
	}
	if ((v->guest_tr_selector & SELECTOR_TI) ||
	    system_is_suspect(tr, v->guest_tr_limit, tss, mask)) {
		return true;
	}
	return !(ldtr & AR_UNUSABLE) &&
	       ((v->guest_ldtr_selector & SELECTOR_TI) || !is_canonical(v->guest_ldtr_base) ||
		system_is_suspect(ldtr, v->guest_ldtr_limit, AR_P | TYPE_LDT, mask));
}

/* The rules of privilege that unrestricted guests are free of; usable or not. */
static inline bool privilege_is_suspect(const struct vmcs *v)
{
	u64 bad = (v->guest_ss_selector ^ v->guest_cs_selector) & 3;

	bad |= DPL(v->guest_ss_access_rights) ^ RPL(v->guest_ss_selector);
	bad |= DPL(v->guest_es_access_rights) < RPL(v->guest_es_selector);
	bad |= DPL(v->guest_ds_access_rights) < RPL(v->guest_ds_selector);
	bad |= DPL(v->guest_fs_access_rights) < RPL(v->guest_fs_selector);
	bad |= DPL(v->guest_gs_access_rights) < RPL(v->guest_gs_selector);
	return bad != 0;
}

static inline __attribute__((always_inline)) bool segments_are_suspect(const struct vmcs *v)
{
	return cs_ss_are_suspect(v) || tr_ldtr_are_suspect(v) ||
	       data_is_suspect(v->guest_es_access_rights, v->guest_es_limit) ||
	       data_is_suspect(v->guest_ds_access_rights, v->guest_ds_limit) ||
	       data_is_suspect(v->guest_fs_access_rights, v->guest_fs_limit) ||
	       data_is_suspect(v->guest_gs_access_rights, v->guest_gs_limit) ||
	       high32(v->guest_es_base | v->guest_ds_base) ||
	       (!(secondary_controls(v) & PROC2_UNRESTRICTED_GUEST) && privilege_is_suspect(v));
}

/* Blocking, activity states, pending debug exceptions and link pointers are left to the table. */
static inline __attribute__((always_inline)) bool guest_rest_is_suspect(const struct vmcs *v)
{
	bool is_64_bit =
		(v->entry_controls & ENTRY_IA32E_GUEST) && (v->guest_cs_access_rights & AR_L);
	u64 bad = is_64_bit ? uncanonical(v->guest_rip) >> LINEAR_BITS : v->guest_rip >> 32;

	bad |= (v->guest_rflags ^ RFLAGS_FIXED) & (RFLAGS_MBZ | RFLAGS_FIXED | RFLAGS_VM);
	bad |= (v->guest_interruptibility & ~INTERRUPTIBILITY_NMI) | v->guest_activity;
	bad |= v->guest_pending_debug | ~v->vmcs_link_pointer;
	if (v->entry_intr_info & INTR_VALID) {
		u64 type = FIELD_GET(INTR_TYPE_MASK, v->entry_intr_info);

		bad |= type == INTR_TYPE_EXTERNAL && !(v->guest_rflags & RFLAGS_IF);
		bad |= type == INTR_TYPE_NMI && v->guest_interruptibility != 0;
	}
	return bad != 0;
}

static inline __attribute__((always_inline)) bool guest_is_suspect(const struct vmcs *v,
								   const struct vmx_caps *caps)
{
	return guest_registers_are_suspect(v, caps) || segments_are_suspect(v) ||
	       guest_rest_is_suspect(v);
}

__hot bool vmx_entry_controls_are_suspect(const struct vmcs *vmcs, const struct vmx_caps *caps,
					  const struct vmx_entry_host *host)
{
	return controls_are_suspect(vmcs, caps, host);
}

__hot bool vmx_entry_host_is_suspect(const struct vmcs *vmcs, const struct vmx_caps *caps,
				     const struct vmx_entry_host *host)
{
	return host_is_suspect(vmcs, caps, host);
}

__hot bool vmx_entry_guest_is_suspect(const struct vmcs *vmcs, const struct vmx_caps *caps,
				      __maybe_unused const struct vmx_entry_host *host)
{
	return guest_is_suspect(vmcs, caps);
}

__hot const struct vmx_entry_rule *vmx_entry_check_controls(const struct vmcs *vmcs,
							    const struct vmx_caps *caps,
							    const struct vmx_entry_host *host)
{
	if (likely(!controls_are_suspect(vmcs, caps, host))) {
		return NULL;
	}
	return vmx_entry_first_broken(VMFAIL_ENTRY_CONTROLS, vmcs, caps, host);
}

__hot const struct vmx_entry_rule *vmx_entry_check_host(const struct vmcs *vmcs,
							const struct vmx_caps *caps,
							const struct vmx_entry_host *host)
{
	if (likely(!host_is_suspect(vmcs, caps, host))) {
		return NULL;
	}
	return vmx_entry_first_broken(VMFAIL_ENTRY_HOST_STATE, vmcs, caps, host);
}

__hot const struct vmx_entry_rule *vmx_entry_check_guest(const struct vmcs *vmcs,
							 const struct vmx_caps *caps,
							 const struct vmx_entry_host *host)
{
	if (likely(!guest_is_suspect(vmcs, caps))) {
		return NULL;
	}
	return vmx_entry_first_broken(EXIT_REASON_INVALID_GUEST_STATE, vmcs, caps, host);
}
