/* SPDX-License-Identifier: MIT */
/* Reads summary.csv: what a row must be, and which cell it is of. */
#ifndef STORSYNC_BENCH_RUN_DATA_RUN_SUMMARY_H
#define STORSYNC_BENCH_RUN_DATA_RUN_SUMMARY_H

#include "bench/run_data/building.h"
#include "bench/run_data/run_folder.h"

/* Reads and sorts all of a folder's rows. As run_data_load(). */
int run_summary_read(struct building *b, const struct run_folder *folder);

/* The same by up to `workers` threads, `part_bytes` of the file at a time each: which makes no difference to what comes out. */
int run_summary_read_by(struct building *b, const struct run_folder *folder, uint64_t part_bytes, size_t workers);

#endif
