/* SPDX-License-Identifier: MIT */
/*
 * NMIs and L2: exiting, the blocking that virtual NMIs keep for L2, its end by IRET and the NMI
 * window behind it: rows 1.8-6, 1.8-26. With a second CPU, real NMIs that come while L2 runs.
 */
#include "tests/lib/apic.h"
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "NMIs, virtual NMIs and the NMI window";

#define ROUNDS 10

asm(".pushsection .text\n"
    "i_nops: nop\ni_after_nop: nop\n vmcall\n"
    "i_spin: incq (%rbx)\n pause\n jmp i_spin\n"
    "i_handler: vmcall\ni_iret: iretq\n"
    ".popsection");
extern const char i_nops[], i_after_nop[], i_spin[], i_handler[], i_iret[];

static struct vmx_l2 l2;
static u64 *idt_of_l2;

static void prepare(const char *code)
{
	u64 at = phys(i_handler);

	if (!idt_of_l2) {
		idt_of_l2 = page_alloc();
	}
	memcpy(idt_of_l2, (void *)read_idtr().base, PAGE_SIZE);
	idt_of_l2[2 * VEC_NMI] = (idt_of_l2[2 * VEC_NMI] & GENMASK(47, 16)) | (at & 0xffff) |
				 (at >> 16 & 0xffff) << 48;
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, code);
	vset(GUEST_IDTR_BASE, phys(idt_of_l2));
	vset(GUEST_IDTR_LIMIT, PAGE_SIZE - 1);
}

static void virtual_nmis(void)
{
	vset_bits(PIN_CONTROLS, PIN_NMI | PIN_VIRTUAL_NMIS);
}

/* Injected, blocked while its handler runs, open again behind IRET: the window finds it there. */
static void injection_blocks(void)
{
	prepare(i_nops);
	virtual_nmis();
	vset(ENTRY_INTR_INFO, INFO_VALID | INFO_NMI | VEC_NMI);
	vmx_l2_expect(&l2, "1.8-26 injected NMI", REASON_VMCALL);
	check_eq("1.8-26 in the handler", vget(GUEST_RIP), phys(i_handler));
	check_eq("1.8-26 blocking in the handler", vget(GUEST_INTERRUPTIBILITY), BLOCKED_BY_NMI);
	vmx_l2_skip();
	vset_bits(PROC_CONTROLS, PROC_NMI_WINDOW);
	if (vmx_l2_expect(&l2, "1.8-26 window behind IRET", REASON_NMI_WINDOW)) {
		check_eq("1.8-26 RIP behind IRET", vget(GUEST_RIP), phys(i_nops));
		check_eq("1.8-26 blocking behind IRET", vget(GUEST_INTERRUPTIBILITY), 0);
	}
	vclear_bits(PROC_CONTROLS, PROC_NMI_WINDOW);
	vmx_l2_expect(&l2, "1.8-26 after the window", REASON_VMCALL);
}

static void window(const char *what, u64 blocking, const char *opens)
{
	prepare(i_nops);
	virtual_nmis();
	vset_bits(PROC_CONTROLS, PROC_NMI_WINDOW);
	vset(GUEST_INTERRUPTIBILITY, blocking);
	vmx_l2_expect(&l2, what, opens ? REASON_NMI_WINDOW : REASON_VMCALL);
	check(!opens || vget(GUEST_RIP) == phys(opens), "1.8-26 %s: RIP is 0x%lx", what,
	      vget(GUEST_RIP));
	if (!opens) {
		check_eq(what, vget(GUEST_INTERRUPTIBILITY), blocking);
	}
}

/* IRET whose stack page is hidden: the exit says that blocking had ended already. */
static void iret_that_faults(void)
{
	static u64 *ept;

	ept = ept ? ept : ept_create_identity(GIB(4), PT_2M);
	prepare(i_nops);
	virtual_nmis();
	vmx_l2_use_ept(ept);
	vset(ENTRY_INTR_INFO, INFO_VALID | INFO_NMI | VEC_NMI);
	vmx_l2_expect(&l2, "1.8-26 injected NMI", REASON_VMCALL);
	vmx_l2_skip();
	u64 stack = ALIGN_DOWN(vget(GUEST_RSP), PAGE_SIZE);

	*(volatile u64 *)pt_entry(ept, stack, PT_4K) = 0;
	check_ex("INVEPT", invept(1, ept_pointer(ept), 0), EXINFO_NONE);
	if (vmx_l2_expect(&l2, "1.8-26 IRET without its stack", REASON_EPT_VIOLATION)) {
		check(vget(EXIT_QUALIFICATION) & BIT(12), "1.8-26 no NMI unblocking by IRET");
		check_eq("1.8-26 blocking at that exit", vget(GUEST_INTERRUPTIBILITY), 0);
	}
	pt_map(ept, stack, stack, EPT_RWX | EPT_WB, PT_4K);
	vset(GUEST_INTERRUPTIBILITY, BLOCKED_BY_NMI); /* as the manual asks of L1 */
	vmx_l2_expect(&l2, "1.8-26 IRET again", REASON_VMCALL);
	check_eq("1.8-26 blocking behind it", vget(GUEST_INTERRUPTIBILITY), 0);
}

static volatile u64 beats;

static void send_nmi(void *unused)
{
	u64 from = beats;

	(void)unused;
	(void)WAIT_FOR(beats > from + 10);
	apic_send(cpus[0].apic_id, ICR_NMI | ICR_ASSERT);
}

static void real_nmi(const char *what, bool exiting)
{
	prepare(i_spin);
	l2.gprs.rbx = phys(&beats);
	this_cpu()->nmi_count = 0;
	vset_bits(PIN_CONTROLS, exiting ? PIN_NMI : 0);
	cpu_run(1, send_nmi, NULL);
	vmx_l2_expect(&l2, what, exiting ? REASON_EXCEPTION : REASON_VMCALL);
	check(cpu_wait(1), "the sender does not end");
	if (exiting) {
		check_eq(what, vget(EXIT_INTR_INFO) & ~INFO_NMI_UNBLOCKED,
			 INFO_VALID | INFO_NMI | VEC_NMI);
		check(this_cpu()->nmi_count == 0, "1.8-26 %s: and delivered to L1", what);
		/* L1 is blocked now, until an IRET. */
		asm volatile("int $0x71" : : : "memory");
	} else {
		if (vmx_is_of_bochs()) {
			check_skip("1.8-26 RIP of an exit at a handler's first instruction: "
				   "Bochs 2.7 gives that before the NMI");
		} else {
			check_eq(what, vget(GUEST_RIP), phys(i_handler));
		}
		check_eq(what, vget(GUEST_INTERRUPTIBILITY) & BLOCKED_BY_NMI, BLOCKED_BY_NMI);
		vmx_l2_init(&l2); /* the blocking goes over to L1 with the exit */
		asm volatile("int $0x71" : : : "memory");
	}
}

static void nothing(struct trap_frame *f)
{
	(void)f;
}

void test_main(void)
{
	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	irq_set_handler(0x71, nothing);
	if (vmx_allows(PIN_CONTROLS, PIN_VIRTUAL_NMIS)) {
		injection_blocks();
		window("open at entry", 0, i_nops);
		window("behind MOV SS", BLOCKED_BY_MOV_SS, i_after_nop);
		window("blocked", BLOCKED_BY_NMI, NULL);
		iret_that_faults();
	}
	if (smp_expected() > 1) {
		check_eq("CPUs", smp_start_all(), smp_expected());
		for (unsigned int i = 0; i < ROUNDS; i++) {
			real_nmi("1.8-26 NMI, exiting", true);
			real_nmi("1.8-26 NMI, not exiting", false);
		}
	}
	report_success();
}
