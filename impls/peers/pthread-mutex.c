/* SPDX-License-Identifier: MIT */
/*
 * pthread-mutex: the C library's mutex of the default type; a waiter sleeps in the operating system.
 *
 * Under poll delivery only.  With signals the ISR runs in a signal handler, in
 * which a mutex may not be taken; with threads, one that sleeps in here leaves its core
 * to the CPU's other threads, which would run at the level that it has raised.
 *
 * Source: POSIX.1-2017, pthread_mutex_lock(3), signal-safety(7).
 */
#include <pthread.h>

#include "impls/peers/peer.h"

struct pthread_mutex {
	pthread_mutex_t lock;
	uint8_t dirql;
};

static int pthread_mutex_peer_init(void *state, const struct sync_config *config)
{
	struct pthread_mutex *peer = state;

	peer->dirql = config->dirql;
	return -pthread_mutex_init(&peer->lock, NULL);
}

static void pthread_mutex_peer_fini(void *state)
{
	struct pthread_mutex *peer = state;

	pthread_mutex_destroy(&peer->lock);
}

static inline void pthread_mutex_acquire(struct pthread_mutex *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_mutex_lock(&peer->lock);
}

static inline void pthread_mutex_release(struct pthread_mutex *peer, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_mutex_unlock(&peer->lock);
}

SYNC_PEER_OPERATIONS(pthread_mutex, struct pthread_mutex, pthread_mutex_acquire, pthread_mutex_release)

SYNC_PEER_TABLES(pthread_mutex, "pthread-mutex", "pthread_mutex", "mutex",
	.summary = "the C library's mutex: a waiter sleeps",
	.source = "pthread_mutex_lock(3)",
	.capabilities = SYNC_PEER | SYNC_SLEEPS | SYNC_CALLS_OS,
	.deliveries = SYNC_POLL,
	.lock_bytes = sizeof(struct pthread_mutex),
	.init = pthread_mutex_peer_init,
	.fini = pthread_mutex_peer_fini)
