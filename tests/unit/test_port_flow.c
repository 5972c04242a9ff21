/* SPDX-License-Identifier: MIT */
/*
 * The way of a request through the port driver: given out once, handed back
 * once, whoever reports it and from wherever; refused and tried again; held
 * back and let go in order.  Source: Microsoft's public documentation of the StorPort routines.
 */
#include "tests/unit/test_miniport.h"

static void check_done_in_order(unsigned n)
{
	assert_int_equal(rig.dones, n);
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(rig.done[i], rig.request[i]);
}

static void submit_several(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rig_submit();
}

/* --- Completion --- */

static void test_completed_from_the_isr(void **state)
{
	rig_start();
	submit_several(5);
	assert_int_equal(mini.builds, 5);
	assert_int_equal(mini.starts, 5);
	assert_int_equal(rig.dones, 0);
	rig_interrupt();
	check_done_in_order(5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(rig.done[i]->srb.SrbStatus, SRB_STATUS_SUCCESS);
	assert_int_equal(rig.adapter.completed_twice, 0);
}

static STOR_DPC dpc;

static VOID dpc_routine(PSTOR_DPC which, PVOID extension, PVOID argument1, PVOID argument2)
{
	STOR_LOCK_HANDLE handle;

	assert_ptr_equal(which, &dpc);
	assert_ptr_equal(argument2, &dpc);
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	/* Under the interrupt lock and outside of it. */
	StorPortAcquireSpinLock(extension, InterruptLock, NULL, &handle);
	mini_complete_first(extension, 1, SRB_STATUS_SUCCESS);
	StorPortReleaseSpinLock(extension, &handle);
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
}

static BOOLEAN issue_dpc(PVOID extension)
{
	assert_true(StorPortIssueDpc(extension, &dpc, NULL, &dpc));
	assert_false(StorPortIssueDpc(extension, &dpc, extension, extension));
	return TRUE;
}

static void test_completed_from_a_dpc(void **state)
{
	mini.interrupt = issue_dpc;
	rig_start();
	StorPortInitializeDpc(mini.extension, &dpc, dpc_routine);
	submit_several(4);
	rig_interrupt();
	check_done_in_order(4);
}

static BOOLEAN complete_at_once(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	mini_complete(extension, srb, SRB_STATUS_SUCCESS);
	return TRUE;
}

static void test_completed_from_start_io(void **state)
{
	mini.start = complete_at_once;
	rig_start();
	submit_several(3);
	check_done_in_order(3);
	assert_int_equal(rig.adapter.busy_refusals, 0);
}

static BOOLEAN complete_in_routine(PVOID extension, PVOID context)
{
	mini_complete(extension, context, SRB_STATUS_SUCCESS);
	return TRUE;
}

static BOOLEAN complete_under_the_lock(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return StorPortSynchronizeAccess(extension, complete_in_routine, srb);
}

static void test_completed_under_the_interrupt_lock(void **state)
{
	mini.start = complete_under_the_lock;
	rig_start();
	submit_several(3);
	check_done_in_order(3);
}

static BOOLEAN complete_in_build(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	mini_complete(extension, srb, SRB_STATUS_INVALID_REQUEST);
	return FALSE;
}

static void test_what_build_io_keeps_is_not_started(void **state)
{
	mini.build = complete_in_build;
	rig_start();
	rig_submit();
	check_done_in_order(1);
	assert_int_equal(mini.starts, 0);
	assert_int_equal(rig.done[0]->srb.SrbStatus, SRB_STATUS_INVALID_REQUEST);
}

static BOOLEAN report_each_twice(PVOID extension)
{
	for (unsigned i = 0; i < mini.keeps; i++) {
		mini_complete(extension, mini.kept[i], SRB_STATUS_SUCCESS);
		mini_complete(extension, mini.kept[i], SRB_STATUS_SUCCESS);
	}
	return TRUE;
}

static void test_a_second_completion_is_counted_and_ignored(void **state)
{
	mini.interrupt = report_each_twice;
	rig_start();
	submit_several(3);
	rig_interrupt();
	check_done_in_order(3);
	assert_int_equal(rig.adapter.completed_twice, 3);
	/* Later, too: the request is nobody's by then. */
	rig_interrupt();
	check_done_in_order(3);
	assert_int_equal(rig.adapter.completed_twice, 9);
}

static void submit_again(struct port_request *request, struct sim_cpu *cpu)
{
	rig_done(request, cpu);
	if (rig.dones < 4)
		port_submit(request, cpu);
}

static void test_a_request_may_be_submitted_again_where_it_is_handed_back(void **state)
{
	mini.start = complete_at_once;
	rig_start();
	rig_request()->complete = submit_again;
	port_submit(rig.request[0], rig.cpu);
	assert_int_equal(rig.dones, 4);
	assert_int_equal(mini.starts, 4);
	assert_int_equal(rig.adapter.completed_twice, 0);
}

static void test_it_is_handed_back_on_the_cpu_that_reports_it(void **state)
{
	rig_start();
	rig_submit();
	sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(adapter_cpu_online(&rig.adapter, sim_cpu_self()), 0);
	rig_interrupt();
	check_done_in_order(1);
	sim_cpu_enter(&rig.machine, 0);
}

/* --- Refusal --- */

static unsigned refusals;

static BOOLEAN refuse_some(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	if (!refusals)
		return mini_keep(extension, srb);
	refusals--;
	return FALSE;
}

static BOOLEAN busy_some(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	if (!refusals)
		return mini_keep(extension, srb);
	refusals--;
	mini_complete(extension, srb, SRB_STATUS_BUSY);
	return TRUE;
}

static void look_until_kept(unsigned keeps)
{
	for (unsigned looks = 0; mini.keeps < keeps && looks < 10000000; looks++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(mini.keeps, keeps);
}

/* With nothing in flight whose completion could be the occasion. */
static void check_retried(BOOLEAN (*start)(PVOID, PSCSI_REQUEST_BLOCK), unsigned requests, unsigned refused)
{
	refusals = refused;
	mini.start = start;
	rig_start();
	submit_several(requests);
	look_until_kept(requests);
	for (unsigned i = 0; i < requests; i++)
		assert_ptr_equal(mini.kept[i], &rig.request[i]->srb);
	assert_int_equal(rig.adapter.busy_refusals, refused);
	assert_int_equal(rig.dones, 0);
	rig_interrupt();
	check_done_in_order(requests);
	for (unsigned i = 0; i < requests; i++)
		assert_int_equal(rig.done[i]->srb.SrbStatus, SRB_STATUS_SUCCESS);
	assert_int_equal(rig.adapter.completed_twice, 0);
}

static void test_a_start_io_that_refuses_is_asked_again(void **state)
{
	check_retried(refuse_some, 1, 1);
}

static void test_a_start_io_that_refuses_often_is_asked_as_often(void **state)
{
	check_retried(refuse_some, 1, 20);
}

static void test_a_busy_request_is_started_again(void **state)
{
	check_retried(busy_some, 1, 3);
}

static void test_later_requests_do_not_pass_a_refused_one(void **state)
{
	check_retried(refuse_some, 6, 1);
}

static void test_several_refused_ones_keep_their_order(void **state)
{
	check_retried(busy_some, 6, 9);
}

static BOOLEAN refuse_with_four_kept(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return mini.keeps < 4 ? mini_keep(extension, srb) : FALSE;
}

/* A ring of four: the rest waits until there is room, which only completions make. */
static void test_a_full_device_gets_the_rest_when_there_is_room(void **state)
{
	mini.start = refuse_with_four_kept;
	rig_start();
	submit_several(10);
	for (unsigned i = 0; rig.dones < 10 && i < 1000000; i++) {
		if (i % 8 == 0 && mini.keeps) {
			assert_in_range(mini.keeps, 1, 4);
			rig_interrupt();
		}
		sim_cpu_look(rig.cpu);
	}
	check_done_in_order(10);
	assert_true(rig.adapter.busy_refusals > 0);
}

/* --- Flow control --- */

static void test_paused_requests_wait_and_go_in_order(void **state)
{
	rig_start();
	assert_true(StorPortPause(mini.extension, 60));
	submit_several(4);
	for (unsigned i = 0; i < 100; i++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(mini.builds, 0);
	assert_true(StorPortResume(mini.extension));
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.keeps, 4);
	rig_submit();
	assert_int_equal(mini.keeps, 5);
	rig_interrupt();
	check_done_in_order(5);
}

/* What is in the device when it is paused comes back as ever. */
static void test_a_pause_holds_back_no_completion(void **state)
{
	rig_start();
	submit_several(2);
	StorPortPause(mini.extension, 60);
	submit_several(2);
	rig_interrupt();
	check_done_in_order(2);
	assert_int_equal(mini.keeps, 0);
	StorPortResume(mini.extension);
	sim_cpu_look(rig.cpu);
	rig_interrupt();
	check_done_in_order(4);
}

static void test_a_pause_ends_after_its_seconds(void **state)
{
	rig_start();
	/* Seconds of 1,000 ticks each, for this test. */
	assert_int_equal(stamp_scale_set(&rig.machine.scale, 1000, 1000000000), 0);
	StorPortPause(mini.extension, 1);
	submit_several(3);
	fake_pass(1000);
	look_until_kept(3);
	rig_interrupt();
	check_done_in_order(3);
}

static void test_busy_ends_with_so_many_completions(void **state)
{
	rig_start();
	submit_several(4);
	assert_true(StorPortBusy(mini.extension, 2));
	rig_submit();
	mini_complete_first(mini.extension, 1, SRB_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	rig_submit();
	assert_int_equal(mini.starts, 4);
	mini_complete_first(mini.extension, 1, SRB_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 6);
	rig_interrupt();
	check_done_in_order(6);
}

static void test_busy_for_more_than_there_are_ends_with_the_last(void **state)
{
	static const ULONG wanted[] = { 3, STOR_ALL_REQUESTS };

	rig_start();
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		rig.requests = rig.dones = 0;
		submit_several(2);
		assert_true(StorPortBusy(mini.extension, wanted[i]));
		rig_submit();
		mini_complete_first(mini.extension, 1, SRB_STATUS_SUCCESS);
		sim_cpu_look(rig.cpu);
		assert_int_equal(mini.keeps, 1);
		mini_complete_first(mini.extension, 1, SRB_STATUS_SUCCESS);
		look_until_kept(1);
		rig_interrupt();
		check_done_in_order(3);
	}
}

static void test_busy_with_nothing_outstanding_is_over_at_once(void **state)
{
	rig_start();
	StorPortBusy(mini.extension, 1);
	rig_submit();
	assert_int_equal(mini.keeps, 1);
	StorPortBusy(mini.extension, STOR_ALL_REQUESTS);
	rig_submit();
	assert_int_equal(mini.keeps, 1);
	rig_interrupt();
	assert_int_equal(mini.keeps, 1);
}

static void test_ready_ends_busy(void **state)
{
	rig_start();
	submit_several(2);
	StorPortBusy(mini.extension, 2);
	submit_several(2);
	assert_int_equal(mini.starts, 2);
	assert_true(StorPortReady(mini.extension));
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 4);
	rig_interrupt();
	check_done_in_order(4);
}

static void test_ready_ends_no_pause_and_resume_no_busy(void **state)
{
	rig_start();
	submit_several(2);
	StorPortPause(mini.extension, 60);
	StorPortReady(mini.extension);
	rig_submit();
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 2);
	/* Busy in a pause, over before it: the pause goes on. */
	StorPortBusy(mini.extension, 1);
	mini_complete_first(mini.extension, 1, SRB_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 2);
	StorPortBusy(mini.extension, 1);
	StorPortResume(mini.extension);
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 2);
	StorPortReady(mini.extension);
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 3);
}

static BOOLEAN busy_from_isr(PVOID extension)
{
	assert_true(StorPortBusy(extension, 1));
	mini_complete_first(extension, 1, SRB_STATUS_SUCCESS);
	return TRUE;
}

static void test_flow_control_from_the_isr(void **state)
{
	mini.interrupt = busy_from_isr;
	rig_start();
	submit_several(2);
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
	/* The one completion that it waited for has come with it. */
	rig_submit();
	look_until_kept(2);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static BOOLEAN busy_and_refuse(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	if (!refusals)
		return mini_keep(extension, srb);
	refusals--;
	StorPortBusy(extension, 1);
	return FALSE;
}

/* As drivers do whose ring is full; here it is the only request there is. */
static void test_busy_in_a_start_io_that_refuses(void **state)
{
	check_retried(busy_and_refuse, 3, 2);
}

static void test_a_link_that_is_down_holds_requests(void **state)
{
	rig_start();
	StorPortNotification(LinkDown, mini.extension);
	submit_several(2);
	for (unsigned i = 0; i < 100; i++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 0);
	StorPortNotification(LinkUp, mini.extension);
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.keeps, 2);
}

static void test_the_forms_for_a_unit(void **state)
{
	rig_start();
	assert_true(StorPortPauseDevice(mini.extension, 0, 0, 0, 60));
	rig_submit();
	assert_int_equal(mini.starts, 0);
	assert_true(StorPortResumeDevice(mini.extension, 0, 0, 0));
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 1);
	assert_true(StorPortDeviceBusy(mini.extension, 0, 0, 0, 1));
	rig_submit();
	assert_int_equal(mini.starts, 1);
	assert_true(StorPortDeviceReady(mini.extension, 0, 0, 0));
	sim_cpu_look(rig.cpu);
	assert_int_equal(mini.starts, 2);

	assert_false(StorPortPauseDevice(mini.extension, 1, 0, 0, 60));
	assert_false(StorPortDeviceBusy(mini.extension, 0, 1, 0, 1));
	assert_false(StorPortDeviceReady(mini.extension, 1, 0, 0));
	assert_false(StorPortResumeDevice(mini.extension, 0, 1, 0));
	rig_submit();
	assert_int_equal(mini.starts, 3);
	assert_false(StorPortSetDeviceQueueDepth(mini.extension, 0, 0, 0, 0));
	assert_false(StorPortSetDeviceQueueDepth(mini.extension, 0, 1, 0, 1));
}

static void submit_to(uint8_t lun, unsigned n)
{
	static const uint8_t test_unit_ready[6] = { 0 };

	while (n--) {
		struct port_request *request = rig_request();

		port_request_prepare(request, lun, test_unit_ready, sizeof(test_unit_ready), 0, 0);
		request->complete = rig_done;
		port_submit(request, rig.cpu);
	}
}

static unsigned kept_of(uint8_t lun)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < mini.keeps; i++)
		kept += mini.kept[i]->Lun == lun;
	return kept;
}

static void complete_one_of(uint8_t lun)
{
	for (unsigned i = 0; i < mini.keeps; i++) {
		PSCSI_REQUEST_BLOCK srb = mini.kept[i];

		if (srb->Lun != lun)
			continue;
		memmove(mini.kept + i, mini.kept + i + 1, (--mini.keeps - i) * sizeof(mini.kept[0]));
		mini_complete(mini.extension, srb, SRB_STATUS_SUCCESS);
		sim_cpu_look(rig.cpu);
		return;
	}
	fail();
}

static void check_never_held_again(void)
{
	sim_cpu_look(rig.cpu);
	assert_int_equal(atomic_load(&rig.adapter.held_back), 0);
}

/* One unit stands still, the other goes on; those of one unit keep their order. */
static void test_a_unit_is_paused_alone(void **state)
{
	rig_start();
	StorPortPauseDevice(mini.extension, 0, 0, 1, 60);
	submit_to(1, 2);
	submit_to(0, 2);
	submit_to(1, 1);
	for (unsigned i = 0; i < 100; i++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(kept_of(0), 2);
	assert_int_equal(kept_of(1), 0);
	StorPortDeviceReady(mini.extension, 0, 0, 1);
	StorPortResumeDevice(mini.extension, 0, 0, 0);
	StorPortResume(mini.extension);
	sim_cpu_look(rig.cpu);
	assert_int_equal(kept_of(1), 0);
	StorPortResumeDevice(mini.extension, 0, 0, 1);
	sim_cpu_look(rig.cpu);
	assert_int_equal(kept_of(1), 3);
	assert_ptr_equal(mini.kept[2], &rig.request[0]->srb);
	assert_ptr_equal(mini.kept[3], &rig.request[1]->srb);
	assert_ptr_equal(mini.kept[4], &rig.request[4]->srb);
	check_never_held_again();
}

/* The last one that is held goes before the first. */
static void test_what_is_held_behind_a_unit_goes_first(void **state)
{
	rig_start();
	StorPortPause(mini.extension, 60);
	StorPortPauseDevice(mini.extension, 0, 0, 1, 60);
	submit_to(1, 1);
	submit_to(0, 1);
	StorPortResume(mini.extension);
	sim_cpu_look(rig.cpu);
	assert_int_equal(kept_of(0), 1);
	submit_to(1, 1);
	StorPortResumeDevice(mini.extension, 0, 0, 1);
	sim_cpu_look(rig.cpu);
	assert_int_equal(kept_of(1), 2);
	assert_ptr_equal(mini.kept[2], &rig.request[2]->srb);
	check_never_held_again();
}

static void test_a_units_pause_ends_by_itself(void **state)
{
	rig_start();
	StorPortPauseDevice(mini.extension, 0, 0, 1, 0);
	submit_to(1, 1);
	submit_to(0, 1);
	for (unsigned looks = 0; mini.keeps < 2 && looks < 10000000; looks++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(kept_of(1), 1);
	check_never_held_again();
}

/* Completions of its own alone count; more than are out is all of them. */
static void test_a_busy_unit_waits_for_its_own(void **state)
{
	rig_start();
	submit_to(0, 3);
	submit_to(1, 3);
	StorPortDeviceBusy(mini.extension, 0, 0, 1, 2);
	submit_to(1, 1);
	complete_one_of(0);
	complete_one_of(0);
	complete_one_of(1);
	assert_int_equal(mini.starts, 6);
	complete_one_of(1);
	assert_int_equal(mini.starts, 7);
	StorPortDeviceBusy(mini.extension, 0, 0, 1, 100);
	submit_to(1, 1);
	complete_one_of(1);
	assert_int_equal(mini.starts, 7);
	complete_one_of(1);
	assert_int_equal(mini.starts, 8);
	check_never_held_again();
}

/* As many as its queue is deep, whatever another one's does. */
static void test_a_queue_has_its_depth(void **state)
{
	rig_start();
	assert_true(StorPortSetDeviceQueueDepth(mini.extension, 0, 0, 1, 2));
	submit_to(1, 5);
	submit_to(0, 4);
	assert_int_equal(kept_of(1), 2);
	assert_int_equal(kept_of(0), 4);
	for (unsigned i = 0; i < 3; i++) {
		complete_one_of(1);
		assert_int_equal(kept_of(1), 2);
		complete_one_of(0);
	}
	assert_int_equal(mini.starts, 9);
	/* Deeper, at once. */
	submit_to(1, 3);
	assert_int_equal(kept_of(1), 2);
	StorPortSetDeviceQueueDepth(mini.extension, 0, 0, 1, 4);
	sim_cpu_look(rig.cpu);
	assert_int_equal(kept_of(1), 4);
	StorPortSetDeviceQueueDepth(mini.extension, 0, 0, 1, 1);
	complete_one_of(1);
	complete_one_of(1);
	assert_int_equal(kept_of(1), 2);
}

/* What cannot hold back anything costs nothing. */
static void test_a_queue_as_deep_as_may_be(void **state)
{
	rig_start();
	submit_to(0, 4);
	StorPortSetDeviceQueueDepth(mini.extension, 0, 0, 0, 6);
	check_never_held_again();
	submit_to(0, 2);
	check_never_held_again();
	/* There are more now. */
	submit_to(0, 1);
	assert_int_equal(kept_of(0), 6);
	complete_one_of(0);
	assert_int_equal(kept_of(0), 6);
}

/* Let go by another CPU than held them: each is given out once, in order. */
static void test_another_cpu_lets_go(void **state)
{
	rig_start();
	StorPortPause(mini.extension, 60);
	submit_several(3);
	sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(adapter_cpu_online(&rig.adapter, sim_cpu_self()), 0);
	StorPortResume(mini.extension);
	sim_cpu_look(sim_cpu_self());
	assert_int_equal(mini.keeps, 3);
	sim_cpu_look(sim_cpu_enter(&rig.machine, 0));
	rig_interrupt();
	check_done_in_order(3);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_completed_from_the_isr),
		WITH_RIG(test_completed_from_a_dpc),
		WITH_RIG(test_completed_from_start_io),
		WITH_RIG(test_completed_under_the_interrupt_lock),
		WITH_RIG(test_what_build_io_keeps_is_not_started),
		WITH_RIG(test_a_second_completion_is_counted_and_ignored),
		WITH_RIG(test_a_request_may_be_submitted_again_where_it_is_handed_back),
		WITH_RIG(test_it_is_handed_back_on_the_cpu_that_reports_it),
		WITH_RIG(test_a_start_io_that_refuses_is_asked_again),
		WITH_RIG(test_a_start_io_that_refuses_often_is_asked_as_often),
		WITH_RIG(test_a_busy_request_is_started_again),
		WITH_RIG(test_later_requests_do_not_pass_a_refused_one),
		WITH_RIG(test_several_refused_ones_keep_their_order),
		WITH_RIG(test_a_full_device_gets_the_rest_when_there_is_room),
		WITH_RIG(test_paused_requests_wait_and_go_in_order),
		WITH_RIG(test_a_pause_holds_back_no_completion),
		WITH_RIG(test_a_pause_ends_after_its_seconds),
		WITH_RIG(test_busy_ends_with_so_many_completions),
		WITH_RIG(test_busy_for_more_than_there_are_ends_with_the_last),
		WITH_RIG(test_busy_with_nothing_outstanding_is_over_at_once),
		WITH_RIG(test_ready_ends_busy),
		WITH_RIG(test_ready_ends_no_pause_and_resume_no_busy),
		WITH_RIG(test_flow_control_from_the_isr),
		WITH_RIG(test_busy_in_a_start_io_that_refuses),
		WITH_RIG(test_a_link_that_is_down_holds_requests),
		WITH_RIG(test_the_forms_for_a_unit),
		WITH_RIG(test_a_unit_is_paused_alone),
		WITH_RIG(test_what_is_held_behind_a_unit_goes_first),
		WITH_RIG(test_a_units_pause_ends_by_itself),
		WITH_RIG(test_a_busy_unit_waits_for_its_own),
		WITH_RIG(test_a_queue_has_its_depth),
		WITH_RIG(test_a_queue_as_deep_as_may_be),
		WITH_RIG(test_another_cpu_lets_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
