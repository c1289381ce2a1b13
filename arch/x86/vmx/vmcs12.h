/* SPDX-License-Identifier: MIT */
/*
 * Where a plain VMCS of L1 lives while it is not current: in its region, in Plinth's own format.
 * L1's other CPUs may write to the region at any time: each byte is read at most once, and what was
 * read is checked. It knows neither GPAs nor which VMCS is current.
 */
#ifndef ARCH_X86_VMX_VMCS12_H
#define ARCH_X86_VMX_VMCS12_H

#include "arch/x86/vmx/vmcs.h"

/* VMCS revision identifier that L1 sees; bit 31 clear, and not the enlightened VMCS' 1. */
#define VMCS12_REVISION	     0x4e4c5001

#define VMCS12_REGION_MAGIC  0x32317363766e6c70 /* with a version: change both with the layout */
#define VMCS12_REGION_FORMAT 1

/*
 * [SDM "Format of the VMCS Region"]. Plinth's part begins behind the 1024 bytes of an enlightened
 * VMCS, which L1 initializes by VMCLEAR as well: that must not change a byte of it.
 */
struct vmcs12_region {
	u32 revision;
	u32 abort; /* VMX-abort indicator */
	u8 reserved[1016];
	u64 magic;
	u32 format;
	u32 launched; /* 1, else clear */
	struct vmcs vmcs;
};
ASSERT_OFFSET(struct vmcs12_region, abort, 4);
ASSERT_OFFSET(struct vmcs12_region, magic, 1024);
_Static_assert(sizeof(struct vmcs12_region) <= PAGE_SIZE, "the region is one page");

/* The region's first word, as VMPTRLD checks it: VMfail 11 unless VMCS12_REVISION. */
static inline u32 vmcs12_read_revision(const struct vmcs12_region *region)
{
	return *(const volatile u32 *)&region->revision;
}

/*
 * Takes the region's VMCS over, for VMPTRLD. A region without Plinth's format was never a VMCS
 * here: all fields are 0 and its state is clear.
 */
void vmcs12_load(const struct vmcs12_region *region, struct vmcs *vmcs12, bool *launched);

/* Puts it back, when another becomes current or VMCLEAR ends it. The revision stays L1's. */
void vmcs12_store(struct vmcs12_region *region, const struct vmcs *vmcs12, bool launched);

/*
 * VMCLEAR of a VMCS that is not current: its state becomes clear, its fields stay. Nothing is
 * written unless the region has Plinth's format: it may be an enlightened VMCS, and a region
 * without format counts as clear anyway.
 */
void vmcs12_clear(struct vmcs12_region *region);

#endif
