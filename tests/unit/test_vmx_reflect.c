/* SPDX-License-Identifier: MIT */
/*
 * vmcs02 + exit -> vmcs12 and L1's host state -> vmcs01: exactly what the SDM's chapter "VM Exits"
 * lists is written, field by field, and nothing of what is L1's. Facts 1.8.
 */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/reflect.h"

#define SECONDARY 0x80000000u

static struct vmcs vmcs02, vmcs12, vmcs01, before;
static struct vmx_exit_info exit_info;

/* No field of one image has the value of another's. */
static void fill(struct vmcs *vmcs, u8 salt)
{
	for (size_t i = 0; i < sizeof(*vmcs); i++) {
		((u8 *)vmcs)[i] = (u8)(i * 59 + salt);
	}
}

static void reset(void)
{
	fill(&vmcs02, 7);
	fill(&vmcs12, 113);
	fill(&vmcs01, 201);
	vmcs02.guest_interruptibility = 0;
	vmcs12.guest_interruptibility = 0;
	vmcs12.pin_based_controls = 0;
	vmcs12.primary_controls = 0;
	vmcs12.exit_controls = 0;
	vmcs12.cr0_guest_host_mask = vmcs02.cr0_guest_host_mask = 0;
	vmcs12.cr4_guest_host_mask = vmcs02.cr4_guest_host_mask = 0;
	exit_info = (struct vmx_exit_info){
		.reason = 0x11223344,
		.intr_info = 0x80001b0e,
		.intr_error = 0x55667788,
		.idt_info = 0x80000b0d,
		.idt_error = 0x99aabbcc,
		.insn_length = 15,
		.insn_info = 0xddeeff00,
		.qualification = 0x1111222233334444,
		.gpa = 0x5555666677778888,
		.gla = 0x9999aaaabbbbcccc,
	};
}

/* What an exit writes: from vmcs02, or made. All else stays. [SDM "VM Exits"] */
static const struct {
	const char *name;
	u32 exit_control; /* saved with it only */
	bool ept;	  /* saved with EPT only */
	bool made;
} written[] = {
	{ "guest_es_selector", 0, false, false },
	{ "guest_cs_selector", 0, false, false },
	{ "guest_ss_selector", 0, false, false },
	{ "guest_ds_selector", 0, false, false },
	{ "guest_fs_selector", 0, false, false },
	{ "guest_gs_selector", 0, false, false },
	{ "guest_ldtr_selector", 0, false, false },
	{ "guest_tr_selector", 0, false, false },
	{ "guest_debugctl", 1u << 2, false, false },
	{ "guest_pat", 1u << 18, false, false },
	{ "guest_efer", 1u << 20, false, false },
	{ "guest_pdpte0", 0, true, false },
	{ "guest_pdpte1", 0, true, false },
	{ "guest_pdpte2", 0, true, false },
	{ "guest_pdpte3", 0, true, false },
	{ "guest_es_limit", 0, false, false },
	{ "guest_cs_limit", 0, false, false },
	{ "guest_ss_limit", 0, false, false },
	{ "guest_ds_limit", 0, false, false },
	{ "guest_fs_limit", 0, false, false },
	{ "guest_gs_limit", 0, false, false },
	{ "guest_ldtr_limit", 0, false, false },
	{ "guest_tr_limit", 0, false, false },
	{ "guest_gdtr_limit", 0, false, false },
	{ "guest_idtr_limit", 0, false, false },
	{ "guest_es_access_rights", 0, false, false },
	{ "guest_cs_access_rights", 0, false, false },
	{ "guest_ss_access_rights", 0, false, false },
	{ "guest_ds_access_rights", 0, false, false },
	{ "guest_fs_access_rights", 0, false, false },
	{ "guest_gs_access_rights", 0, false, false },
	{ "guest_ldtr_access_rights", 0, false, false },
	{ "guest_tr_access_rights", 0, false, false },
	{ "guest_interruptibility", 0, false, false },
	{ "guest_activity", 0, false, false },
	{ "guest_sysenter_cs", 0, false, false },
	{ "guest_cr0", 0, false, false },
	{ "guest_cr3", 0, false, false },
	{ "guest_cr4", 0, false, false },
	{ "guest_es_base", 0, false, false },
	{ "guest_cs_base", 0, false, false },
	{ "guest_ss_base", 0, false, false },
	{ "guest_ds_base", 0, false, false },
	{ "guest_fs_base", 0, false, false },
	{ "guest_gs_base", 0, false, false },
	{ "guest_ldtr_base", 0, false, false },
	{ "guest_tr_base", 0, false, false },
	{ "guest_gdtr_base", 0, false, false },
	{ "guest_idtr_base", 0, false, false },
	{ "guest_dr7", 1u << 2, false, false },
	{ "guest_rsp", 0, false, false },
	{ "guest_rip", 0, false, false },
	{ "guest_rflags", 0, false, false },
	{ "guest_pending_debug", 0, false, false },
	{ "guest_sysenter_esp", 0, false, false },
	{ "guest_sysenter_eip", 0, false, false },
	{ "guest_physical_address", 0, false, true },
	{ "guest_linear_address", 0, false, true },
	{ "exit_reason", 0, false, true },
	{ "exit_qualification", 0, false, true },
	{ "exit_intr_info", 0, false, true },
	{ "exit_intr_error_code", 0, false, true },
	{ "idt_vectoring_info", 0, false, true },
	{ "idt_vectoring_error_code", 0, false, true },
	{ "exit_instruction_length", 0, false, true },
	{ "exit_instruction_info", 0, false, true },
	{ "entry_intr_info", 0, false, true },
	{ "entry_controls", 0, false, true },
};

static void check_fields(u32 exit_controls, bool ept)
{
	size_t found = 0;

	for (u32 i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		const struct vmcs *from = &before;

		for (size_t k = 0; k < ARRAY_SIZE(written); k++) {
			if (strcmp(written[k].name, field->name) != 0) {
				continue;
			}
			found++;
			if (written[k].made) {
				from = NULL;
			} else if ((!written[k].ept || ept) &&
				   (exit_controls & written[k].exit_control) ==
					   written[k].exit_control) {
				from = &vmcs02;
			}
		}
		if (from && vmcs_get(&vmcs12, field) != vmcs_get(from, field)) {
			fail_msg("%s is not %s", field->name,
				 from == &before ? "as it was" : "vmcs02's");
		}
	}
	assert_int_equal(found, ARRAY_SIZE(written));
}

static void exactly_the_listed_fields(void **state)
{
	static const u32 saves[] = { 0, 1u << 2, 1u << 18, 1u << 20, ~0u };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(saves); i++) {
		for (u32 ept = 0; ept < 4; ept++) {
			reset();
			vmcs12.exit_controls = saves[i];
			vmcs12.primary_controls = ept & 1 ? SECONDARY : 0;
			vmcs12.secondary_controls = ept & 2 ? 2 : 0;
			before = vmcs12;
			vmx_reflect(&vmcs02, &exit_info, &vmcs12);
			check_fields(saves[i], ept == 3);
		}
	}
}

static void what_the_exit_says(void **state)
{
	(void)state;
	reset();
	vmx_reflect(&vmcs02, &exit_info, &vmcs12);
	assert_int_equal(vmcs12.exit_reason, 0x11223344);
	assert_int_equal(vmcs12.exit_qualification, 0x1111222233334444);
	assert_int_equal(vmcs12.exit_intr_info, 0x80001b0e);
	assert_int_equal(vmcs12.exit_intr_error_code, 0x55667788);
	assert_int_equal(vmcs12.idt_vectoring_info, 0x80000b0d);
	assert_int_equal(vmcs12.idt_vectoring_error_code, 0x99aabbcc);
	assert_int_equal(vmcs12.exit_instruction_length, 15);
	assert_int_equal(vmcs12.exit_instruction_info, 0xddeeff00);
	assert_int_equal(vmcs12.guest_physical_address, 0x5555666677778888);
	assert_int_equal(vmcs12.guest_linear_address, 0x9999aaaabbbbcccc);
}

/* L1 injects again what it finds there, and VM entry refuses reserved bits. */
static void idt_vectoring_has_no_undefined_bits(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 31; bit++) {
		reset();
		exit_info.idt_info = 0x80000000 | 1u << bit;
		vmx_reflect(&vmcs02, &exit_info, &vmcs12);
		assert_int_equal(vmcs12.idt_vectoring_info, 0x80000000 | (1u << bit & 0xfff));
		exit_info.idt_info = 1u << bit;
		vmx_reflect(&vmcs02, &exit_info, &vmcs12);
		assert_int_equal(vmcs12.idt_vectoring_info, 0);
	}
}

static void the_event_is_taken_back(void **state)
{
	(void)state;
	reset();
	vmcs12.entry_intr_info = 0x80000b0e;
	vmx_reflect(&vmcs02, &exit_info, &vmcs12);
	assert_int_equal(vmcs12.entry_intr_info, 0x00000b0e);
}

/* L1 learns from it whether its guest is in long mode, whether EFER is saved or not. */
static void ia32e_mode_follows_lma(void **state)
{
	(void)state;
	for (u32 n = 0; n < 4; n++) {
		reset();
		vmcs12.entry_controls = n & 1 ? ~0u : 0;
		vmcs02.guest_efer = n & 2 ? EFER_LMA : ~EFER_LMA;
		vmx_reflect(&vmcs02, &exit_info, &vmcs12);
		assert_int_equal(vmcs12.entry_controls,
				 (n & 1 ? ~0u & ~0x200u : 0) | (n & 2 ? 0x200 : 0));
	}
}

static void control_registers_bit_by_bit(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (u32 n = 0; n < 32; n++) {
			bool mask12 = n & 1, owned = n & 2;
			bool real = n & 4, shadow = n & 8, given = n & 16;
			bool expected = mask12 ? given : owned ? shadow : real;

			reset();
			vmcs12.cr0_guest_host_mask = mask12 ? BIT(bit) : 0;
			vmcs02.cr0_guest_host_mask = mask12 || owned ? BIT(bit) : 0;
			vmcs02.guest_cr0 = real ? BIT(bit) : 0;
			vmcs02.cr0_read_shadow = shadow ? BIT(bit) : 0;
			vmcs12.guest_cr0 = given ? BIT(bit) : 0;
			vmcs12.cr4_guest_host_mask = vmcs12.cr0_guest_host_mask;
			vmcs02.cr4_guest_host_mask = vmcs02.cr0_guest_host_mask;
			vmcs02.guest_cr4 = vmcs02.guest_cr0;
			vmcs02.cr4_read_shadow = vmcs02.cr0_read_shadow;
			vmcs12.guest_cr4 = vmcs12.guest_cr0;
			vmx_reflect(&vmcs02, &exit_info, &vmcs12);
			assert_int_equal(vmcs12.guest_cr0, expected ? BIT(bit) : 0);
			assert_int_equal(vmcs12.guest_cr4, expected ? BIT(bit) : 0);
		}
	}
}

/* Of the interruptibility, an emulator's SMI bit is dropped; NMI blocking depends on the controls.
 */
static void interruptibility(void **state)
{
	static const struct {
		u32 pin, given, event, left, expected;
	} rows[] = {
		{ 0x00, 0, 0, 0xff, 0xb },
		/* no NMI exits, or virtual NMIs: what L2 left */
		{ 0x00, 8, 0, 0, 0 },
		{ 0x00, 0, 0, 8, 8 },
		{ 0x28, 8, 0, 0, 0 },
		{ 0x28, 0, 0x80000202, 0, 0 },
		{ 0x28, 0, 0, 8, 8 },
		/* NMI exits alone: no IRET unblocks */
		{ 0x08, 8, 0, 0, 8 },
		{ 0x08, 8, 0, 1, 9 },
		{ 0x08, 0, 0, 0, 0 },
		{ 0x08, 0, 0x80000202, 0, 8 },
		{ 0x08, 0, 0x00000202, 0, 0 },
		{ 0x08, 0, 0x80000302, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcs12.pin_based_controls = rows[i].pin;
		vmcs12.guest_interruptibility = rows[i].given;
		vmcs12.entry_intr_info = rows[i].event;
		vmcs02.guest_interruptibility = rows[i].left;
		vmx_reflect(&vmcs02, &exit_info, &vmcs12);
		if (vmcs12.guest_interruptibility != rows[i].expected) {
			fail_msg("row %zu: %x", i, vmcs12.guest_interruptibility);
		}
	}
}

static void an_undelivered_event_is_idt_vectoring(void **state)
{
	static const struct {
		u32 event, idt;
		u32 expected, error, length;
	} rows[] = {
		{ 0x80000b0e, 0, 0x80000b0e, 0x1234, 15 },
		{ 0x80000030, 0, 0x80000030, 0, 15 },
		{ 0x80000202, 0, 0x80000202, 0, 15 },
		{ 0x80000480, 0, 0x80000480, 0, 2 },
		{ 0x80000501, 0, 0x80000501, 0, 2 },
		{ 0x80000603, 0, 0x80000603, 0, 2 },
		/* none, another one, and one that is no event */
		{ 0x00000b0e, 0, 0, 0x55, 15 },
		{ 0x80000b0e, 0x80000030, 0x80000030, 0x55, 15 },
		{ 0x80000700, 0, 0, 0x55, 15 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset();
		vmcs02.entry_intr_info = rows[i].event;
		vmcs02.entry_exception_error_code = 0x1234;
		vmcs02.entry_instruction_length = 2;
		exit_info.idt_info = rows[i].idt;
		exit_info.idt_error = 0x55;
		vmx_reflect_undelivered(&vmcs02, &exit_info);
		assert_int_equal(exit_info.idt_info, rows[i].expected);
		assert_int_equal(exit_info.idt_error, rows[i].error);
		assert_int_equal(exit_info.insn_length, rows[i].length);
	}
}

static void a_failed_entry_says_why_and_no_more(void **state)
{
	(void)state;
	reset();
	before = vmcs12;
	vmx_reflect_entry_failure(33, 4, &vmcs12);
	assert_int_equal(vmcs12.exit_reason, 0x80000021);
	assert_int_equal(vmcs12.exit_qualification, 4);
	vmcs12.exit_reason = before.exit_reason;
	vmcs12.exit_qualification = before.exit_qualification;
	assert_memory_equal(&vmcs12, &before, sizeof(before));
	vmx_reflect_entry_failure(34, 1, &vmcs12);
	assert_int_equal(vmcs12.exit_reason, 0x80000022);
	assert_int_equal(vmcs12.exit_qualification, 1);
}

/* Host state */

static void reset_host(bool long_mode)
{
	reset();
	vmcs12.exit_controls = long_mode ? 1u << 9 : 0;
	vmcs01.cr0_guest_host_mask = 0;
	vmcs01.cr4_guest_host_mask = 0;
	vmcs12.exit_reason = 10;
	vmcs12.host_ss_selector = 0x18;
	vmcs12.host_ds_selector = 0;
	vmcs12.host_es_selector = 0x2b;
	vmcs12.host_fs_selector = 0;
	vmcs12.host_gs_selector = 0x30;
}

/* The fields of vmcs01 that loading host state writes; every other one is not touched. */
static void nothing_but_l1s_state_is_written(void **state)
{
	static const char *const also[] = { "cr0_read_shadow", "cr4_read_shadow",
					    "entry_controls" };

	(void)state;
	reset_host(true);
	before = vmcs01;
	vmx_reflect_host(&vmcs12, &vmcs02, &vmcs01);
	for (u32 i = 0; i < VMCS_FIELDS; i++) {
		const struct vmcs_field *field = &vmcs_fields[i];
		bool may = !strncmp(field->name, "guest_", 6) &&
			   strncmp(field->name, "guest_pdpte", 11) != 0 &&
			   field->access == VMCS_ACCESS_RW;
		bool same = vmcs_get(&vmcs01, field) == vmcs_get(&before, field);

		for (size_t k = 0; k < ARRAY_SIZE(also); k++) {
			may |= !strcmp(field->name, also[k]);
		}
		if (!same && !may) {
			fail_msg("%s was written", field->name);
		}
	}
}

static void registers_come_from_the_host_area(void **state)
{
	(void)state;
	reset_host(true);
	vmx_reflect_host(&vmcs12, &vmcs02, &vmcs01);
	assert_int_equal(vmcs01.guest_rip, vmcs12.host_rip);
	assert_int_equal(vmcs01.guest_rsp, vmcs12.host_rsp);
	assert_int_equal(vmcs01.guest_rflags, 2);
	assert_int_equal(vmcs01.guest_cr3, vmcs12.host_cr3);
	assert_int_equal(vmcs01.guest_dr7, 0x400);
	assert_int_equal(vmcs01.guest_debugctl, 0);
	assert_int_equal(vmcs01.guest_sysenter_cs, vmcs12.host_sysenter_cs);
	assert_int_equal(vmcs01.guest_sysenter_esp, vmcs12.host_sysenter_esp);
	assert_int_equal(vmcs01.guest_sysenter_eip, vmcs12.host_sysenter_eip);
	assert_int_equal(vmcs01.guest_gdtr_base, vmcs12.host_gdtr_base);
	assert_int_equal(vmcs01.guest_gdtr_limit, 0xffff);
	assert_int_equal(vmcs01.guest_idtr_base, vmcs12.host_idtr_base);
	assert_int_equal(vmcs01.guest_idtr_limit, 0xffff);
	assert_int_equal(vmcs01.guest_activity, 0);
	assert_int_equal(vmcs01.guest_pending_debug, 0);
}

static void segments_have_the_sdms_constants(void **state)
{
	(void)state;
	for (u32 long_mode = 0; long_mode < 2; long_mode++) {
		reset_host(long_mode);
		vmx_reflect_host(&vmcs12, &vmcs02, &vmcs01);
		assert_int_equal(vmcs01.guest_cs_selector, vmcs12.host_cs_selector);
		assert_int_equal(vmcs01.guest_cs_base, 0);
		assert_int_equal(vmcs01.guest_cs_limit, 0xffffffff);
		assert_int_equal(vmcs01.guest_cs_access_rights, long_mode ? 0xa09b : 0xc09b);
		assert_int_equal(vmcs01.guest_ss_selector, 0x18);
		assert_int_equal(vmcs01.guest_ss_base, 0);
		assert_int_equal(vmcs01.guest_ss_limit, 0xffffffff);
		assert_int_equal(vmcs01.guest_ss_access_rights, 0xc093);
		assert_int_equal(vmcs01.guest_ds_selector, 0);
		assert_true(vmcs01.guest_ds_access_rights & AR_UNUSABLE);
		assert_int_equal(vmcs01.guest_es_selector, 0x2b);
		assert_int_equal(vmcs01.guest_es_base, 0);
		assert_int_equal(vmcs01.guest_es_access_rights, 0xc093);
		assert_int_equal(vmcs01.guest_fs_selector, 0);
		assert_true(vmcs01.guest_fs_access_rights & AR_UNUSABLE);
		assert_int_equal(vmcs01.guest_fs_base, vmcs12.host_fs_base);
		assert_int_equal(vmcs01.guest_gs_selector, 0x30);
		assert_int_equal(vmcs01.guest_gs_access_rights, 0xc093);
		assert_int_equal(vmcs01.guest_gs_base, vmcs12.host_gs_base);
		assert_int_equal(vmcs01.guest_tr_selector, vmcs12.host_tr_selector);
		assert_int_equal(vmcs01.guest_tr_base, vmcs12.host_tr_base);
		assert_int_equal(vmcs01.guest_tr_limit, 0x67);
		assert_int_equal(vmcs01.guest_tr_access_rights, 0x8b);
		assert_int_equal(vmcs01.guest_ldtr_selector, 0);
		assert_int_equal(vmcs01.guest_ldtr_base | vmcs01.guest_ldtr_limit, 0);
		assert_int_equal(vmcs01.guest_ldtr_access_rights, 0x10082);
		/* In 64-bit mode SS may be null; its DPL is the CPL. */
		vmcs12.host_ss_selector = 0;
		vmcs12.host_ds_selector = 0x10;
		vmcs12.host_es_selector = 0;
		vmcs12.host_fs_selector = 0x38;
		vmcs12.host_gs_selector = 0;
		vmx_reflect_host(&vmcs12, &vmcs02, &vmcs01);
		assert_true(vmcs01.guest_ss_access_rights & AR_UNUSABLE);
		assert_int_equal(vmcs01.guest_ss_access_rights & AR_DPL_MASK, 0);
		assert_int_equal(vmcs01.guest_ds_access_rights, 0xc093);
		assert_true(vmcs01.guest_es_access_rights & AR_UNUSABLE);
		assert_int_equal(vmcs01.guest_fs_access_rights, 0xc093);
		assert_true(vmcs01.guest_gs_access_rights & AR_UNUSABLE);
	}
}

static void control_registers_of_l1(void **state)
{
	(void)state;
	reset_host(true);
	vmcs01.guest_cr0 = 0x80000031;
	vmcs12.host_cr0 = 0xe005003b; /* CD and NW are kept */
	vmcs12.host_cr4 = 0x22000;
	vmx_reflect_host(&vmcs12, &vmcs02, &vmcs01);
	assert_int_equal(vmcs01.guest_cr0, 0x8005003b);
	assert_int_equal(vmcs01.cr0_read_shadow, 0x8005003b);
	assert_int_equal(vmcs01.guest_cr4, 0x22020); /* PAE comes with 64 bits */
	assert_int_equal(vmcs01.cr4_read_shadow, 0x22020);
	reset_host(false);
	vmcs12.host_cr4 = 0x22020;
	vmx_reflect_host(&vmcs12, &vmcs02, &vmcs01);
	assert_int_equal(vmcs01.guest_cr4, 0x2020); /* and PCIDE goes without */
}

/* Bits that Plinth owns over L1: the real ones stay, and L1 reads what it asked for. */
static void owned_bits_of_l1_stay(void **state)
{
	(void)state;
	reset_host(true);
	vmcs01.cr0_guest_host_mask = CR0_NE | CR0_CD | CR0_NW;
	vmcs01.guest_cr0 = 0x80000031; /* NE real */
	vmcs01.cr0_read_shadow = CR0_CD;
	vmcs01.cr4_guest_host_mask = CR4_VMXE | CR4_SMXE;
	vmcs01.guest_cr4 = CR4_VMXE;
	vmcs12.host_cr0 = 0x80050013;
	vmcs12.host_cr4 = CR4_VMXE | CR4_SMXE | CR4_PAE;
	vmx_reflect_host(&vmcs12, &vmcs02, &vmcs01);
	assert_int_equal(vmcs01.guest_cr0, 0x80050033);
	assert_int_equal(vmcs01.cr0_read_shadow, 0x80050013 | CR0_CD);
	assert_int_equal(vmcs01.guest_cr4, CR4_VMXE | CR4_PAE);
	assert_int_equal(vmcs01.cr4_read_shadow, CR4_VMXE | CR4_SMXE | CR4_PAE);
}

static void efer_and_pat_of_l1(void **state)
{
	static const struct {
		u32 exit_controls;
		bool failed;
		u64 efer, pat; /* expected */
	} rows[] = {
		/* neither loaded: what L2 left, with LMA and LME by the address-space size */
		{ 0x000, false, 0x001, 2 },
		{ 0x200, false, 0x501, 2 },
		{ 0x200 | 1u << 21, false, 0xd00, 2 },
		{ 0x200 | 1u << 19, false, 0x501, 3 },
		{ 1u << 21, false, 0x800, 2 },
		/* a failed entry has left L1's own */
		{ 0x200, true, 0x500, 1 },
		{ 0x200 | 1u << 21 | 1u << 19, true, 0xd00, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset_host(false);
		vmcs12.exit_controls = rows[i].exit_controls;
		vmcs01.guest_efer = 0x500;
		vmcs01.guest_pat = 1;
		vmcs02.guest_efer = 0x101;
		vmcs02.guest_pat = 2;
		vmcs12.host_efer = 0xd00;
		vmcs12.host_pat = 3;
		vmcs01.entry_controls = ~0u;
		vmx_reflect_host(&vmcs12, rows[i].failed ? NULL : &vmcs02, &vmcs01);
		assert_int_equal(vmcs01.guest_efer, rows[i].efer);
		assert_int_equal(vmcs01.guest_pat, rows[i].pat);
		assert_int_equal(vmcs01.entry_controls,
				 rows[i].exit_controls & 0x200 ? ~0u : ~0x200u);
	}
}

static void nmi_blocking_of_l1(void **state)
{
	static const struct {
		u32 pin, reason, intr_info, l2, l1;
		bool failed;
		u32 expected;
	} rows[] = {
		/* the NMI that exits blocks */
		{ 0x28, 0, 0x80000202, 0, 0, false, 8 },
		{ 0x08, 0, 0x80000202, 0, 0, false, 8 },
		/* other exits do not, though the information is stale */
		{ 0x28, 10, 0x80000202, 0, 0, false, 0 },
		{ 0x28, 0, 0x80000b0e, 0, 0, false, 0 },
		{ 0x28, 0, 0x00000202, 0, 0, false, 0 },
		/* virtual NMIs: L2's blocking is virtual, and L1's had an end at the entry */
		{ 0x28, 10, 0, 8, 8, false, 0 },
		/* else L1 and L2 have one */
		{ 0x00, 10, 0, 8, 0, false, 8 },
		{ 0x00, 10, 0, 0, 8, false, 0 },
		{ 0x08, 10, 0, 8, 0, false, 8 },
		/* a failed entry changed nothing, but STI and MOV SS are over */
		{ 0x28, 0x80000021, 0x80000202, 8, 3, true, 0 },
		{ 0x28, 0x80000021, 0, 0, 0xb, true, 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reset_host(true);
		vmcs12.pin_based_controls = rows[i].pin;
		vmcs12.exit_reason = rows[i].reason;
		vmcs12.exit_intr_info = rows[i].intr_info;
		vmcs12.guest_interruptibility = rows[i].l2;
		vmcs01.guest_interruptibility = rows[i].l1;
		vmx_reflect_host(&vmcs12, rows[i].failed ? NULL : &vmcs02, &vmcs01);
		if (vmcs01.guest_interruptibility != rows[i].expected) {
			fail_msg("row %zu: %x", i, vmcs01.guest_interruptibility);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_the_listed_fields),
		cmocka_unit_test(what_the_exit_says),
		cmocka_unit_test(idt_vectoring_has_no_undefined_bits),
		cmocka_unit_test(the_event_is_taken_back),
		cmocka_unit_test(ia32e_mode_follows_lma),
		cmocka_unit_test(control_registers_bit_by_bit),
		cmocka_unit_test(interruptibility),
		cmocka_unit_test(an_undelivered_event_is_idt_vectoring),
		cmocka_unit_test(a_failed_entry_says_why_and_no_more),
		cmocka_unit_test(nothing_but_l1s_state_is_written),
		cmocka_unit_test(registers_come_from_the_host_area),
		cmocka_unit_test(segments_have_the_sdms_constants),
		cmocka_unit_test(control_registers_of_l1),
		cmocka_unit_test(owned_bits_of_l1_stay),
		cmocka_unit_test(efer_and_pat_of_l1),
		cmocka_unit_test(nmi_blocking_of_l1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
