/* SPDX-License-Identifier: MIT */
#ifndef STORSYNC_BENCH_MINIPORT_MAIN_H
#define STORSYNC_BENCH_MINIPORT_MAIN_H

/* `storsync miniport build|list|check|cc`. */
int miniport_main(int argc, char **argv);

#endif
