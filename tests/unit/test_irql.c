/* SPDX-License-Identifier: MIT */
/*
 * IRQLs: levels, raising and lowering, and that deferred work waits for a CPU
 * to fall below IRQL_DISPATCH.  Source: Microsoft's public documentation of IRQLs on x64.
 */
#include "tests/unit/fake_source.h"

#include "hba_sim/ddk/ntkernel.h"
#include "hba_sim/machine/dpc.h"
#include "impls/contract.h"

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct fake_source source;
	struct sim_dpc dpc;
	unsigned dpcs;
	unsigned interrupts;
	uint8_t dpc_irql;
	uint8_t isr_irql;
	bool queue_from_isr;
	unsigned dpcs_seen_by_isr;
};

static void count_dpc(void *context, void *argument1, void *argument2)
{
	struct rig *rig = context;

	rig->dpcs++;
	rig->dpc_irql = KeGetCurrentIrql();
}

static int isr(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct rig *rig = context;

	rig->interrupts++;
	rig->isr_irql = KeGetCurrentIrql();
	fake_drop(&rig->source, cpu);
	if (rig->queue_from_isr) {
		assert_true(sim_dpc_queue(cpu, &rig->dpc, NULL, NULL));
		sim_work(cpu, 2000);
		rig->dpcs_seen_by_isr = rig->dpcs;
	}
	return 1;
}

static int set_up(void **state)
{
	static struct rig rig;

	memset(&rig, 0, sizeof(rig));
	fake_machine_init(&rig.machine, 1, false);
	fake_connect(&rig.source, &rig.machine, "fake", 6, isr, &rig);
	sim_dpc_init(&rig.dpc, count_dpc, &rig);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	sim_cpu_exit(rig->cpu);
	sim_machine_fini(&rig->machine);
	return 0;
}

static void test_levels_are_those_of_x64(void **state)
{
	assert_int_equal(IRQL_PASSIVE, PASSIVE_LEVEL);
	assert_int_equal(IRQL_APC, APC_LEVEL);
	assert_int_equal(IRQL_DISPATCH, DISPATCH_LEVEL);
	assert_int_equal(IRQL_DEVICE_MIN, 3);
	assert_int_equal(IRQL_DEVICE_MAX, 12);
	assert_int_equal(IRQL_CLOCK, CLOCK_LEVEL);
	assert_int_equal(IRQL_IPI, POWER_LEVEL);
	assert_int_equal(IRQL_HIGH, HIGH_LEVEL);
}

static void test_a_cpu_starts_at_passive(void **state)
{
	struct rig *rig = *state;

	assert_ptr_equal(sim_cpu_self(), rig->cpu);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	sim_cpu_exit(rig->cpu);
	assert_null(sim_cpu_self());
	sim_cpu_enter(&rig->machine, 0);
}

static void test_every_level_can_be_raised_to_and_left(void **state)
{
	struct rig *rig = *state;

	for (uint8_t from = IRQL_PASSIVE; from <= IRQL_HIGH; from++) {
		for (uint8_t to = from; to <= IRQL_HIGH; to++) {
			sim_lower(rig->cpu, IRQL_PASSIVE);
			sim_raise(rig->cpu, from);
			assert_int_equal(sim_raise(rig->cpu, to), from);
			assert_int_equal(KeGetCurrentIrql(), to);
			sim_lower(rig->cpu, from);
			assert_int_equal(KeGetCurrentIrql(), from);
		}
	}
	sim_lower(rig->cpu, IRQL_PASSIVE);
}

static void test_a_backends_raise_never_lowers(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(sync_raise(rig->cpu, 6), IRQL_PASSIVE);
	assert_int_equal(sync_raise(rig->cpu, IRQL_DISPATCH), 6);
	assert_int_equal(KeGetCurrentIrql(), 6);
	sync_lower(rig->cpu, IRQL_PASSIVE);
	assert_int_equal(KeGetCurrentIrql(), IRQL_PASSIVE);
}

static void test_a_dpc_of_dirql_waits_for_below_dispatch(void **state)
{
	struct rig *rig = *state;

	sim_raise(rig->cpu, 6);
	assert_true(sim_dpc_queue(rig->cpu, &rig->dpc, NULL, NULL));
	assert_int_equal(KeGetCurrentIrql(), 6);
	sim_cpu_look(rig->cpu);
	sim_relax(rig->cpu);
	sim_work(rig->cpu, 1000);
	assert_int_equal(rig->dpcs, 0);
	for (uint8_t level = 5; level >= IRQL_DISPATCH; level--) {
		sim_lower(rig->cpu, level);
		sim_cpu_look(rig->cpu);
		assert_int_equal(rig->dpcs, 0);
	}
	sim_lower(rig->cpu, IRQL_APC);
	assert_int_equal(rig->dpcs, 1);
	assert_int_equal(rig->dpc_irql, DISPATCH_LEVEL);
	assert_int_equal(KeGetCurrentIrql(), IRQL_APC);
	sim_lower(rig->cpu, IRQL_PASSIVE);
	assert_int_equal(rig->dpcs, 1);
}

static void test_a_dpc_runs_on_a_lowering_straight_from_dirql(void **state)
{
	struct rig *rig = *state;
	uint8_t old = sim_raise(rig->cpu, 12);

	sim_dpc_queue(rig->cpu, &rig->dpc, NULL, NULL);
	sim_lower(rig->cpu, old);
	assert_int_equal(rig->dpcs, 1);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_an_isr_runs_at_its_dirql_and_its_dpc_after_it(void **state)
{
	struct rig *rig = *state;

	rig->queue_from_isr = true;
	fake_raise(&rig->source, rig->cpu, stamp_now());
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->interrupts, 1);
	assert_int_equal(rig->isr_irql, 6);
	assert_int_equal(rig->dpcs_seen_by_isr, 0);
	assert_int_equal(rig->dpcs, 1);
	assert_int_equal(rig->dpc_irql, DISPATCH_LEVEL);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_the_dpc_of_an_isr_waits_for_the_code_at_dispatch(void **state)
{
	struct rig *rig = *state;
	uint8_t old = sim_raise(rig->cpu, IRQL_DISPATCH);

	rig->queue_from_isr = true;
	fake_raise(&rig->source, rig->cpu, stamp_now());
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->interrupts, 1);
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	assert_int_equal(rig->dpcs, 0);
	sim_lower(rig->cpu, old);
	assert_int_equal(rig->dpcs, 1);
}

static void test_interrupts_come_before_dpcs(void **state)
{
	struct rig *rig = *state;
	struct sim_dpc waiting;
	uint8_t old = sim_raise(rig->cpu, IRQL_HIGH);

	sim_dpc_init(&waiting, count_dpc, rig);
	sim_dpc_queue(rig->cpu, &waiting, NULL, NULL);
	rig->queue_from_isr = true;
	fake_raise(&rig->source, rig->cpu, stamp_now());
	sim_lower(rig->cpu, old);
	assert_int_equal(rig->interrupts, 1);
	assert_int_equal(rig->dpcs_seen_by_isr, 0);
	assert_int_equal(rig->dpcs, 2);
}

/* An interrupt may preempt a DPC; the level it goes back to is the DPC's. */
static void raise_within_a_dpc(void *context, void *argument1, void *argument2)
{
	struct rig *rig = context;

	fake_raise(&rig->source, rig->cpu, stamp_now());
	sim_work(rig->cpu, 1000);
	assert_int_equal(rig->interrupts, 1);
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	assert_int_equal(rig->dpcs, 0);
}

static void test_an_interrupt_preempts_a_dpc(void **state)
{
	struct rig *rig = *state;
	struct sim_dpc outer;

	sim_dpc_init(&outer, raise_within_a_dpc, rig);
	rig->queue_from_isr = true;
	sim_dpc_queue(rig->cpu, &outer, NULL, NULL);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->interrupts, 1);
	assert_int_equal(rig->dpcs, 1);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_levels_are_those_of_x64),
		WITH_RIG(test_a_cpu_starts_at_passive),
		WITH_RIG(test_every_level_can_be_raised_to_and_left),
		WITH_RIG(test_a_backends_raise_never_lowers),
		WITH_RIG(test_a_dpc_of_dirql_waits_for_below_dispatch),
		WITH_RIG(test_a_dpc_runs_on_a_lowering_straight_from_dirql),
		WITH_RIG(test_an_isr_runs_at_its_dirql_and_its_dpc_after_it),
		WITH_RIG(test_the_dpc_of_an_isr_waits_for_the_code_at_dispatch),
		WITH_RIG(test_interrupts_come_before_dpcs),
		WITH_RIG(test_an_interrupt_preempts_a_dpc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
