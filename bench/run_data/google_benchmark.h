/* SPDX-License-Identifier: MIT */
/*
 * Reads what Google Benchmark's JSON reporter writes (its docs/user_guide.md): a cell a benchmark, by the key "benchmark", and a
 * row a repetition. Aggregates are passed over.
 *
 * A run's own benchmark.json is such a file, whose names say what each cell was; these become keys if all of them can.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_GOOGLE_BENCHMARK_H
#define STORSYNC_BENCH_RUN_DATA_GOOGLE_BENCHMARK_H

#include "bench/run_data/building.h"

/* As run_data_load(). */
int google_benchmark_read(struct building *b, const char *path);

/*
 * What a name of a run's own benchmark.json says, as key[] of summary.csv's rows; texts are building_text()'s. false: it is
 * no such name, or of a kind that does not tell enough, as traces.
 */
bool google_benchmark_split(struct building *b, const char *name, struct run_cell *cell);

#endif
