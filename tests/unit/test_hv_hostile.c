/* SPDX-License-Identifier: MIT */
/* The hostile cases of hypercall parsing (2.2 A), as far as they are decided in hv/. */
#include "tests/unit/hv_rig.h"

#define SPACE	 HvCallFlushVirtualAddressSpace
#define LIST	 HvCallFlushVirtualAddressList
#define SPACE_EX HvCallFlushVirtualAddressSpaceEx
#define LIST_EX	 HvCallFlushVirtualAddressListEx
#define QUERY	 HvExtCallQueryCapabilities

static u64 seed;

static u64 random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* What must hold after any call whatever. */
static void assert_sane(u64 control)
{
	const struct hv_hypercall_result *r = &rig.result;

	assert_true(rig.reads <= 1);
	if (r->action == HV_HYPERCALL_UD) {
		return;
	}
	assert_int_equal(r->action, HV_HYPERCALL_COMPLETE); /* no call of ours needs slices */
	assert_true(r->status <= HV_STATUS_ACCESS_DENIED && r->status != 1);
	assert_true(r->reps <= FIELD_GET(HV_HYPERCALL_REP_COUNT, control));
	assert_true(r->effect == HV_EFFECT_NONE || r->status == HV_STATUS_SUCCESS);
	if (r->effect == HV_EFFECT_FLUSH) {
		u32 pages = 0;

		assert_int_equal(r->flush.targets.bank[0] & ~0xFull, 0);
		for (u32 i = 0; !r->flush.whole && i < r->flush.count; i++) {
			u64 gva = r->flush.gva[i];
			u64 last = (gva & PAGE_MASK) + ((gva & 0xFFF) << 12);

			pages += (u32)(gva & 0xFFF) + 1;
			assert_int_equal((u64)((s64)(gva << 16) >> 16), gva);
			assert_int_equal((u64)((s64)(last << 16) >> 16), last);
			assert_true(last >= (gva & PAGE_MASK));
		}
		assert_true(r->flush.whole || pages == r->flush.pages);
		assert_true(pages <= HV_FLUSH_LIST_PAGES_DEFAULT);
	}
}

static void hostile_2_2_a1_all_codes(void **state)
{
	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-spinlocks,+hv-ext-hypercalls");
	seed = 1;
	for (u64 code = 0; code < 0x10000; code++) {
		for (u64 fast = 0; fast < 2; fast++) {
			rig.regs.rcx = code | fast << 16;
			rig.regs.rdx = random64() & (RIG_RAM | (RIG_RAM - 8));
			rig.regs.r8 = random64() & (RIG_RAM - 1);
			rig_issue(&rig);
			assert_sane(rig.regs.rcx);
			assert_true(rig.result.action == HV_HYPERCALL_COMPLETE);
		}
	}
}

static void hostile_2_2_a1_random_control_words(void **state)
{
	static const u16 codes[] = { 2, 3, 8, 0xB, 0x13, 0x14, 0x15, 0x8001 };

	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-spinlocks,+hv-ext-hypercalls");
	seed = 2;
	for (u32 i = 0; i < 200000; i++) {
		u64 mask = random64() & random64() & random64();

		if (i % 64 == 0) { /* new contents, many of them small numbers */
			for (u32 q = 0; q < 512; q++) {
				u64 v = random64() >> (random64() & 63);

				memcpy(rig.mem + RIG_PAGE + q * 8, &v, 8);
			}
			memcpy(rig.xmm, rig.mem + RIG_PAGE, sizeof(rig.xmm));
		}
		rig.caller.long_mode = (i & 7) != 0;
		rig.regs = (struct hv_hypercall_regs){ .rcx = (mask & ~0xFFFFull) | codes[i & 7],
						       .rdx = RIG_PAGE + (random64() & 0xF8),
						       .r8 = random64() & 0xFFF8 };
		if (!rig.caller.long_mode) {
			u64 control = rig.regs.rcx;

			rig.regs = (struct hv_hypercall_regs){ .rax = low32(control) | mask << 32,
							       .rdx = high32(control) | mask << 32,
							       .rbx = mask << 32,
							       .rcx = RIG_PAGE | mask << 32,
							       .rdi = mask << 32,
							       .rsi = mask << 32 };
			rig_issue(&rig);
			assert_sane(control);
		} else {
			rig_issue(&rig);
			assert_sane(rig.regs.rcx);
		}
	}
}

static void hostile_2_2_a3_reps(void **state)
{
	static const u32 counts[] = { 0, 1, 4095 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		const u32 starts[] = { 0, counts[i] - 1, counts[i], 4095 };

		for (size_t s = 0; s < ARRAY_SIZE(starts); s++) {
			u64 control = CALL(LIST, counts[i], starts[s] & 0xFFF);
			bool legal = counts[i] != 0 && starts[s] < counts[i];
			u16 status = rig_call(&rig, control, RIG_PAGE, 0);

			assert_int_equal(status, !legal ? HV_STATUS_INVALID_HYPERCALL_INPUT
						 : counts[i] > 509 ? HV_STATUS_INVALID_ALIGNMENT
								   : HV_STATUS_SUCCESS);
			assert_int_equal(rig.result.reps,
					 status == HV_STATUS_SUCCESS ? counts[i] : 0);
		}
	}
}

static void hostile_2_2_a4_page_ends(void **state)
{
	const u64 end = RIG_PAGE + PAGE_SIZE;

	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-spinlocks,+hv-ext-hypercalls");
	assert_int_equal(rig_call(&rig, HvCallNotifyLongSpinWait, end - 8, 0), HV_STATUS_SUCCESS);
	assert_int_equal(rig_call(&rig, SPACE, end - 8, 0), HV_STATUS_INVALID_ALIGNMENT);
	assert_int_equal(rig_call(&rig, QUERY, 0, end - 8), HV_STATUS_SUCCESS);
	assert_int_equal(rig_call(&rig, HvCallNotifyLongSpinWait, 0xFFFFFFFFFFFFFFF8ull, 0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig_call(&rig, SPACE, 0xFFFFFFFFFFFFFFF8ull, 0),
			 HV_STATUS_INVALID_ALIGNMENT);
	assert_int_equal(rig.reads, 0);
}

static void hostile_2_2_a5_memory_of_l0(void **state)
{
	(void)state;
	for (u64 offset = 0; offset < PAGE_SIZE; offset += 8) {
		assert_true(rig_call(&rig, SPACE, RIG_HIDDEN + offset, 0) != HV_STATUS_SUCCESS);
		assert_int_equal(rig.result.effect, HV_EFFECT_NONE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rig.vp.input); i++) {
		assert_int_not_equal(rig.vp.input[i], 0x5A5A5A5A5A5A5A5Aull);
	}
}

static void hostile_2_2_a6_output_pages(void **state)
{
	static const u64 outputs[] = { RIG_CODE, RIG_CODE + 8, 0x6000, RIG_HIDDEN,
				       RIG_RAM,	 RIG_MAX_GPA,  ~7ull };

	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-ext-hypercalls");
	rig_wrmsr(&rig, HV_X64_MSR_REFERENCE_TSC, 0x6001);
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		assert_int_equal(rig_call(&rig, QUERY, 0, outputs[i]),
				 HV_STATUS_INVALID_HYPERCALL_INPUT);
		assert_int_equal(rig.writes, 0);
	}
}

/* A row with input and output, for what the calls of today do not have. */
static u16 echo(struct hv_call *call)
{
	call->output[0] = call->input[0];
	return HV_STATUS_SUCCESS;
}

static void hostile_2_2_a6_input_is_output(void **state)
{
	static const struct hv_hypercall_row row = {
		.code = 0x70, .header = 16, .output = 8, .word = HV_FEATURES_EAX, .handler = echo
	};
	static const struct {
		u64 out;
		u16 status;
	} rows[] = {
		{ RIG_PAGE, 3 }, { RIG_PAGE + 8, 3 }, { RIG_PAGE + 16, 0 }, { RIG_PAGE - 8, 0 }
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rig.writes = 0;
		memset(rig.count, 0, RIG_RAM);
		rig.regs = (struct hv_hypercall_regs){ .rcx = 0x70,
						       .rdx = RIG_PAGE,
						       .r8 = rows[i].out };
		hv_hypercall_by_rows(&row, 1, &rig.partition, &rig.vp, &rig.caller, &rig.regs,
				     &rig.io, &rig.result);
		assert_int_equal(rig.result.status, rows[i].status);
		assert_int_equal(rig.writes, rows[i].status == 0);
	}
}

static void hostile_2_2_a7_input_changes_during_the_call(void **state)
{
	static const u64 input[] = { 0x1000, 0, 3 };

	(void)state;
	rig.flip = true;
	for (u32 i = 0; i < 1000; i++) {
		rig_put(&rig, RIG_PAGE, input, ARRAY_SIZE(input));
		assert_int_equal(rig_call(&rig, SPACE, RIG_PAGE, 0), HV_STATUS_SUCCESS);
		assert_int_equal(rig.result.flush.targets.bank[0], 3);
		assert_int_equal(rig.result.flush.address_space, 0x1000);
	}
	assert_int_equal(rig_call(&rig, SPACE, RIG_PAGE, 0), HV_STATUS_INVALID_PARAMETER);
}

static void hostile_2_2_a10_variable_header_sizes(void **state)
{
	(void)state;
	seed = 10;
	for (u64 n = 0; n < 1024; n++) {
		u64 head[4] = { 0, 0, 0, random64() };
		u16 status;
		bool equal;

		if (n % 3 == 0) { /* as many as the header says, if it can */
			head[3] = n == 0 ? 0 : n >= 64 ? ~0ull : GENMASK(n - 1, 0);
		}
		equal = (u64)__builtin_popcountll(head[3]) == n;
		rig_put(&rig, RIG_PAGE, head, 4);
		status = rig_call(&rig, SPACE_EX | VARIABLE(n), RIG_PAGE, 0);
		assert_int_equal(status,
				 equal ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_HYPERCALL_INPUT);
	}
	/* 64 full banks and a list: 32 + 512 + 8 n bytes have to fit into the page. */
	rig_put(&rig, RIG_PAGE, (u64[]){ 0, 0, 0, ~0ull }, 4);
	assert_int_equal(rig_call(&rig, CALL(LIST_EX, 444, 0) | VARIABLE(64), RIG_PAGE, 0),
			 HV_STATUS_SUCCESS);
	assert_int_equal(rig_call(&rig, CALL(LIST_EX, 445, 0) | VARIABLE(64), RIG_PAGE, 0),
			 HV_STATUS_INVALID_ALIGNMENT);
}

static void hostile_2_2_a11_a12_vp_sets(void **state)
{
	(void)state;
	rig_put(&rig, RIG_PAGE, (u64[]){ 0, 0, 0, 1ull << 63, 1ull << 63 }, 5);
	assert_int_equal(rig_call(&rig, SPACE_EX | VARIABLE(1), RIG_PAGE, 0), HV_STATUS_SUCCESS);
	assert_int_equal(rig.result.effect, HV_EFFECT_NONE);
	rig_put(&rig, RIG_PAGE, (u64[]){ 0, 0, 1, 0 }, 4);
	for (u64 n = 1; n < 1024; n += 73) {
		assert_int_equal(rig_call(&rig, SPACE_EX | VARIABLE(n), RIG_PAGE, 0),
				 HV_STATUS_INVALID_HYPERCALL_INPUT);
	}
}

static void hostile_2_2_a14_rep_start_changed_between_slices(void **state)
{
	(void)state;
	for (u64 start = 0; start < 4096; start++) {
		u16 status = rig_call(&rig, CALL(LIST, 100, start), RIG_PAGE, 0);

		assert_int_equal(status, start < 100 ? HV_STATUS_SUCCESS
						     : HV_STATUS_INVALID_HYPERCALL_INPUT);
		assert_sane(rig.regs.rcx);
	}
}

static void hostile_2_2_a20_spin_wait(void **state)
{
	static const u64 values[] = { 0, 1, 0xFFFFFFFF, ~0ull };

	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-spinlocks");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		rig_put(&rig, RIG_PAGE, &values[i], 1);
		assert_int_equal(rig_call(&rig, HvCallNotifyLongSpinWait, RIG_PAGE, 0),
				 HV_STATUS_SUCCESS);
		assert_int_equal(rig.result.effect, HV_EFFECT_YIELD);
		assert_int_equal(rig_call(&rig, HvCallNotifyLongSpinWait | FAST, values[i], 0),
				 HV_STATUS_SUCCESS);
		assert_int_equal(rig.result.effect, HV_EFFECT_YIELD);
	}
}

static void hostile_2_2_a21_codes_from_0x8000_on(void **state)
{
	(void)state;
	for (u64 code = 0x8000; code < 0x10000; code++) {
		u16 status = rig_call(&rig, code, 0, RIG_PAGE);

		assert_int_equal(status, code == QUERY ? HV_STATUS_ACCESS_DENIED
						       : HV_STATUS_INVALID_HYPERCALL_CODE);
	}
}

static void hostile_random_msr_writes(void **state)
{
	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-reset,+hv-vapic,+hv-runtime");
	seed = 3;
	for (u32 i = 0; i < 300000; i++) {
		u32 msr = 0x40000000 + (u32)(random64() % 0x120);
		u64 value = random64() >> (random64() & 63);

		if (rig_wrmsr(&rig, msr, value) != HV_MSR_OK) {
			assert_int_equal(rig.effects.pages, 0);
			assert_false(rig.effects.reset || rig.effects.crash);
		}
		assert_true(rig.effects.pages <= 2);
		for (u32 p = 0; p < rig.effects.pages; p++) {
			assert_true(rig.effects.page[p].gpa < RIG_MAX_GPA);
		}
		assert_true(rig.effects.crash_length <= 4096);
		assert_true(
			range_fits(rig.effects.crash_gpa, rig.effects.crash_length, RIG_MAX_GPA));
		rig_rdmsr(&rig, msr, &value);
		if (rig.partition.hypercall & HV_HYPERCALL_MSR_LOCKED) {
			hv_partition_reset(&rig.partition);
		}
		assert_true(rig.partition.guest_os_id != 0 || !(rig.partition.hypercall & 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(hostile_2_2_a1_all_codes),
		RIG_TEST(hostile_2_2_a1_random_control_words),
		RIG_TEST(hostile_2_2_a3_reps),
		RIG_TEST(hostile_2_2_a4_page_ends),
		RIG_TEST(hostile_2_2_a5_memory_of_l0),
		RIG_TEST(hostile_2_2_a6_output_pages),
		RIG_TEST(hostile_2_2_a6_input_is_output),
		RIG_TEST(hostile_2_2_a7_input_changes_during_the_call),
		RIG_TEST(hostile_2_2_a10_variable_header_sizes),
		RIG_TEST(hostile_2_2_a11_a12_vp_sets),
		RIG_TEST(hostile_2_2_a14_rep_start_changed_between_slices),
		RIG_TEST(hostile_2_2_a20_spin_wait),
		RIG_TEST(hostile_2_2_a21_codes_from_0x8000_on),
		RIG_TEST(hostile_random_msr_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
