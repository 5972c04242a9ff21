/* SPDX-License-Identifier: MIT */
/* `storsync history`: runs over time, kept in one file. */
#ifndef STORSYNC_BENCH_HISTORY_HISTORY_H
#define STORSYNC_BENCH_HISTORY_HISTORY_H

int history_main(int argc, char **argv);

#endif
