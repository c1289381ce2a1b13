/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder. It owns the order of decoding: prefixes, opcode, ModRM, immediates; what
 * an opcode is stands in arch/x86/opcodes.def. The opcodes that exit most (CPUID, RDMSR, HLT, IN
 * from DX, the SVM and VMX instructions) take one table look-up, because exit costs are counted in
 * instructions.
 */
#include "arch/x86/decode.h"

#include "lib/bits.h"

#include "arch/x86/opcodes.def"

#define REX_B	    BIT(0)
#define REX_X	    BIT(1)
#define REX_R	    BIT(2)
#define REX_W	    BIT(3)

#define NO_OVERRIDE 0xff

struct decoder {
	const u8 *bytes;
	size_t limit; /* min(len, 15) */
	size_t pos;
	enum decode_mode mode;
	u8 rex;	     /* 0 without */
	u8 override; /* SEG_* or NO_OVERRIDE */
	u8 map;	     /* 0, 1: 0F, 2: 0F 38, 3: 0F 3A */
	bool addrsize_prefix;
};

/* The address size of the code segment. */
static u8 default_addrsize(enum decode_mode mode)
{
	return (u8)(2u << mode);
}

static int out_of_bytes(const struct decoder *d)
{
	return d->limit == INSN_MAX_LENGTH ? DECODE_GP : DECODE_NEED_MORE;
}

/* Takes a little-endian number of n <= 8 bytes; false when the bytes end before. */
static bool take(struct decoder *d, unsigned int n, u64 *value)
{
	u64 v = 0;

	if (d->limit - d->pos < n) {
		return false;
	}
	for (unsigned int i = 0; i < n; i++) {
		v |= (u64)d->bytes[d->pos + i] << (8 * i);
	}
	d->pos += n;
	*value = v;
	return true;
}

/* Of 1 to 8 bytes. */
static u64 sign_extend(u64 value, unsigned int bytes)
{
	unsigned int shift = (64 - 8 * bytes) & 63;

	return (u64)((s64)(value << shift) >> shift);
}

static void apply_prefix(struct decoder *d, struct insn *out, unsigned int prefix)
{
	switch (prefix) {
	case PFX_OPSIZE:
		out->flags |= INSN_F_OPSIZE;
		break;
	case PFX_ADDRSIZE:
		d->addrsize_prefix = true;
		break;
	case PFX_LOCK:
		out->flags |= INSN_F_LOCK;
		break;
	case PFX_REPNE:
		out->flags = (out->flags & (u16)~INSN_F_REP) | INSN_F_REPNE;
		break;
	case PFX_REP:
		out->flags = (out->flags & (u16)~INSN_F_REPNE) | INSN_F_REP;
		break;
	default:
		/* [APM "Segment-Override Prefixes"]: the first four are ignored in 64-bit mode */
		if (d->mode != DECODE_64 || prefix >= PFX_SEG + SEG_FS) {
			d->override = (u8)(prefix - PFX_SEG);
		}
		break;
	}
}

/* Takes the prefixes and the first opcode byte; its row, or a status. */
static int decode_prefixes(struct decoder *d, struct insn *out, u32 *row)
{
	for (; d->pos < d->limit; d->pos++) {
		u8 byte = d->bytes[d->pos];
		unsigned int prefix = (one_byte_map[byte] & ROW_ID) - ID_PREFIX;

		if (prefix >= PFX_COUNT || (prefix == PFX_REX && d->mode != DECODE_64)) {
			d->pos++;
			out->opcode = byte;
			*row = prefix == PFX_REX ? ROW(INSN_UNSUPPORTED) : one_byte_map[byte];
			return DECODE_OK;
		}
		if (prefix == PFX_REX) {
			d->rex = byte;
		} else {
			d->rex = 0; /* [APM "REX Prefix"]: counts only right before the opcode */
			apply_prefix(d, out, prefix);
		}
	}
	return out_of_bytes(d);
}

/* Follows the escapes 0F, 0F 38 and 0F 3A to the row of the opcode. */
static int decode_opcode(struct decoder *d, struct insn *out, u32 *row)
{
	u64 byte;

	if (out->opcode != 0x0f) {
		return DECODE_OK;
	}
	d->map = 1;
	if (!take(d, 1, &byte)) {
		return out_of_bytes(d);
	}
	*row = two_byte_map[byte];
	if (byte == 0x38 || byte == 0x3a) {
		d->map = byte == 0x38 ? 2 : 3;
		if (!take(d, 1, &byte)) {
			return out_of_bytes(d);
		}
		*row = ROW(INSN_UNSUPPORTED) | ROW_MODRM | MEM_NONE | (d->map == 3 ? IMM_UB : 0);
		if (d->map == 2 && byte - 0x80 < ARRAY_SIZE(invalidate_map)) {
			*row = invalidate_map[byte - 0x80];
		}
	}
	out->opcode = (u8)byte;
	return DECODE_OK;
}

/* The row of a group's member: what ModRM says, merged into what the opcode says. */
static u32 group_row(u32 row, u8 modrm)
{
	u32 group = row & ROW_ID;
	bool is_reg = modrm >= 0xc0;

	row &= ~(ROW_ID | ROW_GROUP);
	if (group == GROUP_7 && is_reg) {
		return row | group7_register_map[modrm - 0xc0];
	}
	return row | groups[group][modrm >> 3 & 7][is_reg];
}

static bool condition_holds(const struct decoder *d, const struct insn *out, unsigned int condition)
{
	bool rep = out->flags & (INSN_F_REP | INSN_F_REPNE);
	bool opsize = out->flags & INSN_F_OPSIZE;

	switch (condition) {
	case COND_NOT64:
		return d->mode != DECODE_64;
	case COND_REX_B:
		return d->rex & REX_B;
	case COND_F3:
		return out->flags & INSN_F_REP;
	case COND_NO_F3:
		return !(out->flags & INSN_F_REP);
	case COND_66:
		return opsize && !rep;
	case COND_NO_66:
		return !opsize || rep;
	case COND_ANY:
		return opsize || rep;
	default:
		return out->modrm != 0xf8;
	}
}

static u32 refined_row(const struct decoder *d, const struct insn *out, u32 row)
{
	u16 opcode = (u16)(d->map << 8 | out->opcode);

	for (size_t i = 0; i < ARRAY_SIZE(refinements); i++) {
		const struct refinement *r = &refinements[i];

		if (r->opcode == opcode && r->id == (row & ROW_ID) &&
		    condition_holds(d, out, r->condition)) {
			return (row & ~ROW_ID) | r->becomes;
		}
	}
	return row;
}

/* Whether the row is an instruction at all in this mode, with this ModRM and these prefixes. */
static int check_row(const struct decoder *d, const struct insn *out, u32 *row)
{
	bool is_mem = (*row & ROW_MODRM) && out->modrm < 0xc0;

	switch (*row & ROW_ID) {
	case REFINED_UD: /* and ROW_UD */
		return DECODE_UD;
	case REFINED_UNKNOWN: /* and ROW_XOP */
		return DECODE_UNKNOWN;
	case ROW_VEX:
		if (d->mode == DECODE_64 || !is_mem) {
			return DECODE_UNKNOWN;
		}
		*row &= ~ROW_ID;
		break;
	default:
		break;
	}
	if (*row & (d->mode == DECODE_64 ? ROW_NO64 : ROW_ONLY64)) {
		return DECODE_UD;
	}
	if ((*row & ROW_MEM_ONLY) && !is_mem) {
		return DECODE_UD;
	}
	/* [APM "Lock Prefix"]; a control register has its own rule */
	if ((out->flags & INSN_F_LOCK) && !(*row & ROW_SYSREG) &&
	    !((*row & ROW_LOCKABLE) && is_mem)) {
		return DECODE_UD;
	}
	return DECODE_OK;
}

/* [APM "MOV CRn"], [APM "MOV DRn"]; CR4.DE decides over DR4 and DR5, which is the caller's. */
static int decode_sysreg(const struct decoder *d, struct insn *out)
{
	bool is_dr = out->opcode & 1;

	out->sysreg = out->reg;
	out->rm = (u8)((out->modrm & 7) | (d->rex & REX_B ? 8 : 0));
	out->flags &= (u16)~INSN_F_MEM;
	if (out->flags & INSN_F_LOCK) {
		if (is_dr || out->reg != 0) {
			return DECODE_UD;
		}
		out->sysreg = 8;
	}
	if (is_dr) {
		return out->reg < 8 ? DECODE_OK : DECODE_UD;
	}
	return BIT(out->sysreg) & (BIT(0) | BIT(2) | BIT(3) | BIT(4) | BIT(8)) ? DECODE_OK
									       : DECODE_UD;
}

/* [APM "ModRM and SIB Bytes"], 16-bit addressing: BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP, BX. */
static unsigned int decode_modrm16(struct insn *out)
{
	static const u8 base[8] = { GPR_RBX, GPR_RBX, GPR_RBP, GPR_RBP,
				    GPR_RSI, GPR_RDI, GPR_RBP, GPR_RBX };
	static const u8 index[8] = { GPR_RSI,  GPR_RDI,	 GPR_RSI,  GPR_RDI,
				     GPR_NONE, GPR_NONE, GPR_NONE, GPR_NONE };
	unsigned int mod = out->modrm >> 6;
	unsigned int rm = out->modrm & 7;

	if (mod == 0 && rm == 6) {
		return 2;
	}
	out->base = base[rm];
	out->index = index[rm];
	return mod; /* 0, 1 or 2 bytes of displacement */
}

/* 32-bit and 64-bit addressing; returns the bytes of displacement, negative when bytes end. */
static int decode_modrm32(struct decoder *d, struct insn *out)
{
	static const u8 disp_bytes[3] = { 0, 1, 4 };
	unsigned int mod = out->modrm >> 6;
	unsigned int rm = out->modrm & 7;
	u64 sib;

	if (rm == 4) {
		if (!take(d, 1, &sib)) {
			return out_of_bytes(d);
		}
		out->index = (u8)((sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0));
		if (out->index == GPR_RSP) {
			out->index = GPR_NONE;
		}
		out->scale = (u8)(sib >> 6);
		rm = sib & 7;
		if (mod == 0 && rm == 5) {
			return 4;
		}
	} else if (mod == 0 && rm == 5) {
		if (d->mode == DECODE_64) {
			out->flags |= INSN_F_RIP_REL;
		}
		return 4;
	}
	out->base = (u8)(rm | (d->rex & REX_B ? 8 : 0));
	return disp_bytes[mod];
}

static int decode_memory_operand(struct decoder *d, struct insn *out)
{
	int bytes = out->addrsize == 2 ? (int)decode_modrm16(out) : decode_modrm32(d, out);
	u64 disp;

	if (bytes < 0) {
		return bytes;
	}
	if (bytes > 0) {
		if (!take(d, (unsigned int)bytes, &disp)) {
			return out_of_bytes(d);
		}
		out->disp = sign_extend(disp, (unsigned int)bytes);
	}
	out->flags |= INSN_F_MEM;
	out->segment = out->base == GPR_RSP || out->base == GPR_RBP ? SEG_SS : SEG_DS;
	return DECODE_OK;
}

/* The memory operands that no ModRM gives: string instructions and MOV with an offset. */
static int decode_implied_operand(struct decoder *d, struct insn *out, u32 row)
{
	if (row & ROW_MOFFS) {
		if (!take(d, out->addrsize, &out->disp)) {
			return out_of_bytes(d);
		}
		out->segment = SEG_DS;
	} else if (row & ROW_STRING_DI) {
		out->base = GPR_RDI;
		out->segment = SEG_ES;
		out->flags |= INSN_F_STRING;
	} else {
		out->base = GPR_RSI;
		out->segment = SEG_DS;
		out->flags |= INSN_F_STRING;
	}
	out->flags |= INSN_F_MEM;
	return DECODE_OK;
}

/* Takes what follows the memory operand. */
static int decode_immediate(struct decoder *d, struct insn *out, u32 row)
{
	u32 kind = row & ROW_IMM;
	unsigned int bytes = immediate_sizes[kind >> 8][__builtin_ctz(out->opsize)];

	/* vendors differ: [APM "JMP (Near)"] takes a rel16 here, [SDM "JMP"] a rel32 */
	if (kind == IMM_REL && d->mode == DECODE_64 && out->opsize == 2) {
		return DECODE_UNKNOWN;
	}
	if (!take(d, bytes, &out->imm)) {
		return out_of_bytes(d);
	}
	if (kind != IMM_UB && kind != IMM_W && kind != IMM_ENTER && kind != IMM_FAR) {
		out->imm = sign_extend(out->imm, bytes);
	}
	out->flags |= INSN_F_IMM;
	return DECODE_OK;
}

/* Everything after ModRM and the row are known. */
static int decode_operands(struct decoder *d, struct insn *out, u32 row)
{
	unsigned int prefixed = (d->rex & REX_W ? 2 : 0) | (out->flags & INSN_F_OPSIZE ? 1 : 0);
	u32 mem = FIELD_GET(ROW_MEM, row);
	int status = DECODE_OK;

	out->opsize = operand_sizes[FIELD_GET(ROW_SIZE, row)][d->mode][prefixed];
	out->addrsize = default_addrsize(d->mode);
	if (d->addrsize_prefix) {
		out->addrsize = out->addrsize == 4 ? 2 : 4;
	}
	if (row & ROW_OPREG) {
		out->rm = (u8)((out->opcode & 7) | (d->rex & REX_B ? 8 : 0));
	} else if (row & ROW_SYSREG) {
		status = decode_sysreg(d, out);
	} else if ((row & ROW_MODRM) && out->modrm >= 0xc0) {
		out->rm = (u8)((out->modrm & 7) | (d->rex & REX_B ? 8 : 0));
	} else if (row & ROW_MODRM) {
		status = decode_memory_operand(d, out);
	} else if (row & (ROW_MOFFS | ROW_STRING_DI | ROW_STRING_SI)) {
		status = decode_implied_operand(d, out, row);
	}
	if (status == DECODE_OK && (row & ROW_IMM)) {
		status = decode_immediate(d, out, row);
	}
	if (out->flags & INSN_F_MEM) {
		out->memsize = mem != 0 ? memory_sizes[mem] : out->opsize;
		if ((row & ROW_MEM) == MEM_PTR && d->mode == DECODE_64) {
			out->memsize = 10;
		}
		if (d->override != NO_OVERRIDE && !(row & ROW_STRING_DI)) {
			out->segment = d->override;
		}
	}
	return status;
}

/* Out of line, so that the fast path needs no frame of saved registers. */
static __attribute__((noinline)) int decode_slow(const u8 *bytes, size_t len, enum decode_mode mode,
						 struct insn *out)
{
	struct decoder d = {
		.bytes = bytes,
		.limit = MIN(len, (size_t)INSN_MAX_LENGTH),
		.mode = mode,
		.override = NO_OVERRIDE,
	};
	u32 row;
	u64 modrm;
	int status;

	*out = (struct insn){ .base = GPR_NONE, .index = GPR_NONE };
	status = decode_prefixes(&d, out, &row);
	if (status == DECODE_OK) {
		status = decode_opcode(&d, out, &row);
	}
	if (status != DECODE_OK) {
		return status;
	}
	if (row & (ROW_MODRM | ROW_SYSREG)) {
		if (!take(&d, 1, &modrm)) {
			return out_of_bytes(&d);
		}
		out->modrm = (u8)modrm;
		out->reg = (u8)((modrm >> 3 & 7) | (d.rex & REX_R ? 8 : 0));
		if (row & ROW_GROUP) {
			row = group_row(row, out->modrm);
		}
	}
	if (row & ROW_REFINE) {
		row = refined_row(&d, out, row);
	}
	status = check_row(&d, out, &row);
	if (status != DECODE_OK) {
		return status;
	}
	out->id = row & ROW_ID;
	out->flags |= (u16)((d.rex != 0 ? INSN_F_REX : 0) | (row & ROW_DST ? INSN_F_DST_RM : 0));
	status = decode_operands(&d, out, row);
	out->length = (u8)d.pos;
	return status;
}

int decode_insn(const u8 *bytes, size_t len, enum decode_mode mode, struct insn *out)
{
	u32 row = 0;
	u8 opcode = 0;
	u8 modrm = 0;
	u8 length = 1;

	if (len >= 1) {
		opcode = bytes[0];
		row = one_byte_map[opcode];
	}
	if (opcode == 0x0f && len >= 2) {
		length = 2;
		opcode = bytes[1];
		row = two_byte_map[opcode];
		if (opcode == 0x01 && len >= 3 && bytes[2] >= 0xc0) {
			length = 3;
			modrm = bytes[2];
			row = group7_register_map[modrm - 0xc0];
		}
	}
	if (unlikely(!(row & ROW_FAST))) {
		return decode_slow(bytes, len, mode, out);
	}
	*out = (struct insn){
		.id = (u8)row,
		.length = length,
		.opsize = operand_sizes[FIELD_GET(ROW_SIZE, row)][mode][0],
		.addrsize = default_addrsize(mode),
		.base = GPR_NONE,
		.index = GPR_NONE,
		.modrm = modrm,
		.opcode = opcode,
	};
	return DECODE_OK;
}

static u64 mask_to_bytes(u64 value, unsigned int bytes)
{
	return bytes >= 8 ? value : value & (BIT(8 * bytes) - 1);
}

/* A segment's base and the width of a linear address. */
static u64 linear_address(u64 offset, unsigned int segment, const u64 seg_base[SEG_COUNT],
			  enum decode_mode mode)
{
	if (mode == DECODE_64) {
		return segment >= SEG_FS ? offset + seg_base[segment] : offset;
	}
	return (u32)(offset + seg_base[segment]);
}

/* [APM "BT"]: a register's bit offset reaches beyond the operand, in both directions. */
static u64 bit_offset_bytes(const struct insn *insn, const u64 gpr[GPR_COUNT])
{
	s64 bits;

	if (insn->id < INSN_BT || insn->id > INSN_BTC || (insn->flags & INSN_F_IMM)) {
		return 0;
	}
	bits = (s64)sign_extend(gpr[insn->reg], insn->opsize);
	return (u64)(bits >> (3 + __builtin_ctz(insn->opsize))) * insn->opsize;
}

u64 insn_effective_address(const struct insn *insn, const u64 gpr[GPR_COUNT], u64 next_rip,
			   const u64 seg_base[SEG_COUNT], enum decode_mode mode)
{
	u64 offset = insn->disp;

	if (insn->base != GPR_NONE) {
		offset += gpr[insn->base];
	}
	if (insn->index != GPR_NONE) {
		offset += gpr[insn->index] << insn->scale;
	}
	if (insn->flags & INSN_F_RIP_REL) {
		offset += next_rip;
	}
	offset = mask_to_bytes(offset + bit_offset_bytes(insn, gpr), insn->addrsize);
	return linear_address(offset, insn->segment, seg_base, mode);
}

u64 insn_es_rdi_address(const struct insn *insn, const u64 gpr[GPR_COUNT],
			const u64 seg_base[SEG_COUNT], enum decode_mode mode)
{
	return linear_address(mask_to_bytes(gpr[GPR_RDI], insn->addrsize), SEG_ES, seg_base, mode);
}

static bool is_high_byte(const struct insn *insn, unsigned int reg, unsigned int size)
{
	return size == 1 && reg >= 4 && reg < 8 && !(insn->flags & INSN_F_REX);
}

u64 insn_read_gpr(const struct insn *insn, const u64 gpr[GPR_COUNT], unsigned int reg,
		  unsigned int size)
{
	if (is_high_byte(insn, reg, size)) {
		return gpr[reg - 4] >> 8 & 0xff;
	}
	return mask_to_bytes(gpr[reg], size);
}

void insn_write_gpr(const struct insn *insn, u64 gpr[GPR_COUNT], unsigned int reg,
		    unsigned int size, u64 value)
{
	u64 mask = size == 4 ? ~0ull : mask_to_bytes(~0ull, size);

	value = mask_to_bytes(value, size);
	if (is_high_byte(insn, reg, size)) {
		reg -= 4;
		mask <<= 8;
		value <<= 8;
	}
	gpr[reg] = (gpr[reg] & ~mask) | value;
}
