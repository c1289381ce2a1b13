/* SPDX-License-Identifier: MIT */
/*
 * VMCSs as text. The hardware's can be read by its own CPU alone, which is asked for a picture of
 * it. What is in memory is read while the VP runs.
 */
#include "arch/x86/vmx/dump.h"

#include "arch/x86/percpu.h"
#include "arch/x86/time.h"
#include "arch/x86/vmx/insn.h"
#include "lib/printf.h"

#define PICTURE_TIMEOUT_US 100000

typedef void (*line_fn)(void *ctx, const char *text);

static void field(const char *which, const char *name, u64 value, line_fn line, void *ctx)
{
	char text[96];

	fmt_str(text, sizeof(text), "%s %s=%llx", which, name, (unsigned long long)value);
	line(ctx, text);
}

void vmx_take_picture(struct vmx_vcpu *x)
{
	u64 value;

	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		vmread_safe(vmcs_fields[i].encoding, &value);
		vmcs_set(&x->picture, &vmcs_fields[i], value);
	}
	__atomic_fetch_add(&x->pictures, 1, __ATOMIC_RELEASE);
}

/* False: the CPU does not answer, because it waits for a SIPI or has stopped. */
static bool have_picture(struct vmx_vcpu *x)
{
	u32 before = __atomic_load_n(&x->pictures, __ATOMIC_ACQUIRE);

	if (x->v.cpu == this_cpu()) {
		vmx_take_picture(x);
		return true;
	}
	vcpu_request(&x->v, REQUEST_PICTURE);
	for (u32 waited = 0; waited < PICTURE_TIMEOUT_US; waited += 10) {
		if (__atomic_load_n(&x->pictures, __ATOMIC_ACQUIRE) != before) {
			return true;
		}
		time_delay(10);
	}
	return false;
}

static void dump_image(const char *which, const struct vmcs *vmcs, line_fn line, void *ctx)
{
	for (unsigned int i = 0; i < VMCS_FIELDS; i++) {
		field(which, vmcs_fields[i].name, vmcs_get(vmcs, &vmcs_fields[i]), line, ctx);
	}
}

void vmx_describe(const struct vcpu *v, bool whole, line_fn line, void *ctx)
{
	struct vmx_vcpu *x = vmx_of((struct vcpu *)v);
	char text[160];

	fmt_str(text, sizeof(text), "vp=%u level=%s rip=%llx exit=%x(%s) vmxon=%d vmcs12=%llx",
		v->id, v->in_l2 ? "L2" : "L1", (unsigned long long)x->exit_rip, x->exit_reason,
		vmx_exit_name(vmx_exit_index(x->exit_reason)), x->vmxon,
		(unsigned long long)x->current_gpa);
	line(ctx, text);
	if (!whole) {
		return;
	}
	if (have_picture(x)) {
		dump_image(v->in_l2 ? "vmcs02" : "vmcs01", &x->picture, line, ctx);
	} else {
		line(ctx, "its CPU does not answer");
	}
	dump_image("vmcs12", &x->vmcs12, line, ctx);
}
