/* SPDX-License-Identifier: MIT */
/* VMX on a machine and on a CPU: what is required, what all VPs share, switching it on. */
#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/io.h"
#include "arch/x86/memory.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/slat01.h"
#include "arch/x86/vendor.h"
#include "arch/x86/vmx/dump.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/nested.h"
#include "arch/x86/vmx/vmcs01.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/guest_walk.h"

#define CPUID_VENDOR_INTEL 0x756e6547u /* "Genu" */

/* [SDM "VPID and EPT Capabilities"]: four levels, write-back, 2 MiB pages, INVEPT of all contexts
 */
#define EPT_NEEDED (EPT_CAP_WALK_4 | EPT_CAP_WB | EPT_CAP_2M | EPT_CAP_INVEPT | EPT_CAP_INVEPT_ALL)
/* and INVVPID of one VPID: L2's flushes are paid by it */
#define VPID_NEEDED (VPID_CAP_INVVPID | VPID_CAP_SINGLE)

struct vmx_machine vmx_machine;

static const u8 vmcall_insn[3] = { 0x0f, 0x01, 0xc1 };

static bool vmx_is_present(void)
{
	u32 regs[4];

	cpuid(0, 0, regs);
	return regs[1] == CPUID_VENDOR_INTEL;
}

static u64 read_or_0(u32 msr)
{
	u64 value;

	return rdmsr_safe(msr, &value) ? value : 0;
}

/* Firmware decides, unless it left the decision open. False: it decided against VMX. */
static bool open_feature_control(void)
{
	u64 control = read_or_0(MSR_FEATURE_CONTROL);

	if (!(control & FEATURE_CONTROL_LOCK)) {
		control |= FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
		return wrmsr_safe(MSR_FEATURE_CONTROL, control);
	}
	return control & FEATURE_CONTROL_VMX;
}

static const char *choose_controls(void)
{
	static char why[96];
	u64 msrs[VMX_WORDS];
	struct vmx_refusal refusal;

	for (unsigned int i = 0; i < VMX_WORDS; i++) {
		msrs[i] = read_or_0(vmx_controls_msr(i));
		vmx_machine.hardware[i].must = low32(msrs[i]);
		vmx_machine.hardware[i].may = high32(msrs[i]);
	}
	if (vmx_controls_choose(msrs, &vmx_machine.controls, &refusal)) {
		return NULL;
	}
	fmt_str(why, sizeof(why),
		refusal.missing ? "this CPU's VMX has no \"%s\": Plinth needs it"
				: "this CPU's VMX cannot do without \"%s\"",
		refusal.name);
	return why;
}

static void read_machine(void)
{
	struct vmx_machine *m = &vmx_machine;
	u32 regs[4];

	m->revision = low32(FIELD_GET(VMX_BASIC_REVISION_MASK, rdmsr(MSR_VMX_BASIC)));
	m->cr0_fixed = rdmsr(MSR_VMX_CR0_FIXED0) & ~(CR0_PE | CR0_PG);
	m->cr4_fixed = rdmsr(MSR_VMX_CR4_FIXED0);
	m->hw_cr0_fixed0 = rdmsr(MSR_VMX_CR0_FIXED0);
	m->hw_cr0_fixed1 = rdmsr(MSR_VMX_CR0_FIXED1);
	m->hw_cr4_fixed1 = rdmsr(MSR_VMX_CR4_FIXED1);
	m->offered = true;
	m->slat_1g = rdmsr(MSR_VMX_EPT_VPID_CAP) & EPT_CAP_1G;
	cpuid(0x80000008, 0, regs);
	m->maxphyaddr = regs[CPUID_EAX] & 0xff;
	cpuid(0x80000001, 0, regs);
	m->walk_model = regs[CPUID_EDX] & CPUID_80000001_EDX_1G ? 0 : GUEST_PAGING_NO_1G;
}

static const char *vmx_probe(void)
{
	const char *why;
	u32 regs[4];

	cpuid(1, 0, regs);
	if (!(regs[CPUID_ECX] & CPUID_1_ECX_VMX)) {
		return "this CPU has no VMX: Plinth needs VT-x (Bochs: model corei7_skylake_x)";
	}
	if (!open_feature_control()) {
		return "VMX is switched off by firmware: enable it there (often \"Intel "
		       "Virtualization Technology\")";
	}
	if (!(rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE_CTLS)) {
		return "this CPU's VMX has no TRUE controls: it cannot leave CR3 to L1";
	}
	why = choose_controls();
	if (why) {
		return why;
	}
	if ((rdmsr(MSR_VMX_EPT_VPID_CAP) & EPT_NEEDED) != EPT_NEEDED) {
		return "this CPU's EPT has no 4-level walk, write-back, 2 MiB pages or INVEPT";
	}
	if ((rdmsr(MSR_VMX_EPT_VPID_CAP) & VPID_NEEDED) != VPID_NEEDED) {
		return "this CPU has no INVVPID of a single VPID";
	}
	read_machine();
	return NULL;
}

/* In ascending order: which exist is told by those before. */
static void fill_caps(u64 cr4_valid)
{
	struct vmx_hw_caps hw = { 0 };

	for (u32 msr = MSR_VMX_BASIC; msr <= MSR_VMX_VMFUNC; msr++) {
		if (vmx_hw_caps_exists(&hw, msr)) {
			hw.msr[msr - MSR_VMX_BASIC] = read_or_0(msr);
		}
	}
	vmx_caps_init(&vmx_machine.caps, &hw, cr4_valid, vmx_machine.maxphyaddr);
}

static void read_l1_features(void)
{
	u32 regs[4];

	vmx_machine.cr4_l1 = cpuid_l1_cr4();
	fill_caps(vmx_machine.cr4_l1);
	cpuid_as_l1(1, 0, 0, regs);
	if (regs[CPUID_ECX] & CPUID_1_ECX_XSAVE) {
		cpuid_as_l1(0xd, 0, 0, regs);
		vmx_machine.xcr0_l1 = make64(regs[CPUID_EDX], regs[CPUID_EAX]);
	}
}

/* The VMCS exchanges these at each entry and exit, so that L1 may have the real ones. */
static void pass_exchanged_msrs(u8 *bitmap)
{
	static const u32 msrs[] = { MSR_EFER, MSR_PAT };

	for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++) {
		u32 offset = msrs[i] & 0x1fff;
		u32 byte = (msrs[i] >= 0xc0000000 ? 0x400 : 0) + offset / 8;
		u8 mask = (u8) ~(1u << offset % 8);

		bitmap[byte] &= mask;
		bitmap[0x800 + byte] &= mask;
	}
}

static void fill_io_bitmaps(void)
{
	for (u32 port = 0; port < 0x10000; port++) {
		u8 *bitmap = port < 0x8000 ? vmx_machine.io_bitmap_a : vmx_machine.io_bitmap_b;

		if (io_is_trapped(port)) {
			bitmap[port % 0x8000 / 8] |= (u8)BIT(port % 8);
		}
	}
}

static const char *vmx_machine_init(const struct vendor_config *config)
{
	struct vmx_machine *m = &vmx_machine;
	const struct cpuid_offer offer = {
		.hyperv = hv_shell_offers(),
		.x2apic = config->x2apic,
		.vmx = m->offered,
	};

	m->msr_bitmap01 = memory_alloc(PAGE_SIZE);
	m->io_bitmap_a = memory_alloc(PAGE_SIZE);
	m->io_bitmap_b = memory_alloc(PAGE_SIZE);
	if (!m->msr_bitmap01 || !m->io_bitmap_a || !m->io_bitmap_b ||
	    !vmx_nested_machine_init(config)) {
		return "too little memory for the bitmaps";
	}
	cpuid_init(&offer);
	msr_init(true, offer.hyperv, m->msr_bitmap01);
	pass_exchanged_msrs(m->msr_bitmap01);
	fill_io_bitmaps();
	read_l1_features();
	m->pool_pages = config->pool_pages;
	m->eptp01 = slat01_root() | EPTP_MEMTYPE_WB | FIELD_PREP(EPTP_WALK_MASK, EPTP_WALK_4);
	return NULL;
}

/* CR4.VMXE stays set only where it worked: vcpu_create asks that. */
static void vmx_cpu_enable(void)
{
	u32 *region = memory_alloc(PAGE_SIZE);
	u32 regs[4];

	cpuid(1, 0, regs);
	/* For XSETBV of L1 */
	write_cr4(read_cr4() | (regs[CPUID_ECX] & CPUID_1_ECX_XSAVE ? CR4_OSXSAVE : 0));
	/* Plinth's own tables use these entries. */
	wrmsr(MSR_PAT, PAT_RESET);
	if (!region || !open_feature_control()) {
		log_error("CPU %u: VMX is switched off by firmware", this_cpu()->id);
		return;
	}
	*region = vmx_machine.revision;
	write_cr0(read_cr0() | vmx_machine.cr0_fixed);
	write_cr4(read_cr4() | vmx_machine.cr4_fixed | CR4_VMXE);
	if (!vmxon(heap_spa(region))) {
		write_cr4(read_cr4() & ~CR4_VMXE);
		log_error("CPU %u: VMXON fails", this_cpu()->id);
	}
}

static struct vcpu *vmx_vcpu_create(struct percpu *cpu)
{
	struct vmx_vcpu *x = memory_alloc(sizeof(*x));
	u32 pages = vmx_machine.pool_pages;
	u8 *regions = memory_alloc(3 * PAGE_SIZE);
	u8 *pool = memory_alloc(pages * PAGE_SIZE);
	u32 *next = memory_alloc(pages * sizeof(u32));

	if (!(read_cr4() & CR4_VMXE) || !x || !regions || !pool || !next) {
		return NULL;
	}
	*(u32 *)regions = vmx_machine.revision;
	*(u32 *)(regions + PAGE_SIZE) = vmx_machine.revision;
	x->vmcs01_spa = heap_spa(regions);
	x->vmcs02_spa = heap_spa(regions + PAGE_SIZE);
	x->msr_bitmap02 = regions + 2 * PAGE_SIZE;
	memset(x->msr_bitmap02, 0xff, PAGE_SIZE);
	slat_init(&x->slat, pool, heap_spa(pool), next, pages);
	x->v.id = cpu->id;
	x->v.apic_id = cpu->apic_id;
	x->v.cpu = cpu;
	x->v.dfr = ~0u;
	x->v.apic_base = rdmsr(MSR_APIC_BASE);
	hv_vp_init(&x->v.hv, cpu->id);
	if (!vmx_nested_init(x)) {
		return NULL;
	}
	if (!vmcs01_init(x)) {
		log_error("CPU %u: the VMCS is refused", cpu->id);
		return NULL;
	}
	vcpus[cpu->id] = &x->v;
	return &x->v;
}

static void vmx_start_l1(struct vcpu *v, const struct l1_entry *entry)
{
	vmcs01_start_l1(vmx_of(v), entry);
}

static bool vmx_slat_has_1g(void)
{
	return vmx_machine.slat_1g;
}

const struct vendor_ops vmx_ops = {
	.name = "VMX",
	.is_present = vmx_is_present,
	.probe = vmx_probe,
	.slat_format = &pt_format_ept,
	.slat_has_1g = vmx_slat_has_1g,
	.evmcs = true,
	.emsr_bitmap = true,
	.hypercall_insn = vmcall_insn,
	.machine_init = vmx_machine_init,
	.cpu_enable = vmx_cpu_enable,
	.vcpu_create = vmx_vcpu_create,
	.start_l1 = vmx_start_l1,
	.run = vmx_run,
	.msr_read = vmx_msr_read,
	.msr_write = vmx_msr_write,
	.exit_index = vmx_exit_index,
	.exit_name = vmx_exit_name,
	.describe = vmx_describe,
};
