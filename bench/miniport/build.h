/* SPDX-License-Identifier: MIT */
/* `storsync miniport build` and `storsync miniport cc`: from a driver's own source to what `storsync run --miniport` loads. */
#ifndef STORSYNC_BENCH_MINIPORT_BUILD_H
#define STORSYNC_BENCH_MINIPORT_BUILD_H

int miniport_build_main(int argc, char **argv);

/* For build systems: compiles like the compiler whose command line follows; any other of its uses is handed on to it. */
int miniport_cc_main(int argc, char **argv);

#endif
