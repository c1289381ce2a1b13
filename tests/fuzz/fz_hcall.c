/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of the hypercall ABI. Input: registers, caller's mode, XMM, then the contents of L1's one
 * page. Whatever comes, a call ends in a legal way, reads each byte once and stays within its page.
 */
#include <string.h>

#include "hv/hypercall.h"
#include "hv/msr.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define CHECK(x)                          \
	do {                              \
		if (!(x)) {               \
			__builtin_trap(); \
		}                         \
	} while (0)

#define CODE_PAGE 0x2000ull
#define RAM_PAGE  0x3000ull
#define MAX_GPA	  0x100000ull

struct header {
	struct hv_hypercall_regs regs;
	u64 xmm[12];
	u8 mode;
	u8 features;
	u8 vps;
	u8 bits57;
};

static struct {
	u8 page[PAGE_SIZE];
	u64 xmm[12];
	u32 reads;
} l1;

static bool read_l1(void *ctx, u64 gpa, void *buf, size_t len)
{
	(void)ctx;
	CHECK(++l1.reads == 1);
	CHECK(len != 0 && (gpa & 7) == 0 && (gpa & ~PAGE_MASK) + len <= PAGE_SIZE);
	CHECK(gpa < MAX_GPA);
	if ((gpa & PAGE_MASK) != RAM_PAGE) {
		return false;
	}
	memcpy(buf, l1.page + (gpa & ~PAGE_MASK), len);
	memset(l1.page, 0xFF, sizeof(l1.page)); /* another CPU is at it */
	return true;
}

static bool write_l1(void *ctx, u64 gpa, const void *buf, size_t len)
{
	(void)ctx;
	CHECK(len != 0 && (gpa & 7) == 0 && (gpa & ~PAGE_MASK) + len <= PAGE_SIZE);
	CHECK((gpa & PAGE_MASK) != CODE_PAGE && gpa < MAX_GPA);
	if ((gpa & PAGE_MASK) != RAM_PAGE) {
		return false;
	}
	memcpy(l1.page + (gpa & ~PAGE_MASK), buf, len);
	return true;
}

static void read_xmm(void *ctx, u32 count, u64 *buf)
{
	(void)ctx;
	CHECK(count >= 1 && count <= HV_FAST_INPUT_XMM);
	memcpy(buf, l1.xmm, count * 16);
}

static bool is_ram(const void *ctx, u64 gpa)
{
	(void)ctx;
	return gpa == RAM_PAGE;
}

static bool canonical(u64 gva, u32 bits)
{
	return (u64)((s64)(gva << (64 - bits)) >> (64 - bits)) == gva;
}

static void check_flush(const struct hv_flush *flush, const struct hv_partition *partition)
{
	u32 bits = partition->platform->virtual_address_bits;
	u64 pages = 0;

	CHECK((flush->targets.bank[0] & ~partition->vps.bank[0]) == 0);
	CHECK(!vp_set_empty(&flush->targets));
	if (flush->whole) {
		return;
	}
	CHECK(flush->count != 0 && !flush->non_global_only);
	for (u32 i = 0; i < flush->count; i++) {
		u64 first = flush->gva[i] & PAGE_MASK;
		u64 last = first + (FIELD_GET(HV_GVA_RANGE_EXTRA_PAGES, flush->gva[i]) << 12);

		CHECK(last >= first && canonical(first, bits) && canonical(last, bits));
		CHECK((first >> 63) == (last >> 63));
		pages += ((last - first) >> 12) + 1;
	}
	CHECK(pages == flush->pages && pages <= HV_FLUSH_LIST_PAGES_DEFAULT);
}

static void check_result(const struct hv_hypercall_result *r, u64 control,
			 const struct hv_partition *partition)
{
	if (r->action == HV_HYPERCALL_UD) {
		return;
	}
	CHECK(r->action == HV_HYPERCALL_COMPLETE);
	CHECK(r->status <= HV_STATUS_ACCESS_DENIED && r->status != 1);
	CHECK(r->reps <= FIELD_GET(HV_HYPERCALL_REP_COUNT, control));
	CHECK(r->status != HV_STATUS_SUCCESS ||
	      r->reps == FIELD_GET(HV_HYPERCALL_REP_COUNT, control));
	CHECK(r->status == HV_STATUS_SUCCESS || r->effect == HV_EFFECT_NONE);
	if (r->effect == HV_EFFECT_FLUSH) {
		check_flush(&r->flush, partition);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const char *const options[] = { "default", "default,+hv-spinlocks",
					       "default,-hv-xmm-input,+hv-ext-hypercalls", "none" };
	static struct hv_vp vp;
	const struct hv_hypercall_io io = { NULL, read_l1, write_l1, read_xmm };
	struct hv_platform platform = { .max_gpa = MAX_GPA, .gpa_is_ram = is_ram };
	struct hv_hypercall_result result;
	struct hv_partition partition;
	struct hv_effects effects;
	struct hv_caller caller;
	struct hv_policy policy;
	struct header h;
	u64 control;

	if (size < sizeof(h)) {
		return 0;
	}
	memcpy(&h, data, sizeof(h));
	memset(&l1, 0, sizeof(l1));
	memcpy(l1.page, data + sizeof(h), MIN(size - sizeof(h), sizeof(l1.page)));
	memcpy(l1.xmm, h.xmm, sizeof(l1.xmm));
	platform.vps = h.vps % HV_VPS_MAX + 1;
	platform.virtual_address_bits = h.bits57 & 1 ? 57 : 48;
	hv_policy_parse(&policy, options[h.features % ARRAY_SIZE(options)], NULL, NULL);
	hv_partition_init(&partition, &policy, &platform, 0);
	hv_vp_init(&vp, 0);
	hv_msr_write(&partition, &vp, HV_X64_MSR_GUEST_OS_ID, 1, &effects);
	hv_msr_write(&partition, &vp, HV_X64_MSR_HYPERCALL, CODE_PAGE | 1, &effects);
	caller = (struct hv_caller){ .cpl = h.mode & 3,
				     .protected = (h.mode & 4) == 0,
				     .long_mode = (h.mode & 8) == 0 };
	control = caller.long_mode ? h.regs.rcx : make64(low32(h.regs.rdx), low32(h.regs.rax));
	hv_hypercall(&partition, &vp, &caller, &h.regs, &io, &result);
	check_result(&result, control, &partition);
	return 0;
}
