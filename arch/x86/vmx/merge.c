/* SPDX-License-Identifier: MIT */
/* The merge of vmcs12 and of what Plinth keeps, in the order of the VMCS' areas. */
#include "arch/x86/vmx/merge.h"

#include "arch/x86/vmx/vmcs_copy.h"

/*
 * Of L1's controls, those that the hardware may see; a control that is in no list is one that
 * Plinth does not offer, or a matter of its own. So what the checks of VM entry should have refused
 * does not get through either.
 *
 * External interrupts are L1's, which owns the APIC: whether they exit or arrive by L2's IDT is as
 * it wants, and so is "acknowledge interrupt on exit".
 *
 * CR8 (CVE-2017-12154): with neither a TPR shadow nor CR8 exits L2 moves the real CR8. That is the
 * TPR of L1's own APIC, as on the bare processor; L1 gave it away, and Plinth, which takes no
 * interrupt by vector and is kicked by NMI, loses nothing.
 */
#define L2_PIN (PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMIS)
#define L2_PRIMARY                                                                               \
	(PROC_INTERRUPT_WINDOW | PROC_HLT | PROC_INVLPG | PROC_MWAIT | PROC_RDPMC | PROC_RDTSC | \
	 PROC_CR3_LOAD | PROC_CR3_STORE | PROC_CR8_LOAD | PROC_CR8_STORE | PROC_TPR_SHADOW |     \
	 PROC_NMI_WINDOW | PROC_MOV_DR | PROC_MSR_BITMAPS | PROC_MONITOR | PROC_PAUSE)
#define L2_SECONDARY                                                                       \
	(PROC2_DESCRIPTOR_TABLE | PROC2_RDTSCP | PROC2_WBINVD | PROC2_UNRESTRICTED_GUEST | \
	 PROC2_RDRAND | PROC2_INVPCID | PROC2_RDSEED | PROC2_XSAVES | PROC2_TSC_SCALING)
#define L2_EXIT	 EXIT_ACK_INTERRUPT
#define L2_ENTRY ENTRY_IA32E_GUEST

/*
 * What Plinth keeps over L1's wishes.
 *
 * NMIs exit always, for Plinth's kick is one, and are virtual always. If L1 wants NMI exits too,
 * the two are as L1 has them, or, without virtual NMIs of L1's, reflect.c makes good for the IRET
 * that unblocks what L1 believes blocked. If L1 wants no NMI exits, an NMI of the machine is L2's
 * to take by its IDT: Plinth injects it, and the virtual blocking, which such an injection sets and
 * L2's IRET ends, is the blocking that L1 and L2 have in common then.
 *
 * Every port exits, and L1's bitmaps are asked then; HLT too, for it is Plinth's to park an L2 that
 * L1 lets halt. The MSRs that Plinth switches are saved and loaded always, with values of its own
 * computation where L1 does not want them switched.
 */
#define L0_PIN	     (PIN_NMI | PIN_VIRTUAL_NMIS)
#define L0_PRIMARY   (PROC_TSC_OFFSETTING | PROC_HLT | PROC_UNCONDITIONAL_IO | PROC_SECONDARY)
#define L0_SECONDARY (PROC2_EPT | PROC2_VPID)
#define L0_EXIT                                                                      \
	(EXIT_SAVE_DEBUG | EXIT_HOST_ADDRESS_SPACE | EXIT_SAVE_PAT | EXIT_LOAD_PAT | \
	 EXIT_SAVE_EFER | EXIT_LOAD_EFER)
#define L0_ENTRY (ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER)

/* Sets a field that depends on more than its own group. */
#define PUT(member, value, group)                               \
	do {                                                    \
		__typeof__(vmcs02->member) put_value = (value); \
                                                                \
		if (vmcs02->member != put_value) {              \
			vmcs02->member = put_value;             \
			*written |= (u32)VMX_GROUP(group);      \
		}                                               \
	} while (0)

#define PUT_RARE(member, value)                          \
	do {                                             \
		if (vmcs02->member != (value)) {         \
			vmcs02->member = (value);        \
			*written |= (u32)VMX_GROUP_RARE; \
		}                                        \
	} while (0)

static u32 merge_word(u64 wish, u64 passed, u64 kept, struct vmx_ctls ctls)
{
	return (u32)((wish & passed) | kept | ctls.must) & ctls.may;
}

static void merge_controls(const struct vmcs *vmcs12, const struct vmx_merge_env *env,
			   struct vmcs *vmcs02, u32 *written)
{
	PUT(pin_based_controls, merge_word(vmcs12->pin_based_controls, L2_PIN, L0_PIN, env->pin),
	    3);
	PUT(primary_controls,
	    merge_word(vmcs12->primary_controls, L2_PRIMARY, L0_PRIMARY, env->primary), 4);
	PUT(secondary_controls,
	    merge_word(vmcs_secondary(vmcs12), L2_SECONDARY, L0_SECONDARY, env->secondary), 3);
	PUT(exit_controls, merge_word(vmcs12->exit_controls, L2_EXIT, L0_EXIT, env->exit), 3);
	PUT(entry_controls, merge_word(vmcs12->entry_controls, L2_ENTRY, L0_ENTRY, env->entry), 6);
}

/* value * multiplier, which has 48 bits of fraction; no hypervisor's library has 128 bits. */
static u64 tsc_scale(u64 value, u64 multiplier)
{
	return (u64)((unsigned __int128)value * multiplier >> 48);
}

/* The same of an offset, which has a sign. */
static u64 tsc_scale_offset(u64 offset, u64 multiplier)
{
	return offset >> 63 ? 0 - tsc_scale(0 - offset, multiplier) : tsc_scale(offset, multiplier);
}

#define TSC_MULTIPLIER_ONE BIT(48)

/*
 * L1's TSC is scaled and offset before L1's own controls see it. "Use TSC scaling" works only
 * together with "use TSC offsetting". [SDM "Time-Stamp Counter Offset and Multiplier"]
 */
static void merge_tsc(const struct vmcs *vmcs12, const struct vmx_merge_env *env,
		      struct vmcs *vmcs02, u32 *written)
{
	bool offsetting = vmcs12->primary_controls & PROC_TSC_OFFSETTING;
	bool scaling = offsetting && (vmcs02->secondary_controls & PROC2_TSC_SCALING) &&
		       (vmcs_secondary(vmcs12) & PROC2_TSC_SCALING);
	u64 multiplier = env->tsc_multiplier ? env->tsc_multiplier : TSC_MULTIPLIER_ONE;
	u64 offset = env->tsc_offset;

	if (scaling) {
		multiplier = tsc_scale(multiplier, vmcs12->tsc_multiplier);
		offset = tsc_scale_offset(offset, vmcs12->tsc_multiplier);
	}
	if (offsetting) {
		offset += vmcs12->tsc_offset;
	}
	PUT(tsc_offset, offset, 2);
	PUT(tsc_multiplier, multiplier, 2);
}

/* The fields that a control makes count, and which are harmless where it is 0. */
static void merge_control_fields(const struct vmcs *vmcs12, const struct vmx_merge_env *env,
				 struct vmcs *vmcs02, u32 *written)
{
	bool shadow = vmcs02->primary_controls & PROC_TPR_SHADOW;
	bool xsaves = vmcs_secondary(vmcs12) & PROC2_XSAVES;
	bool all_pf = env->exceptions & BIT(VECTOR_PF);

	PUT(virtual_apic_address, shadow ? vmcs12->virtual_apic_address : 0, 2);
	PUT(xss_exiting_bitmap, (xsaves ? vmcs12->xss_exiting_bitmap : 0) | env->xss_exiting, 2);
	PUT(msr_bitmap, env->msr_bitmap, 1);
	PUT(ept_pointer, env->ept_pointer, 9);
	PUT(vpid, env->vpid, 9);
	PUT(exception_bitmap, vmcs12->exception_bitmap | env->exceptions, 7);
	PUT(entry_intr_info, vmcs12->entry_intr_info, 5);
	PUT(entry_exception_error_code, vmcs12->entry_exception_error_code, 5);
	PUT(entry_instruction_length, vmcs12->entry_instruction_length, 5);

	/* Of no group */
	vmcs02->tpr_threshold = shadow ? vmcs12->tpr_threshold : 0;
	PUT_RARE(cr3_target_count, vmcs12->cr3_target_count);
	PUT_RARE(cr3_target0, vmcs12->cr3_target0);
	PUT_RARE(cr3_target1, vmcs12->cr3_target1);
	PUT_RARE(cr3_target2, vmcs12->cr3_target2);
	PUT_RARE(cr3_target3, vmcs12->cr3_target3);
	/* Every error code matches 0 under a mask of 0: all page faults exit. */
	PUT_RARE(pf_error_code_mask, all_pf ? 0 : vmcs12->pf_error_code_mask);
	PUT_RARE(pf_error_code_match, all_pf ? 0 : vmcs12->pf_error_code_match);
}

/* What no entry needs again: fields of controls that vmcs02 never has, and lists done by hand. */
static void merge_constants(const struct vmx_merge_env *env, struct vmcs *vmcs02)
{
	vmcs02->io_bitmap_a = 0;
	vmcs02->io_bitmap_b = 0;
	vmcs02->vmread_bitmap = 0;
	vmcs02->vmwrite_bitmap = 0;
	vmcs02->exit_msr_store_address = 0;
	vmcs02->exit_msr_load_address = 0;
	vmcs02->entry_msr_load_address = 0;
	vmcs02->exit_msr_store_count = 0;
	vmcs02->exit_msr_load_count = 0;
	vmcs02->entry_msr_load_count = 0;
	vmcs02->vmcs_link_pointer = ~0ull;
	vmcs_copy_host(vmcs02, env->host);
}

/*
 * Control registers. Bits of L1's mask read as L1's shadow says; those that Plinth alone owns read
 * as what L2 had in them; in the hardware's register the latter are as VMX fixes them, else 0.
 */
static void merge_control_registers(const struct vmcs *vmcs12, const struct vmx_merge_env *env,
				    struct vmcs *vmcs02)
{
	u64 mask0 = vmcs12->cr0_guest_host_mask, mask4 = vmcs12->cr4_guest_host_mask;
	u64 fixed0 = env->cr0_fixed0;

	if (vmcs02->secondary_controls & PROC2_UNRESTRICTED_GUEST) {
		fixed0 &= ~(CR0_PE | CR0_PG);
	}
	vmcs02->cr0_guest_host_mask = mask0 | env->cr0_owned;
	vmcs02->cr4_guest_host_mask = mask4 | env->cr4_owned;
	vmcs02->cr0_read_shadow = (vmcs12->cr0_read_shadow & mask0) | (vmcs12->guest_cr0 & ~mask0);
	vmcs02->cr4_read_shadow = (vmcs12->cr4_read_shadow & mask4) | (vmcs12->guest_cr4 & ~mask4);
	vmcs02->guest_cr0 = ((vmcs12->guest_cr0 & ~env->cr0_owned) | fixed0) & env->cr0_fixed1;
	vmcs02->guest_cr4 =
		((vmcs12->guest_cr4 & ~env->cr4_owned) | env->cr4_fixed0) & env->cr4_fixed1;
	vmcs02->guest_cr3 = vmcs12->guest_cr3;
}

/* [SDM "Loading Guest Control Registers, Debug Registers, and MSRs"] */
static u64 merge_efer(const struct vmcs *vmcs12, const struct vmx_merge_env *env)
{
	u64 ia32e = vmcs12->entry_controls & ENTRY_IA32E_GUEST ? EFER_LMA | EFER_LME : 0;
	u64 loaded = vmcs12->guest_cr0 & CR0_PG ? EFER_LMA | EFER_LME : EFER_LMA;

	if (vmcs12->entry_controls & ENTRY_LOAD_EFER) {
		return vmcs12->guest_efer;
	}
	return (env->efer & ~loaded) | (ia32e & loaded);
}

/* What L1 may leave as it is at the entry: then it is L1's own. */
static void merge_switched(const struct vmcs *vmcs12, const struct vmx_merge_env *env,
			   struct vmcs *vmcs02, u32 *written)
{
	bool debug = vmcs12->entry_controls & ENTRY_LOAD_DEBUG;
	bool pat = vmcs12->entry_controls & ENTRY_LOAD_PAT;

	PUT(guest_dr7, debug ? vmcs12->guest_dr7 : env->dr7, 8);
	PUT(guest_debugctl, debug ? vmcs12->guest_debugctl : env->debugctl, 11);
	PUT(guest_pat, pat ? vmcs12->guest_pat : env->pat, 11);
	PUT(guest_efer, merge_efer(vmcs12, env), 11);
}

/*
 * With EPT in use the hardware takes PDPTEs from the VMCS and not from memory; for an L1 without
 * EPT they are in memory. [SDM "Loading Page-Directory-Pointer-Table Entries"]
 */
static void merge_pdptes(const struct vmcs *vmcs12, const struct vmx_merge_env *env,
			 struct vmcs *vmcs02, u32 *written)
{
	if (vmcs_secondary(vmcs12) & PROC2_EPT) {
		if (*written & VMX_GROUP(11)) {
			VMCS_COPY_SPAN(vmcs02, vmcs12, guest_pdpte0, guest_pdpte3);
		}
	} else if (env->pdptes) {
		PUT(guest_pdpte0, env->pdptes[0], 11);
		PUT(guest_pdpte1, env->pdptes[1], 11);
		PUT(guest_pdpte2, env->pdptes[2], 11);
		PUT(guest_pdpte3, env->pdptes[3], 11);
	}
}

/*
 * An L1 without virtual NMIs may inject an NMI although NMIs are blocked; with virtual NMIs VM
 * entry refuses it, and the injection blocks anyway. [SDM "Checks on Guest Non-Register State"]
 */
static void merge_interruptibility(const struct vmcs *vmcs12, struct vmcs *vmcs02, u32 *written)
{
	u32 event = vmcs12->entry_intr_info;
	u64 kept = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS | INTERRUPTIBILITY_NMI;

	if ((event & INTR_VALID) && FIELD_GET(INTR_TYPE_MASK, event) == INTR_TYPE_NMI) {
		kept &= ~INTERRUPTIBILITY_NMI;
	}
	PUT(guest_interruptibility, vmcs12->guest_interruptibility & (u32)kept, 10);
}

static void merge_guest(const struct vmcs *vmcs12, u32 groups, struct vmcs *vmcs02)
{
	if (groups & VMX_GROUP(10)) {
		vmcs02->guest_rsp = vmcs12->guest_rsp;
		vmcs02->guest_rflags = vmcs12->guest_rflags;
	}
	if (groups & VMX_GROUP(11)) {
		vmcs02->guest_pending_debug = vmcs12->guest_pending_debug;
		vmcs02->guest_sysenter_cs = vmcs12->guest_sysenter_cs;
		vmcs02->guest_sysenter_esp = vmcs12->guest_sysenter_esp;
		vmcs02->guest_sysenter_eip = vmcs12->guest_sysenter_eip;
	}
	if (groups & VMX_GROUP(12)) {
		vmcs_copy_segments(vmcs02, vmcs12);
	}
	vmcs02->guest_activity = ACTIVITY_ACTIVE;
	vmcs02->guest_rip = vmcs12->guest_rip;
}

__hot u32 vmx_merge(const struct vmcs *vmcs12, const struct vmx_merge_env *env, u32 changed,
		    struct vmcs *vmcs02)
{
	u32 written = (changed & (u32)~VMX_GROUPS_L1HOST) | (u32)VMX_GROUP_NONE;

	merge_controls(vmcs12, env, vmcs02, &written);
	merge_tsc(vmcs12, env, vmcs02, &written);
	merge_control_fields(vmcs12, env, vmcs02, &written);
	/* Which bits of CR0 are fixed, and whose the PDPTEs are, may be new. */
	if (written & (VMX_GROUP(3) | VMX_GROUP(9))) {
		written |= (u32)(VMX_GROUP(8) | VMX_GROUP(11));
	}
	if (changed & VMX_GROUP_HOST) {
		merge_constants(env, vmcs02);
	}
	if (written & VMX_GROUP(8)) {
		merge_control_registers(vmcs12, env, vmcs02);
	}
	merge_switched(vmcs12, env, vmcs02, &written);
	merge_pdptes(vmcs12, env, vmcs02, &written);
	merge_interruptibility(vmcs12, vmcs02, &written);
	merge_guest(vmcs12, written, vmcs02);
	return written;
}

/*
 * Byte offsets, in a quarter of the bitmap, of the 64-bit words with an MSR that Plinth lets
 * through and guests use often. The quarters: read low, read high, write low, write high.
 * [SDM "MSR-Bitmap Address"]
 */
static const u16 shared_words[] = {
	0x000,	       /* 00h: TSC */
	0x008,	       /* 40h: SPEC_CTRL, PRED_CMD */
	0x028,	       /* 140h: SYSENTER */
	0x400 + 0x010, /* C000_0080h: EFER (never), STAR, LSTAR, CSTAR, SFMASK */
	0x400 + 0x020, /* C000_0100h: FS, GS, KERNEL_GS base, TSC_AUX */
};

void vmx_merge_msr_bitmap(const u8 *bitmap01, bool (*read64)(void *ctx, u32 offset, u64 *value),
			  void *ctx, u8 *bitmap02)
{
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(shared_words); i++) {
		u32 offset = shared_words[i / 2] + i % 2 * 0x800;
		u64 mine, theirs = ~0ull;

		memcpy(&mine, bitmap01 + offset, sizeof(mine));
		if (mine != ~0ull && !read64(ctx, offset, &theirs)) {
			theirs = ~0ull;
		}
		mine |= theirs;
		memcpy(bitmap02 + offset, &mine, sizeof(mine));
	}
}
