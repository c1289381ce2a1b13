/* SPDX-License-Identifier: MIT */
/*
 * The line editor; see line_edit.h. Every byte costs a bounded output: a change in the middle
 * lets the terminal shift the rest (ICH and DCH) instead of printing it again.
 */
#include "arch/x86/line_edit.h"

#include "lib/bits.h"
#include "lib/printf.h"
#include "lib/string.h"

enum escape_state {
	ESCAPE_NONE,
	ESCAPE_SEEN,   /* ESC */
	ESCAPE_CSI,    /* ESC [ and parameters */
	ESCAPE_LETTER, /* ESC O */
};

#define CONTROL(letter) ((letter)&0x1f)

enum {
	KEY_BACKSPACE = 0x7f,
	KEY_ESCAPE = 0x1b,
};

static void print(struct line_edit *edit, const char *bytes, size_t len)
{
	if (edit->echo && len > 0) {
		edit->ops->out(edit->ctx, bytes, len);
	}
}

static void print_string(struct line_edit *edit, const char *text)
{
	print(edit, text, strlen(text));
}

/* The terminal's command with a count: D left, C right, P delete; count 0 prints nothing. */
static void print_csi(struct line_edit *edit, size_t count, char final)
{
	char sequence[16];

	if (count > 0) {
		print(edit, sequence,
		      fmt_str(sequence, sizeof(sequence), "\x1b[%u%c", (u32)count, final));
	}
}

static void move_to(struct line_edit *edit, size_t cursor)
{
	if (cursor < edit->cursor) {
		print_csi(edit, edit->cursor - cursor, 'D');
	} else {
		print_csi(edit, cursor - edit->cursor, 'C');
	}
	edit->cursor = (u16)cursor;
}

static void move_by(struct line_edit *edit, int step)
{
	int cursor = edit->cursor + step;

	if (cursor >= 0 && cursor <= edit->len) {
		move_to(edit, (size_t)cursor);
	}
}

/* Removes [from, to), and leaves the cursor at from. */
static void delete_range(struct line_edit *edit, size_t from, size_t to)
{
	if (from >= to) {
		return;
	}
	move_to(edit, from);
	memmove(edit->text + from, edit->text + to, edit->len - to + 1);
	edit->len = (u16)(edit->len - (to - from));
	print_csi(edit, to - from, 'P');
	if (edit->len == 0) {
		edit->overlong = false;
	}
}

static void insert(struct line_edit *edit, char c)
{
	if (edit->len == LINE_LEN_MAX) {
		if (!edit->overlong) {
			print_string(edit, "\a");
		}
		edit->overlong = true;
		return;
	}
	memmove(edit->text + edit->cursor + 1, edit->text + edit->cursor,
		(size_t)(edit->len - edit->cursor) + 1);
	edit->text[edit->cursor] = c;
	if (edit->cursor < edit->len) {
		print_string(edit, "\x1b[@");
	}
	print(edit, &c, 1);
	edit->cursor++;
	edit->len++;
}

static size_t word_start(const struct line_edit *edit)
{
	size_t at = edit->cursor;

	while (at > 0 && edit->text[at - 1] == ' ') {
		at--;
	}
	while (at > 0 && edit->text[at - 1] != ' ') {
		at--;
	}
	return at;
}

static void repaint(struct line_edit *edit)
{
	size_t cursor = edit->cursor;

	print_string(edit, edit->ops->prompt);
	print(edit, edit->text, edit->len);
	edit->cursor = edit->len;
	move_to(edit, cursor);
}

static void replace_line(struct line_edit *edit, const char *text)
{
	move_to(edit, 0);
	print_string(edit, "\x1b[K");
	edit->len = (u16)str_copy(edit->text, sizeof(edit->text), text);
	edit->cursor = edit->len;
	edit->overlong = false;
	print(edit, edit->text, edit->len);
}

static char *history_line(struct line_edit *edit, unsigned int age)
{
	return edit->history[(edit->newest + LINE_HISTORY - age) % LINE_HISTORY];
}

static void history_store(struct line_edit *edit)
{
	if (edit->len == 0 || edit->overlong) {
		return;
	}
	if (edit->stored > 0 && strcmp(history_line(edit, 0), edit->text) == 0) {
		return;
	}
	edit->newest = (u8)((edit->newest + 1) % LINE_HISTORY);
	if (edit->stored < LINE_HISTORY) {
		edit->stored++;
	}
	str_copy(history_line(edit, 0), sizeof(edit->history[0]), edit->text);
}

static void history_older(struct line_edit *edit)
{
	if (edit->browsing == edit->stored) {
		return;
	}
	if (edit->browsing == 0) {
		str_copy(edit->fresh, sizeof(edit->fresh), edit->text);
	}
	edit->browsing++;
	replace_line(edit, history_line(edit, edit->browsing - 1u));
}

static void history_newer(struct line_edit *edit)
{
	if (edit->browsing == 0) {
		return;
	}
	edit->browsing--;
	replace_line(edit,
		     edit->browsing == 0 ? edit->fresh : history_line(edit, edit->browsing - 1u));
}

static const char *candidate(struct line_edit *edit, size_t index)
{
	if (edit->ops->candidate == NULL) {
		return NULL;
	}
	return edit->ops->candidate(edit->ctx, edit->text, edit->cursor, index);
}

static void list_candidates(struct line_edit *edit)
{
	const char *word;

	print_string(edit, "\r\n");
	for (size_t i = 0; (word = candidate(edit, i)) != NULL; i++) {
		print_string(edit, i == 0 ? "" : "  ");
		print_string(edit, word);
	}
	print_string(edit, "\r\n");
	repaint(edit);
}

/* Completes the first word as far as all candidates agree; a second Tab lists them. */
static void complete(struct line_edit *edit)
{
	const char *first = candidate(edit, 0);
	size_t prefix = edit->cursor;
	size_t common;

	if (first == NULL || word_start(edit) != 0) {
		print_string(edit, "\a");
		return;
	}
	common = strlen(first);
	for (size_t i = 1; candidate(edit, i) != NULL; i++) {
		const char *other = candidate(edit, i);
		size_t same = prefix;

		while (same < common && first[same] == other[same]) {
			same++;
		}
		common = same;
	}
	for (size_t i = prefix; i < common; i++) {
		insert(edit, first[i]);
	}
	if (candidate(edit, 1) == NULL) {
		insert(edit, ' ');
	} else if (common == prefix && edit->after_tab) {
		list_candidates(edit);
	}
}

static bool end_line(struct line_edit *edit)
{
	print_string(edit, "\r\n");
	history_store(edit);
	return true;
}

static void control_key(struct line_edit *edit, u8 byte)
{
	switch (byte) {
	case CONTROL('A'):
		move_to(edit, 0);
		break;
	case CONTROL('B'):
		move_by(edit, -1);
		break;
	case CONTROL('C'):
		print_string(edit, "^C\r\n");
		line_edit_start(edit);
		break;
	case CONTROL('D'):
		delete_range(edit, edit->cursor, MIN(edit->cursor + 1u, edit->len));
		break;
	case CONTROL('E'):
		move_to(edit, edit->len);
		break;
	case CONTROL('F'):
		move_by(edit, 1);
		break;
	case CONTROL('H'):
	case KEY_BACKSPACE:
		delete_range(edit, edit->cursor - (edit->cursor > 0), edit->cursor);
		break;
	case CONTROL('I'):
		complete(edit);
		break;
	case CONTROL('K'):
		delete_range(edit, edit->cursor, edit->len);
		break;
	case CONTROL('L'):
		print_string(edit, "\x1b[H\x1b[2J");
		repaint(edit);
		break;
	case CONTROL('N'):
		history_newer(edit);
		break;
	case CONTROL('P'):
		history_older(edit);
		break;
	case CONTROL('U'):
		delete_range(edit, 0, edit->cursor);
		break;
	case CONTROL('W'):
		delete_range(edit, word_start(edit), edit->cursor);
		break;
	default:
		break;
	}
}

/* What a terminal's key sends, as the control key of the same meaning; 0 when it has none. */
static u8 control_of_sequence(u8 final, u8 parameter)
{
	static const struct {
		u8 final;
		u8 parameter; /* of a '~' only */
		u8 control;
	} keys[] = {
		{ 'A', 0, CONTROL('P') }, { 'B', 0, CONTROL('N') }, { 'C', 0, CONTROL('F') },
		{ 'D', 0, CONTROL('B') }, { 'H', 0, CONTROL('A') }, { 'F', 0, CONTROL('E') },
		{ '~', 1, CONTROL('A') }, { '~', 7, CONTROL('A') }, { '~', 4, CONTROL('E') },
		{ '~', 8, CONTROL('E') }, { '~', 3, CONTROL('D') },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].final == final && (final != '~' || keys[i].parameter == parameter)) {
			return keys[i].control;
		}
	}
	return 0;
}

/* Takes a byte of an escape sequence; every sequence ends, at the latest with a control byte. */
static void escape_byte(struct line_edit *edit, u8 byte)
{
	if (edit->state == ESCAPE_SEEN && (byte == '[' || byte == 'O')) {
		edit->state = byte == '[' ? ESCAPE_CSI : ESCAPE_LETTER;
		edit->parameter = 0;
		return;
	}
	if (edit->state == ESCAPE_CSI && byte < 0x40) {
		/* Only one digit means a key; more than one, or a separator, is no key of ours. */
		bool first = edit->parameter == 0;

		edit->parameter = first && byte >= '1' && byte <= '9' ? (u8)(byte - '0') : 0xff;
		return;
	}
	if (edit->state != ESCAPE_SEEN) {
		control_key(edit, control_of_sequence(byte, edit->parameter));
	}
	edit->state = ESCAPE_NONE;
}

bool line_edit_byte(struct line_edit *edit, u8 byte)
{
	bool ended = false;
	bool after_cr = edit->after_cr;

	edit->after_cr = byte == '\r';
	if (byte == KEY_ESCAPE) {
		edit->state = ESCAPE_SEEN;
	} else if (edit->state != ESCAPE_NONE && byte >= 0x20 && byte < 0x7f) {
		escape_byte(edit, byte);
	} else if (byte == '\r' || (byte == '\n' && !after_cr)) {
		edit->state = ESCAPE_NONE;
		ended = end_line(edit);
	} else if (byte >= 0x20 && byte < 0x7f) {
		insert(edit, (char)byte);
	} else if (byte < 0x80) {
		edit->state = ESCAPE_NONE;
		control_key(edit, byte);
	} else {
		edit->state = ESCAPE_NONE;
	}
	edit->after_tab = byte == CONTROL('I');
	return ended;
}

void line_edit_start(struct line_edit *edit)
{
	edit->len = 0;
	edit->cursor = 0;
	edit->text[0] = '\0';
	edit->browsing = 0;
	edit->overlong = false;
	edit->ops->out(edit->ctx, edit->ops->prompt, strlen(edit->ops->prompt));
	if (!edit->echo) {
		edit->ops->out(edit->ctx, "\r\n", 2);
	}
}

void line_edit_init(struct line_edit *edit, const struct line_edit_ops *ops, void *ctx)
{
	memset(edit, 0, sizeof(*edit));
	edit->ops = ops;
	edit->ctx = ctx;
	edit->echo = true;
}
