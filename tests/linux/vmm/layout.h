/* SPDX-License-Identifier: MIT */
/*
 * What the VMM and its guest programs agree on: where things lie in guest physical memory, the
 * selectors, the ports, and the report page of each VP. Read by C and by the assembler; knows no
 * case. Slot 0 is RAM from 0 to GUEST_RAM_SIZE; nothing is at GUEST_HOLE.
 */
#ifndef TESTS_LINUX_VMM_LAYOUT_H
#define TESTS_LINUX_VMM_LAYOUT_H

/* clang-format off */
#define GUEST_GDT		0x1000
#define GUEST_IDT		0x2000
#define GUEST_TSS		0x3000		/* + VP * GUEST_TSS_STEP */
#define GUEST_TSS_STEP		0x100
#define GUEST_STACK16		0x7f00
#define GUEST_CODE16		0x8000		/* page aligned: also where a SIPI points */
#define GUEST_CODE32		0x9000
#define GUEST_CODE64		0xb000
#define GUEST_CODE_END		0x10000
#define GUEST_TABLES		0x10000		/* PML4, PAE's PDPT, or 32-bit paging's directory */
#define GUEST_PDPT		0x11000
#define GUEST_PD		0x12000		/* four directories: 4 GiB, identity, large pages */
#define GUEST_WINDOW_PT		0x16000		/* the page table of GUEST_WINDOW */
#define GUEST_STACK		0x18000		/* + VP * GUEST_STACK_STEP; grows down */
#define GUEST_STACK_STEP	0x2000
#define GUEST_REPORT		0x20000		/* + VP * 4096 */
#define GUEST_SHARED		0x24000		/* one page for what several VPs share */
#define GUEST_DATA		0x100000
#define GUEST_RAM_SIZE		0x400000
#define GUEST_SLOT1		0x10000000	/* where cases put a memory slot of their own */
#define GUEST_WINDOW		0x40000000	/* virtual: 4K pages that cases map */
#define GUEST_HOLE		0xd0000000
#define GUEST_APIC		0xfee00000

#define SEL_CODE64		0x08
#define SEL_DATA		0x10
#define SEL_CODE32		0x18
#define SEL_UDATA		0x20
#define SEL_UCODE64		0x28
#define SEL_CODE16		0x30
#define SEL_DATA16		0x38
#define SEL_TSS			0x40		/* + VP * 16 */
#define SEL_BAD			0x1f0		/* beyond the limit of the GDT */

#define IDT_VECTORS		0x40
#define VECTOR_IRQ		0x30
#define VECTOR_USER		0x31		/* its gate has DPL 3 */
#define VECTOR_ABSENT		0x32		/* its gate is not present */
#define VECTOR_SPURIOUS		0x3f

#define PORT_STEP		0xd0		/* dword: the guest has come to step N */
#define PORT_TRAP		0xd4		/* dword: a trap that the guest did not expect */
#define PORT_TEXT		0xd8		/* byte: text; also a plain exit for loops */

/* The report page; GS points to it. */
#define R_TRAPS			0x00
#define R_VECTOR		0x08
#define R_ERROR			0x10
#define R_CR2			0x18
#define R_RIP			0x20
#define R_FLAGS			0x28
#define R_CS			0x30
#define R_RECOVER		0x38		/* if not 0: where the next trap continues, once */
#define R_HOOK			0x40		/* if not 0: takes traps, before R_RECOVER */
#define R_KSTACK		0x48		/* stack for R_RECOVER after a trap from CPL 3 */
#define R_AT			0x50		/* the RIP that the next trap must push */
#define R_ID			0x58		/* number of the VP */
#define R_X2APIC		0x60		/* if not 0: the local APIC is used by MSR */
#define R_IRQS			0x68		/* interrupts taken by a case's hook */
#define R_RESULT		0x80		/* 48 quadwords, the case's own */
#define R_RESULTS		48
#define R_BUFFER		0x800		/* 2 KiB, the case's own */
#define RESULT(n)		(R_RESULT + 8 * (n))

/* The shared page: quadwords, those of different writers in different cache lines. */
#define S_AP_ENTRY		(GUEST_SHARED + 0x00)	/* where a started VP goes in 64-bit mode */
#define S_AP_COUNT		(GUEST_SHARED + 0x40)
#define S_LOCK			(GUEST_SHARED + 0x80)
#define S_COUNTER		(GUEST_SHARED + 0x88)
#define S_ROUND			(GUEST_SHARED + 0xc0)	/* a change that is being announced */
#define S_ACK			(GUEST_SHARED + 0x100)	/* the last one that was heard */
#define S_EPOCH			(GUEST_SHARED + 0x140)	/* the last one that everybody must see */
#define S_STOP			(GUEST_SHARED + 0x180)
#define S_READY			(GUEST_SHARED + 0x1c0)	/* VPs whose APIC can take IPIs */
/* clang-format on */

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct report {
	u64 traps;
	u64 vector;
	u64 error;
	u64 cr2;
	u64 rip;
	u64 flags;
	u64 cs;
	u64 recover;
	u64 hook;
	u64 kstack;
	u64 at;
	u64 id;
	u64 x2apic;
	u64 irqs;
	u64 reserved[2];
	u64 result[R_RESULTS];
	u8 reserved2[R_BUFFER - R_RESULT - 8 * R_RESULTS];
	u8 buffer[2048];
};
ASSERT_SIZE(struct report, 4096);
ASSERT_OFFSET(struct report, vector, R_VECTOR);
ASSERT_OFFSET(struct report, error, R_ERROR);
ASSERT_OFFSET(struct report, cr2, R_CR2);
ASSERT_OFFSET(struct report, rip, R_RIP);
ASSERT_OFFSET(struct report, flags, R_FLAGS);
ASSERT_OFFSET(struct report, cs, R_CS);
ASSERT_OFFSET(struct report, recover, R_RECOVER);
ASSERT_OFFSET(struct report, hook, R_HOOK);
ASSERT_OFFSET(struct report, kstack, R_KSTACK);
ASSERT_OFFSET(struct report, at, R_AT);
ASSERT_OFFSET(struct report, id, R_ID);
ASSERT_OFFSET(struct report, x2apic, R_X2APIC);
ASSERT_OFFSET(struct report, irqs, R_IRQS);
ASSERT_OFFSET(struct report, result, R_RESULT);
ASSERT_OFFSET(struct report, buffer, R_BUFFER);
#endif

#endif
