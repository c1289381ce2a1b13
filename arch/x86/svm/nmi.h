/* SPDX-License-Identifier: MIT */
/* NMIs under SVM: Plinth's own kicks, the console's, and L1's. */
#ifndef ARCH_X86_SVM_NMI_H
#define ARCH_X86_SVM_NMI_H

#include "arch/x86/svm/svm.h"

/* VMEXIT_NMI: takes the NMI that is pending in hardware and finds out whose it is. */
void svm_nmi_arrived(struct svm_vcpu *s);
/* VMEXIT_IRET: L1 (or L2) is about to leave its NMI handler. */
void svm_iret_arrived(struct svm_vcpu *s, struct vmcb *vmcb);

#endif
