/* SPDX-License-Identifier: MIT */
/* A file that is there whole or not at all, and never in the place of another. */
#ifndef STORSYNC_BENCH_COMPARE_OUTPUT_FILE_H
#define STORSYNC_BENCH_COMPARE_OUTPUT_FILE_H

#include <stdio.h>

struct output_file {
	FILE *file;
	char *path;
	char *aside; /* ".NAME.part" in the same folder, until it is whole */
};

/* 0 or -errno, -EEXIST when there is anything at `path`. */
int output_file_open(struct output_file *output, const char *path);

/* Puts it in its place unless `error` says that writing failed; returns that error, or a new one.  Frees in any case. */
int output_file_close(struct output_file *output, int error);

#endif
