/* SPDX-License-Identifier: MIT */
/* What entry.S knows of struct svm_vcpu; svm.h asserts it. */
#ifndef ARCH_X86_SVM_OFFSETS_H
#define ARCH_X86_SVM_OFFSETS_H

#define SVM_VCPU_VMCB01_SPA 128
#define SVM_VCPU_HOST_SPA   136

#endif
