/* SPDX-License-Identifier: MIT */
/*
 * The four calls that flush L1's own translations. The plain and the Ex forms differ only in how
 * they name VPs; the list forms only in what they add to the record.
 */
#include "hv/hypercall.h"

#define SPACE_FLAGS                                                      \
	(HV_FLUSH_ALL_PROCESSORS | HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES | \
	 HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY)
#define LIST_FLAGS (HV_FLUSH_ALL_PROCESSORS | HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES)

/*
 * How many pages of the range are canonical, from its first on: 0 when that one is not; what runs
 * into the hole or past the end of the address space is cut off there.
 */
static u64 canonical_pages(u64 gva, u64 pages, u32 bits)
{
	u64 half = BIT(bits - 1);
	u64 left;

	if (gva < half) {
		left = (half - gva) >> PAGE_SHIFT;
	} else if (gva >= GENMASK(63, bits - 1)) {
		left = -gva >> PAGE_SHIFT;
	} else {
		left = 0;
	}
	return MIN(pages, left);
}

/* Reduces the list, in place, to what a flush by address can use. */
static void take_list(struct hv_call *call, struct hv_flush *flush)
{
	const struct hv_platform *platform = call->partition->platform;
	u32 limit = platform->flush_list_pages ? platform->flush_list_pages
					       : HV_FLUSH_LIST_PAGES_DEFAULT;
	u64 *kept = call->list;

	flush->gva = kept;
	for (u32 i = call->rep_start; i < call->rep_count; i++) {
		u64 gva = call->list[i] & PAGE_MASK;
		u64 extra = FIELD_GET(HV_GVA_RANGE_EXTRA_PAGES, call->list[i]);
		u64 pages = canonical_pages(gva, extra + 1, platform->virtual_address_bits);

		if (pages == 0) {
			continue; /* [TLFS "HvCallFlushVirtualAddressList"]: invalid GVAs */
		}
		if (pages > limit - flush->pages) {
			flush->whole = true;
			return;
		}
		flush->pages += (u32)pages;
		*kept++ = gva | (pages - 1);
		flush->count++;
	}
}

static void start_flush(struct hv_flush *flush, u64 address_space, u64 flags, bool whole)
{
	flush->address_space = address_space;
	flush->all_spaces = (flags & HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES) != 0;
	flush->non_global_only = (flags & HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY) != 0;
	flush->whole = whole;
	flush->count = 0;
	flush->pages = 0;
	flush->gva = NULL;
}

static u16 plain_targets(struct hv_call *call, u64 allowed, bool whole)
{
	const struct hv_input_flush *in = (const struct hv_input_flush *)call->input;
	const struct vp_set *existing = &call->partition->vps;
	struct hv_flush *flush = &call->result->flush;

	if (in->flags & ~allowed) {
		return HV_STATUS_INVALID_PARAMETER; /* [TLFS "HvCallFlushVirtualAddressSpace"] */
	}
	start_flush(flush, in->address_space, in->flags, whole);
	/* Old guests mean everybody by an empty mask: flushing too much is never wrong. */
	flush->targets = (in->flags & HV_FLUSH_ALL_PROCESSORS) || in->processor_mask == 0
				 ? *existing
				 : vp_set_from_mask(in->processor_mask, existing);
	return HV_STATUS_SUCCESS;
}

static u16 ex_targets(struct hv_call *call, u64 allowed, bool whole)
{
	const struct hv_input_flush_ex *in = (const struct hv_input_flush_ex *)call->input;
	const struct vp_set *existing = &call->partition->vps;
	struct hv_flush *flush = &call->result->flush;
	u16 status;

	status = vp_set_from_hv_vp_set(&in->processor_set, (const u64 *)(in + 1), call->variable,
				       existing, &flush->targets);
	if (status != HV_STATUS_SUCCESS) {
		return status;
	}
	if (in->flags & ~allowed) {
		return HV_STATUS_INVALID_PARAMETER; /* [TLFS "HvCallFlushVirtualAddressSpace"] */
	}
	start_flush(flush, in->address_space, in->flags, whole);
	if (in->flags & HV_FLUSH_ALL_PROCESSORS) {
		flush->targets = *existing;
	}
	return HV_STATUS_SUCCESS;
}

static u16 finish(struct hv_call *call)
{
	struct hv_flush *flush = &call->result->flush;

	call->reps_done = call->rep_count;
	if (!vp_set_empty(&flush->targets) && (flush->whole || flush->count != 0)) {
		call->result->effect = HV_EFFECT_FLUSH;
	}
	return HV_STATUS_SUCCESS;
}

static u16 finish_list(struct hv_call *call)
{
	take_list(call, &call->result->flush);
	return finish(call);
}

u16 hv_flush_virtual_address_space(struct hv_call *call)
{
	u16 status = plain_targets(call, SPACE_FLAGS, true);

	return status == HV_STATUS_SUCCESS ? finish(call) : status;
}

u16 hv_flush_virtual_address_list(struct hv_call *call)
{
	u16 status = plain_targets(call, LIST_FLAGS, false);

	return status == HV_STATUS_SUCCESS ? finish_list(call) : status;
}

u16 hv_flush_virtual_address_space_ex(struct hv_call *call)
{
	u16 status = ex_targets(call, SPACE_FLAGS, true);

	return status == HV_STATUS_SUCCESS ? finish(call) : status;
}

u16 hv_flush_virtual_address_list_ex(struct hv_call *call)
{
	u16 status = ex_targets(call, LIST_FLAGS, false);

	return status == HV_STATUS_SUCCESS ? finish_list(call) : status;
}
