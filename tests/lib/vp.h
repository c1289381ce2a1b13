/* SPDX-License-Identifier: MIT */
/*
 * An L2 VP on whichever of SVM and VMX the machine has: a thin layer over l2.h and vmx_l2.h for
 * payloads that test what both have in common. What only one has is done through the VP below.
 */
#ifndef TESTS_LIB_VP_H
#define TESTS_LIB_VP_H

#include "tests/lib/l2.h"
#include "tests/lib/l2_call.h"
#include "tests/lib/vmx_l2.h"

struct vp {
	struct l2 svm;
	struct vmx_l2 vmx;
};

enum vp_exit {
	VP_CALL, /* L2_CALL */
	VP_SLAT, /* a fault of the nested tables; vp_slat_address() */
	VP_INTR,
	VP_EXCEPTION,
	VP_OTHER,
};

enum vp_reg {
	VP_RAX,
	VP_RBX,
	VP_RCX,
	VP_RDX,
	VP_RSI,
	VP_RDI,
	VP_RBP,
	VP_REGS
};

/* Whether the vendor is Intel's; settled by vp_require() or vp_offered(). */
bool vp_is_vmx(void);
bool vp_offered(void);

/* Enables SVM or VMX on this CPU, or skips and ends the payload; vp_enable() on other CPUs. */
void vp_require(void);
void vp_enable(void);

/* As the functions of l2.h; the command line's `evmcs` and `kvm` choose the style. */
void vp_init(struct vp *vp);
void vp_start(struct vp *vp, void (*fn)(void));
void vp_start_at(struct vp *vp, const void *code);
void vp_set_real(struct vp *vp, u32 base, u32 ivt);
void vp_set_protected32(struct vp *vp, u32 eip);
void vp_set_paged32(struct vp *vp, u32 eip, u64 cr3, bool pae);
void vp_set_cr3(struct vp *vp, u64 cr3);

/* Nested tables: all allowed, ordinary memory. NULL: none. Flushing is for the next entry. */
u64 *slat_create_identity(u64 bytes, enum pt_level level);
void slat_map(u64 *slat, u64 from, u64 to, enum pt_level level);
void vp_use_slat(struct vp *vp, u64 *slat);
void vp_use_slat_of_cmdline(struct vp *vp); /* slat=4k|2m|1g */
void vp_flush(struct vp *vp);

/*
 * Interrupts leave L2; they reach L1 at the latest in vp_take_interrupts(). The last call makes
 * interrupts of L1 as they were.
 */
void vp_exit_for_interrupts(struct vp *vp);
void vp_end_interrupts(void);
void vp_take_interrupts(void);

enum vp_exit vp_run(struct vp *vp);
bool vp_expect(struct vp *vp, const char *what, enum vp_exit want);
u64 vp_slat_address(struct vp *vp);

u64 *vp_reg(struct vp *vp, enum vp_reg reg);
void vp_skip_call(struct vp *vp);

/* The state that a mode shows: what of CR0, CR4 and EFER L2 sees, and CS.D, CS.L. */
struct vp_mode {
	u64 cr0, cr4, efer;
	bool cs_d, cs_l;
};
struct vp_mode vp_mode(struct vp *vp);

#endif
