/* SPDX-License-Identifier: MIT */
/*
 * Owns the small printf dialect of Plinth: one directive is parsed into a struct spec, then
 * printed. Knows nothing of consoles, levels or locks.
 */
#include "lib/printf.h"
#include "lib/string.h"

#define FIELD_MAX 4096 /* widths and precisions above it are taken as it */

struct sink {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	bool left;
	bool zeros;
	bool has_precision;
	u8 longs; /* 0 int, 1 and 2 long, long long, size_t: all 64 bits wide */
	u32 width;
	u32 precision;
	char conv;
};

/* va_list may be an array type: only inside a struct does it pass by pointer everywhere. */
struct args {
	va_list list;
};

static void sink_char(struct sink *out, char c)
{
	if (out->len + 1 < out->size) {
		out->buf[out->len] = c;
	}
	out->len++;
}

static void sink_fill(struct sink *out, char c, size_t count)
{
	while (count-- > 0) {
		sink_char(out, c);
	}
}

static void sink_text(struct sink *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sink_char(out, s[i]);
	}
}

/* A number or *, either bounded by FIELD_MAX; a negative * gives its size and *negative. */
static const char *parse_field(const char *fmt, struct args *args, u32 *value, bool *negative)
{
	*value = 0;
	*negative = false;
	if (*fmt == '*') {
		s64 v = va_arg(args->list, int);

		*negative = v < 0;
		v = v < 0 ? -v : v;
		*value = v > FIELD_MAX ? FIELD_MAX : (u32)v;
		return fmt + 1;
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
		*value = *value * 10 + (u32)(*fmt - '0');
		if (*value > FIELD_MAX) {
			*value = FIELD_MAX;
		}
	}
	return fmt;
}

/* fmt stands behind the %. Returns where the conversion character is. */
static const char *parse_spec(const char *fmt, struct args *args, struct spec *spec)
{
	bool negative;

	memset(spec, 0, sizeof(*spec));
	for (; *fmt == '0' || *fmt == '-'; fmt++) {
		spec->zeros |= *fmt == '0';
		spec->left |= *fmt == '-';
	}
	fmt = parse_field(fmt, args, &spec->width, &negative);
	spec->left |= negative;
	if (*fmt == '.') {
		fmt = parse_field(fmt + 1, args, &spec->precision, &negative);
		spec->has_precision = !negative;
	}
	if (*fmt == 'z') {
		spec->longs = 1;
		fmt++;
	}
	while (*fmt == 'l' && spec->longs < 2) {
		spec->longs++;
		fmt++;
	}
	spec->conv = *fmt;
	return fmt;
}

static void print_text(struct sink *out, const struct spec *spec, const char *s, size_t len)
{
	size_t pad = len < spec->width ? spec->width - len : 0;

	if (!spec->left) {
		sink_fill(out, ' ', pad);
	}
	sink_text(out, s, len);
	if (spec->left) {
		sink_fill(out, ' ', pad);
	}
}

static void print_number(struct sink *out, const struct spec *spec, const char *prefix, u64 value)
{
	const char *digits = spec->conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	u32 base = spec->conv == 'x' || spec->conv == 'X' || spec->conv == 'p' ? 16 : 10;
	char text[20];
	size_t start = sizeof(text);
	size_t min_digits = spec->has_precision ? spec->precision : 1;
	size_t len, total, zeros;

	for (; value != 0; value /= base) {
		text[--start] = digits[value % base];
	}
	len = sizeof(text) - start;
	zeros = len < min_digits ? min_digits - len : 0;
	total = strlen(prefix) + zeros + len;
	if (spec->zeros && !spec->left && !spec->has_precision && total < spec->width) {
		zeros += spec->width - total;
		total = spec->width;
	}
	if (!spec->left && total < spec->width) {
		sink_fill(out, ' ', spec->width - total);
	}
	sink_text(out, prefix, strlen(prefix));
	sink_fill(out, '0', zeros);
	sink_text(out, text + start, len);
	if (spec->left && total < spec->width) {
		sink_fill(out, ' ', spec->width - total);
	}
}

/* Returns false for a conversion that does not exist; then no argument was taken. */
static bool print_spec(struct sink *out, const struct spec *spec, struct args *args)
{
	const char *s;
	s64 v;
	char c;

	switch (spec->conv) {
	case 'd':
	case 'i':
		v = spec->longs ? va_arg(args->list, s64) : va_arg(args->list, int);
		print_number(out, spec, v < 0 ? "-" : "", v < 0 ? 0 - (u64)v : (u64)v);
		return true;
	case 'u':
	case 'x':
	case 'X':
		print_number(out, spec, "",
			     spec->longs ? va_arg(args->list, u64)
					 : va_arg(args->list, unsigned int));
		return true;
	case 'p':
		print_number(out, spec, "0x", (uintptr_t)va_arg(args->list, void *));
		return true;
	case 's':
		s = va_arg(args->list, const char *);
		s = s ? s : "(null)";
		print_text(out, spec, s,
			   strnlen(s, spec->has_precision ? spec->precision : PTRDIFF_MAX));
		return true;
	case 'c':
		c = (char)va_arg(args->list, int);
		print_text(out, spec, &c, 1);
		return true;
	case '%':
		sink_char(out, '%');
		return true;
	default:
		return false;
	}
}

size_t fmt_vstr(char *buf, size_t size, const char *fmt, va_list list)
{
	struct sink out = { .buf = buf, .size = size };
	struct args args;
	struct spec spec;

	va_copy(args.list, list);
	while (*fmt != '\0') {
		const char *end;

		if (*fmt != '%') {
			sink_char(&out, *fmt++);
			continue;
		}
		end = parse_spec(fmt + 1, &args, &spec);
		if (print_spec(&out, &spec, &args)) {
			fmt = end + 1;
		} else {
			sink_char(&out, *fmt++);
		}
	}
	va_end(args.list);
	if (size > 0) {
		buf[out.len < size ? out.len : size - 1] = '\0';
	}
	return out.len;
}

size_t fmt_str(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vstr(buf, size, fmt, args);
	va_end(args);
	return len;
}
