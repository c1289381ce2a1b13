/* SPDX-License-Identifier: MIT */
/*
 * Entering L2 by L1's VMLAUNCH and VMRESUME: which vmcs12, the checks, the merge, and what is owed
 * before each entry of the hardware.
 */
#include "arch/x86/vmx/nested.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/memory.h"
#include "arch/x86/power.h"
#include "arch/x86/vmx/entry_checks.h"
#include "arch/x86/vmx/ept.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/nested_insn.h"
#include "arch/x86/vmx/nested_msrs.h"
#include "arch/x86/vmx/park.h"
#include "arch/x86/vmx/vmcs02.h"
#include "arch/x86/vmx/vmcs12.h"
#include "arch/x86/vmx/vmcs_copy.h"
#include "lib/string.h"

/*
 * The enlightened VMCS replaces the current one at each entry at which L1's assist page says so.
 * False: the instruction has ended. [TLFS "Enlightened VMCS"]
 */
static bool take_vmcs12(struct vmx_vcpu *x, bool launch)
{
	struct vmx_assist assist;
	const struct evmcs *page;
	bool same;
	u32 clean;

	if (!hv_shell_has_evmcs() || !vmx_assist_read(x, &assist) || !assist.enlighten_vm_entry) {
		if (x->evmcs_gpa != VMX_NO_POINTER) {
			x->evmcs_gpa = VMX_NO_POINTER;
			x->changed = (u32)VMX_GROUPS_ALL;
		}
		return true;
	}
	if (!IS_ALIGNED(assist.current_nested_vmcs, PAGE_SIZE) ||
	    !l1_page_is_ram(assist.current_nested_vmcs)) {
		vmx_finish(x, OUTCOME_UD);
		return false;
	}
	page = l1_page(assist.current_nested_vmcs);
	if (!evmcs_revision_ok(evmcs_read_revision(page),
			       vmx_machine.caps.msr[MSR_VMX_BASIC - MSR_VMX_BASIC])) {
		vmx_fail_invalid(x);
		return false;
	}
	same = x->evmcs_gpa == assist.current_nested_vmcs;
	if (!same) {
		vmx_current_release(x);
		memset(&x->vmcs12, 0, sizeof(x->vmcs12));
		x->evmcs_gpa = assist.current_nested_vmcs;
		x->changed = (u32)VMX_GROUPS_ALL;
	}
	clean = evmcs_effective_clean(evmcs_read_clean(page), launch, same);
	evmcs_load(page, clean, &x->vmcs12, &x->enlightenments);
	x->changed |= (u32)((~clean & EVMCS_CLEAN_MASK) | VMX_GROUP_NONE);
	return true;
}

static void describe_host(struct vmx_vcpu *x, struct vmx_entry_host *host)
{
	const struct vmcs *vmcs12 = &x->vmcs12;

	*host = (struct vmx_entry_host){
		.long_mode = vmread(VMCS_guest_efer) & EFER_LMA,
		.vtpr = 0xff,
		.revision = VMCS12_REVISION,
		.link_revision = ~0u,
		.current_vmcs = x->evmcs_gpa != VMX_NO_POINTER ? x->evmcs_gpa : x->current_gpa,
	};
	if (unlikely(vmx_entry_reads_vtpr(vmcs12))) {
		l1_read(vmcs12->virtual_apic_address + APIC_TPR, &host->vtpr, 1);
	}
	if (unlikely(vmx_entry_reads_link(vmcs12))) {
		l1_read(vmcs12->vmcs_link_pointer, &host->link_revision, sizeof(u32));
	}
}

static void refuse(struct vmx_vcpu *x, const struct vmx_entry_rule *rule)
{
	log_limited(LOG_INFO, "L1 CPU %u: VM entry refused: %s %s", x->v.id, rule->name,
		    rule->citation);
	if (rule->group == EXIT_REASON_INVALID_GUEST_STATE) {
		vmx_fail_entry(x, rule->group, rule->qualification);
		return;
	}
	x->v.cpu->stats.nested_entry_failed++;
	vmx_fail(x, rule->group);
}

/*
 * With an enlightened VMCS most entries find the fields clean that a stage of the checks is about,
 * and the stage has passed them before: L1's host state, and L2's as its last exit left it.
 */
static bool host_is_checked(const struct vmx_vcpu *x, const struct vmx_entry_host *host)
{
	return x->is_checked && x->checked_long_mode == host->long_mode &&
	       !(x->changed & (VMX_GROUPS_L1HOST | VMX_GROUP(3) | VMX_GROUP(6)));
}

static bool guest_is_checked(const struct vmx_vcpu *x)
{
	const struct vmcs *vmcs12 = &x->vmcs12;

	/* RIP is never clean; 32 bits of it are right in every mode. */
	return x->is_checked && !high32(vmcs12->guest_rip) &&
	       !(x->changed & (u32)(VMX_GROUP(2) | VMX_GROUP(3) | VMX_GROUP(4) | VMX_GROUP(5) |
				    VMX_GROUP(6) | VMX_GROUP(8) | VMX_GROUP(9) | VMX_GROUP(10) |
				    VMX_GROUP(11) | VMX_GROUP(12)));
}

static bool is_refused(struct vmx_vcpu *x)
{
	const struct vmx_caps *caps = &vmx_machine.caps;
	const struct vmx_entry_rule *rule;
	struct vmx_entry_host host;

	describe_host(x, &host);
	rule = vmx_entry_check_controls(&x->vmcs12, caps, &host);
	if (!rule && !host_is_checked(x, &host)) {
		rule = vmx_entry_check_host(&x->vmcs12, caps, &host);
	}
	if (!rule && !guest_is_checked(x)) {
		rule = vmx_entry_check_guest(&x->vmcs12, caps, &host);
	}
	if (unlikely(rule)) {
		x->is_checked = false;
		refuse(x, rule);
		return true;
	}
	x->is_checked = true;
	x->checked_long_mode = host.long_mode;
	/* The hardware reads and writes this page by its physical address. */
	if ((x->vmcs12.primary_controls & PROC_TPR_SHADOW) &&
	    unlikely(!l1_page_is_ram(x->vmcs12.virtual_apic_address))) {
		x->v.cpu->stats.nested_entry_failed++;
		log_limited(LOG_INFO, "L1 CPU %u: VM entry refused: no RAM at virtual-APIC page",
			    x->v.id);
		vmx_fail(x, VMFAIL_ENTRY_CONTROLS);
		return true;
	}
	return false;
}

/* PDPTEs of an L2 with PAE paging that has no EPT of L1's; false: one is illegal. */
static bool read_l2_pdptes(struct vmx_vcpu *x, u64 pdptes[4], bool *needed)
{
	const struct vmcs *vmcs12 = &x->vmcs12;

	*needed = !ept12_is_on(x) && (vmcs12->guest_cr0 & CR0_PG) &&
		  (vmcs12->guest_cr4 & CR4_PAE) && !(vmcs12->entry_controls & ENTRY_IA32E_GUEST);
	for (u32 i = 0; *needed && i < 4; i++) {
		if (!l1_read64((vmcs12->guest_cr3 & GENMASK(31, 5)) + i * sizeof(u64),
			       &pdptes[i]) ||
		    !vmx_pdpte_is_legal(pdptes[i], &vmx_machine.caps)) {
			return false;
		}
	}
	return true;
}

static bool read64_bitmap12(void *ctx, u32 offset, u64 *value)
{
	const struct vmx_vcpu *x = ctx;

	return (x->vmcs12.primary_controls & PROC_MSR_BITMAPS) &&
	       l1_read64(x->vmcs12.msr_bitmap + offset, value);
}

/* L1 promises not to have changed its bitmap while the group is clean. [TLFS "Enlightened MSR
 * Bitmap"] */
static void merge_msr_bitmap(struct vmx_vcpu *x)
{
	bool enlightened = hv_shell_has_emsr_bitmap() && x->evmcs_gpa != VMX_NO_POINTER &&
			   (x->enlightenments.control & EVMCS_MSR_BITMAP);

	/* The promise begins with the entry that makes it: what was merged before it may be old. */
	if (enlightened && x->bitmap_is_promised &&
	    !(x->changed & (EVMCS_CLEAN_MSR_BITMAP | VMX_GROUP(4)))) {
		x->v.cpu->stats.msr_bitmap_kept++;
		return;
	}
	x->bitmap_is_promised = enlightened;
	x->v.cpu->stats.msr_bitmap_merged++;
	vmx_merge_msr_bitmap(vmx_machine.msr_bitmap01, read64_bitmap12, x, x->msr_bitmap02);
}

/* With one VPID for all of L2's, another one of L1's begins with nothing. */
static void obey_vpid(struct vmx_vcpu *x)
{
	u32 vpid12 = vmcs_secondary(&x->vmcs12) & PROC2_VPID ? x->vmcs12.vpid : 0;

	if (!vpid12 || vpid12 != x->vpid12) {
		x->flush_vpid02 = true;
	}
	x->vpid12 = vpid12;
}

static u32 merge(struct vmx_vcpu *x, const u64 *pdptes)
{
	struct vmx_merge_env env = {
		.pin = vmx_machine.hardware[VMX_WORD_PIN],
		.primary = vmx_machine.hardware[VMX_WORD_PRIMARY],
		.secondary = vmx_machine.hardware[VMX_WORD_SECONDARY],
		.exit = vmx_machine.hardware[VMX_WORD_EXIT],
		.entry = vmx_machine.hardware[VMX_WORD_ENTRY],
		.cr0_fixed0 = vmx_machine.hw_cr0_fixed0,
		.cr0_fixed1 = vmx_machine.hw_cr0_fixed1,
		.cr4_fixed0 = vmx_machine.cr4_fixed,
		.cr4_fixed1 = vmx_machine.hw_cr4_fixed1,
		.cr4_owned = ~(vmx_machine.cr4_l1 | CR4_VMXE),
		.msr_bitmap = heap_spa(x->msr_bitmap02),
		.ept_pointer = ept_select(x),
		.vpid = VMX_VPID_L2,
		.tsc_offset = x->v.tsc_offset,
		.efer = vmread(VMCS_guest_efer),
		.pat = vmread(VMCS_guest_pat),
		.dr7 = vmread(VMCS_guest_dr7),
		.debugctl = vmread(VMCS_guest_debugctl),
		.pdptes = pdptes,
		.host = &x->host,
	};

	return vmx_merge(&x->vmcs12, &env, x->changed, &x->vmcs02);
}

/* The checks are passed: vmcs02 becomes current. */
static void enter_l2(struct vmx_vcpu *x, const u64 *pdptes)
{
	struct vcpu *v = &x->v;
	u32 entry, written = merge(x, pdptes);

	merge_msr_bitmap(x);
	obey_vpid(x);
	vmx_make_current(x, x->vmcs02_spa);
	vmcs02_write(&x->vmcs02, written);
	x->changed = 0;
	v->in_l2 = true;
	v->gpr[GPR_RSP] = x->vmcs12.guest_rsp;
	x->rsp = x->vmcs12.guest_rsp;
	entry = vmx_load_msrs(x, x->vmcs12.entry_msr_load_address, x->vmcs12.entry_msr_load_count);
	if (unlikely(x->vmcs12.entry_msr_load_count)) {
		x->changed = (u32)VMX_GROUP(11); /* it may have changed what vmcs02 switches */
	}
	if (unlikely(entry)) {
		v->in_l2 = false;
		vmx_make_current(x, x->vmcs01_spa);
		vmx_fail_entry(x, EXIT_REASON_MSR_LOADING, entry);
		return;
	}
	x->halted = x->vmcs12.guest_activity == ACTIVITY_HLT;
}

void vmx_vmentry(struct vmx_vcpu *x, bool launch)
{
	u64 pdptes[4];
	bool has_pdptes;

	x->v.cpu->stats.nested_entry++;
	if (unlikely(!x->host_is_known)) {
		if (!vmcs02_init(x)) {
			log_error("CPU %u: VMCLEAR of vmcs02 fails", x->v.id);
			power_l1_shutdown();
		}
		x->launched02 = false;
		x->host_is_known = true;
		x->changed = (u32)VMX_GROUPS_ALL;
	}
	if (!take_vmcs12(x, launch) || vmx_entry_is_refused(x, launch) || is_refused(x)) {
		return;
	}
	trace_event(&x->v.cpu->trace, TRACE_KVM_NESTED_VMRUN, TRACE_L1, x->vmcs12.vpid,
		    x->evmcs_gpa != VMX_NO_POINTER ? x->evmcs_gpa : x->current_gpa,
		    x->vmcs12.guest_rip);
	if (unlikely(!read_l2_pdptes(x, pdptes, &has_pdptes))) {
		vmx_fail_entry(x, EXIT_REASON_INVALID_GUEST_STATE, VMX_QUALIFICATION_PDPTE);
		return;
	}
	enter_l2(x, has_pdptes ? pdptes : NULL);
}

bool vmx_nested_entry_failed(struct vmx_vcpu *x)
{
	u32 error = low32(vmread(VMCS_vm_instruction_error));

	if (!x->v.in_l2) {
		return false;
	}
	log_limited(LOG_WARN, "L1 CPU %u: hardware refused vmcs02: VM-instruction error %u",
		    x->v.id, error);
	x->v.in_l2 = false;
	x->halted = false;
	x->parked = false;
	x->changed = (u32)VMX_GROUPS_ALL;
	vmx_make_current(x, x->vmcs01_spa);
	vmwrite(VMCS_tsc_offset, x->v.tsc_offset); /* it may have changed in L2 */
	x->rsp = vmread(VMCS_guest_rsp);
	x->v.gpr[GPR_RSP] = x->rsp;
	vmx_fail(x, error);
	return true;
}

void vmx_nested_prepare(struct vmx_vcpu *x)
{
	u64 eptp = ept_select(x);

	if (unlikely(x->halted)) {
		vmx_park(x);
	}
	if (unlikely(x->vmcs02.ept_pointer != eptp)) {
		x->vmcs02.ept_pointer = eptp;
		vmwrite(VMCS_ept_pointer, eptp);
	}
	if (ept_take_flush(x)) {
		invept(INVEPT_ALL, 0);
	}
	if (x->flush_vpid02) {
		x->flush_vpid02 = false;
		invvpid(INVVPID_SINGLE, VMX_VPID_L2, 0);
	}
}
