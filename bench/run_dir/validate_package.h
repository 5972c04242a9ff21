/* SPDX-License-Identifier: MIT */
/* What `storsync validate` checks of whole files, whatever their rows are. */
#ifndef STORSYNC_BENCH_RUN_DIR_VALIDATE_PACKAGE_H
#define STORSYNC_BENCH_RUN_DIR_VALIDATE_PACKAGE_H

#include "bench/run_dir/validate_rows.h"

/* Finished invocations that are not in the CSV files yet. */
#define RUN_PARTS "parts"

/* datapackage.json against the files, whose rows have been counted; it may be missing unless it is `required`. */
void validate_package(struct validate *v, bool required);

/* Whether benchmark.json, if there is one, is what its readers read. */
void validate_benchmark(struct validate *v);

/* Of a run that is to go on: whether each part is as it was stored. */
void validate_parts(struct validate *v);

/*
 * What a complete run must not have: files not finished.  Parts may have been
 * left by a process that was killed as its last act; they are in the files.
 */
void validate_leftovers(struct validate *v);

#endif
