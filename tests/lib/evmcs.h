/* SPDX-License-Identifier: MIT */
/*
 * The enlightened VMCS as a guest uses it: fields in memory with their clean groups, and the VP
 * assist page that names the one in use. The payloads' own reading of [TLFS "Enlightened VMCS"].
 */
#ifndef TESTS_LIB_EVMCS_H
#define TESTS_LIB_EVMCS_H

#include "tests/lib/hyperv.h"
#include "tests/lib/vmcs.h"

struct vmx_l2;

#define EVMCS_REVISION	   1
#define EVMCS_ALL_CLEAN	   0xffffu
#define EVMCS_CLEAN_FIELDS 0x338 /* offsets of what no VMCS field stands for */
#define EVMCS_ABORT	   0x004
#define EVMCS_CONTROL	   0x344
#define EVMCS_VP_ID	   0x348
#define EVMCS_VM_ID	   0x350
#define EVMCS_ASSIST_PAGE  0x358
#define EVMCS_DIRECT_FLUSH BIT(0)
#define EVMCS_MSR_BITMAP   BIT(1)

enum evmcs_group {
	GROUP_MSR_BITMAP = 1,
	GROUP_EVENT = 5,
	GROUP_NONE = 16, /* no bit: always read */
	GROUP_ALL = 17,	 /* writing it clears all bits */
};

/* The assist page of the calling CPU, by offset. */
#define ASSIST_NESTED_FEATURES 32
#define ASSIST_ENLIGHTEN_ENTRY 40
#define ASSIST_CURRENT_VMCS    48
u8 *assist_page(void);

/* Whether Plinth offers it: leaves 0x40000004 bit 14 and 0x4000000a. */
bool evmcs_offered(void);

/* Skips and ends the payload where it is not offered; makes this partition a guest of Hyper-V. */
void evmcs_require(void);

/* The rest of the VP's life is on an enlightened VMCS; before vmx_l2_init(). */
void evmcs_use(struct vmx_l2 *l2);

/* EnlightenVmEntry and CurrentNestedVmcs; and off again. */
void evmcs_load(void *evmcs);
void evmcs_unload(void);

/* Fields, the clean bit of their group cleared with a write. #UD: it has no such field. */
exinfo_t evmcs_get(void *evmcs, enum vmcs_field field, u64 *v);
exinfo_t evmcs_set(void *evmcs, enum vmcs_field field, u64 v);

/* The same without the clean bit. */
exinfo_t evmcs_poke(void *evmcs, enum vmcs_field field, u64 v);

/* HOST_RSP, its group made dirty. */
u64 *evmcs_host_rsp(void *evmcs);

static inline volatile u32 *evmcs_u32(void *evmcs, u32 offset)
{
	return (volatile u32 *)((u8 *)evmcs + offset);
}

static inline volatile u64 *evmcs_u64(void *evmcs, u32 offset)
{
	return (volatile u64 *)((u8 *)evmcs + offset);
}

#endif
