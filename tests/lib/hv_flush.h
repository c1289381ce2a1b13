/* SPDX-License-Identifier: MIT */
/*
 * The four flush calls in all their forms: from memory or fast, with each way of naming the VPs.
 * Builds the input; knows nothing of who reads what.
 */
#ifndef TESTS_LIB_HV_FLUSH_H
#define TESTS_LIB_HV_FLUSH_H

#include "tests/lib/hyperv.h"

enum hv_naming {
	HV_BY_MASK,
	HV_BY_ALL_FLAG,	  /* HV_ALL_PROCESSORS; what else is named must not matter */
	HV_BY_ONE_BANK,	  /* the Ex calls only, from here on */
	HV_BY_TWO_BANKS,  /* the second one full of VPs that do not exist */
	HV_BY_EMPTY_BANK, /* the second one with no bit set */
	HV_BY_SET_ALL,
	HV_NAMINGS
};

struct hv_flush_form {
	enum hv_call_code code;
	bool fast;
	enum hv_naming naming;
};

/* Whether there is such a form: the plain calls know masks, the Ex calls know banks. */
bool hv_flush_form_exists(const struct hv_flush_form *form);

/* "list Ex, fast, two banks" */
void hv_flush_form_text(const struct hv_flush_form *form, char *text, size_t size);

/*
 * Calls it for the address space `root` and the VPs 0 to 63 of the mask; the list calls pass `n`
 * (at most 4) elements. True when the result is that of a call that did all of it.
 */
bool hv_flush(const struct hv_flush_form *form, u64 root, u64 vps, const u64 *list, unsigned int n);

#endif
