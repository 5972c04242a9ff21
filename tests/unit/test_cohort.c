/* SPDX-License-Identifier: MIT */
/*
 * The lock cohort on machines of two NUMA nodes: it stays within a node, but
 * only so often in a row, and it excludes across nodes.
 *
 * Who waits is told by spin counts and not by clocks: a CPU of these tests spins
 * nowhere but in the lock, and there only after it has drawn its ticket.
 */
#include "tests/unit/fake_source.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "impls/backends.h"
#include "impls/contract.h"

#define DIRQL 6
/* COHORT_LOCAL_HANDOFFS of impls/cohort.c */
#define HANDOFFS 16
/* CPUs of node 0: the first holder, those that it and they pass the lock on to, and two more. */
#define NODE0_CPUS (1 + HANDOFFS + 2)
#define NODE1_CPUS 2
#define CPUS (NODE0_CPUS + NODE1_CPUS)
/* So often that counters which begin 100 before they wrap do wrap. */
#define ROUNDS 6
#define SECTIONS 20000

struct rig {
	struct sim_machine machine;
	struct irq_line line;
	const struct sync_backend *backend;
	void *lock;
	/* What the lock under test guards, by plain accesses. */
	unsigned turns;
	unsigned turn[CPUS];
	unsigned sections;
};

struct cpu_thread {
	struct rig *rig;
	unsigned index;
	pthread_t thread;
};

static void rig_init(struct rig *rig, unsigned cpus, const unsigned *node)
{
	struct sim_machine_config config = { .cpus = cpus, .yields = true, .phys_bytes = FAKE_PHYS_BYTES,
					     .scale = fake_scale(), .node = node, .nodes = node ? 2 : 0 };
	struct sync_config sync;
	size_t lines;

	memset(rig, 0, sizeof(*rig));
	assert_int_equal(sim_machine_init(&rig->machine, &config), 0);
	rig->line = (struct irq_line){ .name = "none", .dirql = DIRQL };
	rig->backend = sync_backend_find("cohort");
	assert_non_null(rig->backend);
	lines = (rig->backend->lock_bytes + SYNC_LINE_BYTES - 1) / SYNC_LINE_BYTES;
	rig->lock = aligned_alloc(SYNC_LINE_BYTES, lines * SYNC_LINE_BYTES);
	assert_non_null(rig->lock);
	memset(rig->lock, 0, lines * SYNC_LINE_BYTES);
	sync = sim_machine_sync_config(&rig->machine, &rig->line);
	assert_int_equal(rig->backend->init(rig->lock, &sync), 0);
}

static void rig_fini(struct rig *rig)
{
	rig->backend->fini(rig->lock);
	free(rig->lock);
	sim_machine_fini(&rig->machine);
}

static uint64_t spins_of(const struct rig *rig, unsigned cpu)
{
	return atomic_load_explicit(&rig->machine.cpu[cpu].relaxes, memory_order_relaxed);
}

static void take_turn(struct rig *rig, unsigned cpu)
{
	rig->turn[rig->turns++] = cpu;
}

static void enter_alone(struct rig *rig, unsigned index)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig->machine, index);
	struct sync_hold hold;

	rig->backend->enter(rig->lock, cpu, &hold);
	assert_int_equal(sim_irql(cpu), DIRQL);
	rig->backend->leave(rig->lock, cpu, &hold);
	assert_int_equal(sim_irql(cpu), IRQL_PASSIVE);
	assert_int_equal(spins_of(rig, index), 0);
	sim_cpu_exit(cpu);
}

/* One CPU after the other: nothing is left behind with a node. */
static void test_an_uncontended_lock_goes_from_node_to_node(void **state)
{
	static const unsigned node[] = { 0, 1 };
	struct rig rig;

	rig_init(&rig, 2, node);
	for (unsigned i = 0; i < 500; i++)
		enter_alone(&rig, i / 2 % 2);
	rig_fini(&rig);
}

static void test_one_node_will_do(void **state)
{
	struct sync_config sync;
	struct rig rig;

	rig_init(&rig, 2, NULL);
	for (unsigned i = 0; i < 500; i++)
		enter_alone(&rig, i / 2 % 2);
	/* a machine that knows of no nodes */
	rig.backend->fini(rig.lock);
	sync = sim_machine_sync_config(&rig.machine, &rig.line);
	sync.node = NULL;
	sync.nodes = 0;
	assert_int_equal(rig.backend->init(rig.lock, &sync), 0);
	enter_alone(&rig, 0);
	enter_alone(&rig, 1);
	rig_fini(&rig);
}

static void *waiter(void *context)
{
	struct cpu_thread *self = context;
	struct rig *rig = self->rig;
	struct sim_cpu *cpu = sim_cpu_enter(&rig->machine, self->index);
	struct sync_hold hold;

	rig->backend->enter(rig->lock, cpu, &hold);
	take_turn(rig, self->index);
	rig->backend->leave(rig->lock, cpu, &hold);
	sim_cpu_exit(cpu);
	return NULL;
}

/* Returns when CPU `index` is on its way in and waits. */
static void let_wait(struct rig *rig, struct cpu_thread *thread, unsigned index)
{
	uint64_t spins = spins_of(rig, index);

	*thread = (struct cpu_thread){ .rig = rig, .index = index };
	assert_int_equal(pthread_create(&thread->thread, NULL, waiter, thread), 0);
	while (spins_of(rig, index) == spins)
		sched_yield();
}

/* CPU 0 holds the lock, the CPUs of node 1 come, then the others of node 0: who is served in which order? */
static void serve_all(struct rig *rig, struct sim_cpu *cpu)
{
	struct cpu_thread thread[CPUS];
	struct sync_hold hold;

	rig->turns = 0;
	rig->backend->enter(rig->lock, cpu, &hold);
	for (unsigned i = NODE0_CPUS; i < CPUS; i++)
		let_wait(rig, &thread[i], i);
	for (unsigned i = 1; i < NODE0_CPUS; i++)
		let_wait(rig, &thread[i], i);
	take_turn(rig, 0);
	rig->backend->leave(rig->lock, cpu, &hold);
	for (unsigned i = 1; i < CPUS; i++)
		assert_int_equal(pthread_join(thread[i].thread, NULL), 0);
}

static void test_it_stays_in_a_node_for_so_many_handoffs(void **state)
{
	unsigned node[CPUS] = { 0 };
	struct sim_cpu *cpu;
	struct rig rig;

	for (unsigned i = NODE0_CPUS; i < CPUS; i++)
		node[i] = 1;
	rig_init(&rig, CPUS, node);
	cpu = sim_cpu_enter(&rig.machine, 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned at = 0;

		serve_all(&rig, cpu);
		assert_int_equal(rig.turns, CPUS);
		/* the holder, and in their order those of its node that it may be passed on to */
		for (unsigned i = 0; i <= HANDOFFS; i++)
			assert_int_equal(rig.turn[at++], i);
		/* then the other node, which came first, and stays within the node likewise */
		for (unsigned i = NODE0_CPUS; i < CPUS; i++)
			assert_int_equal(rig.turn[at++], i);
		/* and then the rest */
		for (unsigned i = HANDOFFS + 1; i < NODE0_CPUS; i++)
			assert_int_equal(rig.turn[at++], i);
	}
	sim_cpu_exit(cpu);
	rig_fini(&rig);
}

static unsigned char section(void *extension, void *context)
{
	struct rig *rig = extension;

	rig->sections++;
	return 1;
}

static unsigned char isr(void *extension, uint32_t message)
{
	return section(extension, NULL);
}

static void *sections(void *context)
{
	struct cpu_thread *self = context;
	struct rig *rig = self->rig;
	struct sim_cpu *cpu = sim_cpu_enter(&rig->machine, self->index);

	for (unsigned i = 0; i < SECTIONS; i++) {
		uint8_t old;

		if (i % 4) {
			rig->backend->synchronize(rig->lock, cpu, section, rig, NULL);
			continue;
		}
		old = sim_raise(cpu, DIRQL);
		rig->backend->service(rig->lock, cpu, isr, rig, 0);
		sim_lower(cpu, old);
	}
	sim_cpu_exit(cpu);
	return NULL;
}

static void test_two_nodes_exclude_each_other(void **state)
{
	static const unsigned node[] = { 0, 1 };
	struct cpu_thread thread[2];
	struct rig rig;

	rig_init(&rig, 2, node);
	for (unsigned i = 0; i < 2; i++) {
		thread[i] = (struct cpu_thread){ .rig = &rig, .index = i };
		assert_int_equal(pthread_create(&thread[i].thread, NULL, sections, &thread[i]), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i].thread, NULL), 0);
	assert_int_equal(rig.sections, 2 * SECTIONS);
	rig_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_uncontended_lock_goes_from_node_to_node),
		cmocka_unit_test(test_one_node_will_do),
		cmocka_unit_test(test_it_stays_in_a_node_for_so_many_handoffs),
		cmocka_unit_test(test_two_nodes_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
