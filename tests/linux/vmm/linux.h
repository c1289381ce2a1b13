/* SPDX-License-Identifier: MIT */
/* A Linux guest on the VMM, for where a whole qemu is too heavy. */
#ifndef TESTS_LINUX_VMM_LINUX_H
#define TESTS_LINUX_VMM_LINUX_H

/*
 * --linux BZIMAGE [--initrd FILE] [--append STR] [--cpus N] [--memory MIB] [--seconds S]
 * Returns 0 when the guest has written 0 to port 0xf4, or has switched itself off; 1 when it has
 * written another value; 2 when it could not be run to its end.
 */
int linux_main(char *const arguments[]);

#endif
