/* SPDX-License-Identifier: MIT */
/*
 * What exits cost on VMX, as the payload `bench` has it on SVM. "min" is what any hypervisor does
 * at an exit, three fields read and one written; "kvm" twelve and four.
 */
#include "tests/lib/bench.h"
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "cost of VMX exits";

#define WINDOW GIB(2)
/* Offsets in the enlightened VMCS */
#define E_REASON	0x2b4
#define E_LENGTH	0x2c8
#define E_QUALIFICATION 0x2d0
#define E_RIP		0x330
#define E_HOST_RSP	0x268

u64 vmx_run(struct vmx_gprs *gprs, bool resume, u64 *host_rsp);

asm(".pushsection .text\n"
    "l2_cpuid: xor %eax, %eax; cpuid; jmp l2_cpuid\n"
    "l2_touch: mov (%rbx), %rax; vmcall; jmp l2_touch\n"
    ".popsection");
extern const char l2_cpuid[], l2_touch[];

static struct vmx_l2 l2;
static u64 *ept;
static u64 frames[2];

static u64 field(u64 encoding)
{
	u64 value;

	asm volatile("vmread %1, %0" : "=r"(value) : "r"(encoding) : "cc");
	return value;
}

static void set_field(u64 encoding, u64 value)
{
	asm volatile("vmwrite %1, %0" : : "r"(encoding), "r"(value) : "cc");
}

static void op_cpuid(void)
{
	(void)cpuid(0, 0);
}

static void enter_evmcs(void)
{
	u8 *page = l2.vmcs;

	(void)vmx_run(&l2.gprs, true, (u64 *)(page + E_HOST_RSP));
	*evmcs_u32(page, EVMCS_CLEAN_FIELDS) = EVMCS_ALL_CLEAN;
}

static void op_evmcs(void)
{
	u8 *page = l2.vmcs;

	enter_evmcs();
	(void)*evmcs_u32(page, E_REASON);
	(void)*evmcs_u64(page, E_QUALIFICATION);
	*evmcs_u64(page, E_RIP) += *evmcs_u32(page, E_LENGTH);
}

static void op_classic(void)
{
	(void)vmx_run(&l2.gprs, true, NULL);
	(void)field(EXIT_REASON);
	(void)field(EXIT_QUALIFICATION);
	set_field(GUEST_RIP, field(GUEST_RIP) + 2);
}

static void op_classic_kvm(void)
{
	static const u64 reads[] = {
		EXIT_REASON,	  EXIT_INTR_INFO, IDT_VECTORING_INFO, EXIT_QUALIFICATION,
		GUEST_RFLAGS,	  GUEST_RSP,	  GUEST_CR3,	      GUEST_INTERRUPTIBILITY,
		EXIT_INSN_LENGTH, GUEST_CR0,	  GUEST_CS_AR,
	};

	(void)vmx_run(&l2.gprs, true, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(reads); i++) {
		(void)field(reads[i]);
	}
	set_field(GUEST_RSP, field(GUEST_RSP));
	set_field(ENTRY_INTR_INFO, 0);
	set_field(GUEST_INTERRUPTIBILITY, 0);
	set_field(GUEST_RIP, field(GUEST_RIP) + 2);
}

static void op_remap(void)
{
	static unsigned int turn;

	pt_map(ept, WINDOW, frames[turn++ % 2], EPT_RWX | EPT_WB, PT_4K);
	(void)invept(1, ept_pointer(ept), 0);
	(void)vmx_run(&l2.gprs, true, NULL);
	set_field(GUEST_RIP, field(GUEST_RIP) + 3);
}

static void prepare(const char *code, u32 reason)
{
	vmx_l2_init(&l2);
	vmx_l2_use_ept(ept);
	vmx_l2_start_at(&l2, code);
	l2.gprs.rbx = WINDOW;
	vmx_l2_expect(&l2, "the first exit", reason);
	vmx_l2_skip();
}

void test_main(void)
{
	vmx_require();
	bench("l1-cpuid", op_cpuid);
	ept = ept_create_identity(MIB(512), PT_2M);
	frames[0] = phys(page_alloc());
	frames[1] = phys(page_alloc());
	pt_map(ept, WINDOW, frames[0], EPT_RWX | EPT_WB, PT_4K);
	prepare(l2_cpuid, REASON_CPUID);
	bench("l2-cpuid-min", op_classic);
	bench("l2-cpuid-kvm", op_classic_kvm);
	prepare(l2_touch, REASON_VMCALL);
	bench("l2-remap", op_remap);
	if (evmcs_offered()) {
		evmcs_use(&l2);
		prepare(l2_cpuid, REASON_CPUID);
		*evmcs_u32(l2.vmcs, EVMCS_CONTROL) = EVMCS_MSR_BITMAP;
		bench("l2-cpuid-evmcs", op_evmcs);
	}
	report_success();
}
