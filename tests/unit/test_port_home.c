/* SPDX-License-Identifier: MIT */
/*
 * Performance options: completions that go home to the CPU that submitted,
 * concurrent channels, ranges of messages; and DPCs for another CPU, under every delivery.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/test_miniport.h"

#include "hba_sim/machine/delivery.h"

#define COMPLETIONS 20000
#define QUEUEINGS 3000

static const char *const backends[] = { "spinlock", "ticket", "mcs", "irqmask" };

#define EACH_BACKEND(b) for (unsigned b = 0; b < sizeof(backends) / sizeof(backends[0]); b++)

/* --- What can be switched on --- */

static struct {
	PERF_CONFIGURATION_DATA asked;
	bool query;
	ULONG status;
	GROUP_AFFINITY target[4];
} perf;

static BOOLEAN ask(PVOID extension)
{
	perf.status = StorPortInitializePerfOpts(extension, perf.query, &perf.asked);
	return TRUE;
}

static BOOLEAN unused_message(PVOID extension, ULONG id)
{
	return TRUE;
}

static int set_up(void **state)
{
	rig_set_up(state);
	memset(&perf, 0, sizeof(perf));
	perf.asked.Version = STOR_PERF_VERSION;
	perf.asked.Size = sizeof(perf.asked);
	mini.initialize = ask;
	return 0;
}

static struct irq_line message[4];

static void with_messages(void)
{
	for (unsigned i = 0; i < 4; i++) {
		message[i] = (struct irq_line){ .name = "message", .dirql = MINI_DIRQL, .advance = fake_advance, .source = &rig.source };
		assert_int_equal(irq_line_connect(&rig.machine, &message[i]), 0);
	}
	rig.source.pci.message = message;
	rig.source.pci.messages = 4;
	rig.config.messages = 4;
	mini.message = unused_message;
	mini.synchronization = InterruptSynchronizeAll;
}

static ULONG ask_for(ULONG flags)
{
	void *none = NULL;

	perf.asked.Flags = flags;
	perf.query = false;
	rig_start();
	/* For the next one. */
	rig_tear_down(&none);
	rig.cpu = NULL;
	return perf.status;
}

static void test_a_query_says_what_there_is(void **state)
{
	perf.query = true;
	rig_start();
	assert_int_equal(perf.status, STOR_STATUS_SUCCESS);
	assert_int_equal(perf.asked.Flags, STOR_PERF_DPC_REDIRECTION | STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO |
						   STOR_PERF_DPC_REDIRECTION_CURRENT_CPU);
	assert_false(rig.adapter.sends_home);
}

static void test_with_messages_and_channels_there_is_more(void **state)
{
	with_messages();
	rig.config.channels = 2;
	perf.query = true;
	rig_start();
	assert_true(perf.asked.Flags & STOR_PERF_INTERRUPT_MESSAGE_RANGES);
	assert_true(perf.asked.Flags & STOR_PERF_ADV_CONFIG_LOCALITY);
	assert_true(perf.asked.Flags & STOR_PERF_CONCURRENT_CHANNELS);
	assert_int_equal(perf.asked.ConcurrentChannels, 2);
	assert_false(perf.asked.Flags & STOR_PERF_NO_SGL);
}

static void test_an_older_structure_has_less(void **state)
{
	perf.query = true;
	perf.asked.Version = STOR_PERF_VERSION_2;
	perf.asked.Size = 24;
	rig_start();
	assert_int_equal(perf.status, STOR_STATUS_SUCCESS);
	assert_int_equal(perf.asked.Flags, STOR_PERF_DPC_REDIRECTION);
}

static void test_what_is_wrong_is_refused(void **state)
{
	static const struct {
		ULONG flags;
		ULONG status;
	} wrong[] = {
		{ 0x80000000, STOR_STATUS_UNSUCCESSFUL },
		{ STOR_PERF_NO_SGL, STOR_STATUS_UNSUCCESSFUL },
		/* There are no messages. */
		{ STOR_PERF_DPC_REDIRECTION | STOR_PERF_INTERRUPT_MESSAGE_RANGES, STOR_STATUS_UNSUCCESSFUL },
		{ STOR_PERF_DPC_REDIRECTION_CURRENT_CPU, STOR_STATUS_INVALID_PARAMETER },
		{ STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO, STOR_STATUS_INVALID_PARAMETER },
		/* No number of them. */
		{ STOR_PERF_CONCURRENT_CHANNELS, STOR_STATUS_INVALID_PARAMETER },
		{ STOR_PERF_DPC_REDIRECTION, STOR_STATUS_SUCCESS },
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(ask_for(wrong[i].flags), wrong[i].status);
		set_up(state);
	}
}

static void test_only_the_initialization_may_ask(void **state)
{
	rig_start();
	assert_int_equal(StorPortInitializePerfOpts(mini.extension, TRUE, &perf.asked), STOR_STATUS_UNSUCCESSFUL);
	assert_int_equal(StorPortInitializePerfOpts(mini.extension, FALSE, &perf.asked), STOR_STATUS_UNSUCCESSFUL);
	assert_int_equal(StorPortInitializePerfOpts(NULL, FALSE, &perf.asked), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortInitializePerfOpts(mini.extension, FALSE, NULL), STOR_STATUS_INVALID_PARAMETER);
}

static BOOLEAN passive(PVOID extension)
{
	return ask(extension);
}

static BOOLEAN ask_passively(PVOID extension)
{
	return StorPortEnablePassiveInitialization(extension, passive);
}

static void test_so_may_the_passive_one(void **state)
{
	perf.asked.Flags = STOR_PERF_DPC_REDIRECTION;
	mini.initialize = ask_passively;
	rig_start();
	assert_int_equal(perf.status, STOR_STATUS_SUCCESS);
	assert_true(rig.adapter.sends_home);
}

static void ask_for_range(ULONG first, ULONG last)
{
	perf.asked.Flags = STOR_PERF_DPC_REDIRECTION | STOR_PERF_INTERRUPT_MESSAGE_RANGES | STOR_PERF_ADV_CONFIG_LOCALITY;
	perf.asked.FirstRedirectionMessageNumber = first;
	perf.asked.LastRedirectionMessageNumber = last;
	perf.asked.MessageTargets = perf.target;
	with_messages();
	rig_start();
}

static void test_a_cpu_has_its_message(void **state)
{
	STARTIO_PERFORMANCE_PARAMETERS parameters = { .Size = sizeof(parameters), .MessageNumber = 77 };
	struct port_request *request;

	ask_for_range(2, 3);
	assert_int_equal(perf.status, STOR_STATUS_SUCCESS);
	assert_int_equal(perf.target[0].Mask, 1);
	assert_int_equal(perf.target[1].Mask, 2);
	request = rig_request();
	for (unsigned c = 0; c < 2; c++) {
		sim_cpu_enter(&rig.machine, c);
		assert_int_equal(StorPortGetStartIoPerfParams(mini.extension, &request->srb, &parameters), STOR_STATUS_SUCCESS);
		assert_int_equal(parameters.MessageNumber, 2 + c);
	}
	sim_cpu_enter(&rig.machine, 0);
}

static void test_a_range_that_is_none_is_refused(void **state)
{
	ask_for_range(3, 4);
	assert_int_equal(perf.status, STOR_STATUS_INVALID_PARAMETER);
	assert_false(rig.adapter.sends_home);
}

/* --- Who hands a request back --- */

static unsigned done_on[MINI_SRBS];

static void note_cpu(struct port_request *request, struct sim_cpu *cpu)
{
	assert_int_equal(sim_irql(cpu), IRQL_DISPATCH);
	done_on[(uintptr_t)request->owner] = 1 + cpu->index;
}

static void submit_here_interrupt_there(void)
{
	memset(done_on, 0, sizeof(done_on));
	rig_start();
	for (unsigned i = 0; i < 2; i++) {
		rig_request()->complete = note_cpu;
		rig.request[i]->owner = (void *)(uintptr_t)i;
	}
	port_submit(rig.request[0], rig.cpu);
	port_submit(rig.request[1], sim_cpu_enter(&rig.machine, 1));
	rig_interrupt();
}

static void test_completions_go_home(void **state)
{
	perf.asked.Flags = STOR_PERF_DPC_REDIRECTION;
	submit_here_interrupt_there();
	assert_int_equal(done_on[1], 2);
	assert_int_equal(done_on[0], 0);
	sim_cpu_enter(&rig.machine, 0);
	assert_int_equal(sim_cpu_due(rig.cpu), 0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(done_on[0], 1);
}

static void test_or_stay_where_they_were_reported(void **state)
{
	perf.asked.Flags = STOR_PERF_DPC_REDIRECTION | STOR_PERF_DPC_REDIRECTION_CURRENT_CPU;
	submit_here_interrupt_there();
	assert_int_equal(done_on[0], 2);
	assert_int_equal(done_on[1], 2);
	sim_cpu_enter(&rig.machine, 0);
}

/* Two CPUs that submit, and each serves what the other one has submitted. */
static struct {
	_Atomic(uintptr_t) slot[2]; /* of the CPU that submitted */
	_Atomic(unsigned) done[2];
	_Atomic(unsigned) astray;
} both;

static BOOLEAN put_in_slot(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	atomic_store(&both.slot[sim_cpu_self()->index], (uintptr_t)srb);
	return TRUE;
}

static void at_home(struct port_request *request, struct sim_cpu *cpu)
{
	if (request != rig.request[cpu->index])
		both.astray++;
	both.done[cpu->index]++;
}

static void serve_the_other(const struct sim_cpu *cpu)
{
	PSCSI_REQUEST_BLOCK srb = (PSCSI_REQUEST_BLOCK)atomic_exchange(&both.slot[!cpu->index], 0);

	if (srb)
		mini_complete(mini.extension, srb, SRB_STATUS_SUCCESS);
}

static void submit_and_serve(struct sim_cpu *cpu)
{
	_Atomic(unsigned) *done = &both.done[cpu->index];

	for (unsigned i = 0; i < COMPLETIONS; i++) {
		port_submit(rig.request[cpu->index], cpu);
		while (*done == i) {
			serve_the_other(cpu);
			sim_idle(cpu);
		}
	}
}

static _Atomic(bool) main_is_through;

static void *submit_and_serve_on_cpu_1(void *context)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);

	adapter_cpu_online(&rig.adapter, cpu);
	submit_and_serve(cpu);
	while (!atomic_load(&main_is_through))
		serve_the_other(cpu);
	adapter_cpu_offline(&rig.adapter, cpu);
	sim_cpu_exit(cpu);
	return NULL;
}

static void test_none_is_lost_on_its_way_home(void **state)
{
	EACH_BACKEND(b) {
		void *none = NULL;
		pthread_t thread;

		set_up(&none);
		memset(&both, 0, sizeof(both));
		atomic_store(&main_is_through, false);
		perf.asked.Flags = STOR_PERF_DPC_REDIRECTION;
		rig.config.backend = sync_backend_find(backends[b]);
		rig_start();
		rig_start_io_at_once(put_in_slot);
		for (unsigned i = 0; i < 2; i++)
			rig_request()->complete = at_home;
		assert_int_equal(pthread_create(&thread, NULL, submit_and_serve_on_cpu_1, NULL), 0);
		submit_and_serve(rig.cpu);
		/* CPU 1 may still need this one to serve it. */
		while (both.done[1] < COMPLETIONS)
			serve_the_other(rig.cpu);
		atomic_store(&main_is_through, true);
		pthread_join(thread, NULL);
		assert_int_equal(both.done[0], COMPLETIONS);
		assert_int_equal(both.done[1], COMPLETIONS);
		assert_int_equal(both.astray, 0);
		assert_int_equal(rig.adapter.completed_twice, 0);
		rig_tear_down(&none);
	}
}

/* --- Channels --- */

static struct {
	_Atomic(unsigned) inside, most, starts;
	unsigned patience;
} channel;

/* Two that may be here at once meet: each waits a while for the other one. */
static BOOLEAN meet(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	unsigned inside = atomic_fetch_add(&channel.inside, 1) + 1;

	if (inside > atomic_load(&channel.most))
		atomic_store(&channel.most, inside);
	for (unsigned i = 0; i < channel.patience && atomic_load(&channel.most) < 2; i++)
		sched_yield();
	atomic_fetch_sub(&channel.inside, 1);
	atomic_fetch_add(&channel.starts, 1);
	mini_complete(extension, srb, SRB_STATUS_SUCCESS);
	return TRUE;
}

static void *submit_one_on_cpu_1(void *context)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);

	adapter_cpu_online(&rig.adapter, cpu);
	port_submit(rig.request[1], cpu);
	adapter_cpu_offline(&rig.adapter, cpu);
	sim_cpu_exit(cpu);
	return NULL;
}

static void nothing_done(struct port_request *request, struct sim_cpu *cpu)
{
}

static unsigned most_at_once(ULONG channels)
{
	pthread_t thread;

	memset(&channel, 0, sizeof(channel));
	channel.patience = channels == 1 ? 2000 : 10000000;
	rig.config.channels = 2;
	perf.asked.Flags = STOR_PERF_CONCURRENT_CHANNELS;
	perf.asked.ConcurrentChannels = channels;
	rig_start();
	rig_start_io_at_once(meet);
	for (unsigned i = 0; i < 2; i++)
		rig_request()->complete = nothing_done;
	assert_int_equal(pthread_create(&thread, NULL, submit_one_on_cpu_1, NULL), 0);
	port_submit(rig.request[0], rig.cpu);
	pthread_join(thread, NULL);
	assert_int_equal(channel.starts, 2);
	return channel.most;
}

static void test_two_channels_start_two_at_once(void **state)
{
	assert_int_equal(most_at_once(2), 2);
}

static void test_one_channel_starts_one(void **state)
{
	assert_int_equal(most_at_once(1), 1);
}

static void look_at_tokens(void)
{
	assert_int_equal(rig.adapter.cpu[0].channel_token, 0);
	assert_int_equal(rig.adapter.cpu[1].channel_token, 1);
	assert_int_equal(rig.adapter.start_io_lock, 0);
}

static BOOLEAN start_on_cpu_1(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	STARTIO_PERFORMANCE_PARAMETERS parameters = { .Size = sizeof(parameters) };

	assert_int_equal(StorPortGetStartIoPerfParams(extension, srb, &parameters), STOR_STATUS_SUCCESS);
	assert_int_equal(parameters.ChannelNumber, 1);
	look_at_tokens();
	return mini_keep(extension, srb);
}

static void test_a_start_holds_the_token_of_its_channel(void **state)
{
	rig.config.channels = 2;
	perf.asked.Flags = STOR_PERF_CONCURRENT_CHANNELS;
	perf.asked.ConcurrentChannels = 2;
	rig_start();
	mini.start = start_on_cpu_1;
	sim_cpu_enter(&rig.machine, 1);
	rig_submit();
	assert_int_equal(mini.starts, 1);
	assert_int_equal(rig.adapter.cpu[1].channel_token, 0);
	rig_interrupt();
	sim_cpu_enter(&rig.machine, 0);
}

/* --- A DPC for another CPU --- */

static struct {
	struct sim_machine machine;
	struct sim_dpc dpc[2];
	_Atomic(unsigned) runs;
	_Atomic(bool) ready, stop;
	unsigned elsewhere;
	int error;
} far;

static void far_dpc(void *context, void *argument1, void *argument2)
{
	if (sim_cpu_self()->index != 1 || sim_irql(sim_cpu_self()) != IRQL_DISPATCH || argument1 != &far || argument2 != context)
		far.elsewhere++;
	atomic_fetch_add(&far.runs, 1);
}

/* It looks at nothing: it is interrupted, or looks at its safe points alone under poll. */
static void *be_cpu_1(void *context)
{
	struct sim_cpu *cpu = sim_cpu_enter(&far.machine, 1);

	far.error = sim_cpu_start_delivery(cpu);
	atomic_store(&far.ready, true);
	while (!far.error && !atomic_load(&far.stop)) {
		if (far.machine.delivery == SYNC_POLL)
			sim_idle(cpu);
	}
	if (!far.error) {
		uint8_t irql = sim_raise(cpu, IRQL_DISPATCH);

		sim_lower(cpu, irql);
		sim_cpu_stop_delivery(cpu);
	}
	sim_cpu_exit(cpu);
	return NULL;
}

static void queue_far(struct sim_cpu *self)
{
	/* Those that are queued twice at once run once. */
	for (unsigned i = 0; i < QUEUEINGS && !far.error; i++) {
		unsigned before = atomic_load(&far.runs);

		for (unsigned d = 0; d < 2; d++)
			assert_true(sim_dpc_queue_on(&far.machine.cpu[1], &far.dpc[d], &far, &far.dpc[d]));
		for (unsigned looks = 0; atomic_load(&far.runs) < before + 2; looks++) {
			assert_true(looks < 2000000000);
			sim_see(self, stamp_now());
		}
		/* A DPC that has run is through only when its routine is. */
		for (unsigned d = 0; d < 2; d++)
			while (atomic_load(&far.dpc[d].running))
				;
	}
}

static void run_far(enum sync_delivery delivery)
{
	struct sim_machine_config config = { .cpus = 2, .phys_bytes = FAKE_PHYS_BYTES, .scale = fake_scale(), .delivery = delivery,
					     .yields = true };
	struct sim_cpu *self;
	pthread_t thread;

	memset(&far, 0, sizeof(far));
	assert_int_equal(sim_machine_init(&far.machine, &config), 0);
	for (unsigned d = 0; d < 2; d++)
		sim_dpc_init(&far.dpc[d], far_dpc, &far.dpc[d]);
	assert_int_equal(pthread_create(&thread, NULL, be_cpu_1, NULL), 0);
	while (!atomic_load(&far.ready))
		;
	/* Not sim_cpu_enter(): under thread delivery it would keep the core from CPU 1. */
	self = sim_cpu_current = &far.machine.cpu[0];
	queue_far(self);
	atomic_store(&far.stop, true);
	pthread_join(thread, NULL);
	sim_cpu_current = NULL;
	sim_machine_fini(&far.machine);
	assert_int_equal(far.elsewhere, 0);
	if (!far.error)
		assert_int_equal(far.runs, 2 * QUEUEINGS);
}

static void test_a_dpc_for_another_cpu_by_poll(void **state)
{
	run_far(SYNC_POLL);
	assert_int_equal(far.error, 0);
}

static void test_a_dpc_for_another_cpu_by_signal(void **state)
{
	run_far(SYNC_SIGNAL);
	assert_int_equal(far.error, 0);
}

static void test_a_dpc_for_another_cpu_by_thread(void **state)
{
	if (sim_delivery_unavailable(SYNC_THREAD))
		skip();
	run_far(SYNC_THREAD);
}

static unsigned order[3], ordered;

static void note_order(void *context, void *argument1, void *argument2)
{
	order[ordered++] = (unsigned)(uintptr_t)context;
}

static void test_dpcs_for_another_cpu_keep_their_order(void **state)
{
	struct sim_cpu *far_cpu;
	struct sim_dpc dpc[3];
	uint8_t irql;

	rig_start();
	ordered = 0;
	far_cpu = &rig.machine.cpu[1];
	for (uintptr_t d = 0; d < 3; d++) {
		sim_dpc_init(&dpc[d], note_order, (void *)d);
		assert_true(sim_dpc_queue_on(far_cpu, &dpc[d], NULL, NULL));
		assert_false(sim_dpc_queue_on(far_cpu, &dpc[d], NULL, NULL));
	}
	sim_cpu_look(rig.cpu);
	assert_int_equal(ordered, 0);
	sim_cpu_enter(&rig.machine, 1);
	/* A look that may not run them leaves them due. */
	irql = sim_raise(far_cpu, IRQL_DISPATCH);
	sim_cpu_look(far_cpu);
	assert_int_equal(ordered, 0);
	sim_lower(far_cpu, irql);
	sim_cpu_enter(&rig.machine, 0);
	assert_int_equal(ordered, 3);
	for (unsigned d = 0; d < 3; d++)
		assert_int_equal(order[d], d);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_a_query_says_what_there_is),
		WITH(test_with_messages_and_channels_there_is_more),
		WITH(test_an_older_structure_has_less),
		WITH(test_what_is_wrong_is_refused),
		WITH(test_only_the_initialization_may_ask),
		WITH(test_so_may_the_passive_one),
		WITH(test_a_cpu_has_its_message),
		WITH(test_a_range_that_is_none_is_refused),
		WITH(test_completions_go_home),
		WITH(test_or_stay_where_they_were_reported),
		cmocka_unit_test(test_none_is_lost_on_its_way_home),
		WITH(test_two_channels_start_two_at_once),
		WITH(test_one_channel_starts_one),
		WITH(test_a_start_holds_the_token_of_its_channel),
		cmocka_unit_test(test_a_dpc_for_another_cpu_by_poll),
		cmocka_unit_test(test_a_dpc_for_another_cpu_by_signal),
		cmocka_unit_test(test_a_dpc_for_another_cpu_by_thread),
		WITH(test_dpcs_for_another_cpu_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
