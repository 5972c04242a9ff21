/* SPDX-License-Identifier: MIT */
/* The figures of an explanation; see measure.h. */
#include "bench/explain/measure.h"

#include <assert.h>
#include <stdio.h>

static const char *const names[EXPLAIN_READ] = {
#define EXPLAIN_NAME(id, name) [EXPLAIN_##id] = #name,
	EXPLAIN_MEASURES(EXPLAIN_NAME)
#undef EXPLAIN_NAME
};

static const struct {
	const char *name;
	const char *unit;
} computed[] = {
	[EXPLAIN_CALL - EXPLAIN_READ] = { "sync_wait_mean_ns + sync_hold_mean_ns + sync_release_mean_ns", "ns" },
	[EXPLAIN_IO - EXPLAIN_READ] = { "1e9 * cpus / iops", "ns" },
	[EXPLAIN_IO_CALLS - EXPLAIN_READ] = { "sync_per_s / iops of such calls", "ns" },
	[EXPLAIN_CORE - EXPLAIN_READ] = { "larger of core_to_core_before_ns and core_to_core_after_ns", "ns" },
	[EXPLAIN_BEHIND - EXPLAIN_READ] = { "1 - iops / offered_iops", "" },
};

const struct figure *const *explain_figures(void)
{
	static const struct figure *found[EXPLAIN_READ];

	for (unsigned i = 0; i < EXPLAIN_READ; i++) {
		found[i] = figure_find(names[i]);
		assert(found[i]);
	}
	return found;
}

const char *explain_measure_name(enum explain_measure measure)
{
	static char divided[EXPLAIN_READ][96];
	const struct figure *figure;

	if (measure >= EXPLAIN_READ)
		return computed[measure - EXPLAIN_READ].name;
	figure = figure_find(names[measure]);
	if (!figure->per)
		return figure->column;
	snprintf(divided[measure], sizeof(divided[measure]), "%s / %s", figure->column, figure->per);
	return divided[measure];
}

const char *explain_measure_unit(enum explain_measure measure)
{
	return measure >= EXPLAIN_READ ? computed[measure - EXPLAIN_READ].unit : figure_find(names[measure])->unit;
}
