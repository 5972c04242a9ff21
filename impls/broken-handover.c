/* SPDX-License-Identifier: MIT */
/* broken-handover: hands ISRs over to whoever is inside, who does not look again once it has released. */
#include <errno.h>

#include "impls/contract.h"

#define CPUS_MAX 64

struct broken_handover {
	_Atomic(uint32_t) held;
	_Atomic(uint64_t) waiting;
	uint8_t dirql;
	struct irq_line *line;
	struct {
		sync_isr *isr;
		void *extension;
		uint32_t message;
	} slot[CPUS_MAX];
};

static int broken_handover_init(void *state, const struct sync_config *config)
{
	struct broken_handover *lock = state;

	if (config->cpus > CPUS_MAX)
		return -EINVAL;
	atomic_init(&lock->held, 0);
	atomic_init(&lock->waiting, 0);
	lock->dirql = config->dirql;
	lock->line = config->line;
	return 0;
}

static void broken_handover_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct broken_handover *lock = state;

	hold->irql = sim_raise(cpu, lock->dirql);
	while (atomic_exchange_explicit(&lock->held, 1, memory_order_seq_cst))
		sync_relax(cpu);
}

/* The defect: what is handed over between the look and the release stays where it is. */
static void broken_handover_finish(struct broken_handover *lock, struct sim_cpu *cpu)
{
	uint64_t waiting;

	while ((waiting = atomic_exchange_explicit(&lock->waiting, 0, memory_order_seq_cst)) != 0) {
		for (; waiting; waiting &= waiting - 1) {
			unsigned target = (unsigned)__builtin_ctzll(waiting);

			sync_run_handed_over(lock->line, cpu, target, lock->slot[target].isr, lock->slot[target].extension,
					     lock->slot[target].message);
		}
	}
	atomic_store_explicit(&lock->held, 0, memory_order_seq_cst);
}

static void broken_handover_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	broken_handover_finish(state, cpu);
	sync_lower(cpu, hold->irql);
}

static int broken_handover_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct broken_handover *lock = state;
	unsigned me = sync_cpu_index(cpu);
	int answer;

	if (atomic_exchange_explicit(&lock->held, 1, memory_order_seq_cst)) {
		lock->slot[me].isr = isr;
		lock->slot[me].extension = extension;
		lock->slot[me].message = message;
		atomic_fetch_or_explicit(&lock->waiting, UINT64_C(1) << me, memory_order_seq_cst);
		return SYNC_HANDED_OVER;
	}
	answer = isr(extension, message);
	broken_handover_finish(lock, cpu);
	return answer;
}

SYNC_GATE_OPERATIONS(broken_handover)

const struct sync_backend sync_backend_broken_handover = {
	.name = "broken-handover",
	.summary = "broken on purpose: an ISR handed over while its runner releases is left behind",
	.source = "-",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_BROKEN | SYNC_HANDS_OVER | SYNC_ONE_VECTOR,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct broken_handover),
	.init = broken_handover_init,
	SYNC_OPERATIONS(broken_handover),
};
