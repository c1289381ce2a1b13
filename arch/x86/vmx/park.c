/* SPDX-License-Identifier: MIT */
/*
 * Halting in the hardware. Some processors (Bochs) wake from the activity state HLT only by an
 * interrupt that L2 could take. So L2 parks with RFLAGS.IF set and external-interrupt exiting on:
 * an interrupt then always exits before it is delivered, and who gets it is decided here.
 */
#include "arch/x86/vmx/park.h"

#include "arch/x86/vmx/insn.h"

#define SHADOWS (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)

/* A window that L1 waits for and that is open: it exits before L2's next instruction, halted or
 * not. */
static bool window_is_open(void)
{
	u64 primary = vmread(VMCS_primary_controls);
	u64 blocked = vmread(VMCS_guest_interruptibility);

	return ((primary & PROC_INTERRUPT_WINDOW) && (vmread(VMCS_guest_rflags) & RFLAGS_IF) &&
		!(blocked & SHADOWS)) ||
	       ((primary & PROC_NMI_WINDOW) && !(blocked & (SHADOWS | INTERRUPTIBILITY_NMI)));
}

/* A pending #DB comes at once, and its delivery ends the halt. */
static bool debug_is_due(void)
{
	return vmread(VMCS_guest_pending_debug) & (PENDING_DEBUG_ENABLED | PENDING_DEBUG_BS);
}

/* The interrupt window would open by the IF that is only made up. */
static void watch_interrupt_window(const struct vmx_vcpu *x, bool on)
{
	u64 window = x->vmcs02.primary_controls & PROC_INTERRUPT_WINDOW;
	u64 primary = vmread(VMCS_primary_controls);

	if (unlikely(window)) {
		vmwrite(VMCS_primary_controls, on ? primary | window : primary & ~window);
	}
}

void vmx_park(struct vmx_vcpu *x)
{
	if ((vmread(VMCS_entry_intr_info) & INTR_VALID) || debug_is_due()) {
		vmx_unpark(x);
		x->halted = false;
		return;
	}
	if (x->parked || window_is_open()) {
		return;
	}
	x->parked = true;
	x->park_rflags = vmread(VMCS_guest_rflags);
	vmwrite(VMCS_guest_rflags, x->park_rflags | RFLAGS_IF);
	watch_interrupt_window(x, false);
	vmwrite(VMCS_pin_based_controls, x->vmcs02.pin_based_controls | PIN_EXTERNAL_INTERRUPT);
	if (!(x->vmcs12.pin_based_controls & PIN_EXTERNAL_INTERRUPT)) {
		/* It is to arrive by L2's IDT: the exit must leave it pending. */
		vmwrite(VMCS_exit_controls, x->vmcs02.exit_controls & ~EXIT_ACK_INTERRUPT);
	}
	vmwrite(VMCS_guest_activity, ACTIVITY_HLT);
}

void vmx_unpark(struct vmx_vcpu *x)
{
	if (!x->parked) {
		return;
	}
	x->parked = false;
	vmwrite(VMCS_guest_rflags, x->park_rflags);
	watch_interrupt_window(x, true);
	vmwrite(VMCS_pin_based_controls, x->vmcs02.pin_based_controls);
	vmwrite(VMCS_exit_controls, x->vmcs02.exit_controls);
	vmwrite(VMCS_guest_activity, ACTIVITY_ACTIVE);
}

bool vmx_park_exit(struct vmx_vcpu *x)
{
	vmx_unpark(x);
	if (x->exit_reason != EXIT_REASON_EXTERNAL_INTERRUPT ||
	    (x->vmcs12.pin_based_controls & PIN_EXTERNAL_INTERRUPT)) {
		return false;
	}
	/* With interrupts off L2 halts on, and the interrupt stays pending. */
	x->halted = !(x->park_rflags & RFLAGS_IF);
	return true;
}
