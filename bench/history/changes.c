/* SPDX-License-Identifier: MIT */
/*
 * Where the medians of a series step; see series.h.  By stats/change_points.h, on logarithms where there are any: what changes is told as a
 * ratio.  Its interval compares the runs of the new level with those of the one before.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/history/series.h"
#include "bench/stats/change_points.h"
#include "bench/stats/hodges_lehmann.h"
#include "bench/stats/rank_test.h"

/* Runs that have a median: which point each is, and its level. */
struct levels {
	size_t count;
	size_t *point;
	double *level;
	bool is_ratio;
};

static int take_levels(const struct history_series *series, struct levels *levels)
{
	*levels = (struct levels){ .is_ratio = true };
	levels->point = malloc((series->points + 1) * sizeof(*levels->point));
	levels->level = malloc((series->points + 1) * sizeof(*levels->level));
	if (!levels->point || !levels->level)
		return -ENOMEM;
	for (size_t i = 0; i < series->points; i++) {
		if (!isfinite(series->point[i].median))
			continue;
		levels->point[levels->count] = i;
		levels->level[levels->count++] = series->point[i].median;
	}
	/* The oldest are let go of. */
	if (levels->count > CHANGE_POINTS_SERIES_MAX) {
		size_t old = levels->count - CHANGE_POINTS_SERIES_MAX;

		levels->count = CHANGE_POINTS_SERIES_MAX;
		for (size_t i = 0; i < levels->count; i++) {
			levels->point[i] = levels->point[i + old];
			levels->level[i] = levels->level[i + old];
		}
	}
	for (size_t i = 0; i < levels->count; i++)
		levels->is_ratio = levels->is_ratio && levels->level[i] > 0;
	for (size_t i = 0; i < levels->count && levels->is_ratio; i++)
		levels->level[i] = log(levels->level[i]);
	return 0;
}

_Static_assert(CHANGE_POINTS_SERIES_MAX <= RANK_VALUES_MAX, "a level may be most of a series");

/* Segments [from, at) and [at, to). */
static void estimate(const struct levels *levels, size_t from, size_t at, size_t to, struct history_change *change)
{
	struct shift_estimate shift;

	change->is_ratio = levels->is_ratio;
	change->shift = change->low = change->high = NAN;
	if (hodges_lehmann(&levels->level[from], at - from, &levels->level[at], to - at, 0.95, &shift))
		return;
	change->shift = levels->is_ratio ? exp(shift.shift) : shift.shift;
	change->low = levels->is_ratio ? exp(shift.lo) : shift.lo;
	change->high = levels->is_ratio ? exp(shift.hi) : shift.hi;
}

static int search(struct history_series *series, const struct levels *levels)
{
	struct change_point *found = NULL;
	size_t count = 0;
	int status = change_points_find(levels->level, levels->count, HISTORY_ALPHA, CHANGE_POINTS_LEAST_SEGMENT, &found, &count);

	if (status)
		return status;
	series->change = calloc(count + 1, sizeof(*series->change));
	if (!series->change) {
		free(found);
		return -ENOMEM;
	}
	series->changes = count;
	for (size_t i = 0; i < count; i++) {
		series->change[i] = (struct history_change){ .point = levels->point[found[i].at], .p_value = found[i].p_value };
		estimate(levels, i ? found[i - 1].at : 0, found[i].at, i + 1 < count ? found[i + 1].at : levels->count,
			 &series->change[i]);
	}
	free(found);
	return 0;
}

int history_find_changes(struct history_series *series)
{
	struct levels levels;
	int status = take_levels(series, &levels);

	if (!status && levels.count >= HISTORY_LEAST_RUNS) {
		status = search(series, &levels);
		series->judged = status ? 0 : levels.count;
	}
	free(levels.point);
	free(levels.level);
	return status;
}
