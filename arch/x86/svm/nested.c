/* SPDX-License-Identifier: MIT */
/*
 * L2: entering it by L1's VMRUN, and what becomes of its exits. The pure parts (checks, merge,
 * reflection) have files of their own; this one moves their images to and from the hardware.
 */
#include "arch/x86/svm/svm.h"

#include "arch/x86/asm.h"
#include "arch/x86/console.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/hv_shell.h"
#include "arch/x86/io.h"
#include "arch/x86/memory.h"
#include "arch/x86/mmio.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/slat01.h"
#include "arch/x86/svm/entry_checks.h"
#include "arch/x86/svm/exit_rows.h"
#include "arch/x86/svm/merge.h"
#include "arch/x86/svm/nmi.h"
#include "arch/x86/svm/reflect.h"
#include "arch/x86/svm/vmcb12.h"
#include "lib/string.h"

#define NO_VMCB12 (~0ull)

/* Entering L2 */

static bool read32_msrpm12(void *ctx, u32 offset, u32 *value)
{
	const struct svm_vcpu *s = ctx;

	return l1_read((s->vmcb12->control.msrpm_base_pa & PAGE_MASK) + offset, value,
		       sizeof(*value));
}

/* The TLB of [APM "TLB Control"], as far as L2 sees it: flush what L1 asked to flush. */
static void obey_tlb_control(struct svm_vcpu *s)
{
	const struct vmcb_control *c = &s->vmcb12->control;

	switch (c->tlb_control) {
	case TLB_CONTROL_NOTHING:
		break;
	case TLB_CONTROL_FLUSH_ALL:
		slat_drop_all(&s->slat);
		s->tlb_flush = true;
		s->v.cpu->stats.nested_tlb_evict++;
		break;
	default:
		slat_drop_asid(&s->slat, c->guest_asid);
		s->tlb_flush = true;
		s->v.cpu->stats.nested_tlb_evict++;
		break;
	}
	if (!s->npt12 && s->asid12 != c->guest_asid) {
		s->asid12 = c->guest_asid;
		s->tlb_flush = true;
	}
}

/*
 * [APM "Event Injection"]: a software interrupt pushes nRIP. Hardware without nRIP save pushes RIP,
 * so RIP stands at nRIP while it is delivered; if delivery fails, svm_exit_l2 puts it back.
 */
static void place_soft_injection(struct svm_vcpu *s, u64 event)
{
	struct vmcb *vmcb = s->vmcb02;

	s->soft_injected = true;
	if (FIELD_GET(EVENT_TYPE_MASK, event) == EVENT_TYPE_SOFT_INT) {
		vmcb->control.nrip = s->vmcb12->control.nrip;
		if (!(svm_machine.features & SVM_FEATURE_NRIPS)) {
			vmcb->save.rip = s->vmcb12->control.nrip;
		}
	}
	s->soft_entry_rip = vmcb->save.rip;
}

static void prepare_soft_injection(struct svm_vcpu *s)
{
	struct vmcb *vmcb = s->vmcb02;
	u64 event = vmcb->control.eventinj;

	s->soft_injected = false;
	if (likely(!(event & EVENT_V))) {
		return;
	}
	if (svm_event_is_of_insn(event)) {
		s->soft_rip = vmcb->save.rip;
		place_soft_injection(s, event);
	}
}

static void prepare_msrpm(struct svm_vcpu *s, u32 clean)
{
	const struct vmcb_control *c = &s->vmcb12->control;
	bool stays = svm_msrpm_may_stay(c, clean, hv_shell_has_emsr_bitmap(), &s->merged_msrpm);

	if (stays) {
		s->v.cpu->stats.msr_bitmap_kept++;
	} else if (c->intercept_misc1 & INTERCEPT_MSR_PROT) {
		s->v.cpu->stats.msr_bitmap_merged++;
		svm_merge_msrpm(svm_machine.msrpm01, read32_msrpm12, s, s->msrpm02);
	} else {
		s->vmcb02->control.msrpm_base_pa = heap_spa(svm_machine.msrpm01);
	}
}

/* `clean`: L1's clean bits as far as they count. */
static void enter_l2(struct svm_vcpu *s, u32 clean)
{
	struct vmcb *vmcb = s->vmcb02;
	struct svm_merge_env env = {
		.features = svm_machine.features,
		.iopm_spa = svm_machine.iopm_all_spa,
		.msrpm_spa = heap_spa(s->msrpm02),
		.npt01 = slat01_root(),
		.gif = true,
	};

	svm_merge(&s->vmcb12->control, s->vmcb01, &env, vmcb);
	prepare_msrpm(s, clean);
	s->npt12 = s->vmcb12->control.np_enable & NP_ENABLE;
	vmcb->control.guest_asid = SVM_ASID_NO_NPT;
	obey_tlb_control(s);
	prepare_soft_injection(s);
	svm_set_gif(s, true);
	svm_watch_iret(s, vmcb);
	s->l1_if = s->vmcb01->save.rflags & RFLAGS_IF;
	s->v.gpr[GPR_RAX] = vmcb->save.rax;
	s->v.gpr[GPR_RSP] = vmcb->save.rsp;
	s->v.in_l2 = true;
}

static void refuse_vmrun(struct svm_vcpu *s, struct vmcb *vmcb12, const struct svm_entry_rule *rule)
{
	s->v.cpu->stats.nested_entry_failed++;
	log_limited(LOG_INFO, "L1 CPU %u: VMRUN refused: %s %s", s->v.id, rule->name,
		    rule->citation);
	svm_reflect_invalid(vmcb12);
	s->loaded_gpa = NO_VMCB12;
	svm_set_gif(s, false);
}

/* L1's RAX names a page that nested_insn.c found good, and L1's RIP is past VMRUN already. */
void svm_vmrun(struct svm_vcpu *s)
{
	u64 gpa = s->v.gpr[GPR_RAX];
	struct vmcb *vmcb12 = l1_page(gpa);
	u32 clean = *(volatile u32 *)&vmcb12->control.clean;
	const struct svm_entry_rule *rule;

	s->v.cpu->stats.nested_entry++;
	if (s->loaded_gpa != gpa) {
		clean = 0;
	}
	s->loaded_gpa = gpa;
	s->vmcb12_gpa = gpa;
	vmcb12_load(vmcb12, clean, &s->vmcb12->control, &s->vmcb02->save);
	trace_event(&s->v.cpu->trace, TRACE_KVM_NESTED_VMRUN, TRACE_L1,
		    s->vmcb12->control.guest_asid, gpa, s->vmcb02->save.rip);
	rule = svm_entry_check(&s->vmcb12->control, &s->vmcb02->save, s->vmcb01->save.cr0,
			       &svm_machine.entry_caps);
	if (unlikely(rule)) {
		refuse_vmrun(s, vmcb12, rule);
		return;
	}
	svm_entry_constrain(&s->vmcb02->save);
	s->vmcb02->control.clean =
		clean & (CLEAN_CRX | CLEAN_DRX | CLEAN_DT | CLEAN_SEG | CLEAN_CR2);
	enter_l2(s, clean);
}

void svm_nested_prepare(struct svm_vcpu *s)
{
	struct vmcb *vmcb = s->vmcb02;
	struct slat_tag tag;
	u64 root;

	if (s->npt12) {
		tag.root = s->vmcb12->control.n_cr3 & GENMASK(51, 12);
		tag.asid = s->vmcb12->control.guest_asid;
		/* Whether NX counts in L1's nested tables is L1's EFER at VMRUN. */
		tag.role = s->vmcb01->save.efer & EFER_NXE ? 1 : 0;
		s->set = slat_select(&s->slat, &tag);
		root = slat_root_spa(&s->slat, s->set);
		/* Also after an exit that L1 never saw: the hardware must not keep the old root. */
		if (vmcb->control.n_cr3 != root ||
		    vmcb->control.guest_asid != SVM_ASID_L2 + s->set) {
			vmcb->control.n_cr3 = root;
			vmcb->control.guest_asid = SVM_ASID_L2 + s->set;
			vmcb_dirty(vmcb, CLEAN_NP | CLEAN_ASID);
		}
	}
	if (s->slat.flush_owed) {
		s->slat.flush_owed = 0;
		s->tlb_flush = true;
	}
}

/* Leaving L2 */

/* What the hardware of [APM "Decode Assists"] and nRIP save would have said of this exit. */
static void describe_insn(struct svm_vcpu *s, u32 code, struct svm_exit_info *exit)
{
	u8 kind = svm_exit_row(SVM_EXIT_INDEX(code))->insn;
	struct vmcb *vmcb = s->vmcb02;
	struct insn insn;

	if (kind == EXIT_INSN_IO) {
		exit->nrip = exit->info2;
		return;
	}
	if (svm_machine.features & SVM_FEATURE_NRIPS) {
		exit->nrip = vmcb->control.nrip;
	}
	if (svm_machine.features & SVM_FEATURE_DECODE_ASSISTS) {
		exit->insn_len = vmcb->control.insn_len;
		memcpy(exit->insn_bytes, vmcb->control.insn_bytes, sizeof(exit->insn_bytes));
		return;
	}
	if (kind == EXIT_INSN_NONE) {
		return;
	}
	if (likely(kind == EXIT_INSN_LEN)) {
		u32 length = svm_length(s);

		exit->nrip = length ? svm_rip_after(vmcb, length) : 0;
		return;
	}
	if (svm_decode(s, &insn) != DECODE_OK) {
		return;
	}
	exit->nrip = svm_rip_after(vmcb, insn.length);
	switch (kind) {
	case EXIT_INSN_CR:
		if (insn.id == INSN_MOV_TO_CR || insn.id == INSN_MOV_FROM_CR) {
			exit->info1 = EXITINFO_CR_VALID | insn.rm;
		}
		break;
	case EXIT_INSN_DR:
		exit->info1 = insn.rm;
		break;
	case EXIT_INSN_INT:
		exit->info1 = insn.imm & 0xff;
		break;
	case EXIT_INSN_ADDR: {
		u64 base[SEG_COUNT] = { vmcb->save.es.base,	 vmcb->save.cs.base,
					vmcb->save.ss.base,	 vmcb->save.ds.base,
					s->vmcb01->save.fs.base, s->vmcb01->save.gs.base };

		exit->info1 = insn_effective_address(&insn, s->v.gpr, exit->nrip, base,
						     svm_decode_mode(vmcb));
		break;
	}
	default:
		break;
	}
}

/* Instruction bytes for a page fault, nested or L2's own. [APM "Decode Assists"] */
static void describe_fault(struct svm_vcpu *s, u32 code, struct svm_exit_info *exit)
{
	bool fetch = exit->info1 & NPF_EXEC;

	if (svm_machine.features & SVM_FEATURE_DECODE_ASSISTS) {
		return;
	}
	if (fetch || (code != VMEXIT_NPF && code != VMEXIT_EXCP + VECTOR_PF)) {
		return;
	}
	exit->insn_len = (u8)svm_fetch(s, exit->insn_bytes);
}

static void leave_l2(struct svm_vcpu *s, const struct svm_exit_info *exit)
{
	struct vcpu *v = &s->v;

	v->cpu->stats.nested_exit++;
	trace_event(&v->cpu->trace, TRACE_KVM_NESTED_VMEXIT_INJECT, TRACE_L2, low32(exit->code),
		    exit->info1, exit->info2);
	s->vmcb02->save.rax = v->gpr[GPR_RAX];
	s->vmcb02->save.rsp = v->gpr[GPR_RSP];
	svm_reflect(s->vmcb02, exit, &s->vmcb12->control, l1_page(s->vmcb12_gpa));
	/* The snapshot too: an L1 that keeps the group clean must not see a V_IRQ come back. */
	s->vmcb12->control.int_ctl =
		svm_reflect_int_ctl(s->vmcb02->control.int_ctl, s->vmcb12->control.int_ctl);
	v->in_l2 = false;
	v->gpr[GPR_RAX] = s->vmcb01->save.rax;
	v->gpr[GPR_RSP] = s->vmcb01->save.rsp;
	/* [APM "#VMEXIT"]: GIF and DR7 */
	s->vmcb01->save.dr7 = DR7_RESET;
	vmcb_dirty(s->vmcb01, CLEAN_DRX);
	svm_watch_iret(s, s->vmcb01);
	svm_set_gif(s, false);
}

void svm_nested_exit(struct svm_vcpu *s, u64 code, u64 info1, u64 info2)
{
	struct svm_exit_info exit = { .code = code, .info1 = info1, .info2 = info2 };

	describe_insn(s, low32(code), &exit);
	describe_fault(s, low32(code), &exit);
	leave_l2(s, &exit);
}

/* Whether L1's map asks for this MSR access. An MSR outside of the map always exits. */
static bool l1_asked_msr(struct svm_vcpu *s)
{
	u32 byte, shift;
	u8 bits = 0;

	if (!svm_l1_asked(&s->vmcb12->control, VMEXIT_MSR)) {
		return false;
	}
	if (!svm_msrpm_place(low32(s->v.gpr[GPR_RCX]), &byte, &shift) ||
	    !l1_read((s->vmcb12->control.msrpm_base_pa & PAGE_MASK) + byte, &bits, 1)) {
		return true;
	}
	return bits & BIT(shift + (s->vmcb02->control.exitinfo1 ? 1 : 0));
}

static bool iopm_bits(const u8 bytes[2], u32 port, u32 size)
{
	u32 bits = (u32)bytes[0] | (u32)bytes[1] << 8;

	return (bits >> (port % 8)) & ((1u << size) - 1);
}

static bool l1_asked_io(struct svm_vcpu *s, u32 port, u32 size)
{
	u8 bytes[2] = { 0xff, 0xff };

	if (!svm_l1_asked(&s->vmcb12->control, VMEXIT_IOIO)) {
		return false;
	}
	/* An access across port FFFFh has bits behind the map proper. [APM "IOIO Intercepts"] */
	l1_read((s->vmcb12->control.iopm_base_pa & PAGE_MASK) + port / 8, bytes, sizeof(bytes));
	return iopm_bits(bytes, port, size);
}

/* L2 does I/O that L1 leaves to it: let the hardware do it, under both maps. */
static void open_ports(struct svm_vcpu *s)
{
	u64 *to = (u64 *)s->iopm02;
	const u64 *mine = (const u64 *)svm_machine.iopm01;
	u64 theirs = s->vmcb12->control.iopm_base_pa & PAGE_MASK;
	bool asked = svm_l1_asked(&s->vmcb12->control, VMEXIT_IOIO);

	for (u32 i = 0; i < IOPM_SIZE / 8; i++) {
		u64 word = 0;

		if (asked && !l1_read64(theirs + i * 8, &word)) {
			word = ~0ull;
		}
		to[i] = mine[i] | word;
	}
	s->vmcb02->control.iopm_base_pa = heap_spa(s->iopm02);
	vmcb_dirty(s->vmcb02, CLEAN_IOPM);
}

static void l2_ioio(struct svm_vcpu *s)
{
	struct vmcb_control *c = &s->vmcb02->control;
	struct io_access io = {
		.port = (u16)FIELD_GET(IOIO_PORT_MASK, c->exitinfo1),
		.size = (u8)FIELD_GET(IOIO_SIZE_MASK, c->exitinfo1),
		.in = c->exitinfo1 & IOIO_IN,
		.string = c->exitinfo1 & IOIO_STRING,
	};

	if (l1_asked_io(s, io.port, io.size)) {
		svm_nested_exit(s, VMEXIT_IOIO, c->exitinfo1, c->exitinfo2);
	} else if (iopm_bits(svm_machine.iopm01 + io.port / 8, io.port, io.size)) {
		vcpu_io(&s->v, &io);
		svm_complete(s->vmcb02, c->exitinfo2);
	} else {
		open_ports(s);
	}
}

static void l2_msr(struct svm_vcpu *s)
{
	struct vcpu *v = &s->v;
	u32 msr = low32(v->gpr[GPR_RCX]);
	u64 value = make64(low32(v->gpr[GPR_RDX]), low32(v->gpr[GPR_RAX]));
	bool write = s->vmcb02->control.exitinfo1;
	enum outcome outcome;

	if (l1_asked_msr(s)) {
		svm_nested_exit(s, VMEXIT_MSR, write, 0);
		return;
	}
	outcome = write ? vcpu_wrmsr(v, msr, value) : vcpu_rdmsr(v, msr, &value);
	if (!write && outcome == OUTCOME_NEXT) {
		v->gpr[GPR_RAX] = low32(value);
		v->gpr[GPR_RDX] = high32(value);
	}
	/* [APM "VMRUN Instruction"]: a guest that clears EFER.SVME has undefined results. */
	if (outcome == OUTCOME_NEXT && write && msr == MSR_EFER && !s->svme) {
		log_error("L1 CPU %u: its guest cleared EFER.SVME", v->id);
		power_l1_shutdown();
	}
	svm_finish(s, outcome);
}

/*
 * L1 maps a page into L2 that it cannot have itself: the APIC's, or hidden memory. L2's access is
 * carried out as L1's would be; what cannot be emulated is L1's fault to see.
 */
static bool emulate_l2(struct svm_vcpu *s, u64 gpa)
{
	struct vmcb *vmcb = s->vmcb02;
	struct insn insn;

	if ((vmcb->control.exitinfo1 & (NPF_WALK | NPF_EXEC)) ||
	    (vmcb->control.exitintinfo & EVENT_V) || svm_decode(s, &insn) != DECODE_OK ||
	    vcpu_mmio(&s->v, gpa, &insn) != OUTCOME_NEXT) {
		return false;
	}
	svm_complete(vmcb, svm_rip_after(vmcb, insn.length));
	return true;
}

static void l2_npf(struct svm_vcpu *s)
{
	struct vmcb_control *c = &s->vmcb02->control;
	u64 gpa = 0;
	enum npt_result result = npt_l2_fault(s, &gpa);

	s->v.cpu->stats.nested_tlb_reclaim = s->slat.recycled;
	if (result == NPT_FILLED) {
		s->v.cpu->stats.nested_slat_soft++;
		return;
	}
	if (result == NPT_EMULATE && emulate_l2(s, gpa)) {
		return;
	}
	s->v.cpu->stats.nested_slat_hard++;
	svm_nested_exit(s, VMEXIT_NPF, c->exitinfo1, c->exitinfo2);
}

static void l2_vmmcall(struct svm_vcpu *s)
{
	/* [APM "VMMCALL Instruction"]: #UD unless the hypervisor intercepts it. */
	svm_finish(s, OUTCOME_UD);
}

static void l2_cpuid(struct svm_vcpu *s)
{
	vcpu_cpuid(&s->v, s->vmcb02->save.cr4);
	svm_skip(s);
}

static void l2_shutdown(struct svm_vcpu *s)
{
	log_error("L1 CPU %u: its guest shut down, and L1 does not intercept that", s->v.id);
	power_l1_shutdown();
}

static void l2_invalid(struct svm_vcpu *s)
{
	const struct vmcb_save *save = &s->vmcb02->save;

	/*
	 * The hardware refused what the checks let pass. QEMU may have overwritten vmcb02's save
	 * area by then: nothing of it goes back, and the next VMRUN loads everything.
	 */
	log_limited(LOG_WARN, "L1 CPU %u: hardware refused vmcb02: CR0 %llx CR4 %llx EFER %llx",
		    s->v.id, (unsigned long long)save->cr0, (unsigned long long)save->cr4,
		    (unsigned long long)save->efer);
	svm_reflect_invalid(l1_page(s->vmcb12_gpa));
	s->loaded_gpa = NO_VMCB12;
	s->v.in_l2 = false;
	s->v.gpr[GPR_RAX] = s->vmcb01->save.rax;
	s->v.gpr[GPR_RSP] = s->vmcb01->save.rsp;
	svm_set_gif(s, false);
}

/* Exits that Plinth looks at first, or that L1 did not ask for. */
static void exit_l0(struct svm_vcpu *s, u32 code)
{
	switch (code) {
	case VMEXIT_NMI:
		svm_nmi_arrived(s);
		break;
	case VMEXIT_INIT:
		power_l1_init();
	case VMEXIT_IOIO:
		l2_ioio(s);
		break;
	case VMEXIT_MSR:
		l2_msr(s);
		break;
	case VMEXIT_NPF:
		l2_npf(s);
		break;
	case VMEXIT_CPUID:
		l2_cpuid(s);
		break;
	case VMEXIT_INVD:
		wbinvd();
		svm_finish(s, OUTCOME_NEXT);
		break;
	case VMEXIT_IRET:
		svm_iret_arrived(s, s->vmcb02);
		break;
	case VMEXIT_SHUTDOWN:
		l2_shutdown(s);
		break;
	case VMEXIT_VMMCALL:
		l2_vmmcall(s);
		break;
	case VMEXIT_INVLPGA:
	case VMEXIT_VMLOAD:
	case VMEXIT_VMSAVE:
	case VMEXIT_STGI:
	case VMEXIT_CLGI:
	case VMEXIT_SKINIT:
		svm_nested_insn(s, code);
		break;
	default:
		/* Only what L1 asked for can be left; if not, it may as well have it. */
		svm_nested_exit(s, code, s->vmcb02->control.exitinfo1,
				s->vmcb02->control.exitinfo2);
		break;
	}
}

/*
 * Whether no one but EXITINTINFO remembers the event: RIP is at an INT n or a faulting instruction,
 * and running it again raises the event again; NMIs reach L2 by injection only. Not to rely on
 * EXITINTINFO there helps on Bochs, which leaves an older event in it unless it was injected.
 */
static bool is_lost_without_us(const struct svm_vcpu *s, u64 event)
{
	const struct vmcb_control *c = &s->vmcb12->control;

	if ((s->injected & EVENT_V) &&
	    !((s->injected ^ event) & (EVENT_TYPE_MASK | EVENT_VECTOR_MASK))) {
		return true;
	}
	switch (FIELD_GET(EVENT_TYPE_MASK, event)) {
	case EVENT_TYPE_INTR:
		return (c->int_ctl & V_IRQ) || !(c->intercept_misc1 & INTERCEPT_INTR);
	case EVENT_TYPE_EXCEPTION:
		return FIELD_GET(EVENT_VECTOR_MASK, event) == VECTOR_DB;
	default:
		return false;
	}
}

/* An event whose delivery the exit interrupted, and which L1 will not hear of: deliver it again. */
static void inject_again(struct svm_vcpu *s, u64 event, bool soft)
{
	if (!soft && (svm_event_is_of_insn(event) || !is_lost_without_us(s, event))) {
		return;
	}
	s->vmcb02->control.eventinj = event;
	if (soft) {
		place_soft_injection(s, event);
	}
	s->v.cpu->stats.inject_again++;
}

void svm_exit_l2(struct svm_vcpu *s)
{
	struct vmcb *vmcb = s->vmcb02;
	u32 code = low32(vmcb->control.exitcode);
	const struct svm_exit_row *row = svm_exit_row(SVM_EXIT_INDEX(code));
	u64 event = vmcb->control.exitintinfo;
	/* Once the injected one has arrived, RIP has moved on, and L2 may run an INT n itself. */
	bool soft = s->soft_injected && (event & EVENT_V) && svm_event_is_of_insn(event) &&
		    vmcb->save.rip == s->soft_entry_rip;

	trace_event(&s->v.cpu->trace, TRACE_KVM_EXIT, TRACE_L2, code, vmcb->save.rip,
		    vmcb->control.exitinfo1);
	s->v.cpu->stats.exits[STATS_L2][SVM_EXIT_INDEX(code)]++;
	if (unlikely(code == low32(VMEXIT_INVALID))) {
		l2_invalid(s);
		return;
	}
	s->soft_injected = false;
	if (unlikely(soft)) {
		vmcb->save.rip = s->soft_rip;
	}
	if (row->owner == EXIT_OWNER_L1_IF && svm_l1_asked(&s->vmcb12->control, code)) {
		svm_nested_exit(s, code, vmcb->control.exitinfo1, vmcb->control.exitinfo2);
		return;
	}
	s->v.cpu->stats.nested_exit_l0++;
	exit_l0(s, code);
	if (unlikely(event & EVENT_V) && s->v.in_l2 && !(vmcb->control.eventinj & EVENT_V)) {
		inject_again(s, event, soft);
	}
}
