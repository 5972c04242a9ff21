/* SPDX-License-Identifier: MIT */
/* `storsync explain`. */
#ifndef STORSYNC_BENCH_EXPLAIN_EXPLAIN_MAIN_H
#define STORSYNC_BENCH_EXPLAIN_EXPLAIN_MAIN_H

int explain_main(int argc, char **argv);

#endif
