/* SPDX-License-Identifier: MIT */
/*
 * An L2 VP ready to run: a VMCB with permission maps, and setters for the mode that it starts in.
 * L2 code is L1's own code or a blob at an identity address; it ends with VMMCALL.
 */
#ifndef TESTS_LIB_L2_H
#define TESTS_LIB_L2_H

#include "tests/lib/paging.h"
#include "tests/lib/svm.h"

#define L2_STACK_PAGES 2

struct l2 {
	struct vmcb *vmcb;
	struct gprs gprs;
	u8 *msrpm, *iopm, *stack;
	void *host;	/* VMSAVE area of L1 for the KVM style */
	exinfo_t fault; /* of the last VMRUN itself */
	bool kvm_style;
};

/* Code for l2_start_at(): an access at RBX (a value in RAX), or none, and VMMCALL. */
extern const char l2_code_read[], l2_code_write[], l2_code_exec[], l2_code_end[];

/*
 * A VP that intercepts VMRUN, VMMCALL and SHUTDOWN only, ASID 1, no nested paging, 64-bit state
 * at CPL 0 on the tables that L1 uses. Maps and stacks are allocated once; calling it again
 * resets the state.
 */
void l2_init(struct l2 *l2);

/* Starts at fn in 64-bit mode on its own stack; when fn returns, L2 executes VMMCALL. */
void l2_start(struct l2 *l2, void (*fn)(void));

/* Starts at a code address with nothing on the stack. */
void l2_start_at(struct l2 *l2, const void *code);

/*
 * Other modes; the code lies at its own linear address, except in real mode, where CS.base is
 * `base`.
 */
void l2_set_real(struct l2 *l2, u32 base);
void l2_set_protected32(struct l2 *l2, u32 eip);

/* 32-bit with PAE tables at cr3, or with two-level tables when pae is false. */
void l2_set_paged32(struct l2 *l2, u32 eip, u64 cr3, bool pae);

/* A nested page table that maps the first `bytes` to themselves, with pages of that level. */
u64 *npt_create_identity(u64 bytes, enum pt_level level);
void l2_use_npt(struct l2 *l2, u64 *npt);

/*
 * The table that the command line asks for: npt=4k|2m|1g, the same one at each call; none without
 * it.
 */
void l2_use_npt_of_cmdline(struct l2 *l2);

void l2_intercept(struct l2 *l2, unsigned int exit_code, bool on);
void l2_intercept_msr(struct l2 *l2, u32 msr, bool read, bool write);
void l2_intercept_port(struct l2 *l2, u16 port, bool on);

/*
 * Enters L2 once and returns the exit code. A fault of VMRUN itself is in l2->fault; the code is
 * 0 then.
 */
u64 l2_run(struct l2 *l2);

/* l2_run() and a check of the exit code; the text names the case. */
bool l2_run_expect(struct l2 *l2, const char *what, u64 exit_code);

#endif
