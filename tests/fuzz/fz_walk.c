/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of the table walker: registers, an address and a graph of tables from the input (self-maps
 * and loops included), against the plain model of the rules; with accessed and dirty bits set, and
 * with callbacks that fail at the n-th call.
 */
#include <string.h>

#include "tests/unit/walk_model.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define CHECK(x)                          \
	do {                              \
		if (!(x)) {               \
			__builtin_trap(); \
		}                         \
	} while (0)

#define PAGES 8

/* A page holds only as many words as the input fills; they repeat. */
static struct {
	u64 word[PAGES * 512];
	u32 reads;
	u32 exchanges;
	u32 fail_at; /* the call that fails, counted from 1; 0: none */
	u32 calls;
} mem;

static bool read64(void *ctx, u64 gpa, u64 *value)
{
	CHECK(ctx == &mem && gpa % 8 == 0);
	mem.reads++;
	if (gpa / 8 >= PAGES * 512 || ++mem.calls == mem.fail_at) {
		return false;
	}
	*value = mem.word[gpa / 8];
	return true;
}

static bool cmpxchg64(void *ctx, u64 gpa, u64 want, u64 value, bool *swapped)
{
	CHECK(ctx == &mem && gpa % 8 == 0 && gpa / 8 < PAGES * 512);
	/* accessed and dirty, in one of the two halves, and nothing else */
	CHECK(((want ^ value) & ~0x6000000060ull) == 0 && (want & ~value) == 0 && want != value);
	mem.exchanges++;
	if (++mem.calls == mem.fail_at) {
		return false;
	}
	*swapped = mem.word[gpa / 8] == want;
	mem.word[gpa / 8] = *swapped ? value : mem.word[gpa / 8];
	return true;
}

struct input {
	u64 cr0, cr3, cr4, efer, rflags, va;
	u8 maxphyaddr, model, access, fail_at;
	u32 spare;
};

static enum guest_walk_status run(const struct guest_paging *paging, const struct input *in,
				  u32 access, struct guest_walk_result *result)
{
	memset(result, 0xa5, sizeof(*result));
	mem.reads = mem.exchanges = mem.calls = 0;
	return in->access & 0x80 ? npt_walk(paging, L2GPA(in->va), access, result)
				 : guest_walk(paging, in->va, access, result);
}

/* With accessed and dirty bits: the same answer, or a failure that the callbacks explain. */
static void check_accessed_dirty(const struct guest_paging *paging, const struct input *in,
				 u32 access, const struct walk_model *want)
{
	struct guest_walk_result result;
	enum guest_walk_status status;

	for (u32 i = 0;; i++) {
		CHECK(i <= PT_MAX_LEVELS); /* each retry has set a bit */
		status = run(paging, in, access | GUEST_WALK_SET_AD, &result);
		CHECK(mem.reads <= PT_MAX_LEVELS && mem.exchanges <= PT_MAX_LEVELS);
		if (status != GUEST_WALK_RETRY) {
			break;
		}
	}
	CHECK(status == GUEST_WALK_OK || mem.exchanges == 0 || status == GUEST_WALK_WRITE_FAILED);
	if (status == GUEST_WALK_OK && !(access & GUEST_WALK_WRITE)) {
		CHECK(model_agrees(want, status, &result));
	}
	if (status == GUEST_WALK_OK && (access & GUEST_WALK_WRITE)) {
		CHECK(result.dirty);
	}
	mem.fail_at = in->fail_at % 12;
	status = run(paging, in, access | GUEST_WALK_SET_AD, &result);
	CHECK(mem.fail_at == 0 || mem.calls < mem.fail_at || status == GUEST_WALK_READ_FAILED ||
	      status == GUEST_WALK_WRITE_FAILED);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct guest_paging paging = { .ctx = &mem, .read64 = read64, .cmpxchg64 = cmpxchg64 };
	struct guest_walk_result result;
	enum guest_walk_status status;
	struct walk_model want;
	struct input in;
	u32 words, access;

	if (size < sizeof(in) + 8) {
		return 0;
	}
	memcpy(&in, data, sizeof(in));
	words = (u32)((size - sizeof(in)) / 8);
	mem.fail_at = 0;
	for (u32 i = 0; i < PAGES * 512; i++) {
		memcpy(&mem.word[i], data + sizeof(in) + 8 * ((i * 7) % words), 8);
	}
	paging.cr0 = in.cr0;
	paging.cr3 = in.cr3 & 0xfff0000000007fff;
	paging.cr4 = in.cr4;
	paging.efer = in.efer;
	paging.rflags = in.rflags;
	paging.maxphyaddr = (u8)(32 + in.maxphyaddr % 21);
	paging.model = in.model;
	access = in.access & 0x0f;
	want = model_walk(&paging, in.va, access, in.access & 0x80);
	status = run(&paging, &in, access, &result);
	CHECK(mem.reads <= PT_MAX_LEVELS && mem.exchanges == 0);
	CHECK(model_agrees(&want, status, &result));
	if (status == GUEST_WALK_OK && result.level != 0) {
		CHECK(result.page_shift >= 12 && result.gpa < 1ull << 52);
		CHECK(((result.gpa ^ in.va) & ((1ull << result.page_shift) - 1)) == 0);
	}
	check_accessed_dirty(&paging, &in, access, &want);
	return 0;
}
