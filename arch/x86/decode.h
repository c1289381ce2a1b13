/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder: bytes in, a struct insn out. It knows every instruction that SVM or VMX
 * can intercept and those that Plinth may have to carry out on a trapped page; of the others it
 * knows the length. It reads no memory, knows no privilege and no CPUID feature: whether an
 * instruction that exists may be executed here and now is the caller's question.
 */
#ifndef ARCH_X86_DECODE_H
#define ARCH_X86_DECODE_H

#include "arch/x86/spec.h"

#define INSN_MAX_LENGTH 15 /* [APM "Instruction Encoding Overview"] */

/* The default address size of the code segment; DECODE_64 is CS.L=1 with EFER.LMA=1. */
enum decode_mode {
	DECODE_16,
	DECODE_32,
	DECODE_64,
};

/* What decode_insn() returns. */
enum decode_status {
	DECODE_OK = 0,
	DECODE_NEED_MORE = -1, /* the bytes end inside the instruction */
	DECODE_GP = -2,	       /* longer than 15 bytes: #GP(0) */
	DECODE_UD = -3,	       /* undefined in this mode, or a LOCK that is not allowed: #UD */
	DECODE_UNKNOWN =
		-4, /* may exist (VEX, EVEX, XOP, SSE4a): neither meaning nor length known */
};

#define GPR_NONE 0xff /* no base or no index in a memory operand */

/* Segment registers by their encoding, which is also the index into seg_base[6]. */
enum {
	SEG_ES,
	SEG_CS,
	SEG_SS,
	SEG_DS,
	SEG_FS,
	SEG_GS,
	SEG_COUNT,
};

/*
 * INSN_UNSUPPORTED: exists, the length is right, nothing else is to be relied on but the sizes, the
 * prefixes and the memory operand.
 */
enum insn_id {
	INSN_UNSUPPORTED,
	/* intercepted: no operand beyond fixed registers */
	INSN_CPUID,
	INSN_HLT,
	INSN_INVD,
	INSN_WBINVD, /* with F3: WBNOINVD */
	INSN_RDTSC,
	INSN_RDTSCP,
	INSN_RDPMC,
	INSN_RDPRU,
	INSN_RDMSR,
	INSN_WRMSR,
	INSN_XSETBV,
	INSN_RSM,
	INSN_PAUSE,
	INSN_MONITOR,
	INSN_MWAIT,
	INSN_MONITORX,
	INSN_MWAITX,
	INSN_CLTS,
	INSN_GETSEC,
	/* SVM */
	INSN_VMRUN,
	INSN_VMMCALL,
	INSN_VMLOAD,
	INSN_VMSAVE,
	INSN_STGI,
	INSN_CLGI,
	INSN_SKINIT,
	INSN_INVLPGA,
	/* VMX; those with a memory operand have it in the operand fields */
	INSN_VMCALL,
	INSN_VMLAUNCH,
	INSN_VMRESUME,
	INSN_VMXOFF,
	INSN_VMFUNC,
	INSN_VMXON,
	INSN_VMCLEAR,
	INSN_VMPTRLD,
	INSN_VMPTRST,
	INSN_VMREAD,  /* r/m <- field `reg` */
	INSN_VMWRITE, /* field `reg` <- r/m */
	INSN_INVEPT,
	INSN_INVVPID,
	/* with a memory or register operand */
	INSN_INVPCID,
	INSN_INVLPG,
	INSN_LMSW,
	INSN_SMSW,
	INSN_SGDT,
	INSN_SIDT,
	INSN_LGDT,
	INSN_LIDT,
	INSN_SLDT,
	INSN_STR,
	INSN_LLDT,
	INSN_LTR,
	INSN_RDRAND,
	INSN_RDSEED,
	INSN_XSAVES,
	INSN_XRSTORS,
	/* register `rm` and the control or debug register `sysreg` */
	INSN_MOV_FROM_CR,
	INSN_MOV_TO_CR,
	INSN_MOV_FROM_DR,
	INSN_MOV_TO_DR,
	/* I/O: port in imm with INSN_F_IMM, else in DX; `opsize` bytes */
	INSN_IN,
	INSN_OUT,
	INSN_INS,
	INSN_OUTS,
	/* software interrupts and flags */
	INSN_INT, /* vector in imm */
	INSN_INT3,
	INSN_INTO,
	INSN_ICEBP,
	INSN_PUSHF,
	INSN_POPF,
	INSN_IRET,
	/* data moves and arithmetic, for trapped pages */
	INSN_MOV,
	INSN_MOVZX,
	INSN_MOVSX, /* and MOVSXD */
	INSN_ADD,
	INSN_OR,
	INSN_ADC,
	INSN_SBB,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_CMP,
	INSN_TEST,
	INSN_NOT,
	INSN_NEG,
	INSN_INC,
	INSN_DEC,
	INSN_XCHG,
	INSN_XADD,
	INSN_CMPXCHG,
	INSN_BT,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
	INSN_STOS,
	INSN_MOVS, /* the memory operand is the source; see insn_es_rdi_address() */
	INSN_COUNT,
};

/* insn.flags */
#define INSN_F_REP     0x0001 /* F3 is the last of F2 and F3 */
#define INSN_F_REPNE   0x0002 /* F2 is the last of F2 and F3 */
#define INSN_F_LOCK    0x0004
#define INSN_F_REX     0x0008 /* byte registers 4 to 7 are SPL, BPL, SIL, DIL, not AH to BH */
#define INSN_F_OPSIZE  0x0010 /* 66 was there */
#define INSN_F_MEM     0x0020 /* r/m is memory: base, index, scale, disp, segment are set */
#define INSN_F_RIP_REL 0x0040 /* disp counts from the next instruction */
#define INSN_F_DST_RM  0x0080 /* r/m is the destination, reg or imm the source; else reg <- r/m */
#define INSN_F_IMM     0x0100 /* imm is an operand, in place of reg */
#define INSN_F_STRING  0x0200 /* rSI or rDI advance by opsize; REP and REPNE repeat by rCX */

/*
 * One decoded instruction. Sizes are in bytes. Registers carry their REX bits; for a register that
 * is not there the field is 0. A byte register 4 to 7 without INSN_F_REX is AH, CH, DH or BH:
 * insn_read_gpr() and insn_write_gpr() know.
 */
struct insn {
	u8 id;	     /* enum insn_id */
	u8 length;   /* 1 to 15 */
	u8 opsize;   /* 1, 2, 4, 8: of the operation */
	u8 addrsize; /* 2, 4, 8 */
	u8 memsize;  /* of the memory operand; not opsize for MOVZX, LGDT, ...; 0: none */
	u8 segment;  /* SEG_*: of the memory operand, overrides applied */
	u8 reg;	     /* ModRM.reg, or the register in the opcode */
	u8 rm;	     /* ModRM.rm when r/m is a register */
	u8 base;     /* GPR_* or GPR_NONE */
	u8 index;    /* GPR_* or GPR_NONE */
	u8 scale;    /* index is shifted left by 0 to 3 */
	u8 sysreg; /* CR or DR number; LOCK MOV CR0 gives 8 with INSN_F_LOCK (AMD; #UD on Intel) */
	u8 modrm;  /* as it stood, 0 if there is none */
	u8 opcode; /* the last opcode byte */
	u16 flags; /* INSN_F_* */
	u64 disp;  /* sign-extended; moffs: zero-extended */
	u64 imm;   /* sign-extended; vectors and ports: zero-extended */
};

/*
 * Decodes the instruction at bytes[0 .. len). len may be any number, 15 is always enough. Returns
 * an enum decode_status; *out is defined with DECODE_OK only. Reads no byte beyond the instruction.
 */
int decode_insn(const u8 *bytes, size_t len, enum decode_mode mode, struct insn *out);

/*
 * The linear address of the memory operand (INSN_F_MEM), bit offsets of BT/BTS/BTR/BTC included.
 * seg_base[] is indexed by SEG_*; in 64-bit mode only those of FS and GS are read. next_rip is the
 * address of the following instruction. Canonicality and limits are the caller's to check.
 */
u64 insn_effective_address(const struct insn *insn, const u64 gpr[GPR_COUNT], u64 next_rip,
			   const u64 seg_base[SEG_COUNT], enum decode_mode mode);

/* The linear address of ES:rDI: the destination of MOVS, whose other operand is the source. */
u64 insn_es_rdi_address(const struct insn *insn, const u64 gpr[GPR_COUNT],
			const u64 seg_base[SEG_COUNT], enum decode_mode mode);

/* Register `reg` of an instruction as `size` (1, 2, 4, 8) bytes, zero-extended. */
u64 insn_read_gpr(const struct insn *insn, const u64 gpr[GPR_COUNT], unsigned int reg,
		  unsigned int size);

/* Writes it: 4 bytes clear the upper half, 1 and 2 bytes leave the rest of the register alone. */
void insn_write_gpr(const struct insn *insn, u64 gpr[GPR_COUNT], unsigned int reg,
		    unsigned int size, u64 value);

#endif
