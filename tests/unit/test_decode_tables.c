/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder: encodings by table (what comes out, what is refused and how), every cut
 * of every one of them, effective addresses and register access. test_decode.c compares
 * it with another decoder.
 */
#include "tests/unit/unit.h"

#include "arch/x86/decode.h"

#define NONE GPR_NONE
#define REX  INSN_F_REX
#define REP  INSN_F_REP
#define LOCK INSN_F_LOCK
#define O66  INSN_F_OPSIZE
#define MEM  INSN_F_MEM
#define RIP  INSN_F_RIP_REL
#define DST  INSN_F_DST_RM
#define IMM  INSN_F_IMM
#define STR  INSN_F_STRING

#define B(s) (const u8 *)(s), sizeof(s) - 1
#define M16  DECODE_16
#define M32  DECODE_32
#define M64  DECODE_64

struct vector {
	const u8 *bytes;
	size_t len;
	enum decode_mode mode;
	struct insn want; /* .length 0: the whole of bytes; modrm and opcode are not compared */
};

/* clang-format off */
#define REGS .base = NONE, .index = NONE

static const struct vector no_operands[] = {
	{ B("\x0f\xa2"), M64, { INSN_CPUID, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\xa2"), M32, { INSN_CPUID, .opsize = 4, .addrsize = 4, REGS } },
	{ B("\x0f\xa2"), M16, { INSN_CPUID, .opsize = 2, .addrsize = 2, REGS } },
	{ B("\xf4"), M64, { INSN_HLT, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x08"), M64, { INSN_INVD, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x09"), M64, { INSN_WBINVD, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\xf3\x0f\x09"), M64, { INSN_WBINVD, .opsize = 4, .addrsize = 8, REGS, .flags = REP } },
	{ B("\x0f\x31"), M64, { INSN_RDTSC, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x33"), M64, { INSN_RDPMC, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x32"), M64, { INSN_RDMSR, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x30"), M64, { INSN_WRMSR, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\xaa"), M64, { INSN_RSM, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x06"), M64, { INSN_CLTS, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x37"), M64, { INSN_GETSEC, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\xf1"), M64, { INSN_ICEBP, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\xcc"), M64, { INSN_INT3, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\xce"), M32, { INSN_INTO, .opsize = 4, .addrsize = 4, REGS } },
	{ B("\xf3\x90"), M64, { INSN_PAUSE, .opsize = 4, .addrsize = 8, REGS, .flags = REP } },
	{ B("\xf3\x48\x90"), M64, { INSN_PAUSE, .opsize = 8, .addrsize = 8, REGS,
		  .flags = REP | REX } },
	/* XCHG R8, RAX and NOP are not PAUSE */
	{ B("\xf3\x41\x90"), M64, { INSN_UNSUPPORTED, .opsize = 4, .addrsize = 8, REGS,
		  .flags = REP | REX } },
	{ B("\x90"), M64, { INSN_UNSUPPORTED, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xc1"), M64, { INSN_VMCALL, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xc2"), M64, { INSN_VMLAUNCH, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xc3"), M64, { INSN_VMRESUME, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xc4"), M64, { INSN_VMXOFF, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xc8"), M64, { INSN_MONITOR, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x67\x0f\x01\xc8"), M64, { INSN_MONITOR, .opsize = 4, .addrsize = 4, REGS, .reg = 1,
		  .rm = 0 } },
	{ B("\x0f\x01\xc9"), M64, { INSN_MWAIT, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xd1"), M64, { INSN_XSETBV, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xd4"), M64, { INSN_VMFUNC, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xd8"), M64, { INSN_VMRUN, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xd9"), M64, { INSN_VMMCALL, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xd9"), M16, { INSN_VMMCALL, .opsize = 2, .addrsize = 2, REGS } },
	{ B("\x0f\x01\xda"), M64, { INSN_VMLOAD, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xdb"), M64, { INSN_VMSAVE, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xdc"), M64, { INSN_STGI, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xdd"), M64, { INSN_CLGI, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xde"), M64, { INSN_SKINIT, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xdf"), M64, { INSN_INVLPGA, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xf9"), M64, { INSN_RDTSCP, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xfa"), M64, { INSN_MONITORX, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xfb"), M64, { INSN_MWAITX, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x0f\x01\xfd"), M64, { INSN_RDPRU, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x9c"), M64, { INSN_PUSHF, .opsize = 8, .addrsize = 8, REGS } },
	{ B("\x66\x9c"), M64, { INSN_PUSHF, .opsize = 2, .addrsize = 8, REGS, .flags = O66 } },
	{ B("\x9d"), M32, { INSN_POPF, .opsize = 4, .addrsize = 4, REGS } },
	{ B("\x66\x9d"), M16, { INSN_POPF, .opsize = 4, .addrsize = 2, REGS, .flags = O66 } },
	{ B("\xcf"), M64, { INSN_IRET, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x48\xcf"), M64, { INSN_IRET, .opsize = 8, .addrsize = 8, REGS, .flags = REX } },
	{ B("\xcd\x80"), M64, { INSN_INT, .opsize = 4, .addrsize = 8, REGS, .flags = IMM,
		  .imm = 0x80 } },
	/* prefixes that change nothing, up to the limit of 15 bytes */
	{ B("\x66\x66\x66\x66\x66\x66\x66\x2e\x2e\x3e\x3e\xf3\xf2\x0f\xa2"), M64,
	  { INSN_CPUID, .opsize = 2, .addrsize = 8, REGS, .flags = O66 | INSN_F_REPNE } },
	/* a REX that does not stand right before the opcode counts for nothing */
	{ B("\x48\x66\xcf"), M64, { INSN_IRET, .opsize = 2, .addrsize = 8, REGS, .flags = O66 } },
};

static const struct vector system_registers[] = {
	{ B("\x0f\x20\xc0"), M64, { INSN_MOV_FROM_CR, .opsize = 8, .addrsize = 8, REGS,
		  .flags = DST } },
	{ B("\x0f\x22\xd8"), M64, { INSN_MOV_TO_CR, .opsize = 8, .addrsize = 8, REGS, .reg = 3,
		  .sysreg = 3 } },
	{ B("\x0f\x22\xe7"), M32, { INSN_MOV_TO_CR, .opsize = 4, .addrsize = 4, REGS, .reg = 4,
		  .sysreg = 4, .rm = 7 } },
	{ B("\x44\x0f\x20\xc1"), M64, { INSN_MOV_FROM_CR, .opsize = 8, .addrsize = 8, REGS,
		  .reg = 8, .sysreg = 8, .rm = 1, .flags = DST | REX } },
	{ B("\x41\x0f\x22\xc7"), M64, { INSN_MOV_TO_CR, .opsize = 8, .addrsize = 8, REGS, .rm = 15,
		  .flags = REX } },
	{ B("\xf0\x0f\x20\xc2"), M32, { INSN_MOV_FROM_CR, .opsize = 4, .addrsize = 4, REGS,
		  .sysreg = 8, .rm = 2, .flags = LOCK | DST } },
	{ B("\xf0\x0f\x22\xc0"), M64, { INSN_MOV_TO_CR, .opsize = 8, .addrsize = 8, REGS,
		  .sysreg = 8, .flags = LOCK } },
	/* mod is ignored: no SIB, no displacement */
	{ B("\x0f\x20\x04"), M64, { INSN_MOV_FROM_CR, .opsize = 8, .addrsize = 8, REGS, .rm = 4,
		  .flags = DST } },
	{ B("\x0f\x22\x9d"), M32, { INSN_MOV_TO_CR, .opsize = 4, .addrsize = 4, REGS, .reg = 3,
		  .sysreg = 3, .rm = 5 } },
	{ B("\x0f\x21\xf8"), M64, { INSN_MOV_FROM_DR, .opsize = 8, .addrsize = 8, REGS, .reg = 7,
		  .sysreg = 7, .flags = DST } },
	{ B("\x0f\x23\xe3"), M64, { INSN_MOV_TO_DR, .opsize = 8, .addrsize = 8, REGS, .reg = 4,
		  .sysreg = 4, .rm = 3 } },
	{ B("\x41\x0f\x23\xc0"), M64, { INSN_MOV_TO_DR, .opsize = 8, .addrsize = 8, REGS, .rm = 8,
		  .flags = REX } },
	{ B("\x0f\x01\xf0"), M64, { INSN_LMSW, .opsize = 2, .addrsize = 8, REGS, .reg = 6 } },
	{ B("\x0f\x01\x30"), M64, { INSN_LMSW, .opsize = 2, .addrsize = 8, .memsize = 2,
		  .segment = SEG_DS, .reg = 6, .base = 0, .index = NONE, .flags = MEM } },
	{ B("\x48\x0f\x01\xe3"), M64, { INSN_SMSW, .opsize = 8, .addrsize = 8, REGS, .reg = 4,
		  .rm = 3, .flags = DST | REX } },
	{ B("\x0f\x01\x20"), M32, { INSN_SMSW, .opsize = 4, .addrsize = 4, .memsize = 2,
		  .segment = SEG_DS, .reg = 4, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\x0f\x01\x00"), M64, { INSN_SGDT, .opsize = 8, .addrsize = 8, .memsize = 10,
		  .segment = SEG_DS, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\x66\x0f\x01\x17"), M16, { INSN_LGDT, .opsize = 4, .addrsize = 2, .memsize = 6,
		  .segment = SEG_DS, .reg = 2, .base = GPR_RBX, .index = NONE,
		  .flags = MEM | O66 } },
	{ B("\x0f\x01\x1c\x24"), M64, { INSN_LIDT, .opsize = 8, .addrsize = 8, .memsize = 10,
		  .segment = SEG_SS, .reg = 3, .base = GPR_RSP, .index = NONE, .flags = MEM } },
	{ B("\x0f\x01\x0e\x34\x12"), M16, { INSN_SIDT, .opsize = 2, .addrsize = 2, .memsize = 6,
		  .segment = SEG_DS, .reg = 1, REGS, .flags = MEM | DST, .disp = 0x1234 } },
	{ B("\x0f\x00\xc1"), M64, { INSN_SLDT, .opsize = 4, .addrsize = 8, REGS, .rm = 1,
		  .flags = DST } },
	{ B("\x0f\x00\x08"), M64, { INSN_STR, .opsize = 4, .addrsize = 8, .memsize = 2,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\x0f\x00\xd2"), M64, { INSN_LLDT, .opsize = 2, .addrsize = 8, REGS, .reg = 2,
		  .rm = 2 } },
	{ B("\x0f\x00\xdb"), M64, { INSN_LTR, .opsize = 2, .addrsize = 8, REGS, .reg = 3,
		  .rm = 3 } },
	{ B("\x0f\x01\x38"), M64, { INSN_INVLPG, .opsize = 4, .addrsize = 8, .segment = SEG_DS,
		  .reg = 7, .base = 0, .index = NONE, .flags = MEM } },
	{ B("\x66\x0f\x38\x82\x01"), M64, { INSN_INVPCID, .opsize = 8, .addrsize = 8, .memsize = 16,
		  .segment = SEG_DS, .base = GPR_RCX, .index = NONE, .flags = MEM | O66 } },
	{ B("\x66\x0f\x38\x80\x01"), M32, { INSN_INVEPT, .opsize = 4, .addrsize = 4, .memsize = 16,
		  .segment = SEG_DS, .base = GPR_RCX, .index = NONE, .flags = MEM | O66 } },
	{ B("\x66\x44\x0f\x38\x81\x09"), M64, { INSN_INVVPID, .opsize = 8, .addrsize = 8,
		  .memsize = 16, .segment = SEG_DS, .reg = 9, .base = GPR_RCX, .index = NONE,
		  .flags = MEM | O66 | REX } },
	{ B("\x0f\xc7\x30"), M64, { INSN_VMPTRLD, .opsize = 4, .addrsize = 8, .memsize = 8,
		  .segment = SEG_DS, .reg = 6, .base = 0, .index = NONE, .flags = MEM } },
	{ B("\x0f\xc7\x38"), M64, { INSN_VMPTRST, .opsize = 4, .addrsize = 8, .memsize = 8,
		  .segment = SEG_DS, .reg = 7, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\x66\x0f\xc7\x30"), M64, { INSN_VMCLEAR, .opsize = 2, .addrsize = 8, .memsize = 8,
		  .segment = SEG_DS, .reg = 6, .base = 0, .index = NONE, .flags = MEM | O66 } },
	{ B("\xf3\x0f\xc7\x30"), M64, { INSN_VMXON, .opsize = 4, .addrsize = 8, .memsize = 8,
		  .segment = SEG_DS, .reg = 6, .base = 0, .index = NONE, .flags = MEM | REP } },
	{ B("\x0f\x78\x08"), M64, { INSN_VMREAD, .opsize = 8, .addrsize = 8, .memsize = 8,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\x0f\x79\xc8"), M64, { INSN_VMWRITE, .opsize = 8, .addrsize = 8, REGS, .reg = 1 } },
	{ B("\x48\x0f\xc7\xf1"), M64, { INSN_RDRAND, .opsize = 8, .addrsize = 8, REGS, .reg = 6,
		  .rm = 1, .flags = DST | REX } },
	{ B("\xf3\x0f\xc7\xf8"), M64, { INSN_UNSUPPORTED, .opsize = 4, .addrsize = 8, REGS,
		  .reg = 7, .flags = DST | REP } }, /* RDPID */
};

static const struct vector io[] = {
	{ B("\xec"), M64, { INSN_IN, .opsize = 1, .addrsize = 8, REGS } },
	{ B("\xed"), M64, { INSN_IN, .opsize = 4, .addrsize = 8, REGS } },
	{ B("\x66\xed"), M64, { INSN_IN, .opsize = 2, .addrsize = 8, REGS, .flags = O66 } },
	{ B("\x48\xef"), M64, { INSN_OUT, .opsize = 4, .addrsize = 8, REGS, .flags = REX } },
	{ B("\xef"), M16, { INSN_OUT, .opsize = 2, .addrsize = 2, REGS } },
	{ B("\xe4\xf4"), M64, { INSN_IN, .opsize = 1, .addrsize = 8, REGS, .flags = IMM,
		  .imm = 0xf4 } },
	{ B("\xe7\x80"), M64, { INSN_OUT, .opsize = 4, .addrsize = 8, REGS, .flags = IMM,
		  .imm = 0x80 } },
	{ B("\x6c"), M64, { INSN_INS, .opsize = 1, .addrsize = 8, .memsize = 1, .segment = SEG_ES,
		  .base = GPR_RDI, .index = NONE, .flags = MEM | STR } },
	/* the destination of INS is ES, whatever the override */
	{ B("\xf3\x64\x6d"), M64, { INSN_INS, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_ES, .base = GPR_RDI, .index = NONE, .flags = MEM | STR | REP } },
	{ B("\xf3\x6e"), M32, { INSN_OUTS, .opsize = 1, .addrsize = 4, .memsize = 1,
		  .segment = SEG_DS, .base = GPR_RSI, .index = NONE, .flags = MEM | STR | REP } },
	{ B("\x67\x64\x66\x6f"), M32, { INSN_OUTS, .opsize = 2, .addrsize = 2, .memsize = 2,
		  .segment = SEG_FS, .base = GPR_RSI, .index = NONE, .flags = MEM | STR | O66 } },
};

static const struct vector memory[] = {
	{ B("\x89\x87\xb0\x00\x00\x00"), M64, { INSN_MOV, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .base = GPR_RDI, .index = NONE, .flags = MEM | DST,
		  .disp = 0xb0 } },
	{ B("\x8b\x04\x25\x00\xd0\x5f\xff"), M64, { INSN_MOV, .opsize = 4, .addrsize = 8,
		  .memsize = 4, .segment = SEG_DS, REGS, .flags = MEM,
		  .disp = 0xffffffffff5fd000 } },
	{ B("\xc7\x04\x25\x00\xc3\x5f\xff\x00\x00\x00\x80"), M64, { INSN_MOV, .opsize = 4,
		  .addrsize = 8, .memsize = 4, .segment = SEG_DS, REGS, .flags = MEM | DST | IMM,
		  .disp = 0xffffffffff5fc300, .imm = 0xffffffff80000000 } },
	{ B("\xc6\x00\xff"), M64, { INSN_MOV, .opsize = 1, .addrsize = 8, .memsize = 1,
		  .segment = SEG_DS, .base = 0, .index = NONE, .flags = MEM | DST | IMM,
		  .imm = ~0ull } },
	{ B("\x88\x3d\x10\x00\x00\x00"), M64, { INSN_MOV, .opsize = 1, .addrsize = 8, .memsize = 1,
		  .segment = SEG_DS, .reg = 7, REGS, .flags = MEM | DST | RIP, .disp = 0x10 } },
	{ B("\x88\x3d\x10\x00\x00\x00"), M32, { INSN_MOV, .opsize = 1, .addrsize = 4, .memsize = 1,
		  .segment = SEG_DS, .reg = 7, REGS, .flags = MEM | DST, .disp = 0x10 } },
	{ B("\x4d\x8b\x7c\xdd\x80"), M64, { INSN_MOV, .opsize = 8, .addrsize = 8, .memsize = 8,
		  .segment = SEG_DS, .reg = 15, .base = 13, .index = 3, .scale = 3,
		  .flags = MEM | REX, .disp = (u64)-0x80 } },
	{ B("\x42\x8b\x44\x25\x00"), M64, { INSN_MOV, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_SS, .base = GPR_RBP, .index = 12, .flags = MEM | REX } },
	{ B("\x8b\x44\x65\x00"), M64, { INSN_MOV, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_SS, .base = GPR_RBP, .index = NONE, .scale = 1, .flags = MEM } },
	{ B("\x65\x48\xa1\xf0\xde\xbc\x9a\x78\x56\x34\x12"), M64, { INSN_MOV, .opsize = 8,
		  .addrsize = 8, .memsize = 8, .segment = SEG_GS, REGS, .flags = MEM | REX,
		  .disp = 0x123456789abcdef0 } },
	{ B("\x67\xa2\x00\x00\x00\xfe"), M64, { INSN_MOV, .opsize = 1, .addrsize = 4, .memsize = 1,
		  .segment = SEG_DS, REGS, .flags = MEM | DST, .disp = 0xfe000000 } },
	{ B("\xa3\x34\x12"), M16, { INSN_MOV, .opsize = 2, .addrsize = 2, .memsize = 2,
		  .segment = SEG_DS, REGS, .flags = MEM | DST, .disp = 0x1234 } },
	{ B("\x8b\x42\xff"), M16, { INSN_MOV, .opsize = 2, .addrsize = 2, .memsize = 2,
		  .segment = SEG_SS, .base = GPR_RBP, .index = GPR_RSI, .flags = MEM,
		  .disp = ~0ull } },
	{ B("\x26\x67\x66\x8b\x04\x24"), M16, { INSN_MOV, .opsize = 4, .addrsize = 4, .memsize = 4,
		  .segment = SEG_ES, .base = GPR_RSP, .index = NONE, .flags = MEM | O66 } },
	/* in 64-bit mode the ES, CS, SS and DS overrides are ignored */
	{ B("\x64\x2e\x8b\x00"), M64, { INSN_MOV, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_FS, .base = 0, .index = NONE, .flags = MEM } },
	{ B("\x36\x8b\x00"), M64, { INSN_MOV, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .base = 0, .index = NONE, .flags = MEM } },
	{ B("\x0f\xb6\x08"), M64, { INSN_MOVZX, .opsize = 4, .addrsize = 8, .memsize = 1,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM } },
	{ B("\x48\x0f\xbf\x08"), M64, { INSN_MOVSX, .opsize = 8, .addrsize = 8, .memsize = 2,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | REX } },
	{ B("\x48\x63\x08"), M64, { INSN_MOVSX, .opsize = 8, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | REX } },
	{ B("\x0f\xc3\x08"), M64, { INSN_MOV, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\xf0\x81\x08\x00\x01\x00\x00"), M64, { INSN_OR, .opsize = 4, .addrsize = 8,
		  .memsize = 4, .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE,
		  .flags = MEM | DST | IMM | LOCK, .imm = 0x100 } },
	{ B("\x83\x20\xfe"), M64, { INSN_AND, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 4, .base = 0, .index = NONE, .flags = MEM | DST | IMM,
		  .imm = (u64)-2 } },
	{ B("\x66\x81\x38\x34\x12"), M64, { INSN_CMP, .opsize = 2, .addrsize = 8, .memsize = 2,
		  .segment = SEG_DS, .reg = 7, .base = 0, .index = NONE,
		  .flags = MEM | DST | IMM | O66, .imm = 0x1234 } },
	{ B("\x33\x08"), M64, { INSN_XOR, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM } },
	{ B("\xf7\x00\x01\x00\x00\x00"), M64, { INSN_TEST, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .base = 0, .index = NONE, .flags = MEM | DST | IMM,
		  .imm = 1 } },
	{ B("\xf7\x10"), M64, { INSN_NOT, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 2, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\xfe\x08"), M64, { INSN_DEC, .opsize = 1, .addrsize = 8, .memsize = 1,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\x87\x08"), M64, { INSN_XCHG, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\xf0\x0f\xba\x28\x1f"), M64, { INSN_BTS, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 5, .base = 0, .index = NONE,
		  .flags = MEM | DST | IMM | LOCK, .imm = 31 } },
	{ B("\x0f\xb3\x08"), M64, { INSN_BTR, .opsize = 4, .addrsize = 8, .memsize = 4,
		  .segment = SEG_DS, .reg = 1, .base = 0, .index = NONE, .flags = MEM | DST } },
	{ B("\xf3\x48\xab"), M64, { INSN_STOS, .opsize = 8, .addrsize = 8, .memsize = 8,
		  .segment = SEG_ES, .base = GPR_RDI, .index = NONE,
		  .flags = MEM | STR | REP | REX } },
	{ B("\xf3\x65\xa4"), M64, { INSN_MOVS, .opsize = 1, .addrsize = 8, .memsize = 1,
		  .segment = SEG_GS, .base = GPR_RSI, .index = NONE, .flags = MEM | STR | REP } },
	{ B("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x88"), M64, { INSN_MOV, .opsize = 8,
		  .addrsize = 8, REGS, .flags = DST | IMM | REX, .imm = 0x8807060504030201 } },
	{ B("\xff\x30"), M64, { INSN_UNSUPPORTED, .opsize = 8, .addrsize = 8, .memsize = 8,
		  .segment = SEG_DS, .reg = 6, .base = 0, .index = NONE, .flags = MEM } },
};

struct refusal {
	const u8 *bytes;
	size_t len;
	enum decode_mode mode;
	int status;
};

static const struct refusal refusals[] = {
	{ B(""), M64, DECODE_NEED_MORE },
	{ B("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"), M64, DECODE_GP },
	{ B("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"), M64, DECODE_NEED_MORE },
	{ B("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\xa2"), M64, DECODE_GP },
	{ B("\x26\x26\x26\x26\x26\xc7\x84\x00\x00\x00\x00\x00\x01\x02\x03\x04"), M32, DECODE_GP },
	{ B("\x0f\x0b"), M64, DECODE_UD },
	{ B("\x0f\xff"), M64, DECODE_UD },
	{ B("\x0f\xb9"), M64, DECODE_UD },
	{ B("\x0f\x24\xc0"), M32, DECODE_UD },
	{ B("\x06"), M64, DECODE_UD },
	{ B("\xce"), M64, DECODE_UD },
	{ B("\x82\x00\x00"), M64, DECODE_UD },
	{ B("\x9a\x00\x00\x00\x00\x00\x00"), M64, DECODE_UD },
	/* control and debug registers that do not exist; LOCK only makes CR8 of CR0 */
	{ B("\x0f\x20\xc8"), M64, DECODE_UD },
	{ B("\x0f\x22\xe8"), M64, DECODE_UD },
	{ B("\x44\x0f\x22\xc8"), M64, DECODE_UD },
	{ B("\x44\x0f\x21\xc0"), M64, DECODE_UD },
	{ B("\xf0\x0f\x20\xd8"), M32, DECODE_UD },
	{ B("\xf0\x44\x0f\x20\xc0"), M64, DECODE_UD },
	{ B("\xf0\x0f\x21\xc0"), M32, DECODE_UD },
	/* LOCK: not lockable, register destination, memory source, CMP */
	{ B("\xf0\x0f\xa2"), M64, DECODE_UD },
	{ B("\xf0\xf4"), M64, DECODE_UD },
	{ B("\xf0\x01\xc0"), M64, DECODE_UD },
	{ B("\xf0\x03\x00"), M64, DECODE_UD },
	{ B("\xf0\x39\x00"), M64, DECODE_UD },
	{ B("\xf0\x89\x00"), M64, DECODE_UD },
	{ B("\xf0\x0f\xa3\x00"), M64, DECODE_UD },
	/* memory-only forms with a register, groups' empty places */
	{ B("\x8d\xc0"), M64, DECODE_UD },
	{ B("\x0f\xc3\xc0"), M64, DECODE_UD },
	{ B("\x66\x0f\x38\x82\xc0"), M64, DECODE_UD },
	{ B("\x0f\x38\x82\x00"), M64, DECODE_UD },
	{ B("\xfe\xd0"), M64, DECODE_UD },
	{ B("\xff\xf8"), M64, DECODE_UD },
	{ B("\x0f\xba\xc0\x00"), M64, DECODE_UD },
	{ B("\x0f\x00\xf0"), M64, DECODE_UD },
	{ B("\x0f\x01\xd2"), M64, DECODE_UD },
	{ B("\x0f\x01\xf8"), M32, DECODE_UD }, /* SWAPGS */
	/* VEX, EVEX and XOP; in 32-bit mode LES, LDS and BOUND still exist */
	{ B("\xc5\xf8\x77"), M64, DECODE_UNKNOWN },
	{ B("\xc5\xf8\x77"), M32, DECODE_UNKNOWN },
	{ B("\x62\xf1\x7c\x48\x28\xc1"), M64, DECODE_UNKNOWN },
	{ B("\x8f\xe8\x78\x00"), M64, DECODE_UNKNOWN },
	{ B("\xc5\x00"), M32, DECODE_OK },
	{ B("\x62\x00"), M32, DECODE_OK },
	/* near branches with 66 in 64-bit mode: the vendors disagree on the length */
	{ B("\x66\xe8\x00\x00\x00\x00"), M64, DECODE_UNKNOWN },
	{ B("\x66\xe8\x00\x00"), M32, DECODE_OK },
};
/* clang-format on */

static void check_insn(const struct vector *v, size_t row, const struct insn *got)
{
	const struct insn *w = &v->want;
	bool same = got->id == w->id && got->opsize == w->opsize && got->addrsize == w->addrsize &&
		    got->memsize == w->memsize && got->segment == w->segment &&
		    got->base == w->base && got->index == w->index && got->scale == w->scale &&
		    got->sysreg == w->sysreg && got->flags == w->flags && got->disp == w->disp &&
		    got->imm == w->imm;

	/* the tables leave reg and rm out where they name nothing */
	same = same && (w->reg == 0 || got->reg == w->reg) && (w->rm == 0 || got->rm == w->rm);
	if (!same || got->length != v->len) {
		fail_msg("row %zu: id %u len %u op %u addr %u mem %u seg %u reg %u rm %u base %u "
			 "index %u scale %u sys %u flags %x disp %llx imm %llx",
			 row, got->id, got->length, got->opsize, got->addrsize, got->memsize,
			 got->segment, got->reg, got->rm, got->base, got->index, got->scale,
			 got->sysreg, got->flags, (unsigned long long)got->disp,
			 (unsigned long long)got->imm);
	}
}

/* An exact copy on the heap, so that a read beyond the bytes is a fault. */
static int decode_exact(const u8 *bytes, size_t len, enum decode_mode mode, struct insn *out)
{
	u8 *copy = malloc(len != 0 ? len : 1);
	int status;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	status = decode_insn(len != 0 ? copy : copy + 1, len, mode, out);
	free(copy);
	return status;
}

static void check_vectors(const struct vector *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		u8 longer[32] = { 0 };
		struct insn got;

		assert_int_equal(decode_exact(v[i].bytes, v[i].len, v[i].mode, &got), DECODE_OK);
		check_insn(&v[i], i, &got);
		memcpy(longer, v[i].bytes, v[i].len);
		memset(longer + v[i].len, 0xf0, sizeof(longer) - v[i].len);
		assert_int_equal(decode_insn(longer, sizeof(longer), v[i].mode, &got), DECODE_OK);
		check_insn(&v[i], i, &got);
		for (size_t cut = 0; cut < v[i].len; cut++) {
			assert_int_equal(decode_exact(v[i].bytes, cut, v[i].mode, &got),
					 DECODE_NEED_MORE);
		}
	}
}

static void test_no_operands(void **state)
{
	(void)state;
	check_vectors(no_operands, sizeof(no_operands) / sizeof(no_operands[0]));
}

static void test_system_registers(void **state)
{
	(void)state;
	check_vectors(system_registers, sizeof(system_registers) / sizeof(system_registers[0]));
}

static void test_io(void **state)
{
	(void)state;
	check_vectors(io, sizeof(io) / sizeof(io[0]));
}

static void test_memory(void **state)
{
	(void)state;
	check_vectors(memory, sizeof(memory) / sizeof(memory[0]));
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct insn insn;
		int got = decode_exact(r->bytes, r->len, r->mode, &insn);

		if (got != r->status) {
			fail_msg("row %zu: status %d, want %d", i, got, r->status);
		}
	}
}

static const u64 address_gpr[GPR_COUNT] = {
	[GPR_RSP] = 0x1000,	    [GPR_RAX] = 0xffffffff00000010,
	[GPR_RCX] = (u64)-65,	    [GPR_RBX] = 0x12348000,
	[GPR_RBP] = 0x1fff0,	    [GPR_RSI] = 0x8001,
	[GPR_RDI] = 0xabcd00000020, [9] = 0x7ffffffff000,
};
static const u64 address_base[SEG_COUNT] = { 0x100000, 0x200000,   0x300000,
					     0x400000, 0xfffff000, 0xffff888000000000 };
/* clang-format off */
static const struct {
	const u8 *bytes;
	size_t len;
	enum decode_mode mode;
	u64 address;
} addresses[] = {
	{ B("\x8b\x00"), M64, 0xffffffff00000010 },
	{ B("\x67\x8b\x00"), M64, 0x10 },
	{ B("\x8b\x00"), M32, 0x400010 },
	{ B("\x65\x8b\x00"), M64, 0xffff887f00000010 },
	{ B("\x64\x8b\x00"), M32, 0xfffff010 },
	{ B("\x64\x8b\x80\xf0\xff\xff\x7f"), M32, 0x7ffff000 }, /* wraps at 4 GiB */
	{ B("\x43\x8b\x44\xc9\x10"), M64, 0x47fffffff7010 }, /* R9 + 8 * R9 + 10h */
	{ B("\x8b\x05\xfc\xff\xff\xff"), M64, 0x1000 + 6 - 4 },
	{ B("\x67\x8b\x05\xfc\xef\xff\xff"), M64, 3 },
	{ B("\x8b\x40\xf0"), M16, 0x400000 + 0xfff1 },
	{ B("\x8b\x42\x20"), M16, 0x300000 + 0x8011 },
	{ B("\x8b\x00"), M16, 0x400000 + 0x0001 },
	{ B("\xaa"), M32, 0x100020 },
	{ B("\xaa"), M64, 0xabcd00000020 },
	{ B("\x67\xaa"), M64, 0x20 },
	{ B("\x65\xa4"), M64, 0xffff888000008001 },
	{ B("\x2e\x6e"), M32, 0x208001 },
	{ B("\xa1\x00\x10\x00\x00"), M32, 0x401000 },
	/* BT with the bit offset -65 in RCX */
	{ B("\x48\x0f\xa3\x0f"), M64, 0xabcd00000020 - 16 },
	{ B("\x0f\xa3\x0f"), M64, 0xabcd00000020 - 12 },
	{ B("\x66\x0f\xa3\x0f"), M64, 0xabcd00000020 - 10 },
	{ B("\x0f\xba\x27\x3f"), M64, 0xabcd00000020 },
	{ B("\x0f\xa3\x07"), M64, 0xabcd00000020 }, /* EAX, not RAX */
};
/* clang-format on */

static void test_effective_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct insn insn;
		u64 got;

		assert_int_equal(decode_insn(addresses[i].bytes, addresses[i].len,
					     addresses[i].mode, &insn),
				 DECODE_OK);
		got = insn_effective_address(&insn, address_gpr, 0x1000 + insn.length, address_base,
					     addresses[i].mode);
		if (got != addresses[i].address) {
			fail_msg("row %zu: %llx, want %llx", i, (unsigned long long)got,
				 (unsigned long long)addresses[i].address);
		}
		if (insn.id == INSN_MOVS) {
			assert_int_equal(insn_es_rdi_address(&insn, address_gpr, address_base, M64),
					 0xabcd00000020);
			assert_int_equal(insn_es_rdi_address(&insn, address_gpr, address_base, M32),
					 0x100020);
		}
	}
}

static void test_gpr_access(void **state)
{
	u64 gpr[GPR_COUNT] = { [GPR_RBX] = 0x1122334455667788, [GPR_RDI] = 0xa1a2a3a4a5a6a7a8 };
	const struct insn plain = { .flags = 0 };
	const struct insn rex = { .flags = REX };

	(void)state;
	assert_int_equal(insn_read_gpr(&plain, gpr, 3, 8), 0x1122334455667788);
	assert_int_equal(insn_read_gpr(&plain, gpr, 3, 4), 0x55667788);
	assert_int_equal(insn_read_gpr(&plain, gpr, 3, 2), 0x7788);
	assert_int_equal(insn_read_gpr(&plain, gpr, 3, 1), 0x88);
	assert_int_equal(insn_read_gpr(&plain, gpr, 7, 1), 0x77); /* BH */
	assert_int_equal(insn_read_gpr(&rex, gpr, 7, 1), 0xa8);	  /* DIL */
	assert_int_equal(insn_read_gpr(&plain, gpr, 7, 2), 0xa7a8);
	insn_write_gpr(&plain, gpr, 7, 1, 0x1ee);
	assert_int_equal(gpr[GPR_RBX], 0x112233445566ee88);
	insn_write_gpr(&rex, gpr, 7, 1, 0x1dd);
	assert_int_equal(gpr[GPR_RDI], 0xa1a2a3a4a5a6a7dd);
	insn_write_gpr(&plain, gpr, 7, 2, 0x9beef);
	assert_int_equal(gpr[GPR_RDI], 0xa1a2a3a4a5a6beef);
	insn_write_gpr(&plain, gpr, 7, 4, 0x1fffffffe);
	assert_int_equal(gpr[GPR_RDI], 0xfffffffe);
	insn_write_gpr(&plain, gpr, 7, 8, ~0ull);
	assert_int_equal(gpr[GPR_RDI], ~0ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_operands), cmocka_unit_test(test_system_registers),
		cmocka_unit_test(test_io),	    cmocka_unit_test(test_memory),
		cmocka_unit_test(test_refusals),    cmocka_unit_test(test_effective_address),
		cmocka_unit_test(test_gpr_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
