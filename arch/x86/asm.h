/* SPDX-License-Identifier: MIT */
/*
 * Single instructions as functions, and the accessors that survive a fault: an access that the
 * processor refuses comes back as `false` by way of the exception table (arch/x86/idt.c).
 */
#ifndef ARCH_X86_ASM_H
#define ARCH_X86_ASM_H

#include "lib/bits.h"

/* One row of the exception table: a fault at `insn` continues at `fixup`. */
#define EXTABLE(insn, fixup) \
	".pushsection .extable, \"a\"\n .quad " insn ", " fixup "\n .popsection\n"

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return make64(hi, lo);
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return make64(hi, lo);
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"(low32(v)), "d"(high32(v)) : "memory");
}

static inline __must_check bool rdmsr_safe(u32 msr, u64 *v)
{
	u32 lo = 0, hi = 0;
	bool ok = false;

	__asm__ volatile("1: rdmsr\n mov $1, %b2\n 2:\n" EXTABLE("1b", "2b")
			 : "+a"(lo), "+d"(hi), "+r"(ok)
			 : "c"(msr));
	*v = make64(hi, lo);
	return ok;
}

static inline __must_check bool wrmsr_safe(u32 msr, u64 v)
{
	bool ok = false;

	__asm__ volatile("1: wrmsr\n mov $1, %b0\n 2:\n" EXTABLE("1b", "2b")
			 : "+r"(ok)
			 : "c"(msr), "a"(low32(v)), "d"(high32(v))
			 : "memory");
	return ok;
}

static inline __must_check bool xsetbv_safe(u32 xcr, u64 v)
{
	bool ok = false;

	__asm__ volatile("1: xsetbv\n mov $1, %b0\n 2:\n" EXTABLE("1b", "2b")
			 : "+r"(ok)
			 : "c"(xcr), "a"(low32(v)), "d"(high32(v))
			 : "memory");
	return ok;
}

static inline void cpuid(u32 leaf, u32 subleaf, u32 regs[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
			 : "a"(leaf), "c"(subleaf));
}

#define READ_CR(n)                                                \
	static inline u64 read_cr##n(void)                        \
	{                                                         \
		u64 v;                                            \
                                                                  \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)); \
		return v;                                         \
	}
#define WRITE_CR(n)                                                        \
	static inline void write_cr##n(u64 v)                              \
	{                                                                  \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); \
	}
READ_CR(0)
READ_CR(2)
READ_CR(3)
READ_CR(4)
READ_CR(8)
WRITE_CR(0)
WRITE_CR(2)
WRITE_CR(3)
WRITE_CR(4)
WRITE_CR(8)

static inline void invlpg(const void *va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

#endif
