/* SPDX-License-Identifier: MIT */
/* The list of back ends, out of backends.def. */
#ifndef STORSYNC_IMPLS_BACKENDS_H
#define STORSYNC_IMPLS_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/machine/sync_ops.h"

/* Another project's lock: as a back end, and by itself. */
struct sync_peer {
	const char *algorithm; /* in the literature's name; back ends of the same one are comparable */
	struct sync_backend backend;
	struct sync_backend bare; /* enter and leave only, and these without the IRQL; not in sync_backends[] */
};

/* All of them, sound, broken and peers, in the order of backends.def. */
extern const struct sync_backend *const sync_backends[];
extern const size_t sync_backend_count;

/* The peers once more, with their bare form. */
extern const struct sync_peer *const sync_peers[];
extern const size_t sync_peer_count;

/* By its name on the command line, NULL when there is none. */
const struct sync_backend *sync_backend_find(const char *name);

/* "poll", "signal" or "thread", as in CSV files and on the command line; and back: 0 when there is none of that name. */
const char *sync_delivery_name(enum sync_delivery delivery);
enum sync_delivery sync_delivery_find(const char *name);

/*
 * Whether an item of a list on the command line means the back end: its name, or
 * one of the sets "all" (the project's own that are sound), "all-peers" and
 * "all-broken".
 */
bool sync_backend_is_meant(const struct sync_backend *backend, const char *item);

static inline bool sync_backend_is_broken(const struct sync_backend *backend)
{
	return (backend->capabilities & SYNC_BROKEN) != 0;
}

static inline bool sync_backend_is_peer(const struct sync_backend *backend)
{
	return (backend->capabilities & SYNC_PEER) != 0;
}

/* Whether a waiter spins in a loop that the machine knows nothing of: it does not call sync_relax(). */
static inline bool sync_backend_spins_unseen(const struct sync_backend *backend)
{
	return (backend->capabilities & (SYNC_PEER | SYNC_SLEEPS)) == SYNC_PEER;
}

/*
 * Why the back end must not be run on so many CPUs under this delivery; NULL
 * when it may.  The text completes "skipped: ...".
 */
const char *sync_backend_refusal(const struct sync_backend *backend, unsigned cpus, enum sync_delivery delivery);

/* Likewise, with more simulated CPUs than cores. */
const char *sync_backend_oversubscription_refusal(const struct sync_backend *backend, enum sync_delivery delivery);

#endif
