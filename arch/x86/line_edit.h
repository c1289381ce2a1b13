/* SPDX-License-Identifier: MIT */
/*
 * The editor of one line on a terminal: bytes in, edits and bytes out through a sink. Pure state,
 * made to be fed anything. It knows neither UART nor commands. A line wider than the terminal is
 * edited correctly but looks odd: nothing here knows the terminal's width.
 *
 * Keys: left, right, Home, End, Del, Backspace; Ctrl-A E B F (move), D (delete), K (to the end),
 * U (to the start), W (word), L (repaint), C (new line), P N and up, down (history), Tab.
 */
#ifndef ARCH_X86_LINE_EDIT_H
#define ARCH_X86_LINE_EDIT_H

#include "lib/types.h"

enum {
	LINE_LEN_MAX = 255,
	LINE_HISTORY = 16,
};

struct line_edit_ops {
	/* Takes what the terminal is to show. */
	void (*out)(void *ctx, const char *bytes, size_t len);
	/* The index-th word that starts with the len bytes at prefix; NULL: no more. Optional. */
	const char *(*candidate)(void *ctx, const char *prefix, size_t len, size_t index);
	const char *prompt;
};

struct line_edit {
	const struct line_edit_ops *ops;
	void *ctx;
	u16 len;
	u16 cursor;    /* 0..len */
	u8 state;      /* of an escape sequence */
	u8 parameter;  /* of it */
	u8 stored;     /* lines in history */
	u8 newest;     /* its index of the newest */
	u8 browsing;   /* 0: the fresh line; n: the n-th newest of history */
	bool echo;     /* false: print nothing, for scripts */
	bool overlong; /* characters did not fit */
	bool after_cr; /* a line feed would be the second half of the line end */
	bool after_tab;
	char text[LINE_LEN_MAX + 1];
	char fresh[LINE_LEN_MAX + 1]; /* the fresh line while history is shown */
	char history[LINE_HISTORY][LINE_LEN_MAX + 1];
};

/* An empty line, an empty history, echo on. Prints nothing. */
void line_edit_init(struct line_edit *edit, const struct line_edit_ops *ops, void *ctx);

/*
 * Takes one byte. Returns whether it ended the line: then edit->text is the line, terminated and
 * printable ASCII only, and edit->overlong says whether it is only its beginning.
 */
bool line_edit_byte(struct line_edit *edit, u8 byte);

/* Starts the next line and prints the prompt, on a line of its own when there is no echo. */
void line_edit_start(struct line_edit *edit);

#endif
