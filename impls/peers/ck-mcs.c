/* SPDX-License-Identifier: MIT */
/*
 * ck-mcs: Concurrency Kit's ck_spinlock_mcs, a queue in which each waiter spins on a node of its own.
 *
 * The node lives with the caller, in struct sync_hold.
 *
 * Source: Concurrency Kit, http://concurrencykit.org, ck_spinlock(3).
 */
#include <ck_spinlock.h>

#include "impls/peers/peer.h"

struct ck_mcs {
	ck_spinlock_mcs_t tail;
	uint8_t dirql;
};

_Static_assert(sizeof(ck_spinlock_mcs_context_t) <= offsetof(struct sync_hold, irql) &&
	       _Alignof(ck_spinlock_mcs_context_t) <= _Alignof(struct sync_hold), "a node fits a hold, beside the IRQL");

static inline ck_spinlock_mcs_context_t *ck_mcs_node(struct sync_hold *hold)
{
	return (ck_spinlock_mcs_context_t *)hold;
}

static int ck_mcs_init(void *state, const struct sync_config *config)
{
	struct ck_mcs *peer = state;

	ck_spinlock_mcs_init(&peer->tail);
	peer->dirql = config->dirql;
	return 0;
}

static inline void ck_mcs_acquire(struct ck_mcs *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_mcs_lock(&peer->tail, ck_mcs_node(hold));
}

static inline void ck_mcs_release(struct ck_mcs *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_mcs_unlock(&peer->tail, ck_mcs_node(hold));
}

SYNC_PEER_OPERATIONS(ck_mcs, struct ck_mcs, ck_mcs_acquire, ck_mcs_release)

SYNC_PEER_TABLES(ck_mcs, "ck-mcs", "ck_spinlock_mcs", "mcs",
	.summary = "Concurrency Kit: a queue in which each waiter spins on its own node",
	.source = "ck_spinlock(3)",
	.capabilities = SYNC_PEER | SYNC_FIFO,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct ck_mcs),
	.init = ck_mcs_init)
