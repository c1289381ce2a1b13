/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder against libcapstone: length, instruction, registers, memory operand and
 * immediate on random and structured bytes in all three modes. Where the two differ and the manuals
 * decide for Plinth's answer, the difference is listed here; anything else fails.
 */
#include "tests/unit/unit.h"

#include <capstone/capstone.h>

#include "arch/x86/decode.h"

#define ROUNDS 400000

/* clang-format off */
static const struct {
	unsigned int capstone;
	u8 id;
} same_insn[] = {
	{ X86_INS_CPUID, INSN_CPUID },	   { X86_INS_HLT, INSN_HLT },
	{ X86_INS_INVD, INSN_INVD },	   { X86_INS_WBINVD, INSN_WBINVD },
	{ X86_INS_RDTSC, INSN_RDTSC },	   { X86_INS_RDTSCP, INSN_RDTSCP },
	{ X86_INS_RDPMC, INSN_RDPMC },	   { X86_INS_RDMSR, INSN_RDMSR },
	{ X86_INS_WRMSR, INSN_WRMSR },	   { X86_INS_XSETBV, INSN_XSETBV },
	{ X86_INS_RSM, INSN_RSM },	   { X86_INS_PAUSE, INSN_PAUSE },
	{ X86_INS_MONITOR, INSN_MONITOR }, { X86_INS_MWAIT, INSN_MWAIT },
	{ X86_INS_CLTS, INSN_CLTS },	   { X86_INS_GETSEC, INSN_GETSEC },
	{ X86_INS_VMRUN, INSN_VMRUN },	   { X86_INS_VMMCALL, INSN_VMMCALL },
	{ X86_INS_VMLOAD, INSN_VMLOAD },   { X86_INS_VMSAVE, INSN_VMSAVE },
	{ X86_INS_STGI, INSN_STGI },	   { X86_INS_CLGI, INSN_CLGI },
	{ X86_INS_SKINIT, INSN_SKINIT },   { X86_INS_INVLPGA, INSN_INVLPGA },
	{ X86_INS_VMCALL, INSN_VMCALL },   { X86_INS_VMLAUNCH, INSN_VMLAUNCH },
	{ X86_INS_VMRESUME, INSN_VMRESUME }, { X86_INS_VMXOFF, INSN_VMXOFF },
	{ X86_INS_VMFUNC, INSN_VMFUNC },   { X86_INS_VMXON, INSN_VMXON },
	{ X86_INS_VMCLEAR, INSN_VMCLEAR }, { X86_INS_VMPTRLD, INSN_VMPTRLD },
	{ X86_INS_VMPTRST, INSN_VMPTRST }, { X86_INS_VMREAD, INSN_VMREAD },
	{ X86_INS_VMWRITE, INSN_VMWRITE }, { X86_INS_INVEPT, INSN_INVEPT },
	{ X86_INS_INVVPID, INSN_INVVPID }, { X86_INS_INVPCID, INSN_INVPCID },
	{ X86_INS_INVLPG, INSN_INVLPG },   { X86_INS_LMSW, INSN_LMSW },
	{ X86_INS_SMSW, INSN_SMSW },	   { X86_INS_SGDT, INSN_SGDT },
	{ X86_INS_SIDT, INSN_SIDT },	   { X86_INS_LGDT, INSN_LGDT },
	{ X86_INS_LIDT, INSN_LIDT },	   { X86_INS_SLDT, INSN_SLDT },
	{ X86_INS_STR, INSN_STR },	   { X86_INS_LLDT, INSN_LLDT },
	{ X86_INS_LTR, INSN_LTR },	   { X86_INS_RDRAND, INSN_RDRAND },
	{ X86_INS_RDSEED, INSN_RDSEED },   { X86_INS_XSAVES, INSN_XSAVES },
	{ X86_INS_XSAVES64, INSN_XSAVES }, { X86_INS_XRSTORS, INSN_XRSTORS },
	{ X86_INS_XRSTORS64, INSN_XRSTORS }, { X86_INS_IN, INSN_IN },
	{ X86_INS_OUT, INSN_OUT },	   { X86_INS_INSB, INSN_INS },
	{ X86_INS_INSW, INSN_INS },	   { X86_INS_INSD, INSN_INS },
	{ X86_INS_OUTSB, INSN_OUTS },	   { X86_INS_OUTSW, INSN_OUTS },
	{ X86_INS_OUTSD, INSN_OUTS },	   { X86_INS_INT, INSN_INT },
	{ X86_INS_INT3, INSN_INT3 },	   { X86_INS_INTO, INSN_INTO },
	{ X86_INS_INT1, INSN_ICEBP },	   { X86_INS_PUSHF, INSN_PUSHF },
	{ X86_INS_PUSHFD, INSN_PUSHF },	   { X86_INS_PUSHFQ, INSN_PUSHF },
	{ X86_INS_POPF, INSN_POPF },	   { X86_INS_POPFD, INSN_POPF },
	{ X86_INS_POPFQ, INSN_POPF },	   { X86_INS_IRET, INSN_IRET },
	{ X86_INS_IRETD, INSN_IRET },	   { X86_INS_IRETQ, INSN_IRET },
	{ X86_INS_MOV, INSN_MOV },	   { X86_INS_MOVABS, INSN_MOV },
	{ X86_INS_MOVNTI, INSN_MOV },	   { X86_INS_MOVZX, INSN_MOVZX },
	{ X86_INS_MOVSX, INSN_MOVSX },	   { X86_INS_MOVSXD, INSN_MOVSX },
	{ X86_INS_ADD, INSN_ADD },	   { X86_INS_OR, INSN_OR },
	{ X86_INS_ADC, INSN_ADC },	   { X86_INS_SBB, INSN_SBB },
	{ X86_INS_AND, INSN_AND },	   { X86_INS_SUB, INSN_SUB },
	{ X86_INS_XOR, INSN_XOR },	   { X86_INS_CMP, INSN_CMP },
	{ X86_INS_TEST, INSN_TEST },	   { X86_INS_NOT, INSN_NOT },
	{ X86_INS_NEG, INSN_NEG },	   { X86_INS_INC, INSN_INC },
	{ X86_INS_DEC, INSN_DEC },	   { X86_INS_XCHG, INSN_XCHG },
	{ X86_INS_XADD, INSN_XADD },	   { X86_INS_CMPXCHG, INSN_CMPXCHG },
	{ X86_INS_BT, INSN_BT },	   { X86_INS_BTS, INSN_BTS },
	{ X86_INS_BTR, INSN_BTR },	   { X86_INS_BTC, INSN_BTC },
	{ X86_INS_STOSB, INSN_STOS },	   { X86_INS_STOSW, INSN_STOS },
	{ X86_INS_STOSD, INSN_STOS },	   { X86_INS_STOSQ, INSN_STOS },
	{ X86_INS_MOVSB, INSN_MOVS },	   { X86_INS_MOVSW, INSN_MOVS },
	{ X86_INS_MOVSD, INSN_MOVS },	   { X86_INS_MOVSQ, INSN_MOVS },
};
/* clang-format on */

static u8 same_id(unsigned int capstone)
{
	for (size_t i = 0; i < ARRAY_SIZE(same_insn); i++) {
		if (same_insn[i].capstone == capstone) {
			return same_insn[i].id;
		}
	}
	return INSN_UNSUPPORTED;
}

static u64 random_state = 0x9e3779b97f4a7c15;

static u64 rnd(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

static const u8 prefixes[] = { 0x66, 0x67, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0xf0 };

/* One in ten is noise, the rest has prefixes, an opcode of some map, and noise after it. */
static void make_bytes(u8 bytes[INSN_MAX_LENGTH], enum decode_mode mode)
{
	size_t n = 0;

	for (size_t i = 0; i < INSN_MAX_LENGTH; i++) {
		bytes[i] = (u8)rnd(256);
	}
	if (rnd(10) == 0) {
		return;
	}
	for (u64 count = rnd(3); count > 0; count--) {
		bytes[n++] = prefixes[rnd(sizeof(prefixes))];
	}
	if (mode == DECODE_64 && rnd(2)) {
		bytes[n++] = (u8)(0x40 | rnd(16));
	}
	if (rnd(3) != 0) {
		bytes[n++] = 0x0f;
		switch (rnd(6)) {
		case 0:
			bytes[n] = (u8)rnd(2); /* groups 6 and 7 */
			break;
		case 1:
			bytes[n++] = 0x38;
			bytes[n] = (u8)(0x80 + rnd(3));
			break;
		default:
			break;
		}
	}
}

/* What the bytes are, found without either decoder. */
struct shape {
	bool has_lock, has_66, has_67, has_rep;
	u8 rex;
	unsigned int opcode; /* map << 8 | opcode */
};

static struct shape shape_of(const u8 *bytes, enum decode_mode mode)
{
	struct shape s = { 0 };
	size_t n = 0;

	for (; n < 12; n++) {
		bool is_rex = mode == DECODE_64 && (bytes[n] & 0xf0) == 0x40;

		if (!is_rex && memchr(prefixes, bytes[n], sizeof(prefixes)) == NULL) {
			break;
		}
		s.rex = is_rex ? bytes[n] : 0;
		s.has_lock |= bytes[n] == 0xf0;
		s.has_66 |= bytes[n] == 0x66;
		s.has_67 |= bytes[n] == 0x67;
		s.has_rep |= bytes[n] == 0xf2 || bytes[n] == 0xf3;
	}
	s.opcode = bytes[n];
	if (bytes[n] == 0x0f) {
		s.opcode = 0x100u | bytes[n + 1];
		if (bytes[n + 1] == 0x38 || bytes[n + 1] == 0x3a) {
			s.opcode = (bytes[n + 1] == 0x38 ? 0x200u : 0x300u) | bytes[n + 2];
		}
	}
	return s;
}

/* Capstone takes what Plinth refuses. */
static bool may_refuse(int status, const struct shape *s, const cs_insn *c, enum decode_mode mode)
{
	if (status == DECODE_UNKNOWN) {
		return s->opcode == 0x62 || s->opcode == 0xc4 || s->opcode == 0xc5 ||
		       s->opcode == 0x8f || s->opcode == 0x178 || s->opcode == 0x179 ||
		       (mode == DECODE_64 && s->has_66);
	}
	if (s->has_lock) {
		return true;
	}
	switch (c->id) {
	case X86_INS_UD0:
	case X86_INS_UD2:
	case X86_INS_UD2B:
		return true;
	case X86_INS_SWAPGS: /* [APM "SWAPGS"]: 64-bit mode only */
		return mode != DECODE_64;
	case X86_INS_INVEPT:
	case X86_INS_INVVPID:
	case X86_INS_INVPCID: /* the 66 is part of the opcode */
		return !s->has_66 || s->has_rep;
	case X86_INS_MOVNTI:
		return s->has_66 || s->has_rep;
	default:
		/* A6, A7: another vendor's; 20 to 23: registers that do not exist */
		return s->opcode == 0x1a6 || s->opcode == 0x1a7 ||
		       (s->opcode >= 0x120 && s->opcode <= 0x123);
	}
}

/* Plinth knows what Capstone does not. */
static bool may_know(const struct insn *insn, const struct shape *s)
{
	switch (insn->id) {
	case INSN_RDPRU:
	case INSN_MONITORX:
	case INSN_MWAITX:
	case INSN_INVEPT:
	case INSN_INVVPID:
	case INSN_INVPCID:
		return true;
	case INSN_MOV_FROM_CR:
	case INSN_MOV_TO_CR:
		return s->has_lock;
	case INSN_MOV: /* with an offset */
		return s->opcode >= 0xa0 && s->opcode <= 0xa3 && s->has_66 && s->has_rep;
	default:
		return s->has_lock;
	}
}

/* Lengths that Capstone gets wrong: it lets F2, F3 or 67 change what 66 does, or forgets REX.W. */
static bool length_is_doubtful(const struct shape *s)
{
	bool branch_or_push = s->opcode == 0xe8 || s->opcode == 0xe9 || s->opcode == 0x68 ||
			      s->opcode == 0xc2 || (s->opcode & ~0xfu) == 0x180;

	bool vmread_or_sse4a = s->opcode == 0x178 || s->opcode == 0x179;

	return (branch_or_push || vmread_or_sse4a) && (s->has_66 || s->has_67);
}

#define RIP_BASE 0xfe

/* A base or index register's number. */
static u8 gpr_number(unsigned int reg)
{
	static const u16 regs[][GPR_COUNT] = {
		{ X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP,
		  X86_REG_RSI, X86_REG_RDI, X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11,
		  X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15 },
		{ X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX, X86_REG_ESP, X86_REG_EBP,
		  X86_REG_ESI, X86_REG_EDI, X86_REG_R8D, X86_REG_R9D, X86_REG_R10D, X86_REG_R11D,
		  X86_REG_R12D, X86_REG_R13D, X86_REG_R14D, X86_REG_R15D },
		{ X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX, X86_REG_SP, X86_REG_BP,
		  X86_REG_SI, X86_REG_DI },
	};

	for (size_t width = 0; width < ARRAY_SIZE(regs); width++) {
		for (u8 n = 0; n < GPR_COUNT; n++) {
			if (reg != 0 && regs[width][n] == reg) {
				return n;
			}
		}
	}
	return reg == X86_REG_RIP || reg == X86_REG_EIP ? RIP_BASE : GPR_NONE;
}

static u64 low_bytes(u64 value, unsigned int bytes)
{
	return bytes >= 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

static bool same_segment(const struct insn *insn, unsigned int segment, enum decode_mode mode)
{
	static const u16 segments[SEG_COUNT] = { X86_REG_ES, X86_REG_CS, X86_REG_SS,
						 X86_REG_DS, X86_REG_FS, X86_REG_GS };

	if (segment == X86_REG_INVALID) {
		return insn->segment == SEG_DS || insn->segment == SEG_SS ||
		       (insn->flags & INSN_F_STRING);
	}
	if (mode == DECODE_64 && segment != X86_REG_FS && segment != X86_REG_GS) {
		return true; /* ignored there; Capstone prints it */
	}
	return segments[insn->segment] == segment;
}

static bool same_memory(const struct insn *insn, const cs_x86_op *op, const struct shape *s,
			enum decode_mode mode)
{
	u8 base = insn->flags & INSN_F_RIP_REL ? RIP_BASE : insn->base;
	/* Capstone lets F2 and F3 undo a 66, and 66 or 67 shrink INS and OUTS with REX.W */
	bool size_is_doubtful =
		(s->has_66 && s->has_rep) || ((s->has_66 || s->has_67) && (s->rex & 8));

	if (insn->memsize != 0 && insn->memsize != op->size && !size_is_doubtful) {
		return false;
	}
	if (!(insn->flags & INSN_F_MEM) || gpr_number(op->mem.base) != base ||
	    gpr_number(op->mem.index) != insn->index) {
		return false;
	}
	if (insn->index != GPR_NONE && op->mem.scale != 1 << insn->scale) {
		return false;
	}
	return low_bytes((u64)op->mem.disp, insn->addrsize) ==
		       low_bytes(insn->disp, insn->addrsize) &&
	       same_segment(insn, op->mem.segment, mode);
}

/* The operands that Capstone names: the first memory operand, immediates, CR, DR and their GPR. */
static bool same_operands(const struct insn *insn, const cs_x86 *x86, const struct shape *s,
			  enum decode_mode mode)
{
	bool is_sysreg = insn->id >= INSN_MOV_FROM_CR && insn->id <= INSN_MOV_TO_DR;
	bool mem_seen = insn->id == INSN_MOVS; /* Capstone's first is the destination */

	for (u8 i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];
		unsigned int n = (unsigned int)op->reg;

		if (op->type == X86_OP_MEM && !mem_seen) {
			mem_seen = true;
			if (!same_memory(insn, op, s, mode)) {
				return false;
			}
		} else if (op->type == X86_OP_IMM) {
			if (!(insn->flags & INSN_F_IMM) ||
			    low_bytes((u64)op->imm ^ insn->imm, insn->opsize) != 0) {
				return false;
			}
		} else if (op->type == X86_OP_REG && is_sysreg) {
			if (n >= X86_REG_CR0 && n <= X86_REG_CR15) {
				n -= X86_REG_CR0;
			} else if (n >= X86_REG_DR0 && n <= X86_REG_DR15) {
				n -= X86_REG_DR0;
			} else if (gpr_number(n) == insn->rm) {
				continue;
			}
			if (n != insn->sysreg && !(insn->flags & INSN_F_LOCK)) {
				return false;
			}
		}
	}
	return mem_seen || !(insn->flags & INSN_F_MEM) || insn->id == INSN_UNSUPPORTED;
}

/* The instruction that Capstone means, by Plinth's names. */
static u8 expected_id(const struct insn *insn, const cs_insn *c, const struct shape *s)
{
	static const u8 sysreg_moves[] = { INSN_MOV_FROM_CR, INSN_MOV_FROM_DR, INSN_MOV_TO_CR,
					   INSN_MOV_TO_DR };

	if (s->opcode >= 0x120 && s->opcode <= 0x123) {
		return sysreg_moves[s->opcode - 0x120];
	}
	/* a scalar move, not the string; MOV of segment registers */
	if ((c->id == X86_INS_MOVSD && s->opcode >= 0x100) || s->opcode == 0x8c ||
	    s->opcode == 0x8e) {
		return INSN_UNSUPPORTED;
	}
	/* Capstone wants the prefix right before the opcode */
	if (s->opcode == 0x90 && s->has_rep) {
		return insn->id;
	}
	if (insn->id >= INSN_VMXON && insn->id <= INSN_VMPTRST &&
	    (s->has_rep || s->has_66 || s->has_67)) {
		return insn->id;
	}
	return same_id(c->id);
}

static bool same_meaning(const struct insn *insn, const cs_insn *c, const struct shape *s,
			 enum decode_mode mode)
{
	u8 id = expected_id(insn, c, s);

	if (insn->id == INSN_UNSUPPORTED) {
		/* forms that touch no memory and so need no emulation, by a known name */
		return id == INSN_UNSUPPORTED || !(insn->flags & INSN_F_MEM);
	}
	return id == insn->id && same_operands(insn, &c->detail->x86, s, mode);
}

static void report(const char *what, const u8 *bytes, enum decode_mode mode, int status,
		   const struct insn *insn, const cs_insn *c)
{
	char hex[3 * INSN_MAX_LENGTH + 1];

	for (size_t i = 0; i < INSN_MAX_LENGTH; i++) {
		snprintf(hex + 3 * i, 4, "%02x ", bytes[i]);
	}
	fail_msg("%s: %sin %u-bit mode: status %d id %u length %u; Capstone: %s %s, %u", what, hex,
		 16u << mode, status, status == DECODE_OK ? insn->id : 0,
		 status == DECODE_OK ? insn->length : 0, c ? c->mnemonic : "nothing",
		 c ? c->op_str : "", c ? c->size : 0);
}

static void compare(csh handle, cs_insn *c, const u8 *bytes, enum decode_mode mode, u32 *compared)
{
	const struct shape s = shape_of(bytes, mode);
	const uint8_t *at = bytes;
	size_t left = INSN_MAX_LENGTH;
	uint64_t address = 0;
	bool known = cs_disasm_iter(handle, &at, &left, &address, c);
	struct insn insn;
	int status = decode_insn(bytes, INSN_MAX_LENGTH, mode, &insn);

	if (!known) {
		if (status == DECODE_OK && insn.id != INSN_UNSUPPORTED && !may_know(&insn, &s)) {
			report("known to Plinth only", bytes, mode, status, &insn, NULL);
		}
		return;
	}
	if (status != DECODE_OK) {
		if (!may_refuse(status, &s, c, mode)) {
			report("refused", bytes, mode, status, &insn, c);
		}
		return;
	}
	if (length_is_doubtful(&s)) {
		return;
	}
	if (insn.length != c->size) {
		report("length", bytes, mode, status, &insn, c);
	}
	if (!same_meaning(&insn, c, &s, mode)) {
		report("meaning", bytes, mode, status, &insn, c);
	}
	compared[insn.id]++;
}

static void test_against_capstone(void **state)
{
	static const cs_mode modes[] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };
	u32 compared[INSN_COUNT] = { 0 };
	u32 total = 0;

	(void)state;
	for (u32 mode = 0; mode < ARRAY_SIZE(modes); mode++) {
		csh handle;
		cs_insn *c;

		assert_int_equal(cs_open(CS_ARCH_X86, modes[mode], &handle), CS_ERR_OK);
		assert_int_equal(cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON), CS_ERR_OK);
		c = cs_malloc(handle);
		for (u32 i = 0; i < ROUNDS / 3; i++) {
			u8 bytes[INSN_MAX_LENGTH];

			make_bytes(bytes, (enum decode_mode)mode);
			compare(handle, c, bytes, (enum decode_mode)mode, compared);
		}
		cs_free(c, 1);
		cs_close(&handle);
	}
	for (u32 id = 0; id < INSN_COUNT; id++) {
		total += compared[id];
		if (compared[id] == 0 && id != INSN_RDPRU && id != INSN_MONITORX &&
		    id != INSN_MWAITX) {
			fail_msg("instruction %u was never compared", id);
		}
	}
	assert_true(total > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_capstone) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
