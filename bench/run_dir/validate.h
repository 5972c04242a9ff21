/* SPDX-License-Identifier: MIT */
/*
 * `storsync validate`: whether a run's folder holds what was measured, all of it, unchanged, and without contradiction.
 * Nothing is measured again and nothing is written.
 */
#ifndef STORSYNC_BENCH_RUN_DIR_VALIDATE_H
#define STORSYNC_BENCH_RUN_DIR_VALIDATE_H

#include <stdio.h>

int validate_main(int argc, char **argv);

/*
 * Writes what is wrong to `out`, a line each that begins with file:line, at most 20, and a last line with the verdict.
 * 0 sound, 1 damaged, 2 not a run's folder, 5 sound as far as the run has come.
 */
int validate_directory(const char *directory, FILE *out);

#endif
