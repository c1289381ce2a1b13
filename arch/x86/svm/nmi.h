/* SPDX-License-Identifier: MIT */
/* NMIs under SVM: Plinth's own kicks, the console's, and L1's. */
#ifndef ARCH_X86_SVM_NMI_H
#define ARCH_X86_SVM_NMI_H

#include "arch/x86/svm/svm.h"

/* VMEXIT_NMI: takes the NMI that is pending in hardware and finds out whose it is. */
void svm_nmi_arrived(struct svm_vcpu *s);
/* Polls the shell as long as its UART asks for it; true: it had asked. */
bool svm_serve_shell(const struct percpu *cpu);
/* VMEXIT_IRET: L1 (or L2) is about to leave its NMI handler. */
void svm_iret_arrived(struct svm_vcpu *s, struct vmcb *vmcb);
/* L1 is in its NMI handler while `vmcb` is to run: its IRET is to be seen there. */
void svm_watch_iret(const struct svm_vcpu *s, struct vmcb *vmcb);
/* An NMI waits for the IRET that L1 is about to execute: makes L1 exit right behind it. */
void svm_step_over_iret(struct svm_vcpu *s);
/* The #DB of that step. */
void svm_step_arrived(struct svm_vcpu *s);

#endif
