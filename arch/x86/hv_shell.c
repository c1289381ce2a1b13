/* SPDX-License-Identifier: MIT */
/* The shell around hv/. Partition-wide state changes under one lock. */
#include "arch/x86/hv_shell.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/memory.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/shootdown.h"
#include "arch/x86/slat01.h"
#include "arch/x86/time.h"
#include "arch/x86/vendor.h"
#include "hv/cpuid.h"
#include "hv/msr.h"
#include "lib/spinlock.h"
#include "lib/string.h"

#define CRASH_LINE 120

static struct hv_policy policy;
static struct hv_platform platform;
static struct hv_partition partition;
static struct spinlock lock;

/* Hypercall page and reference TSC page; the assist pages are L1's own RAM. */
u8 *hv_shell_contents[2];
u64 hv_shell_shown[2] = { HV_OVERLAY_OFF, HV_OVERLAY_OFF };

static bool gpa_is_ram(const void *ctx __maybe_unused, u64 gpa)
{
	return memmap_covers_ram(memory_l1_map(), gpa & PAGE_MASK, PAGE_SIZE);
}

static void warn(void *ctx __maybe_unused, const struct hv_warning *warning)
{
	log_warn("hv=: %.*s: %s%s%s", (int)warning->length, warning->word,
		 hv_warning_text(warning->kind), warning->other ? ": " : "",
		 warning->other ? warning->other : "");
}

static void fill_platform(u32 vps)
{
	u32 regs[4];

	cpuid(0x80000008, 0, regs);
	platform = (struct hv_platform){
		.vps = vps,
		.physical_address_bits = regs[0] & 0xff,
		.virtual_address_bits = 48,
		.max_gpa = BIT(regs[0] & 0xff),
		.tsc_hz = time_tsc_hz(),
		.apic_hz = time_apic_hz(),
		.frequencies_exact = time_is_exact(),
		.tsc_invariant = time_tsc_is_invariant(),
		.xmm_input = true,
		.evmcs = vendor->evmcs,
		.emsr_bitmap = vendor->emsr_bitmap,
		.gpa_is_ram = gpa_is_ram,
	};
	memcpy(platform.hypercall_insn, vendor->hypercall_insn, sizeof(platform.hypercall_insn));
}

bool hv_shell_init(const char *option, u32 vps)
{
	fill_platform(vps);
	hv_policy_parse(&policy, option, warn, NULL);
	hv_policy_constrain(&policy, &platform, warn, NULL);
	hv_partition_init(&partition, &policy, &platform, rdtsc());
	hv_shell_contents[0] = memory_alloc(PAGE_SIZE);
	hv_shell_contents[1] = memory_alloc(PAGE_SIZE);
	if (!hv_shell_contents[0] || !hv_shell_contents[1]) {
		return false;
	}
	hv_hypercall_page_fill(&platform, hv_shell_contents[0]);
	hv_ref_time_fill_page(&partition.clock, 1, (void *)hv_shell_contents[1]);
	return true;
}

bool hv_shell_offers(void)
{
	return hv_policy_offers(&policy);
}

bool hv_shell_has_evmcs(void)
{
	return hv_policy_has(&policy, HV_HINTS_EAX, HV_USE_EVMCS);
}

bool hv_shell_has_emsr_bitmap(void)
{
	return hv_policy_has(&policy, HV_NESTED_EAX, HV_NESTED_ENLIGHTENED_MSR_BITMAP);
}

void hv_shell_cpuid(u32 leaf, u32 subleaf, u32 regs[4])
{
	hv_cpuid(&policy, &platform, leaf, subleaf, regs);
}

/* MSRs */

/* True: something of ours was shown there, and is taken for gone. */
static bool unshow(u64 gpa)
{
	bool was = false;

	for (u32 i = 0; i < ARRAY_SIZE(hv_shell_shown); i++) {
		if (hv_shell_shown[i] == gpa) {
			__atomic_store_n(&hv_shell_shown[i], HV_OVERLAY_OFF, __ATOMIC_SEQ_CST);
			was = true;
		}
	}
	return was;
}

static void show_page(const struct hv_overlay_view *view)
{
	bool was = unshow(view->gpa);
	bool done = true;
	u32 which = view->kind == HV_OVERLAY_REFERENCE_TSC;

	if (view->kind == HV_OVERLAY_HYPERCALL || view->kind == HV_OVERLAY_REFERENCE_TSC) {
		__atomic_store_n(&hv_shell_shown[which], view->gpa, __ATOMIC_SEQ_CST);
		done = slat01_overlay(view->gpa, heap_spa(hv_shell_contents[which]),
				      PT_READ | PT_EXEC);
	} else if (was) {
		/* The assist page is L1's own memory: nothing is laid over it. */
		done = slat01_restore(view->gpa);
	}
	if (!done) {
		log_limited(LOG_WARN, "no memory for the overlay page at %llx",
			    (unsigned long long)view->gpa);
	}
}

/* A crash that is reported over and over is logged so often and no more. */
#define CRASHES_LOGGED 8

/* The panic text of L1: one page of its log at most, line by line. */
static void log_crash(const struct hv_effects *effects)
{
	static char text[PAGE_SIZE + 1];
	u32 len = effects->crash_length;
	u32 start = 0;
	static u32 crashes;

	if (crashes++ >= CRASHES_LOGGED) {
		return;
	}
	log_error("L1 reports a crash: %llx %llx %llx %llx %llx",
		  (unsigned long long)partition.crash_p[0],
		  (unsigned long long)partition.crash_p[1],
		  (unsigned long long)partition.crash_p[2],
		  (unsigned long long)partition.crash_p[3],
		  (unsigned long long)partition.crash_p[4]);
	if (!len || len > PAGE_SIZE || !l1_read(effects->crash_gpa, text, len)) {
		return;
	}
	for (u32 i = 0; i <= len; i++) {
		if (i == len || text[i] == '\n' || i - start == CRASH_LINE) {
			if (i > start) {
				log_error("L1: %.*s", (int)(i - start), text + start);
			}
			start = i < len && text[i] == '\n' ? i + 1 : i;
		}
	}
}

enum outcome hv_shell_rdmsr(struct vcpu *v, u32 msr, u64 *value)
{
	u64 tsc = rdtsc() + v->tsc_offset;
	enum hv_msr_result result = hv_msr_read(&partition, &v->hv, tsc, msr, value);

	return result == HV_MSR_OK ? OUTCOME_NEXT : OUTCOME_GP;
}

enum outcome hv_shell_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
	struct hv_effects effects;
	enum hv_msr_result result;

	spin_lock(&lock);
	result = hv_msr_write(&partition, &v->hv, msr, value, &effects);
	for (u32 i = 0; result == HV_MSR_OK && i < effects.pages; i++) {
		show_page(&effects.page[i]);
	}
	if (result == HV_MSR_OK && effects.crash) {
		log_crash(&effects);
	}
	spin_unlock(&lock);
	if (result == HV_MSR_OK && effects.reset) {
		power_l1_reset("HV_X64_MSR_RESET");
		power_finish(PANIC_THEN_REBOOT);
	}
	return result == HV_MSR_OK ? OUTCOME_NEXT : OUTCOME_GP;
}

/* Hypercalls */

static bool read_l1(void *ctx __maybe_unused, u64 gpa, void *buf, size_t len)
{
	const u8 *overlay = hv_shell_overlay(gpa);

	if (unlikely(overlay)) {
		memcpy(buf, overlay + (gpa & ~PAGE_MASK), len);
		return true;
	}
	return l1_read(gpa, buf, len);
}

static bool write_l1(void *ctx __maybe_unused, u64 gpa, const void *buf, size_t len)
{
	return !hv_shell_overlay(gpa) && l1_write(gpa, buf, len);
}

/* The guest's XMM registers are live: Plinth is built not to touch them. */
static void read_xmm(void *ctx __maybe_unused, u32 count, u64 *buf)
{
	u64 all[12];

	__asm__ volatile("movups %%xmm0, 0(%0)\n movups %%xmm1, 16(%0)\n movups %%xmm2, 32(%0)\n"
			 "movups %%xmm3, 48(%0)\n movups %%xmm4, 64(%0)\n movups %%xmm5, 80(%0)\n"
			 :
			 : "r"(all)
			 : "memory");
	memcpy(buf, all, count * 16);
}

static const struct hv_hypercall_io io = { .read = read_l1,
					   .write = write_l1,
					   .read_xmm = read_xmm };

static void carry_out(struct vcpu *v, const struct hv_hypercall_result *result)
{
	if (result->effect == HV_EFFECT_YIELD) {
		cpu_pause();
	}
	if (result->effect != HV_EFFECT_FLUSH) {
		return;
	}
	if (result->flush.whole) {
		v->cpu->stats.flush_space++;
	} else {
		v->cpu->stats.flush_list++;
	}
	trace_event(&v->cpu->trace, TRACE_KVM_HV_FLUSH_TLB, TRACE_L1, result->flush.pages,
		    result->flush.address_space, result->flush.targets.bank[0]);
	shootdown_vps(&result->flush.targets);
}

enum outcome hv_shell_hypercall(struct vcpu *v, const struct hv_caller *caller)
{
	struct hv_hypercall_result result;
	struct hv_hypercall_regs regs = {
		.rax = v->gpr[GPR_RAX],
		.rbx = v->gpr[GPR_RBX],
		.rcx = v->gpr[GPR_RCX],
		.rdx = v->gpr[GPR_RDX],
		.rsi = v->gpr[GPR_RSI],
		.rdi = v->gpr[GPR_RDI],
		.r8 = v->gpr[GPR_R8],
	};

	hv_hypercall(&partition, &v->hv, caller, &regs, &io, &result);
	if (result.action == HV_HYPERCALL_UD) {
		return OUTCOME_UD;
	}
	v->cpu->stats.hypercalls++;
	stats_count_call(&v->cpu->stats, STATS_L1, result.code);
	carry_out(v, &result);
	if (result.writes & HV_WRITES_RAX) {
		v->gpr[GPR_RAX] = result.rax;
	}
	if (result.writes & HV_WRITES_RCX) {
		v->gpr[GPR_RCX] = result.rcx;
	}
	if (result.writes & HV_WRITES_RDX) {
		v->gpr[GPR_RDX] = result.rdx;
	}
	return result.action == HV_HYPERCALL_CONTINUE ? OUTCOME_AGAIN : OUTCOME_NEXT;
}
