/* SPDX-License-Identifier: MIT */
/*
 * ck-ticket: Concurrency Kit's ck_spinlock_ticket, a ticket lock with both counters in one word.
 *
 * Source: Concurrency Kit, http://concurrencykit.org, ck_spinlock(3).
 */
#include <ck_spinlock.h>

#include "impls/peers/peer.h"

struct ck_ticket {
	ck_spinlock_ticket_t lock;
	uint8_t dirql;
};

static int ck_ticket_init(void *state, const struct sync_config *config)
{
	struct ck_ticket *peer = state;

	ck_spinlock_ticket_init(&peer->lock);
	peer->dirql = config->dirql;
	return 0;
}

static inline void ck_ticket_acquire(struct ck_ticket *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_ticket_lock(&peer->lock);
}

static inline void ck_ticket_release(struct ck_ticket *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_ticket_unlock(&peer->lock);
}

SYNC_PEER_OPERATIONS(ck_ticket, struct ck_ticket, ck_ticket_acquire, ck_ticket_release)

SYNC_PEER_TABLES(ck_ticket, "ck-ticket", "ck_spinlock_ticket", "ticket",
	.summary = "Concurrency Kit: a ticket lock, both counters in one word",
	.source = "ck_spinlock(3)",
	.capabilities = SYNC_PEER | SYNC_FIFO,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct ck_ticket),
	.init = ck_ticket_init)
