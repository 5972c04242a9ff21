/* SPDX-License-Identifier: MIT */
/*
 * An RCU-assisted gate, once for each liburcu flavour.
 *
 * The ISR is a read-side critical section that looks at a gate.  A caller
 * closes the gate and waits for a grace period, after which every ISR that had
 * found it open has left; then it runs, opens, and has what was deferred
 * delivered again.  The ISR's entry costs what the flavour's read side costs;
 * the caller pays the grace period.
 *
 * Source: P. E. McKenney and J. D. Slingwine, "Read-Copy Update: Using Execution
 * History to Solve Concurrency Problems", PDCS 1998; M. Desnoyers et al.,
 * "User-Level Implementations of Read-Copy Update", TPDS 23(2), 2012.
 *
 * The including file includes its flavour's header and defines GATE_FLAVOUR (an
 * identifier), GATE_NAME (the command-line name), GATE_SUMMARY, GATE_CAPABILITIES (beyond a gate's) and
 *   gate_read_lock(), gate_read_unlock(), gate_wait_for_readers(),
 *   gate_online(), gate_offline()      a CPU's thread comes and goes.
 */
#include "impls/caller_lock.h"
#include "impls/contract.h"

struct rcu_gate {
	struct caller_lock callers;
	struct irq_line *line;
	/* Apart from the callers' lock: every ISR reads it, and waiting callers write the other. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) closed;
	_Atomic(uint32_t) deferred; /* an ISR found the gate closed */
};

static int gate_init(void *state, const struct sync_config *config)
{
	struct rcu_gate *gate = state;

	atomic_init(&gate->callers.held, 0);
	atomic_init(&gate->closed, 0);
	atomic_init(&gate->deferred, 0);
	gate->line = config->line;
	return 0;
}

/* A thread is registered with the library once, for however many gates. */
static _Thread_local unsigned gates_online;

static int gate_cpu_online(void *state, struct sim_cpu *cpu)
{
	if (!gates_online++)
		gate_online();
	return 0;
}

static void gate_cpu_offline(void *state, struct sim_cpu *cpu)
{
	if (!--gates_online)
		gate_offline();
}

static inline void gate_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct rcu_gate *gate = state;

	caller_lock_acquire(&gate->callers, cpu, hold);
	/* ORD rcu_gate:A relaxed, pairs with rcu_gate:B: the grace period orders it; a reader that misses it is waited for. */
	atomic_store_explicit(&gate->closed, 1, memory_order_relaxed);
	sync_slow_begin(cpu);
	gate_wait_for_readers();
	sync_slow_end(cpu);
}

static inline void gate_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct rcu_gate *gate = state;

	/*
	 * ORD rcu_gate:C seq_cst, pairs with rcu_gate:B and rcu_gate:D: an ISR that sees the gate open sees the section's
	 * stores; one that still finds it closed has its `deferred` seen below.
	 */
	atomic_exchange_explicit(&gate->closed, 0, memory_order_seq_cst);
	/* ORD rcu_gate:E seq_cst, pairs with rcu_gate:F: see rcu_gate:C. */
	if (atomic_load_explicit(&gate->deferred, memory_order_seq_cst)) {
		/* relaxed: an ISR that sets it after this is either covered by the redelivery or finds the gate open */
		atomic_exchange_explicit(&gate->deferred, 0, memory_order_relaxed);
		sync_redeliver(gate->line);
	}
	caller_lock_release(&gate->callers, cpu, hold);
}

/* Inside the read-side section: whether the ISR may run. */
static inline bool gate_is_open_for_isr(struct rcu_gate *gate)
{
	/* ORD rcu_gate:B acquire, pairs with rcu_gate:A and rcu_gate:C: open means that the section before is over. */
	if (!atomic_load_explicit(&gate->closed, memory_order_acquire))
		return true;
	/* ORD rcu_gate:F seq_cst, pairs with rcu_gate:E: whoever opens sees it, or the load below sees the opening. */
	atomic_exchange_explicit(&gate->deferred, 1, memory_order_seq_cst);
	/* ORD rcu_gate:D seq_cst, pairs with rcu_gate:C: see rcu_gate:F. */
	return !atomic_load_explicit(&gate->closed, memory_order_seq_cst);
}

static int gate_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct rcu_gate *gate = state;
	int answer = SYNC_DEFERRED;

	gate_read_lock();
	if (gate_is_open_for_isr(gate))
		answer = isr(extension, message);
	gate_read_unlock();
	return answer;
}

SYNC_GATE_OPERATIONS(gate)

#define GATE_SYMBOL_OF(flavour) sync_backend_rcu_##flavour
#define GATE_SYMBOL(flavour) GATE_SYMBOL_OF(flavour)

const struct sync_backend GATE_SYMBOL(GATE_FLAVOUR) = {
	.name = GATE_NAME,
	.summary = GATE_SUMMARY,
	.source = "McKenney and Slingwine, PDCS 1998; Desnoyers et al., TPDS 2012",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_DEFERS | SYNC_SLEEPS | SYNC_ONE_VECTOR | GATE_CAPABILITIES,
	/* Not thread: a grace period sleeps at DISPATCH, and the CPU's other threads would go on meanwhile. */
	.deliveries = SYNC_POLL | SYNC_SIGNAL,
	.lock_bytes = sizeof(struct rcu_gate),
	.init = gate_init,
	.online = gate_cpu_online,
	.offline = gate_cpu_offline,
	SYNC_OPERATIONS(gate),
};
