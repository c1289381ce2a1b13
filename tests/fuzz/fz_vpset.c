/* SPDX-License-Identifier: MIT */
/* Fuzzer of VP sets: HV_VP_SET against a model that goes VP by VP, as the TLFS describes it. */
#include <stdlib.h>
#include <string.h>

#include "hv/vp_set.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define CHECK(x)                          \
	do {                              \
		if (!(x)) {               \
			__builtin_trap(); \
		}                         \
	} while (0)

static bool model_has(const struct hv_vp_set *head, const u64 *contents, u32 vp)
{
	u32 bank = vp / 64, position = 0;

	if (head->format == HV_GENERIC_SET_ALL) {
		return true;
	}
	for (u32 b = 0; b < bank; b++) {
		position += (head->valid_banks_mask >> b) & 1;
	}
	return ((head->valid_banks_mask >> bank) & 1) && ((contents[position] >> (vp % 64)) & 1);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct vp_set existing, out;
	struct hv_vp_set head;
	u64 *contents;
	u32 count, n = 0;
	u16 status;

	if (size < sizeof(head) + 1) {
		return 0;
	}
	existing = vp_set_first(data[0] % 70);
	memcpy(&head, data + 1, sizeof(head));
	head.format &= 3;
	data += 1 + sizeof(head);
	count = (u32)((size - 1 - sizeof(head)) / 8);
	contents = malloc(count * 8 + 1); /* nothing behind what the header carried */
	memcpy(contents, data, count * 8);
	status = vp_set_from_hv_vp_set(&head, contents, count, &existing, &out);
	if ((u32)__builtin_popcountll(head.valid_banks_mask) != count) {
		CHECK(status == HV_STATUS_INVALID_HYPERCALL_INPUT);
	} else if (head.format > HV_GENERIC_SET_ALL) {
		CHECK(status == HV_STATUS_INVALID_PARAMETER);
	} else {
		CHECK(status == HV_STATUS_SUCCESS);
		for (u32 vp = 0; vp < HV_VPS_MAX; vp++) {
			bool want = vp_set_has(&existing, vp) && model_has(&head, contents, vp);

			CHECK(vp_set_has(&out, vp) == want);
			n += want;
		}
		CHECK(vp_set_count(&out) == n && vp_set_empty(&out) == (n == 0));
	}
	free(contents);
	return 0;
}
