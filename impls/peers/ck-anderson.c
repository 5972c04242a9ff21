/* SPDX-License-Identifier: MIT */
/*
 * ck-anderson: Concurrency Kit's ck_spinlock_anderson, a ring of flags in which each waiter spins on its own.
 *
 * One flag a CPU; ck's layout puts several of them on a line.  Which one a
 * caller has goes from acquire to release in struct sync_hold.
 *
 * Source: Concurrency Kit, http://concurrencykit.org, ck_spinlock(3).
 */
#include <ck_spinlock.h>
#include <errno.h>
#include <stdlib.h>

#include "impls/peers/peer.h"

struct ck_anderson {
	ck_spinlock_anderson_t lock;
	struct ck_spinlock_anderson_thread *slot;
	uint8_t dirql;
};

static int ck_anderson_init(void *state, const struct sync_config *config)
{
	struct ck_anderson *peer = state;
	size_t bytes = config->cpus * sizeof(*peer->slot);

	peer->slot = aligned_alloc(SYNC_LINE_BYTES, (bytes + SYNC_LINE_BYTES - 1) / SYNC_LINE_BYTES * SYNC_LINE_BYTES);
	if (!peer->slot)
		return -ENOMEM;
	ck_spinlock_anderson_init(&peer->lock, peer->slot, config->cpus);
	peer->dirql = config->dirql;
	return 0;
}

static void ck_anderson_fini(void *state)
{
	struct ck_anderson *peer = state;

	free(peer->slot);
}

static inline void ck_anderson_acquire(struct ck_anderson *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct ck_spinlock_anderson_thread *slot;

	ck_spinlock_anderson_lock(&peer->lock, &slot);
	hold->next = slot;
}

static inline void ck_anderson_release(struct ck_anderson *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_anderson_unlock(&peer->lock, hold->next);
}

SYNC_PEER_OPERATIONS(ck_anderson, struct ck_anderson, ck_anderson_acquire, ck_anderson_release)

SYNC_PEER_TABLES(ck_anderson, "ck-anderson", "ck_spinlock_anderson", "anderson",
	.summary = "Concurrency Kit: a ring of flags in which each waiter spins on its own",
	.source = "ck_spinlock(3)",
	.capabilities = SYNC_PEER | SYNC_FIFO,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct ck_anderson),
	.init = ck_anderson_init,
	.fini = ck_anderson_fini)
