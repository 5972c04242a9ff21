/* SPDX-License-Identifier: MIT */
/* What the formats for readers say of a comparison, and of what all of them rest on. */
#ifndef STORSYNC_BENCH_COMPARE_WORDING_H
#define STORSYNC_BENCH_COMPARE_WORDING_H

#include "bench/compare/command.h"

enum wording_column {
	WORDING_NAME, WORDING_N, WORDING_MEDIAN, WORDING_RATIO, WORDING_INTERVAL, WORDING_P, WORDING_FLOOR, WORDING_VERDICT,
	WORDING_COLUMNS
};

struct wording {
	char text[WORDING_COLUMNS][160];
};

void wording_head(struct wording *words, const struct compare_result *result, const struct figure *figure);
void wording_comparison(struct wording *words, const struct comparison *c);

/* The baseline's own line, from any comparison of its row. */
void wording_baseline(struct wording *words, const struct comparison *c);

/* "isr_latency_p50: ISR latency, median, in ns, less is better" */
void wording_figure(const struct figure *figure, FILE *out);

/* "12 better, 3 worse of 30": of comparisons order[first] to order[end - 1]. */
void wording_tally(const struct compare_result *result, size_t first, size_t end, FILE *out);

/* "cpus 2"; a length of the window to three digits, as it counts. */
void wording_key(enum run_key key, const char *value, FILE *out);

/* "cpus 2, irq_routing same": keys that vary, of the table, or the others, between two texts; nothing when there are none. */
void wording_keys(const char *before, const char *after, const struct compare_result *result, const struct comparison *c,
		  bool of_table, FILE *out);

/* Paragraphs, NULL at the end; each to be freed, and the list.  NULL without memory. */
char **wording_heading(const struct compare_result *result);
char **wording_legend(const struct compare_result *result);
void wording_free(char **paragraph);

#endif
