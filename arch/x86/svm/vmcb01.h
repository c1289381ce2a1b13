/* SPDX-License-Identifier: MIT */
/* The VMCB that runs L1: its controls, and the states in which L1 may start. */
#ifndef ARCH_X86_SVM_VMCB01_H
#define ARCH_X86_SVM_VMCB01_H

#include "arch/x86/l1_plan.h"
#include "arch/x86/svm/svm.h"

/* Controls and save area as after RESET, with Plinth's intercepts. */
void vmcb01_init(struct svm_vcpu *s, u64 ncr3);
/* Real mode at vector:0, as [APM "Processor Initialization State"] has it after INIT. */
void vmcb01_start_at_sipi(struct svm_vcpu *s, u32 vector);
/* The entry state of a boot protocol. */
void vmcb01_start_l1(struct svm_vcpu *s, const struct l1_entry *entry);

#endif
