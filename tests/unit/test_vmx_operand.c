/* SPDX-License-Identifier: MIT */
/*
 * Operands of VMX's instructions: the instruction-information field in all its formats, addresses
 * as wide as the mode has them, and what segmentation has against one.
 */
#include "tests/unit/unit.h"
#include "arch/x86/vmx/vmx_operand.h"

#define INFO_REGISTER BIT(10)
#define NO_INDEX      BIT(22)
#define NO_BASE	      BIT(27)
#define ADDR16	      (0u << 7)
#define ADDR32	      (1u << 7)
#define ADDR64	      (2u << 7)
#define SEGMENT(s)    ((u32)(s) << 15)
#define BASE(r)	      ((u32)(r) << 23)
#define INDEX(r)      ((u32)(r) << 18)
#define ABSOLUTE      (NO_BASE | NO_INDEX)

#define DATA	      (AR_P | AR_S | AR_DB | AR_G | AR_WRITABLE | AR_ACCESSED)
#define READ_ONLY     (DATA & ~AR_WRITABLE)
#define DOWN32	      (DATA | AR_CONFORMING)
#define DOWN16	      ((DATA | AR_CONFORMING) & ~AR_DB)
#define CODE	      (DATA | AR_CODE)
#define EXECUTE_ONLY  (CODE & ~AR_WRITABLE)
#define FLAT	      0xffffffffu

static u64 gpr[GPR_COUNT];

static int setup(void **state)
{
	(void)state;
	for (u32 i = 0; i < GPR_COUNT; i++) {
		gpr[i] = 0x1000 * (i + 1);
	}
	gpr[GPR_R15] = 0xffffffff00000010ull;
	gpr[GPR_R14] = ~0ull;
	return 0;
}

static void test_register_forms(void **state)
{
	struct vmx_operand op;

	(void)state;
	for (u32 r = 0; r < GPR_COUNT; r++) {
		vmx_operand_decode((u32)(INFO_REGISTER | r << 3 | (15 - r) << 28), 0, &op);
		assert_true(op.is_register);
		assert_int_equal(op.reg1, r);
		assert_int_equal(op.reg2, 15 - r);
	}
}

static void test_memory_forms(void **state)
{
	static const struct {
		u32 info;
		u8 segment, base, index, scale, addrsize;
	} rows[] = {
		{ (u32)ABSOLUTE | ADDR64 | SEGMENT(SEG_DS), SEG_DS, GPR_NONE, GPR_NONE, 0, 8 },
		{ (u32)NO_INDEX | ADDR32 | BASE(GPR_RBX) | SEGMENT(SEG_FS), SEG_FS, GPR_RBX,
		  GPR_NONE, 0, 4 },
		{ (u32)NO_BASE | ADDR64 | INDEX(GPR_R15) | 3 | SEGMENT(SEG_GS), SEG_GS, GPR_NONE,
		  GPR_R15, 3, 8 },
		{ ADDR16 | BASE(GPR_RBX) | INDEX(GPR_RSI) | SEGMENT(SEG_SS), SEG_SS, GPR_RBX,
		  GPR_RSI, 0, 2 },
	};
	struct vmx_operand op;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		/* with the undefined bits of the format clear and set */
		for (u32 junk = 0; junk < 2; junk++) {
			vmx_operand_decode(rows[i].info | (junk ? 0x7804u : 0), 0x1234, &op);
			assert_false(op.is_register);
			assert_int_equal(op.segment, rows[i].segment);
			assert_int_equal(op.base, rows[i].base);
			assert_int_equal(op.index, rows[i].index);
			assert_int_equal(op.scale, rows[i].scale);
			assert_int_equal(op.addrsize, rows[i].addrsize);
			assert_int_equal(op.disp, 0x1234);
		}
	}
}

/* No value of the field leads out of a table or past a register. */
static void test_any_info(void **state)
{
	static const struct vmx_segment flat = { 0, FLAT, DATA };
	struct vmx_operand op;
	u64 linear;

	(void)state;
	for (u64 info = 0; info <= 0xffffffff; info += 0x10101 * 7) {
		vmx_operand_decode((u32)info, ~info, &op);
		assert_true(op.segment < SEG_COUNT);
		assert_true(op.base < GPR_COUNT || op.base == GPR_NONE);
		assert_true(op.index < GPR_COUNT || op.index == GPR_NONE);
		assert_true(op.addrsize == 2 || op.addrsize == 4 || op.addrsize == 8);
		(void)vmx_operand_linear(&op, gpr, &flat, info & 1 ? 48 : 0, 16, true, &linear);
	}
}

struct address_row {
	const char *what;
	u32 info;
	u64 disp;
	struct vmx_segment seg;
	u8 va_bits;
	u8 len;
	bool write;
	u8 vector;
	u64 linear;
};

#define DS64	 (u32)(ABSOLUTE | ADDR64 | SEGMENT(SEG_DS))
#define IN64(s)	 (u32)(ABSOLUTE | ADDR64 | SEGMENT(s))
#define IN32(s)	 (u32)(ABSOLUTE | ADDR32 | SEGMENT(s))
#define TOP48	 0x00007fffffffffffull
#define BOTTOM48 0xffff800000000000ull

/* clang-format off */
static const struct address_row rows[] = {
	{ "64: displacement alone", DS64, 0x1234, { 0 }, 48, 8, false, 0, 0x1234 },
	{ "64: no base of DS", DS64, 0x1234, { 0x5000, 0, 0 }, 48, 8, false, 0, 0x1234 },
	{ "64: nor type, limit or null selector",
	  DS64, 0x1234, { 0, 0, AR_UNUSABLE }, 48, 8, true, 0, 0x1234 },
	{ "64: base of FS",
	  IN64(SEG_FS), 0x10, { 0x5000, 0, AR_UNUSABLE }, 48, 8, false, 0, 0x5010 },
	{ "64: base of GS, wrapped",
	  IN64(SEG_GS), 0x2000, { 0xfffffffffffff000, 0, 0 }, 48, 8, false, 0, 0x1000 },
	{ "64: base + index * 8 + disp",
	  BASE(GPR_RCX) | INDEX(GPR_RDX) | 3 | ADDR64 | SEGMENT(SEG_DS), 0xfffffffffffffff0,
	  { 0 }, 48, 8, false, 0, 0x2000 + 0x18000 - 0x10 },
	{ "64: 32-bit address, cut",
	  (u32)NO_INDEX | BASE(GPR_R15) | ADDR32 | SEGMENT(SEG_DS), 0xabc00000020,
	  { 0 }, 48, 8, false, 0, 0x30 },
	{ "64: 32-bit address wraps before FS",
	  (u32)NO_INDEX | BASE(GPR_R14) | ADDR32 | SEGMENT(SEG_FS), 2,
	  { 0x100000000, 0, 0 }, 48, 8, false, 0, 0x100000001 },
	{ "64: last canonical", DS64, TOP48 - 7, { 0 }, 48, 8, false, 0, TOP48 - 7 },
	{ "64: ends beyond", DS64, TOP48 - 6, { 0 }, 48, 8, false, VECTOR_GP, 0 },
	{ "64: hole", DS64, 0x0000800000000000, { 0 }, 48, 8, false, VECTOR_GP, 0 },
	{ "64: end of the hole", DS64, BOTTOM48 - 1, { 0 }, 48, 8, false, VECTOR_GP, 0 },
	{ "64: upper half", DS64, BOTTOM48, { 0 }, 48, 8, true, 0, BOTTOM48 },
	{ "64: hole by SS", IN64(SEG_SS), 0x0000800000000000, { 0 }, 48, 8, false, VECTOR_SS, 0 },
	{ "64: hole by FS's base", IN64(SEG_FS), 1, { TOP48, 0, 0 }, 48, 1, false, VECTOR_GP, 0 },
	{ "64: five levels", DS64, 0x0000800000000000, { 0 }, 57, 8, false, 0, 0x0000800000000000 },
	{ "64: their hole", DS64, 0x0100000000000000, { 0 }, 57, 8, false, VECTOR_GP, 0 },

	{ "32: base and offset",
	  IN32(SEG_DS), 0x10, { 0x5000, FLAT, DATA }, 0, 8, false, 0, 0x5010 },
	{ "32: base added, wrapped",
	  IN32(SEG_DS), 0x10, { 0xfffffff8, FLAT, DATA }, 0, 8, false, 0, 8 },
	{ "32: upper half of the displacement is junk",
	  IN32(SEG_DS), 0xdead00000010, { 0, FLAT, DATA }, 0, 8, false, 0, 0x10 },
	{ "32: 16-bit address wraps",
	  BASE(GPR_RBX) | INDEX(GPR_RSI) | ADDR16 | SEGMENT(SEG_DS), 0x5008,
	  { 0, FLAT, DATA }, 0, 8, false, 0, 0x0008 },
	{ "32: at the limit", IN32(SEG_DS), 0xff8, { 0, 0xfff, DATA }, 0, 8, false, 0, 0xff8 },
	{ "32: over it", IN32(SEG_DS), 0xff9, { 0, 0xfff, DATA }, 0, 8, false, VECTOR_GP, 0 },
	{ "32: over it by SS", IN32(SEG_SS), 0xff9, { 0, 0xfff, DATA }, 0, 8, false, VECTOR_SS, 0 },
	{ "32: over it by 16 bytes",
	  IN32(SEG_DS), 0xff8, { 0, 0xfff, DATA }, 0, 16, false, VECTOR_GP, 0 },
	{ "32: over 4 GiB",
	  IN32(SEG_DS), 0xfffffffc, { 0, FLAT, DATA }, 0, 8, false, VECTOR_GP, 0 },
	{ "32: expand-down, below",
	  IN32(SEG_DS), 0xfff, { 0, 0xfff, DOWN32 }, 0, 1, false, VECTOR_GP, 0 },
	{ "32: expand-down, above",
	  IN32(SEG_DS), 0x1000, { 0, 0xfff, DOWN32 }, 0, 8, true, 0, 0x1000 },
	{ "32: expand-down, B=0, over 64 KiB",
	  IN32(SEG_DS), 0xfff9, { 0, 0xfff, DOWN16 }, 0, 8, false, VECTOR_GP, 0 },
	{ "32: expand-down by SS", IN32(SEG_SS), 0, { 0, 0, DOWN32 }, 0, 8, false, VECTOR_SS, 0 },
	{ "32: null selector",
	  IN32(SEG_ES), 0x10, { 0, FLAT, DATA | AR_UNUSABLE }, 0, 8, false, VECTOR_GP, 0 },
	{ "32: unusable SS",
	  IN32(SEG_SS), 0x10, { 0, FLAT, DATA | AR_UNUSABLE }, 0, 8, false, VECTOR_SS, 0 },
	{ "32: read of read-only data",
	  IN32(SEG_DS), 0x10, { 0, FLAT, READ_ONLY }, 0, 8, false, 0, 0x10 },
	{ "32: write to it", IN32(SEG_DS), 0x10, { 0, FLAT, READ_ONLY }, 0, 8, true, VECTOR_GP, 0 },
	{ "32: read of readable code",
	  IN32(SEG_CS), 0x10, { 0, FLAT, CODE }, 0, 8, false, 0, 0x10 },
	{ "32: read of execute-only code",
	  IN32(SEG_CS), 0x10, { 0, FLAT, EXECUTE_ONLY }, 0, 8, false, VECTOR_GP, 0 },
	{ "32: write to code", IN32(SEG_CS), 0x10, { 0, FLAT, CODE }, 0, 8, true, VECTOR_GP, 0 },
	{ "32: conforming code is not expand-down",
	  IN32(SEG_CS), 0x10, { 0, 0xff, CODE | AR_CONFORMING }, 0, 8, false, 0, 0x10 },
};
/* clang-format on */

static void test_addresses(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct address_row *r = &rows[i];
		struct vmx_operand op;
		u64 linear = 0;
		u8 vector;

		vmx_operand_decode(r->info, r->disp, &op);
		vector = vmx_operand_linear(&op, gpr, &r->seg, r->va_bits, r->len, r->write,
					    &linear);
		if (vector != r->vector || linear != r->linear) {
			fail_msg("%s: vector %u, linear %llx", r->what, vector,
				 (unsigned long long)linear);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register_forms),
		cmocka_unit_test(test_memory_forms),
		cmocka_unit_test(test_any_info),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
