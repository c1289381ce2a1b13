/* SPDX-License-Identifier: MIT */
/* The flight recorder: what a ring keeps, snapshots of a ring that moves, and decoding. */
#include "tests/unit/unit.h"

#include "arch/x86/trace.c"

static struct trace_ring ring;
static struct trace_event events[TRACE_EVENTS];

static void start(void)
{
	memset(rings, 0, sizeof(rings));
	trace_set_names(NULL, NULL);
	trace_init(&ring, 5);
}

static void record(unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++) {
		trace_event(&ring, TRACE_KVM_EXIT, TRACE_L2, i, ~(uint64_t)i, i * 3ull);
	}
}

static void test_ring_keeps_the_newest(void **state)
{
	static const struct {
		unsigned int recorded;
		unsigned int max;
		unsigned int count;
	} cases[] = {
		{ 0, 256, 0 },	    { 1, 256, 1 },	 { 10, 256, 10 },    { 10, 3, 3 },
		{ 10, 0, 0 },	    { 255, 256, 255 },	 { 256, 256, 255 },  { 257, 256, 255 },
		{ 1000, 256, 255 }, { 1000, 9999, 255 }, { 100000, 16, 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int first = cases[i].recorded - cases[i].count;

		start();
		record(0, cases[i].recorded);
		assert_int_equal(trace_snapshot(&ring, events, cases[i].max), cases[i].count);
		for (unsigned int e = 0; e < cases[i].count; e++) {
			assert_int_equal(events[e].a, first + e);
			assert_int_equal(events[e].b, ~(uint64_t)(first + e));
			assert_int_equal(events[e].c, (first + e) * 3ull);
			assert_int_equal(events[e].kind, TRACE_KVM_EXIT);
			assert_int_equal(events[e].cpu, 5);
			assert_int_equal(events[e].level, TRACE_L2);
			assert_true(e == 0 || events[e].tsc >= events[e - 1].tsc);
		}
	}
}

static void test_off_records_nothing(void **state)
{
	(void)state;
	start();
	record(0, 300);
	trace_set_enabled(false);
	assert_false(trace_is_enabled());
	record(1000, 3000);
	assert_int_equal(trace_snapshot(&ring, events, TRACE_EVENTS), TRACE_KEPT);
	for (unsigned int e = 0; e < TRACE_KEPT; e++) {
		assert_int_equal(events[e].a, 300 - TRACE_KEPT + e);
	}
	trace_set_enabled(true);
	record(300, 301);
	assert_int_equal(trace_snapshot(&ring, events, 1), 1);
	assert_int_equal(events[0].a, 300);
}

static void test_rings_by_cpu(void **state)
{
	static struct trace_ring far;

	(void)state;
	start();
	assert_ptr_equal(trace_ring_of(5), &ring);
	assert_null(trace_ring_of(4));
	assert_null(trace_ring_of(TRACE_CPUS));
	assert_null(trace_ring_of(UINT32_MAX));
	trace_init(&far, TRACE_CPUS); /* has a ring, but nobody can ask for it */
	assert_null(trace_ring_of(TRACE_CPUS));
}

static const char *reason(u64 value)
{
	return value == 0x72 ? "CPUID" : NULL;
}

static const char *call(u64 value)
{
	return value == 2 ? "HvFlushVirtualAddressSpace" : NULL;
}

static void test_decoding(void **state)
{
	static const struct {
		struct trace_event event;
		const char *text;
	} cases[] = {
		{ { 1, TRACE_KVM_EXIT, 0, TRACE_L1, 0x72, 0x1000, 3 },
		  "kvm_exit level=L1 reason=0x72(CPUID) rip=0x1000 info1=0x3" },
		{ { 1, TRACE_KVM_NESTED_VMEXIT, 0, TRACE_L2, 0x73, 0, 0 },
		  "kvm_nested_vmexit level=L2 reason=0x73 rip=0x0 info1=0x0" },
		{ { 1, TRACE_KVM_HV_HYPERCALL, 0, TRACE_L1, 2, 0x10002, 0 },
		  "kvm_hv_hypercall level=L1 code=0x2(HvFlushVirtualAddressSpace) control=0x10002 "
		  "input=0x0" },
		{ { 1, TRACE_INJ_NMI, 0, TRACE_L1, 9, 8, 7 }, "inj_nmi level=L1 rip=0x8" },
		{ { 1, TRACE_KINDS, 0, TRACE_HOST, 1, 2, 3 }, "none level=host" },
		{ { 1, 0xffff, 0xff, 0xff, 1, 2, 3 }, "none level=?" },
	};
	char text[TRACE_TEXT];

	(void)state;
	start();
	trace_set_names(reason, call);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		trace_format(&cases[i].event, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
	trace_set_names(NULL, NULL);
	trace_format(&cases[0].event, text, sizeof(text));
	assert_string_equal(text, "kvm_exit level=L1 reason=0x72 rip=0x1000 info1=0x3");
}

static void test_every_kind_fits(void **state)
{
	(void)state;
	start();
	for (int kind = 0; kind < TRACE_KINDS; kind++) {
		struct trace_event event = { ~0ull, (u16)kind, 63, TRACE_L2, ~0u, ~0ull, ~0ull };
		char text[TRACE_TEXT];

		trace_format(&event, text, sizeof(text));
		assert_true(strlen(text) < TRACE_TEXT - 1);
		for (size_t size = 1; size < sizeof(text); size++) {
			char *exact = malloc(size); /* ASan watches its end */

			trace_format(&event, exact, size);
			assert_true(strlen(exact) < size);
			free(exact);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_keeps_the_newest),
		cmocka_unit_test(test_off_records_nothing),
		cmocka_unit_test(test_rings_by_cpu),
		cmocka_unit_test(test_decoding),
		cmocka_unit_test(test_every_kind_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
