/* SPDX-License-Identifier: MIT */
/*
 * flat-combining: whoever gets the lock also runs what the others have published.
 *
 * Each CPU has one publication record.  It fills that in and then spins, on the
 * record and on the lock: either a combiner has run the request, or the CPU
 * gets the lock and is the combiner.  The guarded data stays in one CPU's cache
 * while many requests are served, and the lock changes hands seldom; the price
 * is a combiner that stays at DIRQL for other CPUs' sections.
 *
 * ISRs publish as callers do, and service() waits for the answer.  The records
 * are a fixed array where the paper has a list that grows and ages: a section
 * runs at DIRQL, so a CPU never has a second request while its first one waits.
 *
 * A routine may run on another CPU than its caller's, which is not what
 * StorPortSynchronizeAccess documents: interrupts and completions that it
 * causes are then the combiner's.
 *
 * Source: D. Hendler, I. Incze, N. Shavit and M. Tzafrir, "Flat Combining and
 * the Synchronization-Parallelism Tradeoff", SPAA 2010.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

/* Scans of the records by one combiner: an end to how long it serves others. */
#define PASSES_MAX 3

struct flat_request {
	sync_routine *routine; /* NULL: an ISR */
	sync_isr *isr;
	void *extension;
	void *context;
	uint32_t message;
};

struct flat_record {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) published;
	unsigned char answer;
	struct flat_request request;
};

struct flat_combining {
	_Atomic(uint32_t) held;
	uint8_t dirql;
	unsigned cpus;
	struct flat_record *record;
};

static int flat_combining_init(void *state, const struct sync_config *config)
{
	struct flat_combining *lock = state;

	lock->record = aligned_alloc(SYNC_LINE_BYTES, config->cpus * sizeof(*lock->record));
	if (!lock->record)
		return -ENOMEM;
	for (unsigned i = 0; i < config->cpus; i++) {
		lock->record[i] = (struct flat_record){ .answer = 0 };
		atomic_init(&lock->record[i].published, 0);
	}
	atomic_init(&lock->held, 0);
	lock->dirql = config->dirql;
	lock->cpus = config->cpus;
	return 0;
}

static void flat_combining_fini(void *state)
{
	struct flat_combining *lock = state;

	free(lock->record);
}

static inline bool flat_try(struct flat_combining *lock)
{
	/* ORD flat_combining:A acquire, pairs with flat_combining:B: who gets the lock sees every store of the combiner before. */
	return !atomic_exchange_explicit(&lock->held, 1, memory_order_acquire);
}

static inline bool flat_is_free(const struct flat_combining *lock)
{
	/* relaxed: only waits; the exchange decides */
	return !atomic_load_explicit(&lock->held, memory_order_relaxed);
}

/* Whoever has published looks at the lock itself, so nothing that comes after the last scan is left behind. */
static inline void flat_release(struct flat_combining *lock)
{
	/* ORD flat_combining:B release, pairs with flat_combining:A: see there. */
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

static inline bool flat_is_published(const struct flat_record *record)
{
	/*
	 * ORD flat_combining:C acquire, pairs with flat_combining:D and flat_combining:E:
	 * set, the combiner sees the request and what came before it; cleared, its
	 * owner sees the answer and all that its request did.
	 */
	return atomic_load_explicit(&record->published, memory_order_acquire) != 0;
}

/* Kept out of line: with nobody waiting, a scan is a load a record. */
static SYNC_WAITING_PATH void flat_serve(struct flat_combining *lock, struct sim_cpu *cpu, unsigned target)
{
	struct flat_record *record = &lock->record[target];
	const struct flat_request *request = &record->request;

	if (request->routine)
		record->answer = request->routine(request->extension, request->context);
	else
		record->answer = sync_run_for(cpu, target, request->isr, request->extension, request->message);
	/* ORD flat_combining:E release, pairs with flat_combining:C: see there. */
	atomic_store_explicit(&record->published, 0, memory_order_release);
}

/* One pass over all records, beginning at the combiner's own, so that no CPU is always the last; whether any was served. */
static inline bool flat_scan(struct flat_combining *lock, struct sim_cpu *cpu)
{
	unsigned at = sync_cpu_index(cpu);
	bool served = false;

	for (unsigned i = 0; i < lock->cpus; i++) {
		if (__builtin_expect(flat_is_published(&lock->record[at]), 0)) {
			flat_serve(lock, cpu, at);
			served = true;
		}
		if (++at == lock->cpus)
			at = 0;
	}
	return served;
}

static inline void flat_combine(struct flat_combining *lock, struct sim_cpu *cpu)
{
	for (unsigned pass = 0; pass < PASSES_MAX && flat_scan(lock, cpu); pass++)
		;
}

/* Until a combiner has run it, or this CPU, as the combiner, has. */
static SYNC_WAITING_PATH unsigned char flat_publish(struct flat_combining *lock, struct sim_cpu *cpu,
						    struct flat_request request)
{
	struct flat_record *record = &lock->record[sync_cpu_index(cpu)];

	record->request = request;
	/* ORD flat_combining:D release, pairs with flat_combining:C: see there. */
	atomic_store_explicit(&record->published, 1, memory_order_release);
	while (flat_is_published(record)) {
		if (flat_is_free(lock) && flat_try(lock)) {
			flat_combine(lock, cpu);
			flat_release(lock);
		} else {
			sync_relax(cpu);
		}
	}
	return record->answer;
}

static unsigned char flat_combining_synchronize(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension,
						void *context)
{
	struct flat_combining *lock = state;
	uint8_t irql = sim_raise(cpu, lock->dirql);
	unsigned char answer;

	if (__builtin_expect(flat_try(lock), 1)) {
		answer = routine(extension, context);
		flat_combine(lock, cpu);
		flat_release(lock);
	} else {
		answer = flat_publish(lock, cpu, (struct flat_request){
			.routine = routine, .extension = extension, .context = context,
		});
	}
	sync_lower(cpu, irql);
	return answer;
}

static int flat_combining_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct flat_combining *lock = state;
	unsigned char answer;

	if (__builtin_expect(!flat_try(lock), 0))
		return flat_publish(lock, cpu, (struct flat_request){
			.isr = isr, .extension = extension, .message = message,
		});
	answer = isr(extension, message);
	flat_combine(lock, cpu);
	flat_release(lock);
	return answer;
}

static SYNC_WAITING_PATH void flat_wait(struct flat_combining *lock, struct sim_cpu *cpu)
{
	do {
		while (!flat_is_free(lock))
			sync_relax(cpu);
	} while (!flat_try(lock));
}

/* What runs between enter and leave cannot be published: the lock is taken as a plain one. */
static void flat_combining_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct flat_combining *lock = state;

	hold->irql = sim_raise(cpu, lock->dirql);
	if (__builtin_expect(!flat_try(lock), 0))
		flat_wait(lock, cpu);
}

static void flat_combining_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct flat_combining *lock = state;

	flat_combine(lock, cpu);
	flat_release(lock);
	sync_lower(cpu, hold->irql);
}

const struct sync_backend sync_backend_flat_combining = {
	.name = "flat-combining",
	.summary = "flat combining: whoever gets the lock also runs what the others have published",
	.source = "Hendler, Incze, Shavit and Tzafrir, SPAA 2010",
	.isr_progress = SYNC_ISR_BLOCKING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct flat_combining),
	.init = flat_combining_init,
	.fini = flat_combining_fini,
	SYNC_OPERATIONS(flat_combining),
};
