/* SPDX-License-Identifier: MIT */
/* An adapter with messages: one lock for all of them, or one a message, under every back end. */
#include "tests/unit/test_miniport.h"

#include <pthread.h>
#include <sched.h>

#define MESSAGES 3
#define SECTION_TICKS 20000

/* A message's source: an event at a time towards any CPU. */
static struct entry {
	_Atomic(uint64_t) due[FAKE_CPUS];
} entry[MESSAGES];

static struct irq_line line[MESSAGES];

static struct {
	unsigned calls[MESSAGES];
	KIRQL irql;
	unsigned sections;
	_Atomic(unsigned) inside;
	_Atomic(unsigned) most_inside;
} seen;

static bool advance(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct entry *e = source;
	uint64_t due = atomic_load(&e->due[cpu->index]);

	irq_pin_reschedule(&line[e - entry], cpu, due);
	*asserted = due;
	return due <= now;
}

static void acknowledge(void *source, struct sim_cpu *cpu)
{
	struct entry *e = source;

	atomic_store(&e->due[cpu->index], SIM_NEVER);
	irq_pin_reschedule(&line[e - entry], cpu, SIM_NEVER);
}

static void raise_message(unsigned message, struct sim_cpu *cpu)
{
	uint64_t now = stamp_now();

	atomic_store(&entry[message].due[cpu->index], now);
	irq_pin_schedule(&line[message], cpu, now);
}

static BOOLEAN on_message(PVOID extension, ULONG id)
{
	assert_ptr_equal(extension, mini.extension);
	assert_in_range(id, 0, MESSAGES - 1);
	seen.calls[id]++;
	seen.irql = KeGetCurrentIrql();
	return TRUE;
}

static int set_up_mode(INTERRUPT_SYNCHRONIZATION_MODE mode)
{
	void *none = NULL;

	memset(&seen, 0, sizeof(seen));
	rig_set_up(&none);
	mini.message = on_message;
	mini.synchronization = mode;
	for (unsigned i = 0; i < MESSAGES; i++) {
		line[i] = (struct irq_line){ .name = "message", .dirql = MINI_DIRQL, .advance = advance, .acknowledge = acknowledge,
					     .source = &entry[i] };
		for (unsigned c = 0; c < FAKE_CPUS; c++)
			atomic_init(&entry[i].due[c], SIM_NEVER);
		assert_int_equal(irq_line_connect(&rig.machine, &line[i]), 0);
	}
	rig.source.pci.message = line;
	rig.source.pci.messages = MESSAGES;
	rig.config.messages = MESSAGES;
	return 0;
}

static int set_up_all(void **state)
{
	return set_up_mode(InterruptSynchronizeAll);
}

static int set_up_each(void **state)
{
	return set_up_mode(InterruptSynchronizePerMessage);
}

/* --- Which vectors there are --- */

static void test_each_message_comes_with_its_number(void **state)
{
	rig_start();
	for (unsigned i = 0; i < MESSAGES; i++)
		raise_message(i, rig.cpu);
	raise_message(2, rig.cpu);
	sim_cpu_look(rig.cpu);
	for (unsigned i = 0; i < MESSAGES; i++)
		assert_int_equal(seen.calls[i], 1);
	assert_int_equal(seen.irql, MINI_DIRQL);
	assert_int_equal(mini.interrupts, 0);
	assert_true(rig.source.pci.uses_messages);
}

static void test_the_mode_is_what_the_miniport_asked_for(void **state)
{
	rig_start();
	assert_string_equal(adapter_interrupt_mode(&rig.adapter),
			    mini.synchronization == InterruptSynchronizeAll ? "msi-all" : "msi-each");
	assert_int_equal(rig.adapter.locks, mini.synchronization == InterruptSynchronizeAll ? 1 : MESSAGES);
	assert_int_equal(rig.adapter.vectors, MESSAGES);
}

static void test_messages_that_nobody_grants_are_not_used(void **state)
{
	rig.config.messages = 0;
	rig_start();
	rig_interrupt();
	assert_int_equal(mini.interrupts, 1);
	assert_string_equal(adapter_interrupt_mode(&rig.adapter), "intx");
	assert_false(rig.source.pci.uses_messages);
}

static void test_fewer_messages_than_the_device_has(void **state)
{
	MESSAGE_INTERRUPT_INFORMATION information;

	rig.config.messages = 2;
	rig_start();
	assert_int_equal(rig.adapter.vectors, 2);
	assert_int_equal(StorPortGetMSIInfo(mini.extension, 1, &information), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortGetMSIInfo(mini.extension, 2, &information), STOR_STATUS_INVALID_PARAMETER);
}

static void test_a_miniport_without_messages_is_refused_them(void **state)
{
	if (mini.synchronization == InterruptSynchronizeAll)
		mini.message = NULL;
	else
		mini.synchronization = InterruptSupportNone;
	assert_int_equal(rig_try_start(), -ENOTSUP);
	assert_non_null(strstr(rig.error, "asks for no messages"));
}

static void test_what_a_message_is(void **state)
{
	MESSAGE_INTERRUPT_INFORMATION information;

	rig_start();
	for (ULONG i = 0; i < MESSAGES; i++) {
		memset(&information, 0xee, sizeof(information));
		assert_int_equal(StorPortGetMSIInfo(mini.extension, i, &information), STOR_STATUS_SUCCESS);
		assert_int_equal(information.MessageId, i);
		assert_int_equal(information.InterruptLevel, MINI_DIRQL);
		assert_int_equal(information.InterruptMode, Latched);
		assert_true(information.MessageAddress.QuadPart != 0);
	}
	assert_int_equal(StorPortGetMSIInfo(mini.extension, MESSAGES, &information), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetMSIInfo(mini.extension, 0, NULL), STOR_STATUS_INVALID_PARAMETER);
}

/* --- What excludes what, under every back end --- */

static unsigned locks_held(void)
{
	unsigned held = 0;

	for (unsigned i = 0; i < rig.adapter.locks; i++)
		held += rig.adapter.lock[i].witness.inside != 0;
	return held;
}

/* Interrupts of all messages come while the section runs. */
static BOOLEAN section(PVOID extension, PVOID context)
{
	unsigned before = seen.calls[0] + seen.calls[1] + seen.calls[2];

	assert_int_equal(locks_held(), rig.adapter.locks);
	for (unsigned i = 0; i < MESSAGES; i++)
		raise_message(i, sim_cpu_self());
	sim_work(sim_cpu_self(), SECTION_TICKS);
	assert_int_equal(seen.calls[0] + seen.calls[1] + seen.calls[2], before);
	seen.sections++;
	return TRUE;
}

static void hold_interrupt_lock(void)
{
	STOR_LOCK_HANDLE handle;

	StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &handle);
	section(mini.extension, NULL);
	StorPortReleaseSpinLock(mini.extension, &handle);
	assert_int_equal(locks_held(), 0);
}

static void check_sections(void)
{
	assert_true(StorPortSynchronizeAccess(mini.extension, section, NULL));
	sim_cpu_look(rig.cpu);
	hold_interrupt_lock();
	sim_cpu_look(rig.cpu);
	assert_int_equal(seen.sections, 2);
	for (unsigned i = 0; i < MESSAGES; i++)
		assert_int_equal(seen.calls[i], 2);
}

/* One message's lock keeps out that message, and no other. */
static void check_message_locks(void)
{
	for (ULONG i = 0; i < MESSAGES; i++) {
		ULONG other = (i + 1) % MESSAGES;
		ULONG irql = 99;

		memset(seen.calls, 0, sizeof(seen.calls));
		assert_int_equal(StorPortAcquireMSISpinLock(mini.extension, i, &irql), STOR_STATUS_SUCCESS);
		assert_int_equal(irql, PASSIVE_LEVEL);
		assert_true(KeGetCurrentIrql() >= DISPATCH_LEVEL);
		assert_int_equal(locks_held(), 1);
		assert_int_not_equal(rig.adapter.lock[i].witness.inside, 0);
		raise_message(i, rig.cpu);
		raise_message(other, rig.cpu);
		sim_work(rig.cpu, SECTION_TICKS);
		assert_int_equal(seen.calls[i], 0);
		/* The other one comes at once where a section leaves the level below theirs. */
		assert_int_equal(seen.calls[other], KeGetCurrentIrql() < MINI_DIRQL);
		assert_int_equal(StorPortReleaseMSISpinLock(mini.extension, i, irql), STOR_STATUS_SUCCESS);
		sim_cpu_look(rig.cpu);
		assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
		assert_int_equal(seen.calls[i], 1);
		assert_int_equal(seen.calls[other], 1);
	}
}

static unsigned on_every_backend(INTERRUPT_SYNCHRONIZATION_MODE mode, void (*check)(void))
{
	unsigned refused = 0;
	void *none = NULL;

	for (size_t i = 0; i < sync_backend_count; i++) {
		const struct sync_backend *backend = sync_backends[i];
		int err;

		if (sync_backend_is_broken(backend) || sync_backend_refusal(backend, 1, SYNC_POLL))
			continue;
		set_up_mode(mode);
		rig.config.backend = backend;
		err = rig_try_start();
		if (err) {
			assert_int_equal(err, -ENOTSUP);
			assert_non_null(strstr(rig.error, backend->name));
			refused++;
			sim_machine_fini(&rig.machine);
			continue;
		}
		rig.cpu = sim_cpu_enter(&rig.machine, 0);
		assert_int_equal(adapter_cpu_online(&rig.adapter, rig.cpu), 0);
		if (strcmp(backend->name, "none"))
			check();
		assert_int_equal(adapter_violations(&rig.adapter), 0);
		rig_tear_down(&none);
	}
	return refused;
}

static void test_a_section_keeps_out_every_message(void **state)
{
	/* With a lock a message every back end guards one vector. */
	assert_int_equal(on_every_backend(InterruptSynchronizePerMessage, check_sections), 0);
}

static void test_one_lock_keeps_out_every_message(void **state)
{
	/* biased, handover, irqmask, irqmask-lazy, rcu-* */
	assert_in_range(on_every_backend(InterruptSynchronizeAll, check_sections), 4, 10);
}

static void test_a_message_lock_keeps_out_its_message(void **state)
{
	assert_int_equal(on_every_backend(InterruptSynchronizePerMessage, check_message_locks), 0);
}

static void test_message_locks_are_for_the_mode_with_them(void **state)
{
	ULONG irql = 99;

	rig_start();
	assert_int_equal(StorPortAcquireMSISpinLock(mini.extension, 0, &irql), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortReleaseMSISpinLock(mini.extension, 0, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(irql, 99);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_a_lock_of_no_message_is_refused(void **state)
{
	ULONG irql = 99;

	rig_start();
	assert_int_equal(StorPortAcquireMSISpinLock(mini.extension, MESSAGES, &irql), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortAcquireMSISpinLock(mini.extension, 0, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortReleaseMSISpinLock(mini.extension, MESSAGES, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(locks_held(), 0);
}

/* --- Two CPUs --- */

static BOOLEAN meet(PVOID extension, ULONG id)
{
	unsigned now = atomic_fetch_add(&seen.inside, 1) + 1;

	if (now > atomic_load(&seen.most_inside))
		atomic_store(&seen.most_inside, now);
	/* Long enough for the other to come, where it can. */
	for (unsigned i = 0; i < 2000 && atomic_load(&seen.most_inside) < 2; i++)
		sched_yield();
	atomic_fetch_sub(&seen.inside, 1);
	return TRUE;
}

static void *serve_on_cpu_1(void *context)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);

	adapter_cpu_online(&rig.adapter, cpu);
	raise_message(1, cpu);
	sim_cpu_look(cpu);
	adapter_cpu_offline(&rig.adapter, cpu);
	sim_cpu_exit(cpu);
	return NULL;
}

static void serve_two_at_once(void)
{
	pthread_t thread;

	mini.message = meet;
	rig_start();
	assert_int_equal(pthread_create(&thread, NULL, serve_on_cpu_1, NULL), 0);
	raise_message(0, rig.cpu);
	sim_cpu_look(rig.cpu);
	pthread_join(thread, NULL);
	assert_int_equal(adapter_violations(&rig.adapter), 0);
}

static void test_routines_run_in_parallel(void **state)
{
	serve_two_at_once();
	assert_int_equal(seen.most_inside, 2);
}

static void test_routines_that_share_a_lock_do_not(void **state)
{
	serve_two_at_once();
	assert_int_equal(seen.most_inside, 1);
}

int main(void)
{
#define ALL(test) cmocka_unit_test_setup_teardown(test, set_up_all, rig_tear_down)
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up_each, rig_tear_down)
	const struct CMUnitTest tests[] = {
		ALL(test_each_message_comes_with_its_number),
		EACH(test_each_message_comes_with_its_number),
		ALL(test_the_mode_is_what_the_miniport_asked_for),
		EACH(test_the_mode_is_what_the_miniport_asked_for),
		ALL(test_messages_that_nobody_grants_are_not_used),
		EACH(test_fewer_messages_than_the_device_has),
		ALL(test_a_miniport_without_messages_is_refused_them),
		EACH(test_a_miniport_without_messages_is_refused_them),
		EACH(test_what_a_message_is),
		cmocka_unit_test(test_a_section_keeps_out_every_message),
		cmocka_unit_test(test_one_lock_keeps_out_every_message),
		cmocka_unit_test(test_a_message_lock_keeps_out_its_message),
		ALL(test_message_locks_are_for_the_mode_with_them),
		EACH(test_a_lock_of_no_message_is_refused),
		EACH(test_routines_run_in_parallel),
		ALL(test_routines_that_share_a_lock_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
