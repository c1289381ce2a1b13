/* SPDX-License-Identifier: MIT */
/*
 * When a flush call returns, no VP that it names uses a translation from before it: each of the
 * four calls, from memory and fast, with each way of naming VPs, while the other VPs read without
 * a pause.
 */
#include "tests/lib/hv_flush.h"
#include "tests/lib/payload.h"
#include "tests/lib/readers.h"

const char test_title[] = "remote TLB flush by hypercall";

#define WINDOW GIB(16) /* addresses that nothing else maps */
#define PAGES  4
#define ROUNDS 100

static u64 vp_of[MAX_CPUS];

static void note_vp(void *unused)
{
	(void)unused;
	vp_of[this_cpu()->index] = rdmsr(HV_MSR_VP_INDEX);
}

static void read_on_this_cpu(void *unused)
{
	(void)unused;
	readers_loop();
}

static bool flush(const struct hv_flush_form *form, u64 cpu_bits)
{
	const u64 list[] = { WINDOW | 1 /* additional page */, WINDOW + 2 * PAGE_SIZE,
			     WINDOW + 3 * PAGE_SIZE };
	u64 vps = 0;

	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		vps |= cpu_bits & BIT(i) ? BIT(vp_of[i]) : 0;
	}
	return hv_flush(form, read_cr3() & PTE_ADDR, vps, list, ARRAY_SIZE(list));
}

static void run_form(const struct hv_flush_form *form, u64 rounds)
{
	const u64 everybody = BIT(smp_count()) - 1;
	const bool all = form->naming == HV_BY_ALL_FLAG || form->naming == HV_BY_SET_ALL;
	char text[48];

	hv_flush_form_text(form, text, sizeof(text));
	for (u64 round = 0; round < rounds; round++) {
		/* All, the others, and each alone in turn. */
		u64 some = round % 3 == 1 ? everybody & ~1ull : BIT(round % smp_count());
		u64 targets = all || round % 3 == 0 || some == 0 ? everybody : some;

		readers_swap();
		check(flush(form, targets), "%s: the call fails", text);
		check(readers_expect(targets), "%s: a reader stands still", text);
		for (unsigned int i = 0; i < smp_count(); i++) {
			check(readers_stale(i) == 0, "%s: CPU %u uses the old translation", text,
			      i);
		}
	}
}

static void run_all_forms(u64 rounds)
{
	static const enum hv_call_code codes[] = { HV_FLUSH_SPACE, HV_FLUSH_LIST, HV_FLUSH_SPACE_EX,
						   HV_FLUSH_LIST_EX };

	for (unsigned int i = 0; i < ARRAY_SIZE(codes) * 2 * HV_NAMINGS; i++) {
		struct hv_flush_form form = { codes[i / 2 / HV_NAMINGS], i & 1,
					      i / 2 % HV_NAMINGS };

		if (hv_flush_form_exists(&form)) {
			run_form(&form, rounds);
		}
	}
}

void test_main(void)
{
	hv_require();
	hv_enable();
	check_eq("CPUs", smp_start_all(), smp_expected());
	check(cpu_run_all(note_vp, NULL), "a CPU does not return");
	readers_init(boot_pml4, WINDOW, PAGES);
	for (unsigned int i = 1; i < smp_count(); i++) {
		cpu_run(i, read_on_this_cpu, NULL);
	}
	run_all_forms(cmdline_u64("rounds", ROUNDS));
	readers_stop();
	for (unsigned int i = 1; i < smp_count(); i++) {
		check(cpu_wait(i), "CPU %u does not stop", i);
	}
	report_success();
}
