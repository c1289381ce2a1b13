/* SPDX-License-Identifier: MIT */
/*
 * The snapshot of L1's VMCB. Each byte of the guest's page is read at most once for a VMRUN: the
 * control area goes to a copy of Plinth's own, the save area straight to vmcb02, which L1 cannot
 * reach either; both are checked there.
 */
#ifndef ARCH_X86_SVM_VMCB12_H
#define ARCH_X86_SVM_VMCB12_H

#include "arch/x86/svm/spec.h"

/*
 * Loads what `clean` (L1's VMCB clean bits, already 0 when they must not count) says has changed.
 * `vmcb12` is L1's page; another CPU may write to it meanwhile. [APM "VMCB State Caching"]
 */
void vmcb12_load(const struct vmcb *vmcb12, u32 clean, struct vmcb_control *control,
		 struct vmcb_save *save);

#endif
