/* SPDX-License-Identifier: MIT */
/*
 * Each kind of event that L1 injects arrives in L2 exactly once, before L2's next instruction; when
 * its delivery faults, IDT-vectoring information names it and L1 completes it by injecting just
 * that again: rows 1.8-13, 1.8-14.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "event injection and IDT vectoring on VMX";

#define IDT_WINDOW GIB(2) /* where L2's IDT is: hidden by the EPT at first */
#define ROUNDS	   20
#define CR2	   0x5678000

/* Software events return behind themselves, into these. */
asm(".pushsection .text\n"
    "i_nops: nop; nop\ni_end: vmcall\n"
    "i_int: int $0x91\n vmcall\n"
    "i_int3: int3\n vmcall\n"
    "i_ud: ud2\n"
    ".popsection");
extern const char i_nops[], i_int[], i_int3[], i_ud[];

static const struct event {
	const char *name;
	u64 info;
	u32 error_code, length;
} events[] = {
#define EVENT(...) { __VA_ARGS__ },
#include "tests/payloads/vmx-events/events.def"
#undef EVENT
};

static struct vmx_l2 l2;
static u64 *ept;

static u8 vector_of(u64 info)
{
	return (u8)(info & INFO_VECTOR);
}

static void prepare(const char *code, bool hide_idt)
{
	vmx_l2_init(&l2);
	vmx_l2_use_ept(ept);
	vmx_l2_start_at(&l2, code);
	vset_bits(GUEST_RFLAGS, RFLAGS_IF); /* an injected interrupt needs it */
	if (hide_idt) {
		vset(GUEST_IDTR_BASE, IDT_WINDOW);
		*(volatile u64 *)pt_entry(ept, IDT_WINDOW, PT_4K) = 0;
		check_ex("INVEPT", invept(1, ept_pointer(ept), 0), EXINFO_NONE);
	}
}

static void inject(const struct event *e)
{
	vset(ENTRY_INTR_INFO, e->info | INFO_VALID);
	vset(ENTRY_ERROR_CODE, e->error_code);
	vset(ENTRY_INSN_LENGTH, e->length);
	l2.gprs.cr2 = CR2;
	trap_records[vector_of(e->info)].count = 0;
}

static void arrived(const struct event *e, u32 times)
{
	const volatile struct trap_record *r = &trap_records[vector_of(e->info)];

	check(r->count == times, "1.8-13 %s: arrived %u times, want %u", e->name, r->count, times);
	check_eq(e->name, r->rip, phys(i_nops) + e->length);
	check_eq(e->name, r->error_code, e->error_code);
	if (vector_of(e->info) == VEC_PF) {
		check_eq("1.8-13 CR2 with an injected #PF", r->cr2, CR2);
	}
}

/* What is injected is not intercepted, by the exception bitmap or otherwise. */
static void plain(const struct event *e, bool intercepts)
{
	prepare(i_nops, false);
	vset(EXCEPTION_BITMAP, intercepts ? ~0u : 0);
	vset_bits(PIN_CONTROLS, intercepts ? PIN_NMI | PIN_EXTINT : 0);
	inject(e);
	vmx_l2_expect(&l2, e->name, REASON_VMCALL);
	arrived(e, 1);
	check(!(vget(ENTRY_INTR_INFO) & INFO_VALID), "1.8-13 %s: still valid after the exit",
	      e->name);
	check(!(vget(IDT_VECTORING_INFO) & INFO_VALID), "1.8-13 %s: IDT vectoring after it",
	      e->name);
	vmx_l2_start_at(&l2, i_nops);
	vmx_l2_expect(&l2, e->name, REASON_VMCALL);
	arrived(e, 1);
}

static void repair_and_inject(void)
{
	u64 info = vget(IDT_VECTORING_INFO);

	pt_map(ept, IDT_WINDOW, read_idtr().base, EPT_RWX | EPT_WB, PT_4K);
	vset(ENTRY_INTR_INFO, info & ~INFO_NMI_UNBLOCKED);
	vset(ENTRY_ERROR_CODE, info & INFO_ERROR_CODE ? vget(IDT_VECTORING_ERROR_CODE) : 0);
	vset(ENTRY_INSN_LENGTH, vget(EXIT_INSN_LENGTH));
}

static void again(const struct event *e)
{
	prepare(i_nops, true);
	inject(e);
	if (!vmx_l2_expect(&l2, e->name, REASON_EPT_VIOLATION)) {
		return;
	}
	check_eq(e->name, vget(IDT_VECTORING_INFO) & ~INFO_NMI_UNBLOCKED, e->info | INFO_VALID);
	if (e->info & INFO_ERROR_CODE) {
		check_eq(e->name, vget(IDT_VECTORING_ERROR_CODE), e->error_code);
	}
	check_eq(e->name, vget(GUEST_RIP), phys(i_nops));
	check(!e->length || vget(EXIT_INSN_LENGTH) == e->length, "1.8-14 %s: length %lu", e->name,
	      vget(EXIT_INSN_LENGTH));
	repair_and_inject();
	l2.gprs.cr2 = CR2;
	vmx_l2_expect(&l2, e->name, REASON_VMCALL);
	arrived(e, 1);
}

/* L2's own software events: RIP stays at the instruction, whose length comes along. */
static void own(const char *what, const char *code, u64 info, u64 length)
{
	prepare(code, true);
	trap_records[vector_of(info)].count = 0;
	if (!vmx_l2_expect(&l2, what, REASON_EPT_VIOLATION)) {
		return;
	}
	check_eq(what, vget(IDT_VECTORING_INFO) & ~INFO_NMI_UNBLOCKED, info | INFO_VALID);
	check_eq(what, vget(GUEST_RIP), phys(code));
	if (!length) { /* a fault: L2 would come back to it */
		return;
	}
	check_eq(what, vget(EXIT_INSN_LENGTH), length);
	repair_and_inject();
	vmx_l2_expect(&l2, what, REASON_VMCALL);
	check_eq(what, trap_records[vector_of(info)].count, 1);
	check_eq(what, trap_records[vector_of(info)].rip, phys(code) + length);
}

/* An exception during a delivery: both are named [SDM "Information for VM Exits..."]. */
static void nested_fault(void)
{
	prepare(i_int, false);
	vset(GUEST_IDTR_LIMIT, 16 * VEC_DF - 1);
	vset(EXCEPTION_BITMAP, BIT(VEC_GP));
	if (vmx_l2_expect(&l2, "1.8-14 INT n beyond the IDT", REASON_EXCEPTION)) {
		check_eq("1.8-14 event of that exit", vget(EXIT_INTR_INFO) & ~INFO_NMI_UNBLOCKED,
			 INFO_VALID | INFO_ERROR_CODE | INFO_EXCEPTION | VEC_GP);
		check_eq("1.8-14 its error code", vget(EXIT_INTR_ERROR_CODE), 0x91 * 8 + 2);
		check_eq("1.8-14 IDT vectoring", vget(IDT_VECTORING_INFO) & ~INFO_NMI_UNBLOCKED,
			 INFO_VALID | INFO_SOFT_INT | 0x91);
	}
}

void test_main(void)
{
	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
		trap_record(vector_of(events[i].info));
	}
	ept = ept_create_identity(GIB(4), PT_2M);
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
		plain(&events[i], false);
		plain(&events[i], true);
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
			again(&events[i]);
		}
		own("1.8-14 INT n", i_int, INFO_SOFT_INT | 0x91, 2);
		own("1.8-14 INT3", i_int3, INFO_SOFT_EXCEPTION | VEC_BP, 1);
		own("1.8-14 #UD", i_ud, INFO_EXCEPTION | VEC_UD, 0);
	}
	nested_fault();
	report_success();
}
