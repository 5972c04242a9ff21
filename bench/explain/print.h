/* SPDX-License-Identifier: MIT */
/* Sentences as text, Markdown and JSON. */
#ifndef STORSYNC_BENCH_EXPLAIN_PRINT_H
#define STORSYNC_BENCH_EXPLAIN_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/explain/explain.h"

enum print_format { PRINT_TEXT, PRINT_MARKDOWN, PRINT_JSON };

/* Where it goes; text is wrapped at `width` columns. */
struct printer {
	FILE *out;
	enum print_format format;
	unsigned width;
};

/* What the figures are. */
#define PRINT_LEGEND \
	"Figures are medians over the invocations [smallest, largest]; p is exact Mann-Whitney over invocations, after Holm, and a " \
	"difference is shown below 0.05. Whether the mean ISR latency differs is decided as `storsync compare` does, by its test " \
	"and its noise floor."

#define PRINT_SENTENCE_BYTES 2048

/* The sentence with its figures in parentheses and a full stop.  Returns `text`. */
const char *print_sentence(char text[PRINT_SENTENCE_BYTES], const struct explain_sentence *sentence);

/* A figure: "631 [590, 702] against 219 [201, 240]". */
void print_figure(char *text, size_t bytes, const struct explain_difference *figure);

/* A number of a measure. */
void print_number(char *text, size_t bytes, double value, const char *unit);

/* Not for JSON: a heading, an item of a list, and a paragraph. */
void print_heading(const struct printer *printer, const char *text);
void print_item(const struct printer *printer, const char *text);
void print_paragraph(const struct printer *printer, const char *text);

/* All of an explanation, but for JSON. */
void print_explanation(const struct printer *printer, const struct explanation *explanation);

/* New references; NULL when memory is short. */
json_t *print_sentence_json(const struct explain_sentence *sentence);
json_t *print_figure_json(const struct explain_difference *figure);
json_t *print_explanation_json(const struct explanation *explanation);

#endif
