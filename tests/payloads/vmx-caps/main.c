/* SPDX-License-Identifier: MIT */
/*
 * The VMX capability MSRs are consistent with each other, cannot be written, and offer what KVM
 * needs and nothing that the enlightened VMCS has no field for: rows 1.7-11, 1.7-12.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "VMX capability MSRs";

#define BASIC_SIZE    GENMASK(44, 32)
#define BASIC_32BIT   BIT(48)
#define BASIC_MEMTYPE GENMASK(53, 50)
#define BASIC_INS     BIT(54)
#define WRITE_BACK    6
#define MISC_PT	      BIT(14)

static const struct control {
	const char *name;
	enum vmcs_field field;
	u32 msr, true_msr;
	u32 default1; /* [SDM "Reserved Controls and Default Settings"] */
} controls[] = {
	{ "pin-based", PIN_CONTROLS, MSR_VMX_PIN, MSR_VMX_TRUE_PIN, 0x16 },
	{ "primary", PROC_CONTROLS, MSR_VMX_PROC, MSR_VMX_TRUE_PROC, 0x401e172 },
	{ "VM-exit", EXIT_CONTROLS, MSR_VMX_EXIT, MSR_VMX_TRUE_EXIT, 0x36dff },
	{ "VM-entry", ENTRY_CONTROLS, MSR_VMX_ENTRY, MSR_VMX_TRUE_ENTRY, 0x11ff },
};

static void no_writes(void)
{
	bool have_true = rdmsr(MSR_VMX_BASIC) & BASIC_TRUE_CONTROLS;
	u64 v;

	for (u32 msr = MSR_VMX_BASIC; msr <= (have_true ? MSR_VMX_TRUE_ENTRY : MSR_VMX_EPT_VPID);
	     msr++) {
		check(rdmsr_safe(msr, &v) == EXINFO_NONE, "1.7-12 RDMSR 0x%x faults", msr);
		check(wrmsr_safe(msr, v) == EXINFO_GP, "1.7-12 WRMSR 0x%x is no #GP", msr);
	}
}

static void basic(void)
{
	u64 v = rdmsr(MSR_VMX_BASIC), size = FIELD_GET(BASIC_SIZE, v);

	check(!(v & BIT(31)), "1.7-12 VMX_BASIC bit 31");
	check(size >= 1 && size <= 4096, "1.7-12 VMCS of %lu bytes", size);
	check(!(v & BASIC_32BIT), "1.7-12 VMX_BASIC bit 48");
	check_eq("1.7-12 memory type", FIELD_GET(BASIC_MEMTYPE, v), WRITE_BACK);
	check(v & BASIC_INS, "1.7-12 no instruction information for INS and OUTS");
}

/* Allowed to be 0 is not allowed to be 1 by mistake, and TRUE only widens. */
static void pairs(const struct control *c)
{
	u64 plain = rdmsr(c->msr), tru = vmx_caps(c->field);

	check(!(low32(plain) & ~(plain >> 32)), "1.7-12 %s: must be 1 and must be 0", c->name);
	check(!(low32(tru) & ~(tru >> 32)), "1.7-12 %s, TRUE: must be 1 and must be 0", c->name);
	check((low32(plain) & c->default1) == c->default1, "1.7-12 %s: default1 is not", c->name);
	check(!(low32(tru) & ~low32(plain)), "1.7-12 %s: TRUE asks for more", c->name);
	check(tru >> 32 == plain >> 32, "1.7-12 %s: TRUE allows other bits", c->name);
}

static void fixed_bits(void)
{
	u64 cr0 = read_cr0(), cr4 = read_cr4();

	check_eq("1.7-12 CR0 fixed to 1", rdmsr(MSR_VMX_CR0_FIXED0), CR0_PG | CR0_NE | CR0_PE);
	check_eq("1.7-12 CR4 fixed to 1", rdmsr(MSR_VMX_CR4_FIXED0), CR4_VMXE);
	check(!(cr0 & ~rdmsr(MSR_VMX_CR0_FIXED1)), "1.7-12 CR0 has bits fixed to 0");
	check(!(cr4 & ~rdmsr(MSR_VMX_CR4_FIXED1)), "1.7-12 CR4 has bits fixed to 0");
}

/* What belongs together, and what KVM refuses to load over. */
static void relations(void)
{
	u64 caps = vmx_ept_vpid_caps();
	bool ept = vmx_allows(PROC2_CONTROLS, PROC2_EPT);
	bool vpid = vmx_allows(PROC2_CONTROLS, PROC2_VPID);

	check_eq("1.7-12 PAT pair", vmx_allows(ENTRY_CONTROLS, ENTRYC_LOAD_PAT),
		 vmx_allows(EXIT_CONTROLS, EXITC_LOAD_PAT));
	check_eq("1.7-12 EFER pair", vmx_allows(ENTRY_CONTROLS, ENTRYC_LOAD_EFER),
		 vmx_allows(EXIT_CONTROLS, EXITC_LOAD_EFER));
	check_eq("1.7-12 PERF_GLOBAL_CTRL pair", vmx_allows(ENTRY_CONTROLS, ENTRYC_LOAD_PERF),
		 vmx_allows(EXIT_CONTROLS, EXITC_LOAD_PERF));
	check(ept || !low32(caps), "1.7-12 EPT capabilities without EPT");
	check(vpid || !(caps >> 32), "1.7-12 VPID capabilities without VPID");
	check(!ept || (caps & (CAP_WALK_4 | CAP_WB | CAP_INVEPT | CAP_INVEPT_ALL)) ==
			      (CAP_WALK_4 | CAP_WB | CAP_INVEPT | CAP_INVEPT_ALL),
	      "1.7-12 EPT without what KVM needs: 0x%lx", caps);
	check(!vmx_allows(PROC2_CONTROLS, PROC2_UNRESTRICTED) || ept,
	      "1.7-12 unrestricted guest without EPT");
}

static void offer(void)
{
	bool clean = evmcs_offered() || hv_present(); /* Plinth offers the same with and without */

#define HIDE(controls, bit, why)                                                              \
	check(!clean || !vmx_allows(controls, bit), "1.7-12 control 0x%lx of 0x%x (" why ")", \
	      (u64)(bit), controls);
#define NEED(controls, bits) \
	check(vmx_allows(controls, bits), "1.7-12 controls 0x%lx of 0x%x", (u64)(bits), controls);
#include "tests/payloads/vmx-caps/hidden.def"
	check(!clean || !(rdmsr(MSR_VMX_MISC) & MISC_PT), "1.7-12 processor trace in VMX");
}

void test_main(void)
{
	vmx_require();
	no_writes();
	basic();
	for (unsigned int i = 0; i < ARRAY_SIZE(controls); i++) {
		pairs(&controls[i]);
	}
	fixed_bits();
	relations();
	offer();
	report_success();
}
