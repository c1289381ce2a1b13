/* SPDX-License-Identifier: MIT */
/* VMCBs as text. Reads another CPU's structures while it runs: a picture, not a snapshot. */
#include "arch/x86/svm/dump.h"

#include "arch/x86/svm/exit_rows.h"
#include "lib/printf.h"
#include "lib/string.h"

static const struct vmcb_field {
	const char *name;
	u16 offset;
	u8 size;
} fields[] = {
#define FIELD(member) \
	{ #member, offsetof(struct vmcb, member), sizeof(((struct vmcb *)0)->member) },
#include "arch/x86/svm/vmcb_fields.def"
#undef FIELD
};

static void dump_vmcb(const char *which, const struct vmcb *vmcb,
		      void (*line)(void *ctx, const char *text), void *ctx)
{
	char text[96];

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		u64 value = 0;

		memcpy(&value, (const u8 *)vmcb + fields[i].offset, fields[i].size);
		fmt_str(text, sizeof(text), "%s %s=%llx", which, fields[i].name,
			(unsigned long long)value);
		line(ctx, text);
	}
}

void svm_describe(const struct vcpu *v, bool whole, void (*line)(void *ctx, const char *text),
		  void *ctx)
{
	const struct svm_vcpu *s = container_of((struct vcpu *)v, struct svm_vcpu, v);
	const struct vmcb *vmcb = svm_vmcb(s);
	char text[160];

	fmt_str(text, sizeof(text), "vp=%u level=%s rip=%llx cs=%x exit=%llx(%s) gif=%d svme=%d",
		v->id, v->in_l2 ? "L2" : "L1", (unsigned long long)vmcb->save.rip,
		vmcb->save.cs.selector, (unsigned long long)vmcb->control.exitcode,
		svm_exit_name(SVM_EXIT_INDEX(vmcb->control.exitcode)), s->gif, s->svme);
	line(ctx, text);
	if (!whole) {
		return;
	}
	dump_vmcb("vmcb01", s->vmcb01, line, ctx);
	dump_vmcb("vmcb02", s->vmcb02, line, ctx);
	dump_vmcb("vmcb12", s->vmcb12, line, ctx);
}
