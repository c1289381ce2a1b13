/* SPDX-License-Identifier: MIT */
/*
 * HvCallFlushVirtualAddressSpace, HvCallFlushVirtualAddressList and their Ex forms: from validated
 * input to one record of what has to be invalidated where. Knows no TLB; whoever carries it out
 * has every target done, the caller itself included, before the hypercall returns.
 */
#ifndef HV_FLUSH_H
#define HV_FLUSH_H

#include "hv/vp_set.h"

#define HV_FLUSH_LIST_PAGES_DEFAULT 64u

struct hv_flush {
	struct vp_set targets; /* VPs that exist; the caller included if it was named */
	u64 address_space;     /* CR3 as L1 gave it; without PCID, hence not sufficient alone */
	bool all_spaces;       /* HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES */
	bool non_global_only;  /* global translations may stay */
	bool whole;	       /* everything; otherwise the list */
	u32 count;	       /* elements of gva */
	u32 pages;	       /* pages that the elements name together, at most the limit */
	const u64 *gva;	       /* page address | additional pages (11:0), all canonical */
};

#endif
