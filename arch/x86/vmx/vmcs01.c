/* SPDX-License-Identifier: MIT */
/* The VMCS that runs L1. */
#include "arch/x86/vmx/vmcs01.h"

#include "arch/x86/asm.h"
#include "arch/x86/memory.h"
#include "arch/x86/slat01.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/nested.h"
#include "lib/string.h"

/* Access rights: present, and type as [SDM "Format of Access Rights"] has it. */
#define AR_FLAT_CODE (AR_P | AR_S | AR_CODE | AR_WRITABLE | AR_ACCESSED)
#define AR_FLAT_DATA (AR_P | AR_S | AR_WRITABLE | AR_ACCESSED)
#define AR_LDT	     (AR_P | 0x2)
#define AR_TSS_BUSY  (AR_P | 0xb)
#define LIMIT_REAL   0xffffu
#define LIMIT_FLAT   0xffffffffu

extern const char vmx_exit[];

struct seg {
	u16 selector;
	u64 base;
	u32 limit;
	u64 rights;
};

/* The four fields of a segment have the same place in each group of fields. */
static void set_segment(unsigned int which, struct seg seg)
{
	vmwrite(VMCS_guest_es_selector + 2 * which, seg.selector);
	vmwrite(VMCS_guest_es_base + 2 * which, seg.base);
	vmwrite(VMCS_guest_es_limit + 2 * which, seg.limit);
	vmwrite(VMCS_guest_es_access_rights + 2 * which, seg.rights);
}

#define SEG_LDTR 6
#define SEG_TR	 7
_Static_assert(VMCS_guest_tr_access_rights == VMCS_guest_es_access_rights + 2 * SEG_TR,
	       "the order of segments is the encoding's");

static void set_data_segments(struct seg seg)
{
	set_segment(SEG_ES, seg);
	set_segment(SEG_SS, seg);
	set_segment(SEG_DS, seg);
	set_segment(SEG_FS, seg);
	set_segment(SEG_GS, seg);
}

static void set_table(enum vmcs_encoding base, enum vmcs_encoding limit, u64 value, u32 size)
{
	vmwrite(base, value);
	vmwrite(limit, size);
}

/*
 * What a guest's CR0 and CR4 must have for VMX alone (NE, VMXE), the guest does not see: these bits
 * are Plinth's, and the read shadow has L1's. [SDM "Guest/Host Masks and Read Shadows
 * for CR0 and CR4"]
 */
static void set_cr0(u64 cr0)
{
	vmwrite(VMCS_cr0_guest_host_mask, vmx_machine.cr0_fixed);
	vmwrite(VMCS_cr0_read_shadow, cr0);
	vmwrite(VMCS_guest_cr0, cr0 | vmx_machine.cr0_fixed);
}

void vmcs01_guard_cr0(const struct vmx_vcpu *x)
{
	u64 cr0 = vmx_guest_cr0();

	vmwrite(VMCS_cr0_guest_host_mask,
		vmx_machine.cr0_fixed | (x->vmxon ? vmx_machine.caps.cr0_fixed0 : 0));
	vmwrite(VMCS_cr0_read_shadow, cr0);
}

/* Bits that L1 must not set are Plinth's as well, so that setting one exits. */
static void set_cr4(u64 cr4)
{
	vmwrite(VMCS_cr4_guest_host_mask, ~vmx_machine.cr4_l1);
	vmwrite(VMCS_cr4_read_shadow, cr4);
	vmwrite(VMCS_guest_cr4, cr4 | vmx_machine.cr4_fixed);
}

static u64 as_read(u64 real, u64 shadow, u64 mask)
{
	return (real & ~mask) | (shadow & mask);
}

u64 vmx_guest_cr0(void)
{
	return as_read(vmread(VMCS_guest_cr0), vmread(VMCS_cr0_read_shadow),
		       vmread(VMCS_cr0_guest_host_mask));
}

u64 vmx_guest_cr4(void)
{
	return as_read(vmread(VMCS_guest_cr4), vmread(VMCS_cr4_read_shadow),
		       vmread(VMCS_cr4_guest_host_mask));
}

/*
 * EFER.LMA and the control have to agree.
 * [SDM "Checks on Guest Control Registers, Debug Registers, and MSRs"]
 */
static void set_efer(u64 efer)
{
	u32 entry = vmx_machine.controls.word[VMX_WORD_ENTRY];

	vmwrite(VMCS_guest_efer, efer);
	vmwrite(VMCS_entry_controls, entry | (efer & EFER_LMA ? ENTRY_IA32E_GUEST : 0));
}

static void reset_registers(void)
{
	static const u16 zeroes[] = {
		VMCS_guest_cr3,		 VMCS_guest_rsp,	   VMCS_guest_rip,
		VMCS_guest_debugctl,	 VMCS_guest_pending_debug, VMCS_guest_interruptibility,
		VMCS_guest_activity,	 VMCS_guest_sysenter_cs,   VMCS_guest_sysenter_esp,
		VMCS_guest_sysenter_eip, VMCS_guest_pdpte0,	   VMCS_guest_pdpte1,
		VMCS_guest_pdpte2,	 VMCS_guest_pdpte3,	   VMCS_entry_intr_info,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(zeroes); i++) {
		vmwrite(zeroes[i], 0);
	}
	vmwrite(VMCS_guest_rflags, RFLAGS_FIXED);
	vmwrite(VMCS_guest_dr7, DR7_RESET);
	vmwrite(VMCS_guest_pat, PAT_RESET);
	vmwrite(VMCS_vmcs_link_pointer, VMX_NO_POINTER);
}

static void reset_vcpu(struct vmx_vcpu *x)
{
	struct seg data = { .limit = LIMIT_REAL, .rights = AR_FLAT_DATA };

	memset(x->v.gpr, 0, sizeof(x->v.gpr));
	x->rsp = 0;
	x->cr2 = 0;
	reset_registers();
	set_data_segments(data);
	set_segment(SEG_CS, (struct seg){ .limit = LIMIT_REAL, .rights = AR_FLAT_CODE });
	set_segment(SEG_LDTR, (struct seg){ .limit = LIMIT_REAL, .rights = AR_LDT });
	set_segment(SEG_TR, (struct seg){ .limit = LIMIT_REAL, .rights = AR_TSS_BUSY });
	set_table(VMCS_guest_gdtr_base, VMCS_guest_gdtr_limit, 0, LIMIT_REAL);
	set_table(VMCS_guest_idtr_base, VMCS_guest_idtr_limit, 0, LIMIT_REAL);
	set_cr0(CR0_ET);
	set_cr4(0);
	set_efer(0);
	vmwrite(VMCS_primary_controls, vmx_machine.controls.word[VMX_WORD_PRIMARY]);
	vmwrite(VMCS_tsc_offset, x->v.tsc_offset); /* it may have changed in L2 */
	vmx_nested_reset(x);
}

static void set_controls(void)
{
	static const u16 zeroes[] = {
		VMCS_exception_bitmap,	   VMCS_pf_error_code_mask,  VMCS_pf_error_code_match,
		VMCS_cr3_target_count,	   VMCS_exit_msr_load_count, VMCS_exit_msr_store_count,
		VMCS_entry_msr_load_count, VMCS_tsc_offset,
	};
	const struct vmx_machine *m = &vmx_machine;

	for (unsigned int i = 0; i < ARRAY_SIZE(zeroes); i++) {
		vmwrite(zeroes[i], 0);
	}
	vmwrite(VMCS_pin_based_controls, m->controls.word[VMX_WORD_PIN]);
	vmwrite(VMCS_secondary_controls, m->controls.word[VMX_WORD_SECONDARY]);
	vmwrite(VMCS_exit_controls, m->controls.word[VMX_WORD_EXIT]);
	vmwrite(VMCS_vpid, VMX_VPID_L1);
	vmwrite(VMCS_ept_pointer, m->eptp01);
	vmwrite(VMCS_msr_bitmap, heap_spa(m->msr_bitmap01));
	vmwrite(VMCS_io_bitmap_a, heap_spa(m->io_bitmap_a));
	vmwrite(VMCS_io_bitmap_b, heap_spa(m->io_bitmap_b));
	if (m->controls.word[VMX_WORD_SECONDARY] & PROC2_XSAVES) {
		vmwrite(VMCS_xss_exiting_bitmap, 0);
	}
}

/* What a VM exit brings back, but for RSP, which entry.S writes. */
static void set_host_state(const struct percpu *cpu)
{
	static const u16 zeroes[] = {
		VMCS_host_fs_selector, VMCS_host_gs_selector,  VMCS_host_fs_base,
		VMCS_host_sysenter_cs, VMCS_host_sysenter_esp, VMCS_host_sysenter_eip,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(zeroes); i++) {
		vmwrite(zeroes[i], 0);
	}
	vmwrite(VMCS_host_cr0, read_cr0());
	vmwrite(VMCS_host_cr3, read_cr3());
	vmwrite(VMCS_host_cr4, read_cr4());
	vmwrite(VMCS_host_cs_selector, SEL_CODE);
	vmwrite(VMCS_host_ss_selector, SEL_DATA);
	vmwrite(VMCS_host_ds_selector, SEL_DATA);
	vmwrite(VMCS_host_es_selector, SEL_DATA);
	vmwrite(VMCS_host_tr_selector, SEL_TSS);
	vmwrite(VMCS_host_gs_base, (u64)cpu);
	vmwrite(VMCS_host_tr_base, (u64)&cpu->tss);
	vmwrite(VMCS_host_gdtr_base, (u64)cpu->gdt);
	vmwrite(VMCS_host_idtr_base, idt_base());
	vmwrite(VMCS_host_efer, rdmsr(MSR_EFER));
	vmwrite(VMCS_host_pat, rdmsr(MSR_PAT));
	vmwrite(VMCS_host_rip, (u64)vmx_exit);
}

bool vmcs01_init(struct vmx_vcpu *x)
{
	if (!vmclear(x->vmcs01_spa) || !vmptrld(x->vmcs01_spa)) {
		return false;
	}
	set_controls();
	set_host_state(x->v.cpu);
	reset_vcpu(x);
	return true;
}

void vmcs01_start_at_sipi(struct vmx_vcpu *x, u32 vector)
{
	u32 regs[4];

	reset_vcpu(x);
	set_segment(SEG_CS, (struct seg){
				    .selector = (u16)(vector << 8),
				    .base = vector << 12,
				    .limit = LIMIT_REAL,
				    .rights = AR_FLAT_CODE,
			    });
	cpuid(1, 0, regs);
	x->v.gpr[GPR_RDX] = regs[0];
}

void vmcs01_start_l1(struct vmx_vcpu *x, const struct l1_entry *entry)
{
	bool is_64 = entry->mode == L1_MODE_LONG;
	struct seg data = {
		.selector = entry->ds,
		.limit = LIMIT_FLAT,
		.rights = AR_FLAT_DATA | AR_DB | AR_G,
	};

	reset_vcpu(x);
	set_data_segments(data);
	set_segment(SEG_CS, (struct seg){
				    .selector = entry->cs,
				    .limit = LIMIT_FLAT,
				    .rights = AR_FLAT_CODE | AR_G | (is_64 ? AR_L : AR_DB),
			    });
	set_table(VMCS_guest_gdtr_base, VMCS_guest_gdtr_limit, entry->gdt_base, entry->gdt_limit);
	set_cr0(CR0_PE | CR0_ET | (is_64 ? CR0_PG : 0));
	if (is_64) {
		vmwrite(VMCS_guest_cr3, entry->cr3);
		set_cr4(CR4_PAE);
		set_efer(EFER_LME | EFER_LMA);
	}
	vmwrite(VMCS_guest_rip, entry->rip);
	x->v.gpr[GPR_RAX] = entry->rax;
	x->v.gpr[GPR_RBX] = entry->rbx;
	x->v.gpr[GPR_RSI] = entry->rsi;
}
