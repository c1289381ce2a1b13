/* SPDX-License-Identifier: MIT */
/*
 * What is offered to L1: one value from which CPUID leaves, the privilege mask, accepted MSRs and
 * accepted hypercalls all derive. Owns the profiles, the table of features and their implications,
 * and the `hv=` option. Knows the machine only as struct hv_platform, which the shell fills in.
 */
#ifndef HV_POLICY_H
#define HV_POLICY_H

#include "hv/tlfs.h"

/* The registers of the leaves that state an offer. */
enum hv_word {
	HV_FEATURES_EAX, /* 0x40000003: privileges, low half */
	HV_FEATURES_EBX, /* 0x40000003: privileges, high half */
	HV_FEATURES_EDX, /* 0x40000003 */
	HV_HINTS_EAX,	 /* 0x40000004 */
	HV_HINTS_EBX,	 /* 0x40000004: spin retries; a number, not bits */
	HV_NESTED_EAX,	 /* 0x4000000A */
	HV_NESTED_EBX,	 /* 0x4000000A */
	HV_WORDS
};

struct hv_policy {
	const char *profile; /* name of the profile it started from */
	u32 max_leaf;	     /* 0x40000000 EAX; 0: nothing at all is offered */
	u32 word[HV_WORDS];
	u32 build;   /* 0x40000002 EAX */
	u32 version; /* 0x40000002 EBX: major in 31:16, minor in 15:0 */
	u32 asked;   /* a bit for each feature that the option adds by name */
};

/* What the shell knows of the machine; constant once the partition runs. */
struct hv_platform {
	u32 vps;		   /* VPs of the partition, 1 to HV_VPS_MAX; indices are dense */
	u32 physical_address_bits; /* leaf 0x40000004 ECX; 0: not reported */
	u32 virtual_address_bits;  /* of L1's addresses: 48 or 57, for the canonical check */
	u64 max_gpa;		   /* first address behind the partition's GPA space */
	u64 tsc_hz;		   /* 0: not known */
	u64 apic_hz;		   /* local APIC timer's input clock; 0: not known */
	bool frequencies_exact;	   /* both of the above may be told to L1 as facts */
	bool tsc_invariant;	   /* constant rate, same value on all CPUs */
	bool xmm_input;		   /* the shell can fetch XMM0-5 */
	bool apic_msrs;		   /* the shell carries out HV_MSR_APIC */
	bool evmcs;		   /* L1's nested entries accept one */
	bool emsr_bitmap;	   /* they keep what they merged of L1's bitmap while it is clean */
	u32 flush_list_pages;	   /* a list that names more pages becomes a full flush; 0: 64 */
	u8 hypercall_insn[3];	   /* opcode of the CPU's hypercall instruction */
	bool (*gpa_is_ram)(const void *ctx, u64 gpa); /* whether L1 has RAM on this page */
	const void *ctx;
};

enum hv_warning_kind {
	HV_WARN_PROFILE,  /* unknown profile; `other`: the nearest one; "default" is used */
	HV_WARN_FEATURE,  /* unknown feature; `other`: the nearest one */
	HV_WARN_SYNTAX,	  /* a word without + or -, or an empty one */
	HV_WARN_VALUE,	  /* a malformed or misplaced =VALUE */
	HV_WARN_REQUIRED, /* a feature that may not be removed */
	HV_WARN_NEEDS,	  /* dropped: needs the feature `other`, which is not offered */
	HV_WARN_PLATFORM, /* dropped: `other` says what the machine lacks */
};

struct hv_warning {
	enum hv_warning_kind kind;
	const char *word; /* not terminated */
	size_t length;
	const char *other; /* NULL: none */
};

typedef void (*hv_warn_fn)(void *ctx, const struct hv_warning *warning);

/* One sentence for a log line such as "hv: WORD: TEXT (OTHER)". */
const char *hv_warning_text(enum hv_warning_kind kind);

/*
 * `option`: PROFILE[,+FEATURE[=VALUE]|,-FEATURE]..., NULL or "" for "default". Names are QEMU's,
 * with or without "hv-", '_' as good as '-'. Never fails: what is not understood is reported and
 * skipped. The result is consistent (hv_policy_check), features with unmet needs dropped.
 */
void hv_policy_parse(struct hv_policy *policy, const char *option, hv_warn_fn warn, void *ctx);

/* Takes back what this machine cannot hold (exact frequencies, invariant TSC, XMM input, ...). */
void hv_policy_constrain(struct hv_policy *policy, const struct hv_platform *platform,
			 hv_warn_fn warn, void *ctx);

/* The first implication that does not hold, as a sentence; NULL when all hold. */
const char *hv_policy_check(const struct hv_policy *policy);

/* Calls `each` for every feature: its name, whether it is offered. For help and shell output. */
void hv_policy_list(const struct hv_policy *policy,
		    void (*each)(void *ctx, const char *name, bool offered), void *ctx);

/* Whether all of `bits` are offered. */
static inline bool hv_policy_has(const struct hv_policy *policy, enum hv_word word, u64 bits)
{
	return (policy->word[word] & bits) == bits;
}

/* Whether anything is: CPUID.1:ECX[31] and the leaves at 0x40000000. */
static inline bool hv_policy_offers(const struct hv_policy *policy)
{
	return policy->max_leaf != 0;
}

/* Whether HvCallNotifyLongSpinWait is wanted. [TLFS "Guest Spinlocks"] */
static inline bool hv_policy_has_spin_notify(const struct hv_policy *policy)
{
	u32 retries = policy->word[HV_HINTS_EBX];

	return retries != 0 && retries != HV_SPIN_RETRIES_NEVER_NOTIFY;
}

#endif
