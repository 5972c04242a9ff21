/* SPDX-License-Identifier: MIT */
/* Bus resets with requests in flight, StorPortCompleteRequest, and time-outs. */
#include <errno.h>
#include <pthread.h>

#include "tests/unit/test_miniport.h"

#define SECOND 200000 /* ticks that a second of TimeOutValue lasts */
#define LONG_AGO 100000000

static const char *const backends[] = { "spinlock", "ticket", "mcs", "irqmask", "irql-lazy", "ccsynch" };

#define EACH_BACKEND(b) for (unsigned b = 0; b < sizeof(backends) / sizeof(backends[0]); b++)

/* The reset requests that came, and what is done about them. */
static struct {
	unsigned resets[2];
	UCHAR lun;
	UCHAR answer;      /* SrbStatus; SRB_STATUS_PENDING: none */
	unsigned cures;    /* completes what it has when this function comes: SRB_FUNCTION_... */
	PSCSI_REQUEST_BLOCK reset_kept;
} got;

static BOOLEAN start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	if (srb->Function == SRB_FUNCTION_EXECUTE_SCSI)
		return mini_keep(extension, srb);
	assert_true(srb->Function == SRB_FUNCTION_RESET_LOGICAL_UNIT || srb->Function == SRB_FUNCTION_RESET_DEVICE);
	got.resets[srb->Function == SRB_FUNCTION_RESET_DEVICE]++;
	got.lun = srb->Lun;
	if (got.cures == srb->Function)
		mini_complete_first(extension, mini.keeps, SRB_STATUS_BUS_RESET);
	if (got.answer == SRB_STATUS_PENDING)
		got.reset_kept = srb;
	else
		mini_complete(extension, srb, got.answer);
	return TRUE;
}

static int set_up(void **state)
{
	memset(&got, 0, sizeof(got));
	rig_set_up(state);
	mini.start = start;
	got.answer = SRB_STATUS_SUCCESS;
	return 0;
}

static struct port_request *submit_with(UCHAR lun, ULONG seconds)
{
	struct port_request *request = rig_request();

	request->srb.Lun = lun;
	request->srb.TimeOutValue = seconds;
	port_submit(request, rig.cpu);
	return request;
}

static void watch(void)
{
	rig_start();
	assert_int_equal(adapter_watch_timeouts(&rig.adapter, SECOND, 1), 0);
	adapter_watch_cpu(&rig.adapter, rig.cpu);
}

/* Looks until a counter is there. */
static void look_until(_Atomic(uint64_t) *counter, uint64_t value)
{
	for (unsigned looks = 0; *counter < value && looks < LONG_AGO; looks++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(*counter, value);
}

static void look_for_seconds(unsigned seconds)
{
	uint64_t end = stamp_now() + (uint64_t)seconds * SECOND;

	while (stamp_now() < end)
		sim_cpu_look(rig.cpu);
}

/* --- Reset --- */

static uint32_t tokens_in_reset, start_lock_in_reset;
static unsigned starts_in_reset;

static BOOLEAN complete_all_in_reset(PVOID extension)
{
	unsigned before = mini.starts;

	tokens_in_reset = rig.adapter.cpu[0].channel_token + rig.adapter.cpu[1].channel_token;
	start_lock_in_reset = rig.adapter.start_io_lock;
	mini_complete_first(extension, mini.keeps, SRB_STATUS_BUS_RESET);
	sim_cpu_look(sim_cpu_self());
	starts_in_reset = mini.starts - before;
	return TRUE;
}

static void reset_with_held_ones(void)
{
	mini.reset = complete_all_in_reset;
	rig_start();
	rig_submit();
	rig_submit();
	StorPortBusy(mini.extension, 2);
	rig_submit();
	port_reset_bus(&rig.adapter, rig.cpu);
	rig_look_until_done(2);
	assert_int_equal(tokens_in_reset, 2);
	assert_int_equal(start_lock_in_reset, 1);
	assert_int_equal(starts_in_reset, 0);
	assert_int_equal(rig.adapter.left_by_resets, 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(rig.done[i]->srb.SrbStatus, SRB_STATUS_BUS_RESET);
	/* The one that was held back comes after it. */
	assert_int_equal(mini.starts, 3);
	rig_interrupt();
	rig_look_until_done(3);
	assert_int_equal(rig.adapter.start_io_lock, 0);
	assert_int_equal(rig.adapter.closed, 0);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_nothing_starts_beside_a_reset(void **state)
{
	EACH_BACKEND(b) {
		void *none = NULL;

		set_up(&none);
		rig.config.backend = sync_backend_find(backends[b]);
		rig.config.channels = mini.channels = 1 + b % 2;
		reset_with_held_ones();
		rig_tear_down(&none);
	}
}

static void test_what_a_reset_leaves_stays_with_the_miniport(void **state)
{
	rig_start();
	rig_submit();
	port_reset_bus(&rig.adapter, rig.cpu);
	assert_int_equal(rig.adapter.left_by_resets, 1);
	assert_int_equal(rig.dones, 0);
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
	assert_int_equal(rig.done[0]->srb.SrbStatus, SRB_STATUS_SUCCESS);
	assert_int_equal(rig.adapter.taken_back, 0);
	assert_int_equal(rig.adapter.completed_twice, 0);
}

static void test_what_a_reset_leaves_for_good_is_taken_back(void **state)
{
	watch();
	rig_submit();
	port_reset_bus(&rig.adapter, rig.cpu);
	rig_look_until_done(1);
	assert_int_equal(rig.done[0]->srb.SrbStatus, SRB_STATUS_BUS_RESET);
	assert_int_equal(rig.adapter.taken_back, 1);
	assert_int_equal(got.resets[0], 0);

	/* Its memory is the miniport's: it is not given to it a second time. */
	port_submit(rig.request[0], rig.cpu);
	assert_int_equal(rig.dones, 2);
	assert_int_equal(mini.starts, 1);
	mini_complete_first(mini.extension, 1, SRB_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 2);
	assert_int_equal(rig.adapter.completed_late, 1);
	assert_int_equal(rig.adapter.completed_twice, 0);

	/* Now it may go again; others went all the time. */
	port_submit(rig.request[0], rig.cpu);
	assert_int_equal(mini.starts, 2);
	rig_interrupt();
	assert_int_equal(rig.dones, 3);
	assert_int_equal(rig.done[2]->srb.SrbStatus, SRB_STATUS_SUCCESS);
	assert_int_equal(rig.adapter.stale, 0);
}

static BOOLEAN fail_reset(PVOID extension)
{
	return FALSE;
}

static void test_a_reset_that_fails_is_counted(void **state)
{
	mini.reset = fail_reset;
	rig_start();
	port_reset_bus(&rig.adapter, rig.cpu);
	assert_int_equal(rig.adapter.resets_failed, 1);
}

static BOOLEAN ask_for_a_hold(PVOID extension)
{
	rig.adapter.port_config.BusResetHoldTime = 2000;
	return TRUE;
}

static void hold(bool detected)
{
	uint64_t begin;

	mini.find = ask_for_a_hold;
	rig_start();
	begin = stamp_now();
	if (detected)
		StorPortNotification(ResetDetected, mini.extension);
	else
		port_reset_bus(&rig.adapter, rig.cpu);
	assert_int_equal(rig.adapter.bus_resets, 1);
	rig_submit();
	assert_int_equal(mini.starts, 0);
	for (unsigned looks = 0; !mini.starts && looks < LONG_AGO; looks++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 1);
	assert_true(stamp_now() - begin >= 2000000);
	assert_int_equal(rig.adapter.closed, 0);
}

static void test_requests_wait_for_the_bus_to_settle(void **state)
{
	hold(false);
}

static void test_and_so_they_do_after_a_reset_that_was_detected(void **state)
{
	hold(true);
}

/* --- StorPortCompleteRequest --- */

static void test_requests_of_one_unit_are_completed(void **state)
{
	rig_start();
	for (unsigned i = 0; i < 4; i++)
		submit_with(i % 2, 30);
	StorPortCompleteRequest(mini.extension, 0, 0, 1, SRB_STATUS_ABORTED);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rig.done[i]->srb.Lun, 1);
		assert_int_equal(rig.done[i]->srb.SrbStatus, SRB_STATUS_ABORTED);
	}
	StorPortCompleteRequest(mini.extension, 1, 0, SP_UNTAGGED, SRB_STATUS_ABORTED);
	StorPortCompleteRequest(mini.extension, 0, 1, SP_UNTAGGED, SRB_STATUS_ABORTED);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 2);
}

static void test_all_requests_are_completed_but_not_those_held_back(void **state)
{
	rig_start();
	for (unsigned i = 0; i < 3; i++)
		submit_with((UCHAR)i, 30);
	mini_complete_first(mini.extension, 1, SRB_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	StorPortPause(mini.extension, 1000);
	rig_submit();
	StorPortCompleteRequest(mini.extension, SP_UNTAGGED, SP_UNTAGGED, SP_UNTAGGED, SRB_STATUS_BUS_RESET);
	rig_look_until_done(3);
	mini.keeps = 0;
	assert_int_equal(rig.done[0]->srb.SrbStatus, SRB_STATUS_SUCCESS);
	StorPortResume(mini.extension);
	sim_cpu_look(rig.cpu);
	rig_interrupt();
	assert_int_equal(rig.dones, 4);
	assert_int_equal(rig.adapter.completed_twice, 0);
}

/* --- Time-outs --- */

static void test_no_request_times_out_before_its_time(void **state)
{
	uint64_t begin;

	watch();
	/* The next tick is near. */
	fake_pass(SECOND - SECOND / 8);
	begin = stamp_now();
	submit_with(3, 5);
	submit_with(4, 0);
	look_until(&rig.adapter.timeouts, 1);
	assert_true(stamp_now() - begin >= 5 * SECOND);
	assert_int_equal(got.lun, 3);
}

static void test_a_request_that_comes_in_time_is_left_alone(void **state)
{
	watch();
	for (unsigned i = 0; i < 20; i++) {
		port_submit(rig.requests ? rig.request[0] : rig_request(), rig.cpu);
		rig.request[0]->srb.TimeOutValue = 2;
		look_for_seconds(1);
		rig_interrupt();
		rig.dones = 0;
	}
	assert_int_equal(rig.adapter.timeouts, 0);
	assert_int_equal(got.resets[0], 0);
}

static void test_the_unit_is_reset_first(void **state)
{
	EACH_BACKEND(b) {
		void *none = NULL;

		set_up(&none);
		rig.config.backend = sync_backend_find(backends[b]);
		got.cures = SRB_FUNCTION_RESET_LOGICAL_UNIT;
		watch();
		submit_with(2, 1);
		rig_look_until_done(1);
		look_for_seconds(3);
		assert_int_equal(rig.done[0]->srb.SrbStatus, SRB_STATUS_BUS_RESET);
		assert_int_equal(got.lun, 2);
		assert_int_equal(rig.adapter.timeouts, 1);
		assert_int_equal(rig.adapter.unit_resets, 1);
		assert_int_equal(rig.adapter.target_resets, 0);
		assert_int_equal(mini.resets, 0);
		assert_int_equal(rig.adapter.taken_back, 0);
		rig_tear_down(&none);
	}
}

static void test_then_the_target(void **state)
{
	got.cures = SRB_FUNCTION_RESET_DEVICE;
	got.answer = SRB_STATUS_INVALID_REQUEST;
	watch();
	submit_with(0, 1);
	rig_look_until_done(1);
	look_for_seconds(3);
	assert_int_equal(got.resets[0], 1);
	assert_int_equal(got.resets[1], 1);
	assert_int_equal(mini.resets, 0);
}

static void test_then_the_bus(void **state)
{
	mini.reset = complete_all_in_reset;
	watch();
	submit_with(0, 1);
	rig_look_until_done(1);
	look_for_seconds(3);
	assert_int_equal(got.resets[0], 1);
	assert_int_equal(got.resets[1], 1);
	assert_int_equal(mini.resets, 1);
	assert_int_equal(rig.adapter.taken_back, 0);
}

/* It neither resets nor answers: the reset requests are lost in it, and each step goes on all the same. */
static void test_a_miniport_that_does_nothing_at_all(void **state)
{
	got.answer = SRB_STATUS_PENDING;
	watch();
	submit_with(0, 1);
	submit_with(1, 1);
	rig_look_until_done(2);
	look_for_seconds(3);
	assert_int_equal(rig.adapter.timeouts, 2);
	assert_int_equal(got.resets[0], 1);
	assert_int_equal(got.resets[1], 1);
	assert_int_equal(mini.resets, 1);
	/* Both, and the two reset requests. */
	assert_int_equal(rig.adapter.taken_back, 4);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(rig.done[i]->srb.SrbStatus, SRB_STATUS_BUS_RESET);

	/* The next time there are no requests to reset with: the bus it is at once. */
	submit_with(0, 1);
	rig_look_until_done(3);
	assert_int_equal(got.resets[0], 1);
	assert_int_equal(mini.resets, 2);
	mini_complete_first(mini.extension, mini.keeps, SRB_STATUS_SUCCESS);
	mini_complete(mini.extension, got.reset_kept, SRB_STATUS_SUCCESS);
	look_for_seconds(1);
	assert_int_equal(rig.dones, 3);
	assert_int_equal(rig.adapter.completed_late, 4);
	assert_int_equal(rig.adapter.completed_twice, 0);
}

static BOOLEAN refuse_resets(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return srb->Function == SRB_FUNCTION_EXECUTE_SCSI ? mini_keep(extension, srb) : FALSE;
}

static void test_a_miniport_that_is_too_busy_to_reset(void **state)
{
	mini.start = refuse_resets;
	watch();
	submit_with(0, 1);
	rig_look_until_done(1);
	assert_int_equal(mini.resets, 1);
	assert_int_equal(rig.done[0]->srb.SrbStatus, SRB_STATUS_BUS_RESET);
}

/* A tick came once in all the time that the CPU was away: what is back by then, or soon after, is in time. */
static void test_a_cpu_that_was_away_times_nothing_out(void **state)
{
	watch();
	submit_with(0, 3);
	for (unsigned i = 0; i < 3; i++) {
		fake_pass(50 * SECOND);
		sim_cpu_look(rig.cpu);
	}
	assert_int_equal(rig.adapter.timeouts, 0);
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
	assert_int_equal(got.resets[0], 0);
}

static void test_each_cpu_looks_after_its_own(void **state)
{
	struct port_request *others, *own;
	struct sim_cpu *cpu1;

	watch();
	own = rig_request();
	own->srb.TimeOutValue = 1;
	port_submit(own, rig.cpu);
	others = rig_request();
	others->srb.TimeOutValue = 1;
	others->srb.Lun = 5;
	sim_cpu_exit(rig.cpu);
	cpu1 = sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(adapter_cpu_online(&rig.adapter, cpu1), 0);
	port_submit(others, cpu1);
	adapter_watch_cpu(&rig.adapter, cpu1);
	for (unsigned looks = 0; looks < LONG_AGO && !got.resets[0]; looks++)
		sim_cpu_look(cpu1);
	assert_int_equal(got.lun, 5);
	assert_int_equal(rig.adapter.timeouts, 1);
	adapter_cpu_offline(&rig.adapter, cpu1);
	sim_cpu_exit(cpu1);
	sim_cpu_enter(&rig.machine, 0);
}

/* No second passes between a step that fails and the next one. */
static void test_a_step_that_fails_is_not_waited_for(void **state)
{
	mini.reset = complete_all_in_reset;
	got.answer = SRB_STATUS_INVALID_REQUEST;
	watch();
	submit_with(0, 1);
	look_until(&rig.adapter.timeouts, 1);
	assert_int_equal(got.resets[0], 1);
	assert_int_equal(got.resets[1], 1);
	assert_int_equal(mini.resets, 1);
	rig_look_until_done(1);
}

static BOOLEAN start_extended(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	assert_int_equal(srb->Function, SRB_FUNCTION_STORAGE_REQUEST_BLOCK);
	if (SrbGetSrbFunction(srb) == SRB_FUNCTION_EXECUTE_SCSI)
		return mini_keep(extension, srb);
	got.resets[SrbGetSrbFunction(srb) == SRB_FUNCTION_RESET_DEVICE]++;
	got.lun = SrbGetLun(srb);
	mini_complete(extension, srb, SRB_STATUS_SUCCESS);
	return TRUE;
}

static void test_extended_requests_time_out_as_well(void **state)
{
	struct port_request *request;

	mini.srb_types = SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK | SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK;
	mini.start = start_extended;
	mini.reset = complete_all_in_reset;
	watch();
	request = rig_request();
	request->extended.address.Lun = 6;
	SrbSetTimeOutValue(&request->srb, 2);
	port_submit(request, rig.cpu);
	rig_look_until_done(1);
	assert_int_equal(rig.adapter.timeouts, 1);
	assert_int_equal(got.lun, 6);
	assert_int_equal(got.resets[0], 1);
	assert_int_equal(got.resets[1], 1);
	assert_int_equal(mini.resets, 1);

	/* And so are they found by their address. */
	port_submit(request, rig.cpu);
	StorPortCompleteRequest(mini.extension, 0, 0, 5, SRB_STATUS_ABORTED);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 1);
	StorPortCompleteRequest(mini.extension, 0, 0, 6, SRB_STATUS_ABORTED);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 2);
}

/* What a stop waits for may hang. */
static void test_time_passes_while_a_stop_is_made_ready(void **state)
{
	got.cures = SRB_FUNCTION_RESET_LOGICAL_UNIT;
	watch();
	submit_with(0, 1);
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), -EAGAIN);
	rig_look_until_done(1);
	assert_int_equal(rig.adapter.unit_resets, 1);
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
}

/* One CPU serves as it can while the other one ticks: whoever comes first has the request, and no one else. */

#define SHORT 20000 /* ticks of a second */
#define COMPLETIONS 500

static struct {
	_Atomic(uintptr_t) slot[4];
	_Atomic(bool) stop;
	unsigned ends, refused;
} load;

static BOOLEAN put_in_slot(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	if (srb->Function != SRB_FUNCTION_EXECUTE_SCSI) {
		mini_complete(extension, srb, SRB_STATUS_SUCCESS);
		return TRUE;
	}
	for (unsigned i = 0; i < 4; i++) {
		uintptr_t none = 0;

		if (atomic_compare_exchange_strong(&load.slot[i], &none, (uintptr_t)srb))
			return TRUE;
	}
	return FALSE;
}

static void again(struct port_request *request, struct sim_cpu *cpu)
{
	load.ends++;
	request->owner = request;
}

static void *serve_slots(void *context)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);
	unsigned round = 0;

	adapter_cpu_online(&rig.adapter, cpu);
	while (!atomic_load(&load.stop)) {
		PSCSI_REQUEST_BLOCK srb = (PSCSI_REQUEST_BLOCK)atomic_exchange(&load.slot[round++ % 4], 0);

		if (srb)
			StorPortNotification(RequestComplete, mini.extension, srb);
		sim_cpu_look(cpu);
		if (round % 16 == 0)
			fake_pass(4 * SHORT);
	}
	for (unsigned i = 0; i < 4; i++) {
		PSCSI_REQUEST_BLOCK srb = (PSCSI_REQUEST_BLOCK)atomic_exchange(&load.slot[i], 0);

		if (srb)
			StorPortNotification(RequestComplete, mini.extension, srb);
	}
	sim_cpu_look(cpu);
	adapter_cpu_offline(&rig.adapter, cpu);
	sim_cpu_exit(cpu);
	return NULL;
}

static void submit_idle_ones(struct port_request *const *request, unsigned n, unsigned *submitted)
{
	for (unsigned i = 0; i < n; i++) {
		if (!request[i]->owner)
			continue;
		request[i]->owner = NULL;
		request[i]->srb.TimeOutValue = 1;
		port_submit(request[i], rig.cpu);
		++*submitted;
	}
}

static BOOLEAN send_all_home(PVOID extension)
{
	PERF_CONFIGURATION_DATA perf = { .Version = STOR_PERF_VERSION, .Size = sizeof(perf), .Flags = STOR_PERF_DPC_REDIRECTION };

	assert_int_equal(StorPortInitializePerfOpts(extension, FALSE, &perf), STOR_STATUS_SUCCESS);
	return TRUE;
}

static void test_time_outs_under_load(void **state)
{
	unsigned submitted = 0;
	pthread_t thread;

	memset(&load, 0, sizeof(load));
	/* All ends on the CPU that submits. */
	mini.initialize = send_all_home;
	rig_start();
	rig_start_io_at_once(put_in_slot);
	assert_int_equal(adapter_watch_timeouts(&rig.adapter, SHORT, 1), 0);
	adapter_watch_cpu(&rig.adapter, rig.cpu);
	for (unsigned i = 0; i < 4; i++) {
		rig_request()->complete = again;
		rig.request[i]->owner = rig.request[i];
	}
	assert_int_equal(pthread_create(&thread, NULL, serve_slots, NULL), 0);
	while (load.ends < COMPLETIONS) {
		submit_idle_ones(rig.request, 4, &submitted);
		sim_cpu_look(rig.cpu);
	}
	/* A tick still takes back what a bus reset has left. */
	for (unsigned looks = 0; load.ends < submitted && looks < LONG_AGO; looks++)
		sim_cpu_look(rig.cpu);
	atomic_store(&load.stop, true);
	pthread_join(thread, NULL);
	sim_cpu_look(rig.cpu);
	assert_int_equal(load.ends, submitted);
	assert_int_equal(rig.adapter.completed_twice, 0);
	assert_true(rig.adapter.timeouts > 0);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_starts_beside_a_reset),
		WITH(test_what_a_reset_leaves_stays_with_the_miniport),
		WITH(test_what_a_reset_leaves_for_good_is_taken_back),
		WITH(test_a_reset_that_fails_is_counted),
		WITH(test_requests_wait_for_the_bus_to_settle),
		WITH(test_and_so_they_do_after_a_reset_that_was_detected),
		WITH(test_requests_of_one_unit_are_completed),
		WITH(test_all_requests_are_completed_but_not_those_held_back),
		WITH(test_no_request_times_out_before_its_time),
		WITH(test_a_request_that_comes_in_time_is_left_alone),
		cmocka_unit_test(test_the_unit_is_reset_first),
		WITH(test_then_the_target),
		WITH(test_then_the_bus),
		WITH(test_a_miniport_that_does_nothing_at_all),
		WITH(test_a_miniport_that_is_too_busy_to_reset),
		WITH(test_a_cpu_that_was_away_times_nothing_out),
		WITH(test_each_cpu_looks_after_its_own),
		WITH(test_a_step_that_fails_is_not_waited_for),
		WITH(test_extended_requests_time_out_as_well),
		WITH(test_time_passes_while_a_stop_is_made_ready),
		WITH(test_time_outs_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
