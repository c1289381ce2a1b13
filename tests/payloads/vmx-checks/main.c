/* SPDX-License-Identifier: MIT */
/*
 * VM entry refuses each state that the manual calls illegal, in the way that it says, changes no
 * other field, and accepts the legal neighbour of that state: rows 1.8-1 to 1.8-7.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "VM entry checks";

#define CONTROLS      VMFAIL_VALID(7)
#define HOST	      VMFAIL_VALID(8)
#define GUEST(n)      (GUEST_STATE | (n))
#define GUEST_STATE   0x1000u /* no exinfo: an exit with reason 33 and this qualification */
#define EVENT(t, v)   (INFO_VALID | (t) << 8 | (v))
#define GOOD_PAT      0x0007040600070406ull
#define BAD_PAT	      0x0002040600070406ull
#define NON_CANONICAL 0x0000800000000000ull
#define HIGHEST_LOW   0x00007fffffffffffull
#define LOWEST_HIGH   0xffff800000000000ull

/* Long enough for an injected software event to return into. */
asm(".pushsection .text\ni_nops: .skip 16, 0x90; vmcall\n.popsection");
extern const char i_nops[];

enum setup {
	PLAIN,
	PLAIN2,
	DEBUG,
	LDTR,
	MOV_SS,
	MOV_SS_TF,
	IF_SET,
	LISTS,
	LISTS2,
	EVENT_INTR,
	EVENT_NMI,
	EVENT_GP,
	EVENT_INT,
	EVENT_INT3,
	VNMI,
	VNMI_EVENT,
	TPR,
	VPID,
	EPT,
	UNRESTRICTED,
	PROT32,
	PAE32,
	SETUPS
};

struct row {
	const char *name;
	enum setup setup;
	exinfo_t want;
	enum vmcs_field field;
	bool flip;
	u64 good, bad;
};

static const u16 fields[] = {
#define EVMCS(field, offset, size, group) field,
#include "tests/lib/evmcs.def"
#undef EVMCS
};

static struct vmx_l2 l2;
static u64 *pdpt, *ept, list;

static bool possible(enum setup s)
{
	return s == VPID  ? vmx_allows(PROC2_CONTROLS, PROC2_VPID)
	       : s == TPR ? vmx_allows(PROC_CONTROLS, PROC_TPR_SHADOW)
	       : s == EPT ? vmx_allows(PROC2_CONTROLS, PROC2_EPT)
	       : s > EPT  ? vmx_allows(PROC2_CONTROLS, PROC2_EPT | PROC2_UNRESTRICTED)
	       : s == VNMI || s == VNMI_EVENT ? vmx_allows(PIN_CONTROLS, PIN_VIRTUAL_NMIS)
					      : true;
}

static void set_up_event(enum setup s)
{
	vset(ENTRY_INSN_LENGTH, 2);
	if (s == EVENT_INTR || s == IF_SET) {
		vset_bits(GUEST_RFLAGS, RFLAGS_IF);
	}
	vset(ENTRY_INTR_INFO, s == EVENT_INTR	? EVENT(0, 0x51)
			      : s == EVENT_NMI	? EVENT(2, 2)
			      : s == VNMI_EVENT ? EVENT(2, 2)
			      : s == EVENT_GP	? EVENT(3, VEC_GP) | INFO_ERROR_CODE
			      : s == EVENT_INT	? EVENT(4, 0x91)
			      : s == EVENT_INT3 ? EVENT(6, VEC_BP)
						: 0);
}

static void set_up_controls(enum setup s)
{
	if (s == VNMI || s == VNMI_EVENT) {
		vset_bits(PIN_CONTROLS, PIN_NMI | PIN_VIRTUAL_NMIS);
	} else if (s == TPR) {
		u8 *page = page_alloc();

		page[0x80] = 0x30;
		vset_bits(PROC_CONTROLS, PROC_TPR_SHADOW);
		vset(VIRTUAL_APIC_PAGE, phys(page));
		vset(TPR_THRESHOLD, 0);
	} else if (s == PLAIN2) {
		vmx_l2_controls2(0);
	} else if (s == VPID) {
		vmx_l2_controls2(PROC2_VPID);
		vset(VMCS_VPID, 1);
	} else if (s == EPT || s == UNRESTRICTED) {
		vmx_l2_use_ept(ept);
		vmx_l2_controls2(s == EPT ? 0 : PROC2_UNRESTRICTED);
	} else if (s == LISTS || s == LISTS2) {
		for (u32 f = EXIT_MSR_STORE; f <= ENTRY_MSR_LOAD; f += 2) {
			vset(f, list);
		}
		vset(EXIT_MSR_STORE_COUNT, s == LISTS ? 1 : 2);
		vset(EXIT_MSR_LOAD_COUNT, s == LISTS ? 1 : 2);
		vset(ENTRY_MSR_LOAD_COUNT, s == LISTS ? 1 : 2);
	} else if (s == DEBUG) {
		vset_bits(ENTRY_CONTROLS, ENTRYC_LOAD_DEBUG);
	}
}

static void set_up_state(enum setup s)
{
	if (s == LDTR) {
		vmx_l2_set_segment(SEG_LDTR, 0x20, AR_LDT, 0xffff, 0);
	} else if (s == MOV_SS || s == MOV_SS_TF) {
		vset(GUEST_INTERRUPTIBILITY, BLOCKED_BY_MOV_SS);
		vset_bits(GUEST_RFLAGS, s == MOV_SS_TF ? RFLAGS_TF : 0);
		vset(GUEST_PENDING_DEBUG, s == MOV_SS_TF ? BIT(14) : 0);
	} else if (s == PROT32) {
		vmx_l2_set_protected32(&l2, (u32)phys(i_nops));
	} else if (s == PAE32) {
		vmx_l2_set_paged32(&l2, (u32)phys(i_nops), phys(pdpt), true);
	}
}

static void prepare(enum setup s)
{
	vmx_l2_init(&l2);
	vmx_l2_start_at(&l2, i_nops);
	set_up_controls(s);
	set_up_state(s);
	set_up_event(s);
}

static void try_good(const struct row *r)
{
	prepare(r->setup);
	vset(r->field, r->good);
	vmx_l2_expect(&l2, r->name, REASON_VMCALL);
}

static u64 old[ARRAY_SIZE(fields)];

/*
 * The failure may write these: the error, or the reason and the qualification. The framework writes
 * the host's RSP. In an enlightened VMCS exit information has no other reader than L1 after an
 * exit.
 */
static bool may_change(u16 field, bool guest_state)
{
	bool information = (field >> 10 & 3) == 1;

	if (field == HOST_RSP || (l2.evmcs && information)) {
		return true;
	}
	return guest_state ? field == EXIT_REASON || field == EXIT_QUALIFICATION
			   : field == INSTRUCTION_ERROR;
}

static void try_bad(const struct row *r)
{
	bool guest_state = (r->want & ~15u) == GUEST_STATE;

	prepare(r->setup);
	vset(r->field, r->flip ? vget(r->field) ^ r->bad : r->bad);
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		old[i] = vget(fields[i]);
	}
	if (r->want == EXINFO_NONE) {
		vmx_l2_expect(&l2, r->name, REASON_VMCALL);
		return;
	}
	bool failed =
		guest_state ? vmx_l2_expect(&l2, r->name, REASON_GUEST_STATE | REASON_ENTRY_FAILURE)
			    : vmx_l2_expect_fail(&l2, r->name, r->want);

	if (failed && guest_state) {
		check(vget(EXIT_QUALIFICATION) == (r->want & 15), "1.8-3 %s: qualification %lu",
		      r->name, vget(EXIT_QUALIFICATION));
	}
	for (unsigned int i = 0; failed && i < ARRAY_SIZE(fields); i++) {
		if (!may_change(fields[i], guest_state)) {
			check(vget(fields[i]) == old[i], "1.8-4 %s: field 0x%x is 0x%lx, was 0x%lx",
			      r->name, fields[i], vget(fields[i]), old[i]);
		}
	}
}

static const char *bochs_fault(const char *name)
{
#define WRONG(row, what)              \
	if (strcmp(name, row) == 0) { \
		return what;          \
	}
#include "tests/payloads/vmx-checks/bochs.def"
#undef WRONG
	return NULL;
}

static u64 unoffered(enum vmcs_field controls)
{
	u64 allowed = vmx_caps(controls) >> 32;

	for (u64 bit = 1; bit < BIT(32); bit <<= 1) {
		if (!(allowed & bit)) {
			return bit;
		}
	}
	return 0;
}

static void run_all(void)
{
	const u64 limit = BIT(cpuid(0x80000008, 0).eax & 0xff), page = phys(page_alloc());
	const u64 cr3_targets = FIELD_GET(MISC_CR3_TARGETS, rdmsr(MSR_VMX_MISC));
	const exinfo_t zero_length = rdmsr(MSR_VMX_MISC) & MISC_ZERO_LENGTH ? 0 : CONTROLS;
	const struct row rows[] = {
#define FLIP(name, setup, want, field, bad)	  { name, setup, want, field, true, 0, bad },
#define SETV(name, setup, want, field, good, bad) { name, setup, want, field, false, good, bad },
#include "tests/payloads/vmx-checks/controls.def"
#include "tests/payloads/vmx-checks/host.def"
#include "tests/payloads/vmx-checks/guest.def"
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!possible(rows[i].setup)) {
			check_skip("%s: no such controls", rows[i].name);
			continue;
		}
		if (vmx_is_of_bochs() && bochs_fault(rows[i].name)) {
			check_skip("%s: Bochs 2.7 %s", rows[i].name, bochs_fault(rows[i].name));
			continue;
		}
		if (!rows[i].flip) {
			try_good(&rows[i]);
		}
		try_bad(&rows[i]);
	}
}

void test_main(void)
{
	static const u8 vectors[] = { VEC_BP, VEC_UD, VEC_GP, VEC_DB, 0x51, 0x91 };

	vmx_require();
	if (cmdline_has("evmcs")) {
		evmcs_use(&l2);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(vectors); i++) {
		trap_record(vectors[i]);
	}
	ept = ept_create_identity(GIB(4), PT_2M);
	pdpt = page_alloc();
	pdpt[0] = ((u64 *)(boot_pml4[0] & PTE_ADDR))[0] & (PTE_ADDR | PTE_P);
	list = phys(page_alloc());
	((u64 *)list)[0] = MSR_SYSENTER_CS;
	((u64 *)list)[2] = MSR_SYSENTER_CS;
	for (enum setup s = PLAIN; s < SETUPS; s++) {
		if (possible(s)) {
			prepare(s);
			vmx_l2_expect(&l2, "the setup itself", REASON_VMCALL);
		}
	}
	run_all();
	report_success();
}
