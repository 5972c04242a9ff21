/* SPDX-License-Identifier: MIT */
/*
 * The masking gate that four broken back ends are made of, each with a defect of its own.
 *
 * The including file defines the three functions declared below and ends in BROKEN_GATE.
 */
#include "impls/caller_lock.h"
#include "impls/contract.h"
#include "impls/in_service.h"

struct broken_gate {
	struct caller_lock callers;
	_Atomic(uint32_t) closed;
	_Atomic(uint32_t) deferred;
	uint32_t sections; /* under the callers' lock */
	struct irq_line *line;
	struct in_service in_service;
};

/* Before the gate is closed. */
static void broken_gate_entering(struct broken_gate *gate);
/* Whether this section closes the gate. */
static bool broken_gate_closes(struct broken_gate *gate);
/* Opens it, by broken_gate_clear(), and sees to what was deferred. */
static void broken_gate_open(struct broken_gate *gate);

static int broken_gate_init(void *state, const struct sync_config *config)
{
	struct broken_gate *gate = state;

	gate->line = config->line;
	return in_service_init(&gate->in_service, config->cpus);
}

static void broken_gate_fini(void *state)
{
	struct broken_gate *gate = state;

	in_service_fini(&gate->in_service);
}

static inline void broken_gate_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct broken_gate *gate = state;

	caller_lock_acquire(&gate->callers, cpu, hold);
	gate->sections++;
	broken_gate_entering(gate);
	if (!broken_gate_closes(gate))
		return;
	atomic_exchange_explicit(&gate->closed, 1, memory_order_seq_cst);
	in_service_wait_until_clear(&gate->in_service, cpu);
}

static inline void broken_gate_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct broken_gate *gate = state;

	broken_gate_open(gate);
	caller_lock_release(&gate->callers, cpu, hold);
}

static int broken_gate_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct broken_gate *gate = state;
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

SYNC_GATE_OPERATIONS(broken_gate)

static inline void broken_gate_clear(struct broken_gate *gate)
{
	atomic_exchange_explicit(&gate->closed, 0, memory_order_seq_cst);
}

static inline void broken_gate_redeliver(struct broken_gate *gate)
{
	if (atomic_exchange_explicit(&gate->deferred, 0, memory_order_seq_cst))
		sync_redeliver(gate->line);
}

#define BROKEN_GATE(SYMBOL, NAME, SUMMARY)                                                                              \
	const struct sync_backend sync_backend_##SYMBOL = {                                                             \
		.name = NAME,                                                                                           \
		.summary = SUMMARY,                                                                                     \
		.source = "-",                                                                                          \
		.isr_progress = SYNC_ISR_WAIT_FREE,                                                                            \
		.capabilities = SYNC_BROKEN | SYNC_DEFERS | SYNC_ONE_VECTOR,                                            \
		.deliveries = SYNC_ANY_DELIVERY,                                                                              \
		.lock_bytes = sizeof(struct broken_gate),                                                               \
		.init = broken_gate_init,                                                                               \
		.fini = broken_gate_fini,                                                                               \
		SYNC_OPERATIONS(broken_gate),                                                                           \
	};
