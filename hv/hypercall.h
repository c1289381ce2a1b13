/* SPDX-License-Identifier: MIT */
/*
 * The hypercall ABI: control word, register forms, memory, fast and XMM input, variable headers,
 * reps and continuation, statuses, privileges. All of it is applied from the row of
 * hv/hypercalls.def, once, before any handler. Guest memory is read once, by one call of
 * io->read, and only the copy is used.
 *
 * Errors are looked for in this order: #UD (mode, CPL, no hypercall page), code, privilege,
 * control word, XMM not offered (#UD), size of fast input, GPAs, access, then the handler's own.
 */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include "hv/flush.h"
#include "hv/partition.h"

/* How the shell reaches the caller. GPAs are 8-aligned and within one page. */
struct hv_hypercall_io {
	void *ctx;
	/*
	 * Copies what L1 would read at `gpa` (overlays included: hv_overlay_at). False: not
	 * readable memory of L1.
	 */
	bool (*read)(void *ctx, u64 gpa, void *buf, size_t len);
	/* Writes L1's memory; false, and nothing written: not writable memory of L1. */
	bool (*write)(void *ctx, u64 gpa, const void *buf, size_t len);
	/* Copies XMM0 to XMM<count-1> (count 1 to 6), 16 bytes each, low half first. */
	void (*read_xmm)(void *ctx, u32 count, u64 *buf);
};

struct hv_hypercall_regs {
	u64 rax, rbx, rcx, rdx, rsi, rdi, r8;
};

struct hv_caller {
	u8 cpl;		/* 3 in virtual-8086 mode */
	bool protected; /* CR0.PE */
	bool long_mode; /* EFER.LMA and CS.L: the 64-bit register form */
};

enum hv_hypercall_action {
	HV_HYPERCALL_COMPLETE, /* effect, registers, then past the instruction */
	HV_HYPERCALL_CONTINUE, /* effect, registers, and run the instruction again */
	HV_HYPERCALL_UD,       /* #UD, nothing else */
};

enum hv_hypercall_effect {
	HV_EFFECT_NONE,
	HV_EFFECT_FLUSH, /* result->flush, complete on all targets before L1 goes on */
	HV_EFFECT_YIELD, /* HvCallNotifyLongSpinWait: the VP may be delayed */
};

/* Bits of hv_hypercall_result.writes. */
#define HV_WRITES_RAX BIT(0)
#define HV_WRITES_RCX BIT(1)
#define HV_WRITES_RDX BIT(2)

struct hv_hypercall_result {
	enum hv_hypercall_action action;
	enum hv_hypercall_effect effect;
	u16 code;   /* call code, for counters and traces; valid unless HV_HYPERCALL_UD */
	u16 status; /* HV_STATUS_*; with COMPLETE */
	u16 reps;   /* reps completed, in total */
	u8 writes;  /* which of the following go into the caller's registers (all 64 bits) */
	u64 rax, rcx, rdx;
	struct hv_flush flush; /* with HV_EFFECT_FLUSH; its list lives in vp->input */
};

/* `result` needs no preparation; members that its action and effect do not name are undefined. */
void hv_hypercall(const struct hv_partition *partition, struct hv_vp *vp,
		  const struct hv_caller *caller, const struct hv_hypercall_regs *regs,
		  const struct hv_hypercall_io *io, struct hv_hypercall_result *result);

/* Name of a call for logs and counters; NULL when not in hv/hypercalls.def. */
const char *hv_hypercall_name(u16 code);

/* ---- Rows and handlers: for hv/ itself and its tests. ---- */

/* What a handler gets: validated, copied, and bounded by its row. */
struct hv_call {
	const struct hv_partition *partition;
	u64 *input;    /* fixed header, variable header, elements; the VP's own copy */
	u32 variable;  /* qwords of variable header */
	u32 rep_start; /* first element to do */
	u32 rep_count; /* all elements, the done ones included */
	u64 *list;     /* element 0; valid from rep_start on */
	u32 reps_done; /* out: starts as rep_start; less than rep_count: call again later */
	u64 output[2]; /* out: as many bytes as the row says */
	struct hv_hypercall_result *result; /* out: effect and flush only */
};

typedef u16 (*hv_hypercall_fn)(struct hv_call *call);

struct hv_hypercall_row {
	u16 code;
	bool rep;
	bool fast;		 /* may be called fast */
	u16 header;		 /* bytes of the fixed header */
	u16 element;		 /* bytes of a list element */
	u16 variable_max;	 /* qwords of variable header allowed */
	u16 output;		 /* bytes written, at most 16; simple calls only */
	u8 word;		 /* enum hv_word that holds ... */
	u32 needs;		 /* ... the bits that must all be offered */
	hv_hypercall_fn handler; /* NULL: never offered in this version */
	const char *name;
};

/* As hv_hypercall with another table; the tests bring rows of their own. */
void hv_hypercall_by_rows(const struct hv_hypercall_row *rows, u32 count,
			  const struct hv_partition *partition, struct hv_vp *vp,
			  const struct hv_caller *caller, const struct hv_hypercall_regs *regs,
			  const struct hv_hypercall_io *io, struct hv_hypercall_result *result);

/* Handlers. */
u16 hv_flush_virtual_address_space(struct hv_call *call);
u16 hv_flush_virtual_address_list(struct hv_call *call);
u16 hv_flush_virtual_address_space_ex(struct hv_call *call);
u16 hv_flush_virtual_address_list_ex(struct hv_call *call);
u16 hv_notify_long_spin_wait(struct hv_call *call);
u16 hv_ext_query_capabilities(struct hv_call *call);

#endif
