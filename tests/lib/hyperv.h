/* SPDX-License-Identifier: MIT */
/*
 * The Hyper-V interface as a guest uses it: detection, the hypercall page, calls in all register
 * forms. The payloads' own reading of the TLFS: it shares no number with the hypervisor under
 * test.
 */
#ifndef TESTS_LIB_HYPERV_H
#define TESTS_LIB_HYPERV_H

#include "tests/lib/memory.h"
#include "tests/lib/trap.h"

#define HV_LEAF_MAX	      0x40000000
#define HV_LEAF_SIGN	      0x40000001
#define HV_LEAF_VERSION	      0x40000002
#define HV_LEAF_FEATURES      0x40000003
#define HV_LEAF_HINTS	      0x40000004
#define HV_LEAF_LIMITS	      0x40000005
#define HV_LEAF_NESTED	      0x4000000a

#define HV_MSR_GUEST_OS_ID    0x40000000
#define HV_MSR_HYPERCALL      0x40000001
#define HV_MSR_VP_INDEX	      0x40000002
#define HV_MSR_RESET	      0x40000003
#define HV_MSR_VP_RUNTIME     0x40000010
#define HV_MSR_TIME_REF_COUNT 0x40000020
#define HV_MSR_REFERENCE_TSC  0x40000021
#define HV_MSR_TSC_FREQUENCY  0x40000022
#define HV_MSR_APIC_FREQUENCY 0x40000023
#define HV_MSR_VP_ASSIST_PAGE 0x40000073
#define HV_MSR_CRASH_CTL      0x40000105

#define HV_PAGE_ENABLE	      BIT(0)
#define HV_PAGE_LOCKED	      BIT(1)
#define HV_OS_ID_PAYLOADS     0x8100000000000001ull /* open source, no vendor's */

/* The control word of a call [TLFS "Hypercall Inputs"]. */
#define HV_FAST		   BIT(16)
#define HV_VARHEAD(qwords) FIELD_PREP(GENMASK(26, 17), qwords)
#define HV_NESTED	   BIT(31)
#define HV_REPS(count)	   FIELD_PREP(GENMASK(43, 32), count)
#define HV_START(index)	   FIELD_PREP(GENMASK(59, 48), index)
#define HV_RESULT(s, reps) ((u64)(s) | HV_REPS(reps))

enum hv_call_code {
	HV_FLUSH_SPACE = 0x0002,
	HV_FLUSH_LIST = 0x0003,
	HV_LONG_SPIN_WAIT = 0x0008,
	HV_SEND_IPI = 0x000b,
	HV_FLUSH_SPACE_EX = 0x0013,
	HV_FLUSH_LIST_EX = 0x0014,
	HV_SEND_IPI_EX = 0x0015,
	HV_POST_MESSAGE = 0x005c,
	HV_SIGNAL_EVENT = 0x005d,
	HV_RESET_DEBUG_SESSION = 0x006b,
	HV_EXT_QUERY_CAPABILITIES = 0x8001,
};

enum hv_status {
	HV_SUCCESS = 0,
	HV_INVALID_CODE = 2,
	HV_INVALID_INPUT = 3,
	HV_INVALID_ALIGNMENT = 4,
	HV_INVALID_PARAMETER = 5,
	HV_ACCESS_DENIED = 6,
	HV_OPERATION_DENIED = 8,
};

#define HV_ALL_PROCESSORS     BIT(0)
#define HV_ALL_ADDRESS_SPACES BIT(1)
#define HV_NON_GLOBAL_ONLY    BIT(2)

#define HV_SET_SPARSE	      0
#define HV_SET_ALL	      1

/* All registers around a call, in and out; hyperv.S knows the order. */
struct hv_regs {
	u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
	u64 reserved;
	u64 xmm[12]; /* XMM0 to XMM5, low half first */
};
ASSERT_OFFSET(struct hv_regs, xmm, 128);

bool hv_present(void);

/* Skips and ends the payload where no "Microsoft Hv" answers. */
void hv_require(void);

/* Sets the guest's identity and enables the hypercall page, at a page of its own. */
void hv_enable(void);
extern u8 *hv_page;

/* Calls the hypercall page with exactly these registers and stores them all back. */
void hv_call_regs(struct hv_regs *regs);

/* A call with 64-bit registers: input and output are GPAs, or the input itself when fast. */
u64 hv_call(u64 control, u64 input, u64 output);

/* A fast call with `count` (at most 14) input words in RDX, R8, XMM0... */
u64 hv_call_fast(u64 control, const u64 *words, unsigned int count);

/* The same input in memory. Output, if any, goes to `output`. */
u64 hv_call_memory(u64 control, const u64 *words, unsigned int count, u64 output);

/*
 * A call from 32-bit code: compatibility mode, or (legacy) protected mode without paging.
 * Interrupts must be off. The return value is exactly EDX:EAX; a fault of the call is in *ex.
 */
u64 hv_call32(u64 control, u64 input, u64 output, bool legacy, exinfo_t *ex);

#endif
