/* SPDX-License-Identifier: MIT */
/*
 * Plinth's own exceptions: descriptor tables of each CPU, the trap entry, the exception table that
 * lets an access fail softly. An exception without a row there is Plinth's bug, and panics.
 */
#ifndef ARCH_X86_IDT_H
#define ARCH_X86_IDT_H

#include "lib/types.h"

struct percpu;

/* The trap frame that trap.S builds; the order is its contract. */
struct regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS	 0x18

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap;
} __packed;
ASSERT_SIZE(struct tss, 104);

/* Loads GDT, TSS and IDT on the calling CPU; `cpu` must have its fault stack. */
void idt_load(struct percpu *cpu);
/* Only exceptions into the boot stack, before there is a percpu. */
void idt_load_early(void);
/* Where the IDT is, for what the processor loads without LIDT. */
u64 idt_base(void);
void trap_handler(struct regs *regs);

#endif
