/* SPDX-License-Identifier: MIT */
/*
 * The rules stand in entry_rules.def, one row each. VMRUN is a hot path, so a filter folds them
 * all into a few words first; only an image that it suspects is walked through the table.
 */
#include "arch/x86/svm/entry_checks.h"
#include "arch/x86/msr_policy.h"
#include "arch/x86/spec.h"

#define RULE(id, text, section, condition)                                        \
	static bool broken_##id(__maybe_unused const struct vmcb_control *c,      \
				__maybe_unused const struct vmcb_save *s,         \
				__maybe_unused u64 host_cr0,                      \
				__maybe_unused const struct svm_entry_caps *caps) \
	{                                                                         \
		return (condition) != 0;                                          \
	}
#include "arch/x86/svm/entry_rules.def"

const struct svm_entry_rule svm_entry_rules[] = {
#define RULE(id, text, section, condition) { text, "[APM \"" section "\"]", broken_##id },
#include "arch/x86/svm/entry_rules.def"
};

const size_t svm_entry_rules_count = ARRAY_SIZE(svm_entry_rules);

/* What [APM "Vectors"] lists without SEV-SNP (#HV, #VC) and CET (#CP): 9, 15, 20.. are reserved. */
#define EXCEPTIONS                                                                            \
	(BIT(VECTOR_DE) | BIT(VECTOR_DB) | BIT(VECTOR_BP) | BIT(VECTOR_OF) | BIT(VECTOR_BR) | \
	 BIT(VECTOR_UD) | BIT(VECTOR_NM) | BIT(VECTOR_DF) | BIT(VECTOR_TS) | BIT(VECTOR_NP) | \
	 BIT(VECTOR_SS) | BIT(VECTOR_GP) | BIT(VECTOR_PF) | BIT(VECTOR_MF) | BIT(VECTOR_AC) | \
	 BIT(VECTOR_MC) | BIT(VECTOR_XF) | BIT(VECTOR_SX))

/*
 * EFER[7:1] read as zero and ignore writes, they are not MBZ
 * [APM "Extended Feature Enable Register (EFER)"].
 */
#define EFER_RAZ GENMASK(7, 1)

/* AMD has shadow stacks only: SH_STK_EN and WR_SHSTK_EN [APM "S_CET"]. */
#define S_CET_VALID GENMASK(1, 0)

void svm_entry_caps_init(struct svm_entry_caps *caps, unsigned int maxphyaddr, u64 cr4_valid,
			 u64 efer_valid, u32 features)
{
	bool cet = cr4_valid & CR4_CET;
	bool by_asid = features & SVM_FEATURE_FLUSH_BY_ASID;

	caps->phys_mbz = ~GENMASK(maxphyaddr - 1, 0);
	/*
	 * A map that reaches the last byte below MAXPHYADDR is already refused: that byte is "the
	 * maximum supported physical address". The MSR map has 2000h bytes, of the I/O map only
	 * one byte of the third page counts. Both come to the same first refused page.
	 */
	caps->map_end = BIT(maxphyaddr) - MSRPM_SIZE;
	caps->cr4_mbz = ~cr4_valid;
	caps->efer_mbz = ~(efer_valid | EFER_RAZ);
	caps->s_cet_mbz = cet ? ~S_CET_VALID : 0;
	caps->np_enable = features & SVM_FEATURE_NP ? NP_ENABLE : 0;
	caps->v_nmi_enable = features & SVM_FEATURE_VNMI ? V_NMI_ENABLE : 0;
	caps->exceptions = (u32)(EXCEPTIONS | (cet ? BIT(VECTOR_CP) : 0));
	caps->tlb_encodings = BIT(TLB_CONTROL_NOTHING) | BIT(TLB_CONTROL_FLUSH_ALL);
	if (by_asid) {
		caps->tlb_encodings |=
			BIT(TLB_CONTROL_FLUSH_ASID) | BIT(TLB_CONTROL_FLUSH_ASID_NONGLOBAL);
	}
}

/* EVENTINJ.TYPE: INTR, NMI, exception, software interrupt. */
#define EVENT_TYPES                                                               \
	(BIT(EVENT_TYPE_INTR) | BIT(EVENT_TYPE_NMI) | BIT(EVENT_TYPE_EXCEPTION) | \
	 BIT(EVENT_TYPE_SOFT_INT))

/*
 * The filter: 0 means that no rule is broken; otherwise the table decides. It never suspects too
 * little, and too much only when #OF or #BR is injected; the unit test compares it with the table.
 */
static inline u64 suspect_event(u64 event, const struct svm_entry_caps *caps)
{
	unsigned int type = FIELD_GET(EVENT_TYPE_MASK, event);
	unsigned int vector = FIELD_GET(EVENT_VECTOR_MASK, event);
	u64 modal = BIT(VECTOR_OF) | BIT(VECTOR_BR); /* they depend on the guest's mode */

	if (type == EVENT_TYPE_EXCEPTION) {
		return vector > 31 || !((caps->exceptions & ~modal) >> vector & 1);
	}
	return !(EVENT_TYPES >> type & 1);
}

static inline u64 suspect_save(const struct vmcb_save *s, const struct svm_entry_caps *caps)
{
	u64 bad = s->efer & caps->efer_mbz;

	bad |= ~s->efer & EFER_SVME;
	bad |= s->cr3 & caps->phys_mbz;
	bad |= s->cr4 & caps->cr4_mbz;
	bad |= (s->cr0 | s->dr6 | s->dr7) >> 32;
	bad |= s->cr0 & ~(s->cr0 >> 1) & CR0_NW;
	_Static_assert(CR0_CD == CR0_NW << 1, "CD is moved onto NW");
	if ((s->efer & EFER_LME) && (s->cr0 & CR0_PG)) {
		bad |= ~s->cr4 & CR4_PAE;
		bad |= ~s->cr0 & CR0_PE;
		bad |= s->cs.attrib & (s->cs.attrib >> 1) & SEG_L;
		_Static_assert(SEG_DB == SEG_L << 1, "D is moved onto L");
	}
	return bad;
}

static inline u64 suspect_control(const struct vmcb_control *c, const struct svm_entry_caps *caps)
{
	u64 bad = ~c->intercept_misc2 & INTERCEPT_VMRUN;

	bad |= c->msrpm_base_pa >= caps->map_end;
	bad |= c->iopm_base_pa >= caps->map_end;
	bad |= c->guest_asid == 0;
	if (c->tlb_control != TLB_CONTROL_NOTHING) {
		bad |= c->tlb_control > 31 || !(caps->tlb_encodings >> c->tlb_control & 1);
	}
	if (c->eventinj & EVENT_V) {
		bad |= suspect_event(c->eventinj, caps);
	}
	return bad;
}

static inline u64 suspect_nested(const struct vmcb_control *c, const struct vmcb_save *s,
				 u64 host_cr0, const struct svm_entry_caps *caps)
{
	u64 bad = ~host_cr0 & CR0_PG;

	bad |= c->n_cr3 & caps->phys_mbz;
	bad |= !msr_pat_legal(s->g_pat);
	return bad;
}

/* Without CET, CR4.CET is an MBZ bit, so its rule needs no look of its own. */
static inline u64 suspect_optional(const struct vmcb_control *c, const struct vmcb_save *s,
				   const struct svm_entry_caps *caps)
{
	u64 bad = s->s_cet & caps->s_cet_mbz;

	bad |= (s->cr4 & CR4_CET) && !(s->cr0 & CR0_WP);
	bad |= (c->int_ctl & caps->v_nmi_enable) && !(c->intercept_misc1 & INTERCEPT_NMI);
	return bad;
}

static __attribute__((noinline)) const struct svm_entry_rule *
first_broken_rule(const struct vmcb_control *control, const struct vmcb_save *save, u64 host_cr0,
		  const struct svm_entry_caps *caps)
{
	for (size_t i = 0; i < ARRAY_SIZE(svm_entry_rules); i++) {
		if (svm_entry_rules[i].broken(control, save, host_cr0, caps)) {
			return &svm_entry_rules[i];
		}
	}
	return NULL;
}

static inline __attribute__((always_inline)) u64 suspect(const struct vmcb_control *control,
							 const struct vmcb_save *save, u64 host_cr0,
							 const struct svm_entry_caps *caps)
{
	u64 bad = suspect_save(save, caps) | suspect_control(control, caps);

	if (control->np_enable & caps->np_enable) {
		bad |= suspect_nested(control, save, host_cr0, caps);
	}
	if (caps->s_cet_mbz | caps->v_nmi_enable) {
		bad |= suspect_optional(control, save, caps);
	}
	return bad;
}

bool svm_entry_is_suspect(const struct vmcb_control *control, const struct vmcb_save *save,
			  u64 host_cr0, const struct svm_entry_caps *caps)
{
	return suspect(control, save, host_cr0, caps) != 0;
}

const struct svm_entry_rule *svm_entry_check(const struct vmcb_control *control,
					     const struct vmcb_save *save, u64 host_cr0,
					     const struct svm_entry_caps *caps)
{
	if (likely(!suspect(control, save, host_cr0, caps))) {
		return NULL;
	}
	return first_broken_rule(control, save, host_cr0, caps);
}

#define RFLAGS_DEFINED 0x3f7fd5ull

/* EFER and the mode: what is left of VM, and whether CS.L counts, follow from them. */
static void constrain_mode(struct vmcb_save *s)
{
	u64 lma = (s->efer & EFER_LME) && (s->cr0 & CR0_PG) ? EFER_LMA : 0;

	/*
	 * The processor sets LMA itself [APM "Long-Mode Activation"]; QEMU loads it as it stands,
	 * Bochs stops when it contradicts CR0.PE.
	 */
	s->efer = (s->efer & ~(EFER_RAZ | EFER_LMA)) | lma;
	s->rflags = (s->rflags & RFLAGS_DEFINED) | RFLAGS_FIXED;
	s->cs.attrib |= SEG_P; /* CS is never NULL [APM "Segment State in the VMCB"] */
	if (lma) {
		s->rflags &= ~RFLAGS_VM; /* no virtual-8086 mode there [APM "Long Mode"] */
	} else {
		s->cs.attrib &= (u16)~SEG_L; /* means nothing there; Bochs refuses L with D */
	}
	if (!(s->cr0 & CR0_PE)) {
		s->rflags &= ~RFLAGS_VM;
	}
}

/* CPL is a field of its own, but QEMU takes it from SS.DPL [APM "Segment State in the VMCB"]. */
static void constrain_cpl(struct vmcb_save *s)
{
	s->cpl &= 3;
	if (!(s->cr0 & CR0_PE)) {
		s->cpl = 0;
	} else if (s->rflags & RFLAGS_VM) {
		s->cpl = 3;
	}
	s->ss.attrib = (u16)((s->ss.attrib & ~SEG_DPL_MASK) | FIELD_PREP(SEG_DPL_MASK, s->cpl));
}

void svm_entry_constrain(struct vmcb_save *save)
{
	constrain_mode(save);
	constrain_cpl(save);
}

u64 svm_eventinj_constrain(u64 eventinj)
{
	/* Only exceptions have error codes; Bochs pushes one for any type that says so. */
	bool error = FIELD_GET(EVENT_TYPE_MASK, eventinj) == EVENT_TYPE_EXCEPTION;

	return eventinj & (EVENT_V | EVENT_TYPE_MASK | EVENT_VECTOR_MASK |
			   (error ? EVENT_EV | EVENT_ERROR_CODE_MASK : 0));
}

/*
 * Of TR, VMLOAD observes only whether the TSS is of 16 or of 32 bits, and it is never NULL
 * [APM "Segment State in the VMCB"]. Bochs stops over a TR of another type, or without P, when
 * an interrupt changes the stack. LDTR may be NULL (P = 0), otherwise it is an LDT.
 */
void svm_vmload_constrain(struct vmcb_save *save)
{
	u16 busy = 3; /* type 3: busy 16-bit TSS; 0Bh: busy 32- or 64-bit TSS */
	u16 is_32_bit = save->tr.attrib & 8;

	save->tr.attrib =
		(u16)((save->tr.attrib & ~(SEG_TYPE_MASK | SEG_S)) | SEG_P | busy | is_32_bit);
	if (save->ldtr.attrib & SEG_P) {
		save->ldtr.attrib = (u16)((save->ldtr.attrib & ~(SEG_TYPE_MASK | SEG_S)) | 2);
	}
}
