/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of the instruction decoder. Whatever the bytes: nothing beyond them is read, the outcome
 * does not depend on what follows the instruction, a shorter prefix of it wants more, and every
 * field is in its range.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/decode.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define CHECK(x)                          \
	do {                              \
		if (!(x)) {               \
			__builtin_trap(); \
		}                         \
	} while (0)

/* On an exact copy, so that the sanitizer sees a read beyond it. */
static int decode_exact(const u8 *bytes, size_t len, enum decode_mode mode, struct insn *insn)
{
	u8 *copy = malloc(len ? len : 1);
	int status;

	CHECK(copy);
	memcpy(copy, bytes, len);
	memset(insn, 0xa5, sizeof(*insn));
	status = decode_insn(copy, len, mode, insn);
	free(copy);
	return status;
}

static bool is_gpr_or_none(u8 reg)
{
	return reg < GPR_COUNT || reg == GPR_NONE;
}

static void check_fields(const struct insn *i, size_t size, enum decode_mode mode)
{
	CHECK(i->id < INSN_COUNT && i->length >= 1 && i->length <= INSN_MAX_LENGTH);
	CHECK(i->length <= size);
	CHECK(i->opsize == 1 || i->opsize == 2 || i->opsize == 4 || i->opsize == 8);
	CHECK(i->addrsize == 2 || i->addrsize == 4 || i->addrsize == 8);
	CHECK((i->addrsize != 8 && i->opsize != 8) || mode == DECODE_64);
	CHECK((i->addrsize != 2) || mode != DECODE_64);
	CHECK(i->memsize <= 16 && i->segment < SEG_COUNT && i->scale <= 3);
	CHECK(i->reg < GPR_COUNT && i->rm < GPR_COUNT && i->sysreg < GPR_COUNT);
	CHECK(is_gpr_or_none(i->base) && is_gpr_or_none(i->index) && i->index != GPR_RSP);
	CHECK(mode == DECODE_64 || (i->reg < 8 && i->rm < 8 && !(i->flags & INSN_F_REX)));
	CHECK(!(i->flags & INSN_F_RIP_REL) || (i->base == GPR_NONE && mode == DECODE_64));
	CHECK((i->flags & INSN_F_MEM) || (i->memsize == 0 && i->base == GPR_NONE && !i->disp));
	CHECK((i->flags & INSN_F_IMM) || i->imm == 0);
	CHECK((i->flags & (INSN_F_REP | INSN_F_REPNE)) != (INSN_F_REP | INSN_F_REPNE));
}

static void check_address(const struct insn *insn, enum decode_mode mode)
{
	u64 gpr[GPR_COUNT], base[SEG_COUNT];
	u64 address;

	for (u32 i = 0; i < GPR_COUNT; i++) {
		gpr[i] = 0x0123456789abcdef * (i + 1);
	}
	for (u32 i = 0; i < SEG_COUNT; i++) {
		base[i] = 0xfedcba9876543210 + i;
	}
	address = insn_effective_address(insn, gpr, ~0ull, base, mode);
	CHECK(mode == DECODE_64 || address <= 0xffffffff);
	address = insn_es_rdi_address(insn, gpr, base, mode);
	CHECK(mode == DECODE_64 || address <= 0xffffffff);
	insn_write_gpr(insn, gpr, insn->reg, insn->opsize, insn->imm);
	CHECK(((insn_read_gpr(insn, gpr, insn->reg, insn->opsize) ^ insn->imm) &
	       (~0ull >> (64 - 8 * insn->opsize))) == 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	enum decode_mode mode;
	struct insn insn, again;
	u8 other[INSN_MAX_LENGTH];
	int status;

	if (size < 1) {
		return 0;
	}
	mode = (enum decode_mode)(data[0] % 3);
	data++;
	size--;
	status = decode_exact(data, size, mode, &insn);
	CHECK(status <= DECODE_OK && status >= DECODE_UNKNOWN);
	CHECK(status != DECODE_NEED_MORE || size < INSN_MAX_LENGTH);
	CHECK(status != DECODE_GP || size >= INSN_MAX_LENGTH);
	if (status != DECODE_OK) {
		return 0;
	}
	check_fields(&insn, size, mode);
	check_address(&insn, mode);
	for (size_t cut = 0; cut < insn.length; cut++) {
		CHECK(decode_exact(data, cut, mode, &again) == DECODE_NEED_MORE);
	}
	for (u32 fill = 0; fill < 256; fill += 0x55) {
		memset(other, (int)fill, sizeof(other));
		memcpy(other, data, insn.length);
		CHECK(decode_insn(other, sizeof(other), mode, &again) == DECODE_OK);
		CHECK(memcmp(&again, &insn, sizeof(insn)) == 0);
	}
	return 0;
}
