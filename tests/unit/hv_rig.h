/* SPDX-License-Identifier: MIT */
/*
 * A partition on a bench, for the tests of hv/: a policy, a platform, one VP, and a fake memory
 * that counts the reads of each byte within one hypercall and fails the test at the second one.
 */
#ifndef TESTS_UNIT_HV_RIG_H
#define TESTS_UNIT_HV_RIG_H

#include "tests/unit/unit.h"

#include "hv/hypercall.h"
#include "hv/msr.h"

#define RIG_RAM			 0x10000ull /* L1's RAM: [0, RIG_RAM) ... */
#define RIG_HIDDEN		 0x8000ull  /* ... without this page, which is L0's */
#define RIG_MAX_GPA		 0x10000000000ull
#define RIG_PAGE		 0x3000ull /* where the tests put input */
#define RIG_CODE		 0x5000ull /* where the hypercall page is */
#define RIG_SECRET		 0x5A	   /* contents of L0's page */
#define RIG_TSC_HZ		 2000000000ull
#define RIG_VPS			 4u

#define CALL(code, count, start) ((u64)(code) | (u64)(count) << 32 | (u64)(start) << 48)
#define FAST			 HV_HYPERCALL_FAST
#define VARIABLE(n)		 ((u64)(n) << 17)

struct rig {
	struct hv_policy policy;
	struct hv_platform platform;
	struct hv_partition partition;
	struct hv_vp vp;
	struct hv_caller caller;
	struct hv_hypercall_regs regs;
	struct hv_hypercall_io io;
	struct hv_hypercall_result result;
	struct hv_effects effects;
	u64 xmm[12];
	u32 xmm_fetched; /* registers fetched by the last call */
	u32 reads;	 /* read callbacks of the last call */
	u32 writes;
	bool flip; /* another CPU overwrites the input right behind the read */
	u8 *mem;
	u8 *count;
};

static inline bool rig_is_ram(const void *ctx, u64 gpa)
{
	(void)ctx;
	return gpa < RIG_RAM && (gpa & PAGE_MASK) != RIG_HIDDEN;
}

static inline bool rig_read(void *ctx, u64 gpa, void *buf, size_t len)
{
	struct rig *r = ctx;

	assert_true(len != 0 && (gpa & 7) == 0 && (gpa & ~PAGE_MASK) + len <= PAGE_SIZE);
	r->reads++;
	if (hv_overlay_read_only_at(&r->partition.overlays, gpa)) {
		u8 page[PAGE_SIZE];

		hv_hypercall_page_fill(&r->platform, page);
		memcpy(buf, page + (gpa & ~PAGE_MASK), len);
		return true;
	}
	if (!rig_is_ram(NULL, gpa)) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(r->count[gpa + i]++, 0); /* a second read of this byte */
	}
	memcpy(buf, r->mem + gpa, len);
	if (r->flip) {
		memset(r->mem + gpa, 0xFF, len);
	}
	return true;
}

static inline bool rig_write(void *ctx, u64 gpa, const void *buf, size_t len)
{
	struct rig *r = ctx;

	assert_true(len != 0 && (gpa & 7) == 0 && (gpa & ~PAGE_MASK) + len <= PAGE_SIZE);
	if (!rig_is_ram(NULL, gpa)) {
		return false;
	}
	r->writes++;
	memcpy(r->mem + gpa, buf, len);
	return true;
}

static inline void rig_read_xmm(void *ctx, u32 count, u64 *buf)
{
	struct rig *r = ctx;

	assert_true(count >= 1 && count <= HV_FAST_INPUT_XMM);
	r->xmm_fetched = count;
	memcpy(buf, r->xmm, count * 16);
}

/* An L1 of RIG_VPS VPs that has identified itself and enabled its hypercall page. */
static inline void rig_start(struct rig *r, const char *option)
{
	memset(r, 0, sizeof(*r));
	r->mem = calloc(1, RIG_RAM);
	r->count = calloc(1, RIG_RAM);
	memset(r->mem + RIG_HIDDEN, RIG_SECRET, PAGE_SIZE);
	r->platform = (struct hv_platform){ .vps = RIG_VPS,
					    .physical_address_bits = 40,
					    .virtual_address_bits = 48,
					    .max_gpa = RIG_MAX_GPA,
					    .tsc_hz = RIG_TSC_HZ,
					    .apic_hz = 1000000000,
					    .frequencies_exact = true,
					    .tsc_invariant = true,
					    .xmm_input = true,
					    .apic_msrs = true,
					    .hypercall_insn = { 0x0F, 0x01, 0xD9 },
					    .gpa_is_ram = rig_is_ram };
	hv_policy_parse(&r->policy, option, NULL, NULL);
	hv_policy_constrain(&r->policy, &r->platform, NULL, NULL);
	assert_null(hv_policy_check(&r->policy));
	hv_partition_init(&r->partition, &r->policy, &r->platform, 1000);
	hv_vp_init(&r->vp, 1);
	memset(r->vp.input, 0xA5, sizeof(r->vp.input));
	r->io = (struct hv_hypercall_io){ r, rig_read, rig_write, rig_read_xmm };
	r->caller = (struct hv_caller){ .cpl = 0, .protected = true, .long_mode = true };
	hv_msr_write(&r->partition, &r->vp, HV_X64_MSR_GUEST_OS_ID, 0x8100ull << 48, &r->effects);
	hv_msr_write(&r->partition, &r->vp, HV_X64_MSR_HYPERCALL, RIG_CODE | 1, &r->effects);
}

static inline void rig_end(struct rig *r)
{
	free(r->mem);
	free(r->count);
}

static inline void rig_put(struct rig *r, u64 gpa, const u64 *values, size_t n)
{
	memcpy(r->mem + gpa, values, n * 8);
}

static inline enum hv_hypercall_action rig_issue(struct rig *r)
{
	memset(&r->result, 0xEE, sizeof(r->result));
	memset(r->count, 0, RIG_RAM);
	r->reads = r->writes = r->xmm_fetched = 0;
	hv_hypercall(&r->partition, &r->vp, &r->caller, &r->regs, &r->io, &r->result);
	return r->result.action;
}

/* A 64-bit call that has to complete: its status. */
static inline u16 rig_call(struct rig *r, u64 control, u64 input, u64 output)
{
	r->regs.rcx = control;
	r->regs.rdx = input;
	r->regs.r8 = output;
	assert_int_equal(rig_issue(r), HV_HYPERCALL_COMPLETE);
	assert_int_equal(r->result.writes, HV_WRITES_RAX);
	assert_int_equal(r->result.rax & 0xFFFF, r->result.status);
	assert_int_equal(r->result.rax >> 32, r->result.reps);
	return r->result.status;
}

static inline enum hv_msr_result rig_wrmsr(struct rig *r, u32 msr, u64 value)
{
	return hv_msr_write(&r->partition, &r->vp, msr, value, &r->effects);
}

static inline enum hv_msr_result rig_rdmsr(struct rig *r, u32 msr, u64 *value)
{
	return hv_msr_read(&r->partition, &r->vp, 123456789, msr, value);
}

/* One structure for all tests of a program. */
static struct rig rig;

static inline int rig_setup(void **state)
{
	(void)state;
	rig_start(&rig, NULL);
	return 0;
}

static inline int rig_teardown(void **state)
{
	(void)state;
	rig_end(&rig);
	return 0;
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

#endif
