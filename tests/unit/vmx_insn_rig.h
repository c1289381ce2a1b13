/* SPDX-License-Identifier: MIT */
/*
 * A machine of 32 pages for VMX's instructions of L1: 64-bit mode with page tables of L1's, and how
 * an instruction ended as one number.
 */
#ifndef TESTS_UNIT_VMX_INSN_RIG_H
#define TESTS_UNIT_VMX_INSN_RIG_H

#include "tests/unit/unit.h"
#include "arch/x86/vmx/insn_emulate.h"
#include "arch/x86/vmx/vmcs12.h"

#define PAGES	   32
#define PAGE(n)	   ((u64)(n)*PAGE_SIZE)
#define MAXPHYADDR 40
#define MMIO	   PAGE(1000) /* below MAXPHYADDR, and no RAM */

/* What the pages are. */
#define TABLES	      PAGE(1) /* four: PML4, PDPT, PD, PT */
#define VMXON_REGION  PAGE(8)
#define VMCS_A	      PAGE(9)
#define VMCS_B	      PAGE(10)
#define EVMCS	      PAGE(11)
#define OPERAND	      (PAGE(16) + 0x100)
#define CROSSING      (PAGE(17) - 4) /* of an operand of 8 bytes */
#define READ_ONLY     PAGE(20)
#define NOT_PRESENT   PAGE(21)
#define NOT_RAM	      PAGE(22) /* leads to MMIO */

#define NON_CANONICAL 0x0000800000000000ull
#define FLAGS	      (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* The instruction-information field */
#define INFO_REGISTER BIT(10)
#define SEGMENT(s)    ((u32)(s) << 15)
#define ABSOLUTE32    (u32)(BIT(27) | BIT(22) | 1u << 7)
#define ABSOLUTE64    (u32)(BIT(27) | BIT(22) | 2u << 7)
#define MEMORY	      (ABSOLUTE64 | SEGMENT(SEG_DS))
#define REG1(r)	      (u32)(INFO_REGISTER | (r) << 3)
#define REG2(r)	      ((u32)(r) << 28)

#define DATA	      (AR_P | AR_S | AR_DB | AR_G | AR_WRITABLE | AR_ACCESSED)

static u8 ram[PAGES][PAGE_SIZE] __aligned(PAGE_SIZE);
static struct vmx_vcpu x;
static struct vmx_caps caps;
static struct vmx_insn insn;
static struct guest_paging paging;
static struct vmx_segment segments[SEG_COUNT];
static struct vmx_assist assist;
static bool has_assist;

/* The machine */

static inline bool in_ram(u64 gpa, size_t len)
{
	return range_fits(gpa, len, sizeof(ram));
}

static inline bool read_gpa(void *ctx, u64 gpa, void *buf, size_t len)
{
	assert_ptr_equal(ctx, &x);
	if (in_ram(gpa, len)) {
		memcpy(buf, &ram[0][0] + gpa, len);
	}
	return in_ram(gpa, len);
}

static inline bool write_gpa(void *ctx, u64 gpa, const void *buf, size_t len)
{
	assert_ptr_equal(ctx, &x);
	if (in_ram(gpa, len)) {
		memcpy(&ram[0][0] + gpa, buf, len);
	}
	return in_ram(gpa, len);
}

static inline void *page_of(void *ctx, u64 gpa)
{
	assert_ptr_equal(ctx, &x);
	assert_true(IS_ALIGNED(gpa, PAGE_SIZE));
	return in_ram(gpa, PAGE_SIZE) ? ram[gpa / PAGE_SIZE] : NULL;
}

static inline bool read_table(void *ctx, u64 gpa, u64 *value)
{
	if (!read_gpa(ctx, gpa, value, sizeof(*value))) {
		*value = ~0ull;
	}
	return true;
}

static inline bool cmpxchg_table(void *ctx, u64 gpa, u64 want, u64 value, bool *swapped)
{
	u64 now;

	*swapped = read_gpa(ctx, gpa, &now, sizeof(now)) && now == want;
	return *swapped ? write_gpa(ctx, gpa, &value, sizeof(value)) : true;
}

static inline void get_paging(void *ctx, struct guest_paging *out)
{
	assert_ptr_equal(ctx, &x);
	*out = paging;
	out->efer = insn.efer;
	out->rflags = insn.rflags;
}

static inline void get_segment(void *ctx, u32 segment, struct vmx_segment *out)
{
	assert_ptr_equal(ctx, &x);
	*out = segments[segment];
}

static inline bool get_assist(void *ctx, struct vmx_assist *out)
{
	assert_ptr_equal(ctx, &x);
	*out = assist;
	return has_assist;
}

static const struct vmx_insn_ops ops = {
	.paging = get_paging,
	.segment = get_segment,
	.read = read_gpa,
	.write = write_gpa,
	.page = page_of,
	.assist = get_assist,
};

static inline u64 get64(u64 gpa)
{
	u64 value = 0;

	assert_true(read_gpa(&x, gpa, &value, sizeof(value)));
	return value;
}

static inline void put64(u64 gpa, u64 value)
{
	assert_true(write_gpa(&x, gpa, &value, sizeof(value)));
}

static inline void put32(u64 gpa, u32 value)
{
	assert_true(write_gpa(&x, gpa, &value, sizeof(value)));
}

static inline void make_tables(void)
{
	const u64 table = 3 | BIT(5); /* present, writable, accessed */

	put64(TABLES, (TABLES + PAGE(1)) | table);
	put64(TABLES + PAGE(1), (TABLES + PAGE(2)) | table);
	put64(TABLES + PAGE(2), (TABLES + PAGE(3)) | table);
	for (u32 i = 0; i < PAGES; i++) {
		put64(TABLES + PAGE(3) + i * 8ull, PAGE(i) | 3);
	}
	put64(TABLES + PAGE(3) + READ_ONLY / PAGE_SIZE * 8, READ_ONLY | 1);
	put64(TABLES + PAGE(3) + NOT_PRESENT / PAGE_SIZE * 8, 0);
	put64(TABLES + PAGE(3) + NOT_RAM / PAGE_SIZE * 8, MMIO | 3);
}

/* L1 in 64-bit mode at CPL 0, ready for VMXON. */
static inline void make_ready(void)
{
	memset(ram, 0, sizeof(ram));
	memset(&x, 0, sizeof(x));
	make_tables();
	caps = (struct vmx_caps){
		.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG,
		.cr0_fixed1 = GENMASK(31, 0),
		.cr4_fixed0 = CR4_VMXE,
		.cr4_fixed1 = GENMASK(13, 0),
		.ept_vpid = EPT_CAP_WALK_4 | EPT_CAP_WB | EPT_CAP_UC | EPT_CAP_INVEPT |
			    EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL | VPID_CAP_INVVPID |
			    VPID_CAP_ADDRESS | VPID_CAP_SINGLE | VPID_CAP_ALL |
			    VPID_CAP_SINGLE_GLOBALS,
		.maxphyaddr = MAXPHYADDR,
		.msr = { VMCS12_REVISION },
	};
	paging = (struct guest_paging){
		.cr0 = CR0_PE | CR0_NE | CR0_PG | CR0_WP,
		.cr3 = TABLES,
		.cr4 = CR4_PAE | CR4_VMXE,
		.maxphyaddr = MAXPHYADDR,
		.ctx = &x,
		.read64 = read_table,
		.cmpxchg64 = cmpxchg_table,
	};
	for (u32 i = 0; i < SEG_COUNT; i++) {
		segments[i] = (struct vmx_segment){ .limit = ~0u, .access_rights = DATA };
	}
	insn = (struct vmx_insn){
		.x = &x,
		.caps = &caps,
		.ops = &ops,
		.ctx = &x,
		.feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX,
		.efer = EFER_LME | EFER_LMA,
		.cs_access_rights = AR_L,
		.rflags = RFLAGS_FIXED | RFLAGS_IF | FLAGS,
	};
	has_assist = false;
	x.current_gpa = VMX_NO_POINTER;
	x.evmcs_gpa = VMX_NO_POINTER;
	x.vmxon_gpa = VMX_NO_POINTER;
	put32(VMXON_REGION, VMCS12_REVISION);
	put32(VMCS_A, VMCS12_REVISION);
	put32(VMCS_B, VMCS12_REVISION);
	put32(EVMCS, 1);
}

/* How an instruction ended, as one number: a vector, or VMsucceed, VMfailInvalid, VMfailValid(n).
 */
enum end {
	UD = VECTOR_UD,
	SS = VECTOR_SS,
	GP = VECTOR_GP,
	PF = VECTOR_PF,
	OK = 100,
	INVALID,
	ENTER,
	VALID = 1000, /* and the error */
};

static inline u32 run(u32 reason, u32 info, u64 qualification)
{
	u32 error = x.vmcs12.vm_instruction_error;

	insn.reason = reason;
	insn.instruction_info = info;
	insn.qualification = qualification;
	insn.rflags = (insn.rflags & ~FLAGS) | (reason & 1 ? FLAGS : 0);
	switch (vmx_insn_emulate(&insn)) {
	case VMX_INSN_FAULT:
		return insn.vector;
	case VMX_INSN_ENTER:
		return ENTER;
	case VMX_INSN_AGAIN:
		fail_msg("again");
		return 0;
	case VMX_INSN_DONE:
		break;
	}
	assert_int_equal(insn.rflags & ~FLAGS, RFLAGS_FIXED | RFLAGS_IF);
	switch (insn.rflags & FLAGS) {
	case 0:
		assert_false(insn.error_is_new);
		return OK;
	case RFLAGS_CF:
		assert_int_equal(x.vmcs12.vm_instruction_error, error);
		assert_false(insn.error_is_new);
		return INVALID;
	case RFLAGS_ZF:
		assert_true(insn.error_is_new);
		return VALID + x.vmcs12.vm_instruction_error;
	default:
		fail_msg("flags %llx", (unsigned long long)insn.rflags);
		return 0;
	}
}

/* With an operand of 8 bytes in memory */
static inline u32 run_pointer(u32 reason, u64 pointer)
{
	put64(OPERAND, pointer);
	return run(reason, MEMORY, OPERAND);
}

static inline u32 run_descriptor(u32 reason, u64 type, u64 low, u64 high)
{
	put64(OPERAND, low);
	put64(OPERAND + 8, high);
	x.v.gpr[GPR_R9] = type;
	return run(reason, MEMORY | REG2(GPR_R9), OPERAND);
}

static inline u32 read_field(u64 field)
{
	x.v.gpr[GPR_RCX] = field;
	return run(EXIT_REASON_VMREAD, REG1(GPR_RAX) | REG2(GPR_RCX), 0);
}

static inline u32 write_field(u64 field, u64 value)
{
	x.v.gpr[GPR_RCX] = field;
	x.v.gpr[GPR_RAX] = value;
	return run(EXIT_REASON_VMWRITE, REG1(GPR_RAX) | REG2(GPR_RCX), 0);
}

static inline int setup(void **state)
{
	(void)state;
	make_ready();
	return 0;
}

/* In VMX operation; and with VMCS A current. */
static inline int setup_vmxon(void **state)
{
	setup(state);
	return run_pointer(EXIT_REASON_VMXON, VMXON_REGION) != OK;
}

static inline int setup_current(void **state)
{
	return setup_vmxon(state) || run_pointer(EXIT_REASON_VMCLEAR, VMCS_A) != OK ||
	       run_pointer(EXIT_REASON_VMPTRLD, VMCS_A) != OK;
}

#endif
