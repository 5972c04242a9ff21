/* SPDX-License-Identifier: MIT */
/* Runs put together; see run_join.h. */
#include "bench/run_data/run_join.h"

#include <errno.h>
#include <stdlib.h>

static void take_run(struct run_data *all, const struct run_data *run, const struct key_filter *filter, size_t filters)
{
	size_t row = 0;

	for (size_t c = 0; c < run->cells; c++) {
		bool holds = key_filters_hold(filter, filters, &run->cell[c]);

		for (; row < run->rows && run->row[row].cell == c; row++) {
			if (!holds)
				continue;
			all->row[all->rows] = run->row[row];
			all->row[all->rows].cell = (uint32_t)all->cells;
			for (size_t f = 0; f < all->figures; f++)
				all->value[all->rows * all->figures + f] = run_data_value(run, row, f);
			all->rows++;
		}
		if (holds)
			all->cell[all->cells++] = run->cell[c];
	}
}

int run_join(struct run_data *all, const struct run_data *run, size_t runs, const struct key_filter *filter, size_t filters)
{
	size_t cells = 0, rows = 0;

	/* Of a large run the copy takes as long as sorting it. */
	if (runs == 1 && !filters) {
		*all = run[0];
		return 0;
	}
	*all = (struct run_data){ .kind = run[0].kind, .path = run[0].path, .figures = run[0].figures, .figure = run[0].figure };
	for (size_t i = 0; i < runs; i++) {
		cells += run[i].cells;
		rows += run[i].rows;
	}
	all->cell = calloc(cells + 1, sizeof(*all->cell));
	all->row = calloc(rows + 1, sizeof(*all->row));
	all->value = calloc(rows * all->figures + 1, sizeof(*all->value));
	if (!all->cell || !all->row || !all->value) {
		run_join_fini(all);
		return -ENOMEM;
	}
	for (size_t i = 0; i < runs; i++)
		take_run(all, &run[i], filter, filters);
	return 0;
}

void run_join_fini(struct run_data *all)
{
	/* What has texts is a run itself, and not a copy of its rows. */
	if (!all->texts) {
		free(all->cell);
		free(all->row);
		free(all->value);
	}
	*all = (struct run_data){ 0 };
}
