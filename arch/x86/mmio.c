/* SPDX-License-Identifier: MIT */
/* Emulated memory accesses of L1. */
#include "arch/x86/mmio.h"

#include "arch/x86/apic.h"
#include "arch/x86/console.h"
#include "arch/x86/lapic.h"
#include "arch/x86/memory.h"
#include "arch/x86/percpu.h"
#include "arch/x86/slat01.h"
#include "lib/spinlock.h"

#define IOREGSEL     0x00
#define IOWIN	     0x10
#define IOAPIC_REDIR 0x10

static struct {
	u64 base; /* 0: no pin is Plinth's */
	volatile u8 *regs;
	u32 pin;
	u32 select;
	struct spinlock lock;
} ioapic;

void mmio_guard_ioapic(u64 base, u32 pin)
{
	ioapic.regs = memory_map_mmio(base, PAGE_SIZE);
	if (ioapic.regs && slat01_write_protect(base)) {
		ioapic.pin = pin;
		ioapic.base = base;
		*(volatile u32 *)(ioapic.regs + IOREGSEL) = ioapic.select;
	}
}

/* L1 may do anything to the I/O APIC, but reprogram the pin that brings Plinth's console. */
static void ioapic_write(u32 reg, u32 value)
{
	u32 mine = IOAPIC_REDIR + 2 * ioapic.pin;

	spin_lock(&ioapic.lock);
	if (reg == IOREGSEL) {
		ioapic.select = value & 0xff;
	}
	if (reg != IOWIN || (ioapic.select & ~1u) != mine) {
		*(volatile u32 *)(ioapic.regs + reg) = value;
	}
	spin_unlock(&ioapic.lock);
}

/* The value that a store to memory writes; `old` for those that read first. */
static bool stored_value(struct vcpu *v, const struct insn *insn, u64 old, u64 *value)
{
	u64 operand = insn->flags & INSN_F_IMM
			      ? insn->imm
			      : insn_read_gpr(insn, v->gpr, insn->reg, insn->opsize);

	if (!(insn->flags & INSN_F_DST_RM)) {
		return false;
	}
	switch (insn->id) {
	case INSN_MOV:
		*value = operand;
		return true;
	case INSN_XCHG:
		*value = operand;
		insn_write_gpr(insn, v->gpr, insn->reg, insn->opsize, old);
		return true;
	}
	return false;
}

static enum outcome apic_page(struct vcpu *v, u32 offset, const struct insn *insn)
{
	u64 old = insn->id == INSN_XCHG ? lapic_read(offset) : 0;
	u64 value;

	if (insn->opsize != 4 || (offset & 15) || !stored_value(v, insn, old, &value)) {
		return OUTCOME_GP;
	}
	v->cpu->stats.apic_mmio++;
	/* In x2APIC mode the page is no APIC: the write is gone. [APM "x2APIC Mode"] */
	if (!lapic_is_x2apic()) {
		apic_write(v, offset, low32(value));
	}
	return OUTCOME_NEXT;
}

static enum outcome ioapic_page(struct vcpu *v, u32 offset, const struct insn *insn)
{
	u64 value;

	if (insn->opsize != 4 || (offset & 3) ||
	    !stored_value(v, insn, *(volatile u32 *)(ioapic.regs + offset), &value)) {
		return OUTCOME_GP;
	}
	ioapic_write(offset, low32(value));
	return OUTCOME_NEXT;
}

/* As a bus without a device: ones come back, what is written is gone. */
static enum outcome hidden_page(struct vcpu *v, const struct insn *insn)
{
	u64 value;

	log_limited(LOG_WARN, "L1 CPU %u touches memory that is not its own", v->id);
	if (insn->flags & INSN_F_DST_RM) {
		return stored_value(v, insn, ~0ull, &value) ? OUTCOME_NEXT : OUTCOME_GP;
	}
	switch (insn->id) {
	case INSN_MOV:
	case INSN_MOVSX:
		insn_write_gpr(insn, v->gpr, insn->reg, insn->opsize, ~0ull);
		return OUTCOME_NEXT;
	case INSN_MOVZX:
		insn_write_gpr(insn, v->gpr, insn->reg, insn->opsize,
			       GENMASK(insn->memsize * 8 - 1, 0));
		return OUTCOME_NEXT;
	}
	return OUTCOME_GP;
}

enum outcome vcpu_mmio(struct vcpu *v, u64 gpa, const struct insn *insn)
{
	u64 page = gpa & PAGE_MASK;
	u32 offset = low32(gpa & ~PAGE_MASK);
	struct pt_mapping mapping;

	v->cpu->stats.emulated++;
	if (page == LAPIC_DEFAULT_BASE) {
		return apic_page(v, offset, insn);
	}
	if (ioapic.base && page == ioapic.base) {
		return ioapic_page(v, offset, insn);
	}
	/* Mapped, so the fault was for a right: a write to an overlay page. [TLFS] wants #GP. */
	return slat01_lookup(gpa, &mapping) ? OUTCOME_GP : hidden_page(v, insn);
}
