/* SPDX-License-Identifier: MIT */
/* Numbers in text; nothing here knows whose text it is. */
#include "lib/parse.h"

static u32 digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return (u32)(c - '0');
	}
	if (c >= 'a' && c <= 'f') {
		return (u32)(c - 'a') + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return (u32)(c - 'A') + 10;
	}
	return 255;
}

static u32 suffix_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return 0;
	}
}

bool parse_u64(const char *s, size_t len, u64 *out)
{
	u32 base = 10;
	u32 shift = 0;
	u64 value = 0;

	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
		len -= 2;
	}
	if (len > 0) {
		shift = suffix_shift(s[len - 1]);
		len -= shift != 0;
	}
	if (len == 0) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		u32 digit = digit_value(s[i]);

		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value)) {
			return false;
		}
	}
	if (value > UINT64_MAX >> shift) {
		return false;
	}
	*out = value << shift;
	return true;
}
