/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of the synthetic MSRs: a sequence of writes by two VPs, against a model that maps pages
 * only as the effects say. At any time the mapping and the registers have to tell the same story.
 */
#include <string.h>

#include "hv/msr.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define CHECK(x)                          \
	do {                              \
		if (!(x)) {               \
			__builtin_trap(); \
		}                         \
	} while (0)

#define PAGES	16u
#define MAX_GPA ((u64)PAGES << PAGE_SHIFT)

static bool is_ram(const void *ctx, u64 gpa)
{
	(void)ctx;
	return gpa < MAX_GPA / 2;
}

static void check_story(const struct hv_partition *p, const struct hv_vp *vps,
			const enum hv_overlay_kind *shown)
{
	u64 hypercall = p->hypercall, tsc = p->reference_tsc;

	CHECK(p->guest_os_id != 0 || !(hypercall & 1) || (hypercall & HV_HYPERCALL_MSR_LOCKED));
	CHECK((hypercall & PAGE_MASK) < MAX_GPA);
	for (u64 page = 0; page < PAGES; page++) {
		u64 gpa = page << PAGE_SHIFT;
		enum hv_overlay_kind want = HV_OVERLAY_NONE;

		if ((hypercall & 1) && (hypercall & PAGE_MASK) == gpa) {
			want = HV_OVERLAY_HYPERCALL;
		} else if ((tsc & 1) && (tsc & PAGE_MASK) == gpa) {
			want = HV_OVERLAY_REFERENCE_TSC;
		} else if (hv_vp_assist_gpa(&vps[0]) == gpa || hv_vp_assist_gpa(&vps[1]) == gpa) {
			want = HV_OVERLAY_VP_ASSIST;
		}
		CHECK(shown[page] == want);
	}
	for (u32 i = 0; i < 2; i++) {
		CHECK(!(vps[i].vp_assist & 1) || is_ram(NULL, vps[i].vp_assist & PAGE_MASK));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const char *const options[] = { "default", "default,+hv-reset,+hv-vapic",
					       "default,-hv-time,-hv-crash", "none" };
	const struct hv_platform platform = { .vps = 2,
					      .max_gpa = MAX_GPA,
					      .tsc_hz = 2000000000,
					      .apic_msrs = true,
					      .gpa_is_ram = is_ram };
	enum hv_overlay_kind shown[PAGES] = { HV_OVERLAY_NONE };
	static struct hv_vp vps[2];
	struct hv_partition partition;
	struct hv_effects effects;
	struct hv_policy policy;

	if (size < 1) {
		return 0;
	}
	hv_policy_parse(&policy, options[data[0] % ARRAY_SIZE(options)], NULL, NULL);
	hv_partition_init(&partition, &policy, &platform, 0);
	hv_vp_init(&vps[0], 0);
	hv_vp_init(&vps[1], 1);
	for (data++, size--; size >= 10; data += 10, size -= 10) {
		u32 msr = 0x40000000u + data[0] + (u32)(data[1] & 2) * 0x80;
		struct hv_vp *vp = &vps[data[1] & 1];
		u64 value, read = 0;

		memcpy(&value, data + 2, sizeof(value));
		if (data[1] & 4) {
			value &= MAX_GPA - 1;
		}
		if (hv_msr_write(&partition, vp, msr, value, &effects) != HV_MSR_OK) {
			CHECK(effects.pages == 0 && !effects.crash && !effects.reset);
		}
		CHECK(effects.pages <= 2 && effects.crash_length <= HV_CRASH_MESSAGE_MAX);
		CHECK(range_fits(effects.crash_gpa, effects.crash_length, MAX_GPA));
		for (u32 i = 0; i < effects.pages; i++) {
			CHECK(effects.page[i].gpa < MAX_GPA);
			shown[effects.page[i].gpa >> PAGE_SHIFT] = effects.page[i].kind;
		}
		hv_msr_read(&partition, vp, value, msr, &read);
		check_story(&partition, vps, shown);
	}
	return 0;
}
