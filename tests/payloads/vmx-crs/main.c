/* SPDX-License-Identifier: MIT */
/*
 * What L2 sees and may change of its control registers: masks and shadows of CR0 and CR4, CR3
 * targets, CR8 with and without a shadow, the TSC's offset: rows 1.8-8, 1.8-17, 1.8-18, 1.8-21.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "control registers and TSC of L2";

#define QUAL_CR(cr, type, reg) ((u64)(cr) | (u64)(type) << 4 | (u64)(reg) << 8)
#define CR4_TSD		       BIT(2)

#define CODE(name, text)                                                      \
	asm(".pushsection .text\n" #name ": " text "\n vmcall\n.popsection"); \
	extern const char name[];
CODE(i_read_cr0, "mov %cr0, %rax; smsw %rbx")
CODE(i_write_cr0, "mov %rax, %cr0; mov %cr0, %rbx")
CODE(i_read_cr4, "mov %cr4, %rax")
CODE(i_write_cr4, "mov %rax, %cr4; mov %cr4, %rbx")
CODE(i_write_cr3, "mov %rax, %cr3; mov %cr3, %rbx")
CODE(i_clts, "clts; mov %cr0, %rbx")
CODE(i_lmsw, "lmsw %ax; mov %cr0, %rbx")
CODE(i_cr8, "mov %cr8, %rbx; mov %rax, %cr8; mov %cr8, %rcx")
CODE(i_rdtsc, "rdtsc; shl $32, %rdx; or %rdx, %rax; mov %rax, %rbx; mov $0x10, %ecx; rdmsr; "
	      "shl $32, %rdx; or %rdx, %rax; mov %rax, %rcx")

static struct vmx_l2 l2;

static void start(const char *code, u64 rax)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, code);
	l2.gprs.rax = rax;
}

static void cr0(void)
{
	u64 own = read_cr0() & ~(CR0_TS | CR0_MP);

	start(i_read_cr0, 0);
	vset(CR0_MASK, CR0_TS | CR0_PG | CR0_WP);
	vset(CR0_SHADOW, CR0_TS);
	vmx_l2_expect(&l2, "1.8-18 read of CR0", REASON_VMCALL);
	u64 seen = (vget(GUEST_CR0) & ~(CR0_TS | CR0_PG | CR0_WP)) | CR0_TS;

	check_eq("1.8-18 CR0 under a mask", l2.gprs.rax, seen);
	check_eq("1.8-18 SMSW under a mask", l2.gprs.rbx, seen);

	/* A bit of the mask that stays as shown is no exit and no change. */
	start(i_write_cr0, own | CR0_TS | CR0_MP);
	vset(GUEST_CR0, own);
	vset(CR0_MASK, CR0_TS);
	vset(CR0_SHADOW, CR0_TS);
	vmx_l2_expect(&l2, "1.8-18 write of CR0 as shown", REASON_VMCALL);
	check_eq("1.8-18 CR0 behind the mask", vget(GUEST_CR0), own | CR0_MP);
	check_eq("1.8-18 CR0 as L2 reads it", l2.gprs.rbx, own | CR0_TS | CR0_MP);

	start(i_write_cr0, own | CR0_TS);
	vset(GUEST_CR0, own);
	vset(CR0_MASK, CR0_TS);
	vset(CR0_SHADOW, 0);
	vmx_l2_expect(&l2, "1.8-18 write of CR0 against the shadow", REASON_CR);
	check_eq("1.8-18 its qualification", vget(EXIT_QUALIFICATION), QUAL_CR(0, 0, 0));
	check_eq("1.8-18 CR0 is unchanged", vget(GUEST_CR0), own);

	/* CLTS with TS in the mask and clear in the shadow does nothing [SDM "CLTS"]. */
	start(i_clts, 0);
	vset(GUEST_CR0, own | CR0_TS);
	vset(CR0_MASK, CR0_TS);
	vset(CR0_SHADOW, 0);
	vmx_l2_expect(&l2, "1.8-18 CLTS under the mask", REASON_VMCALL);
	check_eq("1.8-18 CR0 after that CLTS", vget(GUEST_CR0), own | CR0_TS);

	start(i_lmsw, 0x1 | CR0_MP | CR0_TS);
	vset(GUEST_CR0, own);
	vset(CR0_MASK, CR0_TS | CR0_PE);
	vset(CR0_SHADOW, CR0_TS | CR0_PE);
	vmx_l2_expect(&l2, "1.8-18 LMSW as shown", REASON_VMCALL);
	check_eq("1.8-18 CR0 after that LMSW", vget(GUEST_CR0), own | CR0_MP);
}

static void cr4(void)
{
	u64 own = read_cr4();

	start(i_read_cr4, 0);
	vset(CR4_MASK, CR4_VMXE | CR4_PGE);
	vset(CR4_SHADOW, CR4_PGE);
	vmx_l2_expect(&l2, "1.8-18 read of CR4", REASON_VMCALL);
	check_eq("1.8-18 CR4 under a mask", l2.gprs.rax, (own & ~CR4_VMXE) | CR4_PGE);

	start(i_write_cr4, (own & ~CR4_VMXE) | CR4_TSD);
	vset(CR4_MASK, CR4_VMXE);
	vset(CR4_SHADOW, 0);
	vmx_l2_expect(&l2, "1.8-18 write of CR4 as shown", REASON_VMCALL);
	check_eq("1.8-18 CR4 behind the mask", vget(GUEST_CR4), own | CR4_TSD);
	check_eq("1.8-18 CR4 as L2 reads it", l2.gprs.rbx, (own & ~CR4_VMXE) | CR4_TSD);

	start(i_write_cr4, own | CR4_TSD);
	vset(CR4_MASK, CR4_VMXE);
	vmx_l2_expect(&l2, "1.8-18 write of CR4 against the shadow", REASON_CR);
	check_eq("1.8-18 its qualification", vget(EXIT_QUALIFICATION), QUAL_CR(4, 0, 0));
	check_eq("1.8-18 CR4 is unchanged", vget(GUEST_CR4), own);

	/* Without a mask the fixed bits are L2's fault, not an exit. */
	start(i_write_cr4, own & ~CR4_VMXE);
	vset(EXCEPTION_BITMAP, BIT(VEC_GP));
	vmx_l2_expect(&l2, "1.8-18 CR4.VMXE cleared by L2", REASON_EXCEPTION);
	check_eq("1.8-18 its #GP", vget(EXIT_INTR_INFO) & 0xff, VEC_GP);
}

static void cr3_targets(void)
{
	u64 *copy = page_alloc();

	memcpy(copy, boot_pml4, PAGE_SIZE);
	for (u64 n = 0; n <= FIELD_GET(MISC_CR3_TARGETS, rdmsr(MSR_VMX_MISC)) && n <= 4; n++) {
		for (u64 at = 0; at < 4; at++) {
			start(i_write_cr3, phys(copy));
			vset_bits(PROC_CONTROLS, PROC_CR3_LOAD);
			for (u32 i = 0; i < 4; i++) {
				vset(CR3_TARGET0 + 2 * i, i == at ? phys(copy) : 0x1000);
			}
			vset(CR3_TARGET_COUNT, n);
			vmx_l2_expect(&l2, "1.8-21 CR3 target", at < n ? REASON_VMCALL : REASON_CR);
			check_eq("1.8-21 CR3", vget(GUEST_CR3),
				 at < n ? phys(copy) : phys(boot_pml4));
		}
	}
}

/* With neither CR8 exiting nor a shadow, CR8 is L1's own, and nobody else's. */
static void cr8(void)
{
	u8 *apic_page = page_alloc();

	start(i_cr8, 3);
	write_cr8(5);
	vmx_l2_expect(&l2, "1.8-8 CR8 of L1", REASON_VMCALL);
	check_eq("1.8-8 CR8 that L2 reads", l2.gprs.rbx, 5);
	check_eq("1.8-8 CR8 that L2 wrote", l2.gprs.rcx, 3);
	check_eq("1.8-8 CR8 in L1", read_cr8(), 3);
	write_cr8(0);
	if (!vmx_allows(PROC_CONTROLS, PROC_TPR_SHADOW)) {
		check_skip("1.8-8 TPR shadow: no such control");
		return;
	}
	start(i_cr8, 6);
	apic_page[0x80] = 0x70;
	vset_bits(PROC_CONTROLS, PROC_TPR_SHADOW);
	vset(VIRTUAL_APIC_PAGE, phys(apic_page));
	vset(TPR_THRESHOLD, 0);
	vmx_l2_expect(&l2, "1.8-8 CR8 with a shadow", REASON_VMCALL);
	check_eq("1.8-8 CR8 of the shadow", l2.gprs.rbx, 7);
	check_eq("1.8-8 the shadow in memory", apic_page[0x80], 0x60);
	check_eq("1.8-8 CR8 of L1 beside it", read_cr8(), 0);
	start(i_cr8, 2);
	apic_page[0x80] = 0x70;
	vset_bits(PROC_CONTROLS, PROC_TPR_SHADOW);
	vset(VIRTUAL_APIC_PAGE, phys(apic_page));
	vset(TPR_THRESHOLD, 4);
	vmx_l2_expect(&l2, "1.8-8 CR8 below the threshold", REASON_TPR);
	check(vget(GUEST_RIP) > phys(i_cr8) + 4, "1.8-8 that exit is a trap, RIP moves on");
}

static void tsc(void)
{
	const u64 offset = 0x123456789abcull;
	u64 before, after;

	start(i_rdtsc, 0);
	vset_bits(PROC_CONTROLS, PROC_TSC_OFFSETTING);
	vset(TSC_OFFSET, offset);
	before = rdtsc();
	vmx_l2_expect(&l2, "1.8-17 RDTSC", REASON_VMCALL);
	after = rdtsc();
	check(l2.gprs.rbx - offset >= before && l2.gprs.rbx - offset <= after,
	      "1.8-17 RDTSC of L2 is off");
	check(l2.gprs.rcx - offset >= before && l2.gprs.rcx - offset <= after,
	      "1.8-17 RDMSR of the TSC in L2 is off");
	start(i_rdtsc, 0);
	vset(TSC_OFFSET, offset);
	before = rdtsc();
	vmx_l2_expect(&l2, "1.8-17 RDTSC without the control", REASON_VMCALL);
	check(l2.gprs.rbx >= before && l2.gprs.rbx <= rdtsc(), "1.8-17 RDTSC is off without it");
	if (vmx_allows(PROC2_CONTROLS, PROC2_TSC_SCALING)) {
		start(i_rdtsc, 0);
		vset_bits(PROC_CONTROLS, PROC_TSC_OFFSETTING);
		vmx_l2_controls2(PROC2_TSC_SCALING);
		vset(TSC_OFFSET, offset);
		vset(TSC_MULTIPLIER, 3ull << 47); /* one and a half */
		before = rdtsc();
		vmx_l2_expect(&l2, "1.8-17 scaled RDTSC", REASON_VMCALL);
		after = rdtsc();
		check(l2.gprs.rbx - offset >= before * 3 / 2 &&
			      l2.gprs.rbx - offset <= after * 3 / 2 + 1,
		      "1.8-17 the scaled TSC of L2 is off");
	}
}

void test_main(void)
{
	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	cr0();
	cr4();
	cr3_targets();
	cr8();
	tsc();
	report_success();
}
