/* SPDX-License-Identifier: MIT */
/*
 * The page of a report: one HTML file that needs nothing else, no network, no script.
 *
 * Each section is a function of its own that writes what is known and says what is not.
 */
#ifndef STORSYNC_BENCH_REPORT_PAGE_H
#define STORSYNC_BENCH_REPORT_PAGE_H

#include <stdio.h>

#include "bench/files/csv.h"
#include "bench/report/picture.h"
#include "bench/report/report_data.h"
#include "bench/run_dir/journal.h"

struct page {
	FILE *out;
	const struct report_data *data;
	const struct picture *picture;
	size_t pictures;
	const char *title;          /* NULL: the matrix and the host */
	struct csv_table env;       /* env.csv */
	struct run_journal journal; /* without entries when there is none */
};

/*
 * Writes the page to `out`, whose errors are the caller's to look at.  0 or -errno, with a line in `error`
 * (RUN_DATA_ERROR_BYTES): env.csv or journal.jsonl cannot be read.
 */
int page_write(FILE *out, const struct report_data *data, const struct picture *picture, size_t pictures, const char *title,
	       char *error);

/* The sections, in their order. */
void page_run(const struct page *page);
void page_trust(const struct page *page);
void page_verdicts(const struct page *page);
void page_pictures(const struct page *page);
void page_sources(const struct page *page);

/* What there is of each kind; a cell counts once, on however many machines. */
struct page_rows {
	size_t cells;
	size_t measured_cells;
	size_t invocations; /* not skipped */
	size_t ok;
	size_t gated;       /* of all invocations */
};
struct page_rows page_count_rows(const struct run_data *run);

/* Whether a cell's value of a key says something: of a cell that was skipped, what is empty does not. */
bool page_cell_has(const struct run_data *run, size_t cell, enum run_key key);

/* Whether cells differ in a key, by those that say something. */
bool page_key_differs(const struct run_data *run, enum run_key key);

/* style.css, by the build. */
extern const char report_style[];

#endif
