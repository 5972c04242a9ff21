/* SPDX-License-Identifier: MIT */
/*
 * The peers: Concurrency Kit's spin locks and glibc's; see peers.h.
 *
 * Nodes of queue locks live where a back end's would: with the caller, in
 * struct sync_hold (MCS), or in a slot for each CPU (CLH, whose nodes change owners).
 *
 * Source: http://concurrencykit.org, ck_spinlock(3); pthread_spin_lock(3),
 * pthread_mutex_lock(3).
 */
#include "bench/micro/peers.h"

#include <ck_spinlock.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/machine/cpu.h"

static int fas_init(void *state, const struct sync_config *config)
{
	ck_spinlock_fas_init(state);
	return 0;
}

static void fas_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_fas_lock(state);
}

static void fas_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_fas_unlock(state);
}

static int ticket_init(void *state, const struct sync_config *config)
{
	ck_spinlock_ticket_init(state);
	return 0;
}

static void ticket_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_ticket_lock(state);
}

static void ticket_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_ticket_unlock(state);
}

_Static_assert(sizeof(struct sync_hold) >= sizeof(ck_spinlock_mcs_context_t) &&
	       _Alignof(struct sync_hold) >= _Alignof(ck_spinlock_mcs_context_t), "an MCS node fits a hold");

static int mcs_init(void *state, const struct sync_config *config)
{
	ck_spinlock_mcs_init(state);
	return 0;
}

static void mcs_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_mcs_lock(state, (ck_spinlock_mcs_context_t *)hold);
}

static void mcs_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ck_spinlock_mcs_unlock(state, (ck_spinlock_mcs_context_t *)hold);
}

struct clh_node {
	_Alignas(SYNC_LINE_BYTES) ck_spinlock_clh_t node;
};

struct clh_slot {
	_Alignas(SYNC_LINE_BYTES) ck_spinlock_clh_t *mine;
};

struct clh {
	ck_spinlock_clh_t *tail;
	struct clh_slot *slot; /* by CPU; followed in memory by a node for each, and one for nobody */
};

static int clh_init(void *state, const struct sync_config *config)
{
	struct clh *lock = state;
	struct clh_node *node;

	lock->slot = aligned_alloc(SYNC_LINE_BYTES,
				   config->cpus * sizeof(*lock->slot) + (config->cpus + 1) * sizeof(*node));
	if (!lock->slot)
		return -ENOMEM;
	node = (struct clh_node *)(lock->slot + config->cpus);
	for (unsigned i = 0; i < config->cpus; i++)
		lock->slot[i].mine = &node[i].node;
	ck_spinlock_clh_init(&lock->tail, &node[config->cpus].node);
	return 0;
}

static void clh_fini(void *state)
{
	struct clh *lock = state;

	free(lock->slot);
}

static void clh_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct clh *lock = state;

	ck_spinlock_clh_lock(&lock->tail, lock->slot[cpu->index].mine);
}

static void clh_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct clh *lock = state;

	ck_spinlock_clh_unlock(&lock->slot[cpu->index].mine);
}

static int pthread_spin_peer_init(void *state, const struct sync_config *config)
{
	return -pthread_spin_init(state, PTHREAD_PROCESS_PRIVATE);
}

static void pthread_spin_peer_fini(void *state)
{
	pthread_spin_destroy(state);
}

static void pthread_spin_peer_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_spin_lock(state);
}

static void pthread_spin_peer_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_spin_unlock(state);
}

static int pthread_mutex_peer_init(void *state, const struct sync_config *config)
{
	return -pthread_mutex_init(state, NULL);
}

static void pthread_mutex_peer_fini(void *state)
{
	pthread_mutex_destroy(state);
}

static void pthread_mutex_peer_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_mutex_lock(state);
}

static void pthread_mutex_peer_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	pthread_mutex_unlock(state);
}

#define PEER(NAME, PREFIX, FINI, ALGORITHM, TYPE, SOURCE, CAPABILITIES)                         \
	{                                                                                       \
		.algorithm = ALGORITHM,                                                         \
		.ops = {                                                                        \
			.name = NAME, .summary = SOURCE ", for reference", .source = SOURCE,    \
			.capabilities = SYNC_PEER | (CAPABILITIES),     \
			.deliveries = SYNC_POLL, .lock_bytes = sizeof(TYPE),                    \
			.init = PREFIX##_init, .fini = FINI,                                    \
			.enter = PREFIX##_enter, .leave = PREFIX##_leave,                       \
		},                                                                              \
	}

const struct peer peers[] = {
	PEER("ck_spinlock_fas", fas, NULL, "test-and-set", ck_spinlock_fas_t, "Concurrency Kit", 0),
	PEER("ck_spinlock_ticket", ticket, NULL, "ticket", ck_spinlock_ticket_t, "Concurrency Kit", SYNC_FIFO),
	PEER("ck_spinlock_mcs", mcs, NULL, "mcs", ck_spinlock_mcs_t, "Concurrency Kit", SYNC_FIFO),
	PEER("ck_spinlock_clh", clh, clh_fini, "clh", struct clh, "Concurrency Kit", SYNC_FIFO),
	PEER("pthread_spin", pthread_spin_peer, pthread_spin_peer_fini, "test-and-set", pthread_spinlock_t, "glibc", 0),
	PEER("pthread_mutex", pthread_mutex_peer, pthread_mutex_peer_fini, "mutex", pthread_mutex_t, "glibc",
	     SYNC_SLEEPS),
};

const size_t peer_count = sizeof(peers) / sizeof(peers[0]);

const char *peer_algorithm_of(const char *backend)
{
	static const struct {
		const char *backend;
		const char *algorithm;
	} table[] = {
		{ "spinlock", "test-and-set" }, { "ticket", "ticket" }, { "mcs", "mcs" }, { "clh", "clh" },
		{ "mutex", "mutex" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].backend, backend) == 0)
			return table[i].algorithm;
	}
	return NULL;
}
