/* SPDX-License-Identifier: MIT */
/* `storsync doctor`: whether this machine is fit to be measured on. */
#ifndef STORSYNC_BENCH_CLI_DOCTOR_H
#define STORSYNC_BENCH_CLI_DOCTOR_H

int doctor_main(int argc, char **argv);

#endif
