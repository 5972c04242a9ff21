/* SPDX-License-Identifier: MIT */
/*
 * What a run measured, read back: its cells, and for each invocation the figures that were asked for.
 *
 * A cell is one combination of the key columns (run_key.h); a row is one invocation of it (of Google Benchmark, one
 * repetition: of one process, which is less than an invocation). An invocation that hung or crashed has told neither clock nor window:
 * it is of the one cell that agrees in all other keys, if there is just one.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_RUN_DATA_H
#define STORSYNC_BENCH_RUN_DATA_RUN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/run_data/figure.h"
#include "bench/run_data/run_key.h"

#define RUN_DATA_ERROR_BYTES 512

enum run_data_kind { RUN_DATA_STORSYNC, RUN_DATA_GOOGLE_BENCHMARK };

struct run_cell {
	const char *cell_id;
	const char *key[RUN_KEY_COUNT]; /* never NULL; "" where not available; duration_s: three digits, "" of a trace */
};

struct run_row {
	uint32_t cell;
	uint32_t invocation;
	uint64_t block;         /* 0: there are none */
	const char *status;     /* "ok", or another: its figures are not to be used */
	const char *reason;     /* why it is another, or why the back end refused; "" if none */
	const char *gate_codes; /* separated by spaces; "": the row is as good as any */
};

struct run_data {
	enum run_data_kind kind;
	char *path;      /* as it was given */
	char run_id[64]; /* "" of Google Benchmark */
	size_t cells;
	struct run_cell *cell; /* sorted by run_key_compare(), key by key */
	size_t rows;
	struct run_row *row;   /* by cell, then block, then invocation */
	size_t figures;
	const struct figure **figure; /* as asked for */
	double *value;         /* rows x figures; NaN: not available, or the row is not ok */
	struct run_data_texts *texts;
};

/*
 * Reads a run's folder, its summary.csv, or a Google Benchmark JSON file.  `label` becomes the value of the key "run".
 *
 * 0; -EINVAL: not such a thing, or torn, or of another schema version (exit 2); -ENODATA: nothing there can be used, because the run
 * has no rows yet, still goes on or was interrupted (exit 3); or another -errno (exit 2).  `error`, of RUN_DATA_ERROR_BYTES, then has one line that
 * names the file and says what would be right.  On failure there is nothing to finish.
 */
int run_data_load(struct run_data *data, const char *path, const char *label, const struct figure *const *wanted, size_t count,
		  char *error);
void run_data_fini(struct run_data *data);

static inline double run_data_value(const struct run_data *data, size_t row, size_t figure)
{
	return data->value[row * data->figures + figure];
}

/* The rows of a cell are [*first, return value). */
size_t run_data_rows_of(const struct run_data *data, size_t cell, size_t *first);

/* Whether cells differ in a key. */
bool run_data_differs(const struct run_data *data, enum run_key key);

#endif
