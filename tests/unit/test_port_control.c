/* SPDX-License-Identifier: MIT */
/* Stopping, restarting and losing an adapter: what the miniport is told, and that no request is lost or handed back twice. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "tests/unit/test_miniport.h"

#define CALLS_MAX 16
#define ROUNDS 200

static const char *const backends[] = { "spinlock", "ticket", "mcs", "irqmask", "irql-lazy", "ccsynch" };

#define EACH_BACKEND(b) for (unsigned b = 0; b < sizeof(backends) / sizeof(backends[0]); b++)

static struct {
	SCSI_ADAPTER_CONTROL_TYPE type[CALLS_MAX];
	KIRQL irql[CALLS_MAX];
	bool locked[CALLS_MAX];
	unsigned calls;
	unsigned finds, initializes, passives;
	uint32_t supported;
	bool fails_restart;
	BOOLEAN (*at_removal)(PVOID extension);
} told;

static SCSI_ADAPTER_CONTROL_STATUS control(PVOID extension, SCSI_ADAPTER_CONTROL_TYPE type, PVOID parameters)
{
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST list = parameters;

	assert_in_range(told.calls, 0, CALLS_MAX - 1);
	told.type[told.calls] = type;
	told.locked[told.calls] = rig.adapter.lock[0].witness.inside != 0;
	told.irql[told.calls++] = KeGetCurrentIrql();
	if (type == ScsiQuerySupportedControlTypes) {
		for (ULONG i = 0; i < list->MaxControlType; i++)
			list->SupportedTypeList[i] = (told.supported >> i) & 1;
		return ScsiAdapterControlSuccess;
	}
	assert_null(parameters);
	if (type == ScsiAdapterSurpriseRemoval && told.at_removal)
		told.at_removal(extension);
	return type == ScsiRestartAdapter && told.fails_restart ? ScsiAdapterControlUnsuccessful : ScsiAdapterControlSuccess;
}

static BOOLEAN note_find(PVOID extension)
{
	told.finds++;
	return TRUE;
}

static BOOLEAN passive(PVOID extension)
{
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	told.passives++;
	return TRUE;
}

static BOOLEAN note_initialize(PVOID extension)
{
	told.initializes++;
	assert_true(StorPortEnablePassiveInitialization(extension, passive));
	return TRUE;
}

static int set_up_with(const char *backend)
{
	void *none = NULL;

	memset(&told, 0, sizeof(told));
	rig_set_up(&none);
	rig.config.backend = sync_backend_find(backend);
	assert_non_null(rig.config.backend);
	told.supported = 1u << ScsiQuerySupportedControlTypes | 1u << ScsiStopAdapter | 1u << ScsiRestartAdapter |
			 1u << ScsiSetBootConfig | 1u << ScsiSetRunningConfig | 1u << ScsiAdapterSurpriseRemoval;
	mini.control = control;
	mini.find = note_find;
	mini.initialize = note_initialize;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with("spinlock");
}

static void check_call(unsigned at, SCSI_ADAPTER_CONTROL_TYPE type, bool locked)
{
	assert_in_range(at, 0, told.calls - 1);
	assert_int_equal(told.type[at], type);
	assert_int_equal(told.locked[at], locked);
	if (!locked)
		assert_int_equal(told.irql[at], PASSIVE_LEVEL);
	else
		assert_true(told.irql[at] >= DISPATCH_LEVEL);
}

/* --- Stop and restart --- */

static void test_what_is_supported_is_asked_after_the_initialization(void **state)
{
	rig_start();
	assert_int_equal(told.calls, 1);
	check_call(0, ScsiQuerySupportedControlTypes, false);
	assert_int_equal(told.passives, 1);
}

static void stop_and_go(void)
{
	rig_start();
	rig_submit();
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), -EAGAIN);
	rig_submit();
	assert_int_equal(mini.starts, 1);
	assert_int_equal(told.calls, 1);
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
	assert_int_equal(mini.starts, 1);
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	assert_int_equal(told.calls, 3);
	check_call(1, ScsiStopAdapter, true);
	check_call(2, ScsiSetBootConfig, false);
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), -EALREADY);
	rig_submit();
	fake_pass(100000);
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 1);

	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), 0);
	assert_int_equal(told.calls, 5);
	check_call(3, ScsiSetRunningConfig, false);
	check_call(4, ScsiRestartAdapter, true);
	assert_int_equal(told.finds, 1);
	assert_int_equal(told.initializes, 1);
	assert_int_equal(mini.starts, 3);
	rig_interrupt();
	assert_int_equal(rig.dones, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_ptr_equal(rig.done[i], rig.request[i]);
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), -EALREADY);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	assert_int_equal(adapter_violations(&rig.adapter), 0);
}

static void test_io_waits_while_the_adapter_is_stopped(void **state)
{
	EACH_BACKEND(b) {
		void *none = NULL;

		set_up_with(backends[b]);
		stop_and_go();
		rig_tear_down(&none);
	}
}

static void test_half_duplex_is_stopped_as_well(void **state)
{
	mini.model = StorSynchronizeHalfDuplex;
	stop_and_go();
}

static void test_concurrent_channels_are_stopped_as_well(void **state)
{
	rig.config.channels = 2;
	mini.channels = 2;
	stop_and_go();
}

static void test_without_restart_it_is_found_and_initialized_anew(void **state)
{
	told.supported &= ~(1u << ScsiRestartAdapter);
	rig_start();
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	rig_submit();
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), 0);
	assert_int_equal(told.finds, 2);
	assert_int_equal(told.initializes, 2);
	assert_int_equal(told.passives, 2);
	for (unsigned i = 0; i < told.calls; i++) {
		assert_int_not_equal(told.type[i], ScsiSetRunningConfig);
		assert_int_not_equal(told.type[i], ScsiRestartAdapter);
	}
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
}

static void test_a_restart_that_fails_can_be_tried_again(void **state)
{
	rig_start();
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	rig_submit();
	told.fails_restart = true;
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), -EINVAL);
	assert_non_null(strstr(rig.error, "restart"));
	assert_int_equal(mini.starts, 0);
	told.fails_restart = false;
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), 0);
	assert_int_equal(mini.starts, 1);
}

static void test_the_miniport_is_told_only_what_it_supports(void **state)
{
	told.supported = 1u << ScsiQuerySupportedControlTypes;
	rig_start();
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), 0);
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	for (unsigned i = 0; i < told.calls; i++)
		assert_int_equal(told.type[i], ScsiQuerySupportedControlTypes);
}

static unsigned stops(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < told.calls; i++)
		n += told.type[i] == ScsiStopAdapter;
	return n;
}

static void end(void)
{
	adapter_cpu_offline(&rig.adapter, rig.cpu);
	sim_cpu_exit(rig.cpu);
	rig.cpu = NULL;
	adapter_stop(&rig.adapter);
}

static void test_the_end_stops_it_once(void **state)
{
	rig_start();
	end();
	assert_int_equal(stops(), 1);
	check_call(1, ScsiStopAdapter, true);
}

static void test_the_end_does_not_stop_what_is_stopped(void **state)
{
	rig_start();
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	end();
	assert_int_equal(stops(), 1);
}

static void test_what_was_told_of_its_removal_is_not_told_to_stop(void **state)
{
	rig_start();
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	end();
	assert_int_equal(stops(), 0);
}

static void test_what_was_not_told_of_its_removal_is_told_to_stop(void **state)
{
	told.supported &= ~(1u << ScsiAdapterSurpriseRemoval);
	rig_start();
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	end();
	assert_int_equal(stops(), 1);
}

/* --- A miniport that caches data --- */

static struct {
	ULONG function[CALLS_MAX];
	unsigned calls_before[CALLS_MAX]; /* of HwAdapterControl */
	unsigned count;
	bool keeps;
	PSCSI_REQUEST_BLOCK kept;
} flushes;

static void cache_data(PPORT_CONFIGURATION_INFORMATION config)
{
	config->CachesData = TRUE;
}

static BOOLEAN note_flush(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	if (SrbGetSrbFunction(srb) == SRB_FUNCTION_EXECUTE_SCSI)
		return mini_keep(extension, srb);
	assert_in_range(flushes.count, 0, CALLS_MAX - 1);
	flushes.calls_before[flushes.count] = told.calls;
	flushes.function[flushes.count++] = SrbGetSrbFunction(srb);
	if (flushes.keeps)
		flushes.kept = srb;
	else
		mini_complete(extension, srb, SRB_STATUS_SUCCESS);
	return TRUE;
}

static void start_that_caches(ULONG srb_types)
{
	memset(&flushes, 0, sizeof(flushes));
	mini.srb_types = srb_types;
	mini.configure = cache_data;
	mini.start = note_flush;
	rig_start();
}

static void test_data_is_flushed_before_a_stop(void **state)
{
	const ULONG types[] = { SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK,
				SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK | SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK };

	for (unsigned i = 0; i < 2; i++) {
		void *none = NULL;

		set_up_with("spinlock");
		start_that_caches(types[i]);
		for (unsigned round = 1; round <= 2; round++) {
			rig_submit();
			assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), -EAGAIN);
			assert_int_equal(flushes.count, round - 1);
			rig_interrupt();
			assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
			assert_int_equal(flushes.count, round);
			assert_int_equal(flushes.function[round - 1], SRB_FUNCTION_FLUSH);
			assert_int_equal(told.type[flushes.calls_before[round - 1]], ScsiStopAdapter);
			assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), 0);
		}
		rig_tear_down(&none);
	}
}

static void test_a_stop_waits_for_the_flush(void **state)
{
	start_that_caches(0);
	flushes.keeps = true;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), -EAGAIN);
		assert_int_equal(flushes.count, 1);
		assert_int_equal(told.calls, 1);
	}
	mini_complete(mini.extension, flushes.kept, SRB_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	assert_int_equal(flushes.count, 1);
	check_call(1, ScsiStopAdapter, true);
	flushes.keeps = false;
}

static void test_the_end_is_a_shutdown(void **state)
{
	start_that_caches(0);
	end();
	assert_int_equal(flushes.count, 2);
	assert_int_equal(flushes.function[0], SRB_FUNCTION_FLUSH);
	assert_int_equal(flushes.function[1], SRB_FUNCTION_SHUTDOWN);
	assert_int_equal(told.type[flushes.calls_before[1]], ScsiStopAdapter);
	assert_int_equal(stops(), 1);
}

static void test_who_caches_nothing_is_not_asked_to_flush(void **state)
{
	start_that_caches(0);
	rig.adapter.port_config.CachesData = FALSE;
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), 0);
	end();
	assert_int_equal(flushes.count, 0);
}

/* --- Removal --- */

static BOOLEAN complete_first(PVOID extension)
{
	mini_complete_first(extension, 1, SRB_STATUS_NO_DEVICE);
	return TRUE;
}

static void remove_in_flight(void)
{
	told.at_removal = complete_first;
	rig_start();
	for (unsigned i = 0; i < 3; i++)
		rig_submit();
	StorPortPause(mini.extension, 1000);
	rig_submit();
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	assert_int_equal(told.type[told.calls - 1], ScsiAdapterSurpriseRemoval);
	check_call(told.calls - 1, ScsiAdapterSurpriseRemoval, false);
	assert_int_equal(rig.dones, 4);
	assert_int_equal(rig.adapter.taken_back, 2);

	/* The miniport comes too late, and then twice. */
	mini_complete_first(mini.extension, 2, SRB_STATUS_SUCCESS);
	mini_complete(mini.extension, &rig.request[1]->srb, SRB_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 4);
	assert_int_equal(rig.adapter.completed_late, 2);
	assert_int_equal(rig.adapter.completed_twice, 1);

	/* And nothing gets through any more. */
	rig_submit();
	port_submit(rig.request[2], rig.cpu);
	StorPortResume(mini.extension);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 6);
	assert_int_equal(mini.starts, 3);
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), -ENODEV);
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), -ENODEV);
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	assert_int_equal(rig.dones, 6);
}

static UCHAR status_at_done[MINI_SRBS];

static void done_with_status(struct port_request *request, struct sim_cpu *cpu)
{
	status_at_done[rig.dones] = request->srb.SrbStatus;
	rig_done(request, cpu);
}

static void test_what_is_in_flight_at_removal_comes_back_once(void **state)
{
	EACH_BACKEND(b) {
		void *none = NULL;

		set_up_with(backends[b]);
		remove_in_flight();
		rig_tear_down(&none);
	}
}

static void test_all_of_it_says_that_there_is_no_device(void **state)
{
	rig_start();
	for (unsigned i = 0; i < 3; i++)
		rig_request()->complete = done_with_status;
	port_submit(rig.request[0], rig.cpu);
	StorPortPause(mini.extension, 1000);
	port_submit(rig.request[1], rig.cpu);
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	port_submit(rig.request[2], rig.cpu);
	assert_int_equal(rig.dones, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(status_at_done[i], SRB_STATUS_NO_DEVICE);
}

/* A request that the miniport found busy is on its way to the list when the adapter goes. */
static BOOLEAN refuse(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return FALSE;
}

static void test_what_was_refused_for_now_is_not_lost(void **state)
{
	rig_start();
	mini.start = refuse;
	rig_submit();
	assert_int_equal(rig.dones, 0);
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	rig_look_until_done(1);
	assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_NO_DEVICE);
}

static void test_what_is_being_refused_meanwhile_is_not_lost(void **state)
{
	uint8_t irql;

	told.supported = 0;
	rig_start();
	mini.start = refuse;
	irql = sim_raise(rig.cpu, IRQL_DISPATCH);
	rig_submit();
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	sim_lower(rig.cpu, irql);
	rig_look_until_done(1);
	assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_NO_DEVICE);
	assert_int_equal(mini.starts, 1);
}

static BOOLEAN remove_in_build(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	return TRUE;
}

static void test_what_is_being_built_at_removal_is_not_started(void **state)
{
	told.supported = 0;
	mini.build = remove_in_build;
	rig_start();
	rig_submit();
	rig_look_until_done(1);
	assert_int_equal(mini.starts, 0);
	assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_NO_DEVICE);
}

/* --- Two CPUs: one is in HwStorStartIo when the other one takes the adapter away --- */

static struct {
	_Atomic(bool) inside;
	_Atomic(bool) removing; /* the removal comes next */
	bool inside_at_removal;
} linger;

static BOOLEAN start_slowly(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	atomic_store(&linger.inside, true);
	while (!atomic_load(&linger.removing))
		sched_yield();
	for (unsigned i = 0; i < 3000; i++)
		sched_yield();
	atomic_store(&linger.inside, false);
	return TRUE;
}

static BOOLEAN look_inside(PVOID extension)
{
	linger.inside_at_removal = atomic_load(&linger.inside);
	return TRUE;
}

static void *start_on_cpu_1(void *context)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);

	adapter_cpu_online(&rig.adapter, cpu);
	port_submit(rig.request[0], cpu);
	adapter_cpu_offline(&rig.adapter, cpu);
	sim_cpu_exit(cpu);
	return NULL;
}

static void test_removal_waits_for_starts_under_way(void **state)
{
	for (unsigned way = 0; way < 3; way++) {
		void *none = NULL;
		pthread_t thread;

		set_up_with("spinlock");
		memset(&linger, 0, sizeof(linger));
		told.at_removal = look_inside;
		rig.config.half_duplex = way == 2;
		rig.config.channels = mini.channels = way == 1 ? 2 : 1;
		rig_start();
		rig_start_io_at_once(start_slowly);
		rig_request();
		assert_int_equal(pthread_create(&thread, NULL, start_on_cpu_1, NULL), 0);
		while (!atomic_load(&linger.inside))
			sim_idle(rig.cpu);
		atomic_store(&linger.removing, true);
		adapter_surprise_remove(&rig.adapter, rig.cpu);
		pthread_join(thread, NULL);
		assert_false(linger.inside_at_removal);
		assert_int_equal(rig.dones, 1);
		rig_tear_down(&none);
	}
}

/* --- Two CPUs: one submits as fast as it can, the other one takes the adapter away --- */

static struct {
	_Atomic(unsigned) submitted;
	_Atomic(unsigned) started;
	_Atomic(bool) gone;
	_Atomic(unsigned) started_when_gone;
	_Atomic(unsigned) served, refused;
} race;

static BOOLEAN serve_every_other(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	if (atomic_load(&race.gone))
		atomic_fetch_add(&race.started_when_gone, 1);
	if (atomic_fetch_add(&race.started, 1) % 2)
		mini_complete(extension, srb, SRB_STATUS_SUCCESS);
	return TRUE;
}

static void count_end(struct port_request *request, struct sim_cpu *cpu)
{
	if (request->srb.SrbStatus == SRB_STATUS_NO_DEVICE)
		atomic_fetch_add(&race.refused, 1);
	else
		atomic_fetch_add(&race.served, 1);
}

static void *submit_on_cpu_1(void *context)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);

	adapter_cpu_online(&rig.adapter, cpu);
	for (unsigned i = 0; i < MINI_SRBS; i++) {
		port_submit(rig.request[i], cpu);
		atomic_fetch_add(&race.submitted, 1);
	}
	/* What the other CPU completes is handed back there. */
	adapter_cpu_offline(&rig.adapter, cpu);
	sim_cpu_exit(cpu);
	return NULL;
}

static void remove_while_submitting(unsigned round)
{
	pthread_t thread;

	memset(&race, 0, sizeof(race));
	rig_start();
	rig_start_io_at_once(serve_every_other);
	for (unsigned i = 0; i < MINI_SRBS; i++)
		rig_request()->complete = count_end;
	assert_int_equal(pthread_create(&thread, NULL, submit_on_cpu_1, NULL), 0);
	while (atomic_load(&race.submitted) < round % MINI_SRBS)
		sim_idle(rig.cpu);
	adapter_surprise_remove(&rig.adapter, rig.cpu);
	atomic_store(&race.gone, true);
	pthread_join(thread, NULL);
	sim_cpu_look(rig.cpu);
	assert_int_equal(race.served + race.refused, MINI_SRBS);
	assert_int_equal(race.started_when_gone, 0);
	assert_int_equal(race.served, race.started / 2);
	assert_int_equal(rig.adapter.completed_twice, 0);
}

static void test_removal_under_load(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		void *none = NULL;

		set_up_with(backends[round % (sizeof(backends) / sizeof(backends[0]))]);
		mini.model = round % 3 == 2 ? StorSynchronizeHalfDuplex : StorSynchronizeFullDuplex;
		rig.config.channels = mini.channels = 1 + round % 2;
		told.supported &= ~(1u << ScsiAdapterSurpriseRemoval);
		remove_while_submitting(round);
		rig_tear_down(&none);
	}
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_what_is_supported_is_asked_after_the_initialization),
		cmocka_unit_test(test_io_waits_while_the_adapter_is_stopped),
		WITH(test_half_duplex_is_stopped_as_well),
		WITH(test_concurrent_channels_are_stopped_as_well),
		WITH(test_without_restart_it_is_found_and_initialized_anew),
		WITH(test_a_restart_that_fails_can_be_tried_again),
		WITH(test_the_miniport_is_told_only_what_it_supports),
		WITH(test_the_end_stops_it_once),
		WITH(test_the_end_does_not_stop_what_is_stopped),
		WITH(test_what_was_told_of_its_removal_is_not_told_to_stop),
		WITH(test_what_was_not_told_of_its_removal_is_told_to_stop),
		cmocka_unit_test(test_data_is_flushed_before_a_stop),
		WITH(test_a_stop_waits_for_the_flush),
		WITH(test_the_end_is_a_shutdown),
		WITH(test_who_caches_nothing_is_not_asked_to_flush),
		cmocka_unit_test(test_what_is_in_flight_at_removal_comes_back_once),
		WITH(test_all_of_it_says_that_there_is_no_device),
		WITH(test_what_was_refused_for_now_is_not_lost),
		WITH(test_what_is_being_refused_meanwhile_is_not_lost),
		WITH(test_what_is_being_built_at_removal_is_not_started),
		cmocka_unit_test(test_removal_waits_for_starts_under_way),
		cmocka_unit_test(test_removal_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
