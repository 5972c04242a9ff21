/* SPDX-License-Identifier: MIT */
/*
 * ck-dec: Concurrency Kit's ck_spinlock_dec, test-and-test-and-set by an atomic decrement, as Linux's spin lock on x86 once was.
 *
 * Source: Concurrency Kit, http://concurrencykit.org, ck_spinlock(3).
 */
#include <ck_spinlock.h>

#include "impls/peers/peer.h"

struct ck_dec {
	ck_spinlock_dec_t lock;
	uint8_t dirql;
};

static int ck_dec_init(void *state, const struct sync_config *config)
{
	struct ck_dec *peer = state;

	ck_spinlock_dec_init(&peer->lock);
	peer->dirql = config->dirql;
	return 0;
}

static inline void ck_dec_acquire(struct ck_dec *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_dec_lock(&peer->lock);
}

static inline void ck_dec_release(struct ck_dec *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_dec_unlock(&peer->lock);
}

SYNC_PEER_OPERATIONS(ck_dec, struct ck_dec, ck_dec_acquire, ck_dec_release)

SYNC_PEER_TABLES(ck_dec, "ck-dec", "ck_spinlock_dec", "test-and-set",
	.summary = "Concurrency Kit: test-and-test-and-set by an atomic decrement",
	.source = "ck_spinlock(3)",
	.capabilities = SYNC_PEER,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct ck_dec),
	.init = ck_dec_init)
