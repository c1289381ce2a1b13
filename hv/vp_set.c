/* SPDX-License-Identifier: MIT */
/* Sets of virtual processors: operations, and the two forms in which a hypercall brings one. */
#include "hv/vp_set.h"

/* Without POPCNT, which the compiler may not assume, it would call libgcc. */
static u32 count_bits(u64 v)
{
	u32 n = 0;

	for (; v != 0; v &= v - 1) {
		n++;
	}
	return n;
}

struct vp_set vp_set_first(u32 vps)
{
	struct vp_set set;

	for (u32 b = 0; b < VP_SET_BANKS; b++) {
		u32 low = b * HV_VP_SET_BANK_SIZE;
		u32 n = vps > low ? MIN(vps - low, HV_VP_SET_BANK_SIZE) : 0;

		set.bank[b] = n == 0 ? 0 : GENMASK(n - 1, 0);
	}
	return set;
}

bool vp_set_empty(const struct vp_set *set)
{
	for (u32 b = 0; b < VP_SET_BANKS; b++) {
		if (set->bank[b] != 0) {
			return false;
		}
	}
	return true;
}

bool vp_set_has(const struct vp_set *set, u32 vp)
{
	return vp < HV_VPS_MAX &&
	       (set->bank[vp / HV_VP_SET_BANK_SIZE] & BIT(vp % HV_VP_SET_BANK_SIZE)) != 0;
}

void vp_set_add(struct vp_set *set, u32 vp)
{
	if (vp < HV_VPS_MAX) {
		set->bank[vp / HV_VP_SET_BANK_SIZE] |= BIT(vp % HV_VP_SET_BANK_SIZE);
	}
}

void vp_set_remove(struct vp_set *set, u32 vp)
{
	if (vp < HV_VPS_MAX) {
		set->bank[vp / HV_VP_SET_BANK_SIZE] &= ~BIT(vp % HV_VP_SET_BANK_SIZE);
	}
}

u32 vp_set_count(const struct vp_set *set)
{
	u32 n = 0;

	for (u32 b = 0; b < VP_SET_BANKS; b++) {
		n += count_bits(set->bank[b]);
	}
	return n;
}

u32 vp_set_next(const struct vp_set *set, u32 from)
{
	while (from < HV_VPS_MAX) {
		u64 rest = set->bank[from / HV_VP_SET_BANK_SIZE] >> (from % HV_VP_SET_BANK_SIZE);

		if (rest != 0) {
			return from + (u32)__builtin_ctzll(rest);
		}
		from = (from / HV_VP_SET_BANK_SIZE + 1) * HV_VP_SET_BANK_SIZE;
	}
	return HV_VPS_MAX;
}

struct vp_set vp_set_from_mask(u64 mask, const struct vp_set *existing)
{
	struct vp_set set = { 0 };

	set.bank[0] = mask & existing->bank[0];
	return set;
}

u16 vp_set_from_hv_vp_set(const struct hv_vp_set *head, const u64 *contents, u32 count,
			  const struct vp_set *existing, struct vp_set *out)
{
	if (count != count_bits(head->valid_banks_mask)) {
		return HV_STATUS_INVALID_HYPERCALL_INPUT; /* [TLFS "HV_VP_SET"] */
	}
	if (head->format == HV_GENERIC_SET_ALL) {
		*out = *existing;
		return HV_STATUS_SUCCESS;
	}
	if (head->format != HV_GENERIC_SET_SPARSE_4K) {
		return HV_STATUS_INVALID_PARAMETER; /* [TLFS "HV_VP_SET"] */
	}
	/* Contents are packed: the bank's content stands behind those of the valid banks below. */
	for (u32 b = 0; b < VP_SET_BANKS; b++) {
		u64 valid = head->valid_banks_mask;

		out->bank[b] = 0;
		if (valid & BIT(b)) {
			out->bank[b] =
				contents[count_bits(valid & (BIT(b) - 1))] & existing->bank[b];
		}
	}
	return HV_STATUS_SUCCESS;
}
