/* SPDX-License-Identifier: MIT */
/* compare's verdict on a pair; see verdict.h. */
#include "bench/explain/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/machine_state.h"
#include "bench/explain/measure.h"

/* The mean ISR latency, and what compare looks at of the machine. */
static const enum explain_measure measures[] = { EXPLAIN_LATENCY, EXPLAIN_CORE_BEFORE, EXPLAIN_CORE_AFTER };

#define MEASURES (sizeof(measures) / sizeof(measures[0]))
_Static_assert(MEASURES == 1 + MACHINE_FIGURES_WITHIN, "those of machine_figures, in their order");

/* The cells of `kept`, in the order of the data, with these alone. */
static int take(struct run_data *taken, const struct run_data *data, const bool *kept)
{
	*taken = *data;
	taken->cell = calloc(data->cells + 1, sizeof(*taken->cell));
	taken->row = calloc(data->rows + 1, sizeof(*taken->row));
	taken->value = calloc(MEASURES * data->rows + 1, sizeof(*taken->value));
	taken->figure = calloc(MEASURES, sizeof(const struct figure *));
	taken->cells = taken->rows = 0;
	taken->figures = MEASURES;
	if (!taken->cell || !taken->row || !taken->value || !taken->figure)
		return -ENOMEM;
	taken->figure[0] = data->figure[EXPLAIN_LATENCY];
	memcpy(taken->figure + 1, machine_figures, MACHINE_FIGURES_WITHIN * sizeof(const struct figure *));
	for (size_t i = 0; i < data->cells; i++) {
		size_t first;
		size_t end = run_data_rows_of(data, i, &first);

		if (kept && !kept[i])
			continue;
		for (size_t row = first; row < end; row++) {
			taken->row[taken->rows] = data->row[row];
			taken->row[taken->rows].cell = (uint32_t)taken->cells;
			for (size_t m = 0; m < MEASURES; m++)
				taken->value[taken->rows * MEASURES + m] = run_data_value(data, row, measures[m]);
			taken->rows++;
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
		if (one->key[k] && strcmp(one->key[k], run_key_shown((enum run_key)k, cell->key[k])) != 0)
			return false;
	}
	return strcmp(one->candidate, run_key_shown(column, cell->key[column])) == 0;
}

static void pick(struct comparison *compared, const struct comparisons *all, const struct run_cell *cell, enum run_key column)
{
	for (size_t i = 0; i < all->count; i++) {
		if (is_of_cell(&all->comparison[i], cell, column))
			*compared = all->comparison[i];
	}
	/* Those are of `all`, which need not stay. */
	compared->key = NULL;
}

static struct compare_options options_of(const struct run_cell *cell, const struct run_cell *base, enum run_key column)
{
	struct compare_options options;

	compare_options_init(&options);
	options.column = column;
	options.baseline = run_key_shown(column, base->key[column]);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		options.ignored[k] = k != column && strcmp(cell->key[k], base->key[k]) != 0;
	return options;
}

static int compare(struct comparison *compared, size_t *tests, const struct run_data *data, const struct run_cell *cell,
		   const struct run_cell *base, enum run_key column)
{
	struct compare_options options = options_of(cell, base, column);
	struct comparisons all;
	char error[RUN_DATA_ERROR_BYTES];
	int status;

	status = compare_cells(&all, data, &options, error, sizeof(error));
	if (status)
		return status == -ENOMEM ? status : 0;
	pick(compared, &all, cell, column);
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

static bool is_made_so(const struct verdict_run *run, const struct compare_options *options)
{
	return run->made && run->options.column == options->column && strcmp(run->options.baseline, options->baseline) == 0 &&
	       memcmp(run->options.ignored, options->ignored, sizeof(options->ignored)) == 0;
}

int verdict_in_run(struct verdict_run *run, struct comparison *compared, const struct run_data *data, size_t cell, size_t base,
		   enum run_key column)
{
	struct compare_options options = options_of(&data->cell[cell], &data->cell[base], column);
	char error[RUN_DATA_ERROR_BYTES];
	struct run_data taken;
	int status = 0;

	*compared = (struct comparison){ .verdict = COMPARE_NOT_COMPARABLE };
	if (!is_made_so(run, &options)) {
		verdict_run_fini(run);
		status = take(&taken, data, NULL);
		if (!status)
			status = compare_cells(&run->all, &taken, &options, error, sizeof(error));
		let_go(&taken);
		if (status)
			return status == -ENOMEM ? status : 0;
		run->options = options;
		run->made = true;
	}
	pick(compared, &run->all, &data->cell[cell], column);
	return 0;
}

void verdict_run_fini(struct verdict_run *run)
{
	comparisons_fini(&run->all);
	run->made = false;
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
