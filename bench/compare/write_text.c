/* SPDX-License-Identifier: MIT */
/*
 * Comparisons for a terminal: a tally, a table a figure, and what all of it rests on. Of many, lines are measured and made by
 * several threads, a slice each, and then written in their order.
 */
#define _GNU_SOURCE /* open_memstream */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/census.h"
#include "bench/compare/crew.h"
#include "bench/compare/wording.h"

#define WIDTH 118
#define SLICE 2048

struct layout_of_text {
	const struct compare_result *result;
	int width[WORDING_COLUMNS];
	bool colour;
	FILE *out;
	char **made; /* text of each slice; NULL: out of memory */
	size_t *bytes;
};

static void widen(struct layout_of_text *layout, const struct wording *words)
{
	for (unsigned c = 0; c < WORDING_COLUMNS; c++) {
		int length = (int)strlen(words->text[c]);

		layout->width[c] = length > layout->width[c] ? length : layout->width[c];
	}
}

static size_t end_of_slice(const struct compare_result *result, size_t slice)
{
	return (slice + 1) * SLICE < result->all->count ? (slice + 1) * SLICE : result->all->count;
}

static void measure_slice(void *context, size_t slice)
{
	struct layout_of_text *layout = context;
	const struct compare_result *result = layout->result;
	struct wording words;

	for (size_t i = slice * SLICE; i < end_of_slice(result, slice); i++) {
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

/* Of the i-th comparison, and before it whatever begins with it. */
static void print_comparison(const struct layout_of_text *layout, size_t i)
{
	const struct compare_result *result = layout->result;
	const struct comparison *c = at(result, i);
	bool begins_table = i == 0 || !compare_same_table(result, at(result, i - 1), c);
	struct wording words;

	if (begins_table) {
		fputc('\n', layout->out);
		wording_figure(c->figure, layout->out);
		wording_keys("; ", "", result, c, true, layout->out);
		fputc('\n', layout->out);
		wording_head(&words, result, c->figure);
		print_line(layout, &words, "");
	}
	if (begins_table || !compare_same_row(result, at(result, i - 1), c)) {
		wording_keys("  ", "\n", result, c, false, layout->out);
		wording_baseline(&words, c);
		print_line(layout, &words, "");
	}
	wording_comparison(&words, c);
	print_line(layout, &words, layout->colour ? colour_of(c->verdict) : "");
}

static void print_slice(void *context, size_t slice)
{
	struct layout_of_text *layout = context;

	layout->out = open_memstream(&layout->made[slice], &layout->bytes[slice]);
	for (size_t i = slice * SLICE; layout->out && i < end_of_slice(layout->result, slice); i++)
		print_comparison(layout, i);
	if (layout->out && fclose(layout->out)) {
		free(layout->made[slice]);
		layout->made[slice] = NULL;
	}
}

/* All that threads have made, in its order. */
static int put_slices(const struct layout_of_text *layout, size_t slices, FILE *out)
{
	int error = 0;

	for (size_t i = 0; i < slices; i++) {
		if (layout->made[i])
			fwrite(layout->made[i], 1, layout->bytes[i], out);
		else
			error = -ENOMEM;
		free(layout->made[i]);
	}
	return error;
}

static void agree_on_widths(struct layout_of_text *layout, size_t workers)
{
	for (unsigned c = 0; c < WORDING_COLUMNS; c++) {
		int widest = 0;

		for (size_t i = 0; i < workers; i++)
			widest = layout[i].width[c] > widest ? layout[i].width[c] : widest;
		for (size_t i = 0; i < workers; i++)
			layout[i].width[c] = widest;
	}
}

static int print_tables(const struct compare_result *result, FILE *out, bool colour)
{
	size_t slices = (result->all->count + SLICE - 1) / SLICE, workers = crew_size(slices);
	char **made = calloc(slices + 1, sizeof(*made));
	size_t *bytes = calloc(slices + 1, sizeof(*bytes));
	struct layout_of_text layout[CREW_MAX];
	void *crew[CREW_MAX];
	int error = -ENOMEM;

	for (size_t i = 0; i < workers; i++) {
		layout[i] = (struct layout_of_text){ .result = result, .colour = colour, .made = made, .bytes = bytes };
		crew[i] = &layout[i];
	}
	if (made && bytes) {
		crew_run(slices, crew, workers, measure_slice);
		agree_on_widths(layout, workers);
		crew_run(slices, crew, workers, print_slice);
		error = put_slices(&layout[0], slices, out);
	}
	free(bytes);
	free(made);
	return error;
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
	int error = print_paragraphs(out, wording_heading(result), 0, 2);

	if (error)
		return error;
	print_tallies(result, out);
	error = print_tables(result, out, colour);
	if (error)
		return error;
	fputs("\nWhat this rests on\n", out);
	return print_paragraphs(out, wording_legend(result), 2, 4);
}
