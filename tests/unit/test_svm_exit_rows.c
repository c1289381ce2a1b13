/* SPDX-License-Identifier: MIT */
/*
 * Who gets an L2's exit, by the name of the exit: the table of the APM once more, written down on
 * its own, against exit_codes.def. And the places of MSRs in the permission map.
 */
#include "tests/unit/unit.h"
#include "arch/x86/svm/exit_rows.h"

/* Where L1 asks: byte offset of the intercept word in the VMCB, and the bit. */
struct expected {
	u32 code;
	const char *name;
	u16 offset;
	u8 bit;
	u8 owner;
	u8 insn;
};

#define L1 EXIT_OWNER_L1_IF
#define L0 EXIT_OWNER_L0_FIRST

/* What Plinth supplies of nRIP save and decode assists, where the hardware has them not. */
#define NONE EXIT_INSN_NONE
#define LEN  EXIT_INSN_LEN
#define CR   EXIT_INSN_CR
#define DR   EXIT_INSN_DR
#define ADDR EXIT_INSN_ADDR
#define INT  EXIT_INSN_INT
#define IO   EXIT_INSN_IO

/* [APM "SVM Intercept Codes"], in its order. */
/* clang-format off */
static const struct expected table[] = {
	{ 0x60, "INTR",			0x0c,  0, L1, NONE },
	{ 0x61, "NMI",			0x0c,  1, L0, NONE },
	{ 0x62, "SMI",			0x0c,  2, L1, NONE },
	{ 0x63, "INIT",			0x0c,  3, L0, NONE },
	{ 0x64, "VINTR",		0x0c,  4, L1, NONE },
	{ 0x65, "CR0_SEL_WRITE",	0x0c,  5, L1, CR },
	{ 0x66, "IDTR_READ",		0x0c,  6, L1, LEN },
	{ 0x67, "GDTR_READ",		0x0c,  7, L1, LEN },
	{ 0x68, "LDTR_READ",		0x0c,  8, L1, LEN },
	{ 0x69, "TR_READ",		0x0c,  9, L1, LEN },
	{ 0x6a, "IDTR_WRITE",		0x0c, 10, L1, LEN },
	{ 0x6b, "GDTR_WRITE",		0x0c, 11, L1, LEN },
	{ 0x6c, "LDTR_WRITE",		0x0c, 12, L1, LEN },
	{ 0x6d, "TR_WRITE",		0x0c, 13, L1, LEN },
	{ 0x6e, "RDTSC",		0x0c, 14, L1, LEN },
	{ 0x6f, "RDPMC",		0x0c, 15, L1, LEN },
	{ 0x70, "PUSHF",		0x0c, 16, L1, LEN },
	{ 0x71, "POPF",			0x0c, 17, L1, LEN },
	{ 0x72, "CPUID",		0x0c, 18, L1, LEN },
	{ 0x73, "RSM",			0x0c, 19, L1, LEN },
	{ 0x74, "IRET",			0x0c, 20, L1, LEN },
	{ 0x75, "SWINT",		0x0c, 21, L1, INT },
	{ 0x76, "INVD",			0x0c, 22, L1, LEN },
	{ 0x77, "PAUSE",		0x0c, 23, L1, LEN },
	{ 0x78, "HLT",			0x0c, 24, L1, LEN },
	{ 0x79, "INVLPG",		0x0c, 25, L1, ADDR },
	{ 0x7a, "INVLPGA",		0x0c, 26, L1, LEN },
	{ 0x7b, "IOIO",			0x0c, 27, L0, IO },
	{ 0x7c, "MSR",			0x0c, 28, L0, LEN },
	{ 0x7d, "TASK_SWITCH",		0x0c, 29, L1, NONE },
	{ 0x7e, "FERR_FREEZE",		0x0c, 30, L1, NONE },
	{ 0x7f, "SHUTDOWN",		0x0c, 31, L1, NONE },
	{ 0x80, "VMRUN",		0x10,  0, L1, LEN },
	{ 0x81, "VMMCALL",		0x10,  1, L1, LEN },
	{ 0x82, "VMLOAD",		0x10,  2, L1, LEN },
	{ 0x83, "VMSAVE",		0x10,  3, L1, LEN },
	{ 0x84, "STGI",			0x10,  4, L1, LEN },
	{ 0x85, "CLGI",			0x10,  5, L1, LEN },
	{ 0x86, "SKINIT",		0x10,  6, L1, LEN },
	{ 0x87, "RDTSCP",		0x10,  7, L1, LEN },
	{ 0x88, "ICEBP",		0x10,  8, L1, LEN },
	{ 0x89, "WBINVD",		0x10,  9, L1, LEN },
	{ 0x8a, "MONITOR",		0x10, 10, L1, LEN },
	{ 0x8b, "MWAIT",		0x10, 11, L1, LEN },
	{ 0x8c, "MWAIT_CONDITIONAL",	0x10, 12, L1, LEN },
	{ 0x8d, "XSETBV",		0x10, 13, L1, LEN },
	{ 0x8e, "RDPRU",		0x10, 14, L1, LEN },
	/* no rows of their own */
	{ 0x8f, "other",		0x10, 15, L1, NONE }, /* EFER write, trap */
	{ 0x90, "other",		0x10, 16, L1, NONE }, /* CR0 write, trap */
	{ 0x9f, "other",		0x10, 31, L1, NONE },
	{ 0xa0, "other",		0x14,  0, L1, NONE }, /* INVLPGB */
	{ 0xa2, "other",		0x14,  2, L1, NONE }, /* INVPCID */
	{ 0xa4, "other",		0x14,  4, L1, NONE }, /* TLBSYNC */
	{ 0xbf, "other",		0x14, 31, L1, NONE },
	/* blocks */
	{ 0x00, "CR_READ",		0x00,  0, L1, CR },
	{ 0x0f, "CR_READ",		0x00, 15, L1, CR },
	{ 0x10, "CR_WRITE",		0x00, 16, L1, CR },
	{ 0x18, "CR_WRITE",		0x00, 24, L1, CR },
	{ 0x1f, "CR_WRITE",		0x00, 31, L1, CR },
	{ 0x20, "DR_READ",		0x04,  0, L1, DR },
	{ 0x2f, "DR_READ",		0x04, 15, L1, DR },
	{ 0x30, "DR_WRITE",		0x04, 16, L1, DR },
	{ 0x3f, "DR_WRITE",		0x04, 31, L1, DR },
	{ 0x40, "EXCP",			0x08,  0, L1, NONE },
	{ 0x4e, "EXCP",			0x08, 14, L1, NONE },
	{ 0x4f, "EXCP",			0x08, 15, L1, NONE },
	{ 0x50, "EXCP",			0x08, 16, L1, NONE },
	{ 0x5f, "EXCP",			0x08, 31, L1, NONE },
};
/* clang-format on */

static struct vmcb_control control;

static void set_all(bool value)
{
	memset(&control, 0, sizeof(control));
	memset(&control.intercept_cr, value ? 0xff : 0, 6 * sizeof(u32));
}

static u32 *word_of(const struct expected *e)
{
	return (u32 *)((u8 *)&control + e->offset);
}

static void l1_gets_it_iff_it_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct expected *e = &table[i];

		set_all(false);
		*word_of(e) = (u32)BIT(e->bit);
		if (!svm_l1_asked(&control, e->code)) {
			fail_msg("%s (%x): L1 asked and is not heard", e->name, e->code);
		}
		set_all(true);
		*word_of(e) &= ~(u32)BIT(e->bit);
		if (svm_l1_asked(&control, e->code)) {
			fail_msg("%s (%x): L1 did not ask", e->name, e->code);
		}
	}
}

static void names_and_owners(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct svm_exit_row *row = svm_exit_row(SVM_EXIT_INDEX(table[i].code));

		assert_string_equal(row->name, table[i].name);
		assert_string_equal(svm_exit_name(SVM_EXIT_INDEX(table[i].code)), table[i].name);
		if (row->owner != table[i].owner) {
			fail_msg("%s: owner", table[i].name);
		}
		if (row->insn != table[i].insn) {
			fail_msg("%s: decode assists", table[i].name);
		}
	}
}

/* Every row of the .def is in the table above: no exit escapes it. */
static void the_table_is_complete(void **state)
{
	(void)state;
	for (u32 code = 0x60; code < 0xa0; code++) {
		const char *name = svm_exit_name(SVM_EXIT_INDEX(code));
		bool found = !strcmp(name, "other");

		for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
			found |= table[i].code == code;
		}
		if (!found) {
			fail_msg("%s (%x) is not tested", name, code);
		}
	}
}

/* Codes that no intercept bit stands for: nobody can have asked for them. */
static void codes_without_an_intercept(void **state)
{
	static const u32 codes[] = { 0xc0,	 0x100,	     0x3ff,	 0x400,
				     0x401,	 0x403,	     0x1000,	 0x7fffffff,
				     0x80000000, 0xf0000000, 0xfffffffe, 0xffffffff };

	(void)state;
	set_all(true);
	memset((u8 *)&control.intercept_misc3 + 4, 0xff, 0x40);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		assert_false(svm_l1_asked(&control, codes[i]));
		assert_true(SVM_EXIT_INDEX(codes[i]) < SVM_EXIT_ROWS);
	}
	assert_string_equal(svm_exit_name(SVM_EXIT_INDEX(0x400)), "NPF");
	assert_int_equal(svm_exit_row(SVM_EXIT_INDEX(0x400))->owner, L0);
	/* QEMU's 32-bit -1 and the processor's 64-bit one. */
	assert_string_equal(svm_exit_name(SVM_EXIT_INDEX(~0u)), "INVALID");
	assert_string_equal(svm_exit_name(SVM_EXIT_INDEX(VMEXIT_INVALID)), "INVALID");
	assert_int_equal(svm_exit_row(SVM_EXIT_INDEX(~0u))->owner, L0);
}

static void any_index_has_a_row(void **state)
{
	(void)state;
	for (u32 i = 0; i < 0x1000; i++) {
		assert_non_null(svm_exit_row(i));
		assert_non_null(svm_exit_name(i));
	}
	assert_non_null(svm_exit_name(~0u));
}

/* [APM "MSR Intercepts"] */
static void places_of_msrs(void **state)
{
	static const struct {
		u32 msr;
		bool in_map;
		u32 byte;
		u32 shift;
	} rows[] = {
		{ 0x00000000, true, 0x0000, 0 }, { 0x00000003, true, 0x0000, 6 },
		{ 0x00000010, true, 0x0004, 0 }, { 0x0000001b, true, 0x0006, 6 },
		{ 0x00001fff, true, 0x07ff, 6 }, { 0x00002000, false, 0, 0 },
		{ 0x40000000, false, 0, 0 },	 { 0x4b564d00, false, 0, 0 },
		{ 0x7fffffff, false, 0, 0 },	 { 0x80000000, false, 0, 0 },
		{ 0xbfffffff, false, 0, 0 },	 { 0xc0000000, true, 0x0800, 0 },
		{ 0xc0000080, true, 0x0820, 0 }, { 0xc0000102, true, 0x0840, 4 },
		{ 0xc0001fff, true, 0x0fff, 6 }, { 0xc0002000, false, 0, 0 },
		{ 0xc000ffff, false, 0, 0 },	 { 0xc0010000, true, 0x1000, 0 },
		{ 0xc0010117, true, 0x1045, 6 }, { 0xc0011fff, true, 0x17ff, 6 },
		{ 0xc0012000, false, 0, 0 },	 { 0xffffffff, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 byte = 0, shift = 0;

		if (svm_msrpm_place(rows[i].msr, &byte, &shift) != rows[i].in_map ||
		    byte != rows[i].byte || shift != rows[i].shift) {
			fail_msg("MSR %x: byte %x, shift %u", rows[i].msr, byte, shift);
		}
	}
}

/* No two MSRs share their bits, and all places are inside the map's three ranges. */
static void places_are_distinct(void **state)
{
	static const u32 firsts[] = { 0, 0xc0000000, 0xc0010000 };
	static u8 seen[MSRPM_SIZE];

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (size_t r = 0; r < ARRAY_SIZE(firsts); r++) {
		for (u32 n = 0; n < 0x2000; n++) {
			u32 byte, shift;

			assert_true(svm_msrpm_place(firsts[r] + n, &byte, &shift));
			assert_true(byte < 0x1800);
			assert_false(seen[byte] & 3 << shift);
			seen[byte] |= (u8)(3 << shift);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(l1_gets_it_iff_it_asked),
		cmocka_unit_test(names_and_owners),
		cmocka_unit_test(the_table_is_complete),
		cmocka_unit_test(codes_without_an_intercept),
		cmocka_unit_test(any_index_has_a_row),
		cmocka_unit_test(places_of_msrs),
		cmocka_unit_test(places_are_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
