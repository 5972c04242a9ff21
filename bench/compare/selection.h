/* SPDX-License-Identifier: MIT */
/*
 * Which rows are compared: those of all runs that were read, put together, less what filters leave out.
 *
 * A filter is "KEY=VALUE,..." or "KEY!=VALUE,...": values are equal as numbers where both are numbers, else they are
 * fnmatch() patterns.  A value may be written as in a matrix: section=20us is section_ns=20000.
 */
#ifndef STORSYNC_BENCH_COMPARE_SELECTION_H
#define STORSYNC_BENCH_COMPARE_SELECTION_H

#include "bench/run_data/run_data.h"

#define FILTER_VALUES 32

struct compare_filter {
	enum run_key key;
	bool negated;
	size_t values;
	char *value[FILTER_VALUES];
	char *text;
};

/* A key by its name, or by that of a matrix's dimension; RUN_KEY_COUNT: none, and `error` names the nearest. */
enum run_key selection_key(const char *name, char *error, size_t error_bytes);

/* 0, -EINVAL with a line in `error`, or -ENOMEM. */
int filter_parse(struct compare_filter *filter, const char *text, char *error, size_t error_bytes);
void filter_fini(struct compare_filter *filter);

bool filter_admits(const struct compare_filter *filter, const char *value);

/*
 * The cells of all runs, in their order, that every filter admits, with their rows.  Texts are the runs' own, which must stay.
 * 0 or -ENOMEM; selection_fini() ends it.
 */
int selection_make(struct run_data *all, const struct run_data *run, size_t runs, const struct compare_filter *filter,
		   size_t filters);
void selection_fini(struct run_data *all);

#endif
