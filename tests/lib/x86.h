/* SPDX-License-Identifier: MIT */
/*
 * The processor as a payload sees it: register names, MSR numbers, descriptor layouts and one
 * inline function per instruction. Knows no policy; faults here are fatal unless guarded (trap.h).
 */
#ifndef TESTS_LIB_X86_H
#define TESTS_LIB_X86_H

#include "lib/bits.h"
#include "tests/lib/layout.h"

#define CR0_PE	       BIT(0)
#define CR0_MP	       BIT(1)
#define CR0_EM	       BIT(2)
#define CR0_TS	       BIT(3)
#define CR0_ET	       BIT(4)
#define CR0_NE	       BIT(5)
#define CR0_WP	       BIT(16)
#define CR0_NW	       BIT(29)
#define CR0_CD	       BIT(30)
#define CR0_PG	       BIT(31)

#define CR4_PSE	       BIT(4)
#define CR4_PAE	       BIT(5)
#define CR4_PGE	       BIT(7)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)

#define EFER_SCE       BIT(0)
#define EFER_LME       BIT(8)
#define EFER_LMA       BIT(10)
#define EFER_NXE       BIT(11)
#define EFER_SVME      BIT(12)
#define EFER_LMSLE     BIT(13)

#define RFLAGS_FIXED   BIT(1)
#define RFLAGS_TF      BIT(8)
#define RFLAGS_IF      BIT(9)
#define RFLAGS_RF      BIT(16)
#define RFLAGS_VM      BIT(17)

#define PTE_P	       BIT(0)
#define PTE_RW	       BIT(1)
#define PTE_US	       BIT(2)
#define PTE_PWT	       BIT(3)
#define PTE_PCD	       BIT(4)
#define PTE_A	       BIT(5)
#define PTE_D	       BIT(6)
#define PTE_PS	       BIT(7)
#define PTE_G	       BIT(8)
#define PTE_NX	       BIT(63)
#define PTE_ADDR       GENMASK(51, 12)

#define PFEC_P	       BIT(0)
#define PFEC_RW	       BIT(1)
#define PFEC_US	       BIT(2)
#define PFEC_ID	       BIT(4)

enum vector {
	VEC_DE = 0,
	VEC_DB = 1,
	VEC_NMI = 2,
	VEC_BP = 3,
	VEC_OF = 4,
	VEC_BR = 5,
	VEC_UD = 6,
	VEC_NM = 7,
	VEC_DF = 8,
	VEC_TS = 10,
	VEC_NP = 11,
	VEC_SS = 12,
	VEC_GP = 13,
	VEC_PF = 14,
	VEC_MF = 16,
	VEC_AC = 17,
	VEC_MC = 18,
	VEC_XM = 19,
};

#define MSR_TSC		 0x00000010
#define MSR_APIC_BASE	 0x0000001b
#define MSR_SYSENTER_CS	 0x00000174
#define MSR_SYSENTER_ESP 0x00000175
#define MSR_SYSENTER_EIP 0x00000176
#define MSR_PAT		 0x00000277
#define MSR_TSC_DEADLINE 0x000006e0
#define MSR_X2APIC_BASE	 0x00000800
#define MSR_EFER	 0xc0000080
#define MSR_STAR	 0xc0000081
#define MSR_LSTAR	 0xc0000082
#define MSR_FS_BASE	 0xc0000100
#define MSR_GS_BASE	 0xc0000101
#define MSR_KERNEL_GS	 0xc0000102
#define MSR_VM_CR	 0xc0010114
#define MSR_VM_HSAVE_PA	 0xc0010117

#define APIC_BASE_BSP	 BIT(8)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)

struct table_ptr {
	u16 limit;
	u64 base;
} __packed;
ASSERT_SIZE(struct table_ptr, 10);

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	asm volatile("cpuid"
		     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return make64(hi, lo);
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" : : "c"(msr), "a"(low32(v)), "d"(high32(v)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return make64(hi, lo);
}

#define DEFINE_CR(n)                                                       \
	static inline u64 read_cr##n(void)                                 \
	{                                                                  \
		u64 v;                                                     \
		asm volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory"); \
		return v;                                                  \
	}                                                                  \
	static inline void write_cr##n(u64 v)                              \
	{                                                                  \
		asm volatile("mov %0, %%cr" #n : : "r"(v) : "memory");     \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
DEFINE_CR(8)

#define DEFINE_DR(n)                                          \
	static inline u64 read_dr##n(void)                    \
	{                                                     \
		u64 v;                                        \
		asm volatile("mov %%dr" #n ", %0" : "=r"(v)); \
		return v;                                     \
	}                                                     \
	static inline void write_dr##n(u64 v)                 \
	{                                                     \
		asm volatile("mov %0, %%dr" #n : : "r"(v));   \
	}
DEFINE_DR(0)
DEFINE_DR(7)

static inline void outb(u16 port, u8 v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void cpu_pause(void)
{
	asm volatile("pause" : : : "memory");
}

static inline void cpu_halt(void)
{
	asm volatile("hlt" : : : "memory");
}

static inline void irq_enable(void)
{
	asm volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
	asm volatile("cli" : : : "memory");
}

/* STI's shadow covers HLT, so an interrupt that is already pending still wakes it. */
static inline void irq_enable_and_halt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void invlpg(const volatile void *gva)
{
	asm volatile("invlpg (%0)" : : "r"(gva) : "memory");
}

static inline u64 read_rflags(void)
{
	u64 v;

	asm volatile("pushfq; pop %0" : "=r"(v) : : "memory");
	return v;
}

static inline struct table_ptr read_gdtr(void)
{
	struct table_ptr p;

	asm volatile("sgdt %0" : "=m"(p));
	return p;
}

static inline struct table_ptr read_idtr(void)
{
	struct table_ptr p;

	asm volatile("sidt %0" : "=m"(p));
	return p;
}

#endif
