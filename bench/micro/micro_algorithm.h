/* SPDX-License-Identifier: MIT */
/* Which algorithm a back end is, and so which peers it is compared with. */
#ifndef STORSYNC_BENCH_MICRO_MICRO_ALGORITHM_H
#define STORSYNC_BENCH_MICRO_MICRO_ALGORITHM_H

/* Of a back end, by its name: as in struct sync_peer; NULL when no peer is of its algorithm. */
const char *micro_algorithm_of(const char *backend);

#endif
