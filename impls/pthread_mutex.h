/* SPDX-License-Identifier: MIT */
/*
 * A POSIX mutex, once for each priority protocol, for thread delivery.
 *
 * It is what PREEMPT_RT makes of an interrupt lock: the ISR is a thread that
 * sleeps until the holder lets go.  What differs is what happens to a holder of
 * low priority meanwhile: nothing, so that whatever has a priority in between
 * prolongs the ISR's wait without bound; it inherits the waiter's priority; or it
 * has had the ceiling of all users from the begin.
 *
 * Source: L. Sha, R. Rajkumar and J. P. Lehoczky, "Priority Inheritance
 * Protocols", IEEE Transactions on Computers 39(9), 1990; POSIX.1-2017,
 * pthread_mutexattr_setprotocol().
 *
 * The including file defines MUTEX_NAME, MUTEX_SYMBOL, MUTEX_SUMMARY,
 * MUTEX_PROTOCOL and MUTEX_CAPABILITIES.
 */
#include <errno.h>
#include <pthread.h>

#include "impls/ceiling.h"
#include "impls/contract.h"

struct mutex {
	pthread_mutex_t mutex;
};

static int mutex_init(void *state, const struct sync_config *config)
{
	struct mutex *lock = state;
	pthread_mutexattr_t attributes;
	int err = pthread_mutexattr_init(&attributes);

	if (err)
		return -err;
	err = pthread_mutexattr_setprotocol(&attributes, MUTEX_PROTOCOL);
	if (!err && MUTEX_PROTOCOL == PTHREAD_PRIO_PROTECT)
		err = pthread_mutexattr_setprioceiling(&attributes, sync_priority(ceiling_of(config)));
	if (!err)
		err = pthread_mutex_init(&lock->mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return -err;
}

static void mutex_fini(void *state)
{
	struct mutex *lock = state;

	pthread_mutex_destroy(&lock->mutex);
}

/*
 * What the C library allocates at a thread's first use of a priority ceiling
 * must not be allocated in an ISR or a DPC.  The callers' own thread may allocate
 * later; it has no real-time priority yet, and an attempt without one would leave
 * the C library with a wrong idea of its priority.
 */
static int mutex_online(void *state, struct sim_cpu *cpu)
{
	struct mutex *lock = state;
	int err;

	if (sim_cpu_context() == DELIVERY_CALLERS)
		return 0;
	err = pthread_mutex_lock(&lock->mutex);
	/* a thread above the ceiling never comes here again */
	if (err == EINVAL)
		return 0;
	return err ? -err : -pthread_mutex_unlock(&lock->mutex);
}

/* A mutex that cannot be had or given back for any other reason than a holder has been used wrongly: nothing is sound then. */
static void mutex_require(int err)
{
	if (err)
		__builtin_trap();
}

static SYNC_WAITING_PATH void mutex_wait(struct mutex *lock, struct sim_cpu *cpu)
{
	uint8_t irql = sync_block_begin(cpu);

	mutex_require(pthread_mutex_lock(&lock->mutex));
	sync_block_end(cpu, irql);
}

static inline void mutex_acquire(struct mutex *lock, struct sim_cpu *cpu)
{
	int err = pthread_mutex_trylock(&lock->mutex);

	if (err == EBUSY)
		mutex_wait(lock, cpu);
	else
		mutex_require(err);
}

/* At DISPATCH, which keeps this CPU's DPCs out; the ISR's thread still comes, and sleeps. */
static inline void mutex_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	hold->irql = sync_raise(cpu, IRQL_DISPATCH);
	mutex_acquire(state, cpu);
}

static inline void mutex_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct mutex *lock = state;

	mutex_require(pthread_mutex_unlock(&lock->mutex));
	sync_lower(cpu, hold->irql);
}

static int mutex_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct mutex *lock = state;
	int answer;

	mutex_acquire(lock, cpu);
	answer = isr(extension, message);
	mutex_require(pthread_mutex_unlock(&lock->mutex));
	return answer;
}

SYNC_GATE_OPERATIONS(mutex)

const struct sync_backend MUTEX_SYMBOL = {
	.name = MUTEX_NAME,
	.summary = MUTEX_SUMMARY,
	.source = "Sha, Rajkumar and Lehoczky, ToC 1990; POSIX.1-2017",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = MUTEX_CAPABILITIES,
	.deliveries = SYNC_THREAD,
	.lock_bytes = sizeof(struct mutex),
	.init = mutex_init,
	.fini = mutex_fini,
	.online = mutex_online,
	SYNC_OPERATIONS(mutex),
};
