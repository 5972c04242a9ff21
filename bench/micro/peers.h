/* SPDX-License-Identifier: MIT */
/*
 * Other projects' locks, for reference: measured in the same process, through
 * the same table of function pointers as the back ends.
 *
 * They are locks only: no IRQL, no ISR, and so neither synchronize nor
 * service.  A back end that costs about as much as the fastest peer of its
 * algorithm is as fast as that algorithm gets.
 */
#ifndef STORSYNC_BENCH_MICRO_PEERS_H
#define STORSYNC_BENCH_MICRO_PEERS_H

#include <stddef.h>

#include "hba_sim/machine/sync_ops.h"

struct peer {
	const char *algorithm;   /* as peer_algorithm_of() names it */
	struct sync_backend ops; /* SYNC_PEER; init takes config->cpus into account */
};

extern const struct peer peers[];
extern const size_t peer_count;

/* The algorithm whose peers a back end, by its name, is to be compared with; NULL when there are none. */
const char *peer_algorithm_of(const char *backend);

#endif
