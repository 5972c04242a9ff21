/* SPDX-License-Identifier: MIT */
/* The part of a run that is exported: cells that the filters leave, and of those the invocations that are ok. */
#ifndef STORSYNC_BENCH_EXPORT_SELECTION_H
#define STORSYNC_BENCH_EXPORT_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv_scan.h"
#include "bench/run_data/key_filter.h"
#include "bench/run_data/run_data.h"

#define SELECTION_NAME_BYTES 256

struct export_selection {
	struct run_data data;
	bool *is_chosen;             /* per cell: the filters hold, and an invocation is ok */
	size_t cells, rows;          /* so many of each */
	size_t gated;                /* rows of those that have a gate code */
	size_t left_out;             /* rows that the filters leave and that are not ok */
	bool varies[RUN_KEY_COUNT];  /* chosen cells differ in it; the back end always counts as such */
	uint32_t *by_id;             /* rows, by cell id and invocation */
};

/*
 * 0; -ENODATA: nothing is left that is ok (exit 3), or no cell is left (`error` names the filters); or another -errno.  `error`
 * is of RUN_DATA_ERROR_BYTES.  After a failure there is nothing to finish.
 */
int export_selection_load(struct export_selection *s, const char *path, const struct key_filter *filter, size_t filters,
		   const struct figure *const *wanted, size_t count, char *error);
void export_selection_fini(struct export_selection *s);

/* The row of a cell id and invocation, as CSV files have them; -1 if it is not exported. */
long export_selection_row(const struct export_selection *s, const struct csv_field *cell_id, uint64_t invocation);

/* What tells a cell from the others: "mcs, CPUs 2, routing other"; as a file's name: "mcs.cpus-2.irq_routing-other". */
void export_selection_label(const struct export_selection *s, const struct run_cell *cell, char label[SELECTION_NAME_BYTES]);
void export_selection_file_name(const struct export_selection *s, const struct run_cell *cell, char name[SELECTION_NAME_BYTES]);

#endif
