/* SPDX-License-Identifier: MIT */
/*
 * `storsync micro`: the cost of each back end's operations, beside other
 * projects' locks, as Google Benchmarks.
 */
#ifndef STORSYNC_BENCH_MICRO_MICRO_H
#define STORSYNC_BENCH_MICRO_MICRO_H

/*
 * argv[0] is ignored, the rest are the verb's own options and the benchmark library's.
 * Returns the exit status: 0; 2 usage; 4 the machine's clock or CPUs do not
 * allow measuring; 5 a back end turned out to be wrong, or results could not
 * be stored.
 */
int micro_main(int argc, char **argv);

#endif
