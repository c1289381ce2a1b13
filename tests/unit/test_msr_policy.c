/* SPDX-License-Identifier: MIT */
/*
 * The MSR policy: the table is well formed for every machine, every MSR that Debian's kernels
 * touch without a handler for #GP has an answer, everything else is #GP (facts H1), and
 * the permission map lets through exactly what the rows pass.
 */
#include "tests/unit/unit.h"
#include "arch/x86/cpuid_policy.h"
#include "arch/x86/msr_policy.h"
#include "arch/x86/spec.h"

/* A processor for the conditions: CPUID words that read as all ones, or from this list. */
struct fake_cpu {
	bool everything;
	u32 family_eax; /* Fn1_EAX */
	struct {
		u32 leaf, subleaf, regs[4];
	} leaves[12];
};

static void fake_cpuid(void *context, u32 leaf, u32 subleaf, u32 regs[4])
{
	const struct fake_cpu *cpu = context;

	for (int i = 0; i < 4; i++) {
		regs[i] = cpu->everything ? ~0u : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cpu->leaves); i++) {
		if (cpu->leaves[i].leaf == leaf && cpu->leaves[i].subleaf == subleaf &&
		    !cpu->everything) {
			memcpy(regs, cpu->leaves[i].regs, sizeof(cpu->leaves[i].regs));
		}
	}
	if (leaf == 1) {
		regs[CPUID_EAX] = cpu->family_eax;
	}
}

/* QEMU 7.2's EPYC,+vgif as L1 sees it: the words that conditions look at. */
static struct fake_cpu qemu_epyc = {
	.family_eax = 0x00800f12,
	.leaves = {
		{ 0x1, 0, { 0, 0x00000800, 0xfed8320b, 0x078bfbfd } },
		{ 0x6, 0, { 4, 0, 0, 0 } },
		{ 0x7, 0, { 0, 0x009801a9, 0, 0 } },
		{ 0xd, 1, { 5, 0x340, 0, 0 } },
		{ 0x80000001, 0, { 0x00800f12, 0, 0x00000075, 0x2dd3fbfd } },
		{ 0x80000008, 0, { 0x3028, 0, 0, 0 } },
		{ 0x8000000a, 0, { 1, 0x8000, 0, 0x100000e9 } },
	},
};

/* A processor that has whatever a row asks for. */
static struct fake_cpu full = { .everything = true, .family_eax = 0x00800f12 };
static struct fake_cpu bare = { .family_eax = 0x00600f12 };

static void init(struct msr_policy *p, struct fake_cpu *cpu, bool intel, bool hyperv)
{
	struct msr_policy_env env = { intel, hyperv, fake_cpuid, cpu };

	msr_policy_init(p, &env);
}

static u8 read_action(const struct msr_policy *p, u32 msr)
{
	return msr_policy_read(p, msr)->action;
}

static u8 write_action(const struct msr_policy *p, u32 msr)
{
	return msr_policy_write(p, msr)->action;
}

static void check_rule(const struct msr_row *row, const struct msr_rule *rule)
{
	assert_true(rule->action <= MSR_ACTION_VIRTUAL);
	assert_int_equal(rule->handler != MSR_HANDLER_NONE, rule->action == MSR_ACTION_VIRTUAL);
	assert_true(rule->handler < MSR_HANDLER_COUNT);
	if (rule->action == MSR_ACTION_REAL || rule->action == MSR_ACTION_PASS) {
		assert_true(rule->mask != 0);
	} else {
		assert_true(rule->mask == 0);
	}
	/* The map is filled MSR by MSR. */
	if (rule->action == MSR_ACTION_PASS) {
		assert_true(row->last - row->first < 0x100);
	}
}

static void test_table_is_sorted_and_sane(void **state)
{
	(void)state;
	for (size_t i = 0; i < msr_policy_table_count; i++) {
		const struct msr_row *row = &msr_policy_table[i];

		assert_true(row->first <= row->last);
		check_rule(row, &row->read);
		check_rule(row, &row->write);
		assert_false(row->read.action == MSR_ACTION_GP &&
			     row->write.action == MSR_ACTION_GP);
		if (i > 0 && row->first < row[-1].first) {
			fail_msg("%s stands before %s", row[-1].name, row->name);
		}
	}
}

/* Rows that hold at the same time never overlap: the search looks at one row only. */
static void test_no_overlap(void **state)
{
	struct fake_cpu *const cpus[] = { &qemu_epyc, &full, &bare };

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(cpus); c++) {
		for (int intel = 0; intel < 2; intel++) {
			struct msr_policy p;

			init(&p, cpus[c], intel, true);
			assert_true(p.count > 20 && p.count <= MSR_POLICY_ROWS_MAX);
			for (unsigned int i = 2; i < p.count; i++) {
				if (p.row[i]->first <= p.row[i - 1]->last) {
					fail_msg("%s overlaps %s", p.row[i]->name,
						 p.row[i - 1]->name);
				}
			}
		}
	}
}

/* The search against a walk over the rows, around every border and at random. */
static void test_search(void **state)
{
	static const u32 offsets[] = { 0, 1, ~0u };
	struct msr_policy p;

	(void)state;
	for (int round = 0; round < 4; round++) {
		init(&p, round & 1 ? &full : &qemu_epyc, round & 2, true);
		for (unsigned int i = 1; i < p.count; i++) {
			for (size_t o = 0; o < 2 * ARRAY_SIZE(offsets); o++) {
				u32 border = o & 1 ? p.row[i]->first : p.row[i]->last;
				u32 msr = border + offsets[o / 2];
				const struct msr_row *want = NULL;

				for (unsigned int j = 1; j < p.count; j++) {
					if (msr >= p.row[j]->first && msr <= p.row[j]->last) {
						want = p.row[j];
					}
				}
				assert_ptr_equal(msr_policy_find(&p, msr), want);
				if (want) {
					assert_ptr_equal(msr_policy_read(&p, msr), &want->read);
					assert_ptr_equal(msr_policy_write(&p, msr), &want->write);
				} else {
					assert_int_equal(read_action(&p, msr), MSR_ACTION_GP);
					assert_int_equal(write_action(&p, msr), MSR_ACTION_GP);
				}
			}
		}
	}
}

/* clang-format off */

/*
 * What Debian's 6.1 and 6.12 kernels (cloud and generic) read and write at boot and when kvm_amd
 * loads, traced on QEMU's EPYC, where a #GP would be an `unchecked MSR access error`.
 */
static const struct {
	u32 first, last;
	bool write;
} linux_epyc[] = {
	{ 0x1b, 0x1b, false }, { 0x1b, 0x1b, true }, { 0x8b, 0x8b, false }, { 0xfe, 0xfe, false },
	{ 0x174, 0x176, false }, { 0x174, 0x176, true },
	{ 0x179, 0x17a, false }, { 0x17b, 0x17b, true },
	{ 0x1d9, 0x1d9, false }, { 0x1d9, 0x1d9, true },
	{ 0x200, 0x20f, false }, { 0x200, 0x20f, true },
	{ 0x250, 0x250, false }, { 0x250, 0x250, true },
	{ 0x258, 0x259, false }, { 0x258, 0x259, true },
	{ 0x268, 0x26f, false }, { 0x268, 0x26f, true },
	{ 0x277, 0x277, false }, { 0x277, 0x277, true },
	{ 0x2ff, 0x2ff, false }, { 0x2ff, 0x2ff, true },
	{ 0x400, 0x427, false }, { 0x400, 0x427, true },
	{ 0xc0000080, 0xc0000084, false }, { 0xc0000080, 0xc0000084, true },
	{ 0xc0000100, 0xc0000103, false }, { 0xc0000100, 0xc0000103, true },
	{ 0xc0010010, 0xc0010010, false }, { 0xc0010015, 0xc0010015, false },
	{ 0xc001001a, 0xc001001a, false }, { 0xc001001d, 0xc001001d, false },
	{ 0xc001001f, 0xc001001f, false }, { 0xc001001f, 0xc001001f, true },
	{ 0xc0010058, 0xc0010058, false }, { 0xc0010114, 0xc0010114, false },
	{ 0xc0010117, 0xc0010117, false }, { 0xc0010117, 0xc0010117, true },
	{ 0xc0011020, 0xc0011020, false }, { 0xc0011028, 0xc0011029, false },
	{ 0xc0011028, 0xc0011029, true },
	/* Hyper-V: those that Linux touches at boot */
	{ 0x40000000, 0x40000002, false }, { 0x40000000, 0x40000001, true },
	{ 0x40000020, 0x40000023, false },
	{ 0x40000021, 0x40000021, true }, { 0x40000073, 0x40000073, true },
	{ 0x40000100, 0x40000105, true },
	{ 0x40000118, 0x40000118, true },
};

/* What they probe under an exception handler, and take #GP for "not there". */
static const u32 linux_probes[] = {
	0x3a, 0x48, 0xc1, 0xc8, 0xe1, 0x122, 0x140, 0x186, 0x18d, 0x1c4, 0x309, 0x345,
	0x38d, 0x38f, 0x3f1, 0x560, 0x570, 0x571, 0x580, 0x587, 0x600, 0x606, 0xd90,
	0xc0010000, 0xc0010007, 0xc0010200, 0xc001020b, 0xc0010299, 0xc0010300, 0xc0011021,
	0xc001102a,
};

/* Never L1's: SMM, SVM's keys, SEV, what moves memory, AVIC's doorbell, VIRT_SPEC_CTRL. */
static const u32 never[] = {
	0x3b, 0x9e, 0x1f2, 0x1f3, 0x4d0, 0x6a0, 0x982, 0x20000000, 0x40000200, 0x4fffffff,
	0x80000000, 0xc0010016, 0xc0010019, 0xc0010111, 0xc0010116, 0xc0010118, 0xc001011b,
	0xc001011f, 0xc0010130, 0xc0010131, 0xc0010132, 0xc0011019, 0xc0011030, 0xffffffff,
};
/* clang-format on */

static void test_linux_on_qemu_epyc(void **state)
{
	struct msr_policy p;

	(void)state;
	init(&p, &qemu_epyc, false, true);
	for (size_t i = 0; i < ARRAY_SIZE(linux_epyc); i++) {
		for (u32 msr = linux_epyc[i].first; msr <= linux_epyc[i].last; msr++) {
			u8 action =
				linux_epyc[i].write ? write_action(&p, msr) : read_action(&p, msr);

			if (action == MSR_ACTION_GP) {
				fail_msg("%s of %x is #GP", linux_epyc[i].write ? "write" : "read",
					 msr);
			}
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(linux_probes); i++) {
		assert_int_equal(read_action(&p, linux_probes[i]), MSR_ACTION_GP);
	}
}

static void test_never(void **state)
{
	(void)state;
	for (int round = 0; round < 4; round++) {
		struct msr_policy p;

		init(&p, &full, round & 1, round & 2);
		for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
			u32 msr = never[i];

			assert_int_equal(write_action(&p, msr), MSR_ACTION_GP);
			assert_null(msr_policy_find(&p, msr));
		}
	}
}

/* What must not go past Plinth, whatever the processor has. */
static void test_intercepted(void **state)
{
	/* clang-format off */
	static const struct { u32 msr; enum msr_handler handler; bool read; } rows[] = {
		{ MSR_TSC, MSR_HANDLER_TSC, true },
		{ MSR_APIC_BASE, MSR_HANDLER_APIC_BASE, true },
		{ MSR_X2APIC_ICR, MSR_HANDLER_X2APIC_ICR, false },
		{ MSR_PAT, MSR_HANDLER_PAT, true },
		{ MSR_MTRR_DEF_TYPE, MSR_HANDLER_MTRR, false },
		{ MSR_EFER, MSR_HANDLER_EFER, true },
		{ 0xc0010114, MSR_HANDLER_VM_CR, true },
		{ 0xc0010117, MSR_HANDLER_VM_HSAVE_PA, true },
		{ MSR_TSC_RATIO, MSR_HANDLER_TSC_RATIO, true },
		{ 0x40000073, MSR_HANDLER_HYPERV, true },
	};
	/* clang-format on */
	struct msr_policy p;

	(void)state;
	init(&p, &full, false, true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(msr_policy_write(&p, rows[i].msr)->handler, rows[i].handler);
		if (rows[i].read) {
			assert_int_equal(msr_policy_read(&p, rows[i].msr)->handler,
					 rows[i].handler);
		}
	}
	assert_int_equal(msr_policy_read(&p, MSR_HWCR)->handler, MSR_HANDLER_HWCR);
	assert_true((msr_policy_write(&p, MSR_HWCR)->mask & BIT(0)) == 0); /* SmmLock */
	init(&p, &full, true, true);
	assert_int_equal(msr_policy_read(&p, 0x480)->handler, MSR_HANDLER_VMX_CAPS);
	assert_int_equal(write_action(&p, 0x480), MSR_ACTION_GP);
	assert_int_equal(msr_policy_read(&p, MSR_DEBUGCTL)->handler, MSR_HANDLER_DEBUGCTL);
	assert_int_equal(msr_policy_read(&p, 0x3a)->handler, MSR_HANDLER_FEATURE_CONTROL);
}

static void test_conditions(void **state)
{
	struct msr_policy p;
	struct fake_cpu cpu = qemu_epyc;

	(void)state;
	init(&p, &cpu, false, false);
	assert_int_equal(read_action(&p, 0x40000000), MSR_ACTION_GP);
	assert_int_equal(read_action(&p, MSR_X2APIC_ICR), MSR_ACTION_GP);
	assert_int_equal(read_action(&p, MSR_TSC_DEADLINE), MSR_ACTION_GP);
	assert_int_equal(read_action(&p, MSR_SPEC_CTRL), MSR_ACTION_GP);
	assert_int_equal(read_action(&p, MSR_TSC_RATIO), MSR_ACTION_GP);
	/* each bit of an OR does, alone */
	cpu.leaves[5].regs[CPUID_EBX] = BIT(14);
	init(&p, &cpu, false, false);
	assert_int_equal(read_action(&p, MSR_SPEC_CTRL), MSR_ACTION_PASS);
	assert_int_equal(write_action(&p, MSR_PRED_CMD), MSR_ACTION_GP);
	cpu.leaves[5].regs[CPUID_EBX] = BIT(12);
	init(&p, &cpu, false, false);
	assert_int_equal(read_action(&p, MSR_SPEC_CTRL), MSR_ACTION_GP);
	assert_int_equal(write_action(&p, MSR_PRED_CMD), MSR_ACTION_PASS);
	assert_int_equal(read_action(&p, MSR_PRED_CMD), MSR_ACTION_GP);
	cpu.leaves[4].regs[CPUID_ECX] &= ~(u32)CPUID_80000001_ECX_SVM;
	init(&p, &cpu, false, false);
	assert_int_equal(read_action(&p, 0xc0010114), MSR_ACTION_GP);
	assert_int_equal(write_action(&p, 0xc0010117), MSR_ACTION_GP);
	/* vendors */
	init(&p, &full, true, false);
	assert_int_equal(read_action(&p, MSR_SYSCFG), MSR_ACTION_GP);
	assert_int_equal(read_action(&p, MSR_MISC_ENABLE), MSR_ACTION_REAL);
	init(&p, &full, false, false);
	assert_int_equal(read_action(&p, MSR_MISC_ENABLE), MSR_ACTION_GP);
}

static void policy_cpuid(void *context, u32 leaf, u32 subleaf, u32 regs[4])
{
	memset(regs, 0xff, 4 * sizeof(regs[0]));
	cpuid_policy_apply(context, leaf, subleaf, ~0ull, regs);
}

/*
 * The two policies agree: on a processor with everything, CPUID lets through each bit that a row
 * waits for, except the TSC ratio, which is not emulated.
 */
static void test_no_row_waits_in_vain(void **state)
{
	struct cpuid_policy_hw hw = { .max_basic = 0x1f,
				      .max_extended = 0x80000026,
				      .svm_features = ~0u,
				      .svm = true,
				      .vmx = true };
	struct cpuid_policy cpuid;

	(void)state;
	cpuid_policy_init(&cpuid, &hw);
	for (int intel = 0; intel < 2; intel++) {
		struct msr_policy_env env = { intel, true, policy_cpuid, &cpuid };
		struct msr_policy all, p;

		init(&all, &full, intel, true);
		msr_policy_init(&p, &env);
		for (unsigned int i = 1; i < all.count; i++) {
			const struct msr_row *row = all.row[i];

			/* Fn1_EAX of all ones is of no family that has rows */
			if (strcmp(row->name, "LS_CFG") == 0 || strcmp(row->name, "FP_CFG") == 0 ||
			    strcmp(row->name, "TSC_RATIO") == 0) {
				continue;
			}
			if (!msr_policy_find(&p, row->first)) {
				fail_msg("CPUID never shows what %s needs", row->name);
			}
		}
	}
}

static void test_families(void **state)
{
	static const struct {
		u32 eax;
		u64 ls_cfg;
	} rows[] = {
		{ 0x00600f12, BIT(54) }, { 0x00730f01, BIT(33) | BIT(15) },
		{ 0x00800f12, BIT(10) }, { 0x00870f10, BIT(10) },
		{ 0x00a20f10, 0 }, /* 19h has SSBD */
		{ 0x000006f1, 0 }, /* base family 6: the extended one does not count */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_cpu cpu = { .everything = true, .family_eax = rows[i].eax };
		struct msr_policy p;

		init(&p, &cpu, false, false);
		assert_true(msr_policy_write(&p, 0xc0011020)->mask == rows[i].ls_cfg);
	}
}

static bool map_says(const u8 *map, u32 msr, bool write)
{
	u32 base = msr < 0x2000 ? 0 : msr >= 0xc0000000 && msr < 0xc0002000 ? 0x800 : 0x1000;
	u32 pair = msr & 0x1fff;

	return map[base + pair / 4] >> (pair % 4 * 2 + write) & 1;
}

static void test_permission_map(void **state)
{
	static const u32 ranges[] = { 0, 0xc0000000, 0xc0010000 };
	u8 map[0x2000 + 16];

	(void)state;
	for (int round = 0; round < 4; round++) {
		struct msr_policy p;
		size_t passed = 0;

		memset(map, 0x5a, sizeof(map));
		init(&p, round & 1 ? &full : &qemu_epyc, round & 2, true);
		msr_policy_bitmap_svm(&p, map);
		for (size_t r = 0; r < ARRAY_SIZE(ranges); r++) {
			for (u32 msr = ranges[r]; msr < ranges[r] + 0x2000; msr++) {
				bool read = read_action(&p, msr) == MSR_ACTION_PASS;
				bool write = write_action(&p, msr) == MSR_ACTION_PASS;

				assert_int_equal(map_says(map, msr, false), !read);
				assert_int_equal(map_says(map, msr, true), !write);
				passed += read + write;
			}
		}
		assert_true(passed > 100);
		/* the reserved quarter stays set, and nothing is written behind the map */
		for (size_t i = 0x1800; i < 0x2000; i++) {
			assert_int_equal(map[i], 0xff);
		}
		for (size_t i = 0x2000; i < sizeof(map); i++) {
			assert_int_equal(map[i], 0x5a);
		}
		assert_true(map_says(map, MSR_EFER, false) && map_says(map, MSR_EFER, true));
		assert_true(map_says(map, MSR_TSC, false));
		assert_false(map_says(map, MSR_LSTAR, true));
	}
}

static bool bitmap_says(const u8 *map, u32 msr, bool write)
{
	u32 base = (msr < 0x2000 ? 0 : 0x400) + (write ? 0x800 : 0);
	u32 offset = msr & 0x1fff;

	return map[base + offset / 8] >> offset % 8 & 1;
}

static void test_msr_bitmap(void **state)
{
	static const u32 ranges[] = { 0, 0xc0000000 };
	struct msr_policy p;
	u8 map[0x1000 + 16];
	size_t passed = 0;

	(void)state;
	memset(map, 0x5a, sizeof(map));
	init(&p, &full, true, true);
	msr_policy_bitmap_vmx(&p, map);
	for (size_t r = 0; r < ARRAY_SIZE(ranges); r++) {
		for (u32 msr = ranges[r]; msr < ranges[r] + 0x2000; msr++) {
			bool read = read_action(&p, msr) == MSR_ACTION_PASS;
			bool write = write_action(&p, msr) == MSR_ACTION_PASS;

			assert_int_equal(bitmap_says(map, msr, false), !read);
			assert_int_equal(bitmap_says(map, msr, true), !write);
			passed += read + write;
		}
	}
	assert_true(passed > 100);
	for (size_t i = 0x1000; i < sizeof(map); i++) {
		assert_int_equal(map[i], 0x5a);
	}
}

static void test_pat(void **state)
{
	(void)state;
	for (unsigned int field = 0; field < 8; field++) {
		for (u64 type = 0; type < 256; type++) {
			bool legal = type < 2 || (type >= 4 && type < 8);
			u64 pat = 0x0406060606060600ull & ~(0xffull << field * 8);

			assert_int_equal(msr_pat_legal(pat | type << field * 8), legal);
		}
	}
	assert_true(msr_pat_legal(0x0007040600070406ull));
}

static void test_mtrr(void **state)
{
	static const u32 fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x26f };
	u64 phys_mbz = ~GENMASK(39, 0);

	(void)state;
	for (u64 type = 0; type < 256; type++) {
		bool legal = type < 2 || (type >= 4 && type < 7);

		assert_int_equal(msr_mtrr_legal(0x200, 0x12345000 | type, phys_mbz), legal);
		assert_int_equal(msr_mtrr_legal(0x2ff, 0xc00 | type, phys_mbz), legal);
		for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
			u64 value = 0x0606060606060606ull & ~(0xffull << i * 8);

			assert_int_equal(msr_mtrr_legal(fixed[i], value | type << i * 8, phys_mbz),
					 legal);
		}
	}
	assert_true(msr_mtrr_legal(0x201, 0xffc0000800ull, phys_mbz));
	for (unsigned int bit = 0; bit < 64; bit++) {
		assert_int_equal(msr_mtrr_legal(0x200, BIT(bit) & ~7ull, phys_mbz),
				 bit < 3 || (bit >= 12 && bit < 40));
		assert_int_equal(msr_mtrr_legal(0x201, BIT(bit), phys_mbz), bit >= 11 && bit < 40);
		assert_int_equal(msr_mtrr_legal(0x2ff, BIT(bit) & ~7ull, phys_mbz),
				 bit < 3 || bit == 10 || bit == 11);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_sorted_and_sane),
		cmocka_unit_test(test_no_overlap),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_linux_on_qemu_epyc),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_intercepted),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_no_row_waits_in_vain),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_permission_map),
		cmocka_unit_test(test_msr_bitmap),
		cmocka_unit_test(test_pat),
		cmocka_unit_test(test_mtrr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
