/* SPDX-License-Identifier: MIT */
/* hv/hypercall: the rows of "Hypercall entry" and of "Privileges per call". */
#include "tests/unit/hv_rig.h"

#define SPACE	 HvCallFlushVirtualAddressSpace
#define LIST	 HvCallFlushVirtualAddressList
#define SPACE_EX HvCallFlushVirtualAddressSpaceEx
#define LIST_EX	 HvCallFlushVirtualAddressListEx
#define SPIN	 HvCallNotifyLongSpinWait
#define QUERY	 HvExtCallQueryCapabilities

/* A flush of everything for VPs 0 and 2, where a test needs some call that succeeds. */
static void put_space(u64 gpa)
{
	static const u64 input[] = { 0x1000, 0, 5 };

	rig_put(&rig, gpa, input, ARRAY_SIZE(input));
}

static void hypercall_1_1_1_cpl_or_real_mode_is_ud(void **state)
{
	static const struct hv_caller callers[] = {
		{ .cpl = 1, .protected = true, .long_mode = true },
		{ .cpl = 3, .protected = true, .long_mode = true },
		{ .cpl = 3, .protected = true, .long_mode = false }, /* virtual-8086 too */
		{ .cpl = 0, .protected = false, .long_mode = false },
	};

	(void)state;
	put_space(RIG_PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
		rig.caller = callers[i];
		rig.regs = (struct hv_hypercall_regs){ .rcx = SPACE, .rdx = RIG_PAGE };
		assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
		rig.regs.rcx = 0xBEEF;
		assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
		assert_int_equal(rig.reads, 0);
	}
}

static void hypercall_1_1_2_no_page_is_ud(void **state)
{
	(void)state;
	put_space(RIG_PAGE);
	rig.regs = (struct hv_hypercall_regs){ .rcx = SPACE, .rdx = RIG_PAGE };
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_COMPLETE);
	rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, RIG_CODE);
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
	rig_wrmsr(&rig, HV_X64_MSR_HYPERCALL, RIG_CODE | 1);
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_COMPLETE);
	rig_wrmsr(&rig, HV_X64_MSR_GUEST_OS_ID, 0);
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
}

static void hypercall_1_1_6_unknown_code(void **state)
{
	static const u16 codes[] = { 0xBEEF, 0, 1, 4, 0x7FFF, 0x8000, 0x8002, 0xFFFF, 0xAF, 0x6B };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		assert_int_equal(rig_call(&rig, codes[i], 0, 0), HV_STATUS_INVALID_HYPERCALL_CODE);
		assert_int_equal(rig_call(&rig, codes[i] | FAST, 0, 0),
				 HV_STATUS_INVALID_HYPERCALL_CODE);
		assert_int_equal(rig.result.code, codes[i]);
	}
}

static void hypercall_1_1_7_reserved_bits(void **state)
{
	static const u8 bits[] = { 27, 28, 29, 30, 44, 45, 46, 47, 60, 61, 62, 63 };

	(void)state;
	put_space(RIG_PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		assert_int_equal(rig_call(&rig, SPACE | BIT(bits[i]), RIG_PAGE, 0),
				 HV_STATUS_INVALID_HYPERCALL_INPUT);
		assert_int_equal(rig_call(&rig, CALL(LIST, 1, 0) | BIT(bits[i]), RIG_PAGE, 0),
				 HV_STATUS_INVALID_HYPERCALL_INPUT);
		assert_int_equal(rig.reads, 0);
	}
}

static void hypercall_1_1_7b_is_nested_is_refused(void **state)
{
	(void)state;
	put_space(RIG_PAGE);
	assert_int_equal(rig_call(&rig, SPACE | BIT(31), RIG_PAGE, 0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
}

static void hypercall_1_1_7d_page_not_readable_or_writable(void **state)
{
	(void)state;
	assert_int_equal(rig_call(&rig, SPACE, RIG_HIDDEN, 0), HV_STATUS_INVALID_HYPERCALL_INPUT);
	rig_end(&rig);
	rig_start(&rig, "default,+hv-ext-hypercalls");
	assert_int_equal(rig_call(&rig, QUERY, 0, RIG_RAM), HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig_call(&rig, QUERY, 0, RIG_HIDDEN), HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig.writes, 0);
}

struct control_row {
	u64 control;
	u16 status;
};

static void check_controls(const struct control_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rig_call(&rig, rows[i].control, RIG_PAGE, 0), rows[i].status);
	}
}

static void hypercall_1_1_8_to_9_rep_count_and_start(void **state)
{
	static const struct control_row rows[] = {
		{ CALL(LIST, 0, 0), 3 },    { CALL(LIST_EX, 0, 0), 3 },	 { CALL(LIST, 0, 1), 3 },
		{ CALL(LIST, 1, 1), 3 },    { CALL(LIST, 1, 0xFFF), 3 }, { CALL(LIST, 5, 6), 3 },
		{ CALL(LIST_EX, 2, 2), 3 }, { CALL(LIST, 1, 0), 0 },	 { CALL(LIST, 2, 1), 0 },
		{ CALL(LIST_EX, 1, 0), 0 },
	};

	(void)state;
	check_controls(rows, ARRAY_SIZE(rows));
}

static void hypercall_1_1_10_rep_start_is_honoured(void **state)
{
	static const u64 input[] = { 0x1000, 0,	     1,	     0x1000, 0x2000, 0x3000, 0x4000,
				     0x5000, 0x6000, 0x7000, 0x8000, 0x9000, 0xA000 };

	(void)state;
	rig_put(&rig, RIG_PAGE, input, ARRAY_SIZE(input));
	assert_int_equal(rig_call(&rig, CALL(LIST, 10, 5), RIG_PAGE, 0), HV_STATUS_SUCCESS);
	assert_int_equal(rig.result.reps, 10);
	assert_int_equal(rig.result.flush.count, 5);
	assert_int_equal(rig.result.flush.gva[0], 0x6000);
	assert_int_equal(rig.result.flush.gva[4], 0xA000);
}

static void hypercall_1_1_11_reps_on_a_simple_call(void **state)
{
	static const struct control_row rows[] = {
		{ CALL(SPACE, 1, 0), 3 },     { CALL(SPACE, 0, 1), 3 }, { CALL(SPACE_EX, 1, 0), 3 },
		{ CALL(SPACE_EX, 0, 1), 3 },  { CALL(SPIN, 1, 0), 3 },	{ CALL(SPIN, 0, 0xFFF), 3 },
		{ CALL(SPACE, 0xFFF, 1), 3 }, { CALL(QUERY, 1, 0), 3 }, { CALL(SPACE, 0, 0), 0 },
	};

	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-spinlocks,+hv-ext-hypercalls");
	check_controls(rows, ARRAY_SIZE(rows));
}

static void hypercall_1_1_12_variable_header_not_taken(void **state)
{
	static const struct control_row rows[] = {
		{ SPACE | VARIABLE(1), 3 },	{ CALL(LIST, 1, 0) | VARIABLE(1), 3 },
		{ SPIN | VARIABLE(1), 3 },	{ QUERY | VARIABLE(1023), 3 },
		{ SPACE_EX | VARIABLE(65), 3 }, { CALL(LIST_EX, 1, 0) | VARIABLE(1023), 3 },
	};

	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-spinlocks,+hv-ext-hypercalls");
	check_controls(rows, ARRAY_SIZE(rows));
	assert_int_equal(rig.reads, 0);
}

struct gpa_row {
	u64 control;
	u64 input;
	u64 output;
	u16 status;
};

static void check_gpas(const struct gpa_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rig_call(&rig, rows[i].control, rows[i].input, rows[i].output),
				 rows[i].status);
		assert_true(rows[i].status == HV_STATUS_SUCCESS ||
			    (rig.result.effect == HV_EFFECT_NONE && rig.writes == 0));
	}
}

static void hypercall_1_1_13_alignment(void **state)
{
	static const struct gpa_row rows[] = {
		{ SPACE, RIG_PAGE + 1, 0, 4 }, { SPACE, RIG_PAGE + 4, 0, 4 },
		{ SPACE, RIG_PAGE + 7, 0, 4 }, { CALL(LIST, 1, 0), RIG_PAGE + 2, 0, 4 },
		{ QUERY, 0, RIG_PAGE + 4, 4 }, { QUERY, 0, ~0ull, 4 },
		{ SPACE, RIG_PAGE + 8, 0, 0 },
	};

	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-ext-hypercalls");
	check_gpas(rows, ARRAY_SIZE(rows));
}

static void hypercall_1_1_14_page_crossing(void **state)
{
	static const struct gpa_row rows[] = {
		{ SPACE, RIG_PAGE + PAGE_SIZE - 24, 0, 0 },
		{ SPACE, RIG_PAGE + PAGE_SIZE - 16, 0, 4 },
		{ SPACE, RIG_PAGE + PAGE_SIZE - 8, 0, 4 },
		{ CALL(LIST, 509, 0), RIG_PAGE, 0, 0 },
		{ CALL(LIST, 510, 0), RIG_PAGE, 0, 4 },
		{ CALL(LIST, 509, 0), RIG_PAGE + 8, 0, 4 },
		{ CALL(LIST, 4095, 4094), RIG_PAGE, 0, 4 },
	};

	(void)state;
	check_gpas(rows, ARRAY_SIZE(rows));
}

static void hypercall_1_1_15_input_is_not_ram(void **state)
{
	static const struct gpa_row rows[] = {
		{ SPACE, RIG_RAM, 0, 3 },
		{ SPACE, RIG_MAX_GPA - 24, 0, 3 },
		{ SPACE, RIG_MAX_GPA, 0, 3 },
		{ SPACE, 0xFFFFFFFFFFFFF000ull, 0, 3 },
		{ SPACE, 0xFFFFFFFFFFFFFFE8ull, 0, 3 },
		{ SPACE, 0xFFFFFFFFFFFFFFF8ull, 0, 4 },
	};

	(void)state;
	check_gpas(rows, ARRAY_SIZE(rows));
	/* Beyond the GPA space nobody is asked to read. */
	rig_call(&rig, SPACE, RIG_MAX_GPA, 0);
	assert_int_equal(rig.reads, 0);
}

static void hypercall_1_1_16_input_in_an_overlay(void **state)
{
	const u64 secret[] = { 0x1000, 0, 5 };
	u64 page[3];
	u8 contents[PAGE_SIZE];

	(void)state;
	/* What lies under the hypercall page must not be used: the call reads what L1 would. */
	rig_put(&rig, RIG_CODE, secret, ARRAY_SIZE(secret));
	hv_hypercall_page_fill(&rig.platform, contents);
	memcpy(page, contents, sizeof(page));
	assert_true((page[1] & ~7ull) != 0);
	assert_int_equal(rig_call(&rig, SPACE, RIG_CODE, 0), HV_STATUS_INVALID_PARAMETER);
}

static void hypercall_1_1_17_unused_gpa_is_not_looked_at(void **state)
{
	(void)state;
	put_space(RIG_PAGE);
	assert_int_equal(rig_call(&rig, SPACE, RIG_PAGE, 0xFFFFFFFFFFFFFFF1ull), HV_STATUS_SUCCESS);
	rig_end(&rig);
	rig_start(&rig, "default,+hv-ext-hypercalls");
	assert_int_equal(rig_call(&rig, QUERY, 0xFFFFFFFFFFFFFFF1ull, RIG_PAGE), HV_STATUS_SUCCESS);
	assert_int_equal(rig.reads, 0);
}

static void hypercall_1_1_18_xmm_not_offered_is_ud(void **state)
{
	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,-hv-xmm-input,+hv-spinlocks");
	rig.regs = (struct hv_hypercall_regs){ .rcx = SPACE | FAST };
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
	rig.regs.rcx = CALL(LIST, 200, 0) | FAST;
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
	assert_int_equal(rig.xmm_fetched, 0);
	/* The control word comes first, and what fits into RDX and R8 needs no XMM. */
	assert_int_equal(rig_call(&rig, CALL(SPACE, 1, 0) | FAST, 0, 0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig_call(&rig, SPIN | FAST, 4096, 0), HV_STATUS_SUCCESS);
}

static void hypercall_1_1_19_xmm_input_of_112_bytes(void **state)
{
	(void)state;
	for (u64 i = 0; i < 12; i++) {
		rig.xmm[i] = (i + 1) << 12;
	}
	rig.xmm[0] = 2; /* the processor mask */
	assert_int_equal(rig_call(&rig, CALL(LIST, 11, 0) | FAST, 0xABC000, 0), HV_STATUS_SUCCESS);
	assert_int_equal(rig.xmm_fetched, 6);
	assert_int_equal(rig.result.flush.address_space, 0xABC000);
	assert_int_equal(rig.result.flush.targets.bank[0], 2);
	assert_int_equal(rig.result.flush.count, 11);
	assert_int_equal(rig.result.flush.gva[0], 2ull << 12);
	assert_int_equal(rig.result.flush.gva[10], 12ull << 12);
	assert_int_equal(rig_call(&rig, CALL(LIST, 12, 0) | FAST, 0, 0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig_call(&rig, SPACE | FAST, 0x1000, 0), HV_STATUS_SUCCESS);
	assert_int_equal(rig.xmm_fetched, 1); /* no more registers than the input needs */
	assert_int_equal(rig.reads, 0);
}

/* ---- Continuation, by a row of its own: two elements at a time. ---- */

static u64 done_sum;

static u16 two_at_a_time(struct hv_call *call)
{
	for (u32 i = 0; i < 2 && call->reps_done < call->rep_count; i++) {
		done_sum = done_sum * 10 + call->list[call->reps_done++];
	}
	return HV_STATUS_SUCCESS;
}

static u16 fail_at_third(struct hv_call *call)
{
	while (call->reps_done < call->rep_count) {
		if (call->reps_done == 2) {
			return HV_STATUS_INVALID_PARAMETER;
		}
		call->reps_done++;
	}
	return HV_STATUS_SUCCESS;
}

static const struct hv_hypercall_row own_rows[] = {
	{ .code = 0x70,
	  .rep = true,
	  .fast = true,
	  .header = 8,
	  .element = 8,
	  .word = HV_FEATURES_EAX,
	  .needs = HV_ACCESS_HYPERCALL_MSRS,
	  .handler = two_at_a_time },
	{ .code = 0x71,
	  .rep = true,
	  .header = 8,
	  .element = 8,
	  .word = HV_FEATURES_EAX,
	  .needs = HV_ACCESS_HYPERCALL_MSRS,
	  .handler = fail_at_third },
};

static enum hv_hypercall_action issue_own(void)
{
	memset(rig.count, 0, RIG_RAM);
	hv_hypercall_by_rows(own_rows, ARRAY_SIZE(own_rows), &rig.partition, &rig.vp, &rig.caller,
			     &rig.regs, &rig.io, &rig.result);
	return rig.result.action;
}

static void hypercall_1_1_20_continuation(void **state)
{
	static const u64 input[] = { 0, 1, 2, 3, 4, 5 };

	(void)state;
	rig_put(&rig, RIG_PAGE, input, ARRAY_SIZE(input));
	done_sum = 0;
	rig.regs = (struct hv_hypercall_regs){ .rcx = CALL(0x70, 5, 0), .rdx = RIG_PAGE };
	for (u64 start = 2; start <= 4; start += 2) {
		assert_int_equal(issue_own(), HV_HYPERCALL_CONTINUE);
		assert_int_equal(rig.result.writes, HV_WRITES_RCX);
		assert_int_equal(rig.result.rcx, CALL(0x70, 5, start));
		rig.regs.rcx = rig.result.rcx;
	}
	assert_int_equal(issue_own(), HV_HYPERCALL_COMPLETE);
	assert_int_equal(rig.result.rax, 5ull << 32);
	assert_int_equal(done_sum, 12345);
}

static void hypercall_1_1_20_continuation_of_a_32_bit_caller(void **state)
{
	static const u64 input[] = { 0, 7, 8, 9 };

	(void)state;
	rig_put(&rig, RIG_PAGE, input, ARRAY_SIZE(input));
	done_sum = 0;
	rig.caller.long_mode = false;
	rig.regs = (struct hv_hypercall_regs){ .rdx = CALL(0x70, 3, 0) >> 32,
					       .rax = 0x70,
					       .rcx = RIG_PAGE };
	assert_int_equal(issue_own(), HV_HYPERCALL_CONTINUE);
	assert_int_equal(rig.result.writes, HV_WRITES_RDX);
	assert_int_equal(rig.result.rdx, CALL(0x70, 3, 2) >> 32);
	rig.regs.rdx = rig.result.rdx;
	assert_int_equal(issue_own(), HV_HYPERCALL_COMPLETE);
	assert_int_equal(done_sum, 789);
	assert_int_equal(rig.result.rax, 0);
	assert_int_equal(rig.result.rdx, 3);
}

static void hypercall_1_1_20_error_in_the_middle(void **state)
{
	(void)state;
	rig.regs = (struct hv_hypercall_regs){ .rcx = CALL(0x71, 5, 0), .rdx = RIG_PAGE };
	assert_int_equal(issue_own(), HV_HYPERCALL_COMPLETE);
	assert_int_equal(rig.result.rax, HV_STATUS_INVALID_PARAMETER | 2ull << 32);
}

static void hypercall_1_1_21_32_bit_caller(void **state)
{
	const u64 garbage = 0xDEADBEEF00000000ull;

	(void)state;
	put_space(RIG_PAGE);
	rig.caller.long_mode = false;
	rig.regs = (struct hv_hypercall_regs){ .rax = garbage | SPACE,
					       .rdx = garbage,
					       .rbx = garbage,
					       .rcx = garbage | RIG_PAGE,
					       .rdi = garbage,
					       .rsi = garbage | 3,
					       .r8 = ~0ull };
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_COMPLETE);
	assert_int_equal(rig.result.writes, HV_WRITES_RAX | HV_WRITES_RDX);
	assert_int_equal(rig.result.rax, HV_STATUS_SUCCESS);
	assert_int_equal(rig.result.rdx, 0);
	assert_int_equal(rig.result.flush.targets.bank[0], 5);
	/* Fast: EBX:ECX and EDI:ESI are the first 16 bytes. */
	rig.xmm[0] = 1;
	rig.regs.rax = garbage | SPACE | FAST;
	rig.regs.rbx = garbage | 0x12;
	rig.regs.rsi = garbage | HV_FLUSH_ALL_PROCESSORS;
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_COMPLETE);
	assert_int_equal(rig.result.rax, HV_STATUS_SUCCESS);
	assert_int_equal(rig.result.flush.address_space, 0x1200003000ull);
	assert_int_equal(rig.result.flush.targets.bank[0], 0xF);
	/* The result of a rep call: reps in EDX. */
	rig.regs = (struct hv_hypercall_regs){ .rax = LIST, .rdx = 3, .rcx = RIG_PAGE };
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_COMPLETE);
	assert_int_equal(rig.result.rdx, 3);
}

static void hypercall_1_1_23_access_denied_comes_first(void **state)
{
	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,-hv-tlbflush");
	assert_int_equal(rig_call(&rig, SPACE | BIT(27), 1, 1), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(rig_call(&rig, CALL(LIST, 0, 9) | FAST, 1, 1), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(rig_call(&rig, HvCallPostMessage | BIT(63), 1, 1),
			 HV_STATUS_ACCESS_DENIED);
}

static void hypercall_1_1_24_no_output_on_failure(void **state)
{
	(void)state;
	rig_end(&rig);
	rig_start(&rig, "default,+hv-ext-hypercalls");
	memset(rig.mem + RIG_PAGE, 0x77, 8);
	assert_int_equal(rig_call(&rig, CALL(QUERY, 1, 0), 0, RIG_PAGE),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(rig_call(&rig, QUERY | FAST, 0, RIG_PAGE), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.mem[RIG_PAGE], 0x77);
	assert_int_equal(rig.writes, 0);
	assert_int_equal(rig_call(&rig, QUERY, 0, RIG_PAGE), HV_STATUS_SUCCESS);
	assert_int_equal(rig.mem[RIG_PAGE], 0);
	assert_int_equal(rig.mem[RIG_PAGE + 8], 0);
	assert_int_equal(rig.writes, 1);
}

/* ---- Privileges: refused without the feature, accepted with it. ---- */

struct privilege_row {
	const char *without;
	const char *with;
	u64 control;
	u16 status_without;
	u16 status_with;
};

static void hypercall_1_2_privileges(void **state)
{
	static const struct privilege_row rows[] = {
		{ "default,-hv-tlbflush", "default", SPACE, 6, 0 },
		{ "default,-hv-tlbflush", "default", CALL(LIST, 1, 0), 6, 0 },
		{ "default,-hv-tlbflush-ex", "default", SPACE_EX, 6, 0 },
		{ "default,-hv-tlbflush-ex", "default", CALL(LIST_EX, 1, 0), 6, 0 },
		{ "default,-hv-tlbflush", "default", SPACE_EX, 6, 0 },
		{ "default", "default,+hv-spinlocks", SPIN, 6, 0 },
		{ "default,+hv-spinlocks=0", "default,+hv-spinlocks=1", SPIN | FAST, 6, 0 },
		{ "default,+hv-spinlocks=0xffffffff", "default,+spinlocks=0xFFF", SPIN, 6, 0 },
		{ "default", "default,+hv-ext-hypercalls", QUERY, 6, 0 },
		/* Not in this version: no policy grants them. */
		{ "default", "default", HvCallPostMessage, 6, 6 },
		{ "default", "default", HvCallSignalEvent, 6, 6 },
		{ "default", "default", HvCallSendSyntheticClusterIpi, 6, 6 },
		{ "default", "default", HvCallSendSyntheticClusterIpiEx, 6, 6 },
		{ "default", "default", 0x6B, 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rig_end(&rig);
		rig_start(&rig, rows[i].without);
		assert_int_equal(rig_call(&rig, rows[i].control, RIG_PAGE, RIG_PAGE + 64),
				 rows[i].status_without);
		rig_end(&rig);
		rig_start(&rig, rows[i].with);
		assert_int_equal(rig_call(&rig, rows[i].control, RIG_PAGE, RIG_PAGE + 64),
				 rows[i].status_with);
	}
}

static void hypercall_1_2_fast_flush_needs_xmm(void **state)
{
	(void)state;
	assert_int_equal(rig_call(&rig, SPACE | FAST, 0, 0), HV_STATUS_SUCCESS);
	rig.policy.word[HV_FEATURES_EDX] &= ~(u32)HV_XMM_REGISTERS_FOR_FAST_HYPERCALL_AVAILABLE;
	assert_int_equal(rig_issue(&rig), HV_HYPERCALL_UD);
}

static void hypercall_names(void **state)
{
	(void)state;
	assert_string_equal(hv_hypercall_name(2), "HvCallFlushVirtualAddressSpace");
	assert_string_equal(hv_hypercall_name(0x8001), "HvExtCallQueryCapabilities");
	assert_null(hv_hypercall_name(0xBEEF));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(hypercall_1_1_1_cpl_or_real_mode_is_ud),
		RIG_TEST(hypercall_1_1_2_no_page_is_ud),
		RIG_TEST(hypercall_1_1_6_unknown_code),
		RIG_TEST(hypercall_1_1_7_reserved_bits),
		RIG_TEST(hypercall_1_1_7b_is_nested_is_refused),
		RIG_TEST(hypercall_1_1_7d_page_not_readable_or_writable),
		RIG_TEST(hypercall_1_1_8_to_9_rep_count_and_start),
		RIG_TEST(hypercall_1_1_10_rep_start_is_honoured),
		RIG_TEST(hypercall_1_1_11_reps_on_a_simple_call),
		RIG_TEST(hypercall_1_1_12_variable_header_not_taken),
		RIG_TEST(hypercall_1_1_13_alignment),
		RIG_TEST(hypercall_1_1_14_page_crossing),
		RIG_TEST(hypercall_1_1_15_input_is_not_ram),
		RIG_TEST(hypercall_1_1_16_input_in_an_overlay),
		RIG_TEST(hypercall_1_1_17_unused_gpa_is_not_looked_at),
		RIG_TEST(hypercall_1_1_18_xmm_not_offered_is_ud),
		RIG_TEST(hypercall_1_1_19_xmm_input_of_112_bytes),
		RIG_TEST(hypercall_1_1_20_continuation),
		RIG_TEST(hypercall_1_1_20_continuation_of_a_32_bit_caller),
		RIG_TEST(hypercall_1_1_20_error_in_the_middle),
		RIG_TEST(hypercall_1_1_21_32_bit_caller),
		RIG_TEST(hypercall_1_1_23_access_denied_comes_first),
		RIG_TEST(hypercall_1_1_24_no_output_on_failure),
		RIG_TEST(hypercall_1_2_privileges),
		RIG_TEST(hypercall_1_2_fast_flush_needs_xmm),
		RIG_TEST(hypercall_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
