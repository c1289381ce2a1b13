/* SPDX-License-Identifier: MIT */
/* First values of the interface's state, and the contents of the hypercall page. */
#include "hv/partition.h"

#include "lib/string.h"

void hv_partition_init(struct hv_partition *partition, const struct hv_policy *policy,
		       const struct hv_platform *platform, u64 tsc)
{
	partition->policy = policy;
	partition->platform = platform;
	partition->vps = vp_set_first(platform->vps);
	partition->clock = hv_ref_time_start(platform->tsc_hz, tsc);
	hv_partition_reset(partition);
}

void hv_vp_init(struct hv_vp *vp, u32 index)
{
	vp->index = index;
	vp->vp_assist = 0;
}

void hv_partition_reset(struct hv_partition *partition)
{
	partition->guest_os_id = 0;
	partition->hypercall = 0;
	partition->reference_tsc = 0;
	partition->tsc_invariant_control = 0;
	memset(partition->crash_p, 0, sizeof(partition->crash_p));
	hv_overlays_init(&partition->overlays);
}

void hv_hypercall_page_fill(const struct hv_platform *platform, void *page)
{
	static const u8 endbr64[4] = { 0xF3, 0x0F, 0x1E, 0xFA };
	u8 *p = page;

	memset(p, 0xCC, PAGE_SIZE);
	memcpy(p, endbr64, sizeof(endbr64)); /* callers come by an indirect branch */
	memcpy(p + 4, platform->hypercall_insn, sizeof(platform->hypercall_insn));
	p[7] = 0xC3;
}
