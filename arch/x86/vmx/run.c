/* SPDX-License-Identifier: MIT */
/*
 * The inner loop of a VP under VMX: what NMIs brought, requests, events, entry, the exit's handler.
 * Plinth runs with IF=0 throughout, but an NMI reaches its handler at any time: the loop looks for
 * it here, and entry.S once more.
 */
#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/power.h"
#include "arch/x86/vmx/dump.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/nested.h"
#include "arch/x86/vmx/nmi.h"
#include "arch/x86/vmx/vmcs01.h"

#define SHADOWS (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)

void vmx_idle(u32 *requests);

void vmx_inject(u32 info, u32 error_code)
{
	vmwrite(VMCS_entry_intr_info, info | INTR_VALID);
	if (info & INTR_ERROR_CODE) {
		vmwrite(VMCS_entry_exception_error_code, error_code);
	}
}

void vmx_inject_exception(struct vmx_vcpu *x, u8 vector, bool has_error, u32 error_code)
{
	u32 info = vector | (u32)FIELD_PREP(INTR_TYPE_MASK, INTR_TYPE_HARD_EXCEPTION);

	/* Real mode pushes none. [SDM "VM-Entry Controls for Event Injection"] */
	if (has_error && (vmread(VMCS_guest_cr0) & CR0_PE)) {
		info |= (u32)INTR_ERROR_CODE;
	}
	if (x->v.in_l2 && vmx_nested_exception(x, info, error_code)) {
		return;
	}
	vmx_inject(info, error_code);
	x->v.cpu->stats.inject_exception++;
	trace_event(&x->v.cpu->trace, TRACE_KVM_INJ_EXCEPTION, TRACE_L1, vector, error_code,
		    x->exit_rip);
}

/*
 * Once a whole instruction was executed with RFLAGS.TF, its trap is due, unless BTF waits for a
 * branch. [SDM "Single-Stepping on Branches"]
 */
static void trap_step(void)
{
	u64 pending = vmread(VMCS_guest_pending_debug);

	if (vmread(VMCS_guest_debugctl) & DEBUGCTL_BTF) {
		return;
	}
	vmwrite(VMCS_guest_pending_debug, pending | PENDING_DEBUG_BS);
}

__hot void vmx_complete(u32 length)
{
	u64 rip = vmread(VMCS_guest_rip);
	u64 next = rip + length;
	u64 shadows = vmread(VMCS_guest_interruptibility);

	/* Outside of 64-bit code RIP is as wide as EIP. */
	if (unlikely((rip ^ next) >> 32) && !(vmread(VMCS_guest_cs_access_rights) & AR_L)) {
		next = low32(next);
	}
	vmwrite(VMCS_guest_rip, next);
	/* What completed ends the shadow of STI or MOV SS. */
	if (unlikely(shadows & SHADOWS)) {
		vmwrite(VMCS_guest_interruptibility, shadows & ~(u64)SHADOWS);
	}
	if (unlikely(vmread(VMCS_guest_rflags) & RFLAGS_TF)) {
		trap_step();
	}
}

__hot void vmx_skip(struct vmx_vcpu *x __maybe_unused)
{
	vmx_complete(low32(vmread(VMCS_exit_instruction_length)));
}

void vmx_finish(struct vmx_vcpu *x, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NEXT:
		vmx_skip(x);
		break;
	case OUTCOME_AGAIN:
		break;
	case OUTCOME_GP:
		vmx_inject_exception(x, VECTOR_GP, true, 0);
		break;
	case OUTCOME_UD:
		vmx_inject_exception(x, VECTOR_UD, false, 0);
		break;
	}
}

static void load_vmcs01(struct vmx_vcpu *x)
{
	if (!vmptrld(x->vmcs01_spa)) {
		log_error("CPU %u: VMPTRLD of vmcs01 fails", x->v.id);
		power_l1_shutdown();
	}
}

static void wait_for_sipi(struct vmx_vcpu *x)
{
	struct vcpu *v = &x->v;

	if (vcpu_wait_for_sipi(v, vmx_idle)) {
		slat_drop_all(&x->slat);
		x->tlb_flush = true;
		vmx_nmi_forget(x);
		load_vmcs01(x);
		vmcs01_start_at_sipi(x, __atomic_load_n(&v->shared.sipi_vector, __ATOMIC_ACQUIRE));
	}
}

static void serve_requests(struct vmx_vcpu *x)
{
	struct vcpu *v = &x->v;
	u32 requests = vcpu_requests_take(v);

	if (requests & REQUEST_SLAT_DROP) {
		slat_drop_all(&x->slat);
		x->tlb_flush = true;
	}
	if (requests & REQUEST_NMI) {
		v->nmi_pending = true;
	}
	if (requests & REQUEST_PICTURE) {
		vmx_take_picture(x);
	}
	vcpu_take_init(v, requests);
	wait_for_sipi(x);
}

/*
 * With EPT every translation that the CPU keeps for a guest is a combined or a guest-physical one,
 * and this takes both away, whatever their VPID. [SDM "Operations that Invalidate Cached Mappings"]
 */
static void pay_flush(struct vmx_vcpu *x)
{
	invept(INVEPT_ALL, 0);
	x->tlb_flush = false;
	x->v.cpu->stats.flush_served++;
	tlb_paid(&x->v.shared.tlb);
}

/* What an instruction raised: run again, the instruction delivers it again. */
static bool is_of_insn(u32 info)
{
	u64 type = FIELD_GET(INTR_TYPE_MASK, info);

	return type == INTR_TYPE_SOFT_INT || type == INTR_TYPE_PRIVILEGED_SOFT ||
	       type == INTR_TYPE_SOFT_EXCEPTION;
}

void vmx_inject_again(struct vmx_vcpu *x, u32 info)
{
	if (vmread(VMCS_entry_intr_info) & INTR_VALID) {
		return;
	}
	if (FIELD_GET(INTR_TYPE_MASK, info) == INTR_TYPE_NMI) {
		vmwrite(VMCS_guest_interruptibility,
			vmread(VMCS_guest_interruptibility) & ~(u64)INTERRUPTIBILITY_NMI);
	}
	vmwrite(VMCS_entry_instruction_length, vmread(VMCS_exit_instruction_length));
	vmx_inject(info & ~(u32)(INTR_NMI_UNBLOCKING | INTR_VALID),
		   low32(vmread(VMCS_idt_vectoring_error_code)));
	x->v.cpu->stats.inject_again++;
}

static void exit_l1(struct vmx_vcpu *x)
{
	u32 vectoring = low32(vmread(VMCS_idt_vectoring_info));

	vmx_exit_l1(x);
	if (unlikely(vectoring & INTR_VALID) && !x->v.in_l2 && !is_of_insn(vectoring)) {
		vmx_inject_again(x, vectoring);
	}
}

/* VMfail is Plinth's own fault or the CPU's, never L1's: its state comes from the hardware. */
static __noreturn void entry_failed(const struct vmx_vcpu *x)
{
	log_error("CPU %u: VM entry fails, VM-instruction error %llu", x->v.id,
		  (unsigned long long)vmread(VMCS_vm_instruction_error));
	power_l1_shutdown();
}

static inline void exchange_in(struct vmx_vcpu *x)
{
	if (unlikely(read_cr2() != x->cr2)) {
		write_cr2(x->cr2);
	}
	if (unlikely(x->v.gpr[GPR_RSP] != x->rsp)) {
		vmwrite(VMCS_guest_rsp, x->v.gpr[GPR_RSP]);
	}
}

static inline void exchange_out(struct vmx_vcpu *x)
{
	x->cr2 = read_cr2();
	x->rsp = vmread(VMCS_guest_rsp);
	x->v.gpr[GPR_RSP] = x->rsp;
}

/* One call of vmx_enter_guest(), always at the same depth of the stack: see VMX_WORD_HOST_RSP. */
static __hot __attribute__((noinline)) void enter(struct vmx_vcpu *x)
{
	struct vcpu *v = &x->v;
	bool *launched = v->in_l2 ? &x->launched02 : &x->launched01;
	enum vmx_entered entered;
	bool owed;

	if (v->in_l2) {
		vmx_nested_prepare(x);
	}
	owed = tlb_enter(&v->shared.tlb) || x->tlb_flush;
	/* Pairs with vcpu_request(): it saw us in the guest, or we see its wish now. */
	if (unlikely(__atomic_load_n(&v->shared.requests, __ATOMIC_SEQ_CST))) {
		tlb_leave(&v->shared.tlb);
		serve_requests(x);
		return;
	}
	if (unlikely(owed)) {
		pay_flush(x);
	}
	exchange_in(x);
	entered = vmx_enter_guest(x, *launched);
	tlb_leave(&v->shared.tlb);
	if (unlikely(entered != VMX_EXITED)) {
		if (entered == VMX_FAILED && !vmx_nested_entry_failed(x)) {
			entry_failed(x);
		}
		return;
	}
	*launched = true;
	exchange_out(x);
	if (v->in_l2) {
		vmx_exit_l2(x);
	} else {
		exit_l1(x);
	}
}

void vmx_run(struct vcpu *v)
{
	struct vmx_vcpu *x = vmx_of(v);

	/* An NMI from before L1's first instruction is not L1's. */
	vmx_nmi_forget(x);
	wait_for_sipi(x);
	for (;;) {
		if (unlikely(vmx_nmi_is_new(x))) {
			vmx_nmi_arrived(x);
		}
		if (unlikely(v->nmi_pending) && !(v->in_l2 && vmx_nested_nmi(x))) {
			vmx_nmi_deliver(x);
		}
		enter(x);
	}
}
