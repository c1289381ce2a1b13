/* SPDX-License-Identifier: MIT */
/* Input blocks of the flush calls [TLFS "HvCallFlushVirtualAddressSpaceEx"] [TLFS "HV_VP_SET"]. */
#include "tests/lib/hv_flush.h"

#include "lib/printf.h"

#define SECOND_BANK 5 /* not 1: valid banks need not be neighbours */

static const struct {
	enum hv_call_code code;
	const char *name;
	bool list, ex;
} calls[] = {
	{ HV_FLUSH_SPACE, "space", false, false },
	{ HV_FLUSH_LIST, "list", true, false },
	{ HV_FLUSH_SPACE_EX, "space Ex", false, true },
	{ HV_FLUSH_LIST_EX, "list Ex", true, true },
};

static unsigned int row_of(const struct hv_flush_form *form)
{
	unsigned int i = 0;

	while (calls[i].code != form->code) {
		i++;
	}
	return i;
}

bool hv_flush_form_exists(const struct hv_flush_form *form)
{
	bool ex = calls[row_of(form)].ex;

	return form->naming == HV_BY_ALL_FLAG || ex == (form->naming != HV_BY_MASK);
}

void hv_flush_form_text(const struct hv_flush_form *form, char *text, size_t size)
{
	static const char *const namings[] = { "mask",	    "all by flag",   "one bank",
					       "two banks", "an empty bank", "set of all" };

	fmt_str(text, size, "%s, %s, %s", calls[row_of(form)].name, form->fast ? "fast" : "memory",
		namings[form->naming]);
}

/*
 * Format, valid banks and contents from words[2] on; returns the length, adds to the control
 * word.
 */
static unsigned int put_vp_set(u64 *words, enum hv_naming naming, u64 vps, u64 *control)
{
	bool two = naming == HV_BY_TWO_BANKS || naming == HV_BY_EMPTY_BANK;

	words[2] = naming == HV_BY_SET_ALL ? HV_SET_ALL : HV_SET_SPARSE;
	if (naming == HV_BY_SET_ALL || naming == HV_BY_ALL_FLAG) {
		return 4;
	}
	words[3] = 1 | (two ? BIT(SECOND_BANK) : 0);
	words[4] = vps;
	words[5] = naming == HV_BY_TWO_BANKS ? ~0ull : 0;
	*control |= HV_VARHEAD(two ? 2 : 1);
	return two ? 6 : 5;
}

bool hv_flush(const struct hv_flush_form *form, u64 root, u64 vps, const u64 *list, unsigned int n)
{
	unsigned int row = row_of(form), count = 3;
	u64 words[16] = { root, form->naming == HV_BY_ALL_FLAG ? HV_ALL_PROCESSORS : 0 };
	u64 control = form->code, want = HV_SUCCESS;

	if (calls[row].ex) {
		count = put_vp_set(words, form->naming, vps, &control);
	} else if (form->naming == HV_BY_MASK) {
		words[2] = vps;
	}
	for (unsigned int i = 0; calls[row].list && i < n; i++) {
		words[count++] = list[i];
	}
	if (calls[row].list) {
		control |= HV_REPS(n);
		want = HV_RESULT(HV_SUCCESS, n);
	}
	return want == (form->fast ? hv_call_fast(control, words, count)
				   : hv_call_memory(control, words, count, 0));
}
