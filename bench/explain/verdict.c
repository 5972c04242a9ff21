/* SPDX-License-Identifier: MIT */
/* compare's verdict on a pair; see verdict.h. */
#include "bench/explain/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/explain/measure.h"

/* The cells of `kept`, in the order of the data, with the mean ISR latency alone. */
static int take(struct run_data *taken, const struct run_data *data, const bool *kept)
{
	*taken = *data;
	taken->cell = calloc(data->cells + 1, sizeof(*taken->cell));
	taken->row = calloc(data->rows + 1, sizeof(*taken->row));
	taken->value = calloc(data->rows + 1, sizeof(*taken->value));
	taken->figure = calloc(1, sizeof(const struct figure *));
	taken->cells = taken->rows = 0;
	taken->figures = 1;
	if (!taken->cell || !taken->row || !taken->value || !taken->figure)
		return -ENOMEM;
	taken->figure[0] = data->figure[EXPLAIN_LATENCY];
	for (size_t i = 0; i < data->cells; i++) {
		size_t first;
		size_t end = run_data_rows_of(data, i, &first);

		if (kept && !kept[i])
			continue;
		for (size_t row = first; row < end; row++) {
			taken->row[taken->rows] = data->row[row];
			taken->row[taken->rows].cell = (uint32_t)taken->cells;
			taken->value[taken->rows++] = run_data_value(data, row, EXPLAIN_LATENCY);
		}
		taken->cell[taken->cells++] = data->cell[i];
	}
	return 0;
}

static void let_go(struct run_data *taken)
{
	free(taken->cell);
	free(taken->row);
	free(taken->value);
	free(taken->figure);
}

static bool is_of_cell(const struct comparison *one, const struct run_cell *cell, enum run_key column)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (one->key[k] && strcmp(one->key[k], cell->key[k]) != 0)
			return false;
	}
	return strcmp(one->candidate, cell->key[column]) == 0;
}

static int compare(struct comparison *compared, size_t *tests, const struct run_data *data, const struct run_cell *cell,
		   const struct run_cell *base, enum run_key column)
{
	struct compare_options options;
	struct comparisons all;
	char error[RUN_DATA_ERROR_BYTES];
	int status;

	compare_options_init(&options);
	options.column = column;
	options.baseline = base->key[column];
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		options.ignored[k] = k != column && strcmp(cell->key[k], base->key[k]) != 0;
	status = compare_cells(&all, data, &options, error, sizeof(error));
	if (status)
		return status == -ENOMEM ? status : 0;
	for (size_t i = 0; i < all.count; i++) {
		if (is_of_cell(&all.comparison[i], cell, column))
			*compared = all.comparison[i];
	}
	*tests = all.tests;
	comparisons_fini(&all);
	return 0;
}

int verdict_among(struct comparison *compared, size_t *tests, const struct run_data *data, const bool *kept, size_t cell,
		  size_t base, enum run_key column)
{
	struct run_data taken;
	int status = take(&taken, data, kept);

	*compared = (struct comparison){ .verdict = COMPARE_NOT_COMPARABLE };
	*tests = 0;
	if (!status)
		status = compare(compared, tests, &taken, &data->cell[cell], &data->cell[base], column);
	let_go(&taken);
	return status;
}

int verdict_of_pair(struct comparison *compared, const struct run_data *data, size_t cell, size_t base, enum run_key column)
{
	bool *kept = calloc(data->cells + 1, sizeof(*kept));
	size_t tests;
	int status;

	if (!kept)
		return -ENOMEM;
	kept[cell] = kept[base] = true;
	status = verdict_among(compared, &tests, data, kept, cell, base, column);
	free(kept);
	return status;
}
