/* SPDX-License-Identifier: MIT */
/*
 * The gap witness against time that is really lost: a holder that sleeps in its
 * section or its ISR, on a machine that knows nothing of it.  The sleep is the
 * test's subject, and its length is taken from stamps; and the same without a
 * witness shows that the samples are bad.
 *
 * The back end looks at the log when it has just released: a gap that is logged only
 * after that is logged too late for who waits.
 */
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/test_miniport.h"

#include "bench/cell/recorder.h"

#define STALLS 12
#define STALL_US 4000
/* In ticks, of whatever length: well below a stall. */
#define THRESHOLD 500000

static struct recorder recorder;
static _Atomic(unsigned) calls_begun, calls_ended;
static _Atomic(bool) over;
static uint64_t shortest; /* stall, in ticks */
static uint64_t stalled_until;
static unsigned logged_late;

static BOOLEAN stall(void)
{
	uint64_t from;
	uint64_t ticks;

	/* The other CPU waits, or is about to come back for it. */
	while (atomic_load(&calls_begun) == atomic_load(&calls_ended))
		sched_yield();
	from = stamp_now();
	usleep(STALL_US);
	stalled_until = stamp_now();
	ticks = stalled_until - from;
	shortest = ticks < shortest ? ticks : shortest;
	return TRUE;
}

static BOOLEAN stall_in_the_section(PVOID extension, PVOID context)
{
	return stall();
}

static BOOLEAN stall_in_the_isr(PVOID extension)
{
	return stall();
}

static const struct sync_backend *spinlock;

/* Access has been released, and no stamp taken since.  The count is the stalling CPU's: nothing guards it from the other. */
static void look_at_the_log(const struct sim_cpu *cpu)
{
	if (cpu->index == 0 && cpu->gaps.noted_end < stalled_until)
		logged_late++;
}

static unsigned char synchronize(void *lock, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context)
{
	unsigned char answer = spinlock->synchronize(lock, cpu, routine, extension, context);

	look_at_the_log(cpu);
	return answer;
}

static int service(void *lock, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	int answer = spinlock->service(lock, cpu, isr, extension, message);

	look_at_the_log(cpu);
	return answer;
}

static BOOLEAN do_nothing(PVOID extension, PVOID context)
{
	return TRUE;
}

static void *call_all_the_time(void *argument)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);

	assert_int_equal(adapter_cpu_online(&rig.adapter, cpu), 0);
	while (!atomic_load(&over)) {
		atomic_fetch_add(&calls_begun, 1);
		StorPortSynchronizeAccess(mini.extension, do_nothing, NULL);
		atomic_fetch_add(&calls_ended, 1);
	}
	adapter_cpu_offline(&rig.adapter, cpu);
	sim_cpu_exit(cpu);
	return NULL;
}

static void run_stalls(uint64_t threshold)
{
	const struct sim_machine_config config = { .cpus = 2, .phys_bytes = FAKE_PHYS_BYTES, .scale = fake_scale(),
						   .gap_threshold_ns = threshold };
	const struct stamp_scale scale = fake_scale();
	static struct sync_backend watched;
	pthread_t other;

	spinlock = sync_backend_find("spinlock");
	watched = *spinlock;
	watched.synchronize = synchronize;
	watched.service = service;
	memset(&rig, 0, sizeof(rig));
	mini = (struct mini){ .registers_bytes = sizeof(HW_INITIALIZATION_DATA), .found = SP_RETURN_FOUND,
			      .model = StorSynchronizeFullDuplex, .initialized = TRUE, .interrupt = stall_in_the_isr };
	assert_int_equal(sim_machine_init(&rig.machine, &config), 0);
	fake_connect(&rig.source, &rig.machine, "test HBA", MINI_DIRQL, NULL, NULL);
	assert_int_equal(recorder_init(&recorder, 2, 1), 0);
	recorder_set_scale(&recorder, &scale);
	recorder_set_machine(&recorder, &rig.machine);
	rig.config = (struct adapter_config){ .backend = &watched, .device = &rig.source.pci, .channels = 1,
					      .probe = &recorder.probe };
	shortest = UINT64_MAX;
	stalled_until = 0;
	logged_late = 0;
	atomic_store(&over, false);
	rig_start();
	for (unsigned c = 0; c < 2; c++)
		recorder_open(&recorder, c, 0, UINT64_MAX);
	assert_int_equal(pthread_create(&other, NULL, call_all_the_time, NULL), 0);
	for (unsigned i = 0; i < STALLS; i++) {
		if (i % 2)
			rig_interrupt();
		else
			StorPortSynchronizeAccess(mini.extension, stall_in_the_section, NULL);
		/* It has had access in between. */
		for (unsigned ended = atomic_load(&calls_ended); atomic_load(&calls_ended) == ended;)
			sim_idle(rig.cpu);
	}
	atomic_store(&over, true);
	pthread_join(other, NULL);
}

static void end_stalls(void)
{
	void *none = NULL;

	rig_tear_down(&none);
	recorder_fini(&recorder);
}

static uint64_t clean_max(unsigned cpu, enum metric metric)
{
	struct histogram clean, hit;
	uint64_t max;

	assert_int_equal(histogram_init(&clean), 0);
	assert_int_equal(histogram_init(&hit), 0);
	recorder_merge_cpu(&recorder, cpu, metric, &clean);
	recorder_merge_hit_cpu(&recorder, cpu, metric, &hit);
	histogram_subtract(&clean, &hit);
	max = clean.max;
	histogram_fini(&clean);
	histogram_fini(&hit);
	return max;
}

static void test_a_holder_that_stalls_is_seen_by_those_who_wait(void **state)
{
	const struct recorder_cpu *holder, *waiter;

	run_stalls(THRESHOLD);
	holder = &recorder.cpu[0];
	waiter = &recorder.cpu[1];
	assert_int_equal(logged_late, 0);
	assert_true(rig.machine.cpu[0].gaps.count >= STALLS);
	assert_true(rig.machine.cpu[0].gaps.ticks >= STALLS * shortest);
	/* On its own CPU it is the section that was hit, not the wait before it; */
	assert_true(holder->histogram[METRIC_SYNC_HOLD].max >= shortest);
	assert_true(holder->hit[METRIC_SYNC_HOLD].n >= STALLS / 2);
	assert_true(clean_max(0, METRIC_SYNC_HOLD) < shortest);
	assert_true(holder->hit[METRIC_ISR_SERVICE].n >= STALLS / 2);
	assert_true(clean_max(0, METRIC_ISR_SERVICE) < shortest);
	/* on the other one, the wait. */
	assert_true(waiter->histogram[METRIC_SYNC_WAIT].max >= shortest / 2);
	assert_true(waiter->hit[METRIC_SYNC_WAIT].n > 0);
	assert_true(clean_max(1, METRIC_SYNC_WAIT) < shortest / 2);
	end_stalls();
}

static void test_without_a_witness_nothing_is_known(void **state)
{
	run_stalls(0);
	assert_int_equal(rig.machine.cpu[0].gaps.noted, 0);
	assert_int_equal(logged_late, STALLS);
	assert_int_equal(recorder.cpu[0].hit[METRIC_SYNC_HOLD].n, 0);
	assert_int_equal(recorder.cpu[1].hit[METRIC_SYNC_WAIT].n, 0);
	assert_true(clean_max(0, METRIC_SYNC_HOLD) >= shortest);
	assert_true(clean_max(1, METRIC_SYNC_WAIT) >= shortest / 2);
	end_stalls();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_holder_that_stalls_is_seen_by_those_who_wait),
		cmocka_unit_test(test_without_a_witness_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
