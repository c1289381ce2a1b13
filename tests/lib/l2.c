/* SPDX-License-Identifier: MIT */
/*
 * Builds VMCBs of L2 VPs. The state is chosen to pass every check of VMRUN; tests bend it from
 * there.
 */
#include "tests/lib/l2.h"

#include "tests/lib/cmdline.h"
#include "tests/lib/report.h"
#include "lib/string.h"

#define MSRPM_PAGES 2
#define IOPM_PAGES  3
#define MSRPM_BLOCK 0x800
#define DR6_RESET   0xffff0ff0
#define DR7_RESET   0x400
#define PAT_RESET   0x0007040600070406ull
#define REAL_LIMIT  0xffff
#define FLAT_LIMIT  0xffffffff

void l2_end(void);
asm(".pushsection .text\n"
    "	.globl l2_end\n"
    "l2_end:\n"
    "	vmmcall\n"
    "	jmp l2_end\n"
    ".popsection");

static struct vmcb_segment segment(u16 selector, u16 attrib, u32 limit, u64 base)
{
	return (struct vmcb_segment){ selector, attrib, limit, base };
}

static void set_data_segments(struct vmcb *v, struct vmcb_segment s)
{
	v->ds = s;
	v->es = s;
	v->ss = s;
	v->fs = s;
	v->gs = s;
}

static void set_long_state(struct vmcb *v)
{
	struct table_ptr gdtr = read_gdtr(), idtr = read_idtr();
	struct cpu *c = this_cpu();

	v->cs = segment(SEL_CODE64, ATTRIB_CODE64, FLAT_LIMIT, 0);
	set_data_segments(v, segment(SEL_DATA, ATTRIB_DATA32, FLAT_LIMIT, 0));
	v->gs.base = phys(c);
	v->gdtr = segment(0, 0, gdtr.limit, gdtr.base);
	v->idtr = segment(0, 0, idtr.limit, idtr.base);
	v->ldtr = segment(0, ATTRIB_LDT, REAL_LIMIT, 0);
	v->tr = segment((u16)(SEL_TSS + 16 * c->index), ATTRIB_TSS, sizeof(c->tss) - 1,
			phys(&c->tss));
	v->efer = EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE;
	v->cr0 = read_cr0();
	v->cr3 = read_cr3();
	v->cr4 = read_cr4();
}

static void allocate(struct l2 *l2)
{
	l2->vmcb = page_alloc();
	l2->msrpm = page_alloc_aligned(MSRPM_PAGES, PAGE_SIZE);
	l2->iopm = page_alloc_aligned(IOPM_PAGES, PAGE_SIZE);
	l2->stack = page_alloc_aligned(L2_STACK_PAGES, PAGE_SIZE);
	l2->host = page_alloc();
}

void l2_init(struct l2 *l2)
{
	if (!l2->vmcb) {
		allocate(l2);
	}
	struct vmcb *v = l2->vmcb;

	memset(v, 0, sizeof(*v));
	memset(l2->msrpm, 0, MSRPM_PAGES * PAGE_SIZE);
	memset(l2->iopm, 0, IOPM_PAGES * PAGE_SIZE);
	memset(&l2->gprs, 0, sizeof(l2->gprs));
	v->msrpm_base = phys(l2->msrpm);
	v->iopm_base = phys(l2->iopm);
	v->asid = 1;
	v->dr6 = DR6_RESET;
	v->dr7 = DR7_RESET;
	v->rflags = RFLAGS_FIXED;
	v->g_pat = PAT_RESET;
	set_long_state(v);
	l2_intercept(l2, EXIT_VMRUN, true);
	l2_intercept(l2, EXIT_VMMCALL, true);
	l2_intercept(l2, EXIT_SHUTDOWN, true);
}

void l2_start_at(struct l2 *l2, const void *code)
{
	l2->vmcb->rip = phys(code);
	l2->vmcb->rsp = phys(l2->stack) + L2_STACK_PAGES * PAGE_SIZE - 64;
}

void l2_start(struct l2 *l2, void (*fn)(void))
{
	l2_start_at(l2, (const void *)(uintptr_t)fn);
	l2->vmcb->rsp -= 8;
	*(u64 *)l2->vmcb->rsp = (u64)(uintptr_t)l2_end;
}

static void set_legacy_state(struct vmcb *v, u64 cr0)
{
	v->efer = EFER_SVME;
	v->cr0 = cr0;
	v->cr3 = 0;
	v->cr4 = 0;
	v->gdtr = segment(0, 0, REAL_LIMIT, 0);
	v->idtr = segment(0, 0, REAL_LIMIT, 0);
	v->ldtr = segment(0, ATTRIB_LDT, REAL_LIMIT, 0);
	v->tr = segment(0, ATTRIB_TSS, REAL_LIMIT, 0);
}

void l2_set_real(struct l2 *l2, u32 base)
{
	struct vmcb *v = l2->vmcb;
	u16 selector = (u16)(base >> 4);

	set_legacy_state(v, CR0_ET);
	v->cs = segment(selector, ATTRIB_CODE16, REAL_LIMIT, base);
	set_data_segments(v, segment(selector, ATTRIB_DATA16, REAL_LIMIT, base));
	v->rip = 0;
	v->rsp = REAL_LIMIT - 15;
}

void l2_set_protected32(struct l2 *l2, u32 eip)
{
	struct vmcb *v = l2->vmcb;
	struct table_ptr gdtr = read_gdtr();

	set_legacy_state(v, CR0_ET | CR0_PE);
	v->gdtr = segment(0, 0, gdtr.limit, gdtr.base);
	v->cs = segment(SEL_CODE32, ATTRIB_CODE32, FLAT_LIMIT, 0);
	set_data_segments(v, segment(SEL_DATA, ATTRIB_DATA32, FLAT_LIMIT, 0));
	v->rip = eip;
	v->rsp = phys(l2->stack) + L2_STACK_PAGES * PAGE_SIZE - 64;
}

void l2_set_paged32(struct l2 *l2, u32 eip, u64 cr3, bool pae)
{
	l2_set_protected32(l2, eip);
	l2->vmcb->cr0 |= CR0_PG;
	l2->vmcb->cr4 = pae ? CR4_PAE : CR4_PSE;
	l2->vmcb->cr3 = cr3;
}

u64 *npt_create_identity(u64 bytes, enum pt_level level)
{
	u64 *root = pt_create();

	pt_map_identity(root, 0, bytes, PT_RWU, level);
	return root;
}

void l2_use_npt(struct l2 *l2, u64 *npt)
{
	l2->vmcb->nested_ctl = npt ? NP_ENABLE : 0;
	l2->vmcb->n_cr3 = phys(npt);
}

void l2_use_npt_of_cmdline(struct l2 *l2)
{
	static u64 *npt;
	char size[4];

	if (!npt && cmdline_get("npt", size, sizeof(size))) {
		npt = size[0] == '4'   ? npt_create_identity(MIB(512), PT_4K)
		      : size[0] == '2' ? npt_create_identity(GIB(4), PT_2M)
				       : npt_create_identity(GIB(4), PT_1G);
	}
	l2_use_npt(l2, npt);
}

void l2_intercept(struct l2 *l2, unsigned int exit_code, bool on)
{
	u32 *word = &l2->vmcb->intercept[exit_code / 32];
	u32 bit = (u32)BIT(exit_code % 32);

	*word = on ? *word | bit : *word & ~bit;
	l2->vmcb->clean = 0;
}

/* Two bits for each MSR, read below write, in three blocks [APM "MSR Intercepts"]. */
void l2_intercept_msr(struct l2 *l2, u32 msr, bool read, bool write)
{
	u32 block = msr < 0x2000 ? 0 : msr < 0xc0010000 ? 1 : 2;
	u32 bit = (msr & 0x1fff) * 2;
	u8 *byte = &l2->msrpm[block * MSRPM_BLOCK + bit / 8];

	*byte = (u8)((*byte & ~(3 << bit % 8)) | (read | write << 1) << bit % 8);
	l2->vmcb->clean = 0;
}

void l2_intercept_port(struct l2 *l2, u16 port, bool on)
{
	u8 bit = (u8)(1 << port % 8);

	l2->iopm[port / 8] = on ? l2->iopm[port / 8] | bit : l2->iopm[port / 8] & (u8)~bit;
	l2->vmcb->clean = 0;
}

u64 l2_run(struct l2 *l2)
{
	u64 vmcb = phys(l2->vmcb);

	l2->fault = l2->kvm_style ? svm_run_kvm(&l2->gprs, vmcb, phys(l2->host))
				  : svm_run_lean(&l2->gprs, vmcb);
	return l2->fault == EXINFO_NONE ? l2->vmcb->exit_code : 0;
}

bool l2_run_expect(struct l2 *l2, const char *what, u64 exit_code)
{
	u64 got = l2_run(l2);

	if (l2->fault != EXINFO_NONE) {
		return check(false, "%s: VMRUN faults with %s", what, exinfo_text(l2->fault));
	}
	return check(got == exit_code,
		     "%s: exit 0x%lx (info 0x%lx 0x%lx) at RIP 0x%lx, want exit 0x%lx", what, got,
		     l2->vmcb->exit_info1, l2->vmcb->exit_info2, l2->vmcb->rip, exit_code);
}
