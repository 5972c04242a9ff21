/* SPDX-License-Identifier: MIT */
/*
 * ttas-backoff: test-and-test-and-set, and whoever loses a race for the lock stays away for a while.
 *
 * When a lock is released, all who wait see it free and go for it at once, and
 * the losers' exchanges stand in the way of the winner.  A loser waits for a
 * random time, and twice as long after each further loss, up to a bound.  For
 * an ISR lock this is a trade: fewer transfers of the line under contention, and
 * an ISR that has backed off comes later than a caller that has just arrived.
 *
 * It differs from spinlock in what a waiter does after a lost exchange, and in
 * nothing else.
 *
 * Source: T. E. Anderson, "The Performance of Spin Lock Alternatives for
 * Shared-Memory Multiprocessors", TPDS 1(1), 1990; A. Agarwal and M. Cherian,
 * "Adaptive Backoff Synchronization Techniques", ISCA 1989.
 */
#include "impls/contract.h"

/*
 * The longest back-off after the first loss, and after the sixth and later
 * ones, in spin iterations; powers of two.  One is a few tens of nanoseconds:
 * the least is of the order of a transfer of the line, so that a lone loser
 * misses little, and the most of the order of a section of a microsecond or
 * two, which is then what backing off can add to the wait of an ISR.
 */
#define BACKOFF_LEAST 2u
#define BACKOFF_MOST 64u

_Static_assert((BACKOFF_LEAST & (BACKOFF_LEAST - 1)) == 0 && (BACKOFF_MOST & (BACKOFF_MOST - 1)) == 0,
	       "a back-off is drawn by masking");

struct ttas_backoff {
	_Atomic(uint32_t) held;
	uint8_t dirql;
};

/* One wait's back-offs. */
struct backoff {
	uint32_t draw;
	uint32_t limit;
};

static int ttas_backoff_init(void *state, const struct sync_config *config)
{
	struct ttas_backoff *lock = state;

	atomic_init(&lock->held, 0);
	lock->dirql = config->dirql;
	return 0;
}

/* Each CPU draws from a sequence of its own: two that lose together must not come back together. */
static inline struct backoff backoff_begin(const struct sim_cpu *cpu)
{
	/* Knuth's multiplicative hash spreads the small indices over the word */
	return (struct backoff){ .draw = (sync_cpu_index(cpu) + 1) * 2654435761u, .limit = BACKOFF_LEAST };
}

static inline void backoff_wait(struct backoff *backoff, struct sim_cpu *cpu)
{
	uint32_t left;

	/* a linear congruence modulo 2^32, of which only the upper bits are random enough */
	backoff->draw = backoff->draw * 1664525u + 1013904223u;
	left = 1 + (backoff->draw >> 16 & (backoff->limit - 1));
	if (backoff->limit < BACKOFF_MOST)
		backoff->limit *= 2;
	while (left--)
		sync_relax(cpu);
}

static SYNC_WAITING_PATH void ttas_backoff_wait(struct ttas_backoff *lock, struct sim_cpu *cpu)
{
	struct backoff backoff = backoff_begin(cpu);

	for (;;) {
		/* relaxed: only waits; the exchange decides */
		while (atomic_load_explicit(&lock->held, memory_order_relaxed))
			sync_relax(cpu);
		/* ORD ttas_backoff:C acquire, pairs with ttas_backoff:B: as ttas_backoff:A. */
		if (!atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
			return;
		backoff_wait(&backoff, cpu);
	}
}

static inline void ttas_backoff_acquire(struct ttas_backoff *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* ORD ttas_backoff:A acquire, pairs with ttas_backoff:B: who gets the lock sees every store of the holder before. */
	if (__builtin_expect(atomic_exchange_explicit(&lock->held, 1, memory_order_acquire), 0))
		ttas_backoff_wait(lock, cpu);
}

static inline void ttas_backoff_release(struct ttas_backoff *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* ORD ttas_backoff:B release, pairs with ttas_backoff:A and ttas_backoff:C: see there. */
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(ttas_backoff, struct ttas_backoff, ttas_backoff_acquire, ttas_backoff_release)

const struct sync_backend sync_backend_ttas_backoff = {
	.name = "ttas-backoff",
	.summary = "test-and-test-and-set at DIRQL, random exponential back-off after a lost race",
	.source = "Anderson, TPDS 1990; Agarwal and Cherian, ISCA 1989",
	.isr_progress = SYNC_ISR_BLOCKING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct ttas_backoff),
	.init = ttas_backoff_init,
	SYNC_OPERATIONS(ttas_backoff),
};
