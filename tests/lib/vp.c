/* SPDX-License-Identifier: MIT */
/* One `if` for each verb: which of the two VPs it means. Holds no state of its own. */
#include "tests/lib/vp.h"

#include "tests/lib/cmdline.h"
#include "tests/lib/evmcs.h"
#include "tests/lib/report.h"

#define ATTRIB_L BIT(9)
#define ATTRIB_D BIT(10)
#define AR_L	 BIT(13)
#define AR_D	 BIT(14)

bool vp_is_vmx(void)
{
	return vmx_offered();
}

bool vp_offered(void)
{
	return vmx_offered() || svm_offered();
}

void vp_require(void)
{
	if (vp_is_vmx()) {
		vmx_require();
		if (cmdline_has("evmcs")) {
			evmcs_require();
		}
	} else {
		svm_require();
	}
}

void vp_enable(void)
{
	if (vp_is_vmx()) {
		vmx_enable();
	} else {
		svm_enable();
	}
}

void vp_init(struct vp *vp)
{
	if (!vp_is_vmx()) {
		vp->svm.kvm_style = cmdline_has("kvm");
		l2_init(&vp->svm);
		return;
	}
	if (cmdline_has("evmcs") && !vp->vmx.evmcs) {
		evmcs_use(&vp->vmx);
	}
	vmx_l2_init(&vp->vmx);
}

void vp_start(struct vp *vp, void (*fn)(void))
{
	if (vp_is_vmx()) {
		vmx_l2_start(&vp->vmx, fn);
	} else {
		l2_start(&vp->svm, fn);
	}
}

void vp_start_at(struct vp *vp, const void *code)
{
	if (vp_is_vmx()) {
		vmx_l2_start_at(&vp->vmx, code);
	} else {
		l2_start_at(&vp->svm, code);
	}
}

/* L2 does not know of what VMX operation wants set: it sees these bits clear, and may clear them.
 */
static void hide_fixed_bits(void)
{
	vset(CR0_MASK, CR0_NE);
	vset(CR0_SHADOW, 0);
	vset(CR4_MASK, CR4_VMXE);
	vset(CR4_SHADOW, 0);
}

void vp_set_real(struct vp *vp, u32 base, u32 ivt)
{
	if (vp_is_vmx()) {
		vmx_l2_set_real(&vp->vmx, base);
		vset(GUEST_IDTR_BASE, ivt);
		hide_fixed_bits();
	} else {
		l2_set_real(&vp->svm, base);
		vp->svm.vmcb->idtr.base = ivt;
	}
}

void vp_set_protected32(struct vp *vp, u32 eip)
{
	if (vp_is_vmx()) {
		vmx_l2_set_protected32(&vp->vmx, eip);
		hide_fixed_bits();
	} else {
		l2_set_protected32(&vp->svm, eip);
	}
}

void vp_set_paged32(struct vp *vp, u32 eip, u64 cr3, bool pae)
{
	if (vp_is_vmx()) {
		vmx_l2_set_paged32(&vp->vmx, eip, cr3, pae);
		hide_fixed_bits();
	} else {
		l2_set_paged32(&vp->svm, eip, cr3, pae);
	}
}

void vp_set_cr3(struct vp *vp, u64 cr3)
{
	if (vp_is_vmx()) {
		vset(GUEST_CR3, cr3);
	} else {
		vp->svm.vmcb->cr3 = cr3;
	}
}

u64 *slat_create_identity(u64 bytes, enum pt_level level)
{
	return vp_is_vmx() ? ept_create_identity(bytes, level) : npt_create_identity(bytes, level);
}

void slat_map(u64 *slat, u64 from, u64 to, enum pt_level level)
{
	pt_map(slat, from, to, vp_is_vmx() ? EPT_RWX | EPT_WB : PT_RWU, level);
}

void vp_use_slat(struct vp *vp, u64 *slat)
{
	if (vp_is_vmx()) {
		vmx_l2_use_ept(slat);
	} else {
		l2_use_npt(&vp->svm, slat);
	}
}

void vp_use_slat_of_cmdline(struct vp *vp)
{
	static u64 *slat;
	char size[4];

	if (!slat && cmdline_get("slat", size, sizeof(size))) {
		slat = size[0] == '4'	? slat_create_identity(MIB(512), PT_4K)
		       : size[0] == '2' ? slat_create_identity(GIB(4), PT_2M)
					: slat_create_identity(GIB(4), PT_1G);
	}
	vp_use_slat(vp, slat);
}

void vp_flush(struct vp *vp)
{
	if (vp_is_vmx()) {
		check_ex("INVEPT", invept(2, 0, 0), EXINFO_NONE);
	} else {
		vp->svm.vmcb->tlb_control = TLB_FLUSH_ALL;
	}
}

void vp_exit_for_interrupts(struct vp *vp)
{
	if (vp_is_vmx()) {
		vset_bits(PIN_CONTROLS, PIN_EXTINT);
		vset_bits(GUEST_RFLAGS, RFLAGS_IF); /* Bochs 2.7 looks at it all the same */
	} else {
		vp->svm.vmcb->int_ctl = V_INTR_MASKING;
		l2_intercept(&vp->svm, EXIT_INTR, true);
		clgi();
		irq_enable();
	}
}

void vp_take_interrupts(void)
{
	if (vp_is_vmx()) {
		irq_enable();
		asm volatile("nop");
		irq_disable();
	} else {
		stgi();
		clgi();
	}
}

void vp_end_interrupts(void)
{
	irq_disable();
	if (!vp_is_vmx()) {
		stgi();
	}
}

static enum vp_exit run_vmx(struct vmx_l2 *l2)
{
	switch (vmx_l2_run(l2)) {
	case REASON_VMCALL:
		return VP_CALL;
	case REASON_EPT_VIOLATION:
		return VP_SLAT;
	case REASON_EXTINT:
		return VP_INTR;
	case REASON_EXCEPTION:
		return VP_EXCEPTION;
	default:
		return VP_OTHER;
	}
}

static enum vp_exit run_svm(struct l2 *l2)
{
	u64 exit = l2_run(l2);

	if (l2->fault != EXINFO_NONE) {
		return VP_OTHER;
	}
	return exit == EXIT_VMMCALL		  ? VP_CALL
	       : exit == EXIT_NPF		  ? VP_SLAT
	       : exit == EXIT_INTR		  ? VP_INTR
	       : exit / 32 == EXIT_EXCEPTION / 32 ? VP_EXCEPTION
						  : VP_OTHER;
}

enum vp_exit vp_run(struct vp *vp)
{
	return vp_is_vmx() ? run_vmx(&vp->vmx) : run_svm(&vp->svm);
}

bool vp_expect(struct vp *vp, const char *what, enum vp_exit want)
{
	enum vp_exit got = vp_run(vp);

	if (vp_is_vmx()) {
		return check(got == want, "%s: exit 0x%lx (%s) at RIP 0x%lx", what,
			     vget(EXIT_REASON), exinfo_text(vp->vmx.fail), vget(GUEST_RIP));
	}
	return check(got == want, "%s: exit 0x%lx (%s) at RIP 0x%lx", what, vp->svm.vmcb->exit_code,
		     exinfo_text(vp->svm.fault), vp->svm.vmcb->rip);
}

u64 vp_slat_address(struct vp *vp)
{
	return vp_is_vmx() ? vget(GUEST_PHYSICAL_ADDRESS) : vp->svm.vmcb->exit_info2;
}

u64 *vp_reg(struct vp *vp, enum vp_reg reg)
{
	struct vmx_gprs *v = &vp->vmx.gprs;
	struct gprs *s = &vp->svm.gprs;
	u64 *of_vmx[VP_REGS] = { &v->rax, &v->rbx, &v->rcx, &v->rdx, &v->rsi, &v->rdi, &v->rbp };
	u64 *of_svm[VP_REGS] = { NULL, &s->rbx, &s->rcx, &s->rdx, &s->rsi, &s->rdi, &s->rbp };

	return vp_is_vmx() ? of_vmx[reg] : reg == VP_RAX ? &vp->svm.vmcb->rax : of_svm[reg];
}

void vp_skip_call(struct vp *vp)
{
	if (vp_is_vmx()) {
		vmx_l2_skip();
	} else {
		vp->svm.vmcb->rip += L2_CALL_LENGTH;
	}
}

struct vp_mode vp_mode(struct vp *vp)
{
	if (vp_is_vmx()) {
		u64 ar = vget(GUEST_CS_AR);

		return (struct vp_mode){ vget(GUEST_CR0), vget(GUEST_CR4), vget(GUEST_EFER),
					 ar & AR_D, ar & AR_L };
	}
	struct vmcb *v = vp->svm.vmcb;

	return (struct vp_mode){ v->cr0, v->cr4, v->efer, v->cs.attrib & ATTRIB_D,
				 v->cs.attrib & ATTRIB_L };
}
