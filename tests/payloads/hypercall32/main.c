/* SPDX-License-Identifier: MIT */
/*
 * 32-bit code passes a hypercall in EDX:EAX, EBX:ECX, EDI:ESI and gets the result in EDX:EAX, in
 * protected mode without paging and in compatibility mode; in real mode the instruction is #UD.
 */
#include "tests/lib/apic.h"
#include "tests/lib/hyperv.h"
#include "tests/lib/payload.h"
#include "tests/lib/smp.h"

const char test_title[] = "hypercalls from 32-bit and from real mode";

#define REAL_PAGE 0x60000
#define REAL_NONE 0
#define REAL_UD	  0x7d

static const u64 block[] = { 0, HV_ALL_PROCESSORS | HV_ALL_ADDRESS_SPACES, 0, 0x200000, 0x201000 };

static const struct row {
	const char *name;
	u64 control, result;
	bool fast;
} rows[] = {
	{ "flush of a space", HV_FLUSH_SPACE, HV_SUCCESS, false },
	{ "flush of a list", HV_FLUSH_LIST | HV_REPS(2), HV_RESULT(HV_SUCCESS, 2), false },
	{ "list with its start behind", HV_FLUSH_LIST | HV_REPS(2) | HV_START(2), HV_INVALID_INPUT,
	  false },
	{ "reserved bit 63", HV_FLUSH_SPACE | BIT(63), HV_INVALID_INPUT, false },
	{ "unknown code", 0xbeef, HV_INVALID_CODE, false },
	{ "fast call of a refused code", HV_SIGNAL_EVENT | HV_FAST, HV_ACCESS_DENIED, true },
};

static void calls(bool legacy)
{
	u64 *input = page_alloc();
	exinfo_t ex;

	memcpy(input, block, sizeof(block));
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		u64 result = hv_call32(r->control, r->fast ? ~0ull : phys(input),
				       r->fast ? ~0ull : 0, legacy, &ex);

		check_ex(r->name, ex, EXINFO_NONE);
		check(result == r->result, "%s in %s mode: 0x%lx, want 0x%lx", r->name,
		      legacy ? "protected" : "compatibility", result, r->result);
	}
	check_eq("unaligned input", hv_call32(HV_FLUSH_SPACE, phys(input) + 4, 0, legacy, &ex),
		 HV_INVALID_ALIGNMENT);
	check_eq("input above 4 GiB in no memory",
		 hv_call32(HV_FLUSH_SPACE, BIT(40), 0, legacy, &ex), HV_INVALID_INPUT);
}

/* Another CPU starts here; its #UD vector and its verdict are on the same page. */
asm(".pushsection .rodata; .code16\n"
    "real:	cli; mov %cs, %ax; mov %ax, %ds; mov %ax, %ss; mov $0xff0, %sp\n"
    "	lidtl real_idt - real\n"
    "	mov $2, %ecx; xor %edx, %edx; vmmcall\n"
    "	movb $0xa1, real_result - real\n"
    "1:	hlt; jmp 1b\n"
    "real_ud: movb $0x7d, %cs:real_result - real\n"
    "2:	hlt; jmp 2b\n"
    "real_result: .byte 0\n"
    "	.balign 4\n"
    "real_ivt: .fill 6, 4, 0; .word real_ud - real, 0x60000 >> 4\n"
    "real_idt: .word 27; .long 0x60000 + real_ivt - real\n"
    "real_end:	.code64; .popsection");
extern const char real[], real_result[], real_end[];

static void real_mode(void)
{
	volatile u8 *result = (volatile u8 *)(REAL_PAGE + (uintptr_t)(real_result - real));

	memcpy((void *)REAL_PAGE, real, (size_t)(real_end - real));
	smp_send_sipi(cpus[1].apic_id, 0, REAL_PAGE >> 12);
	check(WAIT_FOR(*result != REAL_NONE), "the CPU in real mode does not answer");
	check_eq("the call in real mode", *result, REAL_UD);
	check(smp_start_one(cpus[1].apic_id, TRAMPOLINE_PAGE >> 12), "the CPU does not come back");
}

void test_main(void)
{
	hv_require();
	hv_enable();
	calls(false);
	calls(true);
	if (smp_start_all() > 1) {
		real_mode();
	}
	report_success();
}
