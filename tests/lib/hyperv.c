/* SPDX-License-Identifier: MIT */
/*
 * Detection, set-up and the C side of hypercalls. One hypercall page serves all CPUs, as it does
 * in a guest.
 */
#include "tests/lib/hyperv.h"

#include "tests/lib/report.h"
#include "lib/string.h"

#define CPUID1_HYPERVISOR BIT(31)
#define VENDOR_EBX	  0x7263694d /* "Micr" "osof" "t Hv" */
#define VENDOR_ECX	  0x666f736f
#define VENDOR_EDX	  0x76482074
#define GATE32		  0x00008e0000000000ull

/* Order known to hyperv.S. */
struct hv_regs32 {
	u32 eax, ebx, ecx, edx, esi, edi, target, legacy;
	exinfo_t ex;
};

u8 *hv_page;
extern u64 idt32[32], idt32_handlers[2];
void hv_call32_raw(struct hv_regs32 *regs);

bool hv_present(void)
{
	struct cpuid_regs r = cpuid(HV_LEAF_MAX, 0);

	return cpuid(1, 0).ecx & CPUID1_HYPERVISOR && r.ebx == VENDOR_EBX && r.ecx == VENDOR_ECX &&
	       r.edx == VENDOR_EDX;
}

void hv_require(void)
{
	if (!hv_present()) {
		report_skip("no \"Microsoft Hv\" here");
		report_exit();
	}
}

void hv_enable(void)
{
	if (!hv_page) {
		hv_page = page_alloc();
	}
	wrmsr(HV_MSR_GUEST_OS_ID, HV_OS_ID_PAYLOADS);
	wrmsr(HV_MSR_HYPERCALL, phys(hv_page) | HV_PAGE_ENABLE);
}

u64 hv_call(u64 control, u64 input, u64 output)
{
	struct hv_regs regs = { .rcx = control, .rdx = input, .r8 = output };

	hv_call_regs(&regs);
	return regs.rax;
}

u64 hv_call_fast(u64 control, const u64 *words, unsigned int count)
{
	struct hv_regs regs = { .rcx = control | HV_FAST };

	regs.rdx = words[0];
	regs.r8 = count > 1 ? words[1] : 0;
	for (unsigned int i = 2; i < count; i++) {
		regs.xmm[i - 2] = words[i];
	}
	hv_call_regs(&regs);
	return regs.rax;
}

u64 hv_call_memory(u64 control, const u64 *words, unsigned int count, u64 output)
{
	static u64 *input[MAX_CPUS];
	unsigned int cpu = this_cpu()->index;

	if (!input[cpu]) {
		input[cpu] = page_alloc();
	}
	memcpy(input[cpu], words, count * sizeof(u64));
	return hv_call(control, phys(input[cpu]), output);
}

static void prepare_idt32(void)
{
	static const u8 vectors[] = { VEC_UD, VEC_GP };

	for (unsigned int i = 0; i < ARRAY_SIZE(vectors); i++) {
		u64 at = idt32_handlers[i];

		idt32[vectors[i]] =
			(at & 0xffff) | (u64)SEL_CODE32 << 16 | GATE32 | (at >> 16) << 48;
	}
}

static void call32(void *arg)
{
	hv_call32_raw(arg);
}

u64 hv_call32(u64 control, u64 input, u64 output, bool legacy, exinfo_t *ex)
{
	struct hv_regs32 regs = { .edx = high32(control),
				  .eax = low32(control),
				  .ebx = high32(input),
				  .ecx = low32(input),
				  .edi = high32(output),
				  .esi = low32(output),
				  .target = (u32)phys(hv_page),
				  .legacy = legacy };

	prepare_idt32();
	/* In compatibility mode the 64-bit IDT serves, and the guard ends the call. */
	exinfo_t guarded = guard_call(call32, &regs);

	*ex = guarded != EXINFO_NONE ? guarded : regs.ex;
	return make64(regs.edx, regs.eax);
}
