/* SPDX-License-Identifier: MIT */
/* Which cells need another block; see until_ci.h. */
#include "bench/run/until_ci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/median_interval.h"

int until_ci_init(struct until_ci *until, const struct matrix *matrix, const char *metric, double target)
{
	*until = (struct until_ci){ .matrix = matrix, .metric = metric, .target = target };
	until->cell = calloc(matrix->cells + 1, sizeof(*until->cell));
	return until->cell ? 0 : -ENOMEM;
}

void until_ci_fini(struct until_ci *until)
{
	for (size_t c = 0; until->cell && c < until->matrix->cells; c++)
		free(until->cell[c].sample);
	free(until->cell);
	until->cell = NULL;
}

int until_ci_add(struct until_ci *until, size_t cell, uint64_t block, const json_t *summary)
{
	const json_t *value = json_object_get(summary, until->metric);
	const char *status = json_string_value(json_object_get(summary, "status"));
	struct until_ci_sample *grown;
	size_t n = until->cell[cell].n;

	if (!json_is_number(value) || !status || strcmp(status, "ok"))
		return 0;
	grown = realloc(until->cell[cell].sample, (n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[n] = (struct until_ci_sample){ .block = block, .value = json_number_value(value) };
	until->cell[cell].sample = grown;
	until->cell[cell].n = n + 1;
	return 0;
}

static bool is_wide(const struct until_ci *until, size_t cell, uint64_t block)
{
	double value[UNTIL_CI_BLOCKS_MAX];
	struct median_interval interval;
	size_t n = 0;

	for (size_t i = 0; i < until->cell[cell].n && n < UNTIL_CI_BLOCKS_MAX; i++) {
		if (until->cell[cell].sample[i].block < block)
			value[n++] = until->cell[cell].sample[i].value;
	}
	if (!n)
		return false;
	return !median_interval(value, n, &interval) || median_interval_relative(&interval) > until->target;
}

size_t until_ci_wanted(const struct until_ci *until, uint64_t block, bool *wanted)
{
	const struct matrix *matrix = until->matrix;
	size_t wide = 0;

	memset(wanted, 0, matrix->cells * sizeof(*wanted));
	for (size_t c = 0; c < matrix->cells; c++) {
		if (matrix->cell[c].refusal || wanted[c])
			continue;
		if (!is_wide(until, c, block))
			continue;
		for (size_t other = 0; other < matrix->cells; other++)
			wanted[other] |= !matrix->cell[other].refusal && matrix->cell[other].group == matrix->cell[c].group;
	}
	for (size_t c = 0; c < matrix->cells; c++)
		wide += wanted[c] && is_wide(until, c, block);
	return wide;
}
