/* SPDX-License-Identifier: MIT */
/*
 * The checks of VM entry one by one: the rows of entry_rules.def as functions and as a table, and
 * what their conditions ask for.
 */
#include "arch/x86/vmx/entry_rules.h"
#include "arch/x86/msr_policy.h"

/* VM entry and VM exit do not change NW and CD, and their values are not checked. */
#define CR0_UNCHECKED (CR0_NW | CR0_CD)

#define PENDING_DEBUG_VALID \
	(PENDING_DEBUG_BREAKPOINTS | PENDING_DEBUG_ENABLED | PENDING_DEBUG_BS | PENDING_DEBUG_RTM)

/* In the order of the fields, which is the same for selectors, limits, rights and bases. */
enum segment_id {
	SEGMENT_ES,
	SEGMENT_CS,
	SEGMENT_SS,
	SEGMENT_DS,
	SEGMENT_FS,
	SEGMENT_GS,
	SEGMENT_LDTR,
	SEGMENT_TR,
	SEGMENTS_COUNT,
};

#define DATA_SEGMENTS (BIT(SEGMENT_ES) | BIT(SEGMENT_DS) | BIT(SEGMENT_FS) | BIT(SEGMENT_GS))
#define USER_SEGMENTS (DATA_SEGMENTS | BIT(SEGMENT_CS) | BIT(SEGMENT_SS))

struct segment {
	enum segment_id id;
	u16 selector;
	u32 limit;
	u32 ar;
	u64 base;
};

#define ROW_OF(name)                                                               \
	_Static_assert(offsetof(struct vmcs, guest_tr_##name) -                    \
				       offsetof(struct vmcs, guest_es_##name) ==   \
			       7 * sizeof(((struct vmcs *)NULL)->guest_es_##name), \
		       "the eight " #name " fields are a row")
ROW_OF(selector);
ROW_OF(limit);
ROW_OF(access_rights);
ROW_OF(base);

static inline struct segment segment_of(const struct vmcs *v, enum segment_id id)
{
	const char *p = (const char *)v;

	return (struct segment){
		.id = id,
		.selector = *((const u16 *)(p + offsetof(struct vmcs, guest_es_selector)) + id),
		.limit = *((const u32 *)(p + offsetof(struct vmcs, guest_es_limit)) + id),
		.ar = *((const u32 *)(p + offsetof(struct vmcs, guest_es_access_rights)) + id),
		.base = *((const u64 *)(p + offsetof(struct vmcs, guest_es_base)) + id),
	};
}

/* Whether the condition on `s` holds for a segment register of the set. */
#define ANY(set, condition)                                                           \
	({                                                                            \
		bool any_ = false;                                                    \
		for (unsigned int id_ = 0; id_ < SEGMENTS_COUNT; id_++) {             \
			const struct segment s = segment_of(v, (enum segment_id)id_); \
			any_ |= ((set) >> id_ & 1) && (condition);                    \
		}                                                                     \
		any_;                                                                 \
	})

/* The bits that are not what VMX operation wants [SDM "Restrictions on VMX Operation"]. */
static inline u64 cr_breaks(u64 cr, u64 fixed0, u64 fixed1)
{
	return (cr & ~fixed1) | (fixed0 & ~cr);
}

static inline bool breaks_g_set(const struct segment *s)
{
	return (s->ar & AR_G) && (s->limit & 0xfff) != 0xfff;
}

static inline bool breaks_g_clear(const struct segment *s)
{
	return !(s->ar & AR_G) && s->limit >> 20 != 0;
}

static inline bool eptp_memtype_is_legal(u64 eptp, const struct vmx_caps *caps)
{
	switch (FIELD_GET(EPTP_MEMTYPE_MASK, eptp)) {
	case 0:
		return caps->ept_vpid & EPT_CAP_UC;
	case EPTP_MEMTYPE_WB:
		return caps->ept_vpid & EPT_CAP_WB;
	default:
		return false;
	}
}

static inline bool activity_is_supported(u32 activity, const struct vmx_caps *caps)
{
	switch (activity) {
	case ACTIVITY_ACTIVE:
		return true;
	case ACTIVITY_HLT:
		return caps->misc & VMX_MISC_ACTIVITY_HLT;
	case ACTIVITY_SHUTDOWN:
		return caps->misc & VMX_MISC_ACTIVITY_SHUTDOWN;
	case ACTIVITY_WAIT_SIPI:
		return caps->misc & VMX_MISC_ACTIVITY_WAIT_SIPI;
	default:
		return false;
	}
}

/*
 *			HLT		shutdown	wait-for-SIPI
 * external interrupt	yes		no		no
 * NMI			yes		yes		no
 * exception		#DB, #MC	#MC		no
 * other event 0 (MTF)	yes		no		no
 */
static inline bool activity_takes_event(u32 activity, u64 type, u64 vector)
{
	bool mc = type == INTR_TYPE_HARD_EXCEPTION && vector == VECTOR_MC;

	switch (activity) {
	case ACTIVITY_HLT:
		return mc || type == INTR_TYPE_EXTERNAL || type == INTR_TYPE_NMI ||
		       (type == INTR_TYPE_HARD_EXCEPTION && vector == VECTOR_DB) ||
		       (type == INTR_TYPE_OTHER && vector == 0);
	case ACTIVITY_SHUTDOWN:
		return mc || type == INTR_TYPE_NMI;
	case ACTIVITY_WAIT_SIPI:
		return false;
	default:
		return true;
	}
}

#define RULE(id, text, section, answer, condition)                                \
	static bool broken_##id(__maybe_unused const struct vmcs *v,              \
				__maybe_unused const struct vmx_caps *caps,       \
				__maybe_unused const struct vmx_entry_host *host) \
	{                                                                         \
		return (condition) != 0;                                          \
	}
#include "arch/x86/vmx/entry_rules.def"

const struct vmx_entry_rule vmx_entry_rules[] = {
#define RULE(id, text, section, answer, condition) \
	{ text, "[SDM \"" section "\"]", broken_##id, answer },
#include "arch/x86/vmx/entry_rules.def"
};

const size_t vmx_entry_rules_count = ARRAY_SIZE(vmx_entry_rules);

const struct vmx_entry_rule *vmx_entry_first_broken(u8 group, const struct vmcs *vmcs,
						    const struct vmx_caps *caps,
						    const struct vmx_entry_host *host)
{
	for (size_t i = 0; i < ARRAY_SIZE(vmx_entry_rules); i++) {
		const struct vmx_entry_rule *rule = &vmx_entry_rules[i];

		if (rule->group == group && rule->broken(vmcs, caps, host)) {
			return rule;
		}
	}
	return NULL;
}
