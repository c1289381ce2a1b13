/* SPDX-License-Identifier: MIT */
/*
 * Vectors of test_vmx_entry_checks.c in the order of arch/x86/vmx/entry_rules.def, at least one for
 * each rule: V(rule, base image, common changes, what makes it acceptable, what breaks the rule).
 */
/* clang-format off */

#define INFO(type, vector)	(INTR_VALID | FIELD_PREP(INTR_TYPE_MASK, type) | (vector))
#define EXCEPTION(vector)	INFO(INTR_TYPE_HARD_EXCEPTION, vector)
#define INJECT(x)		SET(v.entry_intr_info, x)
#define AR(name)		v.guest_##name##_access_rights
#define NOTHING			{}

/* VM-execution controls */
V(PIN_RESERVED, LONG, NOTHING,
  { OR(v.pin_based_controls, PIN_EXTERNAL_INTERRUPT) },
  { OR(v.pin_based_controls, PIN_PREEMPTION_TIMER) })
V(PIN_RESERVED, LONG, NOTHING,
  { CLEAR(v.pin_based_controls, PIN_EXTERNAL_INTERRUPT) },
  { CLEAR(v.pin_based_controls, BIT(1)) })
V(PROC_RESERVED, LONG, NOTHING,
  { OR(v.primary_controls, PROC_RDTSC) },
  { OR(v.primary_controls, PROC_MONITOR_TRAP_FLAG) })
V(PROC_RESERVED, LONG, NOTHING,
  { CLEAR(v.primary_controls, PROC_CR3_LOAD | PROC_CR3_STORE) },
  { CLEAR(v.primary_controls, BIT(26)) })
V(PROC2_RESERVED, LONG, NOTHING,
  { OR(v.secondary_controls, PROC2_WBINVD) },
  { OR(v.secondary_controls, PROC2_PML) })
V(PROC2_RESERVED, LONG, { OR(v.secondary_controls, BIT(31)) },
  { CLEAR(v.primary_controls, PROC_SECONDARY) },
  { OR(v.primary_controls, PROC_SECONDARY) })
V(CR3_TARGETS, LONG, NOTHING,
  { SET(v.cr3_target_count, 4) },
  { SET(v.cr3_target_count, 5) })
V(IO_BITMAPS, LONG, { OR(v.primary_controls, PROC_IO_BITMAPS) },
  { SET(v.io_bitmap_b, PHYS_END - 0x1000) },
  { SET(v.io_bitmap_b, PHYS_END) })
V(IO_BITMAPS, LONG, { SET(v.io_bitmap_a, 0x800) },
  { CLEAR(v.primary_controls, PROC_IO_BITMAPS) },
  { OR(v.primary_controls, PROC_IO_BITMAPS) })
V(MSR_BITMAP, LONG, NOTHING,
  { SET(v.msr_bitmap, PHYS_END - 0x1000) },
  { SET(v.msr_bitmap, PHYS_END) })
V(MSR_BITMAP, LONG, { SET(v.msr_bitmap, 0x2001) },
  { CLEAR(v.primary_controls, PROC_MSR_BITMAPS) },
  NOTHING)
V(VIRTUAL_APIC, LONG, NOTHING,
  { SET(v.virtual_apic_address, PHYS_END - 0x1000) },
  { SET(v.virtual_apic_address, BIT(63)) })
V(VIRTUAL_APIC, LONG, { SET(v.virtual_apic_address, 0x10) },
  { CLEAR(v.primary_controls, PROC_TPR_SHADOW) },
  NOTHING)
V(TPR_THRESHOLD, LONG, { SET(h.vtpr, 0xff) },
  { SET(v.tpr_threshold, 15) },
  { SET(v.tpr_threshold, 16) })
V(TPR_THRESHOLD, LONG, { SET(v.tpr_threshold, BIT(31)) },
  { CLEAR(v.primary_controls, PROC_TPR_SHADOW) },
  NOTHING)
V(TPR_BELOW, LONG, { SET(v.tpr_threshold, 5) },
  { SET(h.vtpr, 0x50) },
  { SET(h.vtpr, 0x4f) })
V(VIRTUAL_NMIS, LONG, NOTHING,
  { CLEAR(v.pin_based_controls, PIN_NMI | PIN_VIRTUAL_NMIS) },
  { CLEAR(v.pin_based_controls, PIN_NMI) })
V(NMI_WINDOW, LONG, { OR(v.primary_controls, PROC_NMI_WINDOW) },
  NOTHING,
  { CLEAR(v.pin_based_controls, PIN_VIRTUAL_NMIS) })
V(VPID, LONG, NOTHING,
  { SET(v.vpid, 0xffff) },
  { SET(v.vpid, 0) })
V(VPID, LONG, { SET(v.vpid, 0) },
  { CLEAR(v.secondary_controls, PROC2_VPID) },
  NOTHING)
V(EPTP_MEMTYPE, LONG, NOTHING,
  { CLEAR(v.ept_pointer, EPTP_MEMTYPE_MASK) },
  { OR(v.ept_pointer, 7) })
V(EPTP_MEMTYPE, LONG, { CLEAR(v.ept_pointer, EPTP_MEMTYPE_MASK) },
  NOTHING,
  { CLEAR(c.ept_vpid, EPT_CAP_UC) })
V(EPTP_MEMTYPE, LONG, NOTHING,
  { CLEAR(c.ept_vpid, EPT_CAP_UC) },
  { CLEAR(c.ept_vpid, EPT_CAP_WB) })
V(EPTP_WALK, LONG, NOTHING,
  { SET(v.ept_pointer, 0x5000 | 3 << 3 | 6) },
  { SET(v.ept_pointer, 0x5000 | 4 << 3 | 6) })
V(EPTP_WALK, LONG, NOTHING,
  { OR(c.ept_vpid, EPT_CAP_WALK_4) },
  { CLEAR(c.ept_vpid, EPT_CAP_WALK_4) })
V(EPTP_AD, LONG, { OR(v.ept_pointer, EPTP_AD) },
  { OR(c.ept_vpid, EPT_CAP_AD) },
  NOTHING)
V(EPTP_RESERVED, LONG, NOTHING,
  { OR(v.ept_pointer, PHYS_END - 0x1000) },
  { OR(v.ept_pointer, PHYS_END) })
V(EPTP_RESERVED, STRICT, { OR(v.ept_pointer, BIT(7)) },
  { CLEAR(v.secondary_controls, PROC2_EPT) },
  NOTHING)
V(UNRESTRICTED_EPT, LONG, NOTHING,
  { CLEAR(v.secondary_controls, PROC2_EPT | PROC2_UNRESTRICTED_GUEST) },
  { CLEAR(v.secondary_controls, PROC2_EPT) })
V(TSC_MULTIPLIER, LONG, { OR(v.secondary_controls, PROC2_TSC_SCALING) },
  { SET(v.tsc_multiplier, 1) },
  { SET(v.tsc_multiplier, 0) })

/* VM-exit controls */
V(EXIT_RESERVED, LONG, NOTHING,
  { OR(v.exit_controls, EXIT_ACK_INTERRUPT) },
  { OR(v.exit_controls, EXIT_SAVE_PREEMPTION_TIMER) })
V(EXIT_RESERVED, LONG, NOTHING,
  { CLEAR(v.exit_controls, EXIT_SAVE_DEBUG) },
  { CLEAR(v.exit_controls, BIT(0)) })
V(EXIT_STORE_START, LONG, { SET(v.exit_msr_store_count, 1) },
  { SET(v.exit_msr_store_address, 0x3010) },
  { SET(v.exit_msr_store_address, 0x3018) })
V(EXIT_STORE_START, LONG, { SET(v.exit_msr_store_address, 1) },
  { SET(v.exit_msr_store_count, 0) },
  { SET(v.exit_msr_store_count, 1) })
V(EXIT_STORE_END, LONG, { SET(v.exit_msr_store_address, PHYS_END - 32) },
  { SET(v.exit_msr_store_count, 2) },
  { SET(v.exit_msr_store_count, 3) })
V(EXIT_LOAD_START, LONG, { SET(v.exit_msr_load_count, 1) },
  { SET(v.exit_msr_load_address, 0x3010) },
  { SET(v.exit_msr_load_address, 0x3011) })
V(EXIT_LOAD_END, LONG, { SET(v.exit_msr_load_address, PHYS_END - 32) },
  { SET(v.exit_msr_load_count, 2) },
  { SET(v.exit_msr_load_count, 0xffffffff) })

/* VM-entry controls */
V(ENTRY_RESERVED, LONG, NOTHING,
  { CLEAR(v.entry_controls, ENTRY_LOAD_PAT) },
  { OR(v.entry_controls, ENTRY_SMM) })
V(ENTRY_RESERVED, LONG, NOTHING,
  { CLEAR(v.entry_controls, ENTRY_LOAD_DEBUG) },
  { CLEAR(v.entry_controls, BIT(12)) })
V(EVENT_TYPE, LONG, { OR(v.guest_rflags, RFLAGS_IF) },
  { INJECT(INFO(INTR_TYPE_EXTERNAL, 0xff)) },
  { INJECT(INFO(1, 0)) })
V(EVENT_TYPE, LONG, { INJECT(INFO(INTR_TYPE_OTHER, 0)) },
  { OR(c.primary.may, PROC_MONITOR_TRAP_FLAG) },
  NOTHING)
V(EVENT_TYPE, LONG, NOTHING,
  { INJECT(INFO(1, 0) & ~INTR_VALID) },
  { INJECT(INFO(1, 0)) })
V(EVENT_VECTOR, LONG, NOTHING,
  { INJECT(INFO(INTR_TYPE_NMI, 2)) },
  { INJECT(INFO(INTR_TYPE_NMI, 3)) })
V(EVENT_VECTOR, LONG, NOTHING,
  { INJECT(EXCEPTION(31)) },
  { INJECT(EXCEPTION(32)) })
V(EVENT_VECTOR, LONG, { OR(c.primary.may, PROC_MONITOR_TRAP_FLAG) },
  { INJECT(INFO(INTR_TYPE_OTHER, 0)) },
  { INJECT(INFO(INTR_TYPE_OTHER, 1)) })
V(EVENT_ERROR_MISSING, LONG, NOTHING,
  { INJECT(EXCEPTION(VECTOR_PF) | INTR_ERROR_CODE) },
  { INJECT(EXCEPTION(VECTOR_PF)) })
V(EVENT_ERROR_MISSING, REAL, { INJECT(EXCEPTION(VECTOR_GP)) },
  NOTHING,
  { OR(v.guest_cr0, CR0_PE) })
V(EVENT_ERROR_EXTRA, LONG, NOTHING,
  { INJECT(EXCEPTION(VECTOR_UD)) },
  { INJECT(EXCEPTION(VECTOR_UD) | INTR_ERROR_CODE) })
V(EVENT_ERROR_EXTRA, LONG, NOTHING,
  { INJECT(INFO(INTR_TYPE_NMI, 2)) },
  { INJECT(INFO(INTR_TYPE_NMI, 2) | INTR_ERROR_CODE) })
V(EVENT_ERROR_EXTRA, REAL, { INJECT(EXCEPTION(VECTOR_GP) | INTR_ERROR_CODE) },
  { OR(v.guest_cr0, CR0_PE) },
  NOTHING)
V(EVENT_RESERVED, LONG, NOTHING,
  { INJECT(EXCEPTION(VECTOR_UD)) },
  { INJECT(EXCEPTION(VECTOR_UD) | BIT(12)) })
V(EVENT_ERROR_CODE, LONG, { INJECT(EXCEPTION(VECTOR_PF) | INTR_ERROR_CODE) },
  { SET(v.entry_exception_error_code, 0xffff) },
  { SET(v.entry_exception_error_code, 0x10000) })
V(EVENT_ERROR_CODE, LONG, { SET(v.entry_exception_error_code, 0xffffffff) },
  { INJECT(EXCEPTION(VECTOR_UD)) },
  { INJECT(EXCEPTION(VECTOR_DF) | INTR_ERROR_CODE) })
V(EVENT_LENGTH, LONG, { INJECT(INFO(INTR_TYPE_SOFT_EXCEPTION, 3)) },
  { SET(v.entry_instruction_length, 15) },
  { SET(v.entry_instruction_length, 16) })
V(EVENT_LENGTH, LONG, { SET(v.entry_instruction_length, 0xffffffff) },
  { INJECT(EXCEPTION(VECTOR_BP)) },
  { INJECT(INFO(INTR_TYPE_SOFT_INT, 3)) })
V(EVENT_LENGTH_ZERO, LONG, { INJECT(INFO(INTR_TYPE_PRIVILEGED_SOFT, 1)) },
  { SET(v.entry_instruction_length, 1) },
  { SET(v.entry_instruction_length, 0) })
V(EVENT_LENGTH_ZERO, LONG, { INJECT(INFO(INTR_TYPE_SOFT_INT, 0x80)),
			     SET(v.entry_instruction_length, 0) },
  { OR(c.misc, VMX_MISC_ZERO_LENGTH_INJECTION) },
  NOTHING)
V(ENTRY_LOAD_START, LONG, { SET(v.entry_msr_load_count, 1) },
  { SET(v.entry_msr_load_address, 0x3010) },
  { SET(v.entry_msr_load_address, 0x3008) })
V(ENTRY_LOAD_END, LONG, { SET(v.entry_msr_load_address, PHYS_END - 32) },
  { SET(v.entry_msr_load_count, 2) },
  { SET(v.entry_msr_load_count, 3) })

/* Host state */
V(HOST_CR0, LONG, NOTHING,
  { OR(v.host_cr0, CR0_CD | CR0_NW | CR0_TS) },
  { CLEAR(v.host_cr0, CR0_NE) })
V(HOST_CR0, LONG, NOTHING,
  { CLEAR(v.host_cr0, CR0_WP) },
  { OR(v.host_cr0, BIT(32)) })
V(HOST_CR4, LONG, NOTHING,
  { OR(v.host_cr4, CR4_PCIDE) },
  { OR(v.host_cr4, CR4_CET) })
V(HOST_CR4, LONG, NOTHING,
  { CLEAR(v.host_cr4, CR4_PGE) },
  { CLEAR(v.host_cr4, CR4_VMXE) })
V(HOST_CR3, LONG, NOTHING,
  { SET(v.host_cr3, PHYS_END - 1) },
  { SET(v.host_cr3, PHYS_END) })
V(HOST_SYSENTER, LONG, NOTHING,
  { SET(v.host_sysenter_esp, CANONICAL_LAST) },
  { SET(v.host_sysenter_esp, CANONICAL_LAST + 1) })
V(HOST_SYSENTER, LONG, NOTHING,
  { SET(v.host_sysenter_eip, CANONICAL_HIGH) },
  { SET(v.host_sysenter_eip, CANONICAL_HIGH - 1) })
V(HOST_PAT, LONG, NOTHING,
  { SET(v.host_pat, 0x0706050401000706ull) },
  { SET(v.host_pat, 0x0706050401000702ull) })
V(HOST_PAT, LONG, { SET(v.host_pat, ~0ull) },
  { CLEAR(v.exit_controls, EXIT_LOAD_PAT) },
  NOTHING)
V(HOST_EFER, LONG, NOTHING,
  { OR(v.host_efer, EFER_SCE | EFER_NXE) },
  { OR(v.host_efer, EFER_SVME) })
V(HOST_EFER, LONG, { OR(v.host_efer, BIT(63)) },
  { CLEAR(v.exit_controls, EXIT_LOAD_EFER) },
  NOTHING)
V(HOST_EFER_SIZE, LONG, NOTHING,
  { OR(v.host_efer, EFER_LMA | EFER_LME) },
  { CLEAR(v.host_efer, EFER_LMA) })
V(HOST_EFER_SIZE, HOST32, NOTHING,
  { CLEAR(v.host_efer, EFER_LMA | EFER_LME) },
  { OR(v.host_efer, EFER_LME) })
V(HOST_SELECTORS, LONG, NOTHING,
  { SET(v.host_es_selector, 0x28), SET(v.host_ss_selector, 0) },
  { SET(v.host_es_selector, 0x2b), SET(v.host_ss_selector, 0) })
V(HOST_SELECTORS, LONG, NOTHING,
  { SET(v.host_tr_selector, 0xfff8) },
  { SET(v.host_tr_selector, 0xfffc) })
V(HOST_CS_TR, LONG, NOTHING,
  { SET(v.host_cs_selector, 8) },
  { SET(v.host_cs_selector, 0) })
V(HOST_CS_TR, LONG, NOTHING,
  { SET(v.host_tr_selector, 8) },
  { SET(v.host_tr_selector, 0) })
V(HOST_SS, HOST32, NOTHING,
  { SET(v.host_ss_selector, 8) },
  { SET(v.host_ss_selector, 0) })
V(HOST_BASES, LONG, NOTHING,
  { SET(v.host_fs_base, CANONICAL_LAST), SET(v.host_gs_base, CANONICAL_HIGH) },
  { SET(v.host_fs_base, CANONICAL_LAST + 1), SET(v.host_gs_base, CANONICAL_HIGH) })
V(HOST_BASES, LONG, NOTHING,
  { SET(v.host_gs_base, CANONICAL_HIGH) },
  { SET(v.host_gs_base, CANONICAL_HIGH - 1) })
V(HOST_BASES, LONG, NOTHING,
  { SET(v.host_tr_base, CANONICAL_LAST) },
  { SET(v.host_tr_base, BIT(63)) })
V(HOST_BASES, LONG, NOTHING,
  { SET(v.host_gdtr_base, CANONICAL_LAST) },
  { SET(v.host_gdtr_base, BIT(47)) })
V(HOST_BASES, LONG, NOTHING,
  { SET(v.host_idtr_base, ~0ull) },
  { SET(v.host_idtr_base, ~0ull - BIT(47)) })
V(SIZE_GUEST, HOST32, { OR(v.guest_efer, EFER_LME), SET(AR(cs), 0xa09b) },
  { CLEAR(v.entry_controls, ENTRY_IA32E_GUEST), CLEAR(v.guest_efer, EFER_LMA | EFER_LME) },
  { OR(v.entry_controls, ENTRY_IA32E_GUEST), OR(v.guest_efer, EFER_LMA) })
V(SIZE_64, HOST32, { CLEAR(v.exit_controls, EXIT_LOAD_EFER) },
  { CLEAR(v.exit_controls, EXIT_HOST_ADDRESS_SPACE) },
  { OR(v.exit_controls, EXIT_HOST_ADDRESS_SPACE) })
V(SIZE_32, HOST32, NOTHING,
  { SET(h.long_mode, 0) },
  { SET(h.long_mode, 1) })
V(SIZE_PCIDE, HOST32, NOTHING,
  { CLEAR(v.host_cr4, CR4_PCIDE) },
  { OR(v.host_cr4, CR4_PCIDE) })
V(SIZE_RIP_HIGH, HOST32, NOTHING,
  { SET(v.host_rip, 0xffffffff) },
  { SET(v.host_rip, BIT(32)) })
V(SIZE_PAE, LONG, NOTHING,
  { OR(v.host_cr4, CR4_PAE) },
  { CLEAR(v.host_cr4, CR4_PAE) })
V(SIZE_PAE, HOST32, NOTHING,
  { CLEAR(v.host_cr4, CR4_PAE) },
  { CLEAR(v.host_cr4, CR4_PAE), SET(h.long_mode, 1), OR(v.host_efer, EFER_LMA | EFER_LME),
    OR(v.exit_controls, EXIT_HOST_ADDRESS_SPACE) })
V(SIZE_RIP, LONG, NOTHING,
  { SET(v.host_rip, CANONICAL_HIGH) },
  { SET(v.host_rip, CANONICAL_HIGH - 1) })

/* Guest control registers, debug registers and MSRs */
V(CR0, LONG, NOTHING,
  { OR(v.guest_cr0, CR0_CD | CR0_NW) },
  { OR(v.guest_cr0, BIT(63)) })
V(CR0, STRICT, { CLEAR(v.entry_controls, ENTRY_LOAD_EFER) },
  { OR(v.guest_cr0, CR0_NE) },
  { CLEAR(v.guest_cr0, CR0_NE) })
V(CR0, PAE, { CLEAR(v.guest_cr0, CR0_PG) },
  { OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST) },
  NOTHING)
V(CR0_PG, REAL, NOTHING,
  { OR(v.guest_cr0, CR0_PE) },
  { OR(v.guest_cr0, CR0_PG) })
V(CR0_PG, PAE, { OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST) },
  NOTHING,
  { CLEAR(v.guest_cr0, CR0_PE) })
V(CR4, LONG, NOTHING,
  { OR(v.guest_cr4, CR4_SMEP) },
  { OR(v.guest_cr4, CR4_LA57) })
V(CR4, REAL, NOTHING,
  { CLEAR(v.guest_cr4, CR4_PAE) },
  { CLEAR(v.guest_cr4, CR4_VMXE) })
V(DEBUGCTL, LONG, NOTHING,
  { SET(v.guest_debugctl, 0xffc3) },
  { SET(v.guest_debugctl, BIT(3)) })
V(DEBUGCTL, LONG, { SET(v.guest_debugctl, BIT(16)) },
  { CLEAR(v.entry_controls, ENTRY_LOAD_DEBUG) },
  NOTHING)
V(IA32E_PG_PAE, LONG, NOTHING,
  { OR(v.guest_cr0, CR0_PG) },
  { CLEAR(v.guest_cr0, CR0_PG) })
V(IA32E_PG_PAE, STRICT, NOTHING,
  { OR(v.guest_cr4, CR4_PAE) },
  { CLEAR(v.guest_cr4, CR4_PAE) })
V(IA32E_PG_PAE, LONG, { SET(c.cr0_fixed0, CR0_NE) },
  NOTHING,
  { CLEAR(v.guest_cr0, CR0_PG) })
V(PCIDE, PAE, NOTHING,
  { CLEAR(v.guest_cr4, CR4_PCIDE) },
  { OR(v.guest_cr4, CR4_PCIDE) })
V(PCIDE, LONG, { OR(v.guest_cr4, CR4_PCIDE) },
  NOTHING,
  { CLEAR(v.entry_controls, ENTRY_IA32E_GUEST), SET(v.guest_efer, 0), SET(v.guest_rip, 0) })
V(CR3, LONG, NOTHING,
  { SET(v.guest_cr3, PHYS_END - 1) },
  { SET(v.guest_cr3, ~0ull) })
V(DR7, LONG, NOTHING,
  { SET(v.guest_dr7, 0xffffffff) },
  { SET(v.guest_dr7, BIT(32)) })
V(DR7, LONG, { SET(v.guest_dr7, ~0ull) },
  { CLEAR(v.entry_controls, ENTRY_LOAD_DEBUG) },
  NOTHING)
V(SYSENTER, LONG, NOTHING,
  { SET(v.guest_sysenter_esp, CANONICAL_LAST) },
  { SET(v.guest_sysenter_esp, CANONICAL_LAST + 1) })
V(SYSENTER, LONG, NOTHING,
  { SET(v.guest_sysenter_eip, CANONICAL_HIGH) },
  { SET(v.guest_sysenter_eip, CANONICAL_HIGH - 1) })
V(PAT, LONG, NOTHING,
  { SET(v.guest_pat, 0x0706050401000706ull) },
  { SET(v.guest_pat, 0x0706050401000703ull) })
V(PAT, LONG, { SET(v.guest_pat, 8) },
  { CLEAR(v.entry_controls, ENTRY_LOAD_PAT) },
  NOTHING)
V(EFER, LONG, NOTHING,
  { OR(v.guest_efer, EFER_SCE | EFER_NXE) },
  { OR(v.guest_efer, BIT(1)) })
V(EFER, LONG, { OR(v.guest_efer, EFER_SVME) },
  { CLEAR(v.entry_controls, ENTRY_LOAD_EFER) },
  NOTHING)
V(EFER_LMA, REAL, { OR(v.guest_efer, EFER_LME) },
  { CLEAR(v.guest_efer, EFER_LMA) },
  { OR(v.guest_efer, EFER_LMA) })
V(EFER_LMA, LONG, { CLEAR(v.guest_efer, EFER_LMA | EFER_LME) },
  { CLEAR(v.entry_controls, ENTRY_LOAD_EFER) },
  NOTHING)
V(EFER_LME, LONG, NOTHING,
  { OR(v.guest_efer, EFER_LME) },
  { CLEAR(v.guest_efer, EFER_LME) })
V(EFER_LME, PAE, { OR(v.guest_efer, EFER_LME) },
  { CLEAR(v.guest_cr0, CR0_PG), OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST) },
  { OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST) })

/* Guest segment registers */
V(TR_TI, LONG, NOTHING,
  { SET(v.guest_tr_selector, 0x43) },
  { SET(v.guest_tr_selector, 0x44) })
V(LDTR_TI, LONG, { SET(v.guest_ldtr_selector, 4) },
  { SET(AR(ldtr), AR_UNUSABLE) },
  { SET(AR(ldtr), 0x82) })
V(SS_RPL, STRICT, { SET(AR(ss), AR_UNUSABLE | 3 << 5), SET(v.guest_ss_selector, 3),
		    OR(AR(cs), 3 << 5) },
  { SET(v.guest_cs_selector, 0x33) },
  { SET(v.guest_cs_selector, 0x30) })
V(SS_RPL, LONG, { SET(v.guest_ss_selector, 1) },
  NOTHING,
  { CLEAR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST), OR(AR(ss), 1 << 5), OR(AR(cs), 1 << 5) })
V(VM86_BASE, VM86, { SET(v.guest_cs_base, 0xffff0) },
  { SET(v.guest_cs_selector, 0xffff) },
  { SET(v.guest_cs_selector, 0xfffe) })
V(VM86_BASE, VM86, NOTHING,
  { SET(v.guest_gs_base, 0x10), SET(v.guest_gs_selector, 1) },
  { SET(v.guest_gs_base, 0x11), SET(v.guest_gs_selector, 1) })
V(BASE, LONG, NOTHING,
  { SET(v.guest_tr_base, CANONICAL_HIGH) },
  { SET(v.guest_tr_base, CANONICAL_HIGH - 1) })
V(BASE, LONG, NOTHING,
  { SET(v.guest_fs_base, CANONICAL_LAST) },
  { SET(v.guest_fs_base, CANONICAL_LAST + 1) })
V(BASE, LONG, { SET(AR(gs), AR_UNUSABLE) },
  { SET(v.guest_gs_base, ~0ull) },
  { SET(v.guest_gs_base, BIT(62)) })
V(LDTR_BASE, LONG, { SET(v.guest_ldtr_base, BIT(47)) },
  { SET(AR(ldtr), AR_UNUSABLE) },
  { SET(AR(ldtr), 0x82) })
V(CS_BASE, LONG, NOTHING,
  { SET(v.guest_cs_base, 0xffffffff) },
  { SET(v.guest_cs_base, BIT(32)) })
V(DATA_BASE, LONG, NOTHING,
  { SET(v.guest_ss_base, 0xffffffff) },
  { SET(v.guest_ss_base, BIT(32)) })
V(DATA_BASE, LONG, { SET(v.guest_ds_base, ~0ull) },
  { SET(AR(ds), AR_UNUSABLE) },
  NOTHING)
V(DATA_BASE, LONG, { SET(v.guest_es_base, BIT(63)) },
  { SET(AR(es), AR_UNUSABLE) },
  NOTHING)
V(VM86_LIMIT, VM86, NOTHING,
  { SET(v.guest_ss_limit, 0xffff) },
  { SET(v.guest_ss_limit, 0xfffff) })
V(VM86_LIMIT, VM86, NOTHING,
  { SET(v.guest_es_limit, 0xffff) },
  { SET(v.guest_es_limit, 0xfffe) })
V(VM86_RIGHTS, VM86, NOTHING,
  { SET(AR(cs), 0xf3) },
  { SET(AR(cs), 0xfb) })
V(VM86_RIGHTS, VM86, NOTHING,
  { SET(AR(fs), 0xf3) },
  { SET(AR(fs), 0xf3 | AR_UNUSABLE) })
V(CS_TYPE, LONG, NOTHING,
  { SET(AR(cs), 0xa099) },
  { SET(AR(cs), 0xa09a) })
V(CS_TYPE, STRICT, { SET(AR(cs), 0xa093) },
  { OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST) },
  NOTHING)
V(SS_TYPE, LONG, NOTHING,
  { SET(AR(ss), 0xc097) },
  { SET(AR(ss), 0xc091) })
V(SS_TYPE, LONG, NOTHING,
  { SET(AR(ss), 0x9b | AR_UNUSABLE) },
  { SET(AR(ss), 0xc09b) })
V(DATA_ACCESSED, LONG, NOTHING,
  { SET(AR(es), 0xc091) },
  { SET(AR(es), 0xc090) })
V(DATA_ACCESSED, STRICT, NOTHING,
  { SET(AR(gs), 0xc09b) },
  { SET(AR(gs), 0xc09a) })
V(DATA_READABLE, LONG, NOTHING,
  { SET(AR(ds), 0xc09b) },
  { SET(AR(ds), 0xc099) })
V(DATA_READABLE, LONG, NOTHING,
  { SET(AR(fs), 0xc099 | AR_UNUSABLE) },
  { SET(AR(fs), 0xc099) })
V(S, LONG, NOTHING,
  { SET(AR(cs), 0xa09b) },
  { SET(AR(cs), 0xa08b | AR_UNUSABLE) })
V(S, LONG, NOTHING,
  { SET(AR(ds), 0xc083 | AR_UNUSABLE) },
  { SET(AR(ds), 0xc083) })
V(CS_DPL_DATA, REAL, NOTHING,
  { SET(AR(cs), 0x93) },
  { SET(AR(cs), 0xb3) })
V(CS_DPL_EXACT, LONG, { SET(AR(cs), 0xa0fb) },
  { SET(AR(ss), 0xc0f3) },
  { SET(AR(ss), 0xc0d3) })
V(CS_DPL_EXACT, LONG, { SET(AR(ss), AR_UNUSABLE | 0xc0f3) },
  { SET(AR(cs), 0xa0fb) },
  { SET(AR(cs), 0xa09b) })
V(CS_DPL_CONFORMING, LONG, { SET(AR(ss), 0xc0b3) },
  { SET(AR(cs), 0xa09f) },
  { SET(AR(cs), 0xa0df) })
V(SS_DPL_RPL, STRICT, { SET(v.guest_ss_selector, 3), SET(v.guest_cs_selector, 3) },
  { SET(AR(ss), 0xc0f3), SET(AR(cs), 0xa0fb) },
  { SET(AR(ss), 0xc0d3), SET(AR(cs), 0xa0db) })
V(SS_DPL_RPL, STRICT, { SET(v.guest_ss_selector, 3), SET(v.guest_cs_selector, 3) },
  { OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST) },
  NOTHING)
V(SS_DPL_ZERO, REAL, { SET(AR(cs), 0x9f) },
  { SET(AR(ss), 0x93) },
  { SET(AR(ss), 0xb3) })
V(SS_DPL_ZERO, REAL, { OR(v.guest_cr0, CR0_PE), SET(AR(ss), 0xf3) },
  { SET(AR(cs), 0xfb) },
  { SET(AR(cs), 0x93) })
V(DATA_DPL, STRICT, { SET(v.guest_ds_selector, 0x2b) },
  { SET(AR(ds), 0xc0f3) },
  { SET(AR(ds), 0xc0d3) })
V(DATA_DPL, STRICT, { SET(v.guest_es_selector, 3) },
  { SET(AR(es), 0xc09f) },
  { SET(AR(es), 0xc09b) })
V(DATA_DPL, STRICT, { SET(v.guest_gs_selector, 1) },
  { OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST) },
  NOTHING)
V(P, LONG, NOTHING,
  { SET(AR(ss), 0xc013 | AR_UNUSABLE) },
  { SET(AR(ss), 0xc013) })
V(P, LONG, NOTHING,
  { SET(AR(cs), 0xa09b | AR_UNUSABLE) },
  { SET(AR(cs), 0xa01b | AR_UNUSABLE) })
V(AR_RESERVED, LONG, NOTHING,
  { OR(AR(es), BIT(12)) },
  { OR(AR(es), BIT(11)) })
V(AR_RESERVED, LONG, { OR(AR(gs), BIT(17)) },
  { OR(AR(gs), AR_UNUSABLE) },
  NOTHING)
V(AR_RESERVED, LONG, { OR(AR(cs), AR_UNUSABLE) },
  NOTHING,
  { OR(AR(cs), BIT(31)) })
V(CS_L_D, LONG, NOTHING,
  { SET(AR(cs), 0xa09b) },
  { SET(AR(cs), 0xe09b) })
V(CS_L_D, PAE, { SET(AR(cs), 0xe09b) },
  NOTHING,
  { OR(v.entry_controls, ENTRY_IA32E_GUEST), OR(v.guest_efer, EFER_LME | EFER_LMA) })
V(G_SET, LONG, { SET(AR(ds), 0xc093) },
  { SET(v.guest_ds_limit, 0xfff) },
  { SET(v.guest_ds_limit, 0x1ffe) })
V(G_SET, LONG, NOTHING,
  { SET(v.guest_cs_limit, 0xffffffff) },
  { SET(v.guest_cs_limit, 0xfffff7ff) })
V(G_CLEAR, LONG, { SET(AR(ss), 0x4093) },
  { SET(v.guest_ss_limit, 0xfffff) },
  { SET(v.guest_ss_limit, 0x100000) })
V(G_CLEAR, LONG, { SET(v.guest_es_limit, 0xffffffff) },
  { SET(AR(es), AR_UNUSABLE) },
  { SET(AR(es), 0x93) })
V(TR_TYPE, LONG, NOTHING,
  { SET(AR(tr), 0x8b) },
  { SET(AR(tr), 0x89) })
V(TR_TYPE, PAE, { SET(AR(tr), 0x83) },
  NOTHING,
  { OR(v.entry_controls, ENTRY_IA32E_GUEST), OR(v.guest_efer, EFER_LME | EFER_LMA) })
V(TR_S, LONG, NOTHING,
  { SET(AR(tr), 0x8b) },
  { SET(AR(tr), 0x9b) })
V(TR_P, LONG, NOTHING,
  { SET(AR(tr), 0x8b) },
  { SET(AR(tr), 0x0b) })
V(TR_RESERVED, LONG, NOTHING,
  { SET(AR(tr), 0x708b) },
  { SET(AR(tr), 0x18b) })
V(TR_RESERVED, LONG, NOTHING,
  { SET(AR(tr), 0x8b) },
  { SET(AR(tr), BIT(17) | 0x8b) })
V(TR_G, LONG, NOTHING,
  { SET(v.guest_tr_limit, 0xfffff) },
  { SET(v.guest_tr_limit, 0x100fff) })
V(TR_G, LONG, { SET(AR(tr), 0x808b) },
  { SET(v.guest_tr_limit, 0x100fff) },
  { SET(v.guest_tr_limit, 0x67) })
V(TR_UNUSABLE, LONG, NOTHING,
  { SET(AR(tr), 0x8b) },
  { SET(AR(tr), 0x8b | AR_UNUSABLE) })
V(LDTR_TYPE, LONG, NOTHING,
  { SET(AR(ldtr), 0x82) },
  { SET(AR(ldtr), 0x83) })
V(LDTR_S, LONG, NOTHING,
  { SET(AR(ldtr), 0x92 | AR_UNUSABLE) },
  { SET(AR(ldtr), 0x92) })
V(LDTR_P, LONG, NOTHING,
  { SET(AR(ldtr), 0x02 | AR_UNUSABLE) },
  { SET(AR(ldtr), 0x02) })
V(LDTR_RESERVED, LONG, NOTHING,
  { SET(AR(ldtr), 0x982 | AR_UNUSABLE) },
  { SET(AR(ldtr), 0x982) })
V(LDTR_G, LONG, { SET(AR(ldtr), 0x82) },
  { SET(v.guest_ldtr_limit, 0xfffff) },
  { SET(v.guest_ldtr_limit, 0x100000) })
V(LDTR_G, LONG, { SET(v.guest_ldtr_limit, 0xffffe) },
  { SET(AR(ldtr), 0x82) },
  { SET(AR(ldtr), 0x8082) })

/* Guest descriptor-table registers */
V(TABLE_BASE, LONG, NOTHING,
  { SET(v.guest_gdtr_base, CANONICAL_HIGH) },
  { SET(v.guest_gdtr_base, CANONICAL_HIGH - 1) })
V(TABLE_BASE, LONG, NOTHING,
  { SET(v.guest_idtr_base, CANONICAL_LAST) },
  { SET(v.guest_idtr_base, CANONICAL_LAST + 1) })
V(TABLE_LIMIT, LONG, NOTHING,
  { SET(v.guest_gdtr_limit, 0xffff) },
  { SET(v.guest_gdtr_limit, 0x10000) })
V(TABLE_LIMIT, LONG, NOTHING,
  { SET(v.guest_idtr_limit, 0) },
  { SET(v.guest_idtr_limit, BIT(31)) })

/* Guest RIP and RFLAGS */
V(RIP_HIGH, PAE, NOTHING,
  { SET(v.guest_rip, 0xffffffff) },
  { SET(v.guest_rip, BIT(32)) })
V(RIP_HIGH, LONG, { SET(v.guest_rip, BIT(32)) },
  { SET(AR(cs), 0xa09b) },
  { SET(AR(cs), 0xc09b) })
V(RIP_LINEAR, LONG, NOTHING,
  { SET(v.guest_rip, CANONICAL_LAST + 1) },
  { SET(v.guest_rip, BIT(48)) })
V(RIP_LINEAR, LONG, NOTHING,
  { SET(v.guest_rip, GENMASK(63, 48)) },
  { SET(v.guest_rip, GENMASK(63, 49)) })
V(RFLAGS, LONG, NOTHING,
  { SET(v.guest_rflags, 0x3d7fd7ull) },
  { SET(v.guest_rflags, RFLAGS_FIXED | BIT(22)) })
V(RFLAGS, LONG, NOTHING,
  { SET(v.guest_rflags, RFLAGS_FIXED) },
  { SET(v.guest_rflags, 0) })
V(RFLAGS, LONG, NOTHING,
  { SET(v.guest_rflags, RFLAGS_FIXED) },
  { SET(v.guest_rflags, RFLAGS_FIXED | BIT(15)) })
V(RFLAGS_VM, VM86, NOTHING,
  { OR(v.guest_cr0, CR0_PE) },
  { OR(v.secondary_controls, PROC2_UNRESTRICTED_GUEST), CLEAR(v.guest_cr0, CR0_PE | CR0_PG) })
V(RFLAGS_VM, VM86, NOTHING,
  NOTHING,
  { OR(v.entry_controls, ENTRY_IA32E_GUEST), OR(v.guest_efer, EFER_LME | EFER_LMA) })
V(RFLAGS_IF, LONG, { INJECT(INFO(INTR_TYPE_EXTERNAL, 0x41)) },
  { OR(v.guest_rflags, RFLAGS_IF) },
  { CLEAR(v.guest_rflags, RFLAGS_IF) })

/* Guest non-register state */
V(ACTIVITY, LONG, NOTHING,
  { SET(v.guest_activity, ACTIVITY_WAIT_SIPI) },
  { SET(v.guest_activity, 4) })
V(ACTIVITY, LONG, { SET(v.guest_activity, ACTIVITY_HLT) },
  NOTHING,
  { CLEAR(c.misc, VMX_MISC_ACTIVITY_HLT) })
V(ACTIVITY, LONG, { SET(v.guest_activity, ACTIVITY_SHUTDOWN) },
  NOTHING,
  { CLEAR(c.misc, VMX_MISC_ACTIVITY_SHUTDOWN) })
V(ACTIVITY, LONG, { SET(v.guest_activity, ACTIVITY_WAIT_SIPI) },
  NOTHING,
  { CLEAR(c.misc, VMX_MISC_ACTIVITY_WAIT_SIPI) })
V(ACTIVITY_HLT, LONG, { SET(AR(ss), 0xc0b3), SET(AR(cs), 0xa0bb) },
  { SET(v.guest_activity, ACTIVITY_SHUTDOWN) },
  { SET(v.guest_activity, ACTIVITY_HLT) })
V(ACTIVITY_BLOCKING, LONG, { SET(v.guest_interruptibility, INTERRUPTIBILITY_MOV_SS) },
  { SET(v.guest_activity, ACTIVITY_ACTIVE) },
  { SET(v.guest_activity, ACTIVITY_HLT) })
V(ACTIVITY_BLOCKING, LONG, { SET(v.guest_activity, ACTIVITY_SHUTDOWN),
			     OR(v.guest_rflags, RFLAGS_IF) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_NMI) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_STI) })
V(ACTIVITY_EVENT, LONG, { SET(v.guest_activity, ACTIVITY_HLT) },
  { INJECT(EXCEPTION(VECTOR_DB)) },
  { INJECT(EXCEPTION(VECTOR_BP)) })
V(ACTIVITY_EVENT, LONG, { SET(v.guest_activity, ACTIVITY_HLT),
			  OR(c.primary.may, PROC_MONITOR_TRAP_FLAG) },
  { INJECT(INFO(INTR_TYPE_OTHER, 0)) },
  { INJECT(INFO(INTR_TYPE_HARD_EXCEPTION, 0)) })
V(ACTIVITY_EVENT, LONG, { SET(v.guest_activity, ACTIVITY_SHUTDOWN) },
  { INJECT(EXCEPTION(VECTOR_MC)) },
  { INJECT(EXCEPTION(VECTOR_DB)) })
V(ACTIVITY_EVENT, LONG, { INJECT(INFO(INTR_TYPE_EXTERNAL, 0x20)), OR(v.guest_rflags, RFLAGS_IF) },
  { SET(v.guest_activity, ACTIVITY_HLT) },
  { SET(v.guest_activity, ACTIVITY_SHUTDOWN) })
V(ACTIVITY_EVENT, LONG, { INJECT(INFO(INTR_TYPE_NMI, 2)) },
  { SET(v.guest_activity, ACTIVITY_SHUTDOWN) },
  { SET(v.guest_activity, ACTIVITY_WAIT_SIPI) })
V(INTERRUPTIBILITY, LONG, NOTHING,
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_NMI) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_NMI | BIT(5)) })
V(STI_AND_MOV_SS, LONG, { OR(v.guest_rflags, RFLAGS_IF) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_STI) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS) })
V(STI_IF, LONG, { SET(v.guest_interruptibility, INTERRUPTIBILITY_STI) },
  { OR(v.guest_rflags, RFLAGS_IF) },
  { CLEAR(v.guest_rflags, RFLAGS_IF) })
V(EXTERNAL_BLOCKED, LONG, { OR(v.guest_rflags, RFLAGS_IF), INJECT(INFO(INTR_TYPE_EXTERNAL, 0x20)) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_NMI) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_STI) })
V(EXTERNAL_BLOCKED, LONG, { OR(v.guest_rflags, RFLAGS_IF), INJECT(INFO(INTR_TYPE_EXTERNAL, 0x20)) },
  { SET(v.guest_interruptibility, 0) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_MOV_SS) })
V(NMI_MOV_SS, LONG, { SET(v.guest_interruptibility, INTERRUPTIBILITY_MOV_SS) },
  { INJECT(EXCEPTION(VECTOR_DB)) },
  { INJECT(INFO(INTR_TYPE_NMI, 2)) })
V(SMI, LONG, NOTHING,
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_NMI) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_SMI) })
V(NMI_STI, LONG, { SET(v.guest_interruptibility, INTERRUPTIBILITY_STI),
		   OR(v.guest_rflags, RFLAGS_IF) },
  { INJECT(EXCEPTION(VECTOR_MC)) },
  { INJECT(INFO(INTR_TYPE_NMI, 2)) })
V(NMI_NMI, LONG, { SET(v.guest_interruptibility, INTERRUPTIBILITY_NMI),
		   INJECT(INFO(INTR_TYPE_NMI, 2)) },
  { CLEAR(v.pin_based_controls, PIN_VIRTUAL_NMIS) },
  NOTHING)
V(ENCLAVE, LONG, NOTHING,
  { SET(v.guest_interruptibility, 0) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_ENCLAVE) })
V(PENDING_DEBUG, LONG, NOTHING,
  { SET(v.guest_pending_debug, 0x500f) },
  { SET(v.guest_pending_debug, BIT(4)) })
V(PENDING_DEBUG, LONG, NOTHING,
  { SET(v.guest_pending_debug, PENDING_DEBUG_BS) },
  { SET(v.guest_pending_debug, BIT(63) | BIT(15)) })
V(PENDING_BS_CLEAR, LONG, { OR(v.guest_rflags, RFLAGS_TF),
			    SET(v.guest_interruptibility, INTERRUPTIBILITY_MOV_SS) },
  { SET(v.guest_pending_debug, PENDING_DEBUG_BS) },
  { SET(v.guest_pending_debug, 0) })
V(PENDING_BS_CLEAR, LONG, { OR(v.guest_rflags, RFLAGS_TF), SET(v.guest_activity, ACTIVITY_HLT) },
  { SET(v.guest_debugctl, BIT(1)) },
  { SET(v.guest_debugctl, 0) })
V(PENDING_BS_SET, LONG, { SET(v.guest_pending_debug, PENDING_DEBUG_BS) },
  { SET(v.guest_activity, ACTIVITY_SHUTDOWN) },
  { SET(v.guest_activity, ACTIVITY_HLT) })
V(PENDING_BS_SET, LONG, { SET(v.guest_pending_debug, PENDING_DEBUG_BS),
			  OR(v.guest_rflags, RFLAGS_IF | RFLAGS_TF),
			  SET(v.guest_interruptibility, INTERRUPTIBILITY_STI) },
  { SET(v.guest_debugctl, 0) },
  { SET(v.guest_debugctl, BIT(1)) })
V(PENDING_RTM, LONG, NOTHING,
  { SET(v.guest_pending_debug, 0x11000) },
  { SET(v.guest_pending_debug, 0x10000) })
V(PENDING_RTM, LONG, NOTHING,
  { SET(v.guest_pending_debug, 0x1001) },
  { SET(v.guest_pending_debug, 0x11001) })
V(PENDING_RTM_ABSENT, LONG, { SET(v.guest_pending_debug, 0x11000) },
  { SET(h.rtm, 1) },
  { SET(h.rtm, 0) })
V(PENDING_RTM_MOV_SS, LONG, { SET(v.guest_pending_debug, 0x11000), OR(v.guest_rflags, RFLAGS_IF) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_STI) },
  { SET(v.guest_interruptibility, INTERRUPTIBILITY_MOV_SS) })
V(LINK_ADDRESS, LONG, NOTHING,
  { SET(v.vmcs_link_pointer, PHYS_END - 0x1000) },
  { SET(v.vmcs_link_pointer, PHYS_END) })
V(LINK_ADDRESS, LONG, { SET(h.link_revision, REVISION) },
  { SET(v.vmcs_link_pointer, 0x8000) },
  { SET(v.vmcs_link_pointer, 0x8001) })
V(LINK_REVISION, LONG, { SET(v.vmcs_link_pointer, 0x8000) },
  { SET(h.link_revision, REVISION) },
  { SET(h.link_revision, REVISION | BIT(31)) })
V(LINK_CURRENT, LONG, { SET(v.vmcs_link_pointer, 0x8000) },
  { SET(h.current_vmcs, 0x9000) },
  { SET(h.current_vmcs, 0x8000) })
V(PDPTE, PAE, NOTHING,
  { SET(v.guest_pdpte3, PHYS_END - 0x1000 + 0xe19) },
  { SET(v.guest_pdpte3, 3) })
V(PDPTE, PAE, NOTHING,
  { SET(v.guest_pdpte0, ~1ull) },
  { SET(v.guest_pdpte0, PHYS_END | 1) })
V(PDPTE, PAE, { SET(v.guest_pdpte1, ~0ull) },
  { CLEAR(v.secondary_controls, PROC2_EPT) },
  NOTHING)
V(PDPTE, PAE, { SET(v.guest_pdpte2, BIT(5) | 1) },
  { CLEAR(v.guest_cr4, CR4_PAE) },
  NOTHING)

/* clang-format on */
#undef INFO
#undef EXCEPTION
#undef INJECT
#undef AR
#undef NOTHING
#undef V
