/* SPDX-License-Identifier: MIT */
#ifndef STORSYNC_BENCH_COMPARE_MAIN_H
#define STORSYNC_BENCH_COMPARE_MAIN_H

/* `storsync compare`; the exit status is in docs/comparing.md. */
int compare_main(int argc, char **argv);

#endif
