/* SPDX-License-Identifier: MIT */
/*
 * broken-window: a gate that looks for what it deferred a moment before it opens.
 *
 * What arrives in between is deferred by a gate that is about to open, and
 * re-delivered by nobody before the next section.  On one CPU nothing can come
 * there but a signal, in a window of a few instructions that random load hardly
 * ever meets.
 */
#include "impls/caller_lock.h"
#include "impls/contract.h"
#include "impls/in_service.h"

struct broken_window {
	struct caller_lock callers;
	_Atomic(uint32_t) closed;
	_Atomic(uint32_t) deferred;
	struct irq_line *line;
	struct in_service in_service;
};

static int broken_window_init(void *state, const struct sync_config *config)
{
	struct broken_window *gate = state;

	gate->line = config->line;
	return in_service_init(&gate->in_service, config->cpus);
}

static void broken_window_fini(void *state)
{
	struct broken_window *gate = state;

	in_service_fini(&gate->in_service);
}

static inline void broken_window_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct broken_window *gate = state;

	caller_lock_acquire(&gate->callers, cpu, hold);
	atomic_exchange_explicit(&gate->closed, 1, memory_order_seq_cst);
	in_service_wait_until_clear(&gate->in_service, cpu);
}

static inline void broken_window_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct broken_window *gate = state;
	/* the defect: before the gate is open */
	bool deferred = atomic_exchange_explicit(&gate->deferred, 0, memory_order_seq_cst);

	atomic_exchange_explicit(&gate->closed, 0, memory_order_seq_cst);
	if (deferred)
		sync_redeliver(gate->line);
	caller_lock_release(&gate->callers, cpu, hold);
}

static int broken_window_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct broken_window *gate = state;
	int answer = SYNC_DEFERRED;
	bool closed;

	in_service_publish(&gate->in_service, cpu);
	closed = atomic_load_explicit(&gate->closed, memory_order_seq_cst);
	if (closed) {
		atomic_exchange_explicit(&gate->deferred, 1, memory_order_seq_cst);
		closed = atomic_load_explicit(&gate->closed, memory_order_seq_cst);
	}
	if (!closed)
		answer = isr(extension, message);
	in_service_retract(&gate->in_service, cpu);
	return answer;
}

SYNC_GATE_OPERATIONS(broken_window)

const struct sync_backend sync_backend_broken_window = {
	.name = "broken-window",
	.summary = "broken on purpose: looks for what it deferred a moment before it opens",
	.source = "-",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_BROKEN | SYNC_DEFERS,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct broken_window),
	.init = broken_window_init,
	.fini = broken_window_fini,
	SYNC_OPERATIONS(broken_window),
};
