/* SPDX-License-Identifier: MIT */
/*
 * A peer: another project's lock behind the contract, and bare.
 *
 * Behind the contract it is a back end like any other: at DIRQL, and with a
 * service() that takes the lock.  Bare, it is enter and leave without the IRQL,
 * which is what `storsync micro` compares the project's own locks with.  Both
 * run the same acquire and release.
 *
 * A peer waits as its project wrote it, so the gap witness does not look while it does.  One that spins does not call
 * sync_relax(), so under poll delivery no interrupt is taken while it waits,
 * and it never gives its core away: not to the section that it waits for
 * where CPUs share a core, nor, as a real-time thread, to its own CPU.
 */
#ifndef STORSYNC_IMPLS_PEERS_PEER_H
#define STORSYNC_IMPLS_PEERS_PEER_H

#include "impls/backends.h"
#include "impls/contract.h"

#define SYNC_PEER_SPIN_DELIVERIES (SYNC_POLL | SYNC_SIGNAL)

/* The operations, of the arguments of SYNC_LOCK_OPERATIONS. */
#define SYNC_PEER_OPERATIONS(NAME, TYPE, ACQUIRE, RELEASE)                                      \
	static SYNC_INLINE void NAME##_seen_acquire(TYPE *lock, struct sim_cpu *cpu,            \
						    struct sync_hold *hold)                     \
	{                                                                                       \
		sync_quiet_begin(cpu);                                                          \
		ACQUIRE(lock, cpu, hold);                                                       \
		sync_quiet_end(cpu);                                                            \
	}                                                                                       \
	SYNC_LOCK_OPERATIONS(NAME, TYPE, NAME##_seen_acquire, RELEASE)                          \
	static void NAME##_bare_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold) \
	{                                                                                       \
		ACQUIRE(state, cpu, hold);                                                      \
	}                                                                                       \
	static void NAME##_bare_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold) \
	{                                                                                       \
		RELEASE(state, cpu, hold);                                                      \
	}

/* Both ops tables; what follows the names are the fields that they share. */
#define SYNC_PEER_TABLES(NAME, BACKEND_NAME, BARE_NAME, ALGORITHM, ...)                         \
	const struct sync_peer sync_peer_##NAME = {                                             \
		.algorithm = ALGORITHM,                                                         \
		.backend = {                                                                    \
			.name = BACKEND_NAME,                                                   \
			.isr_progress = SYNC_ISR_BLOCKING,                                      \
			SYNC_OPERATIONS(NAME),                                                  \
			__VA_ARGS__                                                             \
		},                                                                              \
		.bare = {                                                                       \
			.name = BARE_NAME,                                                      \
			.enter = NAME##_bare_enter, .leave = NAME##_bare_leave,                 \
			__VA_ARGS__                                                             \
		},                                                                              \
	};

#endif
