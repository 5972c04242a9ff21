/* SPDX-License-Identifier: MIT */
/* What the comparisons rest on, counted: rows, gates, verdicts, and which keys tell the comparisons apart. */
#ifndef STORSYNC_BENCH_COMPARE_CENSUS_H
#define STORSYNC_BENCH_COMPARE_CENSUS_H

#include "bench/compare/command.h"

/* Fills census, varies, order and verdicts of a result; the caller frees `order`.  0 or -ENOMEM. */
int compare_take_stock(struct compare_result *result);

/* Whether two comparisons stand in one table, or under one sub-heading of it. */
bool compare_same_table(const struct compare_result *result, const struct comparison *a, const struct comparison *b);
bool compare_same_row(const struct compare_result *result, const struct comparison *a, const struct comparison *b);

#endif
