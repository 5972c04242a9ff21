/* SPDX-License-Identifier: MIT */
/* Preprocessed C, rewritten token by token; see llp64.h. */
#include "bench/miniport/llp64.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct text {
	const char *at;
	const char *end;
	FILE *out;
	bool in_system;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static void copy_until(struct text *text, const char *until)
{
	fwrite(text->at, 1, (size_t)(until - text->at), text->out);
	text->at = until;
}

static const char *end_of_word(const struct text *text, const char *at)
{
	while (at < text->end && is_word(*at))
		at++;
	return at;
}

static const char *end_of_line(const struct text *text, const char *at)
{
	while (at < text->end && *at != '\n')
		at++;
	return at;
}

static const char *end_of_literal(const struct text *text, const char *at)
{
	char quote = *at++;

	while (at < text->end && *at != quote && *at != '\n')
		at += *at == '\\' && at + 1 < text->end ? 2 : 1;
	return at < text->end ? at + 1 : text->end;
}

/* `# 12 "file.h" 1 3`: the flag 3 says that the file is the system's. */
static void take_line_marker(struct text *text)
{
	const char *end = end_of_line(text, text->at);
	const char *flags = end;

	while (flags > text->at && flags[-1] != '"')
		flags--;
	if (flags > text->at) {
		text->in_system = false;
		for (; flags < end; flags++)
			text->in_system |= *flags == '3';
	}
	copy_until(text, end);
}

static bool begins_line(const struct text *text, const char *begin)
{
	return text->at == begin || text->at[-1] == '\n';
}

static bool is_marker(const struct text *text, const char *begin)
{
	return *text->at == '#' && begins_line(text, begin) && text->end - text->at > 2 && text->at[1] == ' ' &&
	       isdigit((unsigned char)text->at[2]);
}

static bool is_one_of(const char *word, size_t bytes, const char *const *list)
{
	for (; *list; list++) {
		if (strlen(*list) == bytes && memcmp(word, *list, bytes) == 0)
			return true;
	}
	return false;
}

/* Words of a declaration's type that say how long it is, and those that may stand between them. */
static const char *const type_words[] = {
	"long", "int", "unsigned", "signed", "double", "short", "char", "const", "volatile", "static", "extern", "register", "typedef",
	"inline", "__inline", "__inline__", "_Complex", "__signed__", "__volatile", "__volatile__", "__const", NULL
};

struct type_run {
	unsigned longs;
	bool has_int;
	bool has_double;
};

/* The words of a type from here on, white space alone between them; what ends it. */
static const char *look_at_run(const struct text *text, struct type_run *run)
{
	static const char *const long_word[] = { "long", NULL }, *const int_word[] = { "int", NULL };
	static const char *const double_word[] = { "double", NULL };
	const char *at = text->at, *end = at;

	*run = (struct type_run){ 0 };
	for (;;) {
		const char *word_end = end_of_word(text, at);
		size_t bytes = (size_t)(word_end - at);

		if (!is_one_of(at, bytes, type_words))
			return end;
		run->longs += is_one_of(at, bytes, long_word);
		run->has_int |= is_one_of(at, bytes, int_word);
		run->has_double |= is_one_of(at, bytes, double_word);
		at = end = word_end;
		while (at < text->end && isspace((unsigned char)*at))
			at++;
	}
}

static void take_word(struct text *text)
{
	struct type_run run;
	const char *end = look_at_run(text, &run);

	if (end == text->at) {
		copy_until(text, end_of_word(text, text->at));
		return;
	}
	if (run.longs != 1 || run.has_double) {
		copy_until(text, end);
		return;
	}
	while (text->at < end) {
		const char *word_end = end_of_word(text, text->at);

		if (word_end == text->at) {
			copy_until(text, text->at + 1);
		} else if (word_end - text->at == 4 && memcmp(text->at, "long", 4) == 0) {
			fputs(run.has_int ? "    " : "int ", text->out);
			text->at = word_end;
		} else {
			copy_until(text, word_end);
		}
	}
}

/* A preprocessing number: it has dots, and signs behind an exponent's letter. */
static const char *end_of_number(const struct text *text)
{
	const char *at = text->at;
	bool hexadecimal = at + 1 < text->end && at[0] == '0' && (at[1] | 0x20) == 'x';

	for (; at < text->end; at++) {
		char letter = at > text->at ? (char)(at[-1] | 0x20) : '\0';

		if (is_word(*at) || *at == '.')
			continue;
		if ((*at == '+' || *at == '-') && (letter == 'p' || (letter == 'e' && !hexadecimal)))
			continue;
		break;
	}
	return at;
}

static bool is_integer(const char *text, const char *end)
{
	bool hexadecimal = end - text > 1 && text[0] == '0' && (text[1] | 0x20) == 'x';

	for (const char *at = text; at < end; at++) {
		char letter = (char)(*at | 0x20);

		if (*at == '.' || letter == 'p' || (letter == 'e' && !hexadecimal))
			return false;
	}
	return true;
}

/* Microsoft's own suffixes. */
static bool take_sized_suffix(struct text *text, const char *end)
{
	static const struct {
		const char *theirs;
		const char *ours;
	} suffixes[] = { { "ui64", "ULL" }, { "i64", "LL" }, { "ui32", "U" }, { "i32", "" } };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t bytes = strlen(suffixes[i].theirs);

		if ((size_t)(end - text->at) <= bytes || strncasecmp(end - bytes, suffixes[i].theirs, bytes))
			continue;
		copy_until(text, end - bytes);
		fputs(suffixes[i].ours, text->out);
		text->at = end;
		return true;
	}
	return false;
}

static void take_number(struct text *text)
{
	const char *end = end_of_number(text);
	const char *suffix = end;
	unsigned longs = 0;

	if (!is_integer(text->at, end) || take_sized_suffix(text, end)) {
		copy_until(text, end);
		return;
	}
	while (suffix > text->at && ((suffix[-1] | 0x20) == 'l' || (suffix[-1] | 0x20) == 'u'))
		longs += (*--suffix | 0x20) == 'l';
	if (longs != 1) {
		copy_until(text, end);
		return;
	}
	copy_until(text, suffix);
	for (; text->at < end; text->at++) {
		if ((*text->at | 0x20) == 'u')
			fputc(*text->at, text->out);
	}
	/* What has been one token stays apart from the next. */
	fputc(' ', text->out);
}

void llp64_rewrite(const char *bytes, size_t count, FILE *out)
{
	struct text text = { .at = bytes, .end = bytes + count, .out = out };

	while (text.at < text.end) {
		char c = *text.at;

		if (is_marker(&text, bytes))
			take_line_marker(&text);
		else if (text.in_system || (c == '#' && begins_line(&text, bytes)))
			copy_until(&text, end_of_line(&text, text.at) + (end_of_line(&text, text.at) < text.end));
		else if (c == '"' || c == '\'')
			copy_until(&text, end_of_literal(&text, text.at));
		else if (isdigit((unsigned char)c) || (c == '.' && text.at + 1 < text.end && isdigit((unsigned char)text.at[1])))
			take_number(&text);
		else if (is_word(c))
			take_word(&text);
		else
			copy_until(&text, text.at + 1);
	}
}
