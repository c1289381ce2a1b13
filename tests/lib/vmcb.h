/* SPDX-License-Identifier: MIT */
/*
 * The VMCB as the APM lays it out [APM "Layout of VMCB"], its bits and exit codes. The payloads'
 * own reading of the manual: it shares nothing with the hypervisor under test, so that errors
 * show.
 */
#ifndef TESTS_LIB_VMCB_H
#define TESTS_LIB_VMCB_H

#include "lib/bits.h"

struct vmcb_segment {
	u16 selector, attrib;
	u32 limit;
	u64 base;
};
ASSERT_SIZE(struct vmcb_segment, 16);

struct vmcb {
	u32 intercept[6]; /* exit code c below 0xa0 is bit c % 32 of word c / 32 */
	u8 reserved_018[0x3c - 0x18];
	u16 pause_threshold, pause_count;
	u64 iopm_base, msrpm_base;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 reserved_05d[3];
	u32 int_ctl;
	u32 int_vector;
	u64 int_state;
	u64 exit_code, exit_info1, exit_info2, exit_int_info;
	u64 nested_ctl;
	u64 avic_apic_bar, ghcb;
	u64 event_inj;
	u64 n_cr3;
	u64 virt_ext;
	u32 clean;
	u32 reserved_0c4;
	u64 next_rip;
	u8 insn_len, insn_bytes[15];
	u8 reserved_0e0[0x3e0 - 0xe0];
	u8 hv_enlightenments[32];
	/* The state save area. */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved_4a0[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved_4cc;
	u64 efer;
	u8 reserved_4d8[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 reserved_580[0x5d8 - 0x580];
	u64 rsp, s_cet, ssp, isst_addr, rax;
	u64 star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 cr2;
	u8 reserved_648[0x668 - 0x648];
	u64 g_pat, dbgctl, br_from, br_to, lastexcpfrom, lastexcpto;
	u8 reserved_698[0x1000 - 0x698];
};
ASSERT_SIZE(struct vmcb, 4096);
ASSERT_OFFSET(struct vmcb, pause_threshold, 0x03c);
ASSERT_OFFSET(struct vmcb, iopm_base, 0x040);
ASSERT_OFFSET(struct vmcb, msrpm_base, 0x048);
ASSERT_OFFSET(struct vmcb, tsc_offset, 0x050);
ASSERT_OFFSET(struct vmcb, asid, 0x058);
ASSERT_OFFSET(struct vmcb, tlb_control, 0x05c);
ASSERT_OFFSET(struct vmcb, int_ctl, 0x060);
ASSERT_OFFSET(struct vmcb, int_vector, 0x064);
ASSERT_OFFSET(struct vmcb, int_state, 0x068);
ASSERT_OFFSET(struct vmcb, exit_code, 0x070);
ASSERT_OFFSET(struct vmcb, exit_int_info, 0x088);
ASSERT_OFFSET(struct vmcb, nested_ctl, 0x090);
ASSERT_OFFSET(struct vmcb, event_inj, 0x0a8);
ASSERT_OFFSET(struct vmcb, n_cr3, 0x0b0);
ASSERT_OFFSET(struct vmcb, virt_ext, 0x0b8);
ASSERT_OFFSET(struct vmcb, clean, 0x0c0);
ASSERT_OFFSET(struct vmcb, next_rip, 0x0c8);
ASSERT_OFFSET(struct vmcb, insn_len, 0x0d0);
ASSERT_OFFSET(struct vmcb, hv_enlightenments, 0x3e0);
ASSERT_OFFSET(struct vmcb, es, 0x400);
ASSERT_OFFSET(struct vmcb, gdtr, 0x460);
ASSERT_OFFSET(struct vmcb, tr, 0x490);
ASSERT_OFFSET(struct vmcb, cpl, 0x4cb);
ASSERT_OFFSET(struct vmcb, efer, 0x4d0);
ASSERT_OFFSET(struct vmcb, cr4, 0x548);
ASSERT_OFFSET(struct vmcb, dr7, 0x560);
ASSERT_OFFSET(struct vmcb, rip, 0x578);
ASSERT_OFFSET(struct vmcb, rsp, 0x5d8);
ASSERT_OFFSET(struct vmcb, rax, 0x5f8);
ASSERT_OFFSET(struct vmcb, star, 0x600);
ASSERT_OFFSET(struct vmcb, sysenter_cs, 0x628);
ASSERT_OFFSET(struct vmcb, cr2, 0x640);
ASSERT_OFFSET(struct vmcb, g_pat, 0x668);
ASSERT_OFFSET(struct vmcb, lastexcpto, 0x690);

/* tlb_control */
#define TLB_DO_NOTHING	0
#define TLB_FLUSH_ALL	1
#define TLB_FLUSH_ASID	3
#define TLB_FLUSH_LOCAL 7

/* int_ctl */
#define V_TPR(t)       FIELD_PREP(GENMASK(7, 0), t)
#define V_IRQ	       BIT(8)
#define V_GIF	       BIT(9)
#define V_INTR_PRIO(p) FIELD_PREP(GENMASK(19, 16), p)
#define V_IGN_TPR      BIT(20)
#define V_INTR_MASKING BIT(24)
#define V_GIF_ENABLE   BIT(25)
#define AVIC_ENABLE    BIT(31)

/* int_state */
#define INTERRUPT_SHADOW BIT(0)

/* nested_ctl */
#define NP_ENABLE BIT(0)

/* event_inj and exit_int_info */
#define EVENT_VECTOR	 GENMASK(7, 0)
#define EVENT_TYPE	 GENMASK(10, 8)
#define EVENT_EV	 BIT(11)
#define EVENT_VALID	 BIT(31)
#define EVENT_ERROR_CODE GENMASK(63, 32)
#define EVENT_INTR	 (0ull << 8)
#define EVENT_NMI	 (2ull << 8)
#define EVENT_EXCEPTION	 (3ull << 8)
#define EVENT_SOFT_INT	 (4ull << 8)

/* exit_info1 of a nested page fault */
#define NPF_FINAL BIT(32)
#define NPF_WALK  BIT(33)

/* exit_info1 of an I/O exit */
#define IOIO_IN	    BIT(0)
#define IOIO_STRING BIT(2)
#define IOIO_REP    BIT(3)
#define IOIO_SIZE8  BIT(4)
#define IOIO_SIZE16 BIT(5)
#define IOIO_SIZE32 BIT(6)
#define IOIO_PORT   GENMASK(31, 16)

/* CPUID 8000000A EDX */
#define SVM_NPT		   BIT(0)
#define SVM_LBR		   BIT(1)
#define SVM_LOCK	   BIT(2)
#define SVM_NRIP_SAVE	   BIT(3)
#define SVM_VMCB_CLEAN	   BIT(5)
#define SVM_FLUSH_BY_ASID  BIT(6)
#define SVM_DECODE_ASSISTS BIT(7)
#define SVM_VGIF	   BIT(16)

#define VM_CR_SVME_DISABLE BIT(4)

enum exit_code {
	EXIT_CR0_READ = 0x00,
	EXIT_CR0_WRITE = 0x10,
	EXIT_DR0_READ = 0x20,
	EXIT_DR0_WRITE = 0x30,
	EXIT_EXCEPTION = 0x40,
	EXIT_INTR = 0x60,
	EXIT_NMI = 0x61,
	EXIT_SMI = 0x62,
	EXIT_INIT = 0x63,
	EXIT_VINTR = 0x64,
	EXIT_CR0_SEL_WRITE = 0x65,
	EXIT_IDTR_READ = 0x66,
	EXIT_GDTR_READ = 0x67,
	EXIT_LDTR_READ = 0x68,
	EXIT_TR_READ = 0x69,
	EXIT_IDTR_WRITE = 0x6a,
	EXIT_GDTR_WRITE = 0x6b,
	EXIT_LDTR_WRITE = 0x6c,
	EXIT_TR_WRITE = 0x6d,
	EXIT_RDTSC = 0x6e,
	EXIT_RDPMC = 0x6f,
	EXIT_PUSHF = 0x70,
	EXIT_POPF = 0x71,
	EXIT_CPUID = 0x72,
	EXIT_RSM = 0x73,
	EXIT_IRET = 0x74,
	EXIT_SWINT = 0x75,
	EXIT_INVD = 0x76,
	EXIT_PAUSE = 0x77,
	EXIT_HLT = 0x78,
	EXIT_INVLPG = 0x79,
	EXIT_INVLPGA = 0x7a,
	EXIT_IOIO = 0x7b,
	EXIT_MSR = 0x7c,
	EXIT_TASK_SWITCH = 0x7d,
	EXIT_SHUTDOWN = 0x7f,
	EXIT_VMRUN = 0x80,
	EXIT_VMMCALL = 0x81,
	EXIT_VMLOAD = 0x82,
	EXIT_VMSAVE = 0x83,
	EXIT_STGI = 0x84,
	EXIT_CLGI = 0x85,
	EXIT_SKINIT = 0x86,
	EXIT_RDTSCP = 0x87,
	EXIT_WBINVD = 0x89,
	EXIT_MONITOR = 0x8a,
	EXIT_MWAIT = 0x8b,
	EXIT_XSETBV = 0x8d,
	EXIT_NPF = 0x400,
};
#define EXIT_INVALID (~0ull)

/* Segment attributes as the VMCB packs them. */
#define ATTRIB_CODE64 0x029b
#define ATTRIB_CODE32 0x0c9b
#define ATTRIB_CODE16 0x009b
#define ATTRIB_DATA32 0x0c93
#define ATTRIB_DATA16 0x0093
#define ATTRIB_TSS    0x008b
#define ATTRIB_LDT    0x0082

#endif
