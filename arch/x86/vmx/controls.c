/* SPDX-License-Identifier: MIT */
/* The negotiation as one table. Pure: also in the host tests. */
#include "arch/x86/vmx/controls.h"

/*
 * L1 has the machine: its interrupts, HLT, INVLPG, CR3 and debug registers do not exit. What exits
 * whatever the controls say is not here.
 */
static const struct row {
	u32 msr;
	u64 must;
	u64 want;
	u64 never;
} rows[VMX_WORDS] = {
	[VMX_WORD_PIN] = {
		.msr = MSR_VMX_TRUE_PINBASED_CTLS,
		.must = PIN_NMI | PIN_VIRTUAL_NMIS,
		.never = PIN_EXTERNAL_INTERRUPT | PIN_PREEMPTION_TIMER | PIN_POSTED_INTERRUPTS,
	},
	[VMX_WORD_PRIMARY] = {
		.msr = MSR_VMX_TRUE_PROCBASED_CTLS,
		.must = PROC_TSC_OFFSETTING | PROC_IO_BITMAPS | PROC_MSR_BITMAPS | PROC_SECONDARY,
		.never = PROC_INTERRUPT_WINDOW | PROC_HLT | PROC_CR3_LOAD | PROC_CR3_STORE |
			 PROC_CR8_LOAD | PROC_CR8_STORE | PROC_TPR_SHADOW | PROC_NMI_WINDOW |
			 PROC_UNCONDITIONAL_IO | PROC_MONITOR_TRAP_FLAG,
	},
	[VMX_WORD_SECONDARY] = {
		.msr = MSR_VMX_PROCBASED_CTLS2,
		.must = PROC2_EPT | PROC2_VPID | PROC2_UNRESTRICTED_GUEST,
		.want = PROC2_RDTSCP | PROC2_INVPCID | PROC2_XSAVES,
		.never = PROC2_VIRTUALIZE_APIC_ACCESSES | PROC2_VIRTUALIZE_X2APIC,
	},
	[VMX_WORD_EXIT] = {
		.msr = MSR_VMX_TRUE_EXIT_CTLS,
		.must = EXIT_SAVE_DEBUG | EXIT_HOST_ADDRESS_SPACE | EXIT_SAVE_PAT | EXIT_LOAD_PAT |
			EXIT_SAVE_EFER | EXIT_LOAD_EFER,
		.never = EXIT_LOAD_PERF_GLOBAL_CTRL | EXIT_SAVE_PREEMPTION_TIMER,
	},
	[VMX_WORD_ENTRY] = {
		.msr = MSR_VMX_TRUE_ENTRY_CTLS,
		.must = ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER,
		.never = ENTRY_IA32E_GUEST | ENTRY_SMM | ENTRY_DEACTIVATE_DUAL_MONITOR |
			 ENTRY_LOAD_PERF_GLOBAL_CTRL,
	},
};

static const struct {
	u8 word;
	u64 bit;
	const char *name;
} names[] = {
	/* clang-format off */
	{ VMX_WORD_PIN,	      PIN_NMI,			"NMI exiting" },
	{ VMX_WORD_PIN,	      PIN_VIRTUAL_NMIS,		"virtual NMIs" },
	{ VMX_WORD_PRIMARY,   PROC_TSC_OFFSETTING,	"use TSC offsetting" },
	{ VMX_WORD_PRIMARY,   PROC_IO_BITMAPS,		"use I/O bitmaps" },
	{ VMX_WORD_PRIMARY,   PROC_MSR_BITMAPS,		"use MSR bitmaps" },
	{ VMX_WORD_PRIMARY,   PROC_SECONDARY,		"activate secondary controls" },
	{ VMX_WORD_PRIMARY,   PROC_CR3_LOAD,		"CR3-load exiting" },
	{ VMX_WORD_PRIMARY,   PROC_CR3_STORE,		"CR3-store exiting" },
	{ VMX_WORD_SECONDARY, PROC2_EPT,		"enable EPT" },
	{ VMX_WORD_SECONDARY, PROC2_VPID,		"enable VPID" },
	{ VMX_WORD_SECONDARY, PROC2_UNRESTRICTED_GUEST,	"unrestricted guest" },
	{ VMX_WORD_EXIT,      EXIT_SAVE_DEBUG,		"save debug controls" },
	{ VMX_WORD_EXIT,      EXIT_HOST_ADDRESS_SPACE,	"host address-space size" },
	{ VMX_WORD_EXIT,      EXIT_SAVE_PAT,		"save IA32_PAT" },
	{ VMX_WORD_EXIT,      EXIT_LOAD_PAT,		"load IA32_PAT at exit" },
	{ VMX_WORD_EXIT,      EXIT_SAVE_EFER,		"save IA32_EFER" },
	{ VMX_WORD_EXIT,      EXIT_LOAD_EFER,		"load IA32_EFER at exit" },
	{ VMX_WORD_ENTRY,     ENTRY_LOAD_DEBUG,		"load debug controls" },
	{ VMX_WORD_ENTRY,     ENTRY_LOAD_PAT,		"load IA32_PAT at entry" },
	{ VMX_WORD_ENTRY,     ENTRY_LOAD_EFER,		"load IA32_EFER at entry" },
	/* clang-format on */
};

static const char *name_of(unsigned int word, u64 bits)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].word == word && (names[i].bit & bits)) {
			return names[i].name;
		}
	}
	return "a control that Plinth does not know";
}

u32 vmx_controls_msr(enum vmx_control_word word)
{
	return rows[word].msr;
}

bool vmx_controls_choose(const u64 msr[VMX_WORDS], struct vmx_controls *out,
			 struct vmx_refusal *refusal)
{
	for (unsigned int i = 0; i < VMX_WORDS; i++) {
		const struct row *row = &rows[i];
		u64 fixed = low32(msr[i]);
		u64 allowed = high32(msr[i]);
		u64 missing = row->must & ~allowed;
		u64 stuck = row->never & fixed;

		if (missing || stuck) {
			refusal->name = name_of(i, missing ? missing : stuck);
			refusal->missing = missing != 0;
			return false;
		}
		out->word[i] = (u32)(fixed | row->must | (row->want & allowed));
	}
	return true;
}
