/* SPDX-License-Identifier: MIT */
/*
 * L2: entering it by L1's VMLAUNCH and VMRESUME, and what becomes of its exits. The pure parts
 * (checks, merge, reflection, whose an exit is) have files of their own; this one moves their
 * images to and from the hardware.
 */
#include "arch/x86/vmx/nested.h"

#include "arch/x86/console.h"
#include "arch/x86/io.h"
#include "arch/x86/memory.h"
#include "arch/x86/power.h"
#include "arch/x86/vmx/entry_checks.h"
#include "arch/x86/vmx/ept.h"
#include "arch/x86/vmx/exit_rows.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/msr_list.h"
#include "arch/x86/vmx/nested_msrs.h"
#include "arch/x86/vmx/nmi.h"
#include "arch/x86/vmx/park.h"
#include "arch/x86/vmx/reflect.h"
#include "arch/x86/vmx/shadow_vmcs.h"
#include "arch/x86/vmx/vmcs02.h"
#include "arch/x86/vmx/vmcs12.h"
#include "arch/x86/vmx/vmcs_copy.h"
#include "lib/string.h"

void vmx_make_current(const struct vmx_vcpu *x, u64 vmcs_spa)
{
	if (unlikely(!vmptrld(vmcs_spa))) {
		log_error("CPU %u: VMPTRLD of Plinth's own VMCS fails", x->v.id);
		power_l1_shutdown();
	}
}

bool vmx_nested_machine_init(const struct vendor_config *config)
{
	return shadow_vmcs_machine_init(config->vmcs_shadow);
}

bool vmx_nested_init(struct vmx_vcpu *x)
{
	x->io_bitmaps02 = memory_alloc(2 * PAGE_SIZE);
	return x->io_bitmaps02 && shadow_vmcs_init(x);
}

void vmx_nested_reset(struct vmx_vcpu *x)
{
	shadow_vmcs_forget(x);
	x->vmxon = false;
	x->current_gpa = VMX_NO_POINTER;
	x->evmcs_gpa = VMX_NO_POINTER;
	x->changed = (u32)VMX_GROUPS_ALL;
	x->halted = false;
	x->parked = false;
	x->v.in_l2 = false;
}

/* Leaving L2 */

/*
 * [SDM "VMX Aborts"]: L1's processor shuts down. The indicator tells it why, where there is a
 * region to write it to.
 */
static __noreturn void vmx_abort(struct vmx_vcpu *x, u32 indicator)
{
	u64 gpa = x->evmcs_gpa != VMX_NO_POINTER ? x->evmcs_gpa : x->current_gpa;

	l1_write(gpa + offsetof(struct vmcs12_region, abort), &indicator, sizeof(indicator));
	log_error("L1 CPU %u: VMX abort %u: its VM-exit MSR list cannot be processed", x->v.id,
		  indicator);
	power_l1_shutdown();
}

/* With PAE paging and EPT the hardware takes L1's PDPTEs from vmcs01. */
static void load_l1_pdptes(struct vmx_vcpu *x, struct vmcs *image)
{
	u64 *pdptes = &image->guest_pdpte0;
	u64 base = x->vmcs12.host_cr3 & GENMASK(31, 5);

	if ((x->vmcs12.exit_controls & EXIT_HOST_ADDRESS_SPACE) ||
	    !(x->vmcs12.host_cr4 & CR4_PAE)) {
		return;
	}
	for (u32 i = 0; i < 4; i++) {
		if (!l1_read64(base + i * sizeof(u64), &pdptes[i]) ||
		    !vmx_pdpte_is_legal(pdptes[i], &vmx_machine.caps)) {
			vmx_abort(x, VMX_ABORT_HOST_PDPTE);
		}
	}
}

/* vmcs12 says what L1 reads now: it goes to L1, which goes on at its host RIP; current: vmcs01. */
static void go_on_in_l1(struct vmx_vcpu *x, const struct vmcs *vmcs02)
{
	struct vmcs *image = &x->scratch;

	if (x->evmcs_gpa != VMX_NO_POINTER && l1_page_is_ram(x->evmcs_gpa)) {
		evmcs_store(l1_page(x->evmcs_gpa), &x->vmcs12);
	}
	vmcs01_read_for_exit(image);
	vmx_reflect_host(&x->vmcs12, vmcs02, image);
	load_l1_pdptes(x, image);
	vmcs01_write_after_exit(image);
	vmwrite(VMCS_tsc_offset, x->v.tsc_offset);
	/* [SDM "Operations that Invalidate Cached Mappings"]: an exit without VPID */
	if (unlikely(!(vmcs_secondary(&x->vmcs12) & PROC2_VPID))) {
		invvpid(INVVPID_SINGLE, VMX_VPID_L1, 0);
	}
	x->v.gpr[GPR_RSP] = image->guest_rsp;
	x->rsp = image->guest_rsp;
	if (vmx_load_msrs(x, x->vmcs12.exit_msr_load_address, x->vmcs12.exit_msr_load_count)) {
		vmx_abort(x, VMX_ABORT_MSR_LOAD);
	}
	shadow_vmcs_start(x);
}

/* Current: vmcs02, read back already. */
static void leave_l2(struct vmx_vcpu *x, const struct vmx_exit_info *exit)
{
	struct vcpu *v = &x->v;

	v->cpu->stats.nested_exit++;
	trace_event(&v->cpu->trace, TRACE_KVM_NESTED_VMEXIT_INJECT, TRACE_L2, exit->reason,
		    exit->qualification, exit->intr_info);
	if (unlikely(x->halted)) {
		x->vmcs02.guest_activity = ACTIVITY_HLT;
		x->halted = false;
	}
	vmx_reflect(&x->vmcs02, exit, &x->vmcs12);
	if (!vmx_store_msrs(x, x->vmcs12.exit_msr_store_address, x->vmcs12.exit_msr_store_count)) {
		vmx_abort(x, VMX_ABORT_MSR_STORE);
	}
	x->launched12 = true; /* and not by an entry that the hardware refuses */
	v->in_l2 = false;
	vmx_make_current(x, x->vmcs01_spa);
	go_on_in_l1(x, &x->vmcs02);
}

void vmx_fail_entry(struct vmx_vcpu *x, u32 reason, u64 qualification)
{
	x->v.cpu->stats.nested_entry_failed++;
	vmx_reflect_entry_failure(reason, qualification, &x->vmcs12);
	go_on_in_l1(x, NULL);
}

/* What the hardware tells of the exit at hand. */
static void read_exit(struct vmx_vcpu *x, struct vmx_exit_info *exit)
{
	*exit = (struct vmx_exit_info){
		.reason = x->exit_reason,
		.intr_info = low32(vmread(VMCS_exit_intr_info)),
		.intr_error = low32(vmread(VMCS_exit_intr_error_code)),
		.idt_info = low32(vmread(VMCS_idt_vectoring_info)),
		.idt_error = low32(vmread(VMCS_idt_vectoring_error_code)),
		.insn_length = low32(vmread(VMCS_exit_instruction_length)),
		.insn_info = low32(vmread(VMCS_exit_instruction_info)),
		.qualification = vmread(VMCS_exit_qualification),
		.gpa = vmread(VMCS_guest_physical_address),
		.gla = vmread(VMCS_guest_linear_address),
	};
	vmcs02_read_back(&x->vmcs02);
}

static void reflect(struct vmx_vcpu *x)
{
	struct vmx_exit_info exit;

	read_exit(x, &exit);
	leave_l2(x, &exit);
}

bool vmx_nested_exception(struct vmx_vcpu *x, u32 info, u32 error_code)
{
	struct vmx_exit_info exit = {
		.reason = EXIT_REASON_EXCEPTION_OR_NMI,
		.intr_info = info | (u32)INTR_VALID,
		.intr_error = error_code,
	};

	/* #PF has a mask of its own, and Plinth raises none in L2. */
	if (!(x->vmcs12.exception_bitmap & BIT(FIELD_GET(INTR_VECTOR_MASK, info)))) {
		return false;
	}
	vmcs02_read_back(&x->vmcs02);
	leave_l2(x, &exit);
	return true;
}

bool vmx_nested_nmi(struct vmx_vcpu *x)
{
	struct vmx_exit_info exit = {
		.reason = EXIT_REASON_EXCEPTION_OR_NMI,
		.intr_info =
			(u32)(INTR_VALID | FIELD_PREP(INTR_TYPE_MASK, INTR_TYPE_NMI)) | VECTOR_NMI,
	};

	if (!(x->vmcs12.pin_based_controls & PIN_NMI)) {
		return false;
	}
	if ((x->vmcs12.pin_based_controls & PIN_VIRTUAL_NMIS) == 0 &&
	    (vmread(VMCS_guest_interruptibility) & INTERRUPTIBILITY_NMI)) {
		return false; /* blocked: the window comes with L2's IRET */
	}
	x->v.nmi_pending = false;
	vmx_unpark(x);
	vmcs02_read_back(&x->vmcs02);
	x->vmcs02.guest_rsp = x->v.gpr[GPR_RSP]; /* an emulated access may have changed it */
	vmx_reflect_undelivered(&x->vmcs02, &exit);
	leave_l2(x, &exit);
	return true;
}

/* Exits that are not L1's */

/* L1 leaves HLT to its guest. */
static void l2_hlt(struct vmx_vcpu *x)
{
	x->v.cpu->stats.hlt++;
	vmx_finish(x, OUTCOME_NEXT);
	x->halted = true;
}

/* L2 does I/O that L1 leaves to it: let the hardware do it, under both maps. */
static void open_ports(struct vmx_vcpu *x)
{
	u64 *to = (u64 *)x->io_bitmaps02;
	u64 primary = x->vmcs02.primary_controls;

	for (u32 i = 0; i < 2 * PAGE_SIZE / sizeof(u64); i++) {
		bool high = i >= PAGE_SIZE / sizeof(u64);
		u32 offset = i % (PAGE_SIZE / sizeof(u64)) * sizeof(u64);
		u64 theirs = high ? x->vmcs12.io_bitmap_b : x->vmcs12.io_bitmap_a;
		const u8 *mine = high ? vmx_machine.io_bitmap_b : vmx_machine.io_bitmap_a;
		u64 word = 0;

		if ((x->vmcs12.primary_controls & PROC_IO_BITMAPS) &&
		    !l1_read64(theirs + offset, &word)) {
			word = ~0ull;
		}
		to[i] = word | *(const u64 *)(mine + offset);
	}
	primary = (primary & ~PROC_UNCONDITIONAL_IO) | PROC_IO_BITMAPS;
	x->vmcs02.primary_controls = low32(primary); /* the next merge takes it back */
	vmwrite(VMCS_primary_controls, primary);
	vmwrite(VMCS_io_bitmap_a, heap_spa(x->io_bitmaps02));
	vmwrite(VMCS_io_bitmap_b, heap_spa(x->io_bitmaps02 + PAGE_SIZE));
}

static void l2_io(struct vmx_vcpu *x)
{
	u64 qualification = vmread(VMCS_exit_qualification);
	u32 port = low32(FIELD_GET(IO_PORT_MASK, qualification));
	u32 size = low32(FIELD_GET(IO_SIZE_MASK, qualification)) + 1;

	for (u32 i = 0; i < size; i++) {
		if (io_is_trapped(port + i)) {
			vmx_handle(x);
			return;
		}
	}
	open_ports(x);
}

static void l2_ept_fault(struct vmx_vcpu *x, bool delivering)
{
	struct vmx_exit_info exit;
	struct ept_fault fault = {
		.reason = x->exit_reason,
		.qualification = vmread(VMCS_exit_qualification),
		.l2gpa = vmread(VMCS_guest_physical_address),
	};
	u64 hw = fault.qualification;
	enum ept_result result = ept_l2_fault(x, &fault);

	x->v.cpu->stats.nested_tlb_reclaim = x->slat.recycled;
	if (result == EPT_FILLED) {
		x->v.cpu->stats.nested_slat_soft++;
		if (!delivering && (hw & EPT_QUAL_NMI_UNBLOCKING)) {
			vmx_nmi_block_again();
		}
		return;
	}
	if (result == EPT_EMULATE) {
		/*
		 * L1 maps a page into L2 that it cannot have itself: the APIC's, or hidden memory.
		 * L2's access is carried out as L1's would be; what cannot be is L1's to see.
		 */
		if (vmx_emulate_access(x, fault.gpa, hw, delivering) == OUTCOME_NEXT) {
			return;
		}
		fault.qualification = ept_reflect_qualification(hw, PT_RWX);
	}
	x->v.cpu->stats.nested_slat_hard++;
	read_exit(x, &exit);
	exit.reason = fault.reason;
	exit.qualification = fault.qualification;
	leave_l2(x, &exit);
}

/* The hardware refused what the checks let pass; or its state is beyond them. */
static void l2_refused(struct vmx_vcpu *x)
{
	u64 qualification = vmread(VMCS_exit_qualification);

	log_limited(LOG_WARN, "L1 CPU %u: hardware refused vmcs02: reason %x, qualification %llx",
		    x->v.id, x->exit_reason, (unsigned long long)qualification);
	x->v.in_l2 = false;
	x->halted = false;
	/* Whether vmcs02 counts as launched depends on the entries before: it begins anew. */
	x->host_is_known = false;
	vmx_make_current(x, x->vmcs01_spa);
	vmx_fail_entry(x, x->exit_reason & EXIT_REASON_BASIC_MASK, qualification);
}

static void exit_l0(struct vmx_vcpu *x, bool delivering)
{
	x->v.cpu->stats.nested_exit_l0++;
	switch (x->exit_reason) {
	case EXIT_REASON_EPT_VIOLATION:
	case EXIT_REASON_EPT_MISCONFIG:
		l2_ept_fault(x, delivering);
		break;
	case EXIT_REASON_HLT:
		l2_hlt(x);
		break;
	case EXIT_REASON_IO:
		l2_io(x);
		break;
	case EXIT_REASON_EXCEPTION_OR_NMI:
	case EXIT_REASON_NMI_WINDOW:
	case EXIT_REASON_INIT:
	case EXIT_REASON_RDMSR:
	case EXIT_REASON_WRMSR:
	case EXIT_REASON_CR_ACCESS:
		vmx_handle(x);
		break;
	default:
		/* Only what L1 asked for can be left; if not, it may as well have it. */
		reflect(x);
		break;
	}
}

static bool read8_l1(void *ctx __maybe_unused, u64 gpa, u8 *value)
{
	return l1_read(gpa, value, 1);
}

static __hot enum vmx_exit_owner owner_of(struct vmx_vcpu *x)
{
	struct vmx_exit_query query = {
		.gpr = x->v.gpr,
		.mode_64bit =
			x->exit_reason == EXIT_REASON_CR_ACCESS && vmx_decode_mode() == DECODE_64,
		.xss = ~0ull,
		.read8 = read8_l1,
	};

	return vmx_exit_owner(x->exit_reason, vmread(VMCS_exit_qualification),
			      low32(vmread(VMCS_exit_intr_info)),
			      low32(vmread(VMCS_exit_intr_error_code)), &x->vmcs12, &query);
}

__hot void vmx_exit_l2(struct vmx_vcpu *x)
{
	struct percpu *cpu = x->v.cpu;
	u32 vectoring;

	x->exit_reason = low32(vmread(VMCS_exit_reason));
	x->exit_rip = vmread(VMCS_guest_rip);
	trace_event(&cpu->trace, TRACE_KVM_EXIT, TRACE_L2, x->exit_reason, x->exit_rip,
		    vmread(VMCS_exit_qualification));
	cpu->stats.exits[STATS_L2][vmx_exit_index(x->exit_reason)]++;
	if (unlikely(x->exit_reason & EXIT_REASON_ENTRY_FAILURE)) {
		vmx_unpark(x);
		l2_refused(x);
		return;
	}
	if (unlikely(x->parked) && vmx_park_exit(x)) {
		return;
	}
	if (owner_of(x) == VMX_OWNER_L1) {
		reflect(x);
		return;
	}
	vectoring = low32(vmread(VMCS_idt_vectoring_info));
	exit_l0(x, vectoring & INTR_VALID);
	if (unlikely(vectoring & INTR_VALID) && x->v.in_l2) {
		vmx_inject_again(x, vectoring);
	}
}
