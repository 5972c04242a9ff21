/* SPDX-License-Identifier: MIT */
/* Comparisons as GitHub's Markdown, for an issue or a job's summary. */
#include <errno.h>
#include <string.h>

#include "bench/compare/census.h"
#include "bench/compare/wording.h"

/* What would be mark-up, or would end the cell, is only text. */
static void print_escaped(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (strchr("\\|`*_<>[]#~", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_line(const struct wording *words, FILE *out)
{
	for (unsigned c = 0; c < WORDING_COLUMNS; c++) {
		fputs(c ? " | " : "| ", out);
		print_escaped(words->text[c], out);
	}
	fputs(" |\n", out);
}

static int print_list(char **paragraph, FILE *out)
{
	if (!paragraph)
		return -ENOMEM;
	for (size_t i = 0; paragraph[i]; i++) {
		fputs("- ", out);
		print_escaped(paragraph[i], out);
		fputc('\n', out);
	}
	wording_free(paragraph);
	return 0;
}

static const struct comparison *at(const struct compare_result *result, size_t i)
{
	return &result->all->comparison[result->order[i]];
}

static void print_head(const struct compare_result *result, const struct comparison *c, FILE *out)
{
	struct wording words;

	wording_keys("\n", "\n", result, c, false, out);
	fputc('\n', out);
	wording_head(&words, result, c->figure);
	print_line(&words, out);
	fputs("|---|---:|---:|---:|---:|---:|---:|---|\n", out);
	wording_baseline(&words, c);
	print_line(&words, out);
}

static size_t print_table(const struct compare_result *result, size_t first, FILE *out)
{
	struct wording words;
	size_t end = first;

	while (end < result->all->count && compare_same_table(result, at(result, first), at(result, end)))
		end++;
	fputs("\n### ", out);
	wording_figure(at(result, first)->figure, out);
	wording_keys("; ", "", result, at(result, first), true, out);
	fputs("\n\n", out);
	wording_tally(result, first, end, out);
	fputs(".\n", out);
	for (size_t i = first; i < end; i++) {
		if (i == first || !compare_same_row(result, at(result, i - 1), at(result, i)))
			print_head(result, at(result, i), out);
		wording_comparison(&words, at(result, i));
		print_line(&words, out);
	}
	return end;
}

int compare_write_md(const struct compare_result *result, FILE *out)
{
	int error;

	fputs("## storsync compare\n\n", out);
	error = print_list(wording_heading(result), out);
	if (error)
		return error;
	for (size_t first = 0; first < result->all->count;)
		first = print_table(result, first, out);
	fputs("\n### What this rests on\n\n", out);
	return print_list(wording_legend(result), out);
}
