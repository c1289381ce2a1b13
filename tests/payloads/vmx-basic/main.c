/* SPDX-License-Identifier: MIT */
/*
 * Each instruction that L1 can intercept leaves L2 with its reason, RIP, length, qualification and
 * instruction information, and runs in L2 without an exit when L1 does not ask for one: rows 1.8-9
 * and those of VMX instructions in L2.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "VMX instruction exits";

#define STAYS	     BIT(0) /* do not run it without its control: it halts, faults or does harm */
#define LENGTH	     BIT(1) /* an exception with an instruction length */
#define LINEAR	     BIT(2) /* the guest-linear address is that of the operand */
#define CPUID_RDRAND BIT(3)
#define CPUID_RDSEED BIT(4)
#define OSXSAVE	     BIT(5)
#define BOCHS_INFO   BIT(6)		 /* Bochs 2.7 gives another operand size */
#define NEEDS(bit)   (PROC2_##bit << 32) /* to exist in L2 at all */

#define NEVER	     0, 0
#define PROC(bit)    PROC_CONTROLS, PROC_##bit
#define PROC2(bit)   PROC2_CONTROLS, PROC2_##bit

/* [SDM "Information for VM Exits Due to Instruction Execution"] */
#define INFO_SEG(n)	      ((u64)(n) << 15)
#define INFO_ASIZE(n)	      ((u64)(n) << 7)
#define INFO_NO_INDEX	      BIT(22)
#define INFO_NO_BASE	      BIT(27)
#define INFO_REG	      BIT(10)
#define INFO_REG1(n)	      ((u64)(n) << 3)
#define INFO_REG2(n)	      ((u64)(n) << 28)
#define INFO_IDENTITY(n)      ((u64)(n) << 28)
#define INFO_SIZE32	      BIT(11)
#define INFO_SIZE64	      BIT(12)
#define INFO_MEM_BASE(n)      (INFO_SEG(3) | INFO_ASIZE(2) | INFO_NO_INDEX | (u64)(n) << 23)
#define INFO_BY(info, seg)    ((info) ^ INFO_SEG(3) ^ INFO_SEG(seg))
#define INFO_MEM(scale, i, n) ((INFO_MEM_BASE(n) ^ INFO_NO_INDEX) | (u64)(i) << 18 | (scale))

/* The control is one argument for these: its macros expand to field and bit. */
#define INSN(id, first, insn, ...)                                                     \
	asm(".pushsection .text\ni_" #id ": " first "\ni_" #id "_at: " insn "\ni_" #id \
	    "_end: vmcall\n.popsection");                                              \
	extern const char i_##id[], i_##id##_at[], i_##id##_end[];
#include "tests/payloads/vmx-basic/insns.def"
#undef INSN

struct row {
	const char *name, *code, *at, *end;
	enum vmcs_field field;
	u64 bit;
	u32 reason;
	u64 flags, qualification, info;
};

static u8 page[4096] __aligned(4096);
static struct vmx_l2 l2;

static void prepare(const struct row *r)
{
	u64 scratch = phys(page);

	*(struct table_ptr *)page = read_gdtr();
	*(struct table_ptr *)(page + 16) = read_idtr();
	vmx_l2_init(&l2);
	if (cmdline_has("ept")) {
		static u64 *ept;

		ept = ept ? ept : ept_create_identity(GIB(4), PT_2M);
		vmx_l2_use_ept(ept);
	}
	if (r->flags >> 32) {
		vmx_l2_controls2(r->flags >> 32);
	}
	vmx_l2_start_at(&l2, r->code);
	l2.gprs = (struct vmx_gprs){ .rax = scratch,
				     .rbx = scratch,
				     .rsi = read_cr0(),
				     .rdi = read_cr3(),
				     .rbp = read_cr4(),
				     .r9 = 0x400,
				     .r10 = BIT(63) };
}

static void switch_on(const struct row *r)
{
	if (r->field == PROC2_CONTROLS) {
		vmx_l2_controls2(r->bit);
	} else if (r->field) {
		vset_bits(r->field, r->bit);
	}
	if (r->field == CR0_MASK) {
		vset(CR0_SHADOW, vget(GUEST_CR0) | (r->bit & CR0_TS));
	} else if (r->field == CR4_MASK) {
		vset(CR4_SHADOW, vget(GUEST_CR4));
	}
}

/* Why this machine cannot show the row; NULL when it can. */
static const char *missing(const struct row *r)
{
	bool exception = r->field == EXCEPTION_BITMAP, mask = r->field >= CR0_MASK;

	if (r->flags >> 32 && !vmx_allows(PROC2_CONTROLS, r->flags >> 32)) {
		return "L1 may not give it to L2";
	}
	if (r->field && !exception && !mask && !vmx_allows(r->field, r->bit)) {
		return "no such control";
	}
	return r->flags & CPUID_RDRAND && !(cpuid(1, 0).ecx & BIT(30))	 ? "no RDRAND"
	       : r->flags & CPUID_RDSEED && !(cpuid(7, 0).ebx & BIT(18)) ? "no RDSEED"
	       : r->flags & OSXSAVE && !(cpuid(1, 0).ecx & BIT(27))	 ? "CR4.OSXSAVE is clear"
									 : NULL;
}

/* The bits that the manual defines for this instruction and these operands. */
static u64 info_mask(const struct row *r)
{
	u64 mask = INFO_REG | INFO_REG2(15);

	if (r->reason == REASON_RDRAND || r->reason == REASON_RDSEED) {
		return INFO_REG1(15) | INFO_SIZE32 | INFO_SIZE64;
	}
	if (r->reason == REASON_GDTR_IDTR || r->reason == REASON_LDTR_TR) {
		mask ^= INFO_REG2(15) ^ INFO_IDENTITY(3);
	} else if (r->reason >= REASON_VMCLEAR && r->reason <= REASON_VMXON &&
		   r->reason != REASON_VMREAD && r->reason != REASON_VMWRITE) {
		mask ^= INFO_REG2(15);
	}
	if (r->info & INFO_REG) {
		return mask | INFO_REG1(15);
	}
	mask |= INFO_ASIZE(7) | INFO_SEG(7) | INFO_NO_INDEX | INFO_NO_BASE;
	mask |= r->info & INFO_NO_INDEX ? 0 : 3 | GENMASK(21, 18);
	return mask | (r->info & INFO_NO_BASE ? 0 : GENMASK(26, 23));
}

static void check_exit(const struct row *r)
{
	u64 length = phys(r->end) - phys(r->at);

	check(vget(GUEST_RIP) == phys(r->at), "1.8-9 %s: RIP is %ld bytes off", r->name,
	      (s64)(vget(GUEST_RIP) - phys(r->at)));
	if (r->reason != REASON_EXCEPTION || r->flags & LENGTH) {
		check(vget(EXIT_INSN_LENGTH) == length, "1.8-9 %s: length %lu, want %lu", r->name,
		      vget(EXIT_INSN_LENGTH), length);
	}
	check(vget(EXIT_QUALIFICATION) == r->qualification,
	      "1.8-9 %s: qualification 0x%lx, want 0x%lx", r->name, vget(EXIT_QUALIFICATION),
	      r->qualification);
	if (r->flags & BOCHS_INFO && vmx_runs_on_bochs()) {
		check_skip("1.8-9 %s: Bochs 2.7 gives a wrong operand size", r->name);
	} else if (r->info) {
		check(((vget(EXIT_INSN_INFO) ^ r->info) & info_mask(r)) == 0,
		      "1.8-9 %s: instruction information 0x%lx, want 0x%x", r->name,
		      vget(EXIT_INSN_INFO), low32(r->info));
	}
	if (r->flags & LINEAR) {
		check_eq("1.8-9 guest-linear address", vget(GUEST_LINEAR_ADDRESS), phys(page) + 64);
	}
	check(!(vget(IDT_VECTORING_INFO) & INFO_VALID), "1.8-9 %s: IDT vectoring", r->name);
}

static void run_row(const struct row *r)
{
	if (missing(r)) {
		check_skip("1.8-9 %s: %s", r->name, missing(r));
		return;
	}
	prepare(r);
	switch_on(r);
	if (vmx_l2_expect(&l2, r->name, r->reason)) {
		check_exit(r);
	}
	if (r->flags & STAYS) {
		return;
	}
	prepare(r);
	if (vmx_l2_expect(&l2, r->name, REASON_VMCALL)) {
		check(vget(GUEST_RIP) == phys(r->end), "%s without a control ends elsewhere",
		      r->name);
	}
}

void test_main(void)
{
	u64 scratch = phys(page);
	const struct row rows[] = {
#define INSN(id, first, insn, control...) { #id, i_##id, i_##id##_at, i_##id##_end, control },
#include "tests/payloads/vmx-basic/insns.def"
	};

	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		run_row(&rows[i]);
	}
	report_success();
}
