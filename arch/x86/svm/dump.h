/* SPDX-License-Identifier: MIT */
/* VMCBs as text, for the shell and for a panic. */
#ifndef ARCH_X86_SVM_DUMP_H
#define ARCH_X86_SVM_DUMP_H

#include "arch/x86/svm/svm.h"

void svm_describe(const struct vcpu *v, bool whole, void (*line)(void *ctx, const char *text),
		  void *ctx);

#endif
