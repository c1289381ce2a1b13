/* SPDX-License-Identifier: MIT */
/* The version string: the only file that is compiled with it. */
#include "arch/x86/version.h"

const char plinth_version[] = PLINTH_VERSION;
