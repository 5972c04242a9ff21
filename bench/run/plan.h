/* SPDX-License-Identifier: MIT */
/* `storsync plan`: what `storsync run` would do with the same arguments, without doing it. */
#ifndef STORSYNC_BENCH_RUN_PLAN_H
#define STORSYNC_BENCH_RUN_PLAN_H

/* The verb: the command's exit status. */
int plan_main(int argc, char **argv);

#endif
