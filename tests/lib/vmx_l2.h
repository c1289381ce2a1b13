/* SPDX-License-Identifier: MIT */
/*
 * An L2 VP on VMX: a VMCS, plain or enlightened, with bitmaps, and setters for the mode that it
 * starts in. Fields are those of the VP that was loaded last on the calling CPU.
 */
#ifndef TESTS_LIB_VMX_L2_H
#define TESTS_LIB_VMX_L2_H

#include "tests/lib/paging.h"
#include "tests/lib/vmx.h"

/* vmx_run.S knows the order. */
struct vmx_gprs {
	u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, cr2;
};
ASSERT_OFFSET(struct vmx_gprs, cr2, 0x78);

#define VMX_L2_NO_EXIT 0xffffffffu

/* Code for vmx_l2_start_at(), of l2_code.S. */
extern const char l2_code_read[], l2_code_write[], l2_code_exec[], l2_code_end[];

struct vmx_l2 {
	void *vmcs;
	u8 *msr_bitmap, *io_bitmaps, *stack;
	struct vmx_gprs gprs;
	bool evmcs;    /* an enlightened VMCS; set by evmcs_use() */
	bool launched; /* what the next entry is: VMRESUME */
	exinfo_t fail; /* of the last entry: why there was none */
};

/*
 * A VP that is loaded, intercepts nothing that it need not, and is legal: 64-bit state at CPL 0 on
 * L1's own tables, no EPT, no VPID. Pages are allocated once; calling it again resets everything.
 */
void vmx_l2_init(struct vmx_l2 *l2);

/* Makes it the VP that fields and entries mean: VMPTRLD, or the assist page's pointer. */
void vmx_l2_load(struct vmx_l2 *l2);

/* A field of the loaded VP; one that is not there ends the payload as an error. */
u64 vget(enum vmcs_field field);
void vset(enum vmcs_field field, u64 v);

static inline void vset_bits(enum vmcs_field field, u64 bits)
{
	vset(field, vget(field) | bits);
}

static inline void vclear_bits(enum vmcs_field field, u64 bits)
{
	vset(field, vget(field) & ~bits);
}

/* Secondary controls too, switching them on. */
void vmx_l2_controls2(u64 bits);

/* Starts at fn in 64-bit mode on its own stack; when fn returns, L2 executes VMCALL. */
void vmx_l2_start(struct vmx_l2 *l2, void (*fn)(void));
void vmx_l2_start_at(struct vmx_l2 *l2, const void *code);

/* Other modes; without paging they need EPT and unrestricted guest, which it switches on. */
void vmx_l2_set_real(struct vmx_l2 *l2, u32 base);
void vmx_l2_set_protected32(struct vmx_l2 *l2, u32 eip);
void vmx_l2_set_paged32(struct vmx_l2 *l2, u32 eip, u64 cr3, bool pae);

void vmx_l2_set_segment(enum segment s, u16 selector, u32 ar, u32 limit, u64 base);

/* An EPT that maps the first `bytes` to themselves, write-back, all allowed; and its pointer. */
u64 *ept_create_identity(u64 bytes, enum pt_level level);
u64 ept_pointer(const u64 *ept);

/* NULL: no EPT. */
void vmx_l2_use_ept(u64 *ept);

void vmx_l2_intercept_msr(struct vmx_l2 *l2, u32 msr, bool read, bool write);
void vmx_l2_intercept_port(struct vmx_l2 *l2, u16 port, bool on);

/*
 * Enters L2 once: the exit reason with all its bits, or VMX_L2_NO_EXIT with the reason in
 * l2->fail.
 */
u32 vmx_l2_run(struct vmx_l2 *l2);

/* vmx_l2_run() and a check of the exit reason; the text names the case. */
bool vmx_l2_expect(struct vmx_l2 *l2, const char *what, u32 reason);

/* vmx_l2_run() and a check that the entry fails so. */
bool vmx_l2_expect_fail(struct vmx_l2 *l2, const char *what, exinfo_t fail);

/* Moves RIP behind the instruction that left. */
void vmx_l2_skip(void);

#endif
