/* SPDX-License-Identifier: MIT */
/*
 * What `storsync micro` makes of its repetitions: rows of micro.csv, and the
 * ratio of each back end to the fastest peer of its algorithm.
 */
#ifndef STORSYNC_BENCH_MICRO_MICRO_REPORT_H
#define STORSYNC_BENCH_MICRO_MICRO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/files/csv.h"
#include "bench/gbench/gbench.h"
#include "bench/micro/micro_cases.h"

/* The most that an uncontended back end may cost, in units of the fastest peer. */
#define MICRO_BUDGET_RATIO 1.1

/* Fewer repetitions decide nothing: their extremes hold the median too seldom. */
#define MICRO_REPETITIONS_LEAST 5

/* When the median repetition lost more of its CPU time than this, its time says little about the back end. */
#define MICRO_LOST_MOST 0.05

/* All repetitions of one benchmark. */
struct micro_series {
	char name[80]; /* as registered */
	enum micro_kind kind;
	const char *subject;   /* back end or peer; NULL for an instrument */
	const char *algorithm; /* NULL when it has no peers */
	bool peer;             /* another project's lock */
	bool bare;             /* and without the IRQL: what the others are compared with */
	double *ns;            /* per operation, `n` of them */
	double *cpu_lost_frac; /* likewise; 0 when not known */
	size_t n;
	char skipped[160];     /* the reason for which repetitions are missing; empty when none are */
};

/* Columns of micro.csv: one row a benchmark and repetition. */
extern const struct csv_schema micro_schema;

void micro_series_fini(struct micro_series *series);

/* Adds a repetition to its series.  Returns 0 or -ENOMEM. */
int micro_series_add(struct micro_series *series, const struct gbench_result *result);

/* Writes it as a row.  Returns 0 or -errno. */
int micro_write_row(struct csv_writer *writer, const struct micro_series *series, const struct gbench_result *result);

enum micro_verdict {
	MICRO_MET,
	MICRO_NOT_MET,
	MICRO_UNDECIDED, /* the interval straddles the budget, or there are too few repetitions for one */
};

/*
 * One series over another.  The interval is of the ratios repetition by
 * repetition: the narrowest pair of their order statistics that holds
 * the median with a probability of 15/16 at least, which of 5 repetitions are the extremes.
 */
struct micro_ratio {
	double of_medians;
	double low;
	double high;
	enum micro_verdict verdict; /* about at most MICRO_BUDGET_RATIO */
};

/* `pairs` repetitions each, 1 or more.  Returns 0, -EINVAL or -ENOMEM. */
int micro_compare(const double *ns, const double *peer_ns, size_t pairs, struct micro_ratio *ratio);

/* The table of ratios, a line for each series of a back end that was run or skipped. */
void micro_print_ratios(FILE *out, const struct micro_series *series, size_t count);

#endif
