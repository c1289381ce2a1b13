/* SPDX-License-Identifier: MIT */
/*
 * Row 1.7-13: each field that L1 is offered keeps what is written in its width, and the high half
 * of a 64-bit field is a field of its own, for reads and for writes.
 */
#include "tests/lib/evmcs.h"
#include "tests/lib/payload.h"
#include "tests/lib/vmx_l2.h"

const char test_title[] = "VMREAD and VMWRITE of every field";

#define WIDTH(field) ((field) >> 13 & 3) /* 16, 64, 32 bits, natural [SDM "VMCS Fields"] */
#define TYPE(field)  ((field) >> 10 & 3) /* control, read-only, guest, host */
#define READ_ONLY    1
#define INDEX_MAX    0x40

static const u64 mask_of_width[] = { 0xffff, ~0ull, 0xffffffff, ~0ull };
static const u64 patterns[] = { 0, ~0ull, 0x5555aaaa3333ccccull, 0x8000000080008001ull };

static struct vmx_l2 l2;

/* Fields of controls that are not offered need not be there, so all are asked. */
static void whole(u32 field)
{
	u64 v = 0, mask = mask_of_width[WIDTH(field)];

	/* Access rights keep only bits that mean something, at the processor's choice. */
	if (field >= GUEST_ES_AR && field <= GUEST_TR_AR) {
		mask = 0x1f0ff;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(patterns); i++) {
		u64 want = patterns[i] & mask;

		check_ex("1.7-13 VMWRITE", vmwrite(field, patterns[i]), EXINFO_NONE);
		check_ex("1.7-13 VMREAD", vmread_to(field, &v), EXINFO_NONE);
		check((v & (mask | ~mask_of_width[WIDTH(field)])) == want,
		      "1.7-13 field 0x%x: wrote 0x%lx, reads 0x%lx", field, patterns[i], v);
	}
}

static void halves(u32 field)
{
	u64 v = 0;

	check_ex("1.7-13 VMWRITE", vmwrite(field, 0x1111111122222222ull), EXINFO_NONE);
	check_ex("1.7-13 VMREAD, high", vmread_to(field | 1, &v), EXINFO_NONE);
	check(v == 0x11111111, "1.7-13 high half of 0x%x reads 0x%lx", field, v);
	check_ex("1.7-13 VMWRITE, high", vmwrite(field | 1, 0x3333333344444444ull), EXINFO_NONE);
	check(vmread(field) == 0x4444444422222222ull,
	      "1.7-13 field 0x%x after its high half: 0x%lx", field, vmread(field));
}

static unsigned int fields_of(u32 kind)
{
	unsigned int found = 0;

	for (u32 field = kind; field < kind + 2 * INDEX_MAX; field += 2) {
		u64 v = 0;
		exinfo_t ex = vmread_to(field, &v);

		if (ex != EXINFO_NONE) {
			check_ex("1.7-13 no such field", ex, VMFAIL_VALID(12));
			check_ex("1.7-13 no such field", vmwrite(field, 0), VMFAIL_VALID(12));
			continue;
		}
		found++;
		if (TYPE(field) != READ_ONLY) {
			whole(field);
			if (WIDTH(field) == 1) {
				halves(field);
			}
		}
		if (WIDTH(field) != 1) {
			check_ex("1.7-13 high half of no 64-bit field", vmread_to(field | 1, &v),
				 VMFAIL_VALID(12));
		}
	}
	return found;
}

/* All that the framework knows and a guest on an enlightened VMCS would have. */
static void offered(void)
{
	static const u32 fields[] = {
#define EVMCS(field, offset, size, group) field,
#include "tests/lib/evmcs.def"
#undef EVMCS
	};
	u64 v;

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		check(vmread_to(fields[i], &v) == EXINFO_NONE, "1.7-13 there is no field 0x%x",
		      fields[i]);
		check((fields[i] & 0x3fe) >> 1 <= FIELD_GET(GENMASK(9, 1), rdmsr(MSR_VMX_ENUM)),
		      "1.7-13 VMX_VMCS_ENUM is below field 0x%x", fields[i]);
	}
}

void test_main(void)
{
	unsigned int found = 0;

	vmx_require();
	vmx_l2_init(&l2);
	offered();
	for (u32 width = 0; width < 4; width++) {
		for (u32 type = 0; type < 4; type++) {
			found += fields_of(width << 13 | type << 10);
		}
	}
	check(found > 100, "only %u fields", found);
	report_success();
}
