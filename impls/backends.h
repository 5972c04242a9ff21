/* SPDX-License-Identifier: MIT */
/* The list of back ends, out of backends.def. */
#ifndef STORSYNC_IMPLS_BACKENDS_H
#define STORSYNC_IMPLS_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/machine/sync_ops.h"

/* All of them, sound and broken, in the order of backends.def. */
extern const struct sync_backend *const sync_backends[];
extern const size_t sync_backend_count;

/* By its name on the command line, NULL when there is none. */
const struct sync_backend *sync_backend_find(const char *name);

/* "poll", "signal" or "thread", as in CSV files and on the command line; and back: 0 when there is none of that name. */
const char *sync_delivery_name(enum sync_delivery delivery);
enum sync_delivery sync_delivery_find(const char *name);

static inline bool sync_backend_is_broken(const struct sync_backend *backend)
{
	return (backend->capabilities & SYNC_BROKEN) != 0;
}

/*
 * Why the back end must not be run on so many CPUs under this delivery; NULL
 * when it may.  The text completes "skipped: ...".
 */
const char *sync_backend_refusal(const struct sync_backend *backend, unsigned cpus, enum sync_delivery delivery);

#endif
