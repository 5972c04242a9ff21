/* SPDX-License-Identifier: MIT */
/* `storsync list`: back ends, deliveries and metrics. */
#ifndef STORSYNC_BENCH_CLI_LIST_H
#define STORSYNC_BENCH_CLI_LIST_H

int list_main(int argc, char **argv);

#endif
