/* SPDX-License-Identifier: MIT */
/* Descriptor tables, page tables and first registers of the guests. Knows no guest program. */
#include "tests/linux/vmm/world.h"

#include <string.h>

/*
 * Guests start with IF = 1 though nothing interrupts them: Bochs forgets an interrupt of L1 that is
 * pending when a guest with IF = 0 is entered, and a spinning guest would then never be left.
 */
#define RFLAGS_FIXED BIT(1)
#define RFLAGS_IF    BIT(9)

#define CR0_PE	     BIT(0)
#define CR0_ET	     BIT(4)
#define CR0_NE	     BIT(5)
#define CR0_WP	     BIT(16)
#define CR0_PG	     BIT(31)
#define CR4_PSE	     BIT(4)
#define CR4_PAE	     BIT(5)
#define CR4_PGE	     BIT(7)
#define CR4_FXSR     BIT(9)
#define CR4_XMM	     BIT(10)
#define EFER_SCE     BIT(0)
#define EFER_LME     BIT(8)
#define EFER_LMA     BIT(10)
#define EFER_NX	     BIT(11)

#define PTE_P	     BIT(0)
#define PTE_W	     BIT(1)
#define PTE_U	     BIT(2)
#define PTE_A	     BIT(5)
#define PTE_D	     BIT(6)
#define PTE_PS	     BIT(7)

enum {
	GATE16_SIZE = 8,
	GATE64_SIZE = 16,
	TRAP_STUB_STEP = 16,
	TSS_LIMIT = 0x67,
	TYPE_TSS = 0x9,
	TYPE_TSS_BUSY = 0xb,
	TYPE_CODE = 0xb, /* accessed, readable */
	TYPE_DATA = 0x3, /* accessed, writable */
	TYPE_GATE = 0xe, /* interrupt gate */
	TYPE_LDT = 0x2,
};

/* The guest sections; the linker names their ends. */
#define GUEST_SECTION(bits) \
	extern const char __start_guest##bits[], __stop_guest##bits[], guest##bits##_traps[]
GUEST_SECTION(16);
GUEST_SECTION(32);
GUEST_SECTION(64);

static const struct section {
	const char *start;
	const char *stop;
	u64 gpa;
	u64 end;
} sections[] = {
	{ __start_guest16, __stop_guest16, GUEST_CODE16, GUEST_CODE32 },
	{ __start_guest32, __stop_guest32, GUEST_CODE32, GUEST_CODE64 },
	{ __start_guest64, __stop_guest64, GUEST_CODE64, GUEST_CODE_END },
};

u64 guest_address(const char *label)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (label >= sections[i].start && label < sections[i].stop) {
			return sections[i].gpa + (u64)(label - sections[i].start);
		}
	}
	case_fail("a label is in no guest section");
}

static void put64(struct vm *vm, u64 gpa, u64 value)
{
	memcpy(vm_memory(vm, gpa, sizeof(value)), &value, sizeof(value));
}

static void put32(struct vm *vm, u64 gpa, u32 value)
{
	memcpy(vm_memory(vm, gpa, sizeof(value)), &value, sizeof(value));
}

static void load_sections(struct vm *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct section *section = &sections[i];
		u64 size = (u64)(section->stop - section->start);

		CHECK(size <= section->end - section->gpa, "guest section %zu is too long", i);
		memcpy(vm_memory(vm, section->gpa, size), section->start, size);
	}
}

static void build_gdt(struct vm *vm)
{
	static const struct {
		u32 selector;
		u64 descriptor;
	} rows[] = {
		{ SEL_CODE64, 0x00af9b000000ffff },  { SEL_DATA, 0x00cf93000000ffff },
		{ SEL_CODE32, 0x00cf9b000000ffff },  { SEL_UDATA, 0x00cff3000000ffff },
		{ SEL_UCODE64, 0x00affb000000ffff }, { SEL_CODE16, 0x00009b000000ffff },
		{ SEL_DATA16, 0x000093000000ffff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put64(vm, GUEST_GDT + rows[i].selector, rows[i].descriptor);
	}
	for (u64 id = 0; id < MAX_VPS; id++) {
		u64 base = GUEST_TSS + id * GUEST_TSS_STEP;

		put64(vm, GUEST_GDT + SEL_TSS + id * 16,
		      TSS_LIMIT | base << 16 | (u64)TYPE_TSS << 40 | BIT(47));
	}
}

static u32 gate_flags(unsigned int vector)
{
	u32 dpl = vector == VECTOR_USER ? 3 : 0;
	u32 present = vector != VECTOR_ABSENT;

	return present << 15 | dpl << 13 | TYPE_GATE << 8;
}

static void build_idt32(struct vm *vm)
{
	for (unsigned int vector = 0; vector < IDT_VECTORS; vector++) {
		u32 stub = (u32)guest_address(guest32_traps) + vector * TRAP_STUB_STEP;
		u64 gate = GUEST_IDT + vector * GATE16_SIZE;

		put32(vm, gate, (u32)SEL_CODE32 << 16 | (stub & 0xffff));
		put32(vm, gate + 4, (stub & 0xffff0000) | gate_flags(vector));
	}
}

static void build_idt64(struct vm *vm)
{
	for (unsigned int vector = 0; vector < IDT_VECTORS; vector++) {
		u32 stub = (u32)guest_address(guest64_traps) + vector * TRAP_STUB_STEP;
		u64 gate = GUEST_IDT + vector * GATE64_SIZE;

		put32(vm, gate, (u32)SEL_CODE64 << 16 | (stub & 0xffff));
		put32(vm, gate + 4, (stub & 0xffff0000) | gate_flags(vector));
		put64(vm, gate + 8, 0);
	}
}

/* Two levels: 4 GiB of 4M pages, the window by a table. */
static void build_tables_paged(struct vm *vm)
{
	for (u32 i = 0; i < 1024; i++) {
		put32(vm, GUEST_TABLES + i * 4, i << 22 | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS);
	}
	put32(vm, GUEST_TABLES + (GUEST_WINDOW >> 22) * 4, GUEST_WINDOW_PT | PTE_P | PTE_W | PTE_A);
}

/* Four directories of 2M pages below a PDPT; the window by a table. */
static void build_directories(struct vm *vm, u64 pdpt, u64 pdpte_flags)
{
	for (u64 i = 0; i < 4; i++) {
		put64(vm, pdpt + i * 8, (GUEST_PD + i * PAGE_SIZE) | pdpte_flags);
	}
	for (u64 i = 0; i < 4 * 512; i++) {
		put64(vm, GUEST_PD + i * 8, i << 21 | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS);
	}
	put64(vm, GUEST_PD + (GUEST_WINDOW >> 21) * 8, GUEST_WINDOW_PT | PTE_P | PTE_W | PTE_A);
}

static void build_tables_long(struct vm *vm)
{
	build_directories(vm, GUEST_PDPT, PTE_P | PTE_W | PTE_A);
	put64(vm, GUEST_TABLES, GUEST_PDPT | PTE_P | PTE_W | PTE_A);
}

void window_open_to_user(struct vm *vm)
{
	put64(vm, GUEST_TABLES, GUEST_PDPT | PTE_P | PTE_W | PTE_A | PTE_U);
	put64(vm, GUEST_PDPT + (GUEST_WINDOW >> 30) * 8,
	      (GUEST_PD + (GUEST_WINDOW >> 30) * PAGE_SIZE) | PTE_P | PTE_W | PTE_A | PTE_U);
	put64(vm, GUEST_PD + (GUEST_WINDOW >> 21) * 8,
	      GUEST_WINDOW_PT | PTE_P | PTE_W | PTE_A | PTE_U);
}

void window_set(struct vm *vm, unsigned int index, u64 pte, bool wide)
{
	if (wide) {
		put64(vm, GUEST_WINDOW_PT + index * 8, pte);
	} else {
		put32(vm, GUEST_WINDOW_PT + index * 4, (u32)pte);
	}
}

static u64 stack_top(const struct vp *vp)
{
	return GUEST_STACK + (vp->id + 1) * GUEST_STACK_STEP;
}

/* The TSS holds the stack of CPL 0 at the same offset in both formats. */
static void build_tss(struct vp *vp, bool wide)
{
	u64 tss = GUEST_TSS + vp->id * GUEST_TSS_STEP;

	if (wide) {
		put64(vp->vm, tss + 4, stack_top(vp) - GUEST_STACK_STEP / 2);
		put32(vp->vm, tss + 0x64, TSS_LIMIT << 16 | TSS_LIMIT << 16);
	} else {
		put32(vp->vm, tss + 4, (u32)stack_top(vp) - GUEST_STACK_STEP / 2);
		put32(vp->vm, tss + 8, SEL_DATA);
	}
}

static void build_world(struct vp *vp, enum world world)
{
	static void (*const tables[WORLDS])(struct vm *) = {
		[WORLD_PAGED] = build_tables_paged,
		[WORLD_LONG] = build_tables_long,
	};

	build_gdt(vp->vm);
	if (tables[world]) {
		tables[world](vp->vm);
	}
	if (world == WORLD_PAE) {
		build_directories(vp->vm, GUEST_TABLES, PTE_P);
	}
	if (world == WORLD_LONG || world == WORLD_REAL) {
		build_idt64(vp->vm);
		build_tables_long(vp->vm);
	} else {
		build_idt32(vp->vm);
	}
	if (world != WORLD_REAL) {
		build_tss(vp, world == WORLD_LONG);
	}
}

static struct kvm_segment segment(u16 selector, u64 base, u32 limit, u8 type)
{
	return (struct kvm_segment){
		.selector = selector,
		.base = base,
		.limit = limit,
		.type = type,
		.present = 1,
		.s = 1,
	};
}

/* 32-bit, busy: with KVM's 16-bit TSS of reset, Intel CPUs refuse to enter 64-bit mode. */
static void set_tss(struct kvm_sregs *sregs, u16 selector, u64 base)
{
	sregs->tr = segment(selector, base, TSS_LIMIT, TYPE_TSS_BUSY);
	sregs->tr.s = 0;
}

static void set_segments_real(struct kvm_sregs *sregs, u64 report)
{
	struct kvm_segment data = segment(0, 0, 0xffff, TYPE_DATA);

	sregs->cs = segment(0, 0, 0xffff, TYPE_CODE);
	sregs->ds = sregs->es = sregs->fs = sregs->ss = data;
	sregs->gs = segment((u16)(report >> 4), report, 0xffff, TYPE_DATA);
	sregs->idt = (struct kvm_dtable){ .base = 0, .limit = 0x3ff };
	set_tss(sregs, 0, 0);
}

static void set_segments_flat(struct vp *vp, struct kvm_sregs *sregs, bool wide, u64 report)
{
	struct kvm_segment data = segment(SEL_DATA, 0, 0xffffffff, TYPE_DATA);
	struct kvm_segment code = segment(wide ? SEL_CODE64 : SEL_CODE32, 0, 0xffffffff, TYPE_CODE);
	u64 tss = GUEST_TSS + vp->id * GUEST_TSS_STEP;

	data.g = data.db = code.g = 1;
	code.l = wide;
	code.db = !wide;
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->gs.base = report;
	set_tss(sregs, (u16)(SEL_TSS + vp->id * 16), tss);
	sregs->ldt = segment(0, 0, 0, TYPE_LDT);
	sregs->ldt.s = 0;
	sregs->ldt.present = 0;
	sregs->ldt.unusable = 1;
	sregs->gdt = (struct kvm_dtable){ .base = GUEST_GDT, .limit = SEL_TSS + MAX_VPS * 16 - 1 };
	sregs->idt = (struct kvm_dtable){
		.base = GUEST_IDT,
		.limit = IDT_VECTORS * (wide ? GATE64_SIZE : GATE16_SIZE) - 1,
	};
}

static void set_registers(struct vp *vp, enum world world, u64 entry)
{
	static const struct {
		u64 cr0, cr4, efer;
	} controls[WORLDS] = {
		[WORLD_REAL] = { CR0_ET | CR0_NE, 0, 0 },
		[WORLD_PROT] = { CR0_PE | CR0_ET | CR0_NE, 0, 0 },
		[WORLD_PAGED] = { CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG, CR4_PSE, 0 },
		[WORLD_PAE] = { CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG, CR4_PAE, 0 },
		[WORLD_LONG] = { CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG,
				 CR4_PAE | CR4_PGE | CR4_FXSR | CR4_XMM,
				 EFER_SCE | EFER_LME | EFER_LMA | EFER_NX },
	};
	struct kvm_regs regs = { .rip = entry, .rflags = RFLAGS_FIXED | RFLAGS_IF };
	u64 report = GUEST_REPORT + vp->id * PAGE_SIZE;
	struct kvm_sregs sregs;

	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	regs.rsp = world == WORLD_REAL ? GUEST_STACK16 : stack_top(vp);
	if (world == WORLD_REAL) {
		set_segments_real(&sregs, report);
	} else {
		set_segments_flat(vp, &sregs, world == WORLD_LONG, report);
	}
	sregs.cr0 = controls[world].cr0;
	sregs.cr3 = GUEST_TABLES;
	sregs.cr4 = controls[world].cr4;
	sregs.efer = controls[world].efer;
	KVM(vp->fd, KVM_SET_SREGS, &sregs);
	KVM(vp->fd, KVM_SET_REGS, &regs);
}

struct vm *world_create(bool irqchip)
{
	struct vm *vm = vm_create(GUEST_RAM_SIZE, irqchip);

	load_sections(vm);
	return vm;
}

struct vp *world_add_vp(struct vm *vm, enum world world, const char *entry)
{
	struct vp *vp = vm_add_vp(vm);
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };

	build_world(vp, world);
	set_registers(vp, world, guest_address(entry));
	vp_report(vp)->id = vp->id;
	if (vm->irqchip) {
		KVM(vp->fd, KVM_SET_MP_STATE, &runnable);
	}
	return vp;
}

struct vp *world_single(enum world world, const char *entry)
{
	return world_add_vp(world_create(false), world, entry);
}
