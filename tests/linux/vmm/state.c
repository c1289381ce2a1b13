/* SPDX-License-Identifier: MIT */
/* Cases: what a guest keeps in registers over exits and over the runs of another VP; its TSC. */
#include "tests/linux/vmm/cases.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "tests/linux/vmm/expect.h"
#include "tests/linux/vmm/world.h"

extern const char guest_fpu[], guest_avx[], guest_registers[], guest_tsc[];

#define CR4_OSXSAVE BIT(18)
#define MSR_TSC	    0x10

enum {
	LOOPS = 300,
	VECTORS = 16,
	FXSAVE_FCW = 0,
	FXSAVE_MXCSR = 24,
	FXSAVE_ST0 = 32,
	FXSAVE_XMM0 = 160,
	INTERLEAVES = 50,
	TSC_READINGS = 50,
};

/* The guest's registers must not be what the VMM's own code leaves in the CPU. */
static void spoil_registers(void)
{
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\t"
			 "pcmpeqd %%xmm3, %%xmm3\n\t"
			 "pcmpeqd %%xmm7, %%xmm7\n\t"
			 "pcmpeqd %%xmm15, %%xmm15\n\t"
			 "fninit\n\t"
			 "fldz"
			 :
			 :
			 : "xmm0", "xmm3", "xmm7", "xmm15", "st");
	__asm__ volatile("fstp %%st(0)" : : : "st");
}

static void serve_exits(struct vp *vp)
{
	for (int i = 0; i < LOOPS; i++) {
		expect_io(vp, KVM_EXIT_IO_OUT, PORT_TEXT, 1, 1);
		spoil_registers();
	}
}

static void fill_pattern(u8 *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bytes[i] = (u8)(i * 29 + i / 16 + 3);
	}
}

static void check_fxsave(const u8 *image, const u8 *xmm, const u8 *l2e)
{
	u32 mxcsr;
	u16 fcw;

	memcpy(&mxcsr, image + FXSAVE_MXCSR, sizeof(mxcsr));
	memcpy(&fcw, image + FXSAVE_FCW, sizeof(fcw));
	CHECK(mxcsr == 0x5f80, "MXCSR is %#x", mxcsr);
	CHECK(fcw == 0x27f, "FCW is %#x", fcw);
	CHECK(memcmp(image + FXSAVE_ST0, l2e, 10) == 0, "ST(0) has changed");
	for (int i = 0; i < VECTORS; i++) {
		CHECK(memcmp(image + FXSAVE_XMM0 + i * 16, xmm + i * 16, 16) == 0,
		      "XMM%d has changed", i);
	}
}

void case_fpu(void)
{
	static const u8 l2e[10] = { 0xbc, 0xf0, 0x17, 0x5c, 0x29, 0x3b, 0xaa, 0xb8, 0xff, 0x3f };
	struct vp *vp = world_single(WORLD_LONG, guest_fpu);
	u8 *buffer = vp_report(vp)->buffer;
	u8 xmm[VECTORS * 16];
	struct kvm_fpu fpu;

	fill_pattern(xmm, sizeof(xmm));
	memcpy(buffer, xmm, sizeof(xmm));
	expect_step(vp, 1);
	KVM(vp->fd, KVM_GET_FPU, &fpu);
	CHECK(memcmp(fpu.xmm, xmm, sizeof(xmm)) == 0, "the VMM sees other XMM registers");
	CHECK(memcmp(fpu.fpr[0], l2e, sizeof(l2e)) == 0, "the VMM sees another ST(0)");
	serve_exits(vp);
	expect_step(vp, 2);
	check_fxsave(buffer, xmm, l2e);
	memset(xmm + 3 * 16, 0x33, 16);
	memcpy(fpu.xmm, xmm, sizeof(xmm));
	KVM(vp->fd, KVM_SET_FPU, &fpu);
	expect_step(vp, 3);
	check_fxsave(buffer, xmm, l2e);
	expect_exit(vp, KVM_EXIT_HLT);
}

static bool kvm_has_avx(struct vm *vm)
{
	struct kvm_cpuid_entry2 *entry;
	struct cpuid_table table;

	vm_get_cpuid(vm, &table);
	entry = cpuid_find(&table, 1, 0);
	return entry && (entry->ecx & BIT(28));
}

void case_avx(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_avx);
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0] = { .xcr = 0, .value = 7 } };
	u8 *buffer = vp_report(vp)->buffer;
	u8 ymm[VECTORS * 32];
	struct kvm_sregs sregs;

	NEED(vp->vm, KVM_CAP_XCRS);
	if (!kvm_has_avx(vp->vm)) {
		case_skip("this KVM offers no AVX");
	}
	KVM(vp->fd, KVM_GET_SREGS, &sregs);
	sregs.cr4 |= CR4_OSXSAVE;
	KVM(vp->fd, KVM_SET_SREGS, &sregs);
	KVM(vp->fd, KVM_SET_XCRS, &xcrs);
	fill_pattern(ymm, sizeof(ymm));
	memcpy(buffer, ymm, sizeof(ymm));
	expect_step(vp, 1);
	memset(buffer, 0, sizeof(ymm));
	serve_exits(vp);
	expect_step(vp, 2);
	for (int i = 0; i < VECTORS; i++) {
		CHECK(memcmp(buffer + i * 32, ymm + i * 32, 32) == 0, "YMM%d has changed", i);
	}
	check_result(vp, 0, 7, "XCR0");
	expect_exit(vp, KVM_EXIT_HLT);
}

/* Two VPs take turns on one CPU; neither may find the other's registers. */
void case_registers(void)
{
	static const u64 seeds[] = { 0x01010101, 0x00fedcb3 };
	struct vm *vm = world_create(false);

	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct vp *vp = world_add_vp(vm, WORLD_LONG, guest_registers);

		vp_report(vp)->result[2] = seeds[i];
	}
	for (int round = 0; round < INTERLEAVES; round++) {
		for (unsigned int i = 0; i < vm->nr_vps; i++) {
			struct vp *vp = &vm->vps[i];

			expect_step(vp, 1);
			CHECK(vp_report(vp)->result[0] == 0,
			      "round %d: register number %llu of VP %u has changed", round,
			      (unsigned long long)vp_report(vp)->result[1], i);
			spoil_registers();
		}
	}
}

/* One reading of the guest's TSC, and L1's own before and after it. */
struct reading {
	u64 before;
	u64 tsc;
	u64 msr;
	u64 after;
};

static struct reading read_tsc(struct vp *vp)
{
	struct report *report = vp_report(vp);
	struct reading reading;

	reading.before = __rdtsc();
	expect_step(vp, 1);
	reading.after = __rdtsc();
	reading.tsc = report->result[0];
	reading.msr = report->result[1];
	CHECK(reading.msr >= reading.tsc, "RDMSR of the TSC gives less than RDTSC before it");
	return reading;
}

/* Without scaling the guest's clock runs as L1's does, whatever its offset. */
static void check_rate(struct vp *vp)
{
	struct reading first = read_tsc(vp);
	struct reading second;
	u64 passed;

	usleep(50000);
	second = read_tsc(vp);
	passed = second.tsc - first.tsc;
	CHECK(passed >= second.before - first.after && passed <= second.after - first.before,
	      "%llu ticks passed for the guest, %llu to %llu for L1", (unsigned long long)passed,
	      (unsigned long long)(second.before - first.after),
	      (unsigned long long)(second.after - first.before));
}

/* The TSC has just been set to `value`, after L1's own was `start`. */
static void check_from(struct vp *vp, u64 value, u64 start, const char *who)
{
	struct reading reading = read_tsc(vp);

	CHECK(reading.tsc >= value && reading.tsc - value <= reading.after - start,
	      "%s set the TSC to %#llx, then it is %#llx", who, (unsigned long long)value,
	      (unsigned long long)reading.tsc);
}

void case_tsc(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_tsc);
	struct report *report = vp_report(vp);
	u64 value = BIT(40);
	u64 last = 0;
	u64 start;

	vm_stay_on_cpu();
	for (int i = 0; i < TSC_READINGS; i++) {
		u64 tsc = read_tsc(vp).tsc;
		u64 seen = vp_get_msr(vp, MSR_TSC);

		CHECK(tsc > last && seen > tsc, "the TSC went from %llu to %llu to %llu",
		      (unsigned long long)last, (unsigned long long)tsc, (unsigned long long)seen);
		last = seen;
	}
	start = __rdtsc();
	vp_set_msr(vp, MSR_TSC, value);
	check_from(vp, value, start, "the VMM");
	report->result[2] = 1;
	report->result[3] = 2 * value;
	start = __rdtsc();
	check_from(vp, 2 * value, start, "the guest");
}

/* Linux lists the clock source only while it trusts it. */
static bool l1_trusts_tsc(void)
{
	FILE *file =
		fopen("/sys/devices/system/clocksource/clocksource0/available_clocksource", "re");
	char word[64];
	bool found = false;

	if (!file) {
		return false;
	}
	while (!found && fscanf(file, "%63s", word) == 1) {
		found = strcmp(word, "tsc") == 0;
	}
	fclose(file);
	return found;
}

void case_tsc_rate(void)
{
	struct vp *vp = world_single(WORLD_LONG, guest_tsc);

	if (!l1_trusts_tsc()) {
		case_skip("L1 calls its TSC unstable; its KVM then stops the guest's between runs");
	}
	vm_stay_on_cpu();
	check_rate(vp);
	vp_set_msr(vp, MSR_TSC, BIT(40));
	check_rate(vp);
}
