/* SPDX-License-Identifier: MIT */
/*
 * The seam between the neutral core and a vendor's back end, chosen once at boot. The vendor owns
 * the inner loop and calls down into neutral code; neutral code calls back through these.
 */
#ifndef ARCH_X86_VENDOR_H
#define ARCH_X86_VENDOR_H

#include "arch/x86/l1_plan.h"
#include "arch/x86/vcpu.h"
#include "mm/pt_format.h"

/* What the options say of a VP. */
struct vendor_config {
	u32 pool_pages;	  /* of shadow tables, for each VP */
	bool x2apic;	  /* offered to L1 where the CPU has it */
	bool vmcs_shadow; /* the hardware's VMCS shadowing is used where there is one */
};

struct vendor_ops {
	const char *name;	    /* "SVM" */
	bool (*is_present)(void);   /* the CPU's vendor is this one's */
	const char *(*probe)(void); /* NULL, or why this machine cannot run Plinth */
	const struct pt_format *slat_format;
	bool (*slat_has_1g)(void);
	const u8 *hypercall_insn; /* 3 bytes */
	/* What its nested entries honour, for the hv= policy. */
	bool evmcs;
	bool emsr_bitmap;
	/* Maps and tables that all CPUs share; NULL or what went wrong. */
	const char *(*machine_init)(const struct vendor_config *config);
	void (*cpu_enable)(void);			 /* on each CPU */
	struct vcpu *(*vcpu_create)(struct percpu *cpu); /* on that CPU; NULL: no memory */
	void (*start_l1)(struct vcpu *v, const struct l1_entry *entry);
	void (*run)(struct vcpu *v) __noreturn;
	enum outcome (*msr_read)(struct vcpu *v, u32 msr, u64 *value);
	enum outcome (*msr_write)(struct vcpu *v, u32 msr, u64 value);
	u32 (*exit_index)(u32 reason); /* dense, for counters */
	const char *(*exit_name)(u32 index);
	/* One line after the other about a VP's state, for the shell and for a panic. */
	void (*describe)(const struct vcpu *v, bool whole,
			 void (*line)(void *ctx, const char *text), void *ctx);
};

extern const struct vendor_ops *vendor; /* (b) */
extern const struct vendor_ops svm_ops;
extern const struct vendor_ops vmx_ops;

#endif
