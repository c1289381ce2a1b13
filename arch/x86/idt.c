/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and the trap handler. Owns the search of the exception table and of the
 * NMI windows; knows nothing of guests.
 */
#include "arch/x86/idt.h"

#include "arch/x86/asm.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/spec.h"
#include "arch/x86/vcpu.h"

struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_mid;
	u32 offset_high;
	u32 reserved;
};
ASSERT_SIZE(struct gate, 16);

struct table_register {
	u16 limit;
	u64 base;
} __packed;

struct extable_row {
	u64 insn;
	u64 fixup;
};

/*
 * Code that has looked at what an NMI may have brought, and has not yet slept or entered a guest:
 * an NMI in [start, end) goes on at `landing`. Between the two nothing may be half done.
 */
struct nmi_window {
	u64 start, end, landing;
};

extern const u64 trap_stubs[32];
extern const struct extable_row extable_start[], extable_end[];
extern const struct nmi_window nmi_windows_start[], nmi_windows_end[];

static struct gate idt[32];
static u64 early_gdt[3] = { 0, 0x00af9b000000ffff, 0x00cf93000000ffff };

static void load_gdtr(const u64 *gdt, size_t size)
{
	struct table_register gdtr = { (u16)(size - 1), (u64)gdt };

	__asm__ volatile("lgdt %0\n"
			 "pushq %1\n"
			 "lea 1f(%%rip), %%rax\n"
			 "pushq %%rax\n"
			 "lretq\n"
			 "1: mov %2, %%eax\n"
			 "mov %%eax, %%ds\n mov %%eax, %%es\n mov %%eax, %%ss\n"
			 :
			 : "m"(gdtr), "i"(SEL_CODE), "i"(SEL_DATA)
			 : "rax", "memory");
}

static void load_idtr(void)
{
	struct table_register idtr = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

u64 idt_base(void)
{
	return (u64)idt;
}

void idt_load_early(void)
{
	for (unsigned int v = 0; v < ARRAY_SIZE(idt); v++) {
		u64 stub = trap_stubs[v];

		idt[v] = (struct gate){
			.offset_low = (u16)stub,
			.offset_mid = (u16)(stub >> 16),
			.offset_high = high32(stub),
			.selector = SEL_CODE,
			.type = 0x8e,
		};
	}
	load_gdtr(early_gdt, sizeof(early_gdt));
	load_idtr();
}

void idt_load(struct percpu *cpu)
{
	u64 tss = (u64)&cpu->tss;

	cpu->gdt[0] = 0;
	cpu->gdt[SEL_CODE / 8] = early_gdt[1];
	cpu->gdt[SEL_DATA / 8] = early_gdt[2];
	/* A 64-bit TSS descriptor, available; it takes two slots. */
	cpu->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | FIELD_PREP(GENMASK(39, 16), tss) |
				0x89ull << 40 | FIELD_PREP(GENMASK(63, 56), tss >> 24);
	cpu->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	cpu->tss.iomap = sizeof(struct tss);
	cpu->tss.ist[0] = cpu->fault_stack_top;
	load_gdtr(cpu->gdt, sizeof(cpu->gdt));
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	load_idtr();
	/* A double fault may mean that the stack ran into its guard page: it has one of its own. */
	idt[VECTOR_DF].ist = 1;
}

static bool extable_fix(struct regs *regs)
{
	for (const struct extable_row *row = extable_start; row < extable_end; row++) {
		if (row->insn == regs->rip) {
			regs->rip = row->fixup;
			return true;
		}
	}
	return false;
}

static void nmi_taken(struct regs *regs)
{
	vcpu_nmi_taken(this_cpu());
	for (const struct nmi_window *w = nmi_windows_start; w < nmi_windows_end; w++) {
		if (regs->rip >= w->start && regs->rip < w->end) {
			regs->rip = w->landing;
			return;
		}
	}
}

void trap_handler(struct regs *regs)
{
	if (regs->vector == VECTOR_NMI) {
		nmi_taken(regs);
		return;
	}
	if (extable_fix(regs)) {
		return;
	}
	panic_regs(regs, "exception %u in Plinth, error %llx, CR2 %llx", (u32)regs->vector,
		   (unsigned long long)regs->error, (unsigned long long)read_cr2());
}
