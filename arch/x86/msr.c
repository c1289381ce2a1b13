/* SPDX-License-Identifier: MIT */
/* The shell around arch/x86/msr_policy.c. What only the vendor knows goes to vendor_msr_*. */
#include "arch/x86/msr.h"

#include "arch/x86/apic.h"
#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/msr_policy.h"
#include "arch/x86/percpu.h"
#include "arch/x86/vendor.h"

/* [APM "HWCR"]: the TSC counts at the P0 frequency */
#define HWCR_TSC_FREQ_SEL BIT(24)

static struct msr_policy policy;
static u64 phys_mbz;

static void cpuid_for_policy(void *context __maybe_unused, u32 leaf, u32 subleaf, u32 regs[4])
{
	cpuid_as_l1(leaf, subleaf, ~0ull, regs);
}

void msr_init(bool intel, bool hyperv, u8 *map01)
{
	struct msr_policy_env env = { .intel = intel, .hyperv = hyperv, .cpuid = cpuid_for_policy };
	u32 regs[4];

	msr_policy_init(&policy, &env);
	if (intel) {
		msr_policy_bitmap_vmx(&policy, map01);
	} else {
		msr_policy_bitmap_svm(&policy, map01);
	}
	cpuid(0x80000008, 0, regs);
	phys_mbz = ~0ull << (regs[0] & 0xff);
}

/*
 * The VMCS (or VMLOAD) exchanges these at each entry: now they are Plinth's own, which finds its
 * per-CPU area by GS base. A guest's access exits although the map lets it pass when L1 changes its
 * map under its running guest, or after saying that it does not.
 */
static bool is_exchanged(u32 msr)
{
	switch (msr) {
	case MSR_SYSENTER_CS:
	case MSR_SYSENTER_ESP:
	case MSR_SYSENTER_EIP:
	case MSR_FS_BASE:
	case MSR_GS_BASE:
		return true;
	default:
		return false;
	}
}

static enum outcome read_real(const struct msr_rule *rule, u32 msr, u64 *value)
{
	if (!rdmsr_safe(msr, value)) {
		return OUTCOME_GP;
	}
	if (rule->action == MSR_ACTION_REAL) {
		*value &= rule->mask;
	}
	return OUTCOME_NEXT;
}

static enum outcome write_real(const struct msr_rule *rule, u32 msr, u64 value)
{
	u64 old;

	if (rule->action == MSR_ACTION_REAL && rule->mask != ~0ull) {
		if (!rdmsr_safe(msr, &old)) {
			return OUTCOME_GP;
		}
		value = (old & ~rule->mask) | (value & rule->mask);
	}
	return wrmsr_safe(msr, value) ? OUTCOME_NEXT : OUTCOME_GP;
}

static enum outcome read_virtual(struct vcpu *v, const struct msr_rule *rule, u32 msr, u64 *value)
{
	switch (rule->handler) {
	case MSR_HANDLER_APIC_BASE:
		*value = v->apic_base;
		return OUTCOME_NEXT;
	case MSR_HANDLER_X2APIC_ICR:
	case MSR_HANDLER_MTRR:
		return rdmsr_safe(msr, value) ? OUTCOME_NEXT : OUTCOME_GP;
	case MSR_HANDLER_HWCR:
		if (!rdmsr_safe(msr, value)) {
			return OUTCOME_GP;
		}
		*value |= HWCR_TSC_FREQ_SEL;
		return OUTCOME_NEXT;
	case MSR_HANDLER_HYPERV:
		return hv_shell_rdmsr(v, msr, value);
	}
	return vendor->msr_read(v, msr, value);
}

static enum outcome write_virtual(struct vcpu *v, const struct msr_rule *rule, u32 msr, u64 value)
{
	switch (rule->handler) {
	case MSR_HANDLER_APIC_BASE:
		return apic_write_base(v, value);
	case MSR_HANDLER_X2APIC_ICR:
		return apic_write_x2apic_icr(v, value);
	case MSR_HANDLER_MTRR:
		/* Firmware's MTRRs stay: Plinth's own memory types hang on them. */
		return msr_mtrr_legal(msr, value, phys_mbz) ? OUTCOME_NEXT : OUTCOME_GP;
	case MSR_HANDLER_HYPERV:
		return hv_shell_wrmsr(v, msr, value);
	}
	return vendor->msr_write(v, msr, value);
}

static void deny(struct vcpu *v, const char *what, u32 msr)
{
	log_limited(LOG_DEBUG, "L1 CPU %u: %s %x: #GP", v->id, what, msr);
}

enum outcome vcpu_rdmsr(struct vcpu *v, u32 msr, u64 *value)
{
	const struct msr_rule *rule = msr_policy_read(&policy, msr);
	enum outcome outcome = OUTCOME_GP;

	switch (rule->action) {
	case MSR_ACTION_PASS:
	case MSR_ACTION_REAL:
		outcome = unlikely(is_exchanged(msr)) ? vendor->msr_read(v, msr, value)
						      : read_real(rule, msr, value);
		break;
	case MSR_ACTION_ZERO:
		*value = 0;
		outcome = OUTCOME_NEXT;
		break;
	case MSR_ACTION_VIRTUAL:
		outcome = read_virtual(v, rule, msr, value);
		break;
	}
	if (outcome == OUTCOME_GP) {
		deny(v, "RDMSR", msr);
	}
	return outcome;
}

enum outcome vcpu_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
	const struct msr_rule *rule = msr_policy_write(&policy, msr);
	enum outcome outcome = OUTCOME_GP;

	trace_event(&v->cpu->trace, TRACE_KVM_MSR, TRACE_L1, msr, value, 1);
	switch (rule->action) {
	case MSR_ACTION_PASS:
	case MSR_ACTION_REAL:
		outcome = unlikely(is_exchanged(msr)) ? vendor->msr_write(v, msr, value)
						      : write_real(rule, msr, value);
		break;
	case MSR_ACTION_ZERO:
		outcome = OUTCOME_NEXT;
		break;
	case MSR_ACTION_VIRTUAL:
		outcome = write_virtual(v, rule, msr, value);
		break;
	}
	if (outcome == OUTCOME_GP) {
		deny(v, "WRMSR", msr);
	}
	return outcome;
}
