/* SPDX-License-Identifier: MIT */
/*
 * The figures of a row that are judged or drawn: columns of summary.csv, with the unit, in which direction they are better,
 * and the words for them.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_FIGURE_H
#define STORSYNC_BENCH_RUN_DATA_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

enum figure_better { FIGURE_LESS, FIGURE_MORE, FIGURE_NEITHER };

struct figure {
	const char *name;   /* the column without its unit: isr_latency_p99 */
	const char *column; /* of summary.csv; of Google Benchmark's JSON, the field */
	const char *per;    /* the column that it is divided by, NULL: none */
	const char *unit;   /* "ns", "ps", "1/s" or "" */
	const char *words;  /* for headings: "ISR latency, p99" */
	enum figure_better better;
	bool tested;        /* false: shown, never tested, as a maximum is */
};

extern const struct figure figures[];
extern const size_t figure_count;

/* By its name or its column; NULL when there is none. */
const struct figure *figure_find(const char *name);

/* "less", "more" or "". */
const char *figure_better_name(enum figure_better better);

#endif
