/* SPDX-License-Identifier: MIT */
/*
 * Builds VMCSs of L2 VPs. The state is chosen to pass every check of VM entry; tests bend it from
 * there.
 */
#include "tests/lib/vmx_l2.h"

#include "tests/lib/evmcs.h"
#include "tests/lib/report.h"
#include "lib/string.h"

#define STACK_PAGES 2
#define LIMIT_FLAT  0xffffffff
#define LIMIT_REAL  0xffff
#define DR7_RESET   0x400
#define EPTP_WALK_4 (3 << 3)
#define EPTP_WB	    6
#define RUN_FAILED  BIT(30) /* vmx_run.S */

u64 vmx_run(struct vmx_gprs *gprs, bool resume, u64 *host_rsp);
extern const char vmx_run_exit[];

static struct vmx_l2 *loaded[MAX_CPUS];

void vmx_l2_end(void);
asm(".pushsection .text\n"
    "	.globl vmx_l2_end\n"
    "vmx_l2_end:\n"
    "	vmcall\n"
    "	jmp vmx_l2_end\n"
    ".popsection");

static struct vmx_l2 *current(void)
{
	return loaded[this_cpu()->index];
}

void vmx_l2_load(struct vmx_l2 *l2)
{
	loaded[this_cpu()->index] = l2;
	if (l2->evmcs) {
		evmcs_load(l2->vmcs);
	} else {
		evmcs_unload();
		check_ex("VMPTRLD", vmptrld(phys(l2->vmcs)), EXINFO_NONE);
	}
}

static void no_field(const char *what, u32 field, exinfo_t ex)
{
	report_error("%s of field 0x%x: %s", what, field, exinfo_text(ex));
	report_exit();
}

u64 vget(enum vmcs_field field)
{
	u64 v = 0;
	exinfo_t ex =
		current()->evmcs ? evmcs_get(current()->vmcs, field, &v) : vmread_to(field, &v);

	if (ex != EXINFO_NONE) {
		no_field("VMREAD", field, ex);
	}
	return v;
}

void vset(enum vmcs_field field, u64 v)
{
	exinfo_t ex = current()->evmcs ? evmcs_set(current()->vmcs, field, v) : vmwrite(field, v);

	if (ex != EXINFO_NONE) {
		no_field("VMWRITE", field, ex);
	}
}

void vmx_l2_set_segment(enum segment s, u16 selector, u32 ar, u32 limit, u64 base)
{
	vset(GUEST_ES_SELECTOR + 2 * s, selector);
	vset(GUEST_ES_AR + 2 * s, ar);
	vset(GUEST_ES_LIMIT + 2 * s, limit);
	vset(GUEST_ES_BASE + 2 * s, base);
}

static void set_data_segments(u16 selector, u32 ar, u32 limit, u64 base)
{
	for (enum segment s = SEG_ES; s <= SEG_GS; s++) {
		if (s != SEG_CS) {
			vmx_l2_set_segment(s, selector, ar, limit, base);
		}
	}
}

static void set_long_state(void)
{
	struct table_ptr gdtr = read_gdtr(), idtr = read_idtr();
	struct cpu *c = this_cpu();

	vmx_l2_set_segment(SEG_CS, SEL_CODE64, AR_CODE64, LIMIT_FLAT, 0);
	set_data_segments(SEL_DATA, AR_DATA32, LIMIT_FLAT, 0);
	vset(GUEST_GS_BASE, phys(c));
	vmx_l2_set_segment(SEG_LDTR, 0, AR_UNUSABLE, 0, 0);
	vmx_l2_set_segment(SEG_TR, (u16)(SEL_TSS + 16 * c->index), AR_TSS, sizeof(c->tss) - 1,
			   phys(&c->tss));
	vset(GUEST_GDTR_BASE, gdtr.base);
	vset(GUEST_GDTR_LIMIT, gdtr.limit);
	vset(GUEST_IDTR_BASE, idtr.base);
	vset(GUEST_IDTR_LIMIT, idtr.limit);
	vset(GUEST_CR0, read_cr0());
	vset(GUEST_CR3, read_cr3());
	vset(GUEST_CR4, read_cr4());
	vset(GUEST_EFER, rdmsr(MSR_EFER));
	vset(GUEST_PAT, rdmsr(MSR_PAT));
	vset(GUEST_DR7, DR7_RESET);
	vset(GUEST_RFLAGS, RFLAGS_FIXED);
	vset(GUEST_LINK_POINTER, ~0ull);
}

static void set_host_state(void)
{
	struct cpu *c = this_cpu();

	for (u32 field = HOST_ES_SELECTOR; field <= HOST_GS_SELECTOR; field += 2) {
		vset(field, field == HOST_CS_SELECTOR ? SEL_CODE64 : SEL_DATA);
	}
	vset(HOST_TR_SELECTOR, SEL_TSS + 16 * c->index);
	vset(HOST_TR_BASE, phys(&c->tss));
	vset(HOST_GS_BASE, phys(c));
	vset(HOST_GDTR_BASE, read_gdtr().base);
	vset(HOST_IDTR_BASE, read_idtr().base);
	vset(HOST_CR0, read_cr0());
	vset(HOST_CR3, read_cr3());
	vset(HOST_CR4, read_cr4());
	vset(HOST_EFER, rdmsr(MSR_EFER));
	vset(HOST_PAT, rdmsr(MSR_PAT));
	vset(HOST_RIP, phys(vmx_run_exit));
}

/* What is asked for and allowed, and what must be. */
static void set_controls(enum vmcs_field controls, u64 want)
{
	u64 caps = vmx_caps(controls);

	vset(controls, (want | low32(caps)) & caps >> 32);
}

/* VMCLEAR leaves the contents as they are or undefined: all are written. */
static void zero_fields(void)
{
	static const u16 zero[] = {
		ENTRY_INTR_INFO,
		ENTRY_ERROR_CODE,
		ENTRY_INSN_LENGTH,
		EXCEPTION_BITMAP,
		PF_MASK,
		PF_MATCH,
		CR3_TARGET_COUNT,
		EXIT_MSR_STORE_COUNT,
		EXIT_MSR_LOAD_COUNT,
		ENTRY_MSR_LOAD_COUNT,
		CR0_MASK,
		CR4_MASK,
		CR0_SHADOW,
		CR4_SHADOW,
		GUEST_INTERRUPTIBILITY,
		GUEST_ACTIVITY,
		GUEST_PENDING_DEBUG,
		GUEST_SYSENTER_CS,
		GUEST_SYSENTER_ESP,
		GUEST_SYSENTER_EIP,
		GUEST_DEBUGCTL,
		HOST_FS_BASE,
		HOST_SYSENTER_CS,
		HOST_SYSENTER_ESP,
		HOST_SYSENTER_EIP,
		EXIT_MSR_STORE,
		EXIT_MSR_LOAD,
		ENTRY_MSR_LOAD,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(zero); i++) {
		vset(zero[i], 0);
	}
}

static void allocate(struct vmx_l2 *l2)
{
	l2->vmcs = vmx_new_region();
	l2->msr_bitmap = page_alloc();
	l2->io_bitmaps = page_alloc_aligned(2, PAGE_SIZE);
	l2->stack = page_alloc_aligned(STACK_PAGES, PAGE_SIZE);
}

void vmx_l2_init(struct vmx_l2 *l2)
{
	if (!l2->vmcs) {
		allocate(l2);
	}
	memset(l2->msr_bitmap, 0, PAGE_SIZE);
	memset(l2->io_bitmaps, 0, 2 * PAGE_SIZE);
	memset(&l2->gprs, 0, sizeof(l2->gprs));
	check_ex("VMCLEAR", vmclear(phys(l2->vmcs)), EXINFO_NONE);
	l2->launched = false;
	vmx_l2_load(l2);
	zero_fields();
	set_controls(PIN_CONTROLS, 0);
	set_controls(PROC_CONTROLS, PROC_MSR_BITMAPS | PROC_IO_BITMAPS);
	set_controls(EXIT_CONTROLS, EXITC_HOST_64 | EXITC_SAVE_EFER | EXITC_LOAD_EFER |
					    EXITC_SAVE_PAT | EXITC_LOAD_PAT);
	set_controls(ENTRY_CONTROLS, ENTRYC_GUEST_64 | ENTRYC_LOAD_EFER | ENTRYC_LOAD_PAT);
	vset(MSR_BITMAP, phys(l2->msr_bitmap));
	vset(IO_BITMAP_A, phys(l2->io_bitmaps));
	vset(IO_BITMAP_B, phys(l2->io_bitmaps) + PAGE_SIZE);
	set_long_state();
	set_host_state();
}

void vmx_l2_controls2(u64 bits)
{
	u64 before = vget(PROC_CONTROLS) & PROC_SECONDARY ? vget(PROC2_CONTROLS) : 0;

	vset_bits(PROC_CONTROLS, PROC_SECONDARY);
	vset(PROC2_CONTROLS, before | bits);
}

void vmx_l2_start_at(struct vmx_l2 *l2, const void *code)
{
	vset(GUEST_RIP, phys(code));
	vset(GUEST_RSP, phys(l2->stack) + STACK_PAGES * PAGE_SIZE - 64);
	vset(GUEST_INTERRUPTIBILITY, 0);
}

void vmx_l2_start(struct vmx_l2 *l2, void (*fn)(void))
{
	u64 rsp = phys(l2->stack) + STACK_PAGES * PAGE_SIZE - 72;

	vmx_l2_start_at(l2, (const void *)(uintptr_t)fn);
	vset(GUEST_RSP, rsp);
	*(u64 *)rsp = (u64)(uintptr_t)vmx_l2_end;
}

static void set_legacy_state(u64 cr0)
{
	static u64 *identity;

	if (!(vget(PROC_CONTROLS) & PROC_SECONDARY) || !(vget(PROC2_CONTROLS) & PROC2_EPT)) {
		identity = identity ? identity : ept_create_identity(GIB(4), PT_2M);
		vmx_l2_use_ept(identity);
	}
	vmx_l2_controls2(PROC2_UNRESTRICTED);
	vclear_bits(ENTRY_CONTROLS, ENTRYC_GUEST_64);
	vset(GUEST_EFER, 0);
	vset(GUEST_CR0, cr0 | CR0_NE);
	vset(GUEST_CR3, 0);
	vset(GUEST_CR4, CR4_VMXE);
	vset(GUEST_GDTR_LIMIT, LIMIT_REAL);
	vset(GUEST_GDTR_BASE, 0);
	vset(GUEST_IDTR_LIMIT, LIMIT_REAL);
	vset(GUEST_IDTR_BASE, 0);
	vmx_l2_set_segment(SEG_LDTR, 0, AR_UNUSABLE, 0, 0);
	vmx_l2_set_segment(SEG_TR, 0, AR_TSS, LIMIT_REAL, 0);
}

void vmx_l2_set_real(struct vmx_l2 *l2, u32 base)
{
	u16 selector = (u16)(base >> 4);

	(void)l2;
	set_legacy_state(CR0_ET);
	vmx_l2_set_segment(SEG_CS, selector, AR_CODE16, LIMIT_REAL, base);
	set_data_segments(selector, AR_DATA16, LIMIT_REAL, base);
	vset(GUEST_RIP, 0);
	vset(GUEST_RSP, LIMIT_REAL - 15);
}

void vmx_l2_set_protected32(struct vmx_l2 *l2, u32 eip)
{
	struct table_ptr gdtr = read_gdtr();

	set_legacy_state(CR0_ET | CR0_PE);
	vset(GUEST_GDTR_BASE, gdtr.base);
	vset(GUEST_GDTR_LIMIT, gdtr.limit);
	vmx_l2_set_segment(SEG_CS, SEL_CODE32, AR_CODE32, LIMIT_FLAT, 0);
	set_data_segments(SEL_DATA, AR_DATA32, LIMIT_FLAT, 0);
	vset(GUEST_RIP, eip);
	vset(GUEST_RSP, phys(l2->stack) + STACK_PAGES * PAGE_SIZE - 64);
}

void vmx_l2_set_paged32(struct vmx_l2 *l2, u32 eip, u64 cr3, bool pae)
{
	vmx_l2_set_protected32(l2, eip);
	vset_bits(GUEST_CR0, CR0_PG);
	vset_bits(GUEST_CR4, pae ? CR4_PAE : CR4_PSE);
	vset(GUEST_CR3, cr3);
	for (u32 i = 0; i < 4 && pae; i++) {
		vset(GUEST_PDPTE0 + 2 * i, ((u64 *)(cr3 & ~31ull))[i]);
	}
}

u64 *ept_create_identity(u64 bytes, enum pt_level level)
{
	u64 *root = pt_create();

	pt_map_identity(root, 0, bytes, EPT_RWX | EPT_WB, level);
	return root;
}

u64 ept_pointer(const u64 *ept)
{
	return phys(ept) | EPTP_WALK_4 | EPTP_WB;
}

void vmx_l2_use_ept(u64 *ept)
{
	vmx_l2_controls2(ept ? PROC2_EPT : 0);
	if (ept) {
		vset(EPT_POINTER, ept_pointer(ept));
	} else {
		vclear_bits(PROC2_CONTROLS, PROC2_EPT);
	}
}

/* One bit for each MSR: reads low, reads high, writes low, writes high, 1 KiB each. */
void vmx_l2_intercept_msr(struct vmx_l2 *l2, u32 msr, bool read, bool write)
{
	u32 byte = (msr >= 0xc0000000 ? 1024 : 0) + (msr & 0x1fff) / 8;
	u8 bit = (u8)(1 << msr % 8);
	u8 *r = &l2->msr_bitmap[byte], *w = r + 2048;

	*r = (u8)(read ? *r | bit : *r & ~bit);
	*w = (u8)(write ? *w | bit : *w & ~bit);
}

void vmx_l2_intercept_port(struct vmx_l2 *l2, u16 port, bool on)
{
	u8 *byte = &l2->io_bitmaps[port / 8], bit = (u8)(1 << port % 8);

	*byte = (u8)(on ? *byte | bit : *byte & ~bit);
}

u32 vmx_l2_run(struct vmx_l2 *l2)
{
	u64 *host_rsp = l2->evmcs ? evmcs_host_rsp(l2->vmcs) : NULL;
	u64 end = vmx_run(&l2->gprs, l2->launched, host_rsp);

	l2->fail = EXINFO_NONE;
	if (end & EXINFO_VALID) {
		l2->fail = (exinfo_t)end;
	} else if (end & RUN_FAILED) {
		l2->fail = vmx_flags_result(end);
		if (l2->fail == VMFAIL_VALID(0)) {
			l2->fail = VMFAIL_VALID(vget(INSTRUCTION_ERROR));
		}
	} else {
		u32 reason = (u32)vget(EXIT_REASON);

		l2->launched = l2->launched || !(reason & REASON_ENTRY_FAILURE);
		return reason;
	}
	return VMX_L2_NO_EXIT;
}

bool vmx_l2_expect(struct vmx_l2 *l2, const char *what, u32 reason)
{
	u32 got = vmx_l2_run(l2);

	if (l2->fail != EXINFO_NONE) {
		return check(false, "%s: the entry ends with %s", what, exinfo_text(l2->fail));
	}
	return check(got == reason,
		     "%s: exit 0x%x (qualification 0x%lx, event 0x%lx) at RIP 0x%lx, want 0x%x",
		     what, got, vget(EXIT_QUALIFICATION), vget(EXIT_INTR_INFO), vget(GUEST_RIP),
		     reason);
}

bool vmx_l2_expect_fail(struct vmx_l2 *l2, const char *what, exinfo_t fail)
{
	u32 got = vmx_l2_run(l2);

	return check(got == VMX_L2_NO_EXIT && l2->fail == fail, "%s: %s, exit 0x%x, want %s", what,
		     exinfo_text(l2->fail), got, exinfo_text(fail));
}

void vmx_l2_skip(void)
{
	vset(GUEST_RIP, vget(GUEST_RIP) + vget(EXIT_INSN_LENGTH));
}
