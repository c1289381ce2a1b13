/* SPDX-License-Identifier: MIT */
/* SVM on a machine and on a CPU: what is required, what all VPs share, switching it on. */
#include "arch/x86/svm/svm.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/io.h"
#include "arch/x86/lapic.h"
#include "arch/x86/memory.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/slat01.h"
#include "arch/x86/svm/dump.h"
#include "arch/x86/svm/exit_rows.h"
#include "arch/x86/svm/insn.h"
#include "arch/x86/svm/vmcb01.h"
#include "arch/x86/vendor.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/guest_walk.h"

#define CPUID_VENDOR_AMD   0x68747541u /* "Auth" */
#define CPUID_VENDOR_HYGON 0x6f677948u /* "Hygo" */
#define MIN_ASIDS	   (SVM_ASID_L2 + SLAT_SETS)

struct svm_machine svm_machine;

static const u8 vmmcall_insn[3] = { 0x0f, 0x01, 0xd9 };

static bool svm_is_present(void)
{
	u32 regs[4];

	cpuid(0, 0, regs);
	return regs[1] == CPUID_VENDOR_AMD || regs[1] == CPUID_VENDOR_HYGON;
}

static const char *svm_probe(void)
{
	u32 regs[4];
	u64 vm_cr = 0;

	cpuid(0x80000001, 0, regs);
	if (!(regs[2] & CPUID_80000001_ECX_SVM)) {
		return "this CPU has no SVM: Plinth needs AMD-V (QEMU: -cpu EPYC,+vgif or max)";
	}
	if (rdmsr_safe(MSR_VM_CR, &vm_cr) && (vm_cr & VM_CR_SVMDIS)) {
		return "SVM is switched off by firmware: enable it there (often \"SVM Mode\")";
	}
	cpuid(0x8000000a, 0, regs);
	if (!(regs[3] & SVM_FEATURE_NP)) {
		return "this CPU has no nested paging: Plinth needs it (QEMU: -cpu EPYC,+npt)";
	}
	if (regs[1] < MIN_ASIDS) {
		return "this CPU has too few ASIDs";
	}
	svm_machine.features = regs[3];
	svm_machine.asids = regs[1];
	cpuid(0x80000008, 0, regs);
	svm_machine.maxphyaddr = regs[0] & 0xff;
	cpuid(0x80000001, 0, regs);
	svm_machine.walk_model = GUEST_PAGING_AMD_G;
	if (!(regs[3] & CPUID_80000001_EDX_1G)) {
		svm_machine.walk_model |= GUEST_PAGING_NO_1G;
	}
	return NULL;
}

/* CR4 and EFER bits that a guest of L1 may set: by the CPUID bits that L1 sees. */
static void fill_entry_caps(void)
{
	u64 efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME | EFER_FFXSR;
	u32 regs[4];

	cpuid_as_l1(0x80000001, 0, 0, regs);
	if (regs[CPUID_ECX] & BIT(17)) {
		efer |= EFER_TCE;
	}
	svm_machine.efer_allowed = efer;
	svm_entry_caps_init(&svm_machine.entry_caps, svm_machine.maxphyaddr, cpuid_l1_cr4(), efer,
			    cpuid_l1_svm_features());
}

static const char *svm_machine_init(const struct vendor_config *config)
{
	struct svm_machine *m = &svm_machine;
	const struct cpuid_offer offer = {
		.hyperv = hv_shell_offers(),
		.x2apic = config->x2apic,
		.svm = true,
		.svm_features = m->features,
	};

	m->msrpm01 = memory_alloc(MSRPM_SIZE);
	m->iopm01 = memory_alloc(IOPM_SIZE);
	m->iopm_all = memory_alloc(IOPM_SIZE);
	if (!m->msrpm01 || !m->iopm01 || !m->iopm_all) {
		return "too little memory for the permission maps";
	}
	cpuid_init(&offer);
	memset(m->msrpm01, 0xff, MSRPM_SIZE);
	msr_init(false, offer.hyperv, m->msrpm01);
	m->pool_pages = config->pool_pages;
	memset(m->iopm_all, 0xff, IOPM_SIZE);
	m->iopm_all_spa = heap_spa(m->iopm_all);
	for (u32 port = 0; port < 0x10000; port++) {
		if (io_is_trapped(port)) {
			m->iopm01[port / 8] |= (u8)BIT(port % 8);
		}
	}
	fill_entry_caps();
	return NULL;
}

static void svm_cpu_enable(void)
{
	void *hsave = memory_alloc(PAGE_SIZE);

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, hsave ? heap_spa(hsave) : 0);
	/* NPT01's memory types are entries of this, [APM "Combining Memory Types, MTRRs"]. */
	wrmsr(MSR_PAT, PAT_RESET);
	clgi();
}

static struct vcpu *svm_vcpu_create(struct percpu *cpu)
{
	struct svm_vcpu *s = memory_alloc(sizeof(*s));
	u32 pages = svm_machine.pool_pages;
	u8 *vmcbs = memory_alloc(4 * PAGE_SIZE);
	u8 *maps = memory_alloc(MSRPM_SIZE + IOPM_SIZE);
	u8 *pool = memory_alloc(pages * PAGE_SIZE);
	u32 *next = memory_alloc(pages * sizeof(u32));

	if (!s || !vmcbs || !maps || !pool || !next) {
		return NULL;
	}
	s->vmcb01 = (struct vmcb *)vmcbs;
	s->vmcb02 = (struct vmcb *)(vmcbs + PAGE_SIZE);
	s->vmcb12 = (struct vmcb *)(vmcbs + 2 * PAGE_SIZE);
	s->v.entry_word[SVM_SPA_VMCB01] = heap_spa(s->vmcb01);
	s->vmcb02_spa = heap_spa(s->vmcb02);
	s->v.entry_word[SVM_SPA_HOST] = heap_spa(vmcbs + 3 * PAGE_SIZE);
	s->msrpm02 = maps;
	s->iopm02 = maps + MSRPM_SIZE;
	memset(s->msrpm02, 0xff, MSRPM_SIZE);
	slat_init(&s->slat, pool, heap_spa(pool), next, pages);
	s->v.id = cpu->id;
	s->v.apic_id = cpu->apic_id;
	s->v.cpu = cpu;
	s->v.dfr = ~0u;
	s->v.apic_base = rdmsr(MSR_APIC_BASE);
	hv_vp_init(&s->v.hv, cpu->id);
	vmcb01_init(s, slat01_root());
	vmsave(s->v.entry_word[SVM_SPA_HOST]);
	vcpus[cpu->id] = &s->v;
	return &s->v;
}

static void svm_start_l1(struct vcpu *v, const struct l1_entry *entry)
{
	vmcb01_start_l1(svm_of(v), entry);
}

static bool svm_slat_has_1g(void)
{
	u32 regs[4];

	cpuid(0x80000001, 0, regs);
	return regs[3] & CPUID_80000001_EDX_1G;
}

static u32 svm_exit_index(u32 code)
{
	return SVM_EXIT_INDEX(code);
}

const struct vendor_ops svm_ops = {
	.name = "SVM",
	.is_present = svm_is_present,
	.probe = svm_probe,
	.slat_format = &pt_format_npt,
	.slat_has_1g = svm_slat_has_1g,
	.hypercall_insn = vmmcall_insn,
	.emsr_bitmap = true,
	.machine_init = svm_machine_init,
	.cpu_enable = svm_cpu_enable,
	.vcpu_create = svm_vcpu_create,
	.start_l1 = svm_start_l1,
	.run = svm_run,
	.msr_read = svm_msr_read,
	.msr_write = svm_msr_write,
	.exit_index = svm_exit_index,
	.exit_name = svm_exit_name,
	.describe = svm_describe,
};
