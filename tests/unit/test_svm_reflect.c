/* SPDX-License-Identifier: MIT */
/*
 * vmcb02 + exit -> vmcb12: exactly what [APM "#VMEXIT"] lists is written, nothing of what is L1's
 * (clean bits, controls, addresses), and L1's page is not read. Facts 1.9, E7, G7
 * (CVE-2026-46071).
 */
#define _GNU_SOURCE /* access_log.h wants the names of registers */
#include "tests/unit/unit.h"
#include "arch/x86/svm/reflect.h"

#include "tests/unit/access_log.h"
#include "tests/unit/vmcb_fields.h"

/* Fields that come from vmcb02 as they are. */
static const struct vmcb_field copied[] = {
	VMCB_FIELD(control.interrupt_shadow),
	VMCB_FIELD(control.exitintinfo),
	VMCB_FIELD(save.es),
	VMCB_FIELD(save.cs),
	VMCB_FIELD(save.ss),
	VMCB_FIELD(save.ds),
	VMCB_FIELD(save.gdtr),
	VMCB_FIELD(save.idtr),
	VMCB_FIELD(save.cpl),
	VMCB_FIELD(save.efer),
	VMCB_FIELD(save.cr4),
	VMCB_FIELD(save.cr3),
	VMCB_FIELD(save.cr0),
	VMCB_FIELD(save.dr7),
	VMCB_FIELD(save.dr6),
	VMCB_FIELD(save.rflags),
	VMCB_FIELD(save.rip),
	VMCB_FIELD(save.rsp),
	VMCB_FIELD(save.rax),
	VMCB_FIELD(save.cr2),
};

static const struct vmcb_field copied_with_npt[] = {
	VMCB_FIELD(save.g_pat),
};

/* Fields that are made. */
static const struct vmcb_field made[] = {
	VMCB_FIELD(control.int_ctl),   VMCB_FIELD(control.exitcode),
	VMCB_FIELD(control.exitinfo1), VMCB_FIELD(control.exitinfo2),
	VMCB_FIELD(control.eventinj),  VMCB_FIELD(control.nrip),
	VMCB_FIELD(control.insn_len),  VMCB_FIELD(control.insn_bytes),
};

static const struct svm_exit_info exit_info = {
	.code = 0xffffffff00000400ull, /* wider than a code is: no part may get lost */
	.info1 = 0x1111222233334444ull,
	.info2 = 0x5555666677778888ull,
	.nrip = 0x99990000aaaabbbbull,
	.insn_len = 15,
	.insn_bytes = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
};

static struct vmcb vmcb02, vmcb12, before;
static struct vmcb_control given;

/* vmcb02 and vmcb12 differ in every byte. */
static void fill(u64 np_enable)
{
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		((u8 *)&vmcb02)[i] = (u8)(i * 59 + 7);
		((u8 *)&vmcb12)[i] = (u8) ~((u8 *)&vmcb02)[i];
	}
	given = vmcb12.control;
	given.np_enable = np_enable;
	before = vmcb12;
}

static void check_bytes(bool npt)
{
	u8 may[PAGE_SIZE] = { 0 };

	vmcb_fields_mark(may, copied, ARRAY_SIZE(copied), 1);
	if (npt) {
		vmcb_fields_mark(may, copied_with_npt, ARRAY_SIZE(copied_with_npt), 1);
	}
	vmcb_fields_mark(may, made, ARRAY_SIZE(made), 2);
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		u8 got = ((u8 *)&vmcb12)[i];

		if (may[i] == 1 && got != ((u8 *)&vmcb02)[i]) {
			fail_msg("byte %zx is not vmcb02's", i);
		}
		if (may[i] == 0 && got != ((u8 *)&before)[i]) {
			fail_msg("byte %zx was written", i);
		}
	}
}

static void exactly_the_listed_fields(void **state)
{
	(void)state;
	fill(NP_ENABLE);
	svm_reflect(&vmcb02, &exit_info, &given, &vmcb12);
	check_bytes(true);
}

/* L1's own PAT is in vmcb02 then. */
static void g_pat_only_with_nested_paging(void **state)
{
	(void)state;
	fill(~NP_ENABLE);
	svm_reflect(&vmcb02, &exit_info, &given, &vmcb12);
	check_bytes(false);
}

static void what_the_exit_says(void **state)
{
	(void)state;
	fill(NP_ENABLE);
	svm_reflect(&vmcb02, &exit_info, &given, &vmcb12);
	assert_int_equal(vmcb12.control.exitcode, exit_info.code);
	assert_int_equal(vmcb12.control.exitinfo1, exit_info.info1);
	assert_int_equal(vmcb12.control.exitinfo2, exit_info.info2);
	assert_int_equal(vmcb12.control.nrip, exit_info.nrip);
	assert_int_equal(vmcb12.control.insn_len, 15);
	assert_memory_equal(vmcb12.control.insn_bytes, exit_info.insn_bytes, 15);
	assert_int_equal(vmcb12.control.eventinj, 0);
	assert_int_equal(vmcb12.control.clean, before.control.clean);
}

/* Each bit of int_ctl comes from vmcb02 or is as L1 gave it; L1's page does not count. */
static void int_ctl_bit_by_bit(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (int vgif = 0; vgif < 2; vgif++) {
			u64 from_02 = V_TPR_MASK | V_IRQ | (vgif ? V_GIF : 0);
			u64 enable = vgif ? V_GIF_ENABLE : 0;

			if (BIT(bit) == V_GIF_ENABLE) {
				continue;
			}
			fill(NP_ENABLE);
			vmcb02.control.int_ctl = BIT(bit) | enable;
			given.int_ctl = enable;
			svm_reflect(&vmcb02, &exit_info, &given, &vmcb12);
			assert_int_equal(vmcb12.control.int_ctl, (BIT(bit) & from_02) | enable);

			vmcb02.control.int_ctl = enable;
			given.int_ctl = BIT(bit) | enable;
			svm_reflect(&vmcb02, &exit_info, &given, &vmcb12);
			assert_int_equal(vmcb12.control.int_ctl, (BIT(bit) & ~from_02) | enable);
		}
	}
}

/* V_INTR_MASKING that Plinth added while L2's GIF was 0 stays Plinth's. */
static void plinths_interrupt_masking_is_not_seen(void **state)
{
	(void)state;
	fill(NP_ENABLE);
	vmcb02.control.int_ctl = V_INTR_MASKING | 5;
	given.int_ctl = 0;
	svm_reflect(&vmcb02, &exit_info, &given, &vmcb12);
	assert_int_equal(vmcb12.control.int_ctl, 5);
}

static void invalid_changes_the_exit_code_alone(void **state)
{
	static const struct vmcb_field exit_fields[] = {
		VMCB_FIELD(control.exitcode),
		VMCB_FIELD(control.exitinfo1),
		VMCB_FIELD(control.exitinfo2),
	};
	u8 may[PAGE_SIZE] = { 0 };

	(void)state;
	fill(NP_ENABLE);
	svm_reflect_invalid(&vmcb12);
	assert_int_equal(vmcb12.control.exitcode, ~0ull);
	assert_int_equal(vmcb12.control.exitinfo1, 0);
	assert_int_equal(vmcb12.control.exitinfo2, 0);
	vmcb_fields_mark(may, exit_fields, ARRAY_SIZE(exit_fields), 1);
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		assert_true(may[i] || ((u8 *)&vmcb12)[i] == ((u8 *)&before)[i]);
	}
}

/* What L1 or another CPU writes there meanwhile cannot count. */
static void g7_the_page_is_never_read(void **state)
{
	struct vmcb *page = access_log_page();
	u8 may[PAGE_SIZE] = { 0 };

	(void)state;
	fill(NP_ENABLE);
	access_log_start(page, false);
	svm_reflect(&vmcb02, &exit_info, &given, page);
	svm_reflect_invalid(page);
	access_log_stop();
	vmcb_fields_mark(may, copied, ARRAY_SIZE(copied), 1);
	vmcb_fields_mark(may, copied_with_npt, ARRAY_SIZE(copied_with_npt), 1);
	vmcb_fields_mark(may, made, ARRAY_SIZE(made), 1);
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		assert_int_equal(access_log.reads[i], 0);
		assert_int_equal(access_log.writes[i] != 0, may[i]);
	}
	munmap(page, PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_the_listed_fields),
		cmocka_unit_test(g_pat_only_with_nested_paging),
		cmocka_unit_test(what_the_exit_says),
		cmocka_unit_test(int_ctl_bit_by_bit),
		cmocka_unit_test(plinths_interrupt_masking_is_not_seen),
		cmocka_unit_test(invalid_changes_the_exit_code_alone),
		cmocka_unit_test(g7_the_page_is_never_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
