/* SPDX-License-Identifier: MIT */
/* Fields of the enlightened VMCS by table, and one assist page for each CPU. */
#include "tests/lib/evmcs.h"

#include "tests/lib/report.h"
#include "tests/lib/vmx_l2.h"
#include "lib/string.h"

#define HINT_EVMCS     BIT(14)
#define ASSIST_ENABLE  BIT(0)
#define VERSION_LOW    0xff
#define GROUPS	       16
#define HOST_RSP_GROUP 13

static const struct row {
	u32 field;
	u16 offset;
	u8 size, group;
} rows[] = {
#define EVMCS(field, offset, size, group) { field, offset, size, group },
#include "tests/lib/evmcs.def"
#undef EVMCS
};

static u8 *pages[MAX_CPUS];

u8 *assist_page(void)
{
	u8 **page = &pages[this_cpu()->index];

	if (!*page) {
		*page = page_alloc();
		wrmsr(HV_MSR_VP_ASSIST_PAGE, phys(*page) | ASSIST_ENABLE);
	}
	return *page;
}

bool evmcs_offered(void)
{
	return hv_present() && cpuid(HV_LEAF_MAX, 0).eax >= HV_LEAF_NESTED &&
	       cpuid(HV_LEAF_HINTS, 0).eax & HINT_EVMCS &&
	       (cpuid(HV_LEAF_NESTED, 0).eax & VERSION_LOW) >= 1;
}

void evmcs_require(void)
{
	if (!evmcs_offered()) {
		report_skip("no enlightened VMCS here");
		report_exit();
	}
	if (!hv_page) {
		hv_enable();
	}
}

void evmcs_use(struct vmx_l2 *l2)
{
	evmcs_require();
	l2->evmcs = true;
}

void evmcs_load(void *evmcs)
{
	u8 *page = assist_page();

	if (*evmcs_u32(evmcs, 0) != EVMCS_REVISION) {
		memset(evmcs, 0, PAGE_SIZE);
		*evmcs_u32(evmcs, 0) = EVMCS_REVISION;
	}
	*(volatile u64 *)(page + ASSIST_CURRENT_VMCS) = phys(evmcs);
	*(volatile u8 *)(page + ASSIST_ENLIGHTEN_ENTRY) = 1;
}

void evmcs_unload(void)
{
	u8 *page = pages[this_cpu()->index];

	if (page) {
		*(volatile u8 *)(page + ASSIST_ENLIGHTEN_ENTRY) = 0;
		*(volatile u64 *)(page + ASSIST_CURRENT_VMCS) = 0;
	}
}

static const struct row *row_of(enum vmcs_field field)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].field == field) {
			return &rows[i];
		}
	}
	return NULL;
}

exinfo_t evmcs_get(void *evmcs, enum vmcs_field field, u64 *v)
{
	const struct row *r = row_of(field);

	if (!r) {
		return EXINFO_UD;
	}
	*v = 0;
	memcpy(v, (u8 *)evmcs + r->offset, r->size);
	return EXINFO_NONE;
}

exinfo_t evmcs_poke(void *evmcs, enum vmcs_field field, u64 v)
{
	const struct row *r = row_of(field);

	if (!r) {
		return EXINFO_UD;
	}
	memcpy((u8 *)evmcs + r->offset, &v, r->size);
	return EXINFO_NONE;
}

exinfo_t evmcs_set(void *evmcs, enum vmcs_field field, u64 v)
{
	const struct row *r = row_of(field);
	volatile u32 *clean = evmcs_u32(evmcs, EVMCS_CLEAN_FIELDS);

	if (r && r->group < GROUPS) {
		*clean &= ~(u32)BIT(r->group);
	} else if (r && r->group == GROUP_ALL) {
		*clean = 0;
	}
	return evmcs_poke(evmcs, field, v);
}

u64 *evmcs_host_rsp(void *evmcs)
{
	*evmcs_u32(evmcs, EVMCS_CLEAN_FIELDS) &= ~(u32)BIT(HOST_RSP_GROUP);
	return (u64 *)((u8 *)evmcs + row_of(HOST_RSP)->offset);
}
