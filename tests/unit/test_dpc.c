/* SPDX-License-Identifier: MIT */
/*
 * DPCs: first in, first out; queued once; never concurrent with themselves, on
 * one CPU or two.  Source: Microsoft's public documentation of KeInsertQueueDpc and StorPortIssueDpc.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/fake_source.h"

#include "hba_sim/machine/dpc.h"

#define DPCS 5
#define LOG_MAX 32
#define THREAD_QUEUEINGS 20000

struct rig;

struct dpc {
	struct sim_dpc sim;
	struct rig *rig;
	void (*inside)(struct dpc *dpc);
	unsigned depth; /* runs of it that are under way */
};

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct dpc dpc[DPCS];
	unsigned looks;
	unsigned runs;
	struct {
		struct dpc *dpc;
		void *argument1;
		void *argument2;
		unsigned cpu;
		uint8_t irql;
	} log[LOG_MAX];
};

static void run(void *context, void *argument1, void *argument2)
{
	struct dpc *dpc = context;
	struct rig *rig = dpc->rig;

	assert_in_range(rig->runs, 0, LOG_MAX - 1);
	rig->log[rig->runs].dpc = dpc;
	rig->log[rig->runs].argument1 = argument1;
	rig->log[rig->runs].argument2 = argument2;
	rig->log[rig->runs].cpu = sim_cpu_self()->index;
	rig->log[rig->runs++].irql = sim_irql(sim_cpu_self());
	assert_int_equal(dpc->depth++, 0);
	if (dpc->inside)
		dpc->inside(dpc);
	dpc->depth--;
}

static int set_up(void **state)
{
	static struct rig rig;

	memset(&rig, 0, sizeof(rig));
	fake_machine_init(&rig.machine, 3, false);
	for (unsigned i = 0; i < DPCS; i++) {
		rig.dpc[i].rig = &rig;
		sim_dpc_init(&rig.dpc[i].sim, run, &rig.dpc[i]);
	}
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	sim_cpu_exit(sim_cpu_self());
	sim_machine_fini(&rig->machine);
	return 0;
}

static bool queue(struct rig *rig, unsigned i)
{
	return sim_dpc_queue(sim_cpu_self(), &rig->dpc[i].sim, &rig->dpc[i], NULL);
}

static void check_order(const struct rig *rig, unsigned from, const unsigned *order, unsigned n)
{
	assert_int_equal(rig->runs, from + n);
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(rig->log[from + i].dpc, &rig->dpc[order[i]]);
}

static void test_first_in_first_out(void **state)
{
	static const unsigned order[DPCS] = { 3, 0, 4, 1, 2 };
	struct rig *rig = *state;

	for (unsigned i = 0; i < DPCS; i++)
		assert_true(queue(rig, order[i]));
	assert_int_equal(rig->runs, 0);
	sim_cpu_look(rig->cpu);
	check_order(rig, 0, order, DPCS);
	for (unsigned i = 0; i < DPCS; i++) {
		assert_int_equal(rig->log[i].irql, IRQL_DISPATCH);
		assert_ptr_equal(rig->log[i].argument1, rig->log[i].dpc);
	}
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->runs, DPCS);
}

static void test_queueing_again_changes_nothing(void **state)
{
	static const unsigned order[] = { 0, 1 };
	struct rig *rig = *state;
	int first, second;

	assert_true(sim_dpc_queue(rig->cpu, &rig->dpc[0].sim, &first, &second));
	assert_true(queue(rig, 1));
	assert_false(sim_dpc_queue(rig->cpu, &rig->dpc[0].sim, &second, &first));
	/* Neither does another CPU's attempt. */
	sim_cpu_enter(&rig->machine, 1);
	assert_false(sim_dpc_queue(&rig->machine.cpu[1], &rig->dpc[0].sim, NULL, NULL));
	sim_cpu_look(&rig->machine.cpu[1]);
	assert_int_equal(rig->runs, 0);
	sim_cpu_look(sim_cpu_enter(&rig->machine, 0));
	check_order(rig, 0, order, 2);
	assert_ptr_equal(rig->log[0].argument1, &first);
	assert_ptr_equal(rig->log[0].argument2, &second);
	assert_true(queue(rig, 0));
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->runs, 3);
}

static void queue_itself_once(struct dpc *dpc)
{
	dpc->inside = NULL;
	assert_true(sim_dpc_queue(sim_cpu_self(), &dpc->sim, dpc->rig, NULL));
	assert_false(sim_dpc_queue(sim_cpu_self(), &dpc->sim, NULL, NULL));
	/* Not inside itself, whatever safe points there are. */
	sim_cpu_look(sim_cpu_self());
	sim_lower(sim_cpu_self(), sim_raise(sim_cpu_self(), IRQL_HIGH));
	assert_int_equal(dpc->depth, 1);
}

static void test_queued_from_inside_itself_it_runs_again(void **state)
{
	static const unsigned order[] = { 0, 1, 0 };
	struct rig *rig = *state;

	rig->dpc[0].inside = queue_itself_once;
	queue(rig, 0);
	queue(rig, 1);
	sim_cpu_look(rig->cpu);
	check_order(rig, 0, order, 3);
	assert_ptr_equal(rig->log[0].argument1, &rig->dpc[0]);
	assert_ptr_equal(rig->log[2].argument1, rig);
}

static void queue_two_more(struct dpc *dpc)
{
	queue(dpc->rig, 3);
	queue(dpc->rig, 2);
}

static void test_what_a_dpc_queues_goes_to_the_end(void **state)
{
	static const unsigned order[] = { 0, 1, 3, 2 };
	struct rig *rig = *state;

	rig->dpc[0].inside = queue_two_more;
	queue(rig, 0);
	queue(rig, 1);
	sim_cpu_look(rig->cpu);
	check_order(rig, 0, order, 4);
}

struct watcher {
	struct sim_dispatch_watch watch;
	unsigned times;
	unsigned runs; /* so far, when it was told last */
	uint64_t begin;
	uint64_t end;
};

static void told(struct sim_dispatch_watch *watch, struct sim_cpu *cpu, uint64_t begin, uint64_t end)
{
	struct watcher *watcher = (struct watcher *)watch;

	assert_ptr_equal(cpu, sim_cpu_self());
	assert_int_equal(sim_irql(cpu), IRQL_DISPATCH);
	watcher->times++;
	watcher->runs = ((struct rig *)cpu->user)->runs;
	watcher->begin = begin;
	watcher->end = end;
}

static void queue_another(struct dpc *dpc)
{
	if (dpc->rig->runs < 3)
		queue(dpc->rig, 2);
}

/* Once for a stretch, when all of it has run; and never when nothing did. */
static void test_a_stretch_is_told_to_who_watches(void **state)
{
	struct rig *rig = *state;
	struct watcher watcher = { .watch = { .over = told } };
	uint64_t before, between;

	rig->cpu->user = rig;
	atomic_store(&rig->cpu->dispatch_watch, &watcher.watch);
	rig->dpc[0].inside = queue_another;
	before = stamp_now();
	queue(rig, 0);
	queue(rig, 1);
	sim_cpu_take_all(rig->cpu);
	assert_int_equal(rig->runs, 3);
	assert_int_equal(watcher.times, 1);
	assert_int_equal(watcher.runs, 3);
	assert_true(before <= watcher.begin && watcher.begin < watcher.end && watcher.end <= stamp_now());
	between = watcher.end;
	sim_cpu_take_all(rig->cpu);
	/* It is queued, and runs elsewhere. */
	atomic_store(&rig->dpc[3].sim.running, true);
	queue(rig, 3);
	sim_cpu_run_dispatch_work(rig->cpu, stamp_now());
	assert_int_equal(watcher.times, 1);
	atomic_store(&rig->dpc[3].sim.running, false);
	sim_cpu_take_all(rig->cpu);
	assert_int_equal(watcher.times, 2);
	assert_true(watcher.begin >= between);
	atomic_store(&rig->cpu->dispatch_watch, NULL);
	queue(rig, 1);
	sim_cpu_take_all(rig->cpu);
	assert_int_equal(watcher.times, 2);
}

static void test_it_runs_on_the_cpu_that_queued_it(void **state)
{
	struct rig *rig = *state;

	sim_cpu_enter(&rig->machine, 1);
	queue(rig, 0);
	sim_cpu_look(sim_cpu_enter(&rig->machine, 0));
	assert_int_equal(rig->runs, 0);
	sim_cpu_look(sim_cpu_enter(&rig->machine, 1));
	assert_int_equal(rig->runs, 1);
	assert_int_equal(rig->log[0].cpu, 1);
}

static void look(struct dpc *dpc)
{
	sim_cpu_look(sim_cpu_self());
}

/* Plays CPU 1, which queues the DPC that CPU 0 is running, and others around it that have safe points. */
static void queue_on_another_cpu(struct dpc *dpc)
{
	static const unsigned others[] = { 1, 2 };
	struct rig *rig = dpc->rig;
	struct sim_cpu *self = sim_cpu_self();
	struct sim_cpu *other = sim_cpu_enter(&rig->machine, 1);

	dpc->inside = NULL;
	rig->dpc[1].inside = look;
	rig->dpc[2].inside = look;
	queue(rig, 1);
	assert_true(queue(rig, 0));
	queue(rig, 2);
	for (unsigned i = 0; i < 5; i++)
		sim_cpu_look(other);
	check_order(rig, 1, others, 2);
	sim_cpu_enter(&rig->machine, self->index);
}

static void test_one_that_runs_elsewhere_waits_for_its_end(void **state)
{
	struct rig *rig = *state;

	rig->dpc[0].inside = queue_on_another_cpu;
	queue(rig, 0);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->runs, 3);
	sim_cpu_look(sim_cpu_enter(&rig->machine, 1));
	assert_int_equal(rig->runs, 4);
	assert_ptr_equal(rig->log[3].dpc, &rig->dpc[0]);
	assert_int_equal(rig->log[3].cpu, 1);
}

/* Inside DPC 0 on CPU 0, inside DPC 1 on CPU 1: CPU 2 queues both, and both must wait. */
static void queue_both_on_cpu_2(struct dpc *dpc)
{
	struct rig *rig = dpc->rig;

	dpc->inside = NULL;
	sim_cpu_enter(&rig->machine, 2);
	queue(rig, 0);
	queue(rig, 1);
	queue(rig, 2);
	for (unsigned i = 0; i < rig->looks; i++)
		sim_cpu_look(&rig->machine.cpu[2]);
	assert_int_equal(rig->runs, 3);
	sim_cpu_enter(&rig->machine, 1);
}

static void run_1_on_cpu_1(struct dpc *dpc)
{
	struct rig *rig = dpc->rig;

	dpc->inside = NULL;
	rig->dpc[1].inside = queue_both_on_cpu_2;
	sim_cpu_enter(&rig->machine, 1);
	queue(rig, 1);
	sim_cpu_look(&rig->machine.cpu[1]);
	sim_cpu_enter(&rig->machine, 0);
}

static void test_those_that_wait_keep_their_order(void **state)
{
	static const unsigned order[] = { 0, 1, 2, 0, 1 };
	struct rig *rig = *state;

	/* However often they were looked at meanwhile. */
	for (rig->looks = 1; rig->looks < 5; rig->looks++) {
		rig->runs = 0;
		rig->dpc[0].inside = run_1_on_cpu_1;
		queue(rig, 0);
		sim_cpu_look(rig->cpu);
		sim_cpu_look(sim_cpu_enter(&rig->machine, 2));
		check_order(rig, 0, order, 5);
		sim_cpu_enter(&rig->machine, 0);
	}
}

/* Two threads queue one DPC and run it: never at once, and once for each time it was accepted. */
struct duel {
	struct sim_machine machine;
	struct sim_dpc dpc;
	_Atomic(unsigned) inside;
	_Atomic(unsigned) meetings;
	_Atomic(unsigned) ready;
	unsigned runs; /* guarded by the DPC's own exclusion alone */
	uintptr_t argument_sum;
	_Atomic(uintptr_t) accepted_sum;
};

static void duel_dpc(void *context, void *argument1, void *argument2)
{
	struct duel *duel = context;

	if (atomic_fetch_add_explicit(&duel->inside, 1, memory_order_relaxed))
		atomic_fetch_add_explicit(&duel->meetings, 1, memory_order_relaxed);
	duel->runs++;
	duel->argument_sum += (uintptr_t)argument1;
	atomic_fetch_sub_explicit(&duel->inside, 1, memory_order_relaxed);
}

static void *duelist(void *argument)
{
	struct sim_cpu *cpu = argument;
	struct duel *duel = cpu->user;

	sim_cpu_enter(&duel->machine, cpu->index);
	atomic_fetch_add_explicit(&duel->ready, 1, memory_order_relaxed);
	while (atomic_load_explicit(&duel->ready, memory_order_relaxed) < 2)
		sched_yield();
	for (uintptr_t i = 1; i <= THREAD_QUEUEINGS; i++) {
		while (!sim_dpc_queue(cpu, &duel->dpc, (void *)i, NULL))
			sched_yield();
		atomic_fetch_add_explicit(&duel->accepted_sum, i, memory_order_relaxed);
		do
			sim_cpu_look(cpu);
		while (cpu->dpc_head);
	}
	sim_cpu_exit(cpu);
	return NULL;
}

static void test_two_threads_never_run_one_dpc_at_once(void **state)
{
	static struct duel duel;
	pthread_t thread;

	fake_machine_init(&duel.machine, 2, true);
	sim_dpc_init(&duel.dpc, duel_dpc, &duel);
	duel.machine.cpu[0].user = &duel;
	duel.machine.cpu[1].user = &duel;
	assert_int_equal(pthread_create(&thread, NULL, duelist, &duel.machine.cpu[1]), 0);
	duelist(&duel.machine.cpu[0]);
	pthread_join(thread, NULL);
	assert_int_equal(duel.meetings, 0);
	assert_int_equal(duel.runs, 2 * THREAD_QUEUEINGS);
	assert_true(duel.argument_sum == duel.accepted_sum);
	sim_machine_fini(&duel.machine);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_first_in_first_out),
		WITH_RIG(test_queueing_again_changes_nothing),
		WITH_RIG(test_queued_from_inside_itself_it_runs_again),
		WITH_RIG(test_what_a_dpc_queues_goes_to_the_end),
		WITH_RIG(test_a_stretch_is_told_to_who_watches),
		WITH_RIG(test_it_runs_on_the_cpu_that_queued_it),
		WITH_RIG(test_one_that_runs_elsewhere_waits_for_its_end),
		WITH_RIG(test_those_that_wait_keep_their_order),
		cmocka_unit_test(test_two_threads_never_run_one_dpc_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
