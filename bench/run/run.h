/* SPDX-License-Identifier: MIT */
/* `storsync run`: a matrix from the command line to CSV files and a table. */
#ifndef STORSYNC_BENCH_RUN_RUN_H
#define STORSYNC_BENCH_RUN_RUN_H

/* Exit status: 0 done, 2 usage, 3 nothing to measure, 5 partial. */
int run_main(int argc, char **argv);

#endif
