/* SPDX-License-Identifier: MIT */
/*
 * ck-cas: Concurrency Kit's ck_spinlock_cas, test-and-test-and-set by compare-and-swap.
 *
 * Source: Concurrency Kit, http://concurrencykit.org, ck_spinlock(3).
 */
#include <ck_spinlock.h>

#include "impls/peers/peer.h"

struct ck_cas {
	ck_spinlock_cas_t lock;
	uint8_t dirql;
};

static int ck_cas_init(void *state, const struct sync_config *config)
{
	struct ck_cas *peer = state;

	ck_spinlock_cas_init(&peer->lock);
	peer->dirql = config->dirql;
	return 0;
}

static inline void ck_cas_acquire(struct ck_cas *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_cas_lock(&peer->lock);
}

static inline void ck_cas_release(struct ck_cas *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_cas_unlock(&peer->lock);
}

SYNC_PEER_OPERATIONS(ck_cas, struct ck_cas, ck_cas_acquire, ck_cas_release)

SYNC_PEER_TABLES(ck_cas, "ck-cas", "ck_spinlock_cas", "test-and-set",
	.summary = "Concurrency Kit: test-and-test-and-set by compare-and-swap",
	.source = "ck_spinlock(3)",
	.capabilities = SYNC_PEER,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct ck_cas),
	.init = ck_cas_init)
