/* SPDX-License-Identifier: MIT */
/*
 * ck-clh: Concurrency Kit's ck_spinlock_clh, a queue in which each waiter spins on its predecessor's node.
 *
 * A node changes owners with every acquisition, so a CPU keeps a pointer to the one
 * that is its own now.  One acquisition a CPU is under way at a time: it is made at DIRQL.
 *
 * Source: Concurrency Kit, http://concurrencykit.org, ck_spinlock(3).
 */
#include <ck_spinlock.h>
#include <errno.h>
#include <stdlib.h>

#include "impls/peers/peer.h"

struct ck_clh_node {
	_Alignas(SYNC_LINE_BYTES) ck_spinlock_clh_t node;
};

struct ck_clh_slot {
	_Alignas(SYNC_LINE_BYTES) ck_spinlock_clh_t *mine;
};

struct ck_clh {
	ck_spinlock_clh_t *tail;
	struct ck_clh_slot *slot; /* by CPU; followed in memory by a node for each, and one for nobody */
	uint8_t dirql;
};

static int ck_clh_init(void *state, const struct sync_config *config)
{
	struct ck_clh *peer = state;
	struct ck_clh_node *node;

	peer->slot = aligned_alloc(SYNC_LINE_BYTES,
				   config->cpus * sizeof(*peer->slot) + (config->cpus + 1) * sizeof(*node));
	if (!peer->slot)
		return -ENOMEM;
	node = (struct ck_clh_node *)(peer->slot + config->cpus);
	for (unsigned i = 0; i < config->cpus; i++)
		peer->slot[i].mine = &node[i].node;
	ck_spinlock_clh_init(&peer->tail, &node[config->cpus].node);
	peer->dirql = config->dirql;
	return 0;
}

static void ck_clh_fini(void *state)
{
	struct ck_clh *peer = state;

	free(peer->slot);
}

static inline void ck_clh_acquire(struct ck_clh *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_clh_lock(&peer->tail, peer->slot[sync_cpu_index(cpu)].mine);
}

static inline void ck_clh_release(struct ck_clh *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_clh_unlock(&peer->slot[sync_cpu_index(cpu)].mine);
}

SYNC_PEER_OPERATIONS(ck_clh, struct ck_clh, ck_clh_acquire, ck_clh_release)

SYNC_PEER_TABLES(ck_clh, "ck-clh", "ck_spinlock_clh", "clh",
	.summary = "Concurrency Kit: a queue in which each waiter spins on its predecessor's node",
	.source = "ck_spinlock(3)",
	.capabilities = SYNC_PEER | SYNC_FIFO,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct ck_clh),
	.init = ck_clh_init,
	.fini = ck_clh_fini)
