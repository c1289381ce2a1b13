/* SPDX-License-Identifier: MIT */
/*
 * What L1 gets for each MSR: deny by default, allow by row of arch/x86/msr_policy.def. Decisions
 * only; it touches no MSR, and the handlers that it names live in the shell (arch/x86/msr.c).
 */
#ifndef ARCH_X86_MSR_POLICY_H
#define ARCH_X86_MSR_POLICY_H

#include "lib/bits.h"

enum msr_action {
	MSR_ACTION_GP = 0,  /* #GP(0) */
	MSR_ACTION_PASS,    /* the real MSR, without an exit; after an exit all the same: REAL */
	MSR_ACTION_REAL,    /* the real MSR through the fault-safe accessor; a fault is L1's #GP */
	MSR_ACTION_ZERO,    /* reads 0; a write is dropped */
	MSR_ACTION_VIRTUAL, /* `handler` answers */
};

/* Who answers a MSR_ACTION_VIRTUAL access. The comment is the contract of the handler. */
enum msr_handler {
	MSR_HANDLER_NONE = 0,
	MSR_HANDLER_TSC,	 /* RDTSC as L1 sees it; a write moves L1's TSC offset */
	MSR_HANDLER_APIC_BASE,	 /* never clears EN or changes the base on the hardware */
	MSR_HANDLER_X2APIC_ICR,	 /* INIT and SIPI are emulated; #GP outside x2APIC mode */
	MSR_HANDLER_PAT,	 /* vmcb01's g_pat; #GP unless msr_pat_legal() */
	MSR_HANDLER_MTRR,	 /* a write: #GP unless msr_mtrr_legal(), else dropped */
	MSR_HANDLER_EFER,	 /* SVME is virtual: the hardware's stays 1 */
	MSR_HANDLER_VM_CR,	 /* SVMDIS and LOCK read 0; writable as long as not locked */
	MSR_HANDLER_VM_HSAVE_PA, /* page-aligned below MAXPHYADDR or #GP; never used as storage */
	MSR_HANDLER_TSC_RATIO,	 /* reserved bits 63:40 #GP */
	MSR_HANDLER_HWCR,	 /* a read: the real one with TscFreqSel, bit 24, set */
	MSR_HANDLER_HYPERV,	 /* hv/msr.c, which has its own table and may answer #GP */
	MSR_HANDLER_DEBUGCTL,	 /* Intel: a VMCS field */
	MSR_HANDLER_FEATURE_CONTROL, /* Intel: locked; a write is #GP */
	MSR_HANDLER_VMX_CAPS,	     /* Intel: 480h..491h, read-only */
	MSR_HANDLER_COUNT,
};

/* One direction of one row. */
struct msr_rule {
	u8 action;  /* enum msr_action */
	u8 handler; /* enum msr_handler, for MSR_ACTION_VIRTUAL only */
	/*
	 * MSR_ACTION_REAL only. Read: bits outside read as 0. Write: bits outside keep the value
	 * that the real MSR has; with ~0 the value is written as it is, without a read before.
	 */
	u64 mask;
};

struct msr_row {
	u32 first;
	u32 last; /* inclusive */
	const char *name;
	struct msr_rule read;
	struct msr_rule write;
	u8 vendor;    /* enum msr_vendor */
	u8 condition; /* of the .def; 0: always */
};

enum msr_vendor {
	MSR_VENDOR_ANY,
	MSR_VENDOR_AMD,
	MSR_VENDOR_INTEL,
};

#define MSR_POLICY_ROWS_MAX 128 /* a power of two */

/* The rows that hold on this machine, sorted. Boot-constant after msr_policy_init(). */
struct msr_policy {
	u32 first[MSR_POLICY_ROWS_MAX]; /* padded with ~0 */
	const struct msr_row *row[MSR_POLICY_ROWS_MAX];
	unsigned int count;
};

/* The facts that conditions are made of. */
struct msr_policy_env {
	bool intel;  /* else AMD or Hygon */
	bool hyperv; /* the Hyper-V interface is offered */
	/* CPUID as L1 sees it, that is after cpuid_policy_apply() with any CR4. */
	void (*cpuid)(void *context, u32 leaf, u32 subleaf, u32 regs[4]);
	void *context;
};

/* The whole table, for tests and for the shell's listing. */
extern const struct msr_row msr_policy_table[];
extern const size_t msr_policy_table_count;

void msr_policy_init(struct msr_policy *p, const struct msr_policy_env *env);

/* What RDMSR and WRMSR of `msr` do. Never NULL: an MSR without a row is #GP. */
const struct msr_rule *msr_policy_read(const struct msr_policy *p, u32 msr);
const struct msr_rule *msr_policy_write(const struct msr_policy *p, u32 msr);

/* The row of `msr`, or NULL. */
const struct msr_row *msr_policy_find(const struct msr_policy *p, u32 msr);

/*
 * Fills a permission map of vmcb01 [APM "MSR Intercepts"]: two bits for each MSR of three ranges,
 * clear (no intercept) exactly where the action is MSR_ACTION_PASS.
 */
void msr_policy_bitmap_svm(const struct msr_policy *p, u8 msrpm[0x2000]);

/*
 * The same for vmcs01 [SDM "MSR-Bitmap Address"]: one bit for each MSR of two ranges, RDMSR first.
 */
void msr_policy_bitmap_vmx(const struct msr_policy *p, u8 bitmap[0x1000]);

/*
 * Whether all eight fields of a PAT value are types that exist and no reserved bit is set:
 * UC 0, WC 1, WT 4, WP 5, WB 6, UC- 7 [APM "PAT Register"].
 */
static inline bool msr_pat_legal(u64 pat)
{
	u64 reserved = pat & 0xf8f8f8f8f8f8f8f8ull;
	u64 types_2_3 = pat & ~(pat >> 1) & 0x0202020202020202ull;

	return (reserved | types_2_3) == 0;
}

/*
 * Whether WRMSR of this value to this MTRR (200h..20Fh, 250h, 258h, 259h, 268h..26Fh, 2FFh) is
 * without a reserved type or bit [APM "Memory-Type Range Registers"]. phys_mbz: address bits at
 * and above MAXPHYADDR.
 */
bool msr_mtrr_legal(u32 msr, u64 value, u64 phys_mbz);

#endif
