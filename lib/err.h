/* SPDX-License-Identifier: MIT */
/*
 * Errors of the environment, at boot: 0 or a negative number. A guest's fault is never one of
 * these (it has an architectural result), and neither is a bug of Plinth (it panics).
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

enum {
	ENOMEM_ = 1, /* not enough memory */
	EINVAL_,     /* malformed input */
	ENOENT_,     /* absent */
	ERANGE_,     /* out of range, or too large */
	ENODEV_,     /* the hardware does not have it */
	ETIMEOUT_,   /* a bounded wait ran out */
	EFAULT_,     /* an address that may not be touched */
};

#endif
