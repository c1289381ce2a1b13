/* SPDX-License-Identifier: MIT */
/* VMCS shadowing. */
#include "arch/x86/vmx/shadow_vmcs.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/memory.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/nested.h"
#include "lib/string.h"

#define SHADOW_INDICATOR BIT(31) /* of the revision: [SDM "Format of the VMCS Region"] */

/* clang-format off */

/* Fields of VM-exit information: L1 may read them. */
#define READ_ONLY(F)  \
	F(vm_instruction_error) \
	F(exit_reason) \
	F(exit_intr_info) \
	F(exit_intr_error_code) \
	F(idt_vectoring_info) \
	F(idt_vectoring_error_code) \
	F(exit_instruction_length) \
	F(exit_instruction_info) \
	F(exit_qualification) \
	F(guest_linear_address) \
	F(guest_physical_address)

/* And fields that change from one exit to the next. */
#define READ_WRITE(F)  \
	F(primary_controls) \
	F(exception_bitmap) \
	F(entry_controls) \
	F(entry_intr_info) \
	F(entry_exception_error_code) \
	F(entry_instruction_length) \
	F(tpr_threshold) \
	F(cr0_guest_host_mask) \
	F(cr4_guest_host_mask) \
	F(cr0_read_shadow) \
	F(cr4_read_shadow) \
	F(guest_cr0) \
	F(guest_cr3) \
	F(guest_cr4) \
	F(guest_dr7) \
	F(guest_rsp) \
	F(guest_rip) \
	F(guest_rflags) \
	F(guest_interruptibility) \
	F(guest_activity) \
	F(guest_pending_debug) \
	F(guest_cs_selector) \
	F(guest_cs_base) \
	F(guest_cs_limit) \
	F(guest_cs_access_rights) \
	F(guest_ss_access_rights) \
	F(guest_es_base) \
	F(guest_ds_base) \
	F(guest_ss_base) \
	F(guest_efer) \
	F(host_cr3) \
	F(host_cr4) \
	F(host_rsp) \
	F(host_fs_selector) \
	F(host_gs_selector) \
	F(host_fs_base) \
	F(host_gs_base)

/* clang-format on */

/* GROUP_<member>: its group of clean fields. NONE is a group's name in the table. */
enum {
	NONE = EVMCS_GROUP_NONE,
#define FIELD(type, member, encoding, access, evmcs, group) GROUP_##member = (group),
#include "arch/x86/vmx/vmcs_fields.def"
#undef FIELD
};

static u8 *vmread_bitmap;
static u8 *vmwrite_bitmap;

/* Bits 14:0 of an encoding are its place. [SDM "VMCS Shadowing Bitmap Addresses"] */
static void let_through(u8 *bitmap, u32 encoding)
{
	bitmap[(encoding & 0x7fff) / 8] &= (u8)~BIT(encoding % 8);
}

static void let_field_through(u8 *bitmap, u32 encoding)
{
	let_through(bitmap, encoding);
	if (FIELD_GET(VMCS_ENCODING_WIDTH_MASK, encoding) == VMCS_ENCODING_WIDTH_U64) {
		let_through(bitmap, encoding | (u32)VMCS_ENCODING_HIGH);
	}
}

bool shadow_vmcs_machine_init(bool wanted)
{
	struct vmx_machine *m = &vmx_machine;

	/* VM-exit information is written by VMWRITE here, which is a capability of its own. */
	m->shadowing = wanted && (m->hardware[VMX_WORD_SECONDARY].may & PROC2_VMCS_SHADOWING) &&
		       (rdmsr(MSR_VMX_MISC) & VMX_MISC_VMWRITE_ANY);
	if (!m->shadowing) {
		return true;
	}
	vmread_bitmap = memory_alloc(PAGE_SIZE);
	vmwrite_bitmap = memory_alloc(PAGE_SIZE);
	if (!vmread_bitmap || !vmwrite_bitmap) {
		return false;
	}
	memset(vmread_bitmap, 0xff, PAGE_SIZE);
	memset(vmwrite_bitmap, 0xff, PAGE_SIZE);
#define LET_READ(member)  let_field_through(vmread_bitmap, VMCS_##member);
#define LET_WRITE(member) let_field_through(vmwrite_bitmap, VMCS_##member);
	READ_ONLY(LET_READ)
	READ_WRITE(LET_READ)
	READ_WRITE(LET_WRITE)
	return true;
}

bool shadow_vmcs_init(struct vmx_vcpu *x)
{
	u32 *region;

	if (!vmx_machine.shadowing) {
		return true;
	}
	region = memory_alloc(PAGE_SIZE);
	if (!region) {
		return false;
	}
	*region = vmx_machine.revision | (u32)SHADOW_INDICATOR;
	x->shadow_spa = heap_spa(region);
	return vmclear(x->shadow_spa);
}

static void switch_on(struct vmx_vcpu *x, bool on)
{
	u64 secondary = vmread(VMCS_secondary_controls);

	x->shadow_on = on;
	vmwrite(VMCS_vmcs_link_pointer, on ? x->shadow_spa : VMX_NO_POINTER);
	vmwrite(VMCS_secondary_controls,
		on ? secondary | PROC2_VMCS_SHADOWING : secondary & ~(u64)PROC2_VMCS_SHADOWING);
	if (on) {
		vmwrite(VMCS_vmread_bitmap, heap_spa(vmread_bitmap));
		vmwrite(VMCS_vmwrite_bitmap, heap_spa(vmwrite_bitmap));
	}
}

/* A VMCS that is linked must not be active: the hardware may keep an active one to itself. */
static void leave_shadow(struct vmx_vcpu *x)
{
	if (!vmclear(x->shadow_spa)) {
		log_error("CPU %u: VMCLEAR of the shadow VMCS fails", x->v.id);
	}
	vmx_make_current(x, x->vmcs01_spa);
}

__hot void shadow_vmcs_stop(struct vmx_vcpu *x)
{
	if (!x->shadow_on) {
		return;
	}
	vmx_make_current(x, x->shadow_spa);
#define TAKE(member)                                                         \
	do {                                                                 \
		__typeof__(x->vmcs12.member) now =                           \
			(__typeof__(x->vmcs12.member))vmread(VMCS_##member); \
                                                                             \
		if (x->vmcs12.member != now) {                               \
			x->vmcs12.member = now;                              \
			x->changed |= (u32)BIT(GROUP_##member);              \
		}                                                            \
	} while (0);
	READ_WRITE(TAKE)
	leave_shadow(x);
	switch_on(x, false);
}

void shadow_vmcs_forget(struct vmx_vcpu *x)
{
	if (x->shadow_on) {
		switch_on(x, false);
	}
}

__hot void shadow_vmcs_start(struct vmx_vcpu *x)
{
	if (!vmx_machine.shadowing || x->shadow_on || x->current_gpa == VMX_NO_POINTER) {
		return;
	}
	vmx_make_current(x, x->shadow_spa);
#define SHOW(member) vmwrite(VMCS_##member, x->vmcs12.member);
	READ_ONLY(SHOW)
	READ_WRITE(SHOW)
	leave_shadow(x);
	switch_on(x, true);
}
