/* SPDX-License-Identifier: MIT */
/* Texts of hypercall statuses, for logs and traces. */
#ifndef HV_STATUS_H
#define HV_STATUS_H

#include "hv/tlfs.h"

/* The specification's name of `status` in words; "unknown status" for one not in hv/status.def. */
const char *hv_status_name(u16 status);

#endif
