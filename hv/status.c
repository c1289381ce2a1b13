/* SPDX-License-Identifier: MIT */
/* Texts of hypercall statuses, from hv/status.def. */
#include "hv/status.h"

static const struct {
	u16 code;
	const char *text;
} statuses[] = {
#define HV_STATUS(name, code, text) { code, text },
#include "hv/status.def"
#undef HV_STATUS
};

const char *hv_status_name(u16 status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (statuses[i].code == status) {
			return statuses[i].text;
		}
	}
	return "unknown status";
}
