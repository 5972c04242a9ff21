/* SPDX-License-Identifier: MIT */
/* `storsync status`: how far a run is, while it goes on or after, from its manifest and journal alone. */
#ifndef STORSYNC_BENCH_RUN_DIR_STATUS_H
#define STORSYNC_BENCH_RUN_DIR_STATUS_H

#include <stddef.h>
#include <stdio.h>

int status_main(int argc, char **argv);

/* One screen on `out`. 0; 2 with a line in `error`: not a run's folder, or its manifest or journal cannot be read. */
int status_print(const char *directory, FILE *out, char *error, size_t error_bytes);

/* The run in `results` whose manifest is the latest: 0, or -ENOENT. */
int status_newest(const char *results, char *directory, size_t directory_bytes);

#endif
