/* SPDX-License-Identifier: MIT */
/*
 * pthread-spin: the C library's pthread_spin_lock, a call into a shared library each time.
 *
 * Source: POSIX.1-2017, pthread_spin_lock(3).
 */
#include <pthread.h>

#include "impls/peers/peer.h"

struct pthread_spin {
	pthread_spinlock_t lock;
	uint8_t dirql;
};

static int pthread_spin_peer_init(void *state, const struct sync_config *config)
{
	struct pthread_spin *peer = state;

	peer->dirql = config->dirql;
	return -pthread_spin_init(&peer->lock, PTHREAD_PROCESS_PRIVATE);
}

static void pthread_spin_peer_fini(void *state)
{
	struct pthread_spin *peer = state;

	pthread_spin_destroy(&peer->lock);
}

static inline void pthread_spin_acquire(struct pthread_spin *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_spin_lock(&peer->lock);
}

static inline void pthread_spin_release(struct pthread_spin *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_spin_unlock(&peer->lock);
}

SYNC_PEER_OPERATIONS(pthread_spin, struct pthread_spin, pthread_spin_acquire, pthread_spin_release)

SYNC_PEER_TABLES(pthread_spin, "pthread-spin", "pthread_spin", "test-and-set",
	.summary = "the C library's spin lock",
	.source = "pthread_spin_lock(3)",
	.capabilities = SYNC_PEER,
	.deliveries = SYNC_PEER_SPIN_DELIVERIES,
	.lock_bytes = sizeof(struct pthread_spin),
	.init = pthread_spin_peer_init,
	.fini = pthread_spin_peer_fini)
