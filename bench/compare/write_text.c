/* SPDX-License-Identifier: MIT */
/* Comparisons for a terminal: a tally, a table a figure, and what all of it rests on. */
#include <errno.h>
#include <string.h>

#include "bench/compare/census.h"
#include "bench/compare/wording.h"

#define WIDTH 118

struct layout_of_text {
	int width[WORDING_COLUMNS];
	bool colour;
	FILE *out;
};

static void widen(struct layout_of_text *layout, const struct wording *words)
{
	for (unsigned c = 0; c < WORDING_COLUMNS; c++) {
		int length = (int)strlen(words->text[c]);

		layout->width[c] = length > layout->width[c] ? length : layout->width[c];
	}
}

static void measure(struct layout_of_text *layout, const struct compare_result *result)
{
	struct wording words;

	for (size_t i = 0; i < result->all->count; i++) {
		const struct comparison *c = &result->all->comparison[i];

		wording_comparison(&words, c);
		widen(layout, &words);
		if (i && c->figure == c[-1].figure)
			continue;
		wording_head(&words, result, c->figure);
		widen(layout, &words);
		wording_baseline(&words, c);
		widen(layout, &words);
	}
}

static const char *colour_of(enum compare_verdict verdict)
{
	return verdict == COMPARE_BETTER ? "\033[32m" : verdict == COMPARE_WORSE ? "\033[31m" :
	       verdict == COMPARE_UNDECIDED ? "\033[33m" : "";
}

/* Margin, and the text at either end of its column; widths are those of the widest text. */
static char *put_padded(char *at, const char *text, int margin, int width, bool left)
{
	size_t length = strlen(text), blanks = (size_t)width > length ? (size_t)width - length : 0;

	memset(at, ' ', (size_t)margin + blanks);
	at += margin;
	memcpy(at + (left ? 0 : blanks), text, length);
	if (left)
		memset(at + length, ' ', blanks);
	return at + blanks + length;
}

static void print_line(const struct layout_of_text *layout, const struct wording *words, const char *colour)
{
	char line[2 * sizeof(*words)];
	char *at = put_padded(line, words->text[WORDING_NAME], 4, layout->width[WORDING_NAME], true);

	for (unsigned c = WORDING_N; c < WORDING_VERDICT; c++)
		at = put_padded(at, words->text[c], 2, layout->width[c], false);
	at = put_padded(at, colour, 2, 0, true);
	at = put_padded(at, words->text[WORDING_VERDICT], 0, 0, true);
	at = put_padded(at, *colour ? "\033[0m" : "", 0, 0, true);
	*at++ = '\n';
	fwrite(line, 1, (size_t)(at - line), layout->out);
}

/* A paragraph, its first line with another margin than the rest. */
static void print_wrapped(FILE *out, const char *text, int first, int rest)
{
	int margin = first;

	while (*text) {
		size_t room = (size_t)(WIDTH - margin);
		size_t length = strlen(text);

		if (length > room) {
			for (length = room; length && text[length] != ' ';)
				length--;
			length = length ? length : strcspn(text, " ");
		}
		fprintf(out, "%*s%.*s\n", margin, "", (int)length, text);
		text += length;
		text += strspn(text, " ");
		margin = rest;
	}
}

static int print_paragraphs(FILE *out, char **paragraph, int first, int rest)
{
	if (!paragraph)
		return -ENOMEM;
	for (size_t i = 0; paragraph[i]; i++)
		print_wrapped(out, paragraph[i], first, rest);
	wording_free(paragraph);
	return 0;
}

static const struct comparison *at(const struct compare_result *result, size_t i)
{
	return &result->all->comparison[result->order[i]];
}

static size_t end_of_table(const struct compare_result *result, size_t first)
{
	size_t end = first;

	while (end < result->all->count && compare_same_table(result, at(result, first), at(result, end)))
		end++;
	return end;
}

static void print_table(const struct layout_of_text *layout, const struct compare_result *result, size_t first, size_t end)
{
	FILE *out = layout->out;
	struct wording words;

	fputc('\n', out);
	wording_figure(at(result, first)->figure, out);
	wording_keys("; ", "", result, at(result, first), true, out);
	fputc('\n', out);
	wording_head(&words, result, at(result, first)->figure);
	print_line(layout, &words, "");
	for (size_t i = first; i < end; i++) {
		const struct comparison *c = at(result, i);

		if (i == first || !compare_same_row(result, at(result, i - 1), c)) {
			wording_keys("  ", "\n", result, c, false, out);
			wording_baseline(&words, c);
			print_line(layout, &words, "");
		}
		wording_comparison(&words, c);
		print_line(layout, &words, layout->colour ? colour_of(c->verdict) : "");
	}
}

static void print_tallies(const struct compare_result *result, FILE *out)
{
	fputc('\n', out);
	for (size_t first = 0, end; first < result->all->count; first = end) {
		const struct comparison *c = at(result, first);

		end = first;
		while (end < result->all->count && at(result, end)->figure == c->figure)
			end++;
		fprintf(out, "%s: ", c->figure->name);
		wording_tally(result, first, end, out);
		fputc('\n', out);
	}
}

int compare_write_text(const struct compare_result *result, FILE *out, bool colour)
{
	struct layout_of_text layout = { .colour = colour, .out = out };
	int error;

	measure(&layout, result);
	error = print_paragraphs(out, wording_heading(result), 0, 2);
	if (error)
		return error;
	print_tallies(result, out);
	for (size_t first = 0, end; first < result->all->count; first = end) {
		end = end_of_table(result, first);
		print_table(&layout, result, first, end);
	}
	fputs("\nWhat this rests on\n", out);
	return print_paragraphs(out, wording_legend(result), 2, 4);
}
