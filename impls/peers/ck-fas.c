/* SPDX-License-Identifier: MIT */
/*
 * ck-fas: Concurrency Kit's ck_spinlock_fas, test-and-test-and-set by fetch-and-store: what `spinlock` is.
 *
 * Source: Concurrency Kit, http://concurrencykit.org, ck_spinlock(3).
 */
#include <ck_spinlock.h>

#include "impls/peers/peer.h"

struct ck_fas {
	ck_spinlock_fas_t lock;
	uint8_t dirql;
};

static int ck_fas_init(void *state, const struct sync_config *config)
{
	struct ck_fas *peer = state;

	ck_spinlock_fas_init(&peer->lock);
	peer->dirql = config->dirql;
	return 0;
}

static inline void ck_fas_acquire(struct ck_fas *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_fas_lock(&peer->lock);
}

static inline void ck_fas_release(struct ck_fas *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_fas_unlock(&peer->lock);
}

SYNC_PEER_OPERATIONS(ck_fas, struct ck_fas, ck_fas_acquire, ck_fas_release)

SYNC_PEER_TABLES(ck_fas, "ck-fas", "ck_spinlock_fas", "test-and-set",
	.summary = "Concurrency Kit: test-and-test-and-set by fetch-and-store",
	.source = "ck_spinlock(3)",
	.capabilities = SYNC_PEER,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct ck_fas),
	.init = ck_fas_init)
