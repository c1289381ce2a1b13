/* SPDX-License-Identifier: MIT */
/*
 * Synthetic MSRs. A row decides whether there is such an access at all; the functions above the
 * table know what the register means. They write state and describe effects, no more.
 */
#include "hv/msr.h"

#include "lib/string.h"

struct access {
	const struct hv_partition *partition;
	const struct hv_vp *vp;
	u64 tsc;
	u32 msr;
};

struct change {
	struct hv_partition *partition;
	struct hv_vp *vp;
	u32 msr;
	struct hv_effects *effects;
};

struct msr_row {
	u32 first;
	u32 last;
	const char *name;
	u8 word;
	bool readable; /* for an alias */
	u16 alias;     /* x2APIC MSR, or 0 */
	u32 needs;     /* 0: refused */
	u64 (*read)(const struct access *a);
	bool (*write)(const struct change *c, u64 value); /* false: #GP(0), nothing changed */
};

static u64 read_zero(const struct access *a)
{
	(void)a;
	return 0;
}

static u64 read_guest_os_id(const struct access *a)
{
	return a->partition->guest_os_id;
}

static u64 read_hypercall(const struct access *a)
{
	return a->partition->hypercall;
}

static u64 read_vp_index(const struct access *a)
{
	return a->vp->index;
}

static u64 read_time(const struct access *a)
{
	/* A VP has its CPU for itself from the start: its run time is the partition's age. */
	return hv_ref_time_at(&a->partition->clock, a->tsc);
}

static u64 read_reference_tsc(const struct access *a)
{
	return a->partition->reference_tsc;
}

static u64 read_tsc_frequency(const struct access *a)
{
	return a->partition->platform->tsc_hz;
}

static u64 read_apic_frequency(const struct access *a)
{
	return a->partition->platform->apic_hz;
}

static u64 read_vp_assist(const struct access *a)
{
	return a->vp->vp_assist;
}

static u64 read_crash_p(const struct access *a)
{
	return a->partition->crash_p[a->msr - HV_X64_MSR_CRASH_P0];
}

static u64 read_crash_ctl(const struct access *a)
{
	(void)a;
	/* What can be asked for, not what was. [TLFS "Partition Crash Enlightenment"] */
	return HV_CRASH_CTL_CRASH_NOTIFY | HV_CRASH_CTL_CRASH_MESSAGE;
}

static u64 read_tsc_invariant(const struct access *a)
{
	return a->partition->tsc_invariant_control;
}

static bool page_in_gpa_space(const struct change *c, u64 value)
{
	return (value & HV_OVERLAY_MSR_GPFN) < c->partition->platform->max_gpa;
}

static void move_overlay(const struct change *c, enum hv_overlay_kind kind, u64 value)
{
	bool shown = (value & HV_OVERLAY_MSR_ENABLE) && page_in_gpa_space(c, value);
	u64 gpa = shown ? value & HV_OVERLAY_MSR_GPFN : HV_OVERLAY_OFF;

	c->effects->pages =
		hv_overlay_move(&c->partition->overlays, kind, c->vp->index, gpa, c->effects->page);
}

static void set_hypercall(const struct change *c, u64 value)
{
	c->partition->hypercall = value;
	move_overlay(c, HV_OVERLAY_HYPERCALL, value);
}

static bool write_guest_os_id(const struct change *c, u64 value)
{
	u64 hypercall = c->partition->hypercall;

	c->partition->guest_os_id = value;
	/* [TLFS "Reporting the Guest OS Identity"]; a locked register is immutable even so. */
	if (value == 0 && !(hypercall & HV_HYPERCALL_MSR_LOCKED)) {
		set_hypercall(c, hypercall & ~HV_OVERLAY_MSR_ENABLE);
	}
	return true;
}

static bool write_hypercall(const struct change *c, u64 value)
{
	u64 old = c->partition->hypercall;

	if (!page_in_gpa_space(c, value)) {
		return false; /* [TLFS "Establishing the Hypercall Interface"] */
	}
	if ((old & HV_HYPERCALL_MSR_LOCKED) && value != old) {
		return false; /* [TLFS "Establishing the Hypercall Interface"] */
	}
	if (c->partition->guest_os_id == 0 && value != old) {
		value &= ~HV_OVERLAY_MSR_ENABLE; /* the enable bit remains zero */
	}
	set_hypercall(c, value);
	return true;
}

static bool write_reset(const struct change *c, u64 value)
{
	c->effects->reset = (value & HV_RESET_MSR_RESET) != 0;
	return true;
}

static bool write_reference_tsc(const struct change *c, u64 value)
{
	/* A page beyond the GPA space is accepted and not accessible. [TLFS "Timers"] */
	c->partition->reference_tsc = value;
	move_overlay(c, HV_OVERLAY_REFERENCE_TSC, value);
	return true;
}

static bool write_vp_assist(const struct change *c, u64 value)
{
	const struct hv_platform *platform = c->partition->platform;

	/* Nested entries read this page: only L1's own memory will do. */
	if ((value & HV_OVERLAY_MSR_ENABLE) &&
	    (!page_in_gpa_space(c, value) ||
	     !platform->gpa_is_ram(platform->ctx, value & HV_OVERLAY_MSR_GPFN))) {
		return false; /* [TLFS "Virtual Processor Assist Page"] */
	}
	c->vp->vp_assist = value;
	c->effects->vp_assist = true;
	move_overlay(c, HV_OVERLAY_VP_ASSIST, value);
	return true;
}

static bool write_crash_p(const struct change *c, u64 value)
{
	c->partition->crash_p[c->msr - HV_X64_MSR_CRASH_P0] = value;
	return true;
}

static bool write_crash_ctl(const struct change *c, u64 value)
{
	u64 gpa = c->partition->crash_p[3];
	u64 length = MIN(c->partition->crash_p[4], HV_CRASH_MESSAGE_MAX);

	if (!(value & HV_CRASH_CTL_CRASH_NOTIFY)) {
		return true;
	}
	c->effects->crash = true;
	if ((value & HV_CRASH_CTL_CRASH_MESSAGE) &&
	    range_fits(gpa, length, c->partition->platform->max_gpa)) {
		c->effects->crash_gpa = gpa;
		c->effects->crash_length = (u32)length;
	}
	return true;
}

static bool write_tsc_invariant(const struct change *c, u64 value)
{
	if (value & ~HV_TSC_INVARIANT_CONTROL_EXPOSE) {
		return false; /* reserved bits of HV_X64_MSR_TSC_INVARIANT_CONTROL */
	}
	c->partition->tsc_invariant_control = value;
	c->effects->tsc_invariant = true;
	return true;
}

static const struct msr_row rows[] = {
#define MSR(f, l, n, w, b, r, wr) \
	{ .first = (f),           \
	  .last = (l),            \
	  .name = (n),            \
	  .word = (w),            \
	  .needs = (u32)(b),      \
	  .read = (r),            \
	  .write = (wr) },
#define APIC(number, n, x2apic, can_read)    \
	{ .first = (number),                 \
	  .last = (number),                  \
	  .name = (n),                       \
	  .word = HV_FEATURES_EAX,           \
	  .needs = HV_ACCESS_INTR_CTRL_REGS, \
	  .alias = (x2apic),                 \
	  .readable = (can_read) },
#define REFUSED(f, l, n) { .first = (f), .last = (l), .name = (n) },
#include "hv/msrs.def"
#undef MSR
#undef APIC
#undef REFUSED
};

static const struct msr_row *find_row(u32 msr)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows) && rows[i].first <= msr; i++) {
		if (msr <= rows[i].last) {
			return &rows[i];
		}
	}
	return NULL;
}

static bool offered(const struct hv_partition *partition, const struct msr_row *row)
{
	return row->needs != 0 && hv_policy_has(partition->policy, row->word, row->needs) &&
	       (row->alias == 0 || partition->platform->apic_msrs);
}

enum hv_msr_result hv_msr_read(const struct hv_partition *partition, const struct hv_vp *vp,
			       u64 tsc, u32 msr, u64 *value)
{
	const struct msr_row *row = find_row(msr);
	struct access a = { .partition = partition, .vp = vp, .tsc = tsc, .msr = msr };

	if (row == NULL || !hv_policy_offers(partition->policy)) {
		return HV_MSR_UNKNOWN;
	}
	if (!offered(partition, row)) {
		return HV_MSR_GP; /* [TLFS "HV_PARTITION_PRIVILEGE_MASK"] */
	}
	if (row->alias != 0) {
		return row->readable ? HV_MSR_APIC : HV_MSR_GP; /* [TLFS "HV_X64_MSR_EOI"] */
	}
	if (row->read == NULL) {
		return HV_MSR_GP;
	}
	*value = row->read(&a);
	return HV_MSR_OK;
}

/*
 * An operating system on its way out disables the page whether or not it was offered. Linux's
 * hyperv_cleanup() does.
 */
static bool is_idle_disable(u32 msr, u64 value)
{
	return msr == HV_X64_MSR_REFERENCE_TSC && !(value & HV_OVERLAY_MSR_ENABLE);
}

enum hv_msr_result hv_msr_write(struct hv_partition *partition, struct hv_vp *vp, u32 msr,
				u64 value, struct hv_effects *effects)
{
	const struct msr_row *row = find_row(msr);
	struct change c = { .partition = partition, .vp = vp, .msr = msr, .effects = effects };

	memset(effects, 0, sizeof(*effects));
	if (row == NULL || !hv_policy_offers(partition->policy)) {
		return HV_MSR_UNKNOWN;
	}
	if (!offered(partition, row)) {
		return is_idle_disable(msr, value) ? HV_MSR_OK : HV_MSR_GP;
	}
	if (row->alias != 0) {
		/* [TLFS "HV_X64_MSR_EOI"]: bits 63:32 are RsvdZ */
		return !row->readable && high32(value) != 0 ? HV_MSR_GP : HV_MSR_APIC;
	}
	if (row->write == NULL || !row->write(&c, value)) {
		return HV_MSR_GP;
	}
	return HV_MSR_OK;
}

u32 hv_msr_apic_alias(u32 msr)
{
	const struct msr_row *row = find_row(msr);

	return row == NULL ? 0 : row->alias;
}

const char *hv_msr_name(u32 msr)
{
	const struct msr_row *row = find_row(msr);

	return row == NULL ? NULL : row->name;
}
